//! A tensor in chunks of one shape, each of which may have gone through filters.

use super::found::{Found, Listing};
use super::rows::Rows;
use super::stored::{Stored, to_little};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::model::{ByteOrder, Dtype, Tiled};
use crate::source::{Files, ReadAt, read_vec};
use crate::wire::hdf5::{Chunk, Chunks, undo};
use std::ops::Range;
use std::rc::Rc;

/// The elements of all chunks, in row-major order of the whole, or those that were written, chunk after chunk.
#[derive(Debug)]
pub(super) struct Tiles<'a> {
    source: &'a dyn ReadAt,
    tiled: &'a Tiled,
    dtype: &'a Dtype,
    order: ByteOrder,
    shape: &'a [u64],
    width: usize,
    /// The bytes of a chunk.
    whole: usize,
    total: u64,
    chunks: Chunks<'a>,
    /// Where the written chunks are, if only they are visited.
    listing: Option<Rc<Listing>>,
    found: Found,
}

impl<'a> Tiles<'a> {
    /// The elements in row-major order.
    pub fn new(files: &'a Files, stored: &Stored<'a>, tiled: &'a Tiled, found: &Found) -> Result<Self> {
        let (bits, total) = (stored.bits()?, stored.count()?);
        let wrong = |what: &str| Error::malformed(format!("A chunk of shape {:?} {what}.", tiled.chunk));
        if bits % 8 != 0 || bits == 0 {
            return Err(Error::unsupported("Packed elements in chunks cannot be read."));
        }
        let whole = crate::model::element_count(&tiled.chunk).and_then(|count| count.checked_mul(bits / 8));
        let whole = whole.ok_or_else(|| wrong("has more bytes than can be counted"))?;
        if whole > limits::TILE {
            return Err(Error::too_large(format!(
                "Chunks of {whole} bytes are not read; at most {} MiB are held at a time.",
                limits::TILE >> 20
            )));
        }
        if tiled.fill.as_ref().is_some_and(|fill| fill.len() as u64 != bits / 8) {
            return Err(Error::malformed(format!("The fill value takes not the {} bytes of an element.", bits / 8)));
        }
        let source = &*files.get(tiled.file).source;
        let filtered = !tiled.filters.is_empty();
        let chunks = Chunks::new(source, &tiled.index, stored.shape, &tiled.chunk, whole, filtered)?;
        Ok(Tiles {
            source,
            tiled,
            dtype: stored.dtype,
            order: stored.order,
            shape: stored.shape,
            width: usize::try_from(bits / 8).expect("no more than a chunk"),
            whole: usize::try_from(whole).expect("below a cap"),
            total,
            chunks,
            listing: None,
            found: found.clone(),
        })
    }

    /// The elements of the chunks that were written, each chunk once.
    pub fn unordered(files: &'a Files, stored: &Stored<'a>, tiled: &'a Tiled, found: &Found) -> Result<Self> {
        let mut tiles = Self::new(files, stored, tiled, found)?;
        let listing = tiles.found.listing(0..tiles.chunks.grid().count(), |range| tiles.find(range))?;
        tiles.listing = Some(listing);
        Ok(tiles)
    }

    /// The written chunks with these numbers, and how many elements there are up to the end of each.
    fn find(&self, range: Range<u64>) -> Result<(Vec<Chunk>, Vec<u64>)> {
        let chunks = self.chunks.find(range)?;
        let mut end = 0;
        let ends = chunks.iter().map(|chunk| {
            end += self.extent(chunk.number).iter().product::<u64>();
            end
        });
        let ends = ends.collect();
        Ok((chunks, ends))
    }

    /// How many elements are visited.
    pub fn count(&self) -> u64 {
        self.listing.as_ref().map_or(self.total, |listing| listing.ends.last().copied().unwrap_or(0))
    }

    /// How many elements are not visited, and what each of them is.
    pub fn implicit(&self) -> (u64, Vec<u8>) {
        let mut fill = self.fill();
        to_little(self.dtype, self.order, &mut fill);
        (self.total - self.count(), fill)
    }

    /// Puts `count` elements from the `start`-th visited one on into `into`, which is empty.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(self.width));
        let bytes = bytes.ok_or_else(|| Error::too_large("So many elements do not fit into memory."))?;
        match &self.listing {
            Some(listing) => {
                into.reserve(bytes);
                self.read_listed(listing, start..start + count, into)?;
            }
            None => {
                let fill = self.fill();
                if fill.iter().all(|byte| *byte == 0) {
                    into.resize(bytes, 0);
                } else {
                    *into = fill.repeat(bytes / self.width);
                }
                self.gather(start..start + count, into)?;
            }
        }
        to_little(self.dtype, self.order, into);
        Ok(())
    }

    /// Appends visited elements of chunks that were written.
    fn read_listed(&self, listing: &Listing, wanted: Range<u64>, into: &mut Vec<u8>) -> Result<()> {
        let mut at = wanted.start;
        let mut nth = listing.ends.partition_point(|end| *end <= at);
        while at < wanted.end {
            let chunk = &listing.chunks[nth];
            let extent = self.extent(chunk.number);
            let before = nth.checked_sub(1).map_or(0, |before| listing.ends[before]);
            let end = wanted.end.min(listing.ends[nth]);
            let bytes = self.unpacked(chunk)?;
            // The overhang of chunks at the edge is left out.
            let zeros = vec![0; extent.len()];
            let rows = Rows::new(&extent, (&extent, &zeros), (&self.tiled.chunk, &zeros));
            rows.each(at - before, end - before, |_, inside, count| {
                into.extend_from_slice(&bytes[self.bytes(inside)..self.bytes(inside + count)]);
                Ok::<_, Error>(())
            })?;
            at = end;
            nth += 1;
        }
        Ok(())
    }

    /// Puts what the chunks have of these places where it belongs.
    fn gather(&self, wanted: Range<u64>, into: &mut [u8]) -> Result<()> {
        let numbers = self.numbers(&wanted);
        let listing = self.found.listing(numbers.clone(), |range| self.find(range))?;
        for chunk in listing.within(&numbers) {
            let (origin, extent) = (self.chunks.grid().origin(chunk.number), self.extent(chunk.number));
            let zeros = vec![0; extent.len()];
            let rows = Rows::new(&extent, (self.shape, &origin), (&self.tiled.chunk, &zeros));
            if rows.between(wanted.start, wanted.end).is_empty() {
                continue;
            }
            let bytes = self.unpacked(chunk)?;
            rows.each(wanted.start, wanted.end, |place, inside, count| {
                let target = self.bytes(place - wanted.start);
                let run = &bytes[self.bytes(inside)..self.bytes(inside + count)];
                into[target..target + run.len()].copy_from_slice(run);
                Ok::<_, Error>(())
            })?;
        }
        Ok(())
    }

    /// The chunks that elements at these places are in, and some beside them: those from the first to the last by number.
    fn numbers(&self, wanted: &Range<u64>) -> Range<u64> {
        let index = |mut place: u64| {
            let mut index: Vec<_> = self
                .shape
                .iter()
                .rev()
                .map(|size| {
                    let at = place % size;
                    place /= size;
                    at
                })
                .collect();
            index.reverse();
            index
        };
        let (first, last) = (index(wanted.start), index(wanted.end - 1));
        let grid = self.chunks.grid();
        let mut same = true;
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for (dimension, size) in self.tiled.chunk.iter().enumerate() {
            // Behind the first dimension in which they differ, all indices are between them.
            let all = 0..=grid.counts()[dimension] - 1;
            let (first, last) = (first[dimension], last[dimension]);
            low.push(if same { first / size } else { *all.start() });
            high.push(if same { last / size } else { *all.end() });
            same &= first == last;
        }
        let number = |index: &[u64]| grid.number(index).expect("chunks of elements that are there");
        number(&low)..number(&high) + 1
    }

    /// The shape of what a chunk has of the tensor.
    fn extent(&self, number: u64) -> Vec<u64> {
        let origin = self.chunks.grid().origin(number);
        let sizes = origin.iter().zip(&self.tiled.chunk).zip(self.shape);
        sizes.map(|((at, chunk), size)| (size - at).min(*chunk)).collect()
    }

    /// The bytes of a chunk as they were before the filters.
    fn unpacked(&self, chunk: &Chunk) -> Result<Rc<Vec<u8>>> {
        self.found.unpacked(chunk.number, || self.unpack(chunk))
    }

    fn unpack(&self, chunk: &Chunk) -> Result<Vec<u8>> {
        let origin = || self.chunks.grid().origin(chunk.number);
        let failed = |error: Error| {
            let hint = if error.kind == Kind::Malformed { "; the file is damaged" } else { "" };
            let message = format!("The chunk at {:?} cannot be read: {}{hint}.", origin(), error.message);
            Error { message, ..error }.at(chunk.address)
        };
        // No filter makes bytes that many more.
        if chunk.size > (self.whole as u64).saturating_mul(2) + 4096 {
            return Err(failed(Error::malformed(format!("{} bytes are stored of its {}", chunk.size, self.whole))));
        }
        let stored = read_vec(self.source, chunk.address, chunk.size)?;
        let edge = self.tiled.index.edges_unfiltered && self.extent(chunk.number) != self.tiled.chunk;
        let filters = if edge { &[][..] } else { &self.tiled.filters };
        undo(filters, chunk.skipped, stored, self.whole).map_err(failed)
    }

    /// One element that was never written.
    fn fill(&self) -> Vec<u8> {
        self.tiled.fill.clone().unwrap_or_else(|| vec![0; self.width])
    }

    /// The bytes of elements of a chunk, or of those that were asked for.
    fn bytes(&self, count: u64) -> usize {
        usize::try_from(count).expect("below a cap") * self.width
    }
}
