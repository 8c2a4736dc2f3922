use paramscope_kernels::{Pair, scaled};
use serde::{Deserialize, Serialize};

/// A sum of float64 values of any size, good to about 106 bits whatever the order.
///
/// Values beyond 2^500 are summed apart, scaled by a power of two, so that the sum of a thousand largest numbers does not
/// overflow, and what is left when they cancel each other keeps its digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sum {
    huge: Pair,
    plain: Pair,
}

/// Above this a value goes to the scaled part.
const HUGE: f64 = f64::from_bits((1023 + 500) << 52);
/// 2^-100: room for 2^100 of the largest values.
const DOWN: f64 = f64::from_bits((1023 - 100) << 52);

impl Sum {
    /// Of finite values.
    pub fn of(values: &[f64]) -> Self {
        let mut sum = Sum::default();
        for &value in values {
            if value.abs() > HUGE { sum.huge.add(value * DOWN) } else { sum.plain.add(value) }
        }
        sum
    }

    /// Of values none of which is beyond 2^500.
    pub fn plain(plain: Pair) -> Self {
        Sum { huge: Pair::default(), plain }
    }

    /// The sum `times` times.
    #[must_use]
    pub fn times(self, times: f64) -> Self {
        Sum { huge: self.huge.times(times), plain: self.plain.times(times) }
    }

    /// The sum of small values times two to the power of `exponent`.
    pub fn scaled_up(&self, exponent: i32) -> Pair {
        Pair { high: scaled(self.plain.high, exponent), low: scaled(self.plain.low, exponent) }
    }

    /// Adds another sum.
    pub fn merge(&mut self, later: &Self) {
        self.huge.merge(later.huge);
        self.plain.merge(later.plain);
    }

    /// The sum divided by `count`: the quotient as float64 has it, and what it lacks.
    pub fn divided(&self, count: f64) -> Pair {
        if self.huge == Pair::default() {
            return self.plain.divided(count);
        }
        let mut all = self.huge;
        all.add(self.plain.high * DOWN);
        all.add(self.plain.low * DOWN);
        let quotient = all.divided(count);
        Pair { high: quotient.high / DOWN, low: quotient.low / DOWN }
    }
}
