//! Runs of numbers as float64.

use super::floats;
use crate::model::{Class, Number};

/// Appends the numbers in `bytes` (dense, little-endian, packed) to `values`, as float64: a complex one as its modulus,
/// a 64-bit integer rounded to the nearest. `count` of them; packed types fill their last byte with padding.
pub fn numbers(number: Number, bytes: &[u8], count: usize, values: &mut Vec<f64>) {
    match number {
        Number::Bool => extend(values, bytes, |[byte]: [u8; 1]| f64::from(u8::from(byte != 0))),
        Number::U8 | Number::F4E2m1fnX2 | Number::Qu8 => extend(values, bytes, |[byte]: [u8; 1]| f64::from(byte)),
        Number::I8 | Number::Qi8 => extend(values, bytes, |raw| f64::from(i8::from_le_bytes(raw))),
        Number::U16 => extend(values, bytes, |raw| f64::from(u16::from_le_bytes(raw))),
        Number::I16 => extend(values, bytes, |raw| f64::from(i16::from_le_bytes(raw))),
        Number::U32 => extend(values, bytes, |raw| f64::from(u32::from_le_bytes(raw))),
        Number::I32 | Number::Qi32 => extend(values, bytes, |raw| f64::from(i32::from_le_bytes(raw))),
        Number::U64 => extend(values, bytes, |raw| nearest(u64::from_le_bytes(raw).into())),
        Number::I64 => extend(values, bytes, |raw| nearest(i64::from_le_bytes(raw).into())),
        Number::F32 => extend(values, bytes, |raw| f64::from(f32::from_le_bytes(raw))),
        Number::F64 => extend(values, bytes, f64::from_le_bytes),
        Number::F80 => extend(values, bytes, |raw: [u8; 16]| floats::extended(&raw)),
        Number::F16 | Number::Bf16 => {
            extend(values, bytes, |raw| floats::small(number, u16::from_le_bytes(raw).into()).into());
        }
        Number::C32 | Number::Bc32 => extend(values, bytes, |[a, b, c, d]: [u8; 4]| {
            let part = |low, high| f64::from(floats::small(number, u16::from_le_bytes([low, high]).into()));
            let (real, imaginary) = (part(a, b), part(c, d));
            // The squares of 11-bit numbers and their sum are exact.
            (real * real + imaginary * imaginary).sqrt()
        }),
        Number::C64 => extend(values, bytes, |raw: [u8; 8]| {
            let part = |at: usize| f64::from(f32::from_le_bytes(*raw[at..].first_chunk().expect("8 bytes")));
            modulus(part(0), part(4))
        }),
        Number::C128 => extend(values, bytes, |raw: [u8; 16]| {
            let part = |at: usize| f64::from_le_bytes(*raw[at..].first_chunk().expect("16 bytes"));
            modulus(part(0), part(8))
        }),
        Number::F8E4m3fn | Number::F8E4m3fnuz | Number::F8E5m2 | Number::F8E5m2fnuz | Number::F8E8m0fnu => {
            let table: [f64; 256] =
                std::array::from_fn(|code| f64::from(floats::small(number, u8::try_from(code).unwrap_or(0).into())));
            extend(values, bytes, |[code]: [u8; 1]| table[usize::from(code)]);
        }
        Number::Qu4 | Number::Qu2 | Number::U4 | Number::U2 => {
            values.extend(codes(number, bytes).take(count).map(f64::from));
        }
        Number::I4 | Number::I2 => {
            values.extend(codes(number, bytes).take(count).map(|code| f64::from(code.cast_signed())));
        }
        Number::F6E2m3fn | Number::F6E3m2fn | Number::F4E2m1fn => {
            values.extend(codes(number, bytes).take(count).map(|code| f64::from(floats::small(number, code.into()))));
        }
    }
}

fn extend<const N: usize>(values: &mut Vec<f64>, bytes: &[u8], decode: impl Fn([u8; N]) -> f64) {
    values.extend(bytes.as_chunks::<N>().0.iter().map(|raw| decode(*raw)));
}

#[expect(clippy::cast_precision_loss, reason = "rounding to the nearest is what is wanted, as NumPy does")]
fn nearest(whole: i128) -> f64 {
    whole as f64
}

/// The length of a complex number, by the formula of NumPy's vector code: all browsers and machines give the same digits.
fn modulus(real: f64, imaginary: f64) -> f64 {
    let (real, imaginary) = (real.abs(), imaginary.abs());
    if real.is_infinite() || imaginary.is_infinite() {
        return f64::INFINITY;
    }
    let (large, small) = if real < imaginary { (imaginary, real) } else { (real, imaginary) };
    if large == 0.0 {
        return small;
    }
    let ratio = small / large;
    large * (1.0 + ratio * ratio).sqrt()
}

/// The codes of a packed type narrower than a byte, the first one in the lowest bits, each in a byte: of a signed type that
/// byte has its sign.
fn codes(number: Number, bytes: &[u8]) -> impl Iterator<Item = u8> {
    let bits = usize::try_from(number.bits()).expect("below 8");
    let (mask, sign) = ((1u8 << bits) - 1, 1u8 << (bits - 1));
    let sign = if number.class() == Class::Signed { sign } else { 0 };
    (0..bytes.len() * 8 / bits).map(move |index| {
        let bit = index * bits;
        let pair = u16::from(bytes[bit / 8]) | bytes.get(bit / 8 + 1).map_or(0, |&next| u16::from(next) << 8);
        let code = (pair >> (bit % 8)).to_le_bytes()[0] & mask;
        if code & sign == 0 { code } else { code | !mask }
    })
}

/// The value of a code of at most 16 bits: an element's own bits, or one of those that [`unpack`] gives.
pub fn value(number: Number, code: u16) -> f64 {
    match number.class() {
        Class::Bool => f64::from(u8::from(code != 0)),
        Class::Unsigned => f64::from(code),
        Class::Signed if number.bits() == 16 => f64::from(code.cast_signed()),
        Class::Signed => f64::from(code.to_le_bytes()[0].cast_signed()),
        Class::Float | Class::Complex => f64::from(floats::small(number, code.into())),
    }
}

/// Whether every number of this type is a whole one that [`whole_numbers`] reads.
pub(super) fn is_whole(number: Number) -> bool {
    matches!(number.class(), Class::Signed | Class::Unsigned) && !matches!(number, Number::U64 | Number::F4E2m1fnX2)
}

/// Appends the numbers in `bytes`, as [`numbers`] does, without rounding any; nothing for a type that is not
/// [`is_whole`].
pub(super) fn whole_numbers(number: Number, bytes: &[u8], count: usize, values: &mut Vec<i64>) {
    fn extend<const N: usize>(values: &mut Vec<i64>, bytes: &[u8], decode: impl Fn([u8; N]) -> i64) {
        values.extend(bytes.as_chunks::<N>().0.iter().map(|raw| decode(*raw)));
    }
    match number {
        Number::U8 | Number::Qu8 => extend(values, bytes, |[byte]: [u8; 1]| i64::from(byte)),
        Number::I8 | Number::Qi8 => extend(values, bytes, |raw| i64::from(i8::from_le_bytes(raw))),
        Number::U16 => extend(values, bytes, |raw| i64::from(u16::from_le_bytes(raw))),
        Number::I16 => extend(values, bytes, |raw| i64::from(i16::from_le_bytes(raw))),
        Number::U32 => extend(values, bytes, |raw| i64::from(u32::from_le_bytes(raw))),
        Number::I32 | Number::Qi32 => extend(values, bytes, |raw| i64::from(i32::from_le_bytes(raw))),
        Number::I64 => extend(values, bytes, i64::from_le_bytes),
        Number::Qu4 | Number::Qu2 | Number::U4 | Number::U2 => {
            values.extend(codes(number, bytes).take(count).map(i64::from));
        }
        Number::I4 | Number::I2 => {
            values.extend(codes(number, bytes).take(count).map(|code| i64::from(code.cast_signed())));
        }
        _ => {}
    }
}

/// One byte an element for a packed type; other types as they are.
pub fn unpack(number: Number, bytes: &[u8], count: usize) -> Vec<u8> {
    if number.bits() < 8 { codes(number, bytes).take(count).collect() } else { bytes.to_vec() }
}

/// The bytes that a hash over the elements is taken of, as NumPy would hold them: packed types one byte each, complex
/// numbers of two halves as complex64, its narrowest.
pub fn as_numpy(number: Number, bytes: Vec<u8>, count: usize) -> Vec<u8> {
    match number {
        Number::C32 | Number::Bc32 => {
            let parts = bytes.as_chunks::<2>().0.iter().map(|raw| u16::from_le_bytes(*raw));
            parts.flat_map(|code| floats::small(number, code.into()).to_le_bytes()).collect()
        }
        _ if number.bits() < 8 => unpack(number, &bytes, count),
        _ => bytes,
    }
}

/// Changes the sign of every number in a little-endian run; of complex ones only the imaginary part if `conjugate`.
pub(super) fn negate(number: Number, bytes: &mut [u8], conjugate: bool) {
    let width = usize::try_from(number.bits() / 8).expect("at most 16");
    let complex = number.class() == Class::Complex;
    let part = if complex { width / 2 } else { width };
    if part == 0 || (conjugate && !complex) {
        return;
    }
    let parts = bytes.chunks_exact_mut(part);
    match number.class() {
        Class::Complex if conjugate => parts.skip(1).step_by(2).for_each(|raw| raw[part - 1] ^= 0x80),
        Class::Float | Class::Complex => parts.for_each(|raw| raw[part - 1] ^= 0x80),
        Class::Signed | Class::Unsigned => parts.for_each(two_complement),
        Class::Bool => {}
    }
}

fn two_complement(raw: &mut [u8]) {
    let mut carry = true;
    for byte in raw {
        let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
        (*byte, carry) = (sum, over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_packed_codes_from_the_low_bits_up() {
        assert_eq!(codes(Number::F4E2m1fn, &[0x21, 0x43]).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(
            codes(Number::F6E2m3fn, &[0b1100_0001, 0b0011_0000, 0b0001_0010]).collect::<Vec<_>>(),
            [1, 3, 35, 4]
        );
        let signed: Vec<i8> = codes(Number::I4, &[0x8f, 0x70]).map(u8::cast_signed).collect();
        assert_eq!(signed, [-1, -8, 0, 7]);
        let signed: Vec<i8> = codes(Number::I2, &[0b11_10_01_00]).map(u8::cast_signed).collect();
        assert_eq!(signed, [0, 1, -2, -1]);
    }

    #[test]
    fn negates_whole_numbers_and_conjugates() {
        let mut bytes = [1i16.to_le_bytes(), (-300i16).to_le_bytes()].concat();
        negate(Number::I16, &mut bytes, false);
        assert_eq!(bytes, [(-1i16).to_le_bytes(), 300i16.to_le_bytes()].concat());
        let mut bytes = [1f32.to_le_bytes(), 2f32.to_le_bytes()].concat();
        negate(Number::C64, &mut bytes, true);
        assert_eq!(bytes, [1f32.to_le_bytes(), (-2f32).to_le_bytes()].concat());
    }
}
