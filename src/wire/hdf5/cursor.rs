//! The fields of one structure, one after the other.

use super::{address, number};
use crate::error::{Error, Result};

/// How many bytes addresses and lengths take in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of an address: 2, 4 or 8.
    pub offset: u8,
    /// Bytes of a length: 2, 4 or 8.
    pub length: u8,
}

/// A place inside the bytes of a structure.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The byte of the file at which the bytes begin.
    start: u64,
    /// What the structure is, for errors.
    what: &'a str,
    sizes: Sizes,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], start: u64, what: &'a str, sizes: Sizes) -> Self {
        Cursor { bytes, at: 0, start, what, sizes }
    }

    /// The byte of the file that is read next.
    pub fn place(&self) -> u64 {
        self.start.saturating_add(self.at as u64)
    }

    /// Bytes since the start.
    pub fn taken(&self) -> usize {
        self.at
    }

    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// An error about the structure, here.
    pub fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::malformed(format!("The {} {what}.", self.what)).at(self.place())
    }

    /// An error about the structure that a later version of the format may explain.
    pub fn unknown(&self, what: impl std::fmt::Display) -> Error {
        Error::unsupported(format!("The {} {what}.", self.what)).at(self.place())
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        if len > self.left() {
            return Err(self.wrong(format_args!("ends before its last field: {} bytes are left of {len}", self.left())));
        }
        let taken = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(taken)
    }

    /// As many bytes as a field of the file says.
    pub fn take_long(&mut self, len: u64) -> Result<&'a [u8]> {
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    pub fn skip(&mut self, len: usize) -> Result<()> {
        self.take(len).map(drop)
    }

    /// Goes on to the next multiple of 8 bytes from `from` on; at the end of the structure it may be missing.
    pub fn pad(&mut self, from: usize) {
        let rest = (self.at - from).next_multiple_of(8) - (self.at - from);
        self.at += rest.min(self.left());
    }

    pub fn number(&mut self, len: u8) -> Result<u64> {
        self.take(len.into()).map(number)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn u16(&mut self) -> Result<u16> {
        self.take(2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.take(4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// An address; `None` for the undefined one.
    pub fn address(&mut self) -> Result<Option<u64>> {
        self.take(self.sizes.offset.into()).map(address)
    }

    pub fn length(&mut self) -> Result<u64> {
        self.number(self.sizes.length)
    }

    /// What stands before the next NUL, which is passed over.
    pub fn until_nul(&mut self) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == 0);
        let len = len.ok_or_else(|| self.wrong("has a text without an end"))?;
        self.at += len + 1;
        Ok(&rest[..len])
    }

    /// Refuses a version that is not one of these.
    pub fn version(&mut self, known: std::ops::RangeInclusive<u8>) -> Result<u8> {
        let version = self.u8()?;
        if known.contains(&version) {
            return Ok(version);
        }
        self.at -= 1;
        let range = format!("{} to {}", known.start(), known.end());
        Err(self.unknown(format_args!("is of version {version}; versions {range} are read")))
    }

    /// Refuses a structure that begins otherwise.
    pub fn signature(&mut self, signature: [u8; 4]) -> Result<()> {
        if self.take(4)? == signature {
            return Ok(());
        }
        self.at -= 4;
        let signature = String::from_utf8_lossy(&signature).into_owned();
        Err(self.wrong(format_args!("does not begin with its signature {signature}")))
    }
}
