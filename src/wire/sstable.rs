//! Sorted tables of keys and values: LevelDB's files, in which TensorFlow keeps its checkpoints.
//!
//! | what | bytes |
//! | --- | --- |
//! | data blocks | each with a type (0 as it is, 1 snappy) and a masked CRC-32C of block and type behind it |
//! | index block | a block like the others: where each data block is, as two varints |
//! | footer | 48 bytes: where the meta index and the index are, zeros, and a magic number in the last 8 |
//!
//! A block is a run of entries: three varints (how many bytes of the key before are shared, how many follow, how many bytes the
//! value has), the rest of the key, the value. Behind them the places at which nothing is shared, and their number, each of 4 bytes.
//!
//! Specification: <https://github.com/google/leveldb/blob/main/doc/table_format.md>.

use super::crc32c;
use super::protobuf::varint;
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::source::{ReadAt, read_vec};

/// The last 8 bytes of a table.
pub const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();

/// Bytes of the footer.
pub const FOOTER: u64 = 48;

/// The type and the checksum behind a block.
const TRAILER: u64 = 5;

/// Where a value is in the file, or a block without its trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first byte.
    pub at: u64,
    /// How many bytes it has.
    pub len: u64,
}

/// A table whose index was read.
#[derive(Debug)]
pub struct Table<'a> {
    source: &'a dyn ReadAt,
    blocks: Vec<Place>,
}

impl<'a> Table<'a> {
    /// Reads the footer and the index of a table. Small reads are made: a file is best given through
    /// [`crate::source::Pages`].
    ///
    /// # Errors
    ///
    /// `Malformed` if it is no table or its index is damaged.
    pub fn open(source: &'a dyn ReadAt) -> Result<Self> {
        let size = source.size();
        if size < FOOTER {
            return Err(Error::malformed(format!(
                "The file has {size} bytes, too few for the footer of a table; it may not have been copied or downloaded whole."
            )));
        }
        let end = size - FOOTER;
        let footer = read_vec(source, end, FOOTER)?;
        let (mut handles, magic) = footer.split_at(footer.len() - MAGIC.len());
        if magic != MAGIC {
            let message =
                "The footer does not end in the magic number of a table; the file is cut off or is something else.";
            return Err(Error::malformed(message).at(size - MAGIC.len() as u64));
        }
        let mut table = Table { source, blocks: Vec::new() };
        // The place of the meta index, which has nothing that is needed here, stands first.
        handle(&mut handles).map_err(|error| error.at(end))?;
        let index = handle(&mut handles).map_err(|error| error.at(end))?;
        table.require(index, "index block", end)?;
        let bytes = table.read(index)?;
        let (mut keys, mut before) = (Keys::new(size), 0);
        let located = |error: Error| Error { offset: None, ..error }.at(index.at);
        let bytes = bytes.as_slice();
        let mut run = Run::new(&bytes, 0, bytes.len() as u64).map_err(located)?;
        while let Some(value) = keys.step(&mut run).map_err(located)? {
            let value = read_vec(&bytes, value.at, value.len).map_err(located)?;
            let block = handle(&mut value.as_slice()).map_err(located)?;
            table.require(block, "data block", index.at)?;
            if block.at < before || block.at + block.len + TRAILER > index.at {
                return Err(Error::malformed(format!(
                    "The index lists a block at byte {} that overlaps another one, or the index itself.",
                    block.at
                ))
                .at(index.at));
            }
            before = block.at + block.len + TRAILER;
            table.blocks.push(block);
        }
        Ok(table)
    }

    fn require(&self, block: Place, what: &str, noted: u64) -> Result<()> {
        let end = self.source.size() - FOOTER;
        match block.at.checked_add(block.len).and_then(|last| last.checked_add(TRAILER)) {
            Some(last) if last <= end => Ok(()),
            _ => Err(Error::malformed(format!(
                "The {what} is said to have {} bytes from byte {} on, but the footer begins at byte {end}; the file is damaged or was not copied whole.",
                block.len, block.at
            ))
            .at(noted)),
        }
    }

    /// The contents of a block, unpacked, once its checksum was compared.
    fn read(&self, block: Place) -> Result<Vec<u8>> {
        if block.len > limits::TABLE_BLOCK {
            let (len, cap) = (block.len, limits::TABLE_BLOCK);
            return Err(Error::too_large(format!("A block has {len} bytes, at most {cap} are read.")).at(block.at));
        }
        let mut bytes = read_vec(self.source, block.at, block.len + TRAILER)?;
        let sum = bytes.split_off(bytes.len() - 4);
        if crc32c::of(&bytes) != crc32c::unmasked(u32::from_le_bytes(sum.try_into().expect("four bytes"))) {
            let message =
                "The checksum of a block is wrong: some of its bytes are damaged; copy or download the file again.";
            return Err(Error::malformed(message).at(block.at));
        }
        match bytes.pop() {
            Some(AS_IT_IS) => Ok(bytes),
            Some(SNAPPY) => unpacked(&bytes).map_err(|error| error.at(block.at)),
            kind => {
                let message = format!("A block is of type {}, of which nothing is known.", kind.unwrap_or_default());
                Err(Error::unsupported(message).at(block.at + block.len))
            }
        }
    }

    /// Hands over all keys and values, in order. Every block is read whole, and its checksum compared.
    ///
    /// # Errors
    ///
    /// `Malformed` where a block is damaged or keys are not in order; `TooLarge` beyond caps of [`limits`]; those of `take`.
    pub fn each(&self, mut take: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        let mut keys = Keys::new(self.source.size());
        for block in &self.blocks {
            let bytes = self.read(*block)?;
            let bytes = bytes.as_slice();
            let mut step = || -> Result<()> {
                let mut run = Run::new(&bytes, 0, bytes.len() as u64)?;
                while let Some(value) = keys.step(&mut run)? {
                    let start = usize::try_from(value.at).expect("inside the block");
                    let len = usize::try_from(value.len).expect("inside the block");
                    take(&keys.last, &bytes[start..start + len])?;
                }
                Ok(())
            };
            // What was noticed inside an unpacked block has no byte of the file.
            step().map_err(|error| Error { offset: None, ..error }.at(block.at))?;
        }
        Ok(())
    }

    /// Hands over all keys, in order, and where their values are, which are not read. Checksums are compared of the first blocks
    /// only, up to `waste` bytes. Blocks that are packed are left out; how many is returned.
    ///
    /// # Errors
    ///
    /// As [`Table::each`].
    pub fn each_place(&self, mut waste: u64, mut take: impl FnMut(&[u8], Place) -> Result<()>) -> Result<usize> {
        let (mut keys, mut packed) = (Keys::new(self.source.size()), 0);
        for block in &self.blocks {
            if let Some(left) = waste.checked_sub(block.len) {
                waste = left;
                self.read(*block)?;
            }
            let mut kind = [0];
            self.source.read_at(block.at + block.len, &mut kind)?;
            if kind != [AS_IT_IS] {
                packed += 1;
                continue;
            }
            let mut run = Run::new(self.source, block.at, block.len)?;
            while let Some(value) = keys.step(&mut run)? {
                take(&keys.last, value)?;
            }
        }
        Ok(packed)
    }
}

/// The type of a block whose bytes are its contents.
const AS_IT_IS: u8 = 0;

/// The type of a block that is packed with snappy.
const SNAPPY: u8 = 1;

/// The place of a block as two varints.
fn handle(bytes: &mut &[u8]) -> Result<Place> {
    let wrong = |_| Error::malformed("The place of a block is not told by two whole numbers; the file is damaged.");
    Ok(Place { at: varint(bytes).map_err(wrong)?, len: varint(bytes).map_err(wrong)? })
}

/// What snappy makes of some bytes.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
    let damaged = |error: snap::Error| {
        Error::malformed(format!(
            "A block that is packed with snappy cannot be unpacked ({error}); the file is damaged."
        ))
    };
    let len = snap::raw::decompress_len(bytes).map_err(damaged)? as u64;
    // 3 bytes stand for at most 64.
    if len > limits::TABLE_BLOCK || len / 22 > bytes.len() as u64 {
        return Err(Error::malformed(format!(
            "A block of {} bytes, packed with snappy, is said to unpack to {len}, which is too much.",
            bytes.len()
        )));
    }
    snap::raw::Decoder::new().decompress_vec(bytes).map_err(damaged)
}

/// The entries of a block that are still to come.
struct Run<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    end: u64,
    /// Whether none was read yet.
    first: bool,
}

impl<'a> Run<'a> {
    /// The entries of the block in `len` bytes from `at` on.
    fn new(source: &'a dyn ReadAt, at: u64, len: u64) -> Result<Self> {
        let wrong = |restarts: u64| {
            Error::malformed(format!(
                "A block of {len} bytes cannot have {restarts} restart points; the file is damaged."
            ))
            .at(at)
        };
        let mut count = [0; 4];
        let behind = len.checked_sub(4).ok_or_else(|| wrong(0))?;
        source.read_at(at + behind, &mut count)?;
        let count = u64::from(u32::from_le_bytes(count));
        let entries = behind.checked_sub(4 * count).filter(|_| count > 0).ok_or_else(|| wrong(count))?;
        Ok(Run { source, at, end: at + entries, first: true })
    }
}

/// The keys of a table as they go by: each shares its beginning with the one before.
struct Keys {
    last: Vec<u8>,
    count: u64,
    /// What the keys may still take if all are kept.
    room: u64,
    /// How many may still come.
    most: u64,
}

impl Keys {
    fn new(size: u64) -> Self {
        let most = limits::TABLE_ENTRIES + size / limits::TABLE_ENTRY;
        Keys { last: Vec::new(), count: 0, room: limits::TABLE_KEYS.saturating_add(size.saturating_mul(2)), most }
    }

    /// Takes the next entry; its key is the last one then.
    fn step(&mut self, run: &mut Run<'_>) -> Result<Option<Place>> {
        if run.at == run.end {
            return Ok(None);
        }
        let at = run.at;
        let mut near = [0; 30];
        let len = usize::try_from(run.end - at).unwrap_or(usize::MAX).min(near.len());
        run.source.read_at(at, &mut near[..len])?;
        let mut rest = &near[..len];
        let cut = |_| Error::malformed("An entry of a block ends before its key does; the file is damaged.").at(at);
        let (shared, fresh, value) =
            (varint(&mut rest).map_err(cut)?, varint(&mut rest).map_err(cut)?, varint(&mut rest).map_err(cut)?);
        let start = at + (len - rest.len()) as u64;
        let left = run.end - start;
        let before = if run.first { 0 } else { self.last.len() as u64 };
        if shared > before {
            let message = format!("A key is said to begin with {shared} bytes of the key before, which has {before}.");
            return Err(Error::malformed(message).at(at));
        }
        if fresh > left {
            let message = format!("A key is said to have {fresh} more bytes where its block has {left} left.");
            return Err(Error::malformed(message).at(at));
        }
        if value > left - fresh {
            return Err(Error::malformed(format!(
                "The value of a key is said to have {value} bytes where its block has {} left.",
                left - fresh
            ))
            .at(at));
        }
        if self.count == self.most {
            return Err(Error::too_large(format!("The table has more than {} entries.", self.most)).at(at));
        }
        self.room = self.room.checked_sub(shared + fresh).ok_or_else(|| {
            Error::too_large("The keys of the table take more memory than a table of this size should need.").at(at)
        })?;
        let shared = usize::try_from(shared).expect("no longer than a key in memory");
        let more = read_vec(run.source, start, fresh)?;
        // Beyond what it shares a key has to be greater than the one before, which the last block may have had.
        if self.count > 0 && more.as_slice() <= &self.last[shared..] {
            let name = quoted(&String::from_utf8_lossy(&self.last));
            let duplicate = more == self.last[shared..];
            let what = if duplicate { "there is a duplicate of it" } else { "what follows it is not in order" };
            return Err(
                Error::malformed(format!("The key {name:?} is wrong: {what}; the file contradicts itself.")).at(at)
            );
        }
        self.last.truncate(shared);
        self.last.extend(more);
        self.count += 1;
        run.first = false;
        run.at = start + fresh + value;
        Ok(Some(Place { at: start + fresh, len: value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    /// A block of these entries, nothing shared, as it stands in a file.
    fn block(entries: &[(&[u8], Vec<u8>)], packed: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in entries {
            bytes.extend([0, u8::try_from(key.len()).unwrap(), u8::try_from(value.len()).unwrap()]);
            bytes.extend(*key);
            bytes.extend(value);
        }
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0]);
        if packed {
            bytes = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        }
        bytes.push(u8::from(packed));
        let sum = crc32c::of(&bytes).rotate_right(15).wrapping_add(0xa282_ead8);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    fn number(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        bytes.push(u8::try_from(value).unwrap());
        bytes
    }

    /// A table of these blocks.
    fn table(blocks: &[Vec<u8>]) -> Vec<u8> {
        let (mut bytes, mut handles) = (Vec::new(), Vec::new());
        for (index, block) in blocks.iter().enumerate() {
            let key = [u8::try_from(index).unwrap()];
            handles.push((key, [number(bytes.len()), number(block.len() - 5)].concat()));
            bytes.extend(block);
        }
        let handles: Vec<(&[u8], Vec<u8>)> = handles.iter().map(|(key, value)| (&key[..], value.clone())).collect();
        let index = block(&handles, false);
        let mut footer = [vec![0, 0], number(bytes.len()), number(index.len() - 5)].concat();
        footer.resize(40, 0);
        [bytes, index, footer, MAGIC.to_vec()].concat()
    }

    fn entries(bytes: Vec<u8>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let memory = Memory::new(bytes);
        let mut found = Vec::new();
        Table::open(&memory)?.each(|key, value| {
            found.push((key.to_vec(), value.to_vec()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn packed_blocks_are_unpacked() {
        let first: [(&[u8], Vec<u8>); 2] = [(b"a", vec![7; 100]), (b"b", vec![1, 2])];
        let second: [(&[u8], Vec<u8>); 1] = [(b"ba", Vec::new())];
        for packed in [false, true] {
            let bytes = table(&[block(&first, packed), block(&second, false)]);
            let found = entries(bytes.clone()).unwrap();
            assert_eq!(found, [(b"a".to_vec(), vec![7; 100]), (b"b".to_vec(), vec![1, 2]), (b"ba".to_vec(), vec![])]);
            let memory = Memory::new(bytes);
            let mut places = Vec::new();
            let left_out = Table::open(&memory).unwrap().each_place(0, |key, place| {
                places.push((key.to_vec(), place.len));
                Ok(())
            });
            assert_eq!(left_out.unwrap(), usize::from(packed));
            assert_eq!(places.last(), Some(&(b"ba".to_vec(), 0)));
            assert_eq!(places.len(), if packed { 1 } else { 3 });
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sound = table(&[block(&[(b"a", vec![1, 2, 3]), (b"b", vec![4])], false)]);
        // Behind the places in the footer nothing is told by its filling.
        let told = sound.len() - usize::try_from(FOOTER).unwrap();
        for at in 0..told {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            assert!(entries(bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn keys_stay_in_order_from_block_to_block() {
        let blocks = |key: &'static [u8]| table(&[block(&[(b"b", vec![])], false), block(&[(key, vec![])], true)]);
        assert!(entries(blocks(b"b")).unwrap_err().message.contains("duplicate"));
        assert!(entries(blocks(b"a")).unwrap_err().message.contains("order"));
        assert_eq!(entries(blocks(b"c")).unwrap().len(), 2);
    }

    #[test]
    fn shared_beginnings_do_not_fill_memory() {
        // Each key is one byte longer than the one before: a megabyte of them would take a terabyte.
        let mut bytes = vec![0, 1, 0, b'a'];
        for len in 1..200_000 {
            bytes.extend(number(len));
            bytes.extend([1, 0, b'a']);
        }
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 0]);
        let sum = crc32c::of(&bytes).rotate_right(15).wrapping_add(0xa282_ead8);
        bytes.extend(sum.to_le_bytes());
        assert!(entries(table(&[bytes])).unwrap_err().message.contains("memory"));
    }
}
