//! Floating point formats narrower than 32 bits, and x87's 80 bits.
//!
//! Formats: IEEE 754 binary16; bfloat16; the OCP 8-bit formats <https://arxiv.org/abs/2209.05433> and their FNUZ
//! kin <https://arxiv.org/abs/2206.02915>; the OCP microscaling formats (E8M0, 6 and 4 bits)
//! <https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf>.

use crate::model::Number;

/// What the topmost codes of a format stand for.
#[derive(Clone, Copy, PartialEq)]
enum Specials {
    /// Exponent all ones: infinity if the mantissa is 0, else NaN.
    Ieee,
    /// Only exponent and mantissa all ones are NaN; there is no infinity.
    Fn,
    /// Only the code of negative zero is NaN; there is no infinity.
    Fnuz,
    /// Every code is finite.
    None,
}

/// A format of a sign, an exponent and a mantissa, in this order from the top.
#[derive(Clone, Copy)]
struct Shape {
    exponent: u32,
    mantissa: u32,
    bias: i32,
    specials: Specials,
}

const fn shape(exponent: u32, mantissa: u32, bias: i32, specials: Specials) -> Shape {
    Shape { exponent, mantissa, bias, specials }
}

impl Shape {
    fn of(number: Number) -> Option<Shape> {
        Some(match number {
            Number::F8E4m3fn => shape(4, 3, 7, Specials::Fn),
            Number::F8E4m3fnuz => shape(4, 3, 8, Specials::Fnuz),
            Number::F8E5m2 => shape(5, 2, 15, Specials::Ieee),
            Number::F8E5m2fnuz => shape(5, 2, 16, Specials::Fnuz),
            Number::F6E2m3fn => shape(2, 3, 1, Specials::None),
            Number::F6E3m2fn => shape(3, 2, 3, Specials::None),
            Number::F4E2m1fn => shape(2, 1, 1, Specials::None),
            _ => return None,
        })
    }

    fn decode(self, code: u32) -> f32 {
        let mantissa = code & ((1 << self.mantissa) - 1);
        let top = (1 << self.exponent) - 1;
        let exponent = (code >> self.mantissa) & top;
        let negative = code >> (self.mantissa + self.exponent) & 1 == 1;
        let magnitude = match self.specials {
            Specials::Ieee if exponent == top && mantissa == 0 => f32::INFINITY,
            Specials::Ieee if exponent == top => f32::NAN,
            Specials::Fn if exponent == top && mantissa == (1 << self.mantissa) - 1 => f32::NAN,
            Specials::Fnuz if negative && exponent == 0 && mantissa == 0 => f32::NAN,
            _ if exponent == 0 => scaled(mantissa, 1 - self.bias - self.mantissa.cast_signed()),
            _ => {
                scaled(mantissa | 1 << self.mantissa, exponent.cast_signed() - self.bias - self.mantissa.cast_signed())
            }
        };
        if negative { -magnitude } else { magnitude }
    }
}

/// The smallest normal number of a type, of a complex one of its parts; 0 for a type without subnormal ones, and for one whose
/// subnormal numbers are zero as float64.
pub fn smallest_normal(number: Number) -> f64 {
    match number {
        Number::F64 | Number::C128 => f64::MIN_POSITIVE,
        Number::F32 | Number::C64 | Number::Bf16 | Number::Bc32 => f32::MIN_POSITIVE.into(),
        Number::F16 | Number::C32 => power_of_two(-14),
        _ => Shape::of(number).map_or(0.0, |shape| power_of_two(1 - shape.bias)),
    }
}

/// `whole` times two to the power of `exponent`, exactly: both fit a float32 here.
fn scaled(whole: u32, exponent: i32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 11 bits")]
    let whole = whole as f32;
    whole * f32::from_bits((exponent + 127).cast_unsigned() << 23)
}

/// The value of a code of 16 bits or fewer; for complex types of one of the two parts.
pub(super) fn small(number: Number, code: u32) -> f32 {
    match number {
        Number::Bf16 | Number::Bc32 => f32::from_bits(code << 16),
        Number::F16 | Number::C32 => half(code),
        Number::F8E8m0fnu => match code {
            255 => f32::NAN,
            // 2^-127 is subnormal in float32.
            0 => f32::from_bits(1 << 22),
            exponent => f32::from_bits(exponent << 23),
        },
        _ => Shape::of(number).map_or(f32::NAN, |shape| shape.decode(code)),
    }
}

/// IEEE binary16. Moving the bits in place and multiplying rebiases the exponent, exactly and for subnormals too.
fn half(code: u32) -> f32 {
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23);
    let moved = (code & 0x7fff) << 13;
    let magnitude =
        if code & 0x7c00 == 0x7c00 { f32::from_bits(moved | 0x7f80_0000) } else { f32::from_bits(moved) * REBIAS };
    f32::from_bits(magnitude.to_bits() | (code & 0x8000) << 16)
}

/// The value of x87's extended precision, as its nearest float64: 64 bits of mantissa with an explicit leading one,
/// then 15 of exponent and the sign.
pub(super) fn extended(bytes: &[u8]) -> f64 {
    let mantissa = u64::from_le_bytes(*bytes.first_chunk().expect("16 bytes"));
    let top = u16::from_le_bytes([bytes[8], bytes[9]]);
    let exponent = i32::from(top & 0x7fff);
    let magnitude = match (exponent, mantissa << 1) {
        (0x7fff, 0) => f64::INFINITY,
        (0x7fff, _) => f64::NAN,
        _ => to_f64(mantissa, exponent.max(1) - 16383 - 63),
    };
    if top >> 15 == 1 { -magnitude } else { magnitude }
}

/// The binary16 number next to a float32, to even where two are as near.
pub(super) fn to_f16(value: f32) -> u16 {
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let code = match magnitude {
        0x7f80_0001.. => 0x7e00,
        // From 2^16 on.
        0x4780_0000.. => 0x7c00,
        // Below 2^-14: float32 numbers from 0.5 to 1 are as far apart as subnormal halves.
        ..0x3880_0000 => (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5f32.to_bits(),
        _ => (magnitude - 0x3800_0000 + 0xfff + (magnitude >> 13 & 1)) >> 13,
    };
    upper_half((bits & 0x8000_0000) | code << 16)
}

/// The bfloat16 number next to a float32, to even where two are as near.
pub(super) fn to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    upper_half(if value.is_nan() { bits | 0x0040_0000 } else { bits + 0x7fff + (bits >> 16 & 1) })
}

fn upper_half(bits: u32) -> u16 {
    let [_, _, low, high] = bits.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// `mantissa` times two to the power of `exponent`, rounded once, to even.
fn to_f64(mantissa: u64, exponent: i32) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    // The bits that a float64 of this size keeps: 53, fewer for a subnormal.
    let top = 63 - mantissa.leading_zeros().cast_signed() + exponent;
    let kept_exponent = (top - 52).max(-1074);
    let drop = kept_exponent - exponent;
    let kept = match drop {
        ..=0 => mantissa << (-drop).min(63),
        1..=63 => {
            let half = 1u64 << (drop - 1);
            let rest = mantissa & ((half << 1) - 1);
            let kept = mantissa >> drop;
            kept + u64::from(rest > half || (rest == half && kept & 1 == 1))
        }
        64 => u64::from(mantissa > 1 << 63),
        _ => 0,
    };
    #[expect(clippy::cast_precision_loss, reason = "at most 53 bits are left")]
    let kept = kept as f64;
    // Two factors, each a normal float64, so that a subnormal result is not rounded twice.
    let half = kept_exponent / 2;
    kept * power_of_two(half) * power_of_two(kept_exponent - half)
}

fn power_of_two(exponent: i32) -> f64 {
    if exponent > 1023 {
        f64::INFINITY
    } else {
        f64::from_bits(u64::from((exponent + 1023).max(0).cast_unsigned()) << 52)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_agree_with_their_definition() {
        assert_eq!(small(Number::F16, 0x3c00), 1.0);
        assert_eq!(small(Number::F16, 0x0001), 5.960_464_5e-8);
        assert_eq!(small(Number::F16, 0xfbff), -65504.0);
        assert!(small(Number::F16, 0xfc00) == f32::NEG_INFINITY && small(Number::F16, 0x7c01).is_nan());
    }

    #[test]
    fn rounds_to_halves_as_their_definition_says() {
        for (number, round, largest) in
            [(Number::F16, to_f16 as fn(f32) -> u16, 0x7bffu16), (Number::Bf16, to_bf16, 0x7f7f)]
        {
            for code in 0..largest {
                let value = |code: u16| small(number, code.into());
                assert_eq!((round(value(code)), round(-value(code))), (code, code | 0x8000));
                let middle = f32::midpoint(value(code), value(code + 1));
                assert_eq!(round(middle), code + (code & 1), "half way from {code:#x}");
                assert_eq!(round(middle.next_down()), code);
                assert_eq!(round(middle.next_up()), code + 1);
            }
            assert!(small(number, round(f32::NAN).into()).is_nan());
            assert_eq!(small(number, round(f32::MAX).into()), f32::INFINITY);
            assert_eq!(small(number, round(f32::NEG_INFINITY).into()), f32::NEG_INFINITY);
        }
    }

    #[test]
    fn extended_precision_rounds_once() {
        let bytes = |mantissa: u64, top: u16| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&mantissa.to_le_bytes());
            bytes[8..10].copy_from_slice(&top.to_le_bytes());
            bytes
        };
        assert_eq!(extended(&bytes(1 << 63, 16383)), 1.0);
        assert_eq!(extended(&bytes(1 << 63 | 1 << 10, 16383)), 1.0, "half a unit rounds to even");
        assert_eq!(extended(&bytes(1 << 63 | 1 << 10 | 1, 16383)), 1.0 + f64::EPSILON);
        assert_eq!(extended(&bytes(1 << 63, 0xc000)), -2.0);
        assert_eq!(extended(&bytes(1 << 63, 0x7fff)), f64::INFINITY);
        assert_eq!(extended(&bytes(1 << 63, 16383 - 1074)), 5e-324);
        assert_eq!(extended(&bytes(1 << 63, 20000)), f64::INFINITY);
        assert_eq!(extended(&bytes(1, 0)), 0.0);
    }
}
