use super::inflated::Inflated;
use crate::error::{Error, Result, quoted};
use crate::source::{ReadAt, read_vec, require};
use crc::{CRC_32_ISO_HDLC, Crc};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// The checksum of entries. Its table takes 1 KiB, those of faster ones 16 in every page; a few megabytes are summed at most.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The fixed part of a local header.
pub(super) const LOCAL: u64 = 30;

/// How an entry's bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As they are.
    Stored,
    /// Compressed.
    Deflated,
}

/// One entry, as the directory has it.
#[derive(Debug)]
pub struct Entry {
    /// Its name with `/` between folders; text, never a path to write to.
    pub name: String,
    /// How its bytes are kept.
    pub method: Method,
    /// Bytes it takes in the archive.
    pub packed: u64,
    /// Bytes it has.
    pub size: u64,
    /// CRC-32 of its bytes.
    pub crc: u32,
    pub(super) name_len: u64,
    pub(super) header_at: u64,
    /// Whether sizes may be missing from the local header, because they follow the data.
    pub(super) sizes_follow: bool,
    /// Where its bytes begin, once its local header was checked.
    pub(super) data_at: OnceCell<u64>,
    /// Whether all its bytes were read and have its checksum.
    pub(super) verified: Cell<bool>,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

impl Entry {
    /// The end of the local header's name.
    pub(super) fn local_end(&self) -> u64 {
        self.header_at + LOCAL + self.name_len
    }

    /// Checks the local header at the start of `bytes` against the directory; returns where the entry's bytes begin.
    pub(super) fn check_local(&self, bytes: &[u8]) -> Result<u64> {
        let differs = |what: &str| {
            Error::malformed(format!(
                "The local header of entry {:?} {what}; the zip archive contradicts itself.",
                quoted(&self.name)
            ))
            .at(self.header_at)
        };
        if !bytes.starts_with(b"PK\x03\x04") {
            return Err(differs("does not begin with its mark"));
        }
        let method = if self.method == Method::Stored { 0 } else { 8 };
        if u16_at(bytes, 8) != method {
            return Err(differs("names another method than the directory"));
        }
        let sizes = [(u32_at(bytes, 18), self.packed), (u32_at(bytes, 22), self.size)];
        for (local, size) in sizes {
            let follows = self.sizes_follow && local == 0;
            let elsewhere = local == u32::MAX;
            if !(follows || elsewhere || u64::from(local) == size) {
                return Err(differs(&format!("gives a size of {local} bytes, the directory {size}")));
            }
        }
        let name_end = usize::try_from(LOCAL + self.name_len).expect("a name is below 64 KiB");
        let same_length = u64::from(u16_at(bytes, 26)) == self.name_len;
        if !same_length || String::from_utf8_lossy(&bytes[usize::try_from(LOCAL).expect("30")..name_end]) != self.name {
            return Err(differs("has another name than the directory"));
        }
        let data = self.local_end() + u64::from(u16_at(bytes, 28));
        Ok(*self.data_at.get_or_init(|| data))
    }

    /// Where the entry's bytes begin in the archive; reads and checks its local header unless that was done.
    ///
    /// # Errors
    ///
    /// `Malformed` if the local header disagrees with the directory.
    pub fn data_offset(&self, source: &dyn ReadAt) -> Result<u64> {
        if let Some(data) = self.data_at.get() {
            return Ok(*data);
        }
        self.check_local(&read_vec(source, self.header_at, LOCAL + self.name_len)?)
    }

    /// The entry's bytes as a source of their own; the archive is touched only when they are read.
    pub fn open(self: &Rc<Self>, source: &Rc<dyn ReadAt>) -> Rc<dyn ReadAt> {
        match self.method {
            Method::Stored => Rc::new(Stored { archive: source.clone(), entry: self.clone() }),
            Method::Deflated => Rc::new(Inflated::new(source.clone(), self.clone())),
        }
    }

    /// All bytes, their checksum compared unless it is 0.
    ///
    /// # Errors
    ///
    /// `TooLarge` beyond `cap` bytes, `Malformed` if they do not inflate to their size or the CRC is wrong.
    pub fn read_all(self: &Rc<Self>, source: &Rc<dyn ReadAt>, cap: u64) -> Result<Vec<u8>> {
        let bytes = self.read_unchecked(source, cap)?;
        if self.crc != 0 && !self.matches(&bytes) {
            return Err(Error::malformed(format!(
                "The CRC of {:?} is wrong: some of its bytes are damaged; copy or download the file again.",
                quoted(&self.name)
            ))
            .at(self.header_at));
        }
        // Without a checksum of its own nothing was compared.
        self.verified.set(self.crc != 0);
        Ok(bytes)
    }

    /// All bytes, whatever their checksum.
    pub(super) fn read_unchecked(self: &Rc<Self>, source: &Rc<dyn ReadAt>, cap: u64) -> Result<Vec<u8>> {
        if self.size > cap {
            return Err(Error::too_large(format!(
                "{:?} has {} bytes, at most {cap} are read of such a record.",
                quoted(&self.name),
                self.size
            ))
            .at(self.header_at));
        }
        // What a record is said to inflate to is believed only as far as deflate can do: 1032 to 1.
        if self.method == Method::Deflated && self.size / 1032 > self.packed.saturating_add(1) {
            return Err(Error::malformed(format!(
                "{:?} is said to have a size of {} bytes, more than its {} packed ones can inflate to.",
                quoted(&self.name),
                self.size,
                self.packed
            ))
            .at(self.header_at));
        }
        read_vec(&*self.open(source), 0, self.size)
    }

    /// Whether the bytes have the entry's checksum.
    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        CRC.checksum(bytes) == self.crc
    }
}

/// A stored entry's bytes.
#[derive(Debug)]
struct Stored {
    archive: Rc<dyn ReadAt>,
    entry: Rc<Entry>,
}

impl ReadAt for Stored {
    fn size(&self) -> u64 {
        self.entry.size
    }

    fn place(&self) -> Option<u64> {
        self.archive.place()?.checked_add(*self.entry.data_at.get()?)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        self.archive.read_at(self.entry.data_offset(&*self.archive)? + offset, buf)
    }
}
