//! Elements that are stored in a form that no type of number has.
//!
//! Numbers come out as HDF5's own conversion makes them.

use super::stored::{Plain, Stored};
use crate::error::{Error, Result};
use crate::model::{BitLayout, ByteOrder, Class, Encoded, Number};

/// The elements as the type of number that the tensor has.
#[derive(Debug)]
pub(super) struct Recoded<'a> {
    plain: Plain<'a>,
    bits: &'a BitLayout,
    /// What comes out.
    number: Number,
    /// Bytes of a stored element.
    width: usize,
}

impl<'a> Recoded<'a> {
    /// `plain` gives the stored elements, `number` is what they become.
    pub fn new(plain: Plain<'a>, encoded: &'a Encoded, number: Option<Number>) -> Result<Self> {
        let refused = || Error::unsupported("The elements are stored in a form that cannot be read.");
        let number = number.ok_or_else(refused)?;
        let bits = Stored::of(&encoded.stored).bits()?;
        let width = usize::try_from(bits / 8).ok().filter(|width| bits % 8 == 0 && *width > 0).ok_or_else(refused)?;
        let inside = |lowest: u16, count: u16| u64::from(lowest) + u64::from(count) <= bits.min(128);
        let sound = match &encoded.bits {
            BitLayout::Whole { offset, precision, .. } => {
                let class = matches!(number.class(), Class::Bool | Class::Signed | Class::Unsigned);
                class && number.bits() >= 8 && u64::from(*precision) <= number.bits() && inside(*offset, *precision)
            }
            BitLayout::Float { sign, exponent, fraction, .. } => {
                let fields = inside(*sign, 1) && inside(exponent.0, exponent.1) && inside(fraction.0, fraction.1);
                // Shifts by more than 127 bits would not be.
                let few = matches!(exponent.1, 1..=32) && fraction.1 <= 112 && width <= 16;
                fields && few && Target::of(number).is_some()
            }
            BitLayout::Parts { number: part, at, .. } => {
                let len = part.bits() / 8;
                let fits = at.iter().all(|at| at.checked_add(len).is_some_and(|end| end <= bits / 8));
                fits && part.bits() * 2 == number.bits()
            }
        };
        if sound { Ok(Recoded { plain, bits: &encoded.bits, number, width }) } else { Err(refused()) }
    }

    pub fn plain(&self) -> &Plain<'a> {
        &self.plain
    }

    /// How many elements are not visited, and what each of them is.
    pub fn implicit(&self) -> (u64, Vec<u8>) {
        let (count, element) = self.plain.implicit();
        let mut into = Vec::new();
        self.recode(&element, &mut into);
        (count, into)
    }

    /// Replaces `into` with `count` elements from the `start`-th visited one on; the caller has counted them.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        let mut stored = Vec::new();
        self.plain.read(start, count, &mut stored)?;
        into.clear();
        into.reserve(stored.len() / self.width * usize::try_from(self.number.bits() / 8).expect("at most 16"));
        self.recode(&stored, into);
        Ok(())
    }

    /// Appends what stored elements are.
    fn recode(&self, stored: &[u8], into: &mut Vec<u8>) {
        let len = usize::try_from(self.number.bits() / 8).expect("at most 16");
        let elements = stored.chunks_exact(self.width);
        match *self.bits {
            BitLayout::Whole { order, offset, precision, signed } => elements.for_each(|element| {
                let value = whole(little(element, order) >> offset, precision, signed);
                into.extend_from_slice(&value.to_le_bytes()[..len]);
            }),
            BitLayout::Float { order, sign, exponent, fraction, bias, implied } => {
                let Some(target) = Target::of(self.number) else { return };
                elements.for_each(|element| {
                    let bits = little(element, order);
                    let field = |(lowest, count): (u16, u16)| bits >> lowest & mask(count.into());
                    let float = Float {
                        negative: field((sign, 1)) == 1,
                        exponent: i64::try_from(field(exponent)).expect("at most 32 bits"),
                        fraction: field(fraction),
                    };
                    let source = Target { exponent: exponent.1.into(), fraction: fraction.1.into(), bias: bias.into() };
                    let value = converted(&float, &source, implied, &target);
                    into.extend_from_slice(&value.to_le_bytes()[..len]);
                });
            }
            BitLayout::Parts { number, order, at } => {
                let part = usize::try_from(number.bits() / 8).expect("at most 16");
                elements.for_each(|element| {
                    for at in at {
                        let start = into.len();
                        let from = usize::try_from(at).expect("inside the element");
                        into.extend_from_slice(&element[from..from + part]);
                        if order == ByteOrder::Big {
                            into[start..].reverse();
                        }
                    }
                });
            }
        }
    }
}

/// At most 16 bytes as a number.
fn little(element: &[u8], order: ByteOrder) -> u128 {
    let join = |number: u128, byte: &u8| number << 8 | u128::from(*byte);
    match order {
        ByteOrder::Little => element.iter().take(16).rev().fold(0, join),
        ByteOrder::Big => element[element.len().saturating_sub(16)..].iter().fold(0, join),
    }
}

fn mask(bits: u32) -> u128 {
    1u128.checked_shl(bits).map_or(u128::MAX, |bit| bit - 1)
}

/// The lowest bits as a number.
fn whole(bits: u128, precision: u16, signed: bool) -> u128 {
    let value = bits & mask(precision.into());
    let negative = signed && precision > 0 && value >> (precision - 1) & 1 == 1;
    if negative { value | !mask(precision.into()) } else { value }
}

/// The parts of a float.
struct Float {
    negative: bool,
    exponent: i64,
    fraction: u128,
}

/// How many bits exponent and fraction have, and the bias.
#[derive(Clone, Copy)]
struct Target {
    exponent: u32,
    fraction: u32,
    bias: i64,
}

impl Target {
    fn of(number: Number) -> Option<Self> {
        match number {
            Number::F16 => Some(Target { exponent: 5, fraction: 10, bias: 15 }),
            Number::Bf16 => Some(Target { exponent: 8, fraction: 7, bias: 127 }),
            Number::F32 => Some(Target { exponent: 8, fraction: 23, bias: 127 }),
            Number::F64 => Some(Target { exponent: 11, fraction: 52, bias: 1023 }),
            _ => None,
        }
    }

    /// A float's bits.
    fn bits(&self, negative: bool, exponent: i64, fraction: u128) -> u128 {
        let exponent = u128::try_from(exponent).expect("not below 0");
        u128::from(negative) << (self.exponent + self.fraction) | exponent << self.fraction | fraction
    }
}

/// One float as another one: rounded to the nearest, halves away from 0; what is too large is infinite, unless rounding alone would
/// make it so.
fn converted(float: &Float, source: &Target, implied: bool, target: &Target) -> u128 {
    let (highest, top) = ((1i64 << source.exponent) - 1, (1i64 << target.exponent) - 1);
    // Where no 1 is implied, that of infinity is told.
    let rest = if implied { float.fraction } else { float.fraction & mask(source.fraction.saturating_sub(1)) };
    if float.exponent == highest {
        return if rest == 0 {
            target.bits(float.negative, top, 0)
        } else {
            target.bits(float.negative, top, mask(target.fraction))
        };
    }
    if float.fraction == 0 && (float.exponent == 0 || !implied) {
        return target.bits(float.negative, 0, 0);
    }
    // The digits behind the leading 1, and the exponent of that.
    let normal = implied && float.exponent > 0;
    let digits = if normal { source.fraction } else { float.fraction.ilog2() };
    let lead = if normal { 0 } else { i64::from(source.fraction) - i64::from(digits) };
    let base = float.exponent - source.bias + if normal { 0 } else { 1 - lead };
    let mut exponent = base + target.bias;
    let mut mantissa = (float.fraction & mask(digits)) | 1 << digits;
    if exponent >= top {
        return target.bits(float.negative, top, 0);
    }
    // How many bits are left of the mantissa behind its leading 1; fewer where the number is below the least normal one.
    let below = if exponent <= 0 { 1 - exponent } else { 0 };
    let kept = i64::from(target.fraction) - below;
    if kept < -1 {
        return target.bits(float.negative, 0, 0);
    }
    let cut = i64::from(digits) - kept;
    if cut > 0 {
        let cut = u32::try_from(cut).expect("a few bits");
        let half = mantissa >> (cut - 1) & 1;
        mantissa >>= cut;
        if float.exponent == 0 || below > 0 {
            // A carry out of such a number's fraction is lost, as HDF5 has it.
            let fraction = mask(u32::try_from(kept.max(0)).expect("a few bits"));
            mantissa = if kept < 0 { half } else { mantissa & !fraction | (mantissa + half) & fraction };
        } else if exponent < top - 1 || mantissa & mask(target.fraction) != mask(target.fraction) {
            mantissa += half;
        }
    } else {
        mantissa <<= u32::try_from(-cut).expect("a few bits");
    }
    if below > 0 {
        return target.bits(float.negative, 0, mantissa);
    }
    if mantissa >> target.fraction > 1 {
        exponent += 1;
        mantissa >>= 1;
    }
    target.bits(float.negative, exponent, mantissa & mask(target.fraction))
}
