//! A tensor in chunks of one shape, each of which may have gone through filters.

use super::found::{Found, Listing};
use super::rows::Rows;
use super::stored::{Stored, in_memory, to_little};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::model::{ByteOrder, Dtype, Tiled, index_of};
use crate::source::{Ahead, Files, read_vec};
use crate::wire::hdf5::{Chunk, Chunks, undo};
use std::ops::Range;
use std::rc::Rc;

/// The elements of all chunks, in row-major order of the whole, or those that were written, chunk after chunk.
#[derive(Debug)]
pub(super) struct Tiles<'a> {
    /// Small chunks mostly follow on each other: several are read at once.
    source: Ahead<'a>,
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
        if whole > limits::HDF5_CHUNK {
            return Err(Error::too_large(format!(
                "Chunks of {whole} bytes are not read; at most {} MiB are held at a time.",
                limits::HDF5_CHUNK >> 20
            )));
        }
        if tiled.fill.as_ref().is_some_and(|fill| fill.len() as u64 != bits / 8) {
            return Err(Error::malformed(format!("The fill value takes not the {} bytes of an element.", bits / 8)));
        }
        let source = &*files.get(tiled.file).source;
        let filtered = !tiled.filters.is_empty();
        let chunks = Chunks::new(source, &tiled.index, stored.shape, &tiled.chunk, whole, filtered)?;
        Ok(Tiles {
            source: Ahead::new(source),
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
        let whole = Self::new(files, stored, tiled, found)?;
        let listing = whole.found.listing(0..whole.chunks.grid().count(), |range| whole.find(range))?;
        Ok(Tiles { listing: Some(listing), ..whole })
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
        let bytes = in_memory(count, self.width as u64)?;
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
            let (origin, extent) = (self.origin(chunk.number), self.extent(chunk.number));
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
        let index = |place| index_of(place, self.shape);
        let (first, last) = (index(wanted.start), index(wanted.end - 1));
        let grid = self.chunks.grid();
        let mut same = true;
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for (dimension, count) in grid.counts().iter().enumerate() {
            let (first, last, size) = (first[dimension], last[dimension], self.tiled.chunk[dimension]);
            // Behind the first dimension in which they differ, all indices are between them.
            low.push(if same { first / size } else { 0 });
            high.push(if same { last / size } else { count - 1 });
            same &= first == last;
        }
        let number = |index: &[u64]| grid.number(index).expect("chunks of elements that are there");
        number(&low)..number(&high) + 1
    }

    /// The index of a chunk's first element.
    fn origin(&self, number: u64) -> Vec<u64> {
        let mut origin = self.chunks.grid().origin(number);
        // An element's own dimensions begin at 0.
        origin.resize(self.shape.len(), 0);
        origin
    }

    /// The shape of what a chunk has of the tensor.
    fn extent(&self, number: u64) -> Vec<u64> {
        let origin = self.origin(number);
        let sizes = origin.iter().zip(&self.tiled.chunk).zip(self.shape);
        sizes.map(|((at, chunk), size)| (size - at).min(*chunk)).collect()
    }

    /// The bytes of a chunk as they were before the filters.
    fn unpacked(&self, chunk: &Chunk) -> Result<Rc<Vec<u8>>> {
        self.found.unpacked(chunk.number, self.listing.is_some(), || self.unpack(chunk))
    }

    fn unpack(&self, chunk: &Chunk) -> Result<Vec<u8>> {
        let origin = || self.origin(chunk.number);
        let failed = |error: Error| {
            let hint = if error.kind == Kind::Malformed { "; the file is damaged" } else { "" };
            let message = format!("The chunk at {:?} cannot be read: {}{hint}.", origin(), error.message);
            Error { message, ..error }.at(chunk.address)
        };
        // No filter makes bytes that many more.
        if chunk.size > (self.whole as u64).saturating_mul(2) + 4096 {
            return Err(failed(Error::malformed(format!("{} bytes are stored of its {}", chunk.size, self.whole))));
        }
        let stored = read_vec(&self.source, chunk.address, chunk.size)?;
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

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of the tests are small")]
mod tests {
    use crate::decode::{Elements, Kept};
    use crate::error::Result;
    use crate::model::{ByteOrder, ChunkIndex, ChunkIndexKind, Dtype, Filter, Layout, Number, Tensor, Tiled};
    use crate::source::{Files, Memory, ReadAt};
    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::io::Write;
    use std::rc::Rc;

    const FILL: u16 = 0x1234;

    fn index_of(place: u64, shape: &[u64]) -> Vec<u64> {
        let mut rest = place;
        let mut index: Vec<_> = shape
            .iter()
            .rev()
            .map(|size| {
                let at = rest % size;
                rest /= size;
                at
            })
            .collect();
        index.reverse();
        index
    }

    fn place_of(index: &[u64], shape: &[u64]) -> u64 {
        index.iter().zip(shape).fold(0, |place, (at, size)| place * size + at)
    }

    fn filter(id: u16, values: &[u32]) -> Filter {
        Filter { id, name: String::new(), optional: false, values: values.to_vec() }
    }

    /// A big-endian dataset of 16-bit numbers that count its elements, in chunks behind a B-tree, those missing for whose number `missing`
    /// says so.
    fn dataset(
        files: &mut Files,
        shape: &[u64],
        chunk: &[u64],
        packed: bool,
        missing: impl Fn(u64) -> bool,
    ) -> (Tensor, Vec<u16>) {
        let grid: Vec<_> = shape.iter().zip(chunk).map(|(size, chunk)| size.div_ceil(*chunk)).collect();
        // As many as 16 bits count.
        let mut expected = vec![FILL; shape.iter().product::<u64>().min(1 << 16) as usize];
        let (mut bytes, mut entries) = (vec![0xee; 5], Vec::new());
        let volume: u64 = chunk.iter().product();
        let mut count = 0u16;
        for number in (0..grid.iter().product()).filter(|number| !missing(*number)) {
            let origin: Vec<_> = index_of(number, &grid).iter().zip(chunk).map(|(at, size)| at * size).collect();
            let mut raw = Vec::new();
            for inside in 0..volume {
                let index: Vec<_> =
                    index_of(inside, chunk).iter().zip(&origin).map(|(at, origin)| at + origin).collect();
                let value = if index.iter().zip(shape).all(|(at, size)| at < size) {
                    let place = place_of(&index, shape) as u16;
                    expected[usize::from(place)] = place;
                    place
                } else {
                    0xdead
                };
                raw.extend(value.to_be_bytes());
            }
            if packed {
                let (high, low) = (raw.iter().step_by(2), raw.iter().skip(1).step_by(2));
                let shuffled: Vec<u8> = high.chain(low).copied().collect();
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&shuffled).unwrap();
                raw = encoder.finish().unwrap();
            }
            entries.push((origin, bytes.len() as u64, raw.len() as u32));
            bytes.extend(raw);
            count += 1;
        }
        let address = bytes.len() as u64;
        bytes.extend(b"TREE\x01\x00");
        bytes.extend(count.to_le_bytes());
        bytes.extend([0xff; 16]);
        for (origin, at, len) in entries {
            bytes.extend(len.to_le_bytes());
            bytes.extend([0; 4]);
            origin.iter().chain([&0]).for_each(|at| bytes.extend(at.to_le_bytes()));
            bytes.extend(at.to_le_bytes());
        }
        bytes.extend(vec![0xff; 8 + 8 * (shape.len() + 1)]);
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        let index = ChunkIndex {
            kind: ChunkIndexKind::Btree1,
            address: Some(address),
            offset_size: 8,
            length_size: 8,
            most: shape.iter().map(|size| Some(*size)).collect(),
            edges_unfiltered: false,
        };
        let filters = if packed { vec![filter(2, &[2]), filter(1, &[6])] } else { Vec::new() };
        let tiled = Tiled { file, chunk: chunk.to_vec(), index, filters, fill: Some(FILL.to_be_bytes().to_vec()) };
        let mut tensor = Tensor::new("a", Dtype::Number(Number::U16), shape.to_vec(), Layout::Tiled(Rc::new(tiled)));
        tensor.order = ByteOrder::Big;
        (tensor, expected)
    }

    fn read(elements: &Elements<'_>, start: u64, count: u64) -> Vec<u16> {
        elements.read_as(start, count, u16::from_le_bytes)
    }

    proptest! {
        #[test]
        fn chunks_read_as_the_whole(
            sizes in prop::collection::vec((1u64..7, 1u64..5), 1..4), packed: bool, holes: u64,
            start in 0u64..200, count in 0u64..200,
        ) {
            let (shape, chunk): (Vec<_>, Vec<_>) = sizes.into_iter().unzip();
            let mut files = Files::new();
            let (tensor, expected) = dataset(&mut files, &shape, &chunk, packed, |number| holes >> (number % 64) & 1 == 1);
            let elements = Elements::new(&files, &tensor).unwrap();
            let total = elements.count();
            let start = start.min(total);
            let count = count.min(total - start);
            prop_assert_eq!(read(&elements, start, count), &expected[start as usize..(start + count) as usize]);
            let kept = Kept::default();
            let unordered = Elements::unordered_again(&files, &tensor, &kept).unwrap();
            let cut = start.min(unordered.count());
            let mut all = read(&unordered, 0, cut);
            let again = Elements::unordered_again(&files, &tensor, &kept).unwrap();
            all.extend(read(&again, cut, again.count() - cut));
            let (times, fill) = unordered.implicit();
            prop_assert_eq!(fill, FILL.to_le_bytes());
            all.extend(vec![FILL; times as usize]);
            all.sort_unstable();
            let mut sorted = expected;
            sorted.sort_unstable();
            prop_assert_eq!(all, sorted);
        }
    }

    /// Counts the bytes that are read, and how often.
    #[derive(Debug)]
    struct Counting(Rc<dyn ReadAt>, Rc<Cell<u64>>, Rc<Cell<u64>>);

    impl ReadAt for Counting {
        fn size(&self) -> u64 {
            self.0.size()
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
            self.1.set(self.1.get() + buf.len() as u64);
            self.2.set(self.2.get() + 1);
            self.0.read_at(offset, buf)
        }
    }

    #[test]
    fn one_value_costs_one_chunk_and_a_pass_costs_the_file_once() {
        let mut files = Files::new();
        let (tensor, expected) = dataset(&mut files, &[200, 300], &[64, 64], false, |_| false);
        let (mut counted, count) = (Files::new(), Rc::new(Cell::new(0)));
        let (_, file) = files.iter().next().unwrap();
        counted.add("a", Rc::new(Counting(file.source.clone(), count.clone(), Rc::default())));
        assert_eq!(read(&Elements::new(&counted, &tensor).unwrap(), 70 * 300 + 70, 1), [expected[70 * 300 + 70]]);
        let index = count.get() - 64 * 64 * 2;
        assert!(index < 8192, "{index} bytes of the index");
        count.set(0);
        let elements = Elements::new(&counted, &tensor).unwrap();
        let rows: Vec<_> = (0..200).flat_map(|row| read(&elements, row * 300, 300)).collect();
        assert!(rows == expected);
        assert!(count.get() < file.source.size() + 4 * 8192, "{} bytes read", count.get());
    }

    #[test]
    fn steps_that_hand_on_what_they_found_read_the_file_once() {
        let mut files = Files::new();
        let (tensor, _) = dataset(&mut files, &[200, 300], &[64, 64], false, |_| false);
        let (mut counted, count) = (Files::new(), Rc::new(Cell::new(0)));
        let (_, file) = files.iter().next().unwrap();
        counted.add("a", Rc::new(Counting(file.source.clone(), count.clone(), Rc::default())));
        let kept = Kept::default();
        for step in 0..60 {
            read(&Elements::unordered_again(&counted, &tensor, &kept).unwrap(), step * 1000, 1000);
        }
        assert!(count.get() < file.source.size() + 4 * 8192, "{} bytes read", count.get());
    }

    #[test]
    fn small_chunks_are_read_many_at_once() {
        let (mut files, count, reads) = (Files::new(), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (tensor, expected) = dataset(&mut files, &[240, 250], &[6, 5], false, |_| false);
        let mut counted = Files::new();
        let (_, file) = files.iter().next().unwrap();
        counted.add("a", Rc::new(Counting(file.source.clone(), count.clone(), reads.clone())));
        assert!(read(&Elements::new(&counted, &tensor).unwrap(), 0, 60_000) == expected);
        // 2000 of 60 bytes, and the index.
        assert!(reads.get() < 30, "{} reads", reads.get());
        assert!(count.get() < file.source.size() + 64_000, "{} bytes", count.get());
    }

    /// 50 GB and more of zeros.
    #[derive(Debug)]
    struct Zeros;

    impl ReadAt for Zeros {
        fn size(&self) -> u64 {
            60 << 30
        }

        fn read_at(&self, _: u64, buf: &mut [u8]) -> Result<()> {
            buf.fill(0);
            Ok(())
        }
    }

    #[test]
    fn of_50_gb_a_value_costs_its_chunk_and_a_step_costs_what_it_reads() {
        let (mut files, count) = (Files::new(), Rc::new(Cell::new(0)));
        let file = files.add("a", Rc::new(Counting(Rc::new(Zeros), count.clone(), Rc::default())));
        let shape = vec![100_000, 131_072];
        let index = ChunkIndex {
            kind: ChunkIndexKind::Implicit,
            address: Some(512),
            offset_size: 8,
            length_size: 8,
            most: shape.iter().copied().map(Some).collect(),
            edges_unfiltered: false,
        };
        let tiled = Tiled { file, chunk: vec![512, 512], index, filters: Vec::new(), fill: None };
        let tensor = Tensor::new("a", Dtype::Number(Number::F32), shape, Layout::Tiled(Rc::new(tiled)));
        let elements = Elements::new(&files, &tensor).unwrap();
        assert_eq!((elements.count(), count.get()), (13_107_200_000, 0));
        let mut bytes = Vec::new();
        elements.read(99_999 * 131_072 + 70_000, 8, &mut bytes).unwrap();
        assert_eq!(count.get(), 1 << 20);
        let kept = Kept::default();
        let unordered = Elements::unordered_again(&files, &tensor, &kept).unwrap();
        unordered.read(unordered.count() / 2, unordered.chunk(), &mut bytes).unwrap();
        assert!(count.get() <= crate::limits::CHUNK + (3 << 20), "{} bytes read", count.get());
    }

    #[test]
    fn what_was_never_written_costs_nothing() {
        let mut files = Files::new();
        let (tensor, _) = dataset(&mut files, &[3 << 14, 1 << 18], &[1 << 8, 1 << 8], false, |number| number != 77);
        let unordered = Elements::unordered(&files, &tensor).unwrap();
        assert_eq!((unordered.count(), unordered.implicit().0), (1 << 16, (3 << 32) - (1 << 16)));
        assert_eq!(read(&Elements::new(&files, &tensor).unwrap(), (3 << 32) - 2, 2), [FILL, FILL]);
    }
}
