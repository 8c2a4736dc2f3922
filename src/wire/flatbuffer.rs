//! FlatBuffers: tables, lists and texts that are found by offsets, each read only when it is asked for.
//!
//! | what | bytes |
//! | --- | --- |
//! | the start | a 32-bit offset to the root table, 4 bytes that name the schema |
//! | table | how far before it its vtable begins, signed 32 bits; its fields |
//! | vtable | bytes of the vtable and of the table, 16 bits each; for each field, in 16 bits, how far behind the table's begin it is, 0 if it is absent |
//! | list, text | a 32-bit count; so many elements |
//!
//! All is little-endian. Tables, lists and texts are referred to by a 32-bit offset from the place where it stands on, never 0:
//! what is referred to lies behind, so nothing holds itself. But many may refer to the same part, so that a small file would
//! describe more than memory holds; therefore all that is read counts, each time, and has to be in proportion to the file.
//!
//! Nothing is known of schemas here: a reader asks for fields by their numbers.
//!
//! Specification: <https://flatbuffers.dev/internals/>.

use crate::error::{Error, Result};
use crate::limits;
use crate::source::{ReadAt, read_vec, require};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// A file of tables. Many small reads are made: it is to be given through [`crate::source::Pages`].
#[derive(Debug)]
pub struct Flatbuffer<'a> {
    source: &'a dyn ReadAt,
    /// What may still be read, by [`Flatbuffer::count`].
    room: Cell<u64>,
    /// The places of the fields of the vtables that were met: tables share them.
    vtables: RefCell<HashMap<u64, Rc<[u16]>>>,
}

/// What a table counts for, beside what is read of its fields.
const TABLE: u64 = 32;

impl<'a> Flatbuffer<'a> {
    /// The tables in `source`.
    pub fn new(source: &'a dyn ReadAt) -> Self {
        let room = source.size().saturating_add(limits::FLATBUFFER_SLACK).min(limits::FLATBUFFER);
        Flatbuffer { source, room: Cell::new(room), vtables: RefCell::default() }
    }

    /// The outermost table.
    ///
    /// # Errors
    ///
    /// `Malformed` if there is none.
    pub fn root(&self) -> Result<Table<'_>> {
        self.table(self.follow(0)?)
    }

    /// Counts `bytes` against what a file of this size may describe; for what a reader keeps, too.
    ///
    /// # Errors
    ///
    /// `TooLarge` beyond.
    pub fn count(&self, bytes: u64) -> Result<()> {
        let left = self.room.get().checked_sub(bytes).ok_or_else(|| {
            Error::too_large("The tables of the file describe more than fits into it: they refer to the same parts over and over, or are larger than is read here.")
        })?;
        self.room.set(left);
        Ok(())
    }

    /// The bytes of a list.
    ///
    /// # Errors
    ///
    /// As [`Flatbuffer::count`]; `Source` if they cannot be had.
    pub fn bytes(&self, list: List) -> Result<Vec<u8>> {
        self.count(list.len)?;
        read_vec(self.source, list.offset, list.len)
    }

    fn read<const N: usize>(&self, at: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_at(at, &mut bytes)?;
        Ok(bytes)
    }

    fn u32(&self, at: u64) -> Result<u32> {
        self.read(at).map(u32::from_le_bytes)
    }

    /// Where the offset that stands at a place leads.
    fn follow(&self, at: u64) -> Result<u64> {
        let offset = self.u32(at)?;
        if offset == 0 {
            return Err(Error::malformed("An offset leads to itself; the file is damaged.").at(at));
        }
        Ok(at + u64::from(offset))
    }

    fn table(&self, at: u64) -> Result<Table<'_>> {
        self.count(TABLE)?;
        let back = i64::from(i32::from_le_bytes(self.read(at)?));
        let vtable = at.checked_add_signed(-back).ok_or_else(|| {
            Error::malformed("The description of a table would lie before the file; the file is damaged.").at(at)
        })?;
        let known = self.vtables.borrow().get(&vtable).cloned();
        let fields = match known {
            Some(fields) => fields,
            None => self.vtable(vtable)?,
        };
        // The size of the table itself stands first.
        require(self.source, at, fields[0].into())?;
        Ok(Table { buffer: self, at, fields })
    }

    fn vtable(&self, at: u64) -> Result<Rc<[u16]>> {
        let len = u16::from_le_bytes(self.read(at)?);
        if len < 4 || len % 2 == 1 {
            return Err(Error::malformed(format!("{len} bytes describe a table; the file is damaged.")).at(at));
        }
        self.count(len.into())?;
        let bytes = read_vec(self.source, at + 2, u64::from(len) - 2)?;
        let fields: Rc<[u16]> = bytes.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
        self.vtables.borrow_mut().insert(at, fields.clone());
        Ok(fields)
    }

    /// A list of elements of so many bytes.
    fn list(&self, at: u64, width: u64) -> Result<List> {
        let count = u64::from(self.u32(at)?);
        let offset = at + 4;
        let len = count * width;
        require(self.source, offset, len)?;
        Ok(List { offset, len, count })
    }
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    buffer: &'a Flatbuffer<'a>,
    at: u64,
    /// Its size, then how far in each field is.
    fields: Rc<[u16]>,
}

/// Where the elements of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// The first byte.
    pub offset: u64,
    /// How many bytes; the file holds them.
    pub len: u64,
    /// How many elements.
    pub count: u64,
}

impl<'a> Table<'a> {
    /// The byte of the file at which it begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Where the field of this number is, if the table has it; it has to take `width` bytes.
    fn place(&self, field: usize, width: u16) -> Result<Option<u64>> {
        let Some(inside) = self.fields.get(field + 1).copied().filter(|inside| *inside > 0) else { return Ok(None) };
        if inside.checked_add(width).is_none_or(|end| end > self.fields[0]) {
            let message = format!("Field {field} of a table lies outside of it; the file is damaged.");
            return Err(Error::malformed(message).at(self.at));
        }
        Ok(Some(self.at + u64::from(inside)))
    }

    fn scalar<const N: usize>(&self, field: usize) -> Result<Option<[u8; N]>> {
        let width = u16::try_from(N).expect("at most 8");
        self.place(field, width)?.map(|at| self.buffer.read(at)).transpose()
    }

    /// A byte, 0 if the field is absent, as all numbers are.
    ///
    /// # Errors
    ///
    /// `Malformed` if the field lies outside of the table.
    pub fn u8(&self, field: usize) -> Result<u8> {
        self.scalar(field).map(|bytes| bytes.map_or(0, u8::from_le_bytes))
    }

    /// A whole number of 32 bits.
    ///
    /// # Errors
    ///
    /// As [`Table::u8`].
    pub fn u32(&self, field: usize) -> Result<u32> {
        self.scalar(field).map(|bytes| bytes.map_or(0, u32::from_le_bytes))
    }

    /// A whole number of 32 bits with a sign.
    ///
    /// # Errors
    ///
    /// As [`Table::u8`].
    pub fn i32(&self, field: usize) -> Result<i32> {
        self.u32(field).map(u32::cast_signed)
    }

    /// A whole number of 64 bits.
    ///
    /// # Errors
    ///
    /// As [`Table::u8`].
    pub fn u64(&self, field: usize) -> Result<u64> {
        self.scalar(field).map(|bytes| bytes.map_or(0, u64::from_le_bytes))
    }

    /// The table that a field refers to.
    ///
    /// # Errors
    ///
    /// `Malformed` where that is none.
    pub fn table(&self, field: usize) -> Result<Option<Table<'a>>> {
        let Some(at) = self.place(field, 4)? else { return Ok(None) };
        self.buffer.table(self.buffer.follow(at)?).map(Some)
    }

    /// The list that a field refers to, of elements of so many bytes; none of them is read.
    ///
    /// # Errors
    ///
    /// `Malformed` where the file ends before it.
    pub fn list(&self, field: usize, width: u64) -> Result<Option<List>> {
        let Some(at) = self.place(field, 4)? else { return Ok(None) };
        self.buffer.list(self.buffer.follow(at)?, width).map(Some)
    }

    /// The whole numbers of 32 bits in a list; none if it is absent.
    ///
    /// # Errors
    ///
    /// As [`Table::list`]; `TooLarge` beyond what such a file may describe.
    pub fn i32s(&self, field: usize) -> Result<Vec<i32>> {
        let Some(list) = self.list(field, 4)? else { return Ok(Vec::new()) };
        let bytes = self.buffer.bytes(list)?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    /// A text; what is no UTF-8 is replaced.
    ///
    /// # Errors
    ///
    /// As [`Table::i32s`].
    pub fn text(&self, field: usize) -> Result<Option<String>> {
        let Some(list) = self.list(field, 1)? else { return Ok(None) };
        self.buffer.bytes(list).map(super::lossy).map(Some)
    }

    /// A list of tables; an empty one if it is absent.
    ///
    /// # Errors
    ///
    /// As [`Table::list`].
    pub fn tables(&self, field: usize) -> Result<Tables<'a>> {
        let list = self.list(field, 4)?.unwrap_or(List { offset: 0, len: 0, count: 0 });
        Ok(Tables { buffer: self.buffer, list })
    }
}

/// A list of tables.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    buffer: &'a Flatbuffer<'a>,
    list: List,
}

impl<'a> Tables<'a> {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.list.count
    }

    /// The table of this index; `None` if there are not so many.
    ///
    /// # Errors
    ///
    /// `Malformed` where there is no table.
    pub fn get(&self, index: u64) -> Result<Option<Table<'a>>> {
        if index >= self.list.count {
            return Ok(None);
        }
        self.buffer.table(self.buffer.follow(self.list.offset + 4 * index)?).map(Some)
    }

    /// All of them, one after the other.
    pub fn iter(self) -> impl Iterator<Item = Result<Table<'a>>> {
        (0..self.list.count).map_while(move |index| self.get(index).transpose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    /// A root table at 16 whose vtable at 8 has these fields, with these bytes behind its first 4.
    fn table(fields: &[u16], bytes: &[u8]) -> Vec<u8> {
        let vtable = u16::try_from(4 + 2 * fields.len()).unwrap();
        let start = 8 + u32::from(vtable);
        let mut file = [start.to_le_bytes(), *b"TEST"].concat();
        file.extend(vtable.to_le_bytes());
        file.extend(u16::try_from(4 + bytes.len()).unwrap().to_le_bytes());
        file.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        file.extend(i32::from(vtable).to_le_bytes());
        file.extend(bytes);
        file
    }

    #[test]
    fn reads_fields_and_what_they_refer_to() {
        let mut file = table(&[4, 0, 8, 12], &[7, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0]);
        file.extend([3, 0, 0, 0, b'a', b'b', b'c', 0]);
        let file = file.as_slice();
        let buffer = Flatbuffer::new(&file);
        let root = buffer.root().unwrap();
        assert_eq!((root.u8(0), root.u32(1), root.i32(2), root.u64(9)), (Ok(7), Ok(0), Ok(9), Ok(0)));
        assert_eq!(root.text(3).unwrap().as_deref(), Some("abc"));
        assert_eq!(root.list(3, 1).unwrap().unwrap().count, 3);
        assert_eq!((root.text(1).unwrap(), root.tables(1).unwrap().count()), (None, 0));
        // Three times four bytes are not there; nor are 8 for the last field.
        assert_eq!(root.i32s(3).unwrap_err().kind, Kind::Malformed);
        assert_eq!(root.u64(3).unwrap_err().kind, Kind::Malformed);
    }

    #[test]
    fn lying_offsets_are_refused() {
        let good = table(&[4], &[4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let refused = |at: usize, bytes: &[u8]| {
            let mut file = good.clone();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            let file = file.as_slice();
            let buffer = Flatbuffer::new(&file);
            buffer.root().and_then(|root| root.text(0)).unwrap_err().kind == Kind::Malformed
        };
        for (at, bytes) in [
            (0, &[0; 4][..]),
            (0, &[0xff; 4]),
            (8, &[3, 0]),
            (8, &[0xff, 0xff]),
            (8, &[2, 0]),
            (10, &[0xff, 0xff]),
            (10, &[6, 0]),
            (12, &[0xff, 0xff]),
            (14, &[0xff, 0xff, 0xff, 0x7f]),
            (14, &[0, 0, 0, 0x80]),
            (18, &[0; 4]),
            (18, &[0xff; 4]),
            // The text is longer than the file.
            (18, &[4, 0, 0, 0]),
        ] {
            assert!(refused(at, bytes), "{bytes:?} at {at}");
        }
    }

    #[test]
    fn a_part_that_many_refer_to_counts_each_time() {
        // A list of a million tables, all of them one that lies behind it.
        let count = 1_000_000u32;
        let mut file = table(&[4], &[4, 0, 0, 0]);
        file.extend(count.to_le_bytes());
        let end = 4 * count + 4;
        for index in 0..count {
            file.extend((end - 4 * index).to_le_bytes());
        }
        file.extend([4, 0, 4, 0, 4, 0, 0, 0]);
        let file = file.as_slice();
        let buffer = Flatbuffer::new(&file);
        let tables = buffer.root().unwrap().tables(0).unwrap();
        assert_eq!(tables.get(count.into()).unwrap().map(|table| table.at()), None);
        let read: Vec<_> = tables.iter().take_while(Result::is_ok).collect();
        assert!(read.len() > 200_000 && read.len() < 300_000, "{}", read.len());
    }
}
