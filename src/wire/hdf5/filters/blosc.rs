//! Blosc: blocks that are shuffled by bytes or bits and packed in one of several ways, as one stream or as one for each byte of an
//! element.
//!
//! | offset | bytes | meaning, little-endian |
//! | --- | --- | --- |
//! | 0 | 2 | versions of the format and of the packing |
//! | 2 | 1 | bit 0 bytes shuffled, 1 stored as they are, 2 bits shuffled, 4 one stream a block; 5 to 7 the packing |
//! | 3 | 1 | bytes of an element |
//! | 4 | 4 | bytes in all |
//! | 8 | 4 | bytes of a block |
//! | 12 | 4 | bytes packed |
//! | 16 | 4 each | where each block begins |

use super::lzf::copy_back;
use super::{Undone, bitshuffle, cut, deflate, lz4, shuffle, too_much, zstd};

const HEAD: usize = 16;

/// Elements of more bytes, or blocks of fewer elements, are one stream.
const STREAMS: usize = 16;
const STREAM_BYTES: usize = 128;

pub(super) fn undo(_: &[u32], bytes: &[u8], most: usize) -> Undone {
    let head = bytes.first_chunk::<HEAD>().ok_or_else(cut)?;
    let number = |at: usize| word(head, at).ok_or_else(cut);
    let (version, flags, size) = (head[0], head[2], usize::from(head[3]).max(1));
    let (total, block) = (number(4)?, number(8)?);
    if total > most {
        return Err(too_much(most));
    }
    if flags & 2 != 0 {
        return bytes.get(HEAD..HEAD + total).map(<[u8]>::to_vec).ok_or_else(cut);
    }
    if block == 0 && total > 0 {
        return Err("has blocks of 0 bytes".to_owned());
    }
    let mut out = Vec::new();
    while out.len() < total {
        let start = word(bytes, HEAD + out.len() / block * 4).ok_or_else(cut)?;
        let len = block.min(total - out.len());
        let split = flags & 0x10 == 0 && size <= STREAMS && block / size >= STREAM_BYTES && len == block;
        let streams = if split { size } else { 1 };
        let mut rest = bytes.get(start..).ok_or_else(cut)?;
        let mut shuffled = Vec::new();
        for _ in 0..streams {
            let packed = word(rest, 0).ok_or_else(cut)?;
            let (packed, after) = rest[4..].split_at_checked(packed).ok_or_else(cut)?;
            rest = after;
            let len = len / streams;
            if packed.len() == len {
                shuffled.extend_from_slice(packed);
            } else {
                unpack(flags >> 5, packed, len, &mut shuffled)?;
            }
        }
        if flags & 1 != 0 {
            out.extend_from_slice(&shuffle::unshuffled(&shuffled, size));
        } else if flags & 4 != 0 {
            unshuffle_bits(&shuffled, size, version, &mut out);
        } else {
            out.extend_from_slice(&shuffled);
        }
        if shuffled.len() != len {
            return Err(cut());
        }
    }
    Ok(out)
}

/// A 32-bit number.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let raw = bytes.get(at..at.checked_add(4)?)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*raw)).ok()
}

/// Up to version 2 a block whose elements are no multiple of 8 was not shuffled at all; since then, its last ones are not.
fn unshuffle_bits(bytes: &[u8], size: usize, version: u8, out: &mut Vec<u8>) {
    let count = bytes.len() / size;
    let shuffled = if version <= 2 && !count.is_multiple_of(8) { 0 } else { count / 8 * 8 };
    let (bits, rest) = bytes.split_at(shuffled * size);
    bitshuffle::unshuffled(bits, size, out);
    out.extend_from_slice(rest);
}

/// Appends the `len` bytes that a stream unpacks to.
fn unpack(packing: u8, packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let before = out.len();
    match packing {
        0 => blosclz(packed, len, out)?,
        1 => lz4::unpack(packed, len, out)?,
        2 => {
            if snap::raw::decompress_len(packed) != Ok(len) {
                return Err(cut());
            }
            let unpacked = snap::raw::Decoder::new().decompress_vec(packed);
            out.extend_from_slice(&unpacked.map_err(|_| "finds damaged bytes in a Snappy block")?);
        }
        3 => out.extend_from_slice(&deflate::undo(&[], packed, len)?),
        4 => out.extend_from_slice(&zstd::unpack(packed, len)?),
        other => return Err(format!("packs in way {other}, which is not known here")),
    }
    if out.len() - before == len { Ok(()) } else { Err(cut()) }
}

/// How far back a copy is told in 13 bits.
const NEAR: usize = 8191;

/// Blosc's own packing: runs of bytes as they are, and copies of earlier ones.
fn blosclz(packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let mut rest = packed.iter();
    let mut take = || rest.next().map(|byte| usize::from(*byte));
    let mut own = Vec::new();
    // The first control byte tells a run.
    let mut control = take().map(|control| control & 31);
    while let Some(now) = control {
        if now < 32 {
            for _ in 0..=now {
                own.push(u8::try_from(take().ok_or_else(cut)?).expect("a byte"));
            }
        } else {
            let mut copied = (now >> 5) - 1;
            if copied == 6 {
                loop {
                    let more = take().ok_or_else(cut)?;
                    copied += more;
                    if more != 255 {
                        break;
                    }
                }
            }
            let (high, low) = ((now & 31) << 8, take().ok_or_else(cut)?);
            let mut back = high + low;
            if back == NEAR {
                back = (take().ok_or_else(cut)? << 8) + take().ok_or_else(cut)? + NEAR;
            }
            if copied > len {
                return Err(too_much(len));
            }
            copy_back(&mut own, back + 1, copied + 3)?;
        }
        if own.len() > len {
            return Err(too_much(len));
        }
        control = take();
    }
    out.extend_from_slice(&own);
    Ok(())
}
