//! Checkpoints of version 2: the index tells names, shapes and places, the shards hold the bytes.

use super::dtypes::{self, Element};
use super::graph::{self, Graph};
use super::intact;
use super::messages::{read_shape, read_versions};
use super::roles;
use super::shards::Shards;
use super::slices::{Slice, is_part, key_of};
use crate::error::{Error, Result, quoted};
use crate::formats::shards::shard_not_given;
use crate::model::{
    ByteOrder, ByteRange, Checkpoint, Entry, Layout, More, Note, Piece, Tensor, Texts, Value, element_count,
};
use crate::source::{File, Files, Pages};
use crate::wire::crc32c;
use crate::wire::protobuf::Message;
use crate::wire::sstable::Table;
use std::collections::HashMap;
use std::rc::Rc;

/// Adds the tensors of one bundle, and gives what its graph of objects tells.
///
/// # Errors
///
/// `Malformed` or `TooLarge` if the index cannot be read.
pub(super) fn add(model: &mut Checkpoint, files: &Files, index: &File) -> Result<Graph> {
    model.files.add(&index.name, index.source.clone());
    let pages = Pages::new(&*index.source);
    let mut bundle: Option<Bundle> = None;
    Table::open(&pages)?.each(|key, value| match &mut bundle {
        None if key.is_empty() => {
            bundle = Some(Bundle::new(model, files, index, Message::new(&value))?);
            Ok(())
        }
        None => Err(no_header()),
        Some(bundle) => bundle.entry(model, key, value),
    })?;
    bundle.ok_or_else(no_header)?.finish(model)
}

fn no_header() -> Error {
    Error::malformed(
        "The table does not begin with the header of a checkpoint; the file is damaged or holds something else.",
    )
}

/// A bundle whose index is being read.
struct Bundle {
    shards: Shards,
    order: ByteOrder,
    /// What is told of parts of tensors, by their keys. These stand before all names of tensors.
    parts: HashMap<Vec<u8>, Told>,
    graph: Graph,
}

/// What the index tells of a tensor, or of a part of one.
struct Told {
    dtype: u64,
    /// Or what is wrong with it.
    shape: Result<Vec<u64>, String>,
    shard: i64,
    offset: i64,
    size: i64,
    sum: u32,
    slices: Vec<Slice>,
}

/// Why elements cannot be read.
enum Trouble {
    /// Their shard was not given.
    Absent(String),
    /// This.
    Wrong(String),
}

impl Bundle {
    /// Reads the header and finds the shards.
    fn new(model: &mut Checkpoint, files: &Files, index: &File, header: Message<'_>) -> Result<Self> {
        let (mut count, mut order, mut versions) = (0, ByteOrder::Little, (0, 0));
        for field in header {
            let field = field?;
            match field.number {
                1 => count = field.signed()?,
                2 if field.unsigned()? == 1 => order = ByteOrder::Big,
                3 => versions = read_versions(field.message()?)?,
                _ => {}
            }
        }
        let shards = Shards::new(model, files, index, count)?;
        model.producer.get_or_insert_with(|| format!("TensorFlow, checkpoint format {}", versions.0));
        if versions.1 > READ_VERSION {
            model.note(Note::warning(format!(
                "The checkpoint asks for readers of version {}, this is one of version {READ_VERSION}; what is shown may be wrong.",
                versions.1
            )));
        }
        model.metadata.push(Entry::plain("shards", Value::Int(count)));
        if order == ByteOrder::Big {
            model.metadata.push(Entry::plain("endianness", Value::Text("big".to_owned())));
        }
        Ok(Bundle { shards, order, parts: HashMap::new(), graph: Graph::default() })
    }

    /// Takes in one entry of the table.
    fn entry(&mut self, model: &mut Checkpoint, key: &[u8], value: &[u8]) -> Result<()> {
        let told = Told::read(Message::new(&value)).map_err(|error| {
            let name = String::from_utf8_lossy(key);
            let what = error.message;
            Error { message: format!("What the index tells of {:?} cannot be read: {what}", quoted(&name)), ..error }
        })?;
        if is_part(key) {
            self.parts.insert(key.to_vec(), told);
            return Ok(());
        }
        let name = String::from_utf8(key.to_vec()).unwrap_or_else(|error| {
            let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
            model.note(Note::warning(format!("The name {:?} is not UTF-8.", quoted(&shown))).about(&shown));
            shown
        });
        let tensor = self.tensor(model, name, key, told);
        if let (graph::KEY, Layout::Texts(texts)) = (tensor.name.as_str(), &tensor.layout)
            && let Texts::LengthsFirst(range) = **texts
        {
            match graph::read(&*model.files.get(range.file).source, range) {
                Ok(graph) => self.graph = graph,
                Err(error) => model.note(Note::from(&error).about(graph::KEY)),
            }
        }
        // Doubling a long list would take three times its memory for a moment.
        if model.tensors.len() == model.tensors.capacity() {
            model.tensors.reserve_exact(model.tensors.len() / 8 + 64);
        }
        model.tensors.push(tensor);
        Ok(())
    }

    fn tensor(&mut self, model: &mut Checkpoint, name: String, key: &[u8], told: Told) -> Tensor {
        let (layout, sums) = match self.layout(key, &told) {
            Ok((layout, sums)) => (layout, Some(sums)),
            Err(Trouble::Absent(file)) => (Layout::Absent { file }, None),
            Err(Trouble::Wrong(why)) => {
                model.note(Note::warning(format!("The tensor {:?} cannot be read: {why}", quoted(&name))).about(&name));
                (Layout::Unreadable { why }, None)
            }
        };
        let dtype = dtypes::dtype(told.dtype, name != graph::KEY);
        // A shape that is none cannot be shown; no element is.
        let mut tensor = Tensor::new(name, dtype, told.shape.unwrap_or_else(|_| vec![0]), layout);
        tensor.order = self.order;
        tensor.more = sums.map(|sums| Rc::new(More { alias: None, sums }));
        tensor
    }

    /// Where the elements are, and the sums of the bytes of each run of them.
    fn layout(&mut self, key: &[u8], told: &Told) -> Result<(Layout, Vec<u32>), Trouble> {
        let shape = told.shape.clone().map_err(Trouble::Wrong)?;
        let known = dtypes::by_number(told.dtype)
            .ok_or_else(|| Trouble::Wrong(format!("{} is no element type that is known here.", told.dtype)))?;
        if known.element == Element::Other {
            let why =
                format!("Elements of type {} are no numbers; only TensorFlow can make something of them.", known.name);
            return Err(Trouble::Wrong(why));
        }
        if told.slices.is_empty() {
            let range = self.range(told, &shape)?;
            let layout = match known.element {
                Element::Strings => Layout::Texts(Rc::new(Texts::LengthsFirst(range))),
                Element::Byte => {
                    let why = format!("Numbers of type {} are not read here.", known.name);
                    return Err(Trouble::Wrong(why));
                }
                _ => known.dense(&shape, range),
            };
            return Ok((layout, vec![told.sum]));
        }
        if !matches!(known.element, Element::Number(_)) {
            return Err(Trouble::Wrong(format!("Slices of type {} are not put together here.", known.name)));
        }
        self.pieces(key, told, &shape)
    }

    /// The boxes that a tensor was cut into.
    fn pieces(&mut self, key: &[u8], told: &Told, whole: &[u64]) -> Result<(Layout, Vec<u32>), Trouble> {
        let mut key = key_of(key);
        let (begin, mut pieces, mut sums) = (key.len(), Vec::new(), Vec::new());
        // Each is of one tensor, once; all are its own, whatever is wrong with one of them.
        let take = |slice: &Slice| {
            key.truncate(begin);
            slice.add_to_key(&mut key);
            self.parts.remove(&key)
        };
        let parts: Vec<Option<Told>> = told.slices.iter().map(take).collect();
        let mut absent = None;
        for (slice, part) in told.slices.iter().zip(parts) {
            let lacking = || Trouble::Wrong("Not all of its slices are in the index.".to_owned());
            let part = part.ok_or_else(lacking)?;
            let (at, shape) = slice
                .place(whole)
                .filter(|(_, shape)| part.dtype == told.dtype && part.shape.as_ref() == Ok(shape))
                .ok_or_else(|| Trouble::Wrong("One of its slices does not fit its shape.".to_owned()))?;
            let range = match self.range(&part, &shape) {
                // The other shards that it needs are told, too.
                Err(Trouble::Absent(shard)) => {
                    absent.get_or_insert(shard);
                    continue;
                }
                range => range?,
            };
            pieces.push(Piece { at, shape, range });
            sums.push(part.sum);
        }
        if let Some(shard) = absent {
            return Err(Trouble::Absent(shard));
        }
        let layout = match pieces.as_slice() {
            [only] if only.shape == whole => Layout::Dense(only.range),
            _ => Layout::Pieces(pieces.into()),
        };
        Ok((layout, sums))
    }

    /// The bytes of elements of this shape; that they are there and as many as they should be.
    fn range(&mut self, told: &Told, shape: &[u64]) -> Result<ByteRange, Trouble> {
        let wrong = |why: String| Err(Trouble::Wrong(why));
        let (Ok(offset), Ok(len)) = (u64::try_from(told.offset), u64::try_from(told.size)) else {
            let (size, offset) = (told.size, told.offset);
            return wrong(format!("It is said to have {size} bytes at the offset {offset} of its shard."));
        };
        let count = element_count(shape)
            .ok_or_else(|| Trouble::Wrong("Its shape has more elements than can be counted.".to_owned()))?;
        let known = dtypes::by_number(told.dtype);
        match known.and_then(dtypes::Type::bytes) {
            Some(width) if count.checked_mul(width) != Some(len) => {
                let name = dtypes::name(told.dtype);
                return wrong(format!(
                    "Its shape {shape:?} of {name} does not take the {len} bytes that the index gives it."
                ));
            }
            // The sum of its lengths, and a byte at least for each.
            None if count.checked_add(4).is_none_or(|least| least > len) => {
                return wrong(format!("{count} strings cannot be told in {len} bytes."));
            }
            _ => {}
        }
        let shard = match u64::try_from(told.shard) {
            Ok(shard) if shard < self.shards.count => shard,
            _ => {
                let (shard, count) = (told.shard, self.shards.count);
                return wrong(format!(
                    "It is said to be in shard {shard}, the checkpoint has {count}, counted from 0."
                ));
            }
        };
        let Some((file, size)) = self.shards.get(shard) else {
            *self.shards.missing.entry(shard).or_default() += 1;
            return Err(Trouble::Absent(self.shards.name(shard)));
        };
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(ByteRange { file, offset, len }),
            _ => {
                let name = quoted(&self.shards.name(shard)).to_string();
                wrong(format!(
                    "It ends behind the end of {name:?}, which has {size} bytes; it may not have been copied or downloaded whole."
                ))
            }
        }
    }

    /// What can be told only once all is read.
    fn finish(self, model: &mut Checkpoint) -> Result<Graph> {
        for (shard, count) in &self.shards.missing {
            let held = format!("It holds {count} of the tensors, or parts of them.");
            model.note(shard_not_given(&self.shards.name(*shard), &held));
        }
        if !self.parts.is_empty() {
            model.note(Note::warning(format!("{} slices in the index belong to no tensor.", self.parts.len())));
        }
        for position in 0..model.tensors.len() {
            let tensor = &model.tensors[position];
            let role = self.graph.role(&tensor.name).or_else(|| roles::by_name(&model.tensors, &tensor.name));
            let alias = self.graph.full_name(&tensor.name);
            let tensor = &mut model.tensors[position];
            tensor.role = role;
            if alias.is_some() {
                Rc::make_mut(tensor.more.get_or_insert_default()).alias = alias;
            }
        }
        for note in intact::check(model)? {
            model.note(note);
        }
        Ok(self.graph)
    }
}

/// The newest version of the format that is read.
const READ_VERSION: u64 = 1;

impl Told {
    /// Reads a `BundleEntryProto`.
    fn read(message: Message<'_>) -> Result<Self> {
        let (shape, slices) = (Ok(Vec::new()), Vec::new());
        let mut told = Told { dtype: 0, shape, shard: 0, offset: 0, size: 0, sum: 0, slices };
        for field in message {
            let field = field?;
            match field.number {
                1 => told.dtype = field.unsigned()?,
                2 => told.shape = read_shape(field.message()?)?,
                3 => told.shard = field.signed()?,
                4 => told.offset = field.signed()?,
                5 => told.size = field.signed()?,
                6 => told.sum = crc32c::unmasked(u32::from_le_bytes(field.fixed32()?)),
                7 => told.slices.push(Slice::read(field.message()?)?),
                _ => {}
            }
        }
        Ok(told)
    }
}
