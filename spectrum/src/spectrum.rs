/// The singular values of a matrix and what they tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Of the matrix.
    pub rows: u64,
    /// Of the matrix.
    pub columns: u64,
    /// The singular values, the largest first: all of them, or the largest.
    pub values: Vec<f64>,
    /// The Frobenius norm, summed over all numbers of the matrix.
    pub frobenius: f64,
    /// How far off each value may be beyond rounding, as an estimate; 0 if all were computed. Those that are off are too small.
    pub errors: Vec<f64>,
}

impl Spectrum {
    /// Whether all singular values are there. If not, all figures but the norms and the stable rank are bounds.
    pub fn exact(&self) -> bool {
        self.values.len() as u64 == self.rows.min(self.columns)
    }

    /// The largest singular value; 0 of a matrix without any.
    pub fn spectral_norm(&self) -> f64 {
        self.values.first().copied().unwrap_or(0.0)
    }

    /// The square of the ratio of Frobenius to spectral norm: 1 to the rank. `None` for a matrix of zeros.
    pub fn stable_rank(&self) -> Option<f64> {
        (self.spectral_norm() > 0.0).then(|| (self.frobenius / self.spectral_norm()).powi(2))
    }

    /// The exponential of the entropy of the values' shares in their sum (Roy and Vetterli, 2007). If not all values are there it is at
    /// most this: what is left of the Frobenius norm is then shared out evenly. `None` for a matrix of zeros.
    pub fn effective_rank(&self) -> Option<f64> {
        let largest = self.spectral_norm();
        if largest == 0.0 {
            return None;
        }
        let ratios: Vec<f64> = self.values.iter().map(|value| value / largest).collect();
        #[expect(clippy::cast_precision_loss, reason = "below 2^16")]
        let missing = (self.rows.min(self.columns) - self.values.len() as u64) as f64;
        let (sum, mut entropy) = ratios
            .iter()
            .filter(|ratio| **ratio > 0.0)
            .fold((0.0, 0.0), |(sum, entropy), ratio| (sum + ratio, entropy + ratio * ratio.ln()));
        let mut whole = sum;
        if missing > 0.0 {
            let squares: f64 = ratios.iter().map(|ratio| ratio * ratio).sum();
            let left = ((self.frobenius / largest).powi(2) - squares).max(0.0);
            let each = (left / missing).sqrt();
            if each > 0.0 {
                whole += missing * each;
                entropy += missing * each * each.ln();
            }
        }
        Some((whole.ln() - entropy / whole).exp())
    }

    /// How many values are beyond what float64's rounding leaves of 0, by NumPy's rule: the largest times the long side times 2^-52. If
    /// not all values are there, there may be more.
    pub fn numerical_rank(&self) -> usize {
        #[expect(clippy::cast_precision_loss, reason = "a tolerance")]
        let least = self.spectral_norm() * self.rows.max(self.columns) as f64 * f64::EPSILON;
        self.values.iter().filter(|value| **value > least).count()
    }

    /// The ratio of the largest to the least value, infinite if that is 0. If not all values are there it is at least this. `None` for
    /// a matrix of zeros.
    pub fn condition(&self) -> Option<f64> {
        self.values.last().filter(|_| self.spectral_norm() > 0.0).map(|least| self.spectral_norm() / least)
    }
}
