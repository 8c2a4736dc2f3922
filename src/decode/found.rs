//! What was found out about chunks and is wanted again.

use crate::error::Result;
use crate::limits;
use crate::wire::hdf5::Chunk;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

/// The chunks of one tensor that were found or unpacked last.
#[derive(Clone, Debug, Default)]
pub(super) struct Found(Rc<RefCell<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    listing: Option<Rc<Listing>>,
    /// By number.
    unpacked: HashMap<u64, Rc<Vec<u8>>>,
    /// Their numbers, oldest first.
    order: VecDeque<u64>,
    bytes: u64,
}

/// What keeping a chunk takes beside its bytes, at most.
const ROOM: u64 = 128;

/// Chunks that were written, by number.
#[derive(Debug)]
pub(super) struct Listing {
    /// The numbers that were looked for.
    pub range: Range<u64>,
    pub chunks: Vec<Chunk>,
    /// How many elements there are up to the end of each.
    pub ends: Vec<u64>,
}

impl Listing {
    /// Those with these numbers.
    pub fn within(&self, range: &Range<u64>) -> &[Chunk] {
        let from = self.chunks.partition_point(|chunk| chunk.number < range.start);
        let to = self.chunks.partition_point(|chunk| chunk.number < range.end);
        &self.chunks[from..to]
    }
}

impl Found {
    /// The chunks with these numbers, and maybe more: those that were found last, if these are among them.
    pub fn listing(
        &self,
        range: Range<u64>,
        find: impl FnOnce(Range<u64>) -> Result<(Vec<Chunk>, Vec<u64>)>,
    ) -> Result<Rc<Listing>> {
        let known = self.0.borrow().listing.clone();
        if let Some(known) = known.filter(|known| known.range.start <= range.start && range.end <= known.range.end) {
            return Ok(known);
        }
        let (chunks, ends) = find(range.clone())?;
        let listing = Rc::new(Listing { range, chunks, ends });
        self.0.borrow_mut().listing = Some(listing.clone());
        Ok(listing)
    }

    /// The bytes of a chunk. As many are kept as [`limits::HDF5_CHUNKS_KEPT`] has room for, or one: those that were unpacked last, or,
    /// of a `pass` that goes through all and may begin again, those that it began with.
    pub fn unpacked(&self, number: u64, pass: bool, unpack: impl FnOnce() -> Result<Vec<u8>>) -> Result<Rc<Vec<u8>>> {
        if let Some(found) = self.0.borrow().unpacked.get(&number) {
            return Ok(found.clone());
        }
        let bytes = Rc::new(unpack()?);
        let mut inside = self.0.borrow_mut();
        let inside = &mut *inside;
        inside.bytes += bytes.len() as u64 + ROOM;
        inside.unpacked.insert(number, bytes.clone());
        inside.order.push_back(number);
        while inside.bytes > limits::HDF5_CHUNKS_KEPT && inside.order.len() > 1 {
            let place = if pass { inside.order.len() - 2 } else { 0 };
            let given_up = inside.order.remove(place).and_then(|number| inside.unpacked.remove(&number));
            inside.bytes -= given_up.map_or(0, |bytes| bytes.len() as u64 + ROOM);
        }
        Ok(bytes)
    }
}
