//! Fletcher's checksum of 32 bits, behind the bytes.

use super::{Undone, cut};

pub(super) fn undo(_: &[u32], bytes: &[u8], _: usize) -> Undone {
    let (bytes, stored) = bytes.split_last_chunk::<4>().ok_or_else(cut)?;
    let sum = sum(bytes).to_le_bytes();
    // Before HDF5 1.6.3 the bytes of both halves stood the other way round.
    let old = [sum[1], sum[0], sum[3], sum[2]];
    if *stored != sum && *stored != old {
        return Err("finds that the checksum does not fit the bytes".to_owned());
    }
    Ok(bytes.to_vec())
}

/// Two sums of big-endian words modulo 65 535, where 0 stands only for words that are all 0.
fn sum(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<2>();
    let (mut first, mut second) = (0u32, 0u32);
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    // So many words do not overflow.
    for block in words.chunks(360) {
        for word in block {
            first += u32::from(u16::from_be_bytes(*word));
            second += first;
        }
        (first, second) = (fold(first), fold(second));
    }
    if let [last] = rest {
        first += u32::from(*last) << 8;
        second += first;
        (first, second) = (fold(first), fold(second));
    }
    (first, second) = (fold(first), fold(second));
    second << 16 | first
}
