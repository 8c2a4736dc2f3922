use serde::{Deserialize, Serialize};

/// The ranks, in percent, of [`Vital::percentiles`].
pub const RANKS: [f64; 9] = [0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9];

/// What a rule needs to know of the values of one tensor: some hundred bytes, however large it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vital {
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
    /// The smallest and the largest finite value.
    pub limits: Option<(f64, f64)>,
    /// Row-major indices of the first value of a kind.
    pub first: Firsts,
    /// Of the finite values.
    pub shape: Option<Shape>,
    /// At [`RANKS`].
    pub percentiles: Option<[f64; RANKS.len()]>,
    /// Finite values that float16 makes infinite: at least so many.
    pub beyond_half: u64,
    /// Values other than zero that float16 makes zero.
    pub below_half: u64,
    /// Values below zero: at least so many.
    pub negative: u64,
    /// Of the matrix of the first dimension by all others.
    pub rows: Option<Lines>,
    /// Likewise.
    pub columns: Option<Lines>,
    /// What tells contents apart.
    pub print: Option<Print>,
}

/// The row-major index of the first value of a kind, where there is one and the order of the elements is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "said above")]
pub struct Firsts {
    pub nan: Option<u64>,
    pub infinite: Option<u64>,
    pub min: Option<u64>,
    pub beyond_half: Option<u64>,
    pub below_half: Option<u64>,
}

/// Moments of the finite values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Their mean.
    pub mean: f64,
    /// Their population's standard deviation.
    pub std: f64,
    /// The root of the sum of squares.
    pub l2: f64,
    /// The fourth standardised moment, 3 for a normal distribution; 0 without a deviation.
    pub kurtosis: f64,
}

/// What is unusual in the rows, or the columns, of a matrix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// How many there are.
    pub count: u64,
    /// How many of them are all zero.
    pub dead: u64,
    /// The first of these.
    pub first_dead: Vec<u64>,
    /// The last of these.
    pub last_dead: u64,
    /// The median of their norms.
    pub median: f64,
    /// The deviation of their norms, in parts of their mean.
    pub spread: f64,
    /// How many have a norm of more than [`Lines::OUTLIER`] times the median.
    pub outliers: u64,
    /// The first of these, and their norms.
    pub first_outliers: Vec<(u64, f64)>,
}

/// What tells contents apart without keeping them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Print {
    /// Equal contents have equal ones, others almost certainly not.
    pub content: u64,
    /// Elements at places that their number alone decides.
    pub sample: Vec<f32>,
}

impl Lines {
    /// How many times the median norm makes an outlier: rows of trained weights differ by less.
    pub const OUTLIER: f64 = 10.0;

    /// Of lines with these limits and norms, in their order.
    pub fn new(min: &[f64], max: &[f64], norms: &[f64]) -> Self {
        let dead: Vec<u64> =
            (0..).zip(min.iter().zip(max)).filter(|(_, limits)| *limits == (&0.0, &0.0)).map(|(at, _)| at).collect();
        let mut sorted = norms.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = |half: usize| sorted.get(half).copied().unwrap_or_default();
        let median = f64::midpoint(middle(sorted.len().saturating_sub(1) / 2), middle(sorted.len() / 2));
        let most = median * Self::OUTLIER;
        let outliers = (0..).zip(norms).filter(|(_, norm)| median > 0.0 && **norm > most).map(|(at, norm)| (at, *norm));
        let outliers: Vec<(u64, f64)> = outliers.collect();
        let named = crate::limits::NAMED;
        Lines {
            count: norms.len() as u64,
            dead: dead.len() as u64,
            first_dead: dead.iter().copied().take(named).collect(),
            last_dead: dead.last().copied().unwrap_or_default(),
            median,
            spread: spread(norms),
            outliers: outliers.len() as u64,
            first_outliers: outliers.into_iter().take(named).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of lines")]
fn spread(norms: &[f64]) -> f64 {
    let count = norms.len() as f64;
    let mean = norms.iter().sum::<f64>() / count;
    let squares: f64 = norms.iter().map(|norm| (norm - mean).powi(2)).sum();
    let spread = (squares / count).sqrt() / mean;
    if spread.is_finite() { spread } else { 0.0 }
}

impl Vital {
    /// All values.
    pub fn all(&self) -> u64 {
        self.finite + self.nan + self.pos_inf + self.neg_inf
    }

    /// The one value that all elements have; `None` if there are several, or one that is not finite.
    pub fn constant(&self) -> Option<f64> {
        self.limits.filter(|(min, max)| min == max && self.finite == self.all()).map(|(min, _)| min)
    }

    /// The root mean square of the finite values; `None` without one.
    #[expect(clippy::cast_precision_loss, reason = "a count of values")]
    pub fn rms(&self) -> Option<f64> {
        self.shape.filter(|_| self.finite > 0).map(|shape| shape.l2 / (self.finite as f64).sqrt())
    }

    /// Whether hardly any value lies between the limits, as in a mask.
    pub fn two_valued(&self) -> bool {
        let (Some((min, max)), Some(percentiles)) = (self.limits, self.percentiles) else { return false };
        min < max && percentiles.iter().filter(|value| **value != min && **value != max).count() <= 1
    }
}
