//! Elements of any length, which HDF5 keeps in global heaps.

use super::cells::{Cell, cells};
use super::stored::to_little;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Dtype, Heap, Item};
use crate::source::{FileId, Files};
use crate::wire::hdf5::{Collection, Collections, Sizes, address, number};
use std::collections::HashMap;

/// Reads what places in heaps stand for.
#[derive(Debug)]
pub(super) struct Heaps<'a> {
    files: &'a Files,
    collections: HashMap<FileId, Collections>,
    /// How many more bytes may be read: many places may be the same one.
    left: u64,
    /// How many more bytes of collections may be read to get at them: those may lie in each other.
    around: u64,
}

/// The bytes of collections that are read, for each that is shown.
const AROUND: u64 = 4;

/// Whether elements of a type are, or have among their fields, places in a heap.
pub(super) fn has_heap(dtype: &Dtype) -> bool {
    match dtype {
        Dtype::Heap(_) => true,
        Dtype::Record(record) => record.fields.iter().any(|field| has_heap(&field.dtype)),
        _ => false,
    }
}

fn too_much() -> Error {
    Error::too_large(format!("These texts and lists take more than {} bytes; show fewer at once.", limits::SPAN))
}

impl<'a> Heaps<'a> {
    pub fn new(files: &'a Files) -> Self {
        Heaps { files, collections: HashMap::new(), left: limits::SPAN, around: AROUND * limits::SPAN }
    }

    /// The values of cells of this type, whose places in heaps are still bytes. Types nest as deep as their reader lets them.
    pub fn read(&mut self, dtype: &Dtype, cell: Cell) -> Result<Cell> {
        Ok(match (dtype, cell) {
            (Dtype::Heap(heap), Cell::Bytes(place)) => self.item(heap, &place)?,
            (dtype, Cell::List(items)) if has_heap(dtype) => {
                Cell::List(items.into_iter().map(|item| self.read(dtype, item)).collect::<Result<_>>()?)
            }
            (Dtype::Record(record), Cell::Record(fields)) => {
                let pairs = record.fields.iter().zip(fields);
                let read = pairs.map(|(field, (name, cell))| Ok((name, self.read(&field.dtype, cell)?)));
                Cell::Record(read.collect::<Result<_>>()?)
            }
            (_, cell) => cell,
        })
    }

    /// What stands at a place in a heap; a count or an address of 0 is nothing.
    fn item(&mut self, heap: &Heap, place: &[u8]) -> Result<Cell> {
        let short = || Error::malformed("A place in a global heap is cut off.");
        let (count, rest) = place.split_at_checked(4).ok_or_else(short)?;
        let (collection, index) = rest.split_at_checked(heap.offset_size.into()).ok_or_else(short)?;
        let count = number(count);
        let size = match &heap.item {
            Item::Text => 1,
            Item::List(dtype, _) => dtype.bits().unwrap_or(0) / 8,
        };
        let mut bytes = match address(collection).filter(|at| *at != 0 && count > 0) {
            None => Vec::new(),
            Some(at) => {
                let sizes = Sizes { offset: heap.offset_size, length: heap.length_size };
                let source = &self.files.get(heap.file).source;
                let kept = self.collections.entry(heap.file).or_default();
                let around = &mut self.around;
                let found = kept.get(at, |at| {
                    let found = Collection::read(&**source, at, sizes)?;
                    *around = around.checked_sub(found.len()).ok_or_else(too_much)?;
                    Ok(found)
                })?;
                let index = u32::try_from(number(index)).map_err(|_| short())?;
                let object = found.object(index)?;
                let wanted = count.saturating_mul(size);
                let bytes = usize::try_from(wanted).ok().and_then(|wanted| object.get(..wanted));
                let bytes = bytes.ok_or_else(|| {
                    let there = object.len();
                    Error::malformed(format!(
                        "An element takes {wanted} bytes, its object in the global heap has {there}."
                    ))
                    .at(at)
                })?;
                let left = self.left.checked_sub(wanted);
                self.left = left.ok_or_else(too_much)?;
                bytes.to_vec()
            }
        };
        match &heap.item {
            Item::Text => {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                Ok(Cell::Text(String::from_utf8_lossy(&bytes[..end]).into_owned()))
            }
            Item::List(dtype, order) => {
                to_little(dtype, *order, &mut bytes);
                let count = if bytes.is_empty() { 0 } else { usize::try_from(count).unwrap_or(0) };
                let items = cells(dtype, &bytes, count);
                Ok(Cell::List(items.into_iter().map(|item| self.read(dtype, item)).collect::<Result<_>>()?))
            }
        }
    }
}
