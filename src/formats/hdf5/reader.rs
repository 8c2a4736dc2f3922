//! Datasets as tensors.

use super::dtype::{Described, Place, describe};
use super::open::Hdf5;
use super::virtuals;
use crate::error::{Result, quoted};
use crate::formats::others::Others;
use crate::limits;
use crate::model::{
    ByteRange, Checkpoint, ChunkIndex, ChunkIndexKind, Dtype, Encoded, Key, Layout, Note, Tensor, Tiled, element_count,
};
use crate::source::{FileId, Files, Joined, ReadAt, base_name};
use crate::wire::hdf5::{Dataset, External, Object, Storage, filter_name, is_known};
use std::collections::HashMap;
use std::rc::Rc;

/// Makes tensors of the datasets of HDF5 files.
#[derive(Debug)]
pub struct Reader<'a> {
    /// What the tensors are for.
    pub checkpoint: &'a mut Checkpoint,
    pub(super) others: Others<'a>,
    /// The names of groups, which many tensors share.
    names: HashMap<String, Rc<str>>,
    /// Other files that virtual datasets are in, with the place that addresses count in.
    pub(super) opened: HashMap<FileId, (Rc<Hdf5>, FileId)>,
    /// The datasets that virtual ones are put together from, by file and path.
    pub(super) sources: HashMap<(FileId, Rc<str>), virtuals::Source>,
    /// How many more boxes virtual datasets may have.
    pub(super) boxes: usize,
}

/// Where a dataset is.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub hdf5: &'a Hdf5,
    /// The file, or the view into one, that addresses count in.
    pub view: FileId,
    pub object: &'a Object,
}

/// The elements of a dataset, as far as their type tells.
pub(super) struct Elements {
    pub described: Described,
    /// Bytes of one of the dataset's own elements, of which one may be an array.
    size: u64,
    /// Bytes of all.
    bytes: u64,
    /// The shape with that of an element behind it.
    pub shape: Vec<u64>,
    /// The bytes of one element that was never written.
    pub fill: Option<Vec<u8>>,
}

impl<'a> Reader<'a> {
    /// Tensors for a checkpoint; `given` are the files that datasets may refer to.
    pub fn new(given: &'a Files, checkpoint: &'a mut Checkpoint) -> Self {
        Reader {
            checkpoint,
            others: Others::new(given),
            names: HashMap::new(),
            opened: HashMap::new(),
            sources: HashMap::new(),
            boxes: limits::HDF5_BOXES,
        }
    }

    /// The file, or the view into it, that addresses of an HDF5 file count in.
    pub fn view(&mut self, file: FileId, hdf5: &Hdf5) -> FileId {
        match hdf5.file.superblock.base {
            0 => file,
            base => {
                let name = format!("HDF5 from byte {base} on");
                self.checkpoint.files.add_part(file, name, hdf5.file.view().clone())
            }
        }
    }

    /// The dataset as a tensor of the checkpoint's file `view`. What keeps its elements from being read is a note.
    ///
    /// # Errors
    ///
    /// `Malformed` if its header is damaged.
    pub fn tensor(&mut self, hdf5: &Hdf5, view: FileId, object: &Object) -> Result<Tensor> {
        let at = At { hdf5, view, object };
        let dataset = object.dataset(&hdf5.file)?;
        let (mut tensor, why) = self.make(at, &dataset, true)?;
        // h5py calls what has no shape by its whole path.
        tensor.name = if dataset.space.null { format!("/{}", object.path) } else { object.path.to_string() };
        tensor.path = self.path(&object.path);
        if let Some(why) = why {
            let name = quoted(&object.path);
            self.checkpoint
                .note(Note::warning(format!("The values of {name:?} cannot be shown: {why}")).about(&*object.path));
        }
        Ok(tensor)
    }

    /// A tensor without its name, and why its elements cannot be read if that is worth a note.
    pub(super) fn make(&mut self, at: At<'_>, dataset: &Dataset, mosaics: bool) -> Result<(Tensor, Option<String>)> {
        let space = &dataset.space;
        let shape = if space.null { vec![0] } else { space.shape.clone() };
        let kind = match &dataset.kind {
            Ok(kind) => kind,
            Err(error) => {
                let why = error.message.clone();
                let layout = Layout::Unreadable { why: why.clone() };
                return Ok((Tensor::new("", Dtype::untold(), shape, layout), Some(why)));
            }
        };
        let described = describe(kind, Place { file: at.view, sizes: at.hdf5.file.sizes() });
        let mut shape = shape;
        shape.extend(&described.shape);
        let fill = dataset.fill.clone().filter(|fill| fill.len() as u64 == kind.size);
        let bytes = space.elements().saturating_mul(kind.size);
        let elements = Elements { described, size: kind.size, bytes, shape, fill };
        let (layout, why) = match (&elements.described.why, element_count(&elements.shape)) {
            (Some(why), _) => {
                let note = (elements.described.dtype != Dtype::Object).then(|| why.clone());
                (Layout::Unreadable { why: why.clone() }, note)
            }
            (None, None) => {
                let why = "Its shape has more elements than can be counted.".to_owned();
                (Layout::Unreadable { why: why.clone() }, Some(why))
            }
            (None, Some(0)) => (Layout::Dense(ByteRange { file: at.view, offset: 0, len: 0 }), None),
            (None, Some(_)) => match self.layout(at, dataset, &elements, mosaics)? {
                Ok(layout) => (layout, None),
                Err(why) => (Layout::Unreadable { why: why.clone() }, Some(why)),
            },
        };
        Ok((with_bits(elements, layout), why))
    }

    /// Where the elements lie, or why that cannot be told.
    fn layout(
        &mut self,
        at: At<'_>,
        dataset: &Dataset,
        elements: &Elements,
        mosaics: bool,
    ) -> Result<Result<Layout, String>> {
        let storage = match &dataset.storage {
            Ok(storage) => storage,
            Err(error) => return Ok(Err(error.message.clone())),
        };
        let needed = elements.bytes;
        let dense = |offset, len: u64| {
            if len < needed {
                return Err(format!("Its layout tells of {len} bytes, its shape needs {needed}."));
            }
            Ok(Layout::Dense(ByteRange { file: at.view, offset, len: needed }))
        };
        Ok(match storage {
            Storage::Compact(offset, len) => dense(*offset, *len),
            Storage::Contiguous(None, _) => Ok(unwritten(at, elements)),
            Storage::Contiguous(Some(offset), len) => {
                let size = at.hdf5.file.size();
                match offset.checked_add(needed).filter(|end| *end <= size) {
                    Some(_) => dense(*offset, len.unwrap_or(needed)),
                    None => Err(format!(
                        "Its {needed} bytes from byte {offset} on reach past the end of the file, which has {size}; it may not have been copied or downloaded whole."
                    )),
                }
            }
            Storage::External(parts) => self.external(at, parts, needed)?,
            Storage::Chunked { chunk, element, index } => chunked(at, dataset, elements, (chunk, *element, index)),
            Storage::Virtual(_) if !mosaics => {
                Err("It is put together from datasets that are put together, too.".to_owned())
            }
            Storage::Virtual(mappings) => virtuals::mosaic(self, at, mappings, elements)?,
        })
    }

    /// Elements in other files, which follow on each other.
    fn external(&mut self, at: At<'_>, parts: &[External], needed: u64) -> Result<Result<Layout, String>> {
        let mut found = Vec::new();
        let mut left = needed;
        for part in parts {
            let Some(file) = self.others.find(&part.file, &mut self.checkpoint.files) else {
                self.ask(&part.file, &at.object.path);
                return Ok(Ok(Layout::Absent { file: base_name(&part.file).to_owned() }));
            };
            let source = self.checkpoint.files.get(file).source.clone();
            let there = source.size().saturating_sub(part.offset);
            let len = part.len.unwrap_or(there).min(left);
            if len > there {
                let file = quoted(&part.file);
                return Ok(Err(format!("{len} bytes of it should be in the file {file:?}, which has {there} there.")));
            }
            left -= len;
            found.push((file, source, part.offset, len));
        }
        if left > 0 {
            return Ok(Err(format!(
                "The files that hold it are {left} bytes short of the {needed} that its shape needs."
            )));
        }
        found.retain(|(.., len)| *len > 0);
        if let [(file, _, offset, len)] = found.as_slice() {
            return Ok(Ok(Layout::Dense(ByteRange { file: *file, offset: *offset, len: *len })));
        }
        let joined = Joined::new(found.into_iter().map(|(_, source, offset, len)| (source, offset, len)).collect())?;
        let joined: Rc<dyn ReadAt> = Rc::new(joined);
        let name = format!("the files of {}", at.object.path);
        let file = self.checkpoint.files.add_part(at.view, name, joined);
        Ok(Ok(Layout::Dense(ByteRange { file, offset: 0, len: needed })))
    }

    /// Asks for a file that was not given.
    pub(super) fn ask(&mut self, file: &str, path: &str) {
        let message = format!(
            "Values of {:?} are in the file {:?}, which was not given; drop it together with this one.",
            quoted(path),
            quoted(file)
        );
        self.checkpoint.note(Note::warning(message).about(path));
    }

    /// The keys that lead to an object; none where its name is the only one.
    fn path(&mut self, path: &str) -> Vec<Key> {
        if !path.contains('/') {
            return Vec::new();
        }
        let mut keys = Vec::new();
        for name in path.split('/') {
            let shared = match self.names.get(name) {
                Some(shared) => shared.clone(),
                None => {
                    let shared: Rc<str> = name.into();
                    self.names.insert(name.to_owned(), shared.clone());
                    shared
                }
            };
            keys.push(Key::Text(shared));
        }
        keys
    }
}

/// A tensor of these elements; where their bits have a form of their own, that is around where they lie.
pub(super) fn with_bits(elements: Elements, layout: Layout) -> Tensor {
    let Elements { described: Described { dtype, order, bits, shape: inner, .. }, size, shape, .. } = elements;
    let layout = match (bits, layout) {
        (Some(bits), layout @ (Layout::Dense(_) | Layout::Tiled(_) | Layout::Mosaic(_))) => {
            let len = size / element_count(&inner).unwrap_or(1).max(1);
            let stored = Tensor::new("", Dtype::Void { len }, shape.clone(), layout);
            Layout::Encoded(Rc::new(Encoded { stored, bits }))
        }
        (_, layout) => layout,
    };
    let mut tensor = Tensor::new("", dtype, shape, layout);
    tensor.order = order;
    tensor
}

/// Elements in chunks of a shape, each with elements of so many bytes.
fn chunked(
    at: At<'_>,
    dataset: &Dataset,
    elements: &Elements,
    (chunk, element, index): (&[u64], u64, &ChunkIndex),
) -> Result<Layout, String> {
    let filters = dataset.filters.clone().map_err(|error| error.message)?;
    if let Some(filter) = filters.iter().find(|filter| !is_known(filter)) {
        let (name, id) = (filter_name(filter), filter.id);
        return Err(format!("Its chunks went through the filter {name} ({id}), which is not read here."));
    }
    let size = elements.size;
    if element != size {
        return Err(format!("Its chunks hold elements of {element} bytes, its type takes {size}."));
    }
    let bytes = element_count(chunk).and_then(|count| count.checked_mul(size));
    if bytes.is_none_or(|bytes| bytes > limits::HDF5_CHUNK) {
        return Err(format!("A chunk of shape {chunk:?} is larger than is read here."));
    }
    Ok(Layout::Tiled(Rc::new(Tiled {
        file: at.view,
        chunk: chunk.iter().chain(&elements.described.shape).copied().collect(),
        index: index.clone(),
        filters,
        fill: fill(elements),
    })))
}

/// Elements of which none was ever written: all are the fill value.
fn unwritten(at: At<'_>, elements: &Elements) -> Layout {
    // Any chunks do; small ones, as one may be put together in memory.
    const CHUNK: u64 = 4096;
    let mut chunk = elements.shape.clone();
    for place in 0..chunk.len() {
        let inner = element_count(&chunk[place + 1..]).unwrap_or(u64::MAX);
        chunk[place] = chunk[place].min(CHUNK / inner.clamp(1, CHUNK)).max(1);
    }
    let sizes = at.hdf5.file.sizes();
    let index = ChunkIndex {
        kind: ChunkIndexKind::Implicit,
        address: None,
        offset_size: sizes.offset,
        length_size: sizes.length,
        most: elements.shape.iter().copied().map(Some).collect(),
        edges_unfiltered: false,
    };
    Layout::Tiled(Rc::new(Tiled { file: at.view, chunk, index, filters: Vec::new(), fill: fill(elements) }))
}

/// What fills a dataset: of an array the first element, as they are alike.
fn fill(elements: &Elements) -> Option<Vec<u8>> {
    let inner = element_count(&elements.described.shape).unwrap_or(1).max(1);
    let one = usize::try_from(elements.size / inner).unwrap_or(usize::MAX);
    elements.fill.as_ref().map(|fill| fill[..one.min(fill.len())].to_vec())
}
