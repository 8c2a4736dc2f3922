//! Scale-offset: whole numbers above the least one, in as many bits as the largest of them needs; floats are made whole numbers by a
//! power of ten.
//!
//! Parameters: kind (0 floats, 2 whole numbers), digits or bits, elements, class, bytes, sign, byte order (1 is big-endian), whether
//! there is a fill value, its bytes. Before the numbers stand their bits (4 bytes), how many bytes the least value has (1) and
//! the least value, 21 bytes in all.

use super::bits::Bits;
use super::{Undone, cut, too_much, value};

const HEAD: usize = 21;

pub(super) fn undo(values: &[u32], bytes: &[u8], most: usize) -> Undone {
    let (kind, factor) = (value(values, 0), values.get(1).copied().unwrap_or(0));
    let (count, class, size) = (value(values, 2), value(values, 3), value(values, 4));
    let (big, filled) = (value(values, 6) == 1, value(values, 7) == 1);
    let sound = match (kind, class) {
        (0, 1) => size == 4 || size == 8,
        (2, 0) => matches!(size, 1 | 2 | 4 | 8),
        _ => false,
    };
    if !sound {
        return Err(format!("has numbers of {size} bytes, class {class} and kind {kind}, which are not known here"));
    }
    let width = u32::try_from(size * 8).expect("at most 64");
    if kind == 2 && factor == width {
        return Ok(bytes.to_vec());
    }
    let total = count.checked_mul(size).filter(|total| *total <= most).ok_or_else(|| too_much(most))?;
    let (head, packed) = bytes.split_at_checked(HEAD).ok_or_else(cut)?;
    let bits = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    let least = head[5..].iter().take(usize::from(head[4]).min(8));
    let least = least.rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    if bits >= width {
        // Stored as they are, little-endian.
        let mut out = packed.get(..total).filter(|_| bits == width).ok_or_else(cut)?.to_vec();
        in_order(&mut out, size, big);
        return Ok(out);
    }
    let needed = count.checked_mul(usize::try_from(bits).expect("below 64"));
    if needed.is_none_or(|bits| bits.div_ceil(8) > packed.len()) {
        return Err(cut());
    }
    let low = u64::from(values.get(8).copied().unwrap_or(0));
    let fill = filled.then(|| low | u64::from(values.get(9).copied().unwrap_or(0)) << 32);
    let gap = (1u64 << bits) - 1;
    let mut reader = Bits::new(packed);
    let mut out = Vec::with_capacity(total);
    for _ in 0..count {
        let number = reader.take(bits)?;
        let value = match fill {
            Some(fill) if number == gap => fill,
            _ if kind == 2 => number.wrapping_add(least),
            _ if size == 4 => single(number, factor, least),
            _ => double(number, factor, least),
        };
        out.extend_from_slice(&value.to_le_bytes()[..size]);
    }
    in_order(&mut out, size, big);
    Ok(out)
}

fn in_order(bytes: &mut [u8], size: usize, big: bool) {
    if big {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
}

/// A float of 4 bytes, computed as one.
#[expect(clippy::cast_precision_loss, reason = "as HDF5 has it")]
fn single(number: u64, digits: u32, least: u64) -> u64 {
    let least = f32::from_bits(u32::try_from(least & 0xffff_ffff).expect("32 bits"));
    let number = u32::try_from(number).expect("below 32 bits").cast_signed();
    let digits = digits.cast_signed();
    (number as f32 / 10f32.powf(digits as f32) + least).to_bits().into()
}

#[expect(clippy::cast_precision_loss, reason = "as HDF5 has it")]
fn double(number: u64, digits: u32, least: u64) -> u64 {
    let digits = digits.cast_signed();
    (number.cast_signed() as f64 / 10f64.powf(digits.into()) + f64::from_bits(least)).to_bits()
}
