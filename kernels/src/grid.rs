use crate::Line;
use crate::block::{lanes, rows};
use wide::{f32x4, f64x2};

/// Columns that are gone over at a time: what is kept of them stays in the first cache.
const STRIP: usize = 1024;
const ROW: usize = 4;

/// What is known of some columns.
struct Strip {
    min: [f32; STRIP],
    max: [f32; STRIP],
    squares: [f64; STRIP],
    /// The values of one row, as float32 and as float64.
    single: [f32; STRIP],
    double: [f64; STRIP],
}

/// Takes in whole rows of `columns` finite float32 values, little-endian: one entry a row in `rows`, one a column in `across`.
#[inline(never)]
pub fn grid(values: &[[u8; 4]], columns: usize, rows: &mut Line<'_>, across: &mut Line<'_>) {
    let mut strip = Box::new(Strip {
        min: [0.0; STRIP],
        max: [0.0; STRIP],
        squares: [0.0; STRIP],
        single: [0.0; STRIP],
        double: [0.0; STRIP],
    });
    for first in (0..columns).step_by(STRIP) {
        let width = STRIP.min(columns - first);
        (strip.min, strip.max, strip.squares) = ([f32::INFINITY; STRIP], [f32::NEG_INFINITY; STRIP], [0.0; STRIP]);
        let limits = rows.min.iter_mut().zip(rows.max.iter_mut()).zip(rows.squares.iter_mut());
        for (row, ((min, max), squares)) in values.chunks_exact(columns).zip(limits) {
            let (low, high, sum) = strip.take(&row[first..first + width]);
            (*min, *max) = (min.min(low.into()), max.max(high.into()));
            *squares += sum;
        }
        for at in 0..width {
            let place = first + at;
            across.min[place] = across.min[place].min(strip.min[at].into());
            across.max[place] = across.max[place].max(strip.max[at].into());
            across.squares[place] += strip.squares[at];
        }
    }
}

impl Strip {
    /// Takes in a part of one row; its limits and its sum of squares.
    fn take(&mut self, row: &[[u8; 4]]) -> (f32, f32, f64) {
        let count = row.len();
        let (single, double) = (&mut self.single[..count], &mut self.double[..count]);
        for (value, raw) in single.iter_mut().zip(row) {
            *value = f32::from_le_bytes(*raw);
        }
        for (wide, value) in double.iter_mut().zip(single.iter()) {
            *wide = f64::from(*value);
        }
        for (min, value) in self.min[..count].iter_mut().zip(single.iter()) {
            *min = if *value < *min { *value } else { *min };
        }
        for (max, value) in self.max[..count].iter_mut().zip(single.iter()) {
            *max = if *value > *max { *value } else { *max };
        }
        for (squares, value) in self.squares[..count].iter_mut().zip(double.iter()) {
            *squares += value * value;
        }
        let (low, high) = limits(single);
        let mut sums = [f64x2::ZERO; ROW];
        rows(double, 0.0, |at, value| sums[at] += value * value);
        (low, high, lanes(sums).sum())
    }
}

/// The smallest and the largest.
fn limits(values: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = ([f32x4::splat(f32::INFINITY); ROW], [f32x4::splat(f32::NEG_INFINITY); ROW]);
    let (groups, rest) = values.as_chunks::<{ 4 * ROW }>();
    for group in groups {
        for at in 0..ROW {
            let value = f32x4::new(group.as_chunks::<4>().0[at]);
            (low[at], high[at]) = (low[at].fast_min(value), high[at].fast_max(value));
        }
    }
    let all = |row: [f32x4; ROW]| row.into_iter().flat_map(f32x4::to_array);
    let low = all(low).chain(rest.iter().copied()).fold(f32::INFINITY, f32::min);
    (low, all(high).chain(rest.iter().copied()).fold(f32::NEG_INFINITY, f32::max))
}

/// The float32 numbers, little-endian, that bfloat16 codes stand for.
#[inline(never)]
pub fn widen_brain(codes: &[[u8; 2]], into: &mut [[u8; 4]]) {
    for (value, [low, high]) in into.iter_mut().zip(codes) {
        *value = [0, 0, *low, *high];
    }
}

/// The float32 numbers, little-endian, that finite binary16 codes stand for. Moving the bits in place and multiplying rebiases the
/// exponent, exactly and for subnormals too.
#[inline(never)]
pub fn widen_half(codes: &[[u8; 2]], into: &mut [[u8; 4]]) {
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23);
    for (value, code) in into.iter_mut().zip(codes) {
        let code = u32::from(u16::from_le_bytes(*code));
        let magnitude = f32::from_bits((code & 0x7fff) << 13) * REBIAS;
        *value = (magnitude.to_bits() | (code & 0x8000) << 16).to_le_bytes();
    }
}
