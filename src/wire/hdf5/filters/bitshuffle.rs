//! Bitshuffle: the bits of elements by turns, in blocks, each of which may be packed.
//!
//! Packed, there are the bytes in all (8 bytes) and in a block (4) before the blocks, each behind its length (4), all
//! big-endian. Elements at the end that are fewer than 8 are as they were.

use super::{Undone, cut, lz4, too_much, value, zstd};

pub(super) fn undo(values: &[u32], bytes: &[u8], most: usize) -> Undone {
    let (size, told, packing) = (value(values, 2), value(values, 3), value(values, 4));
    if size == 0 {
        return Err("has elements of 0 bytes".to_owned());
    }
    if packing == 0 {
        // Blocks of 8 KiB, of 128 elements and more.
        let block = if told > 0 { told } else { (8192 / size / 8 * 8).max(128) };
        return blocks(bytes, bytes.len(), (size, block), |rest, len| {
            let (bytes, after) = rest.split_at_checked(len).ok_or_else(cut)?;
            *rest = after;
            Ok(bytes.to_vec())
        });
    }
    let (total, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
    let (block, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let total = usize::try_from(u64::from_be_bytes(*total)).unwrap_or(usize::MAX);
    let block = usize::try_from(u32::from_be_bytes(*block)).unwrap_or(usize::MAX) / size;
    if total > most {
        return Err(too_much(most));
    }
    blocks(rest, total, (size, block), |rest, len| {
        let packed = lz4::take_block(rest)?;
        let mut out = Vec::new();
        match packing {
            2 => lz4::unpack(packed, len, &mut out)?,
            3 => out = zstd::unpack(packed, len)?,
            other => return Err(format!("packs in way {other}, which is not known here")),
        }
        Ok(out)
    })
}

/// All blocks, of so many elements of so many bytes, each of which `take` brings, and what is left behind them.
fn blocks(
    mut rest: &[u8],
    total: usize,
    (size, block): (usize, usize),
    take: impl Fn(&mut &[u8], usize) -> Undone,
) -> Undone {
    if block == 0 || !block.is_multiple_of(8) {
        return Err(format!("has blocks of {block} elements, which is no multiple of 8"));
    }
    let mut out = Vec::new();
    let mut left = total / size / 8 * 8;
    while left > 0 {
        let count = block.min(left);
        let bytes = take(&mut rest, count * size)?;
        if bytes.len() != count * size {
            return Err(cut());
        }
        unshuffled(&bytes, size, &mut out);
        left -= count;
    }
    let tail = rest.get(..total - out.len()).ok_or_else(cut)?;
    out.extend_from_slice(tail);
    Ok(out)
}

/// Appends elements of `size` bytes, a multiple of 8 of them, whose bits stand by turns: the lowest bits of all elements, eight to a byte,
/// then those above …
pub(super) fn unshuffled(bits: &[u8], size: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bits.len(), 0);
    let out = &mut out[start..];
    // Bytes of one plane of bits.
    let plane = bits.len() / size / 8;
    for place in 0..size {
        let planes: [&[u8]; 8] = std::array::from_fn(|bit| &bits[(place * 8 + bit) * plane..][..plane]);
        for group in 0..plane {
            let rows = u64::from_le_bytes(std::array::from_fn(|bit| planes[bit][group]));
            for (element, byte) in transposed(rows).to_le_bytes().into_iter().enumerate() {
                out[(group * 8 + element) * size + place] = byte;
            }
        }
    }
}

/// A matrix of 8 by 8 bits, turned over its diagonal.
fn transposed(mut rows: u64) -> u64 {
    let mut swap = |mask: u64, by: u32| {
        let changed = (rows ^ rows >> by) & mask;
        rows ^= changed ^ changed << by;
    };
    swap(0x00aa_00aa_00aa_00aa, 7);
    swap(0x0000_cccc_0000_cccc, 14);
    swap(0x0000_0000_f0f0_f0f0, 28);
    rows
}
