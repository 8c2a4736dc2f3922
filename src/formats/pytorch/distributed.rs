//! `torch.distributed.checkpoint`: a folder of `.metadata` and of the files that each rank wrote.
//!
//! | file | what |
//! | --- | --- |
//! | `.metadata` | a pickle: names, shapes and boxes of the tensors, and in which file and where each lies |
//! | `__0_0.distcp` | one after another, an archive of `torch.save` for each box of a tensor and for each other value |
//!
//! The archive of a box is opened when its elements are first read: there may be thousands.
//!
//! Source: `torch/distributed/checkpoint/{metadata,filesystem}.py`.

use super::super::referred::{self, Loader};
use super::super::room::Room;
use super::super::{Candidate, Format};
use super::archive::add_nested;
use super::boxed::Boxed;
use super::storage::named_dtype;
use super::views::{sizes, unreadable};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Key, Layout, Note, Number, Piece, Role, Tensor, element_count};
use crate::source::{File, FileId, Files, Memory, ReadAt, Window, read_vec};
use crate::wire::pickle::{Id, Node, Pickle, keys, modules, run};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "pytorch-dcp",
    label: "PyTorch distributed checkpoint",
    extensions: &["metadata"],
    reads: "a folder with .metadata and .distcp files: tensors put together from the parts that the ranks wrote",
    probe: |file| {
        let mark = b"torch.distributed.checkpoint";
        file.file.base_name() == ".metadata" && file.head().windows(mark.len()).any(|window| window == mark)
    },
    open,
};

/// Where one box or value lies.
struct Stored {
    file: String,
    at: u64,
    len: u64,
}

/// The most values beside the tensors that are read: each is an archive of its own.
const VALUES: usize = 1000;

fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    checkpoint.files.add(&given.name, given.source.clone());
    let size = given.source.size();
    if size > limits::METADATA_RECORD {
        return Err(Error::too_large(format!(
            "The metadata has {size} bytes, at most {} are read.",
            limits::METADATA_RECORD
        )));
    }
    let pickle = run(read_vec(&*given.source, 0, size)?);
    referred::add(&mut checkpoint, &pickle, &*given.source, 0, ".metadata", Loader::Other);
    let Some(top) = referred::root(&mut checkpoint, &pickle, ".metadata")? else { return Ok(checkpoint) };
    referred::add_rest(&mut checkpoint, &pickle, ".metadata");
    let folder = given.folder();
    let part = |name| attribute(&pickle, top, name).and_then(|part| modules::flat(&pickle, part));
    let (Some(tensors), Some(storage)) = (part("state_dict_metadata"), part("storage_data")) else {
        return Err(Error::malformed("The metadata does not say which tensors there are and where they lie."));
    };
    let version = attribute(&pickle, top, "version").and_then(|version| pickle.short(version));
    checkpoint.producer = Some(version.map_or("torch.distributed.checkpoint".to_owned(), |version| {
        format!("torch.distributed.checkpoint {version}")
    }));
    let mut room = Room::new(pickle.stream.len(), 0);
    let mut reader = Reader {
        pickle: &pickle,
        files,
        folder,
        stored: stored(&pickle, storage, &mut room),
        paths: paths(&pickle, part("planner_data").unwrap_or_default(), &mut room),
        opened: HashMap::new(),
        values: 0,
        room,
        left_out: 0,
    };
    let optimizers = reader.optimizers();
    for [name, about] in tensors.as_chunks::<2>().0 {
        match pickle.short(*name) {
            Some(name) => reader.add(&mut checkpoint, &name, *about),
            None => reader.left_out += 1,
        }
    }
    for tensor in &mut checkpoint.tensors {
        let state = Key::Text("state".into());
        let inside = tensor.path.iter().position(|key| *key == state).map(|at| tensor.path[..at].to_vec());
        if inside.is_some_and(|before| optimizers.contains(&before)) {
            tensor.role = Some(Role::Optimizer);
        }
    }
    let message =
        "Each part of a tensor is an archive with a pickle of its own, which is followed when the part is read.";
    checkpoint.note(Note::info(message));
    if reader.left_out > 0 {
        let message =
            format!("{} more tensors and values are not listed: they share more parts than fit.", reader.left_out);
        checkpoint.note(Note::warning(message));
    }
    if reader.values > VALUES {
        let message = format!("{} more values beside the tensors are not listed.", reader.values - VALUES);
        checkpoint.note(Note::info(message));
    }
    Ok(checkpoint)
}

/// The most attributes of an object that are looked at: one object may stand in many places.
const ATTRIBUTES: usize = 32;

/// An attribute of an object.
fn attribute(pickle: &Pickle, id: Id, name: &str) -> Option<Id> {
    let state = modules::flat(pickle, pickle.object(id)?.state?)?;
    let pairs = state.as_chunks::<2>().0;
    pairs.iter().take(ATTRIBUTES).find(|[key, _]| pickle.is_text(*key, name)).map(|[_, value]| *value)
}

/// By the name of a tensor and the place of a box in it; other values have no place.
type ByBox = HashMap<(String, Option<Vec<u64>>), Stored>;

/// What one entry of [`ByBox`] takes beside its texts.
const EACH: usize = size_of::<((String, Option<Vec<u64>>), Stored)>();

fn stored(pickle: &Pickle, flat: &[Id], room: &mut Room) -> ByBox {
    let mut found = HashMap::new();
    for [index, info] in flat.as_chunks::<2>().0 {
        let text = |of, name| attribute(pickle, of, name).and_then(|text| pickle.short(text));
        let (name, file) = (text(*index, "fqn"), text(*info, "relative_path"));
        let offset = attribute(pickle, *index, "offset").and_then(|offset| sizes(pickle, offset).ok());
        let texts = [&name, &file].into_iter().flatten().map(String::len).sum::<usize>();
        if !room.take(EACH + texts + offset.as_ref().map_or(0, |offset| size_of_val(offset.as_slice()))) {
            break;
        }
        let whole = |name| attribute(pickle, *info, name).and_then(|number| u64::try_from(pickle.int(number)?).ok());
        if let (Some(name), Some(file), Some(at), Some(len)) = (name, file, whole("offset"), whole("length")) {
            found.insert((name, offset), Stored { file, at, len });
        }
    }
    found
}

/// The keys that lead to each value in the state dict that was saved.
fn paths(pickle: &Pickle, flat: &[Id], room: &mut Room) -> HashMap<String, Vec<Key>> {
    let mut found = HashMap::new();
    for [name, path] in flat.as_chunks::<2>().0 {
        let keys = pickle.sequence(*path).filter(|keys| keys.len() <= limits::PICKLE_DEPTH);
        let (Some(keys), Some(name)) = (keys, pickle.short(*name)) else { continue };
        let weight: usize = keys.iter().map(|key| keys::weight(pickle, *key) + size_of::<Key>()).sum();
        if !room.take(weight + name.len()) {
            break;
        }
        found.insert(name, keys.iter().map(|key| keys::key(pickle, *key)).collect());
    }
    found
}

/// Why there is no box.
enum NoPiece {
    /// The file that has it was not given.
    File(String),
    /// What the metadata says makes none.
    Because(String),
}

/// Whether a box of this shape lies inside the whole.
fn is_inside(at: &[u64], shape: &[u64], whole: &[u64]) -> bool {
    at.len() == whole.len()
        && shape.len() == whole.len()
        && at
            .iter()
            .zip(shape)
            .zip(whole)
            .all(|((at, part), size)| at.checked_add(*part).is_some_and(|end| end <= *size))
}

struct Reader<'a> {
    pickle: &'a Pickle,
    files: &'a Files,
    folder: &'a str,
    stored: ByBox,
    paths: HashMap<String, Vec<Key>>,
    /// Files by their names, `None` for those that were not given.
    opened: HashMap<String, Option<FileId>>,
    values: usize,
    /// The memory that is left for what the metadata tells: its parts may be shared by many tensors.
    room: Room,
    /// Tensors for which there was none.
    left_out: u64,
}

impl Reader<'_> {
    /// The keys to the state dicts of optimizers: what holds `param_groups`.
    fn optimizers(&self) -> HashSet<Vec<Key>> {
        let groups = Key::Text("param_groups".into());
        let before = |path: &Vec<Key>| path.iter().position(|key| *key == groups).map(|at| path[..at].to_vec());
        self.paths.values().filter_map(before).collect()
    }

    fn add(&mut self, checkpoint: &mut Checkpoint, name: &str, about: Id) {
        let boxes = attribute(self.pickle, about, "chunks").and_then(|chunks| self.pickle.sequence(chunks));
        let each = size_of::<Piece>() + size_of::<Boxed>() + size_of::<File>() + 2 * name.len() + 64;
        let taken = boxes.unwrap_or_default().len().saturating_mul(each);
        let path = self.paths.get(name).cloned().unwrap_or_else(|| vec![Key::Text(name.into())]);
        if !(self.room.take_tensor(&path, path.len()) && self.room.take(taken)) {
            self.left_out += 1;
            return;
        }
        let Some(chunks) = attribute(self.pickle, about, "chunks") else {
            self.value(checkpoint, name, &path);
            return;
        };
        let properties = attribute(self.pickle, about, "properties");
        let (dtype, requires_grad) = properties.map_or((None, None), |properties| self.properties(properties));
        let shape =
            attribute(self.pickle, about, "size").map_or(Err("is missing".to_owned()), |size| sizes(self.pickle, size));
        let mut tensor = match (shape, dtype) {
            (Ok(shape), Some(dtype)) => {
                let layout = self.layout(checkpoint, name, (dtype, &shape), chunks);
                Tensor::new(name, Dtype::Number(dtype), shape, layout)
            }
            (shape, _) => {
                let why = match &shape {
                    Err(what) => format!("Its shape {what}."),
                    Ok(_) => "Its type is not known here.".to_owned(),
                };
                checkpoint.note(Note::warning(&why).about(name));
                Tensor::new(name, Dtype::untold(), shape.unwrap_or_else(|_| vec![0]), Layout::Unreadable { why })
            }
        };
        tensor.path = path;
        tensor.requires_grad = requires_grad.filter(|flag| *flag);
        checkpoint.tensors.push(tensor);
    }

    /// The type of a tensor and whether it requires gradients: a tuple, or attributes.
    fn properties(&self, id: Id) -> (Option<Number>, Option<bool>) {
        let state = self.pickle.object(id).and_then(|object| object.state);
        let (dtype, flag) = match state.and_then(|state| self.pickle.sequence(state)) {
            Some([dtype, _, flag, ..]) => (Some(*dtype), Some(*flag)),
            _ => (attribute(self.pickle, id, "dtype"), attribute(self.pickle, id, "requires_grad")),
        };
        let flag = flag.map(|flag| self.pickle.node(flag) == Node::Bool(true));
        (dtype.and_then(|dtype| named_dtype(self.pickle, dtype)), flag)
    }

    /// The boxes that make up a tensor.
    fn layout(&mut self, checkpoint: &mut Checkpoint, name: &str, whole: (Number, &[u64]), chunks: Id) -> Layout {
        let mut pieces = Vec::new();
        for chunk in self.pickle.sequence(chunks).unwrap_or_default() {
            match self.piece(checkpoint, name, whole, *chunk) {
                Ok(piece) => pieces.push(piece),
                Err(NoPiece::File(file)) => return Layout::Absent { file },
                Err(NoPiece::Because(why)) => return unreadable(checkpoint, name, why),
            }
        }
        match pieces.as_slice() {
            [only] if only.shape == whole.1 => Layout::Dense(only.range),
            _ => Layout::Pieces(pieces.into()),
        }
    }

    fn piece(
        &mut self,
        checkpoint: &mut Checkpoint,
        name: &str,
        (dtype, whole): (Number, &[u64]),
        chunk: Id,
    ) -> Result<Piece, NoPiece> {
        let because = |why: String| NoPiece::Because(why);
        let part = |what| attribute(self.pickle, chunk, what).and_then(|list| sizes(self.pickle, list).ok());
        let (Some(at), Some(shape)) = (part("offsets"), part("sizes")) else {
            return Err(because("the place of a part is not told.".to_owned()));
        };
        let bits = element_count(&shape).and_then(|count| count.checked_mul(dtype.bits()));
        let len = bits.ok_or_else(|| because("a part is larger than any file.".to_owned()))?.div_ceil(8);
        if !is_inside(&at, &shape, whole) {
            return Err(because(format!("a part of shape {shape:?} at {at:?} is not inside {whole:?}.")));
        }
        let Some(Stored { file, at: start, len: stored }) = self.stored.get(&(name.to_owned(), Some(at.clone())))
        else {
            return Err(because(format!("the metadata does not say where its part at {at:?} lies.")));
        };
        let (file, start, stored) = (file.clone(), *start, *stored);
        let Some(outer) = self.file(checkpoint, &file) else { return Err(NoPiece::File(file)) };
        let archive = Window::new(checkpoint.files.get(outer).source.clone(), start, stored)
            .map_err(|_| because(format!("its part at {at:?} is said to lie past the end of {:?}.", quoted(&file))))?;
        let boxed = Boxed::new(archive, name, dtype, shape.clone(), len);
        let id = checkpoint.files.add_part(outer, &file, Rc::new(boxed));
        Ok(Piece { at, shape, range: ByteRange { file: id, offset: 0, len } })
    }

    /// The file of this name beside the metadata, added when first asked for.
    fn file(&mut self, checkpoint: &mut Checkpoint, name: &str) -> Option<FileId> {
        if let Some(known) = self.opened.get(name) {
            return *known;
        }
        let plain = !name.is_empty() && !name.contains(['\\', ':', '\0']) && !name.split('/').any(|part| part == "..");
        let found = self.files.find(self.folder, name).filter(|_| plain);
        let id = found.map(|file| checkpoint.files.add(&file.name, file.source.clone()));
        if id.is_none() {
            let message = format!("The file {:?} was not given; drop the whole folder.", quoted(name));
            checkpoint.note(Note::warning(message).about(name));
        }
        self.opened.insert(name.to_owned(), id);
        id
    }

    /// A value beside the tensors: an archive of `torch.save` of its own.
    fn value(&mut self, checkpoint: &mut Checkpoint, name: &str, path: &[Key]) {
        self.values += 1;
        if self.values > VALUES {
            return;
        }
        let Some(Stored { file, at, len }) = self.stored.get(&(name.to_owned(), None)) else { return };
        let (file, at, len) = (file.clone(), *at, *len);
        let Some(id) = self.file(checkpoint, &file) else { return };
        let source = checkpoint.files.get(id).source.clone();
        let added = if len > limits::METADATA_RECORD {
            Err(Error::too_large(format!("The value has {len} bytes; it is not read.")))
        } else {
            read_vec(&*source, at, len).and_then(|bytes| {
                let part = checkpoint.files.add_part(id, name, Rc::new(Memory::new(bytes)));
                add_nested(checkpoint, part, path)
            })
        };
        if let Err(error) = added {
            checkpoint.note(Note::from(&error.in_file(name)));
        }
    }
}
