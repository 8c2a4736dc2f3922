//! Where the chunks of a dataset are.

mod blocks;
mod btree1;
mod extensible;
mod fixed;
mod grid;

pub use grid::Grid;

use super::{Btree2, Sizes, number};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ChunkIndex, ChunkIndexKind};
use crate::sort;
use crate::source::{ReadAt, require};
use blocks::{Blocks, Entries, Entry};
use extensible::ExtensibleArray;
use fixed::FixedArray;
use std::ops::Range;

/// A chunk that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its number in the [`Grid`].
    pub number: u64,
    /// Where it is.
    pub address: u64,
    /// How many bytes are stored.
    pub size: u64,
    /// The filters it went without: bit 0 for the first one.
    pub skipped: u32,
}

/// The most chunks of an array that are looked up one by one; of more, all that the array has are gone through.
const LOOKED_UP: u64 = 4096;

/// The chunk index of one dataset.
#[derive(Debug)]
pub struct Chunks<'a> {
    index: &'a ChunkIndex,
    chunk: &'a [u64],
    grid: Grid,
    blocks: Blocks<'a>,
    source: &'a dyn ReadAt,
    /// The bytes of a chunk that is not filtered.
    whole: u64,
    filtered: bool,
}

/// An index that has an entry for each chunk at a place that can be computed.
enum Array {
    Implicit,
    Fixed(FixedArray),
    Extensible(ExtensibleArray),
}

impl<'a> Chunks<'a> {
    /// The index of a dataset of this shape, in chunks of that shape and of `whole` bytes, which went through filters or not.
    /// Dimensions behind those of the index are inside an element; a chunk has them whole.
    ///
    /// # Errors
    ///
    /// `Malformed` if they do not fit each other.
    pub fn new(
        source: &'a dyn ReadAt,
        index: &'a ChunkIndex,
        shape: &[u64],
        chunk: &'a [u64],
        whole: u64,
        filtered: bool,
    ) -> Result<Self> {
        let (outer, inner) = shape.split_at(index.most.len().min(shape.len()));
        let (chunk, inside) = chunk.split_at(outer.len().min(chunk.len()));
        if inner != inside || index.most.len() != outer.len() {
            return Err(Error::malformed("A dataset's chunks have limits of other dimensions than its shape has."));
        }
        let grid = Grid::new(outer, chunk)?;
        Ok(Chunks { index, chunk, grid, blocks: Blocks::new(source), source, whole, filtered })
    }

    /// The chunks, counted.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Those of the chunks with these numbers that were written, by number. Reads of the index what it has to.
    ///
    /// # Errors
    ///
    /// `Malformed` if the index is damaged, `TooLarge` beyond [`limits::HDF5_CHUNKS`] chunks.
    pub fn find(&self, range: Range<u64>) -> Result<Vec<Chunk>> {
        let end = range.end.min(self.grid.count());
        let Some(at) = self.index.address.filter(|_| range.start < end) else { return Ok(Vec::new()) };
        let range = range.start..end;
        let mut found = Vec::new();
        match self.index.kind {
            ChunkIndexKind::Btree1 => self.btree1(at, &range, &mut found)?,
            ChunkIndexKind::Btree2 => self.btree2(at, &range, &mut found)?,
            ChunkIndexKind::Single { filtered } => {
                if self.grid.count() != 1 {
                    return Err(Error::malformed("An index of a single chunk is used for several ones.").at(at));
                }
                let (size, skipped) = filtered.unwrap_or((self.whole, 0));
                self.push(0, Entry { address: at, size, skipped }, &mut found)?;
            }
            ChunkIndexKind::Implicit => self.array(&Array::Implicit, at, &range, &mut found)?,
            ChunkIndexKind::FixedArray => {
                let array = FixedArray::open(&self.blocks, at, self.sizes(), self.filtered, self.whole)?;
                self.array(&Array::Fixed(array), at, &range, &mut found)?;
            }
            ChunkIndexKind::ExtensibleArray => {
                let array = ExtensibleArray::open(&self.blocks, at, self.sizes(), self.filtered, self.whole)?;
                self.array(&Array::Extensible(array), at, &range, &mut found)?;
            }
        }
        Ok(found)
    }

    fn is_whole(&self, range: &Range<u64>) -> bool {
        *range == (0..self.grid.count())
    }

    /// How wide addresses and lengths are.
    fn sizes(&self) -> Sizes {
        Sizes { offset: self.index.offset_size, length: self.index.length_size }
    }

    /// Takes in a chunk, which lies inside the file.
    fn push(&self, number: u64, entry: Entry, found: &mut Vec<Chunk>) -> Result<()> {
        let Entry { address, size, skipped } = entry;
        let origin = || self.grid.origin(number);
        if !self.filtered && size != self.whole {
            let message = format!("The chunk at {:?} takes {size} bytes, not {}.", origin(), self.whole);
            return Err(Error::malformed(message).at(address));
        }
        if require(self.source, address, size).is_err() {
            let message = format!("The chunk at {:?} ends after the file: {size} bytes from there on.", origin());
            return Err(Error::malformed(message).at(address));
        }
        if found.len() >= limits::HDF5_CHUNKS {
            let message = format!("At most {} chunks are read at a time; the dataset has more.", limits::HDF5_CHUNKS);
            return Err(Error::too_large(message));
        }
        found.push(Chunk { number, address, size, skipped });
        Ok(())
    }

    fn btree1(&self, at: u64, range: &Range<u64>, found: &mut Vec<Chunk>) -> Result<()> {
        let mut last = self.grid.origin(range.end - 1);
        if self.is_whole(range) {
            // What lies outside is looked at, too.
            last.fill(u64::MAX);
        }
        let first = self.grid.origin(range.start);
        btree1::within(&self.blocks.source, at, self.index.offset_size, &first, &last, |origin, entry| {
            let index = origin.iter().zip(self.chunk).map(|(at, size)| at.is_multiple_of(*size).then_some(at / size));
            let index = index.collect::<Option<Vec<_>>>();
            self.push(self.number(index.as_deref(), || origin.to_vec(), entry.address)?, entry, found)
        })
    }

    fn btree2(&self, at: u64, range: &Range<u64>, found: &mut Vec<Chunk>) -> Result<()> {
        let tree = Btree2::open(&self.blocks.source, at, self.index.offset_size, self.index.length_size)?;
        let rank = self.chunk.len();
        let head = tree.record_size().checked_sub(8 * rank as u64);
        let kind = if self.filtered { 11 } else { 10 };
        let head = head
            .filter(|_| tree.kind() == kind)
            .ok_or_else(|| Error::malformed("The B-tree that a dataset names is none of its chunks.").at(at))?;
        let entries =
            Entries::new(head, self.index.offset_size, self.filtered, self.whole).map_err(|error| error.at(at))?;
        let head = usize::try_from(head).expect("16 bits");
        let (first, last) = (self.grid.index(range.start), self.grid.index(range.end - 1));
        let whole = self.is_whole(range);
        let index = |record: &[u8]| record[head..].as_chunks::<8>().0.iter().map(|raw| number(raw)).collect::<Vec<_>>();
        let place = |record: &[u8]| {
            let index = index(record);
            if index < first {
                std::cmp::Ordering::Less
            } else if index > last && !whole {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        };
        tree.within(place, |record| {
            let index = index(record);
            let Some(entry) = entries.parse(&record[..head]) else { return Ok(()) };
            let number = self.number(Some(&index), || index.clone(), entry.address)?;
            if found.last().is_some_and(|before| before.number >= number) {
                let message =
                    format!("The B-tree has the chunk at {:?} twice, or in no order.", self.grid.origin(number));
                return Err(Error::malformed(message).at(at));
            }
            self.push(number, entry, found)
        })
    }

    /// The number of a chunk that an index tells of, if it is one of the dataset.
    fn number(&self, index: Option<&[u64]>, told: impl Fn() -> Vec<u64>, at: u64) -> Result<u64> {
        index.and_then(|index| self.grid.number(index)).ok_or_else(|| {
            Error::malformed(format!("The index tells of a chunk at {:?}, where none can be.", told())).at(at)
        })
    }

    fn array(&self, array: &Array, at: u64, range: &Range<u64>, found: &mut Vec<Chunk>) -> Result<()> {
        let order = Order::new(&self.index.most, self.chunk, matches!(array, Array::Extensible(_)));
        let last: Vec<_> = self.grid.counts().iter().map(|count| count - 1).collect();
        // The last chunk has the last place that is looked at: where it has one, all have.
        let order = order.and_then(|order| order.place(&last).map(|last| (order, last)));
        let (order, last) =
            order.ok_or_else(|| Error::malformed("The limits of a dataset do not fit its chunk index.").at(at))?;
        let get = |place: u64| match array {
            Array::Fixed(array) => array.get(&self.blocks, place),
            Array::Extensible(array) => array.get(&self.blocks, place),
            Array::Implicit => {
                let address = place.checked_mul(self.whole).and_then(|offset| offset.checked_add(at));
                let past = || Error::malformed("A chunk is past the end of the file.").at(at);
                Ok(Some(Entry { address: address.ok_or_else(past)?, size: self.whole, skipped: 0 }))
            }
        };
        if range.end - range.start <= LOOKED_UP || matches!(array, Array::Implicit) {
            for number in range.clone() {
                let place = order.place(&self.grid.index(number)).map(&get);
                if let Some(entry) = place.transpose()?.flatten() {
                    self.push(number, entry, found)?;
                }
            }
            return Ok(());
        }
        let mut take = |place: u64, entry: Entry| match self.grid.number(&order.index(place)) {
            Some(number) if range.contains(&number) => self.push(number, entry, found),
            // What was cut off when the dataset shrank.
            _ => Ok(()),
        };
        match array {
            Array::Fixed(array) => array.each(&self.blocks, &mut take)?,
            Array::Extensible(array) => {
                array.each(&self.blocks, last.saturating_add(1), &mut take)?;
            }
            Array::Implicit => {}
        }
        sort::by_key(found, |chunk| chunk.number);
        Ok(())
    }
}

/// The order of an array's entries: row-major over all chunks that the dataset can ever have, the dimension without a limit
/// before the others.
struct Order {
    /// Which dimension each of the array's is.
    dimensions: Vec<usize>,
    /// How many chunks each of them can have; of the first one it does not matter.
    counts: Vec<u64>,
}

impl Order {
    /// `None` if the limits do not fit: an extensible array has one dimension without a limit, the others have none.
    fn new(most: &[Option<u64>], chunk: &[u64], extensible: bool) -> Option<Self> {
        let mut dimensions: Vec<_> = (0..most.len()).collect();
        let mut free = dimensions.iter().copied().filter(|dimension| most[*dimension].is_none());
        match (free.next(), free.next(), extensible) {
            (Some(free), None, true) => dimensions[..=free].rotate_right(1),
            (None, None, false) => {}
            _ => return None,
        }
        let counts = dimensions.iter().map(|&at| most[at].unwrap_or(u64::MAX).div_ceil(chunk[at])).collect();
        Some(Order { dimensions, counts })
    }

    /// The place of the chunk at this index; `None` if there are fewer.
    fn place(&self, index: &[u64]) -> Option<u64> {
        self.dimensions.iter().zip(&self.counts).try_fold(0u64, |place, (dimension, count)| {
            let at = index[*dimension];
            (at < *count).then_some(())?;
            place.checked_mul(*count)?.checked_add(at)
        })
    }

    /// The index of the chunk at this place.
    fn index(&self, place: u64) -> Vec<u64> {
        let mut rest = place;
        let mut index = vec![0; self.counts.len()];
        for (nth, (dimension, count)) in self.dimensions.iter().zip(&self.counts).enumerate().rev() {
            if nth == 0 {
                index[*dimension] = rest;
            } else {
                index[*dimension] = rest % (*count).max(1);
                rest /= (*count).max(1);
            }
        }
        index
    }
}
