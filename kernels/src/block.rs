use crate::Pair;
use wide::{CmpEq, f32x4, f64x2};

/// Vectors side by side: enough that no addition waits for the one before.
const ROW: usize = 4;
/// Sums side by side.
const LANES: usize = 2 * ROW;

/// What a few thousand finite values are like: the figures of at most [`crate::BLOCK`] of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The smallest; +∞ without one.
    pub min: f64,
    /// The largest; −∞ without one.
    pub max: f64,
    /// The smallest absolute value other than zero; +∞ without one.
    pub least: f64,
    /// Zeros of either sign.
    pub zeros: usize,
    /// What values were multiplied with before they were added up: two to the power of minus this.
    pub exponent: i32,
    /// Their sum.
    pub sum: Pair,
    /// The sum of their absolute values.
    pub abs: f64,
    /// The mean that the moments are about: the sum divided by the number, rounded.
    pub about: f64,
    /// The sums of squares, cubes and fourth powers of what differs from that mean.
    pub powers: [f64; 3],
}

impl Block {
    /// The figures of little-endian float32 values; `None` if one of them is not finite. `room` becomes the values.
    #[inline(never)]
    pub fn of_f32(values: &[[u8; 4]], room: &mut Vec<f64>) -> Option<Block> {
        room.resize(values.len(), 0.0);
        for (wide, value) in room.iter_mut().zip(values) {
            *wide = f64::from(f32::from_le_bytes(*value));
        }
        let (sum, abs) = sums(room);
        if !abs.is_finite() {
            return None;
        }
        let mut block = limits_f32(values);
        (block.sum, block.abs) = (sum, abs);
        let largest = block.min.abs().max(block.max.abs());
        // A sum of multiples of one number is exact as long as it has at most 53 digits in units of it.
        let digits = exponent(largest).saturating_sub(exponent(block.least)) + 24;
        if digits + (values.len() / LANES + 1).ilog2() as i32 >= 52 {
            block.sum = long_sum(room);
        }
        block.powers(room);
        Some(block)
    }

    /// The figures of float64 values; `None` if one of them is not finite. `room` becomes the values, scaled.
    #[inline(never)]
    pub fn of_f64(values: &[f64], room: &mut Vec<f64>) -> Option<Block> {
        // Every one is looked at: a loop without a way out is several times as fast.
        if !values.iter().fold(true, |finite, value| finite & (value.abs() <= f64::MAX)) {
            return None;
        }
        let mut block = limits_f64(values);
        // Fourth powers of what is in between need no scale.
        let largest = exponent(block.min.abs().max(block.max.abs()));
        let mut values = values;
        if largest.abs() > 100 && block.zeros < values.len() {
            block.exponent = largest;
            room.clear();
            room.extend(values.iter().map(|value| scaled(*value, -largest)));
            values = room;
        }
        block.sum = long_sum(values);
        block.abs = sums(values).1;
        block.powers(values);
        Some(block)
    }

    fn powers(&mut self, values: &[f64]) {
        if !values.is_empty() {
            self.about = self.sum.divided(values.len() as f64).high;
            self.powers = powers(values, self.about);
        }
    }
}

/// The exponent of a positive number: floor(log2); of zero, and of a subnormal, that below all normal ones.
fn exponent(value: f64) -> i32 {
    (value.to_bits() >> 52) as i32 - 1023
}

/// A number times two to the power of `exponent`, in three steps so that none of them is out of range before the result is.
pub fn scaled(value: f64, exponent: i32) -> f64 {
    let exponent = exponent.clamp(-3000, 3000);
    let power = |exponent: i32| f64::from_bits(((exponent + 1023) as u64) << 52);
    let third = exponent / 3;
    value * power(third) * power(third) * power(exponent - 2 * third)
}

/// Limits, and what else is told by comparing: the same lines for vectors of either type.
macro_rules! limits {
    ($name:ident, $value:ty, $float:ident, $vector:ident, $width:literal, $get:expr) => {
        fn $name(values: &[$value]) -> Block {
            let infinity = $vector::splat($float::INFINITY);
            let (mut min, mut max, mut least, mut zeros) =
                ([infinity; 2], [-infinity; 2], [infinity; 2], [$vector::ZERO; 2]);
            let (rows, rest) = values.as_chunks::<{ 2 * $width }>();
            for row in rows {
                for at in 0..2 {
                    let value = $vector::new(std::array::from_fn(|lane| $get(row[$width * at + lane])));
                    min[at] = min[at].fast_min(value);
                    max[at] = max[at].fast_max(value);
                    let abs = value.abs();
                    let zero = abs.cmp_eq($vector::ZERO);
                    zeros[at] += zero & $vector::ONE;
                    // A zero becomes an infinity here.
                    least[at] = (abs | (zero & infinity)).fast_min(least[at]);
                }
            }
            let mut block = Block {
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
                least: f64::INFINITY,
                zeros: 0,
                exponent: 0,
                sum: Pair::default(),
                abs: 0.0,
                about: 0.0,
                powers: [0.0; 3],
            };
            let lanes = |vectors: [$vector; 2]| vectors.into_iter().flat_map(|vector| vector.to_array()).map(f64::from);
            block.min = lanes(min).fold(block.min, f64::min);
            block.max = lanes(max).fold(block.max, f64::max);
            block.least = lanes(least).fold(block.least, f64::min);
            block.zeros = lanes(zeros).sum::<f64>() as usize;
            for value in rest.iter().map(|value| f64::from($get(*value))) {
                block.min = block.min.min(value);
                block.max = block.max.max(value);
                if value == 0.0 {
                    block.zeros += 1;
                } else {
                    block.least = block.least.min(value.abs());
                }
            }
            block
        }
    };
}
limits!(limits_f32, [u8; 4], f32, f32x4, 4, f32::from_le_bytes);
limits!(limits_f64, f64, f64, f64x2, 2, f64::from);

/// Hands on values, a row of vectors at a time; what is left over goes into the first lanes, beside `pad`.
#[inline(always)]
pub(crate) fn rows(values: &[f64], pad: f64, mut take: impl FnMut(usize, f64x2)) {
    let (rows, rest) = values.as_chunks::<LANES>();
    for row in rows {
        for at in 0..ROW {
            take(at, f64x2::new(row.as_chunks::<2>().0[at]));
        }
    }
    for (at, pair) in rest.chunks(2).enumerate() {
        take(at, f64x2::new([pair[0], pair.get(1).copied().unwrap_or(pad)]));
    }
}

pub(crate) fn lanes(row: [f64x2; ROW]) -> impl Iterator<Item = f64> {
    row.into_iter().flat_map(f64x2::to_array)
}

/// The sum, and the sum of the absolute values, which is not finite if a value is not.
fn sums(values: &[f64]) -> (Pair, f64) {
    let (mut sums, mut abs) = ([f64x2::ZERO; ROW], [f64x2::ZERO; ROW]);
    rows(values, 0.0, |at, value| {
        sums[at] += value;
        abs[at] += value.abs();
    });
    let mut sum = Pair::default();
    lanes(sums).for_each(|lane| sum.add(lane));
    (sum, lanes(abs).sum())
}

/// The sum of values of any sizes.
fn long_sum(values: &[f64]) -> Pair {
    let (mut high, mut low) = ([f64x2::ZERO; ROW], [f64x2::ZERO; ROW]);
    rows(values, 0.0, |at, value| {
        let sum = high[at] + value;
        let rounded = sum - high[at];
        low[at] += (high[at] - (sum - rounded)) + (value - rounded);
        high[at] = sum;
    });
    let mut sum = Pair::default();
    lanes(high).chain(lanes(low)).for_each(|lane| sum.add(lane));
    sum
}

/// The sums of squares, cubes and fourth powers of what differs from `mean`.
fn powers(values: &[f64], mean: f64) -> [f64; 3] {
    let about = f64x2::splat(mean);
    let (mut squares, mut cubes, mut fourths) = ([f64x2::ZERO; ROW], [f64x2::ZERO; ROW], [f64x2::ZERO; ROW]);
    rows(values, mean, |at, value| {
        let off = value - about;
        let square = off * off;
        squares[at] += square;
        cubes[at] += square * off;
        fourths[at] += square * square;
    });
    [squares, cubes, fourths].map(|row| lanes(row).sum())
}
