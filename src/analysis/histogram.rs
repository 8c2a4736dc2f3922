use super::Summary;
use serde::{Deserialize, Serialize};

/// The edges of equal bins, as `numpy.histogram` places them.
///
/// Every bin but the last is half open; the last one includes its upper edge.
/// Source: `numpy/lib/_histograms_impl.py`, `numpy/_core/function_base.py` (`linspace`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edges {
    edges: Vec<f64>,
    /// Bins in a range of 1.
    density: f64,
}

impl Edges {
    /// `bins` bins from `low` to `high`; a range of no width is widened by a half on either side.
    ///
    /// # Errors
    ///
    /// NumPy's own words where it refuses: a range that is not finite, is the wrong way round, or is too narrow for so many
    /// bins.
    pub fn new(bins: usize, low: f64, high: f64) -> Result<Self, String> {
        if bins == 0 {
            return Err("The number of bins must be at least 1.".to_owned());
        }
        if low > high || !low.is_finite() || !high.is_finite() {
            return Err(format!("The range from {low} to {high} is not finite and rising."));
        }
        let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
        let (width, count) = (high - low, to_f64(bins));
        let step = width / count;
        let mut edges: Vec<f64> = (0..=bins)
            .map(|index| {
                let index = to_f64(index);
                low + if step == 0.0 { index / count * width } else { index * step }
            })
            .collect();
        edges[bins] = high;
        if !width.is_finite() || edges.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(format!("Too many bins for data range: {bins} bins of finite size cannot be made."));
        }
        let density = count / width;
        Ok(Edges { edges, density })
    }

    /// How many bins there are.
    pub fn bins(&self) -> usize {
        self.edges.len() - 1
    }

    /// All edges, one more than there are bins.
    pub fn as_slice(&self) -> &[f64] {
        &self.edges
    }

    /// Bins in a range of 1; infinite where float64 cannot hold it.
    pub(super) fn density(&self) -> f64 {
        self.density
    }

    /// The bin of a value that lies between the first and the last edge.
    fn bin(&self, value: f64) -> usize {
        let (edges, last) = (&self.edges, self.bins() - 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of bins")]
        let near = if self.density.is_finite() {
            ((value - edges[0]) * self.density) as usize
        } else {
            edges.partition_point(|edge| *edge <= value).saturating_sub(1)
        };
        let near = near.min(last);
        // The scaled position may be off by one at an edge; the edges decide.
        if value < edges[near] {
            near - 1
        } else if near < last && value >= edges[near + 1] {
            near + 1
        } else {
            near
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of bins are far below 2^53")]
fn to_f64(count: usize) -> f64 {
    count as f64
}

/// How many finite values fall into each bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The bins.
    pub edges: Edges,
    /// One count a bin.
    pub counts: Vec<u64>,
    /// Finite values below the first edge.
    pub below: u64,
    /// Finite values above the last edge.
    pub above: u64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new(edges: Edges) -> Self {
        Histogram { counts: vec![0; edges.bins()], edges, below: 0, above: 0 }
    }
}

impl Summary for Histogram {
    fn add(&mut self, values: &[f64], times: u64) {
        let (low, high) = (self.edges.edges[0], self.edges.edges[self.edges.bins()]);
        for &value in values.iter().filter(|value| value.is_finite()) {
            if value < low {
                self.below += times;
            } else if value > high {
                self.above += times;
            } else {
                self.counts[self.edges.bin(value)] += times;
            }
        }
    }

    fn merge(&mut self, later: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&later.counts) {
            *count += more;
        }
        self.below += later.below;
        self.above += later.above;
    }
}
