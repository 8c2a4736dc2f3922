use super::{Sum, Summary};
use serde::{Deserialize, Serialize};

/// What one pass over the values tells: how many of which kind, their limits and their sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// Values that are neither NaN nor infinite.
    pub finite: u64,
    /// Values that are not a number.
    pub nan: u64,
    /// Positive infinities.
    pub pos_inf: u64,
    /// Negative infinities.
    pub neg_inf: u64,
    /// Zeros of either sign.
    pub zeros: u64,
    /// The smallest finite value; +∞ without one.
    pub min: f64,
    /// The largest finite value; −∞ without one.
    pub max: f64,
    /// The sum of the finite values.
    pub sum: Sum,
}

impl Default for Extent {
    fn default() -> Self {
        Extent {
            finite: 0,
            nan: 0,
            pos_inf: 0,
            neg_inf: 0,
            zeros: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: Sum::default(),
        }
    }
}

impl Extent {
    /// All values, finite or not.
    pub fn count(&self) -> u64 {
        self.finite + self.nan + self.pos_inf + self.neg_inf
    }

    /// The mean of the finite values, `None` without one.
    pub fn mean(&self) -> Option<f64> {
        (self.finite > 0).then(|| self.sum.divided(self.finite))
    }

    /// The smallest and the largest finite value, `None` without one.
    pub fn limits(&self) -> Option<(f64, f64)> {
        (self.finite > 0).then_some((self.min, self.max))
    }
}

impl Summary for Extent {
    fn add(&mut self, values: &[f64], times: u64) {
        if times == 1 && Sum::are_plain(values) {
            self.finite += values.len() as u64;
            self.zeros += values.iter().map(|value| u64::from(*value == 0.0)).sum::<u64>();
            self.min = values.iter().fold(self.min, |min, value| if *value < min { *value } else { min });
            self.max = values.iter().fold(self.max, |max, value| if *value > max { *value } else { max });
            return self.sum.add_each(values, |value| value);
        }
        for &value in values {
            if value.is_finite() {
                self.finite += times;
                self.zeros += if value == 0.0 { times } else { 0 };
                self.min = self.min.min(value);
                self.max = self.max.max(value);
                if times == 1 {
                    self.sum.add(value);
                } else {
                    self.sum.add_times(value, times);
                }
            } else if value.is_nan() {
                self.nan += times;
            } else if value > 0.0 {
                self.pos_inf += times;
            } else {
                self.neg_inf += times;
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        self.finite += later.finite;
        self.nan += later.nan;
        self.pos_inf += later.pos_inf;
        self.neg_inf += later.neg_inf;
        self.zeros += later.zeros;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum.merge(&later.sum);
    }
}
