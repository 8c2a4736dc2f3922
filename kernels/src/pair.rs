use serde::{Deserialize, Serialize};

/// A sum of float64 values as an unevaluated pair, good to about 106 bits whatever the order.
///
/// Two-sum: D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The sum as float64 has it.
    pub high: f64,
    /// What it lacks.
    pub low: f64,
}

impl Pair {
    /// Adds a value.
    #[inline(always)]
    pub fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let rounded = sum - self.high;
        self.low += (self.high - (sum - rounded)) + (value - rounded);
        self.high = sum;
    }

    /// Adds `value * times`, whose product is kept to twice the width.
    pub fn add_times(&mut self, value: f64, times: f64) {
        let product = value * times;
        self.add(product);
        self.add(value.mul_add(times, -product));
    }

    /// Adds another sum.
    pub fn merge(&mut self, later: Pair) {
        self.add(later.high);
        self.add(later.low);
    }

    /// The sum, rounded.
    pub fn value(self) -> f64 {
        self.high + self.low
    }

    /// The sum `times` times.
    #[must_use]
    pub fn times(self, times: f64) -> Pair {
        let mut product = Pair::default();
        product.add_times(self.high, times);
        product.add_times(self.low, times);
        product
    }

    /// The sum divided by `count`: the quotient as float64 has it, and what it lacks.
    #[must_use]
    pub fn divided(self, count: f64) -> Pair {
        let high = self.value();
        let low = (self.high - high) + self.low;
        let quotient = high / count;
        let rest = (quotient.mul_add(-count, high) + low) / count;
        let sum = quotient + rest;
        Pair { high: sum, low: (quotient - sum) + rest }
    }
}
