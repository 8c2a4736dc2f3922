use super::Histogram;
use serde::{Deserialize, Serialize};

/// What a study is to find beside counts, limits and moments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wants {
    /// The bins of the histogram.
    pub bins: usize,
    /// Its range; that of all finite values without one.
    pub range: Option<(f64, f64)>,
    /// Whether more than the histogram is wanted.
    pub depth: Depth,
}

/// How much a study finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Depth {
    /// Counts, limits, moments and the histogram.
    Moments,
    /// Also percentiles, magnitudes, channels and a print of the content.
    Full,
}

impl Wants {
    /// What the page and the report show of every tensor.
    pub const USUAL: Wants = Wants { bins: 50, range: None, depth: Depth::Full };
}

/// What was found about the values of one tensor; of complex numbers about their moduli.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// How many values of which kind.
    pub counts: Counts,
    /// The smallest and the largest finite value; `None` if no value is finite.
    pub limits: Option<(f64, f64)>,
    /// Where the first of a kind is.
    pub places: Places,
    /// `None` if no value is finite.
    pub moments: Option<Moments>,
    /// The histogram, or why there is none. `None` if no value is finite.
    pub histogram: Option<Result<Histogram, String>>,
    /// At the ranks [`PERCENTILES`]; `None` if not wanted, or if no value is finite.
    pub percentiles: Option<[f64; PERCENTILES.len()]>,
    /// `None` if not wanted.
    pub magnitudes: Option<Magnitudes>,
    /// Of a tensor of at least two dimensions, as a matrix whose rows, or where the format has them last whose columns, are output channels;
    /// `None` if not wanted or too many.
    pub channels: Option<Channels>,
    /// `None` if not wanted.
    pub print: Option<Print>,
}

/// How many values of which kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
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
    /// Values below the smallest normal number of the element's type, other than zero.
    pub subnormal: u64,
}

impl Counts {
    /// All values.
    pub fn all(&self) -> u64 {
        self.finite + self.nan + self.pos_inf + self.neg_inf
    }
}

/// The row-major index of the first element of a kind; `None` where there is none, or where elements of a layout that is not read
/// in order cannot be told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "said above")]
pub struct Places {
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub nan: Option<u64>,
    pub pos_inf: Option<u64>,
    pub neg_inf: Option<u64>,
    /// Of values that float16 makes infinite.
    pub beyond_half: Option<u64>,
    /// Of values other than zero that float16 makes zero.
    pub below_half: Option<u64>,
}

/// Moments of the finite values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Their mean.
    pub mean: f64,
    /// The population's standard deviation (ddof 0), about the exact mean.
    pub std: f64,
    /// The root of the sum of squares; infinite where float64 cannot hold it.
    pub l2: f64,
    /// The mean of the absolute values.
    pub abs_mean: f64,
    /// The third standardised moment (population); `None` without a deviation.
    pub skewness: Option<f64>,
    /// The fourth standardised moment (3 for a normal distribution); `None` without a deviation.
    pub kurtosis: Option<f64>,
}

/// The ranks, in percent, of [`Findings::percentiles`].
pub const PERCENTILES: [f64; 9] = [0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9];

/// How many finite values other than zero have which magnitude.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Magnitudes {
    /// The lowest power of two that occurs: floor(log2 |x|) of the smallest value.
    pub lowest: i32,
    /// One a power of two from the lowest up to the highest that occurs; empty without such values.
    pub counts: Vec<u64>,
}

/// What the rows and the columns of a matrix are like, over finite values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channels {
    /// One entry an index of the first dimension.
    pub rows: Lines,
    /// One entry an index of all others together.
    pub columns: Lines,
}

/// Limits and norms of the rows, or the columns, of a matrix: one entry each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// The smallest finite value; +∞ without one.
    pub min: Vec<f64>,
    /// The largest finite value; −∞ without one.
    pub max: Vec<f64>,
    /// The root of the sum of squares.
    pub l2: Vec<f64>,
}

/// What tells contents apart without keeping them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Print {
    /// Of all bytes in their order: equal contents have equal ones, others almost certainly not.
    pub content: u64,
    /// Elements at places that the number of elements alone decides, row-major; all of a small tensor.
    pub sample: Vec<f32>,
}
