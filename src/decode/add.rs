//! Sums of elements in their own type.

use super::floats::{small, to_bf16, to_f16};
use crate::model::Number;

/// How elements of one type are added.
#[derive(Clone, Copy, Debug)]
pub(super) enum Addition {
    /// True if any is true.
    Or,
    /// Of so many bytes, wrapping.
    Whole(usize),
    /// binary16: as float32, and rounded.
    F16,
    /// bfloat16: likewise.
    Bf16,
    F32,
    F64,
}

impl Addition {
    /// `None` for types that PyTorch does not add, either. Complex numbers are added part by part.
    pub fn of(number: Number) -> Option<Self> {
        Some(match number {
            Number::Bool => Addition::Or,
            Number::U8 | Number::I8 => Addition::Whole(1),
            Number::U16 | Number::I16 => Addition::Whole(2),
            Number::U32 | Number::I32 => Addition::Whole(4),
            Number::U64 | Number::I64 => Addition::Whole(8),
            Number::F16 | Number::C32 => Addition::F16,
            Number::Bf16 | Number::Bc32 => Addition::Bf16,
            Number::F32 | Number::C64 => Addition::F32,
            Number::F64 | Number::C128 => Addition::F64,
            _ => return None,
        })
    }

    /// Adds little-endian elements to as many others.
    pub fn add(self, into: &mut [u8], more: &[u8]) {
        match self {
            Addition::Or => each(into, more, |[a]: [u8; 1], [b]| [u8::from(a | b != 0)]),
            Addition::Whole(1) => each(into, more, |[a]: [u8; 1], [b]| [a.wrapping_add(b)]),
            Addition::Whole(2) => {
                each(into, more, |a, b| u16::from_le_bytes(a).wrapping_add(u16::from_le_bytes(b)).to_le_bytes());
            }
            Addition::Whole(4) => {
                each(into, more, |a, b| u32::from_le_bytes(a).wrapping_add(u32::from_le_bytes(b)).to_le_bytes());
            }
            Addition::Whole(_) => {
                each(into, more, |a, b| u64::from_le_bytes(a).wrapping_add(u64::from_le_bytes(b)).to_le_bytes());
            }
            Addition::F16 => each(into, more, |a, b| to_f16(half(Number::F16, a) + half(Number::F16, b)).to_le_bytes()),
            Addition::Bf16 => {
                each(into, more, |a, b| to_bf16(half(Number::Bf16, a) + half(Number::Bf16, b)).to_le_bytes());
            }
            Addition::F32 => each(into, more, |a, b| (f32::from_le_bytes(a) + f32::from_le_bytes(b)).to_le_bytes()),
            Addition::F64 => each(into, more, |a, b| (f64::from_le_bytes(a) + f64::from_le_bytes(b)).to_le_bytes()),
        }
    }

    /// What elements become when they are added to zeros: −0 becomes 0. A NaN keeps its digits, which no addition promises.
    pub fn add_to_zeros(self, elements: &mut [u8]) {
        let width = match self {
            Addition::Or => return elements.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0)),
            Addition::Whole(_) => return,
            Addition::F16 | Addition::Bf16 => 2,
            Addition::F32 => 4,
            Addition::F64 => 8,
        };
        for raw in elements.chunks_exact_mut(width) {
            if let [rest @ .., 0x80] = raw
                && rest.iter().all(|byte| *byte == 0)
            {
                raw[width - 1] = 0;
            }
        }
    }
}

fn each<const N: usize>(into: &mut [u8], more: &[u8], add: impl Fn([u8; N], [u8; N]) -> [u8; N]) {
    for (a, b) in into.as_chunks_mut::<N>().0.iter_mut().zip(more.as_chunks::<N>().0) {
        *a = add(*a, *b);
    }
}

fn half(number: Number, raw: [u8; 2]) -> f32 {
    small(number, u16::from_le_bytes(raw).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum<const N: usize>(number: Number, a: [u8; N], b: [u8; N]) -> [u8; N] {
        let mut into = a;
        Addition::of(number).unwrap().add(&mut into, &b);
        into
    }

    #[test]
    fn adds_in_the_elements_own_type() {
        assert_eq!(sum(Number::Bool, [1, 0, 0], [1, 2, 0]), [1, 1, 0]);
        assert_eq!(sum(Number::I8, [127, 255], [1, 1]), [128, 0]);
        assert_eq!(sum(Number::I16, [0xff, 0x7f], [1, 0]), [0, 0x80]);
        // 2048 + 1 is no binary16 number, 256 + 1 no bfloat16 one: to even.
        assert_eq!(sum(Number::F16, 0x6800u16.to_le_bytes(), 0x3c00u16.to_le_bytes()), 0x6800u16.to_le_bytes());
        assert_eq!(sum(Number::Bf16, 0x4380u16.to_le_bytes(), 0x3f80u16.to_le_bytes()), 0x4380u16.to_le_bytes());
        let (a, b) = ([1f32, -2.0].map(f32::to_le_bytes).concat(), [0.5f32, 2.0].map(f32::to_le_bytes).concat());
        let mut into = a;
        Addition::of(Number::C64).unwrap().add(&mut into, &b);
        assert_eq!(into, [1.5f32, 0.0].map(f32::to_le_bytes).concat());
        assert!(Addition::of(Number::F8E4m3fn).is_none() && Addition::of(Number::Qu4).is_none());
    }

    #[test]
    fn minus_zero_added_to_zero_is_zero() {
        let mut values = [-0f32, -1.0, f32::MIN_POSITIVE, 0.0].map(f32::to_le_bytes).concat();
        Addition::F32.add_to_zeros(&mut values);
        assert_eq!(values, [0f32, -1.0, f32::MIN_POSITIVE, 0.0].map(f32::to_le_bytes).concat());
    }
}
