//! Checkpoints of version 1: a table that begins with what is told of all tensors and goes on with their slices, elements and all.
//!
//! A slice is a message: the name, the box, and a `TensorProto` with the elements in a field of their type. Where these are packed
//! numbers of a fixed width they lie in the file as they are; whole numbers are varints and are written out when they are read.

use super::dtypes::{self, Element, Type};
use super::intact;
use super::messages::{AS_IN_MEMORY, field, list_of, read_shape, read_versions};
use super::roles;
use super::slices::{Slice, is_part, key_of};
use crate::error::{Error, Result, quoted};
use crate::formats::Candidate;
use crate::formats::shards::shard_not_given;
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Layout, Note, Piece, Tensor, Texts, element_count};
use crate::source::{File, FileId, Files, Pages, ReadAt, base_name};
use crate::wire::protobuf::{Content, Message, Varints};
use crate::wire::sstable::{Place, Table};
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What the files of one checkpoint tell of a tensor.
struct Told {
    dtype: u64,
    /// Or what is wrong with it.
    shape: Result<Vec<u64>, String>,
    slices: Vec<Slice>,
}

/// Opens one file, or the numbered files of a set: `name-00000-of-00002`.
pub(super) fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    open_file(files, lead.file)
}

/// The same, of a file that something else names.
pub(super) fn open_file(files: &Files, file: &File) -> Result<Checkpoint> {
    let mut model = Checkpoint::new(Files::new(), super::V1.id);
    let mut told = BTreeMap::new();
    let mut parts = HashMap::new();
    for file in set(&mut model, files, file) {
        let id = model.files.add(&file.name, file.source.clone());
        add(&mut model, id, &file, &mut told, &mut parts).map_err(|error| error.in_file(&file.name))?;
    }
    for (name, told) in told {
        let tensor = tensor(&mut model, name, told, &mut parts);
        model.tensors.push(tensor);
    }
    for position in 0..model.tensors.len() {
        let role = roles::by_name(&model.tensors, &model.tensors[position].name);
        model.tensors[position].role = role;
    }
    Ok(model)
}

/// The files of the set that `lead` is one of, in their order; those that were not given are told.
fn set(model: &mut Checkpoint, files: &Files, lead: &File) -> Vec<File> {
    let name = |stem: &str, number: usize, of: usize| format!("{stem}-{number:05}-of-{of:05}");
    let numbered = || {
        let (rest, of) = lead.name.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let (number, of): (usize, usize) = (number.parse().ok()?, of.parse().ok()?);
        (of <= limits::SHARDS && name(stem, number, of) == lead.name).then_some((stem, of))
    };
    let Some((stem, of)) = numbered() else { return vec![lead.clone()] };
    let by_name: HashMap<&str, &File> = files.iter().map(|(_, file)| (file.name.as_str(), file)).collect();
    let mut found = Vec::new();
    for number in 0..of {
        let path = name(stem, number, of);
        match by_name.get(path.as_str()) {
            Some(file) => found.push((*file).clone()),
            None => {
                let shown = base_name(&path);
                model.note(shard_not_given(shown, "What it holds is not known without it."));
            }
        }
    }
    found
}

/// Adds what one file tells.
fn add(
    model: &mut Checkpoint,
    id: FileId,
    file: &File,
    told: &mut BTreeMap<String, Told>,
    parts: &mut HashMap<Vec<u8>, (FileId, Place)>,
) -> Result<()> {
    // What is read stands between elements, far apart.
    let pages = Pages::of(&*file.source, 4096);
    let mut begun = false;
    let packed = Table::open(&pages)?.each_place(intact::WASTE, |key, place| {
        if !begun {
            begun = key.is_empty();
            if !begun {
                return Err(Error::malformed("The table does not begin with what is told of its tensors."));
            }
            return meta(model, Message::part(&pages, place.at, place.len)?, told);
        }
        if is_part(key) {
            parts.insert(key.to_vec(), (id, place));
        }
        Ok(())
    })?;
    if packed > 0 {
        model.note(
            Note::warning(format!("{packed} blocks of the file are packed with snappy, which is not read here."))
                .about(&file.name),
        );
    }
    if begun { Ok(()) } else { Err(Error::malformed("The table has no entries that are read here.")) }
}

/// Reads `SavedTensorSlices.meta`: tensors with their slices in this file, and versions.
fn meta(model: &mut Checkpoint, slices: Message<'_>, told: &mut BTreeMap<String, Told>) -> Result<()> {
    let Some(meta) = slices.last(1)? else { return Ok(()) };
    for field in meta.message()? {
        let field = field?;
        match field.number {
            1 => {
                let (name, tensor) = read_meta(field.message()?)?;
                match told.entry(name) {
                    Slot::Vacant(slot) => drop(slot.insert(tensor)),
                    Slot::Occupied(mut slot) => slot.get_mut().slices.extend(tensor.slices),
                }
            }
            2 => {
                let (producer, _) = read_versions(field.message()?)?;
                model.producer.get_or_insert_with(|| format!("TensorFlow, checkpoint format 1, producer {producer}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads a `SavedSliceMeta`.
fn read_meta(message: Message<'_>) -> Result<(String, Told)> {
    let mut name = String::new();
    let mut told = Told { dtype: 0, shape: Ok(Vec::new()), slices: Vec::new() };
    for field in message {
        let field = field?;
        match field.number {
            1 => name = field.text(limits::TABLE_KEYS)?,
            2 => told.shape = read_shape(field.message()?)?,
            3 => told.dtype = field.unsigned()?,
            4 => told.slices.push(Slice::read(field.message()?)?),
            _ => {}
        }
    }
    Ok((name, told))
}

fn tensor(model: &mut Checkpoint, name: String, told: Told, parts: &mut HashMap<Vec<u8>, (FileId, Place)>) -> Tensor {
    let layout = layout(model, &name, &told, parts).unwrap_or_else(|error| {
        let why = error.message;
        model.note(Note::warning(format!("The tensor {:?} cannot be read: {why}", quoted(&name))).about(&name));
        Layout::Unreadable { why }
    });
    Tensor::new(name, dtypes::dtype(told.dtype, true), told.shape.unwrap_or_else(|_| vec![0]), layout)
}

fn layout(
    model: &mut Checkpoint,
    name: &str,
    told: &Told,
    parts: &mut HashMap<Vec<u8>, (FileId, Place)>,
) -> Result<Layout> {
    let whole = told.shape.clone().map_err(Error::malformed)?;
    let mut key = key_of(name.as_bytes());
    let begin = key.len();
    let mut pieces = Vec::new();
    for slice in &told.slices {
        key.truncate(begin);
        slice.add_to_key(&mut key);
        let (file, place) = parts
            .remove(&key)
            .ok_or_else(|| Error::missing("Not all of its slices are in the files that were given."))?;
        let (at, shape) =
            slice.place(&whole).ok_or_else(|| Error::malformed("One of its slices does not fit its shape."))?;
        match elements(model, name, file, place, told.dtype, &shape)? {
            Layout::Dense(range) => pieces.push(Piece { at, shape, range }),
            other if shape == whole => return Ok(other),
            _ => return Err(Error::unsupported("Slices of this type are not put together here.")),
        }
    }
    Ok(match pieces.as_slice() {
        [only] if only.shape == whole => Layout::Dense(only.range),
        _ => Layout::Pieces(pieces.into()),
    })
}

/// Where the elements of a slice are.
fn elements(
    model: &mut Checkpoint,
    name: &str,
    file: FileId,
    place: Place,
    dtype: u64,
    shape: &[u64],
) -> Result<Layout> {
    let known = dtypes::by_number(dtype)
        .ok_or_else(|| Error::unsupported(format!("{dtype} is no element type that is known here.")))?;
    let stored = stored(known)
        .ok_or_else(|| Error::unsupported(format!("Elements of type {} are not read here.", known.name)))?;
    let count =
        element_count(shape).ok_or_else(|| Error::malformed("Its shape has more elements than can be counted."))?;
    let source = model.files.get(file).source.clone();
    let pages = Pages::of(&*source, 4096);
    // The slice, its elements, the field that has them.
    let missing = || Error::malformed("Its elements are not where the file says they are.");
    let slice = Message::part(&pages, place.at, place.len)?.last(2)?.ok_or_else(missing)?;
    let proto = slice.message()?.last(3)?;
    let Some(proto) = proto else { return Err(missing()) };
    let mut texts = Vec::new();
    let mut run = None;
    for field in proto.message()? {
        let field = field?;
        match (field.content, stored) {
            (Content::Bytes { offset, len }, Stored::Texts) if field.number == field::STRING => {
                texts.push(ByteRange { file, offset, len });
            }
            (Content::Bytes { offset, len }, Stored::AsItIs(number) | Stored::Varints(number))
                if field.number == number =>
            {
                run = Some((offset, len));
            }
            _ => {}
        }
    }
    if stored == Stored::Texts {
        return Ok(Layout::Texts(Rc::new(Texts::Each(texts))));
    }
    let (offset, len) = match run {
        Some(run) => run,
        None if count == 0 => (place.at, 0),
        None => return Err(missing()),
    };
    let width = known.bytes().and_then(|width| u8::try_from(width).ok()).unwrap_or(0);
    let wanted = count.checked_mul(width.into());
    match stored {
        // A truth value takes one byte however it is written.
        Stored::Varints(_) if width == 1 && wanted == Some(len) => Ok(Layout::Dense(ByteRange { file, offset, len })),
        Stored::Varints(_) => {
            let numbers = Varints::new(source.clone(), (offset, len), count, width, limits::METADATA_RECORD)?;
            let len = numbers.size();
            let part = model.files.add_part(file, name, Rc::new(numbers));
            Ok(Layout::Dense(ByteRange { file: part, offset: 0, len }))
        }
        _ if wanted == Some(len) => Ok(Layout::Dense(ByteRange { file, offset, len })),
        _ => Err(Error::malformed(format!(
            "Its shape {shape:?} of {} does not take the {len} bytes that it has.",
            known.name
        ))),
    }
}

/// How elements of a type stand in a `TensorProto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// In the field of this number, as they are.
    AsItIs(u32),
    /// There, as varints.
    Varints(u32),
    /// Each in a field of its own.
    Texts,
}

fn stored(kind: Type) -> Option<Stored> {
    let list = list_of(kind);
    match kind.element {
        Element::Strings => Some(Stored::Texts),
        Element::Number(_) if AS_IN_MEMORY.contains(&list) => Some(Stored::AsItIs(list)),
        Element::Number(_) => Some(Stored::Varints(list)),
        _ => None,
    }
}
