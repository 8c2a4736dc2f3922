//! The superblock: what is said of the file as a whole.

use super::cursor::{Cursor, Sizes};
use super::{lookup3, number};
use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec};

/// What a superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Its version, 0 to 3.
    pub version: u8,
    /// The byte at which it is: addresses count from here.
    pub base: u64,
    /// How wide addresses and lengths are.
    pub sizes: Sizes,
    /// How many bytes the file should have from `base` on.
    pub end: u64,
    /// The object header of the root group.
    pub root: u64,
    /// The object header of further facts about the file.
    pub extension: Option<u64>,
    /// Whether the file was not closed by what wrote it.
    pub writing: bool,
    /// The most symbols of a symbol node, and the most children of a group's version 1 B-tree.
    pub(super) symbols: u64,
    pub(super) children: u64,
}

/// What a superblock begins with.
pub const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// Where a superblock may be in a file of so many bytes: at the first, or behind a user block of 512 times a power of two.
pub fn places(size: u64) -> impl Iterator<Item = u64> {
    let last = size.checked_sub(SIGNATURE.len() as u64);
    let behind = std::iter::successors(Some(512u64), |place| place.checked_mul(2));
    std::iter::once(0).chain(behind).take_while(move |place| last.is_some_and(|last| *place <= last))
}

impl Superblock {
    /// Finds the superblock.
    ///
    /// # Errors
    ///
    /// `Malformed` if there is none or it is damaged, `Unsupported` if it is of an unknown version.
    pub fn find(source: &dyn ReadAt) -> Result<Self> {
        for base in places(source.size()) {
            if read_vec(source, base, SIGNATURE.len() as u64)? == SIGNATURE {
                return Self::read(source, base);
            }
        }
        Err(Error::malformed(
            "The signature of an HDF5 file is nowhere where it may be; the file may be cut off, or damaged by a transfer as text.",
        )
        .at(0))
    }

    fn read(source: &dyn ReadAt, base: u64) -> Result<Self> {
        // The longest one takes 100 bytes, the shortest 48.
        let bytes = read_vec(source, base, (source.size() - base).min(128))?;
        let what = "superblock";
        let wide = Sizes { offset: 8, length: 8 };
        let mut cursor = Cursor::new(&bytes, base, what, wide);
        cursor.skip(8)?;
        let version = cursor.version(0..=3)?;
        if version < 2 {
            cursor.skip(4)?;
        }
        let sizes = Sizes { offset: cursor.u8()?, length: cursor.u8()? };
        if [sizes.offset, sizes.length].iter().any(|size| ![2, 4, 8].contains(size)) {
            return Err(cursor.unknown(format_args!(
                "tells of addresses of {} bytes and lengths of {}; 2, 4 and 8 are read",
                sizes.offset, sizes.length
            )));
        }
        let rest = &bytes[cursor.taken()..];
        let mut cursor = Cursor::new(rest, cursor.place(), what, sizes);
        let mut found = Superblock {
            version,
            base,
            sizes,
            end: 0,
            root: 0,
            extension: None,
            writing: false,
            symbols: 8,
            children: 32,
        };
        let (own, root) = if version < 2 {
            found.read_first(&mut cursor)?
        } else {
            let places = found.read_later(&mut cursor)?;
            let summed = bytes.len() - cursor.left();
            if u64::from(lookup3(&bytes[..summed])) != number(cursor.take(4)?) {
                return Err(cursor.wrong("has another checksum than it says"));
            }
            places
        };
        // The end counts from the start of the file as it was written, the rest from the superblock.
        found.end = found.end.saturating_sub(own.unwrap_or(base));
        found.root = root.ok_or_else(|| cursor.wrong("tells of no root group"))?;
        Ok(found)
    }

    /// What versions 0 and 1 go on with; gives where they say that they are, and the root.
    fn read_first(&mut self, cursor: &mut Cursor<'_>) -> Result<(Option<u64>, Option<u64>)> {
        cursor.skip(1)?;
        self.symbols = 2 * u64::from(cursor.u16()?);
        self.children = 2 * u64::from(cursor.u16()?);
        if self.symbols == 0 || self.children == 0 {
            return Err(cursor.wrong("tells of groups that hold no link"));
        }
        cursor.skip(if self.version == 1 { 8 } else { 4 })?;
        let own = cursor.address()?;
        cursor.address()?;
        self.end = cursor.number(self.sizes.offset)?;
        cursor.address()?;
        cursor.address()?;
        Ok((own, cursor.address()?))
    }

    /// What versions 2 and 3 go on with, up to their checksum; gives the same.
    fn read_later(&mut self, cursor: &mut Cursor<'_>) -> Result<(Option<u64>, Option<u64>)> {
        // Only version 3 keeps these.
        self.writing = cursor.u8()? & 0b101 != 0 && self.version == 3;
        let own = cursor.address()?;
        self.extension = cursor.address()?;
        self.end = cursor.number(self.sizes.offset)?;
        Ok((own, cursor.address()?))
    }
}
