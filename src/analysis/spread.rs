use super::{Extent, Sum, Summary};
use serde::{Deserialize, Serialize};

/// The second moments of the finite values, once their limits and their mean are known.
///
/// Values are scaled by a power of two to around 1 before they are squared, so that neither 1e200 overflows nor 1e-200
/// vanishes. The deviation is taken about the mean as float64 rounds it, which is what NumPy does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    mean: f64,
    unscale: f64,
    scale: f64,
    squares: Sum,
    deviations: Sum,
}

impl Spread {
    /// A spread for values with these limits and this mean; `None` if there is no finite value.
    pub fn around(extent: &Extent) -> Option<Self> {
        let (min, max) = extent.limits()?;
        let largest = min.abs().max(max.abs());
        // The exponent of the largest value, kept where both 2^e and 2^-e are normal numbers.
        let exponent = (largest.to_bits() >> 52).clamp(1, 2045);
        let unscale = f64::from_bits(exponent << 52);
        let scale = f64::from_bits((2046 - exponent) << 52);
        let mean = extent.mean()? * scale;
        Some(Spread { mean, unscale, scale, squares: Sum::default(), deviations: Sum::default() })
    }

    /// The root of the mean square of the deviations from the mean (the population's, ddof 0) of `count` values.
    pub fn std(&self, count: u64) -> f64 {
        self.deviations.divided(count).sqrt() * self.unscale
    }

    /// The root of the sum of squares; infinite where float64 cannot hold it.
    pub fn l2(&self) -> f64 {
        self.squares.value().sqrt() * self.unscale
    }
}

impl Summary for Spread {
    fn add(&mut self, values: &[f64], times: u64) {
        if times == 1 && Sum::are_plain(values) {
            let (scale, mean) = (self.scale, self.mean);
            let square = |value: f64| value * value;
            self.squares.add_each(values, |value| square(value * scale));
            return self.deviations.add_each(values, |value| square(value * scale - mean));
        }
        for value in values.iter().filter(|value| value.is_finite()) {
            let scaled = value * self.scale;
            let off = scaled - self.mean;
            if times == 1 {
                self.squares.add(scaled * scaled);
                self.deviations.add(off * off);
            } else {
                self.squares.add_times(scaled * scaled, times);
                self.deviations.add_times(off * off, times);
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        self.squares.merge(&later.squares);
        self.deviations.merge(&later.deviations);
    }
}
