use super::sum::Sum;
use super::{Moments, Summary};
use paramscope_kernels::{BLOCK, Block, Pair, scaled};
use serde::{Deserialize, Serialize};

/// The number of finite values, their sum, and what they are like about their mean.
///
/// Blocks have their moments about their own means; two of them are put together by the formulas of Pébay (Formulas for
/// robust, one-pass parallel computation of covariances and arbitrary-order statistical moments, 2008), with means to twice
/// the width of float64. Values are scaled by a power of two where their fourth powers need it, so that neither 1e200
/// overflows nor 1e-200 vanishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Central {
    count: u64,
    sum: Sum,
    /// All below is of values multiplied by two to the power of minus this.
    exponent: i32,
    abs: Pair,
    squares: Pair,
    cubes: f64,
    fourths: f64,
}

impl Central {
    /// Those of a block, and of the values it is of.
    pub(super) fn of_block(block: &Block, values: &[f64]) -> Self {
        let (count, abs) = (values.len() as u64, Pair { high: block.abs, low: 0.0 });
        let mut central = Self::about_rounded(count, block.sum, abs, block.powers);
        if block.exponent != 0 {
            (central.exponent, central.sum) = (block.exponent, Sum::of(values));
        }
        central
    }

    /// Those of finite values with a count each, whose fourth powers need no scale.
    pub(super) fn of_counts(values: &[(f64, u64)]) -> Self {
        let (mut count, mut sum, mut abs) = (0, Pair::default(), Pair::default());
        for &(value, times) in values {
            count += times;
            sum.add_times(value, real(times));
            abs.add_times(value.abs(), real(times));
        }
        let mean = sum.divided(real(count)).high;
        let mut powers = [Pair::default(); 3];
        for &(value, times) in values {
            let (off, times) = (value - mean, real(times));
            let square = off * off;
            powers[0].add(square * times);
            powers[1].add(square * off * times);
            powers[2].add(square * square * times);
        }
        Self::about_rounded(count, sum, abs, powers.map(Pair::value))
    }

    /// From sums of powers about the mean as float64 rounds it.
    fn about_rounded(count: u64, sum: Pair, abs: Pair, [squares, cubes, fourths]: [f64; 3]) -> Self {
        if count == 0 {
            return Central::default();
        }
        let (n, off) = (real(count), sum.divided(real(count)).low);
        Central {
            count,
            sum: Sum::plain(sum),
            exponent: 0,
            abs,
            squares: Pair { high: (squares - n * off * off).max(0.0), low: 0.0 },
            cubes: cubes - 3.0 * off * squares + 2.0 * n * off.powi(3),
            fourths: fourths - 4.0 * off * cubes + 6.0 * off * off * squares - 3.0 * n * off.powi(4),
        }
    }

    /// The same values, each `times` times.
    #[must_use]
    pub(super) fn times(mut self, times: u64) -> Self {
        if times != 1 {
            let factor = real(times);
            self.count *= times;
            self.sum = self.sum.times(factor);
            self.abs = self.abs.times(factor);
            self.squares = self.squares.times(factor);
            self.cubes *= factor;
            self.fourths *= factor;
        }
        self
    }

    /// The mean, scaled as the moments are.
    fn mean(&self) -> Pair {
        if self.exponent < 0 {
            return self.sum.scaled_up(-self.exponent).divided(real(self.count));
        }
        let mean = self.sum.divided(real(self.count));
        Pair { high: scaled(mean.high, -self.exponent), low: scaled(mean.low, -self.exponent) }
    }

    fn rescale(&mut self, exponent: i32) {
        let by = self.exponent - exponent;
        let scale = |sum: Pair, by| Pair { high: scaled(sum.high, by), low: scaled(sum.low, by) };
        if by != 0 {
            self.exponent = exponent;
            self.abs = scale(self.abs, by);
            self.squares = scale(self.squares, 2 * by);
            self.cubes = scaled(self.cubes, 3 * by);
            self.fourths = scaled(self.fourths, 4 * by);
        }
    }

    /// The moments; `None` without a value.
    pub fn moments(&self) -> Option<Moments> {
        if self.count == 0 {
            return None;
        }
        let (n, mean, squares) = (real(self.count), self.mean(), self.squares.value());
        let variance = squares / n;
        let l2 = (squares + n * (mean.high * mean.high + 2.0 * mean.high * mean.low)).sqrt();
        let standardised = |sum: f64, by: f64| (variance > 0.0).then(|| sum / n / by).filter(|value| value.is_finite());
        Some(Moments {
            mean: self.sum.divided(n).high,
            std: scaled(variance.sqrt(), self.exponent),
            l2: scaled(l2, self.exponent),
            abs_mean: scaled(self.abs.divided(n).high, self.exponent),
            skewness: standardised(self.cubes, variance * variance.sqrt()),
            kurtosis: standardised(self.fourths, variance * variance),
        })
    }
}

impl Summary for Central {
    fn add(&mut self, values: &[f64], times: u64) {
        let mut room = Vec::new();
        for values in values.chunks(BLOCK) {
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            if let Some(block) = Block::of_f64(&finite, &mut room) {
                self.merge(&Self::of_block(&block, &finite).times(times));
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        let mut later = later.clone();
        if self.count == 0 {
            *self = later;
            return;
        }
        // Zeros have any scale.
        let exponent = match (self.abs.high == 0.0, later.abs.high == 0.0) {
            (true, _) => later.exponent,
            (_, true) => self.exponent,
            _ => self.exponent.max(later.exponent),
        };
        self.rescale(exponent);
        later.rescale(exponent);
        let (a, b) = (real(self.count), real(later.count));
        let all = a + b;
        let (mean, mut off) = (self.mean(), later.mean());
        off.add(-mean.high);
        off.add(-mean.low);
        let off = off.value();
        let (x, y) = (a / all, b / all);
        let (squares, more) = (self.squares.value(), later.squares.value());
        let between = off * off * a * y;
        self.fourths += later.fourths
            + between * off * off * (x * x - x * y + y * y)
            + 6.0 * off * off * (x * x * more + y * y * squares)
            + 4.0 * off * (x * later.cubes - y * self.cubes);
        self.cubes += later.cubes + between * off * (x - y) + 3.0 * off * (x * more - y * squares);
        self.squares.merge(later.squares);
        self.squares.add(between);
        self.sum.merge(&later.sum);
        self.abs.merge(later.abs);
        self.count += later.count;
    }
}

#[expect(clippy::cast_precision_loss, reason = "one part in 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}
