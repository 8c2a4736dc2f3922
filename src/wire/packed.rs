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
    open: for<'a> fn(Input<'a>) -> io::Result<Box<dyn Read + 'a>>,
}

/// The memory that a decoder may take for what it looks back on, in KiB; Python's presets take 64 MiB at most.
const DICTIONARY: u32 = 96 << 10;

/// By how much the memory for what is unpacked grows at a time.
const GROWTH: u64 = 16 << 20;

/// The first that fits is taken.
const PACKINGS: &[Packing] = &[
    Packing {
        name: "gzip",
        begins: |head| head.starts_with(b"\x1f\x8b\x08"),
        open: |input| Ok(Box::new(flate2::read::MultiGzDecoder::new(input))),
    },
    Packing {
        name: "bzip2",
        begins: |head| head.starts_with(b"BZh"),
        open: |input| Ok(Box::new(bzip2::read::MultiBzDecoder::new(input))),
    },
    Packing {
        name: "xz",
        begins: |head| head.starts_with(b"\xfd7zXZ\0"),
        open: |input| Ok(Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, DICTIONARY))),
    },
    Packing {
        name: "lzma",
        begins: |head| head.starts_with(b"\x5d\0\0"),
        open: |input| Ok(Box::new(lzma_rust2::LzmaReader::new_mem_limit(input, DICTIONARY, None)?)),
    },
    Packing {
        name: "LZ4",
        begins: |head| head.starts_with(b"\x04\x22\x4d\x18"),
        open: |input| Ok(Box::new(lz4_flex::frame::FrameDecoder::new(input))),
    },
    Packing {
        name: "zlib",
        // The method, a window of 32 KiB, and a sum that is a multiple of 31; no dictionary of its own.
        begins: |head| matches!(head, [0x78, flags, ..] if (0x7800 + u32::from(*flags)) % 31 == 0 && flags & 0x20 == 0),
        open: |input| Ok(Box::new(flate2::read::ZlibDecoder::new(input))),
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
    /// `Malformed`, with the byte of the packed file, where it is damaged or cut off; `TooLarge` beyond `cap`.
    pub fn unpack(&self, source: &dyn ReadAt, cap: u64) -> Result<Vec<u8>> {
        let at = std::cell::Cell::new(0);
        let input = Input { source, at: &at };
        let damaged = |error: &io::Error| {
            let message =
                format!("The file cannot be unpacked ({}: {error}); it is damaged or was not copied whole.", self.name);
            Error::malformed(message).at(at.get())
        };
        let mut reader = (self.open)(input).map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            let step = GROWTH.min(cap + 1 - before as u64);
            // Growing to twice as many would hold three times what is there for a moment.
            bytes.reserve_exact(usize::try_from(step).unwrap_or(0));
            (&mut reader).take(step).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
            if step == 0 || ((bytes.len() - before) as u64) < step {
                break;
            }
        }
        if self.name == "LZ4" && !lz4_ends(source)? {
            return Err(damaged(&io::Error::from(io::ErrorKind::UnexpectedEof)));
        }
        if bytes.len() as u64 > cap {
            return Err(Error::too_large(format!(
                "The file has more than {} MiB inside; unpack it and open what is inside.",
                cap >> 20
            )));
        }
        Ok(bytes)
    }
}

/// Whether a file ends as an LZ4 frame does: with a size of 0, and a checksum where its flags say so. The decoder takes the
/// end of the file for the end of the frame.
fn lz4_ends(source: &dyn ReadAt) -> Result<bool> {
    let flags = crate::source::read_vec(source, 4, 1)?;
    let checksum = if flags[0] & 4 == 0 { 0 } else { 4 };
    let Some(at) = source.size().checked_sub(4 + checksum) else { return Ok(false) };
    Ok(crate::source::read_vec(source, at, 4)? == [0; 4])
}

/// The packed bytes, in order.
struct Input<'a> {
    source: &'a dyn ReadAt,
    at: &'a std::cell::Cell<u64>,
}

/// The most bytes of a read: decoders that ask for a few at a time have their own buffers.
const STEP: usize = 64 << 10;

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.source.size() - self.at.get();
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len()).min(STEP);
        self.source.read_at(self.at.get(), &mut buf[..len]).map_err(|error| io::Error::other(error.to_string()))?;
        self.at.set(self.at.get() + len as u64);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    /// `b"paramscope " * 20` as Python 3.11 packs it.
    const PACKED: [(&str, &[u8]); 5] = [
        ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03+H,J\xcc-N\xce/HU(\x18nL\x0099u\xfd\xdc\x00\x00\x00"),
        ("bzip2", b"BZh91AY&SY;\xc5;\xc3\x00\x00O\x91\x80@\x00*\x02\xd8\x00 \x00P\x83& )Ti\x8dM\x13\xa4\xe90\x9e\x13d\xe18L&\x89\x84\xfc]\xc9\x14\xe1B@\xef\x14\xef\x0c"),
        ("xz", b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3\xe0\x00\xdb\x00\x12]\x008\x18J\xaa\x9c\x08\xfa\xb49\x936\xb2\xf5\xf7\x0d\x1e\x00\x00\x00\x00\x00\x8d\x0c\xe5\xbe\xa48\xe2\x1a\x00\x01.\xdc\x01\x00\x00\x00\xa6EJ\x0a\xb1\xc4g\xfb\x02\x00\x00\x00\x00\x04YZ"),
        ("lzma", b"]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x008\x18J\xaa\x9c\x08\xfa\xb49\x936\xb2\xf5\xf7$\xb6{\xff\xff\xf4\xe8@\x00"),
        ("zlib", b"x\x9c+H,J\xcc-N\xce/HU(\x18nL\x00/\x8dU\xdd"),
    ];

    #[test]
    fn what_python_packed_is_unpacked_and_no_prefix_of_it() {
        for (name, packed) in PACKED {
            let way = packing(packed).unwrap();
            assert_eq!(way.name, name);
            let whole = way.unpack(&Memory::new(packed), 1000);
            assert_eq!(whole.unwrap(), b"paramscope ".repeat(20), "{name}");
            for len in 8..packed.len() {
                let part = way.unpack(&Memory::new(&packed[..len]), 1000);
                assert!(part.is_err(), "{name} cut at byte {len}");
            }
        }
    }

    #[test]
    fn ways_are_told_by_how_a_file_begins() {
        assert_eq!(packing(PACKED[0].1).unwrap().name, "gzip");
        assert!(packing(b"\x78\x9d").is_none() && packing(b"x").is_none() && packing(b"").is_none());
        assert_eq!(packing(b"\x78\x9c\x00").unwrap().name, "zlib");
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, &vec![0; 1 << 20]).unwrap();
        let bomb = Memory::new(packer.finish().unwrap());
        let error = packing(b"\x1f\x8b\x08").unwrap().unpack(&bomb, 1 << 16).unwrap_err();
        assert_eq!(error.kind, crate::error::Kind::TooLarge);
        assert_eq!(packing(b"\x1f\x8b\x08").unwrap().unpack(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }
}
