//! Blocks of an index that end in a checksum.

use crate::error::{Error, Result};
use crate::source::{Pages, ReadAt, read_vec};
use crate::wire::hdf5::{lookup3, number};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many blocks are kept.
const KEPT: usize = 16;

/// Reads blocks and checks their sums; those that were read last are kept.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    pub source: Pages<&'a dyn ReadAt>,
    kept: RefCell<VecDeque<(u64, Rc<[u8]>)>>,
}

impl<'a> Blocks<'a> {
    pub fn new(source: &'a dyn ReadAt) -> Self {
        Blocks { source: Pages::new(source), kept: RefCell::default() }
    }

    /// The `len` bytes from `at` on and the checksum of 4 bytes behind them, which fits.
    pub fn read(&self, at: u64, len: u64) -> Result<Rc<[u8]>> {
        if let Some((_, block)) =
            self.kept.borrow().iter().find(|(known, block)| *known == at && block.len() as u64 == len)
        {
            return Ok(block.clone());
        }
        let too_long = || Error::malformed("A block of a chunk index is longer than any file.").at(at);
        let mut bytes = read_vec(&self.source, at, len.checked_add(4).ok_or_else(too_long)?)?;
        let sum = bytes.split_off(bytes.len() - 4);
        if u64::from(lookup3(&bytes)) != number(&sum) {
            return Err(Error::malformed("The checksum of a part of the chunk index does not fit its bytes.").at(at));
        }
        let block: Rc<[u8]> = bytes.into();
        let mut kept = self.kept.borrow_mut();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((at, block.clone()));
        Ok(block)
    }

    /// The same, of a block that begins with this signature, version 0, the client's number and the address of its header.
    pub fn read_part(&self, at: u64, len: u64, signature: [u8; 4], start: &Start) -> Result<Rc<[u8]>> {
        let block = self.read(at, len)?;
        let expected =
            [&signature[..], &[0, start.client], &start.header.to_le_bytes()[..usize::from(start.offset_size)]];
        if !block.starts_with(&expected.concat()) {
            return Err(Error::malformed(format!(
                "There is no {} of this chunk index.",
                String::from_utf8_lossy(&signature)
            ))
            .at(at));
        }
        Ok(block)
    }
}

/// What all blocks of an array begin with, behind their signature.
#[derive(Debug)]
pub(super) struct Start {
    pub client: u8,
    pub header: u64,
    pub offset_size: u8,
}

impl Start {
    /// How many bytes that is, with the signature.
    pub fn len(&self) -> u64 {
        6 + u64::from(self.offset_size)
    }
}

/// What an index says of one chunk: where it is, how many bytes are stored of it, and which filters it went without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub address: u64,
    pub size: u64,
    pub skipped: u32,
}

/// How entries of an array or of a version 2 B-tree are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entries {
    offset_size: usize,
    /// Bytes of the stored size; `None` where there are no filters.
    size_size: Option<usize>,
    /// The bytes of a chunk.
    whole: u64,
}

impl Entries {
    /// Entries of `len` bytes.
    pub fn new(len: u64, offset_size: u8, filtered: bool, whole: u64) -> Result<Self> {
        let wrong = || Error::malformed(format!("An entry of {len} bytes tells of no chunk."));
        let offset_size = usize::from(offset_size);
        let rest = usize::try_from(len).ok().and_then(|len| len.checked_sub(offset_size)).ok_or_else(wrong)?;
        let size_size = match filtered {
            false if rest == 0 => None,
            true if (5..=12).contains(&rest) => Some(rest - 4),
            _ => return Err(wrong()),
        };
        Ok(Entries { offset_size, size_size, whole })
    }

    /// Bytes of an entry.
    pub fn len(&self) -> u64 {
        (self.offset_size + self.size_size.map_or(0, |size| size + 4)) as u64
    }

    /// What the entry says; `None` if the chunk was never written.
    pub fn parse(&self, bytes: &[u8]) -> Option<Entry> {
        let (address, rest) = bytes.split_at(self.offset_size);
        let address = crate::wire::hdf5::address(address)?;
        let Some(size_size) = self.size_size else { return Some(Entry { address, size: self.whole, skipped: 0 }) };
        let (size, skipped) = rest.split_at(size_size);
        let skipped = u32::try_from(number(skipped)).unwrap_or(u32::MAX);
        Some(Entry { address, size: number(size), skipped })
    }

    /// The entry at a place of a list.
    pub fn nth(&self, list: &[u8], index: u64) -> Option<Entry> {
        let start = usize::try_from(index.checked_mul(self.len())?).ok()?;
        let len = usize::try_from(self.len()).ok()?;
        self.parse(list.get(start..start.checked_add(len)?)?)
    }
}

/// Whether a bit is set, the first one being the highest of its byte.
pub(super) fn bit(bits: &[u8], index: u64) -> bool {
    let byte = usize::try_from(index / 8).ok().and_then(|at| bits.get(at));
    byte.is_some_and(|byte| byte << (index % 8) & 0x80 != 0)
}
