use std::io::{self, Error, ErrorKind, Read};

/// The memory that a decoder may take for what it looks back on, in KiB; Python's presets take 64 MiB at most.
const DICTIONARY: u32 = 96 << 10;

/// By how much the memory for what is unpacked grows at a time, in bytes.
const GROWTH: u64 = 16 << 20;

/// All bytes inside of what is packed in one of [`crate::WAYS`]; of more than `most` no more than one byte above.
///
/// # Errors
///
/// What the decoder says of damaged bytes; `UnexpectedEof` for those that are cut off; what `packed` says itself.
pub fn unpack(way: &str, packed: &mut dyn Read, most: u64) -> io::Result<Vec<u8>> {
    let mut last = Tail { inner: packed, flags: None, bytes: [0; 8], seen: 0 };
    let bytes = read_all(reader(way, &mut last)?, most)?;
    // The decoder takes the end of the file for the end of the frame.
    if way == "LZ4" && bytes.len() as u64 <= most && !last.ends_as_lz4() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn reader<'a>(way: &str, packed: &'a mut dyn Read) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match way {
        "gzip" => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        "zlib" => Box::new(flate2::read::ZlibDecoder::new(packed)),
        "bzip2" => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
        "xz" => Box::new(lzma_rust2::XzReader::new_mem_limit(packed, true, DICTIONARY)),
        "lzma" => Box::new(lzma_rust2::LzmaReader::new_mem_limit(packed, DICTIONARY, None)?),
        "LZ4" => Box::new(lz4_flex::frame::FrameDecoder::new(packed)),
        other => return Err(Error::new(ErrorKind::Unsupported, format!("{other} is not known"))),
    })
}

fn read_all(mut reader: Box<dyn Read + '_>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len() as u64;
        let step = GROWTH.min(most.saturating_add(1) - before);
        // Growing to twice as many would hold three times what is there for a moment.
        bytes.reserve_exact(usize::try_from(step).unwrap_or(0));
        (&mut reader).take(step).read_to_end(&mut bytes)?;
        if step == 0 || bytes.len() as u64 - before < step {
            return Ok(bytes);
        }
    }
}

/// Packed bytes, of which the last ones are remembered, and the flags of an LZ4 frame.
struct Tail<'a> {
    inner: &'a mut dyn Read,
    flags: Option<u8>,
    bytes: [u8; 8],
    seen: usize,
}

impl Tail<'_> {
    /// Whether an LZ4 frame ends here: with a size of 0, and a checksum where its flags say so.
    fn ends_as_lz4(&self) -> bool {
        let checksum = self.flags.is_some_and(|flags| flags & 4 != 0);
        let size = if checksum { &self.bytes[..4] } else { &self.bytes[4..] };
        self.seen >= 8 && size == [0; 4]
    }
}

impl Read for Tail<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buf)?;
        // The flags stand in the fifth byte.
        if let Some(byte) = 4usize.checked_sub(self.seen).and_then(|at| buf[..len].get(at)) {
            self.flags.get_or_insert(*byte);
        }
        let last = &buf[len.saturating_sub(8)..len];
        self.bytes.rotate_left(last.len());
        self.bytes[8 - last.len()..].copy_from_slice(last);
        self.seen += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for (way, packed) in PACKED {
            assert!(crate::WAYS.contains(&way));
            assert_eq!(unpack(way, &mut &*packed, 1000).unwrap(), b"paramscope ".repeat(20), "{way}");
            for len in 8..packed.len() {
                assert!(unpack(way, &mut &packed[..len], 1000).is_err(), "{way} cut at byte {len}");
            }
        }
    }

    #[test]
    fn an_lz4_frame_is_unpacked_and_no_prefix_of_it() {
        for checksum in [false, true] {
            let settings = lz4_flex::frame::FrameInfo::new().content_checksum(checksum);
            let mut frame = lz4_flex::frame::FrameEncoder::with_frame_info(settings, Vec::new());
            io::Write::write_all(&mut frame, &b"paramscope ".repeat(20)).unwrap();
            let packed = frame.finish().unwrap();
            assert_eq!(unpack("LZ4", &mut &*packed, 1000).unwrap(), b"paramscope ".repeat(20));
            for len in 8..packed.len() {
                assert!(unpack("LZ4", &mut &packed[..len], 1000).is_err(), "cut at byte {len} of {}", packed.len());
            }
        }
    }

    #[test]
    fn a_bomb_stops_above_the_cap() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packer, &vec![0; 1 << 20]).unwrap();
        let bomb = packer.finish().unwrap();
        assert_eq!(unpack("gzip", &mut &*bomb, 1 << 16).unwrap().len(), (1 << 16) + 1);
        assert_eq!(unpack("gzip", &mut &*bomb, 1 << 20).unwrap().len(), 1 << 20);
    }
}
