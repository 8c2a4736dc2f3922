//! LZ4 blocks behind a header: the bytes in all (8 bytes) and in a block (4), then each block behind its length (4), all
//! big-endian. A block that did not get smaller is stored as it is.

use super::{Undone, cut, too_much};

pub(super) fn undo(_: &[u32], bytes: &[u8], most: usize) -> Undone {
    let (total, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
    let (block, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let total = usize::try_from(u64::from_be_bytes(*total)).unwrap_or(usize::MAX);
    let block = usize::try_from(u32::from_be_bytes(*block)).unwrap_or(usize::MAX).min(total);
    if total > most {
        return Err(too_much(most));
    }
    if block == 0 && total > 0 {
        return Err("has blocks of 0 bytes".to_owned());
    }
    let mut out = Vec::new();
    while out.len() < total {
        let len = block.min(total - out.len());
        let packed = take_block(&mut rest)?;
        if packed.len() == len {
            out.extend_from_slice(packed);
        } else {
            unpack(packed, len, &mut out)?;
        }
    }
    Ok(out)
}

/// The block behind the next length.
pub(super) fn take_block<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let (len, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
    let (block, after) = after.split_at_checked(len).ok_or_else(cut)?;
    *rest = after;
    Ok(block)
}

/// Appends the `len` bytes that an LZ4 block unpacks to.
pub(super) fn unpack(packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), String> {
    // A byte gives at most 255.
    if len > packed.len().saturating_mul(255) {
        return Err(cut());
    }
    let start = out.len();
    out.resize(start + len, 0);
    match lz4_flex::block::decompress_into(packed, &mut out[start..]) {
        Ok(got) if got == len => Ok(()),
        _ => Err("finds damaged bytes in an LZ4 block".to_owned()),
    }
}
