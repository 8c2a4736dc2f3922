//! Fractal heaps: the links and attributes of objects with many of them.
//!
//! Objects lie one after the other in blocks whose sizes double from row to row of a table; large rows are tables themselves.
//! An id tells where an object is: in the blocks, on its own in the file, or inside of the id.

use super::cursor::Cursor;
use super::file::File;
use super::header::{Message, kind};
use super::{number, undo};
use crate::error::{Error, Result};
use crate::model::Filter;
use crate::sort;
use std::cell::RefCell;
use std::rc::Rc;

/// The header of a heap.
#[derive(Debug)]
pub(super) struct Heap {
    pub at: u64,
    /// Bytes of an id.
    id_len: usize,
    /// What blocks and huge objects went through.
    filters: Vec<Filter>,
    /// Bytes of an object's offset and of its length in an id.
    offset_len: u8,
    length_len: u8,
    /// Where huge objects are that an id has no room to tell of.
    huge: Option<u64>,
    /// Blocks in a row.
    width: u64,
    /// Bytes of a block in the first row, and in the last row of plain blocks.
    first: u64,
    last: u64,
    root: Option<u64>,
    /// Rows of the root; 0 where it is a plain block.
    rows: u64,
    /// The stored bytes of a root that is a plain block, and the filters that it went without.
    stored: Stored,
    /// The block that was unpacked last, by its address.
    unpacked: RefCell<Option<(u64, Rc<Vec<u8>>)>>,
}

/// Stored bytes, and a mask of filters that were left out.
type Stored = (u64, u32);

/// A block, and a place in it.
struct Place {
    block: u64,
    /// Bytes of the block where it is not filtered.
    size: u64,
    stored: Stored,
    offset: u64,
}

const WHAT: &str = "fractal heap";

impl File {
    /// The heap at an address.
    pub(super) fn heap(&self, at: u64) -> Result<Heap> {
        let (offset, length) = (u64::from(self.sizes().offset), u64::from(self.sizes().length));
        let plain = 26 + 3 * offset + 12 * length;
        let head = self.bytes(WHAT, at, plain)?;
        let mut cursor = self.cursor(WHAT, at, &head);
        cursor.signature(*b"FRHP")?;
        cursor.version(0..=0)?;
        let id_len = usize::from(cursor.u16()?);
        let filters = u64::from(cursor.u16()?);
        cursor.skip(1)?;
        let most_managed = cursor.u32()?;
        cursor.length()?;
        let huge = cursor.address()?;
        cursor.length()?;
        cursor.address()?;
        for _ in 0..8 {
            cursor.length()?;
        }
        let (width, first, last) = (u64::from(cursor.u16()?), cursor.length()?, cursor.length()?);
        let bits = cursor.u16()?;
        cursor.skip(2)?;
        let root = cursor.address()?;
        let rows = u64::from(cursor.u16()?);
        let whole = if filters == 0 { plain } else { plain + length + 4 + filters };
        let bytes = self.bytes(WHAT, at, whole)?;
        self.check(WHAT, at, &bytes)?;
        let (mut pipeline, mut stored) = (Vec::new(), (first, 0));
        if filters > 0 {
            let mut rest = self.cursor(WHAT, at, &bytes);
            rest.take_long(plain - 4)?;
            stored = (rest.length()?, rest.u32()?);
            let at = at + rest.taken() as u64;
            let bytes = rest.take_long(filters)?.to_vec();
            pipeline = self.filters(&Message { kind: kind::FILTERS, shared: false, order: None, at, bytes })?;
        }
        let sizes_fit = width > 0 && first > 0 && first.is_power_of_two() && last.is_power_of_two() && last >= first;
        if !sizes_fit || bits > 64 || rows > 64 || id_len < 2 {
            return Err(cursor.wrong("tells of blocks that no heap has"));
        }
        let bytes_of = |most: u64| u8::try_from(most.max(1).ilog2() / 8 + 1).expect("at most 8");
        Ok(Heap {
            at,
            id_len,
            filters: pipeline,
            offset_len: u8::try_from(bits.div_ceil(8)).expect("at most 8"),
            length_len: bytes_of(last).min(bytes_of(most_managed.into())),
            huge,
            width,
            first,
            last,
            root,
            rows,
            stored,
            unpacked: RefCell::default(),
        })
    }
}

impl Heap {
    /// Puts records that hold ids, from this byte on, into the order of the objects in the file.
    pub fn sort(&self, records: &mut [Vec<u8>], from: usize) {
        let len = usize::from(self.offset_len);
        sort::by_key(records, |record| record.get(from + 1..from + 1 + len).map_or(0, number));
    }

    /// The bytes of the object of an id.
    pub fn object(&self, file: &File, id: &[u8]) -> Result<Vec<u8>> {
        let id =
            id.get(..self.id_len).ok_or_else(|| file.wrong(self.at, "An id is too short for its fractal heap."))?;
        let mut cursor = file.cursor("id of an object in a fractal heap", self.at, id);
        let first = cursor.u8()?;
        match first >> 4 & 3 {
            0 => {
                let (offset, len) = (cursor.number(self.offset_len)?, cursor.number(self.length_len)?);
                let place = self.managed(file, offset)?;
                if self.filters.is_empty() {
                    return file.bytes("object of a fractal heap", place.block.saturating_add(place.offset), len);
                }
                let block = self.block(file, &place)?;
                file.charge(len)?;
                let rest = usize::try_from(place.offset).ok().and_then(|offset| block.get(offset..));
                let object = rest.and_then(|rest| rest.get(..usize::try_from(len).ok()?));
                let past = || file.wrong(self.at, "An object of a fractal heap ends after its block.");
                object.map(<[u8]>::to_vec).ok_or_else(past)
            }
            1 => self.huge(file, cursor),
            2 => {
                // Up to 16 bytes have their length in 4 bits; where an id has room for more, it is in 12.
                let long = self.id_len > 18;
                let high = usize::from(first & 15);
                let len = if long { high << 8 | usize::from(cursor.u8()?) } else { high } + 1;
                cursor.take(len).map(<[u8]>::to_vec)
            }
            other => Err(cursor.unknown(format_args!("is of a kind that is not known here, {other}"))),
        }
    }

    /// Where what is so many bytes from the start of the heap is.
    fn managed(&self, file: &File, offset: u64) -> Result<Place> {
        let what = "table of a fractal heap";
        let nowhere = || file.wrong(self.at, format!("Byte {offset} of a fractal heap is in none of its blocks."));
        let mut block = self.root.ok_or_else(nowhere)?;
        let (mut size, mut stored) = (self.first, self.stored);
        // Bytes of the heap before the block.
        let (mut before, mut rows) = (0, self.rows);
        let offsets = u64::from(file.sizes().offset);
        // Where blocks are filtered, an entry tells of their stored bytes, too.
        let packed = if self.filters.is_empty() { 0 } else { u64::from(file.sizes().length) + 4 };
        while rows > 0 {
            let (row, column, start) = self.entry(offset - before, rows).ok_or_else(nowhere)?;
            let head = file.bytes(what, block, 4)?;
            file.cursor(what, block, &head).signature(*b"FHIB")?;
            let plain = (0..rows).take_while(|row| self.row_size(*row).is_some_and(|size| size <= self.last)).count();
            let number = row * self.width + column;
            let entry = block + 5 + offsets + u64::from(self.offset_len);
            let entry = entry + number * offsets + packed * number.min(plain as u64 * self.width);
            size = self.row_size(row).ok_or_else(nowhere)?;
            let is_plain = size <= self.last;
            let bytes = file.bytes(what, entry, offsets + if is_plain { packed } else { 0 })?;
            let mut cursor = file.cursor(what, entry, &bytes);
            block = cursor.address()?.ok_or_else(nowhere)?;
            if is_plain && packed > 0 {
                stored = (cursor.length()?, cursor.u32()?);
            }
            before += start;
            // The rows of a table are fewer than those of the one it stands in, as its bytes are.
            let inner = || self.rows_of(size).filter(|inner| *inner < rows).ok_or_else(nowhere);
            rows = if is_plain { 0 } else { inner()? };
        }
        if self.filters.is_empty() {
            let head = file.bytes("block of a fractal heap", block, 4)?;
            file.cursor("block of a fractal heap", block, &head).signature(*b"FHDB")?;
        }
        Ok(Place { block, size, stored, offset: offset - before })
    }

    /// The bytes of a filtered block.
    fn block(&self, file: &File, place: &Place) -> Result<Rc<Vec<u8>>> {
        if let Some((_, bytes)) = self.unpacked.borrow().as_ref().filter(|(at, _)| *at == place.block) {
            return Ok(bytes.clone());
        }
        let bytes = Rc::new(self.unpack(file, place.block, place.stored, place.size)?);
        self.unpacked.replace(Some((place.block, bytes.clone())));
        Ok(bytes)
    }

    /// Bytes as they were before the filters.
    fn unpack(&self, file: &File, at: u64, (stored, skipped): Stored, whole: u64) -> Result<Vec<u8>> {
        file.charge(whole)?;
        let bytes = file.bytes("filtered part of a fractal heap", at, stored)?;
        let whole = usize::try_from(whole).unwrap_or(usize::MAX);
        undo(&self.filters, skipped, bytes, whole).map_err(|error| {
            let message = format!("A part of a fractal heap cannot be read: {}.", error.message);
            Error { message, ..error }.at(file.place(at))
        })
    }

    /// Row and column of what is so many bytes from the start of a table, and where its block begins.
    fn entry(&self, offset: u64, rows: u64) -> Option<(u64, u64, u64)> {
        let mut start = 0u64;
        for row in 0..rows {
            let size = self.row_size(row)?;
            let all = size.checked_mul(self.width)?;
            if offset - start < all {
                let column = (offset - start) / size;
                return Some((row, column, start + column * size));
            }
            start = start.checked_add(all)?;
        }
        None
    }

    /// Bytes of a block in a row: two rows of the first size, then doubling.
    fn row_size(&self, row: u64) -> Option<u64> {
        let doublings = u32::try_from(row.saturating_sub(1)).ok()?;
        self.first.checked_mul(1u64.checked_shl(doublings)?)
    }

    /// Rows of a table of so many bytes.
    fn rows_of(&self, size: u64) -> Option<u64> {
        let first_row = self.first.checked_mul(self.width)?;
        Some(u64::from((size / first_row).checked_ilog2()?) + 1)
    }

    /// An object on its own: its address and length are in the id, or in a B-tree under the id's number.
    fn huge(&self, file: &File, mut cursor: Cursor<'_>) -> Result<Vec<u8>> {
        let sizes = file.sizes();
        let packed = if self.filters.is_empty() { 0 } else { 4 + sizes.length };
        if usize::from(sizes.offset + sizes.length + packed) < self.id_len {
            return self.alone(file, &mut cursor);
        }
        let key_len = u8::try_from(cursor.left()).unwrap_or(u8::MAX).min(sizes.length);
        let key = cursor.number(key_len)?;
        let missing = || file.wrong(self.at, format!("The fractal heap has no huge object {key}."));
        for record in file.records(self.huge.ok_or_else(missing)?)? {
            let end = record.len().saturating_sub(sizes.length.into());
            if number(&record[end..]) == key {
                return self.alone(file, &mut file.cursor("record of a huge object", self.at, &record));
            }
        }
        Err(missing())
    }

    /// An object whose address, bytes and, where there are filters, mask and bytes without them stand here.
    fn alone(&self, file: &File, cursor: &mut Cursor<'_>) -> Result<Vec<u8>> {
        let at = cursor.address()?.ok_or_else(|| cursor.wrong("leads nowhere"))?;
        let len = cursor.length()?;
        if self.filters.is_empty() {
            return file.bytes("huge object of a fractal heap", at, len);
        }
        let skipped = cursor.u32()?;
        self.unpack(file, at, (len, skipped), cursor.length()?)
    }
}
