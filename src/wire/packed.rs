//! Files that are packed as a whole: gzip, zlib, bzip2, xz, lzma and LZ4 frames, as Python's modules of these names write
//! them.
//!
//! Unlike the entries of archives they are unpacked at once: what stands inside is known only once all before it is.

use crate::error::{Error, Result};
use crate::source::ReadAt;
use std::io::{self, Read};

/// One way to pack a file.
pub struct Packing {
    /// Its name.
    pub name: &'static str,
    /// Whether a file begins so.
    begins: fn(&[u8]) -> bool,
}

/// The first that fits is taken. Their names are those of [`paramscope_unpack::WAYS`].
const PACKINGS: &[Packing] = &[
    Packing { name: "gzip", begins: |head| head.starts_with(b"\x1f\x8b\x08") },
    Packing { name: "bzip2", begins: |head| head.starts_with(b"BZh") },
    Packing { name: "xz", begins: |head| head.starts_with(b"\xfd7zXZ\0") },
    Packing { name: "lzma", begins: |head| head.starts_with(b"\x5d\0\0") },
    Packing { name: "LZ4", begins: |head| head.starts_with(b"\x04\x22\x4d\x18") },
    Packing {
        name: "zlib",
        // The method, a window of 32 KiB, and a sum that is a multiple of 31; no dictionary of its own.
        begins: |head| matches!(head, [0x78, flags, ..] if (0x7800 + u32::from(*flags)) % 31 == 0 && flags & 0x20 == 0),
    },
];

/// How a file that begins so is packed.
pub fn packing(head: &[u8]) -> Option<&'static Packing> {
    PACKINGS.iter().find(|packing| (packing.begins)(head))
}

impl Packing {
    /// All bytes inside, at most `cap`.
    ///
    /// # Errors
    ///
    /// `Malformed` where it is damaged or cut off; `TooLarge` beyond `cap`.
    pub fn unpack(&self, source: &dyn ReadAt, cap: u64) -> Result<Vec<u8>> {
        let too_large = || {
            let message =
                format!("The file has more than {} MiB inside; unpack it and open what is inside.", cap >> 20);
            Error::too_large(message)
        };
        // No way of packing makes bytes more by an eighth.
        if source.size() > cap.saturating_add(cap / 8).saturating_add(1024) {
            return Err(too_large());
        }
        let mut input = Input { source, at: 0 };
        let bytes = paramscope_unpack::unpack(self.name, &mut input, cap).map_err(|error| {
            let message =
                format!("The file cannot be unpacked ({}: {error}); it is damaged or was not copied whole.", self.name);
            Error::malformed(message)
        })?;
        if bytes.len() as u64 > cap { Err(too_large()) } else { Ok(bytes) }
    }
}

/// The packed bytes, in order.
struct Input<'a> {
    source: &'a dyn ReadAt,
    at: u64,
}

/// The most bytes of a read: decoders that ask for a few at a time have their own buffers.
const STEP: usize = 64 << 10;

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.source.size() - self.at;
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len()).min(STEP);
        self.source.read_at(self.at, &mut buf[..len]).map_err(|error| io::Error::other(error.to_string()))?;
        self.at += len as u64;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    #[test]
    fn every_way_is_told_by_how_a_file_begins() {
        for way in paramscope_unpack::WAYS {
            assert!(PACKINGS.iter().any(|packing| packing.name == way), "{way}");
        }
        assert_eq!(packing(b"\x1f\x8b\x08").unwrap().name, "gzip");
        assert_eq!(packing(b"\x78\x9c\x00").unwrap().name, "zlib");
        assert!(packing(b"\x78\x9d").is_none() && packing(b"x").is_none() && packing(b"").is_none());
    }

    #[test]
    fn what_is_larger_than_the_cap_is_too_large_and_what_is_cut_off_is_damaged() {
        let packed = b"x\x9c+H,J\xcc-N\xce/HU(\x18nL\x00/\x8dU\xdd";
        let zlib = packing(packed).unwrap();
        assert_eq!(zlib.unpack(&Memory::new(packed.as_slice()), 220).unwrap(), b"paramscope ".repeat(20));
        let error = zlib.unpack(&Memory::new(packed.as_slice()), 100).unwrap_err();
        assert_eq!(error.kind, crate::error::Kind::TooLarge);
        let error = zlib.unpack(&Memory::new(&packed[..12]), 220).unwrap_err();
        assert_eq!(error.kind, crate::error::Kind::Malformed);
    }
}
