//! Tar archives: the names of their files, and where they lie.
//!
//! | offset | bytes | meaning |
//! | --- | --- | --- |
//! | 0 | 100 | the name, padded with NUL |
//! | 124 | 12 | the size, in octal digits |
//! | 148 | 8 | the sum of the header's bytes, these taken for spaces, in octal digits |
//! | 156 | 1 | the kind: `0` or NUL for a file, `x` and `g` for further facts about the next one or all |
//! | 257 | 5 | `ustar` |
//!
//! Each header and each file begins at a multiple of 512 bytes. Specification: POSIX.1-2001, `pax`.

use crate::error::{Error, Result, quoted};
use crate::source::{ReadAt, read_vec};

const BLOCK: u64 = 512;

/// The most files that are listed: those that are looked for are few.
const FILES: usize = 10_000;

/// One file of an archive.
#[derive(Debug, PartialEq)]
pub struct Member {
    /// Its name; text, never a path to write to.
    pub name: String,
    /// Its first byte in the archive.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u64,
}

/// Whether a file begins as a tar archive does.
pub fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// The plain files of an archive.
///
/// # Errors
///
/// `Malformed`, with the offset, for a header whose sum or size is wrong, and for a file that is cut off.
pub fn members(source: &dyn ReadAt) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut at = 0u64;
    while at.saturating_add(BLOCK) <= source.size() && members.len() < FILES {
        let header = read_vec(source, at, BLOCK)?;
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let name = String::from_utf8_lossy(until_nul(&header[..100])).into_owned();
        let wrong = |what: &str| {
            Error::malformed(format!("The tar archive is damaged: the header of {:?} {what}.", quoted(&name))).at(at)
        };
        let sum = header.iter().enumerate().map(|(place, byte)| match place {
            148..156 => u64::from(b' '),
            _ => u64::from(*byte),
        });
        if octal(&header[148..156]) != Some(sum.sum()) {
            return Err(wrong("has another sum than it says"));
        }
        let size = octal(&header[124..136]).ok_or_else(|| wrong("has no size"))?;
        let offset = at + BLOCK;
        let end = offset.checked_add(size).filter(|end| *end <= source.size()).ok_or_else(|| {
            wrong("tells of more bytes than follow; the file may not have been copied or downloaded whole")
        })?;
        if let b'0' | 0 = header[156] {
            members.push(Member { name, offset, size });
        }
        at = end.next_multiple_of(BLOCK);
    }
    Ok(members)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Octal digits, with spaces or a NUL around them.
fn octal(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(until_nul(bytes)).ok()?.trim();
    u64::from_str_radix(text, 8).ok()
}
