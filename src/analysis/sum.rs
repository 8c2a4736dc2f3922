use serde::{Deserialize, Serialize};

/// A sum of float64 values as an unevaluated pair, good to about 106 bits whatever the order.
///
/// Values beyond 2^500 and below 2^-500 are summed apart, scaled by a power of two, so that neither the sum of a thousand
/// largest numbers overflows nor that of the smallest loses its digits.
///
/// Two-sum: D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    huge: Pair,
    plain: Pair,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pair {
    high: f64,
    low: f64,
}

/// Above this a value goes to the scaled part.
const HUGE: f64 = f64::from_bits((1023 + 500) << 52);
/// 2^-100: room for 2^100 of the largest values.
const DOWN: f64 = f64::from_bits((1023 - 100) << 52);

impl Pair {
    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let rounded = sum - self.high;
        self.low += (self.high - (sum - rounded)) + (value - rounded);
        self.high = sum;
    }

    fn merge(&mut self, later: Pair) {
        self.add(later.high);
        self.add(later.low);
    }

    /// The sum divided by `count`, rounded about once.
    fn divided(self, count: f64) -> f64 {
        let high = self.high + self.low;
        let low = (self.high - high) + self.low;
        let quotient = high / count;
        let rest = quotient.mul_add(-count, high) + low;
        quotient + rest / count
    }
}

impl Sum {
    /// Adds a finite value.
    pub fn add(&mut self, value: f64) {
        if value.abs() > HUGE {
            self.huge.add(value * DOWN);
        } else {
            self.plain.add(value);
        }
    }

    /// Whether all values are finite and no sum of theirs needs to be scaled: those can be added by [`Sum::add_each`].
    pub fn are_plain(values: &[f64]) -> bool {
        // Every one is looked at: a loop without a way out is several times as fast.
        values.iter().fold(true, |plain, value| plain & (value.abs() <= HUGE))
    }

    /// Adds what becomes of each value, none of which is larger than 2^500.
    pub fn add_each(&mut self, values: &[f64], of: impl Fn(f64) -> f64) {
        // In sums side by side: each addition to a single one would wait for the one before.
        let mut lanes = [Pair::default(); 8];
        let (eights, rest) = values.as_chunks::<8>();
        for eight in eights {
            for (lane, value) in lanes.iter_mut().zip(eight) {
                lane.add(of(*value));
            }
        }
        for value in rest {
            self.plain.add(of(*value));
        }
        for lane in lanes {
            self.plain.merge(lane);
        }
    }

    /// Adds a value `times` times; the product is kept to twice the width.
    pub fn add_times(&mut self, value: f64, times: u64) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact below 2^53; a repeat beyond it is off by one part in 2^53"
        )]
        let times = times as f64;
        let (value, part) = if value.abs() > HUGE { (value * DOWN, &mut self.huge) } else { (value, &mut self.plain) };
        let product = value * times;
        part.add(product);
        part.add(value.mul_add(times, -product));
    }

    /// Adds another sum.
    pub fn merge(&mut self, later: &Self) {
        self.huge.merge(later.huge);
        self.plain.merge(later.plain);
    }

    /// The sum divided by `count`.
    pub fn divided(&self, count: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "one part in 2^53")]
        let count = count as f64;
        if self.huge == Pair::default() {
            return self.plain.divided(count);
        }
        let mut all = self.huge;
        all.add(self.plain.high * DOWN);
        all.add(self.plain.low * DOWN);
        all.divided(count) / DOWN
    }

    /// The sum itself; infinite where float64 cannot hold it.
    pub fn value(&self) -> f64 {
        self.divided(1)
    }
}
