use crate::exact::Exact;
use crate::krylov::Krylov;
use crate::spectrum::Spectrum;
use crate::{EXACT, SHORT_SIDE};
use nalgebra::DMatrix;

/// How many numbers of the matrix are asked for at a time, at most (16 MiB), unless one vector has more.
const BLOCK: usize = 1 << 21;

/// The way from a matrix to its [`Spectrum`], a block of vectors a step.
///
/// Exact for a short side of up to [`EXACT`], in one pass over the matrix; beyond it the largest values by a block Krylov method, in
/// several passes. The same matrix gives the same digits each time.
#[derive(Debug)]
pub struct Decomposition {
    rows: u64,
    columns: u64,
    method: Method,
    /// The first vector that was not yet taken in this pass.
    next: u64,
    /// What everything is divided by before it is squared: a power of two near the first numbers. `None` while all were 0.
    scale: Option<f64>,
    squares: Squares,
    not_finite: u64,
}

#[derive(Debug)]
enum Method {
    Exact(Exact),
    Krylov(Box<Krylov>),
}

impl Decomposition {
    /// The beginning for a matrix of this size.
    ///
    /// # Errors
    ///
    /// A sentence, if its short side is longer than [`SHORT_SIDE`].
    pub fn new(rows: u64, columns: u64) -> Result<Self, String> {
        let (short, long) = (rows.min(columns), rows.max(columns));
        let short = usize::try_from(short).ok().filter(|short| *short <= SHORT_SIDE).ok_or_else(|| {
            format!("A matrix of {rows} × {columns} has no spectrum here: its short side may be {SHORT_SIDE} at most.")
        })?;
        let method = if short <= EXACT {
            Method::Exact(Exact::new(short, long))
        } else {
            Method::Krylov(Box::new(Krylov::new(short)))
        };
        Ok(Decomposition { rows, columns, method, next: 0, scale: None, squares: Squares::default(), not_finite: 0 })
    }

    /// The first vector that is wanted next, and how many from it on: rows, or columns if the matrix has more columns than rows.
    /// `None` once all were taken as often as it takes.
    pub fn wanted(&self) -> Option<(u64, usize)> {
        let (short, long) = self.sides();
        if short == 0 || self.next == long {
            return None;
        }
        let count = (BLOCK / short).max(1) as u64;
        Some((self.next, usize::try_from(count.min(long - self.next)).expect("at most a block")))
    }

    /// Takes what [`Decomposition::wanted`] asked for: the numbers of the vectors, one vector behind the other.
    ///
    /// # Panics
    ///
    /// If these are not as many.
    pub fn take(&mut self, mut vectors: Vec<f64>) {
        let (short, long) = self.sides();
        let count = self.wanted().map_or(0, |(_, count)| count);
        assert_eq!(vectors.len(), short * count, "as many numbers as were asked for");
        if count == 0 {
            return;
        }
        if self.pass() == 0 {
            self.not_finite += vectors.iter().filter(|value| !value.is_finite()).count() as u64;
        }
        self.next += count as u64;
        // The others are only counted then.
        if self.not_finite == 0 {
            self.scale_down(&mut vectors);
            if self.pass() == 0 {
                self.squares.add(&vectors);
            }
            let vectors = DMatrix::from_vec(short, count, vectors);
            match &mut self.method {
                Method::Exact(exact) => exact.take(vectors),
                Method::Krylov(krylov) => krylov.take(&vectors),
            }
        }
        if let Method::Krylov(krylov) = &mut self.method
            && self.next == long
            && self.not_finite == 0
            && krylov.end_pass()
        {
            self.next = 0;
        }
    }

    /// The fraction of the passes that is done.
    #[expect(clippy::cast_precision_loss, reason = "a fraction for a progress bar")]
    pub fn done(&self) -> f64 {
        let passes = match &self.method {
            Method::Exact(_) => 1,
            Method::Krylov(_) => Krylov::PASSES,
        };
        if self.wanted().is_none() {
            return 1.0;
        }
        (self.pass() as f64 + self.next as f64 / self.sides().1 as f64) / passes as f64
    }

    /// The spectrum, once nothing more is wanted. The last and, where all values are computed, a long step: not to be interrupted.
    ///
    /// # Errors
    ///
    /// A sentence, if the matrix has numbers that are not finite, or ones so far apart that float64 holds no squares of both; if
    /// the values do not add up to the matrix they are of.
    pub fn finish(self) -> Result<Spectrum, String> {
        if self.not_finite > 0 {
            let (count, verb) = (self.not_finite, if self.not_finite == 1 { "is" } else { "are" });
            let all = u128::from(self.rows) * u128::from(self.columns);
            return Err(format!(
                "{count} of {all} values {verb} NaN or infinite: such a matrix has no singular values."
            ));
        }
        let (rows, columns, scale) = (self.rows, self.columns, self.scale.unwrap_or(1.0));
        let frobenius = self.squares.sum().sqrt();
        let (mut values, mut errors) = match self.method {
            Method::Exact(exact) => {
                let values = exact.values(frobenius)?;
                let none = vec![0.0; values.len()];
                (values, none)
            }
            Method::Krylov(krylov) => krylov.values()?,
        };
        values.iter_mut().chain(&mut errors).for_each(|value| *value *= scale);
        let spectrum = Spectrum { rows, columns, values, frobenius: frobenius * scale, errors };
        if spectrum.frobenius.is_finite() && spectrum.values.iter().all(|value| value.is_finite()) {
            Ok(spectrum)
        } else {
            Err("The numbers of the matrix are too large, or too far apart, for their squares.".into())
        }
    }

    /// The short and the long side.
    fn sides(&self) -> (usize, u64) {
        let short = usize::try_from(self.rows.min(self.columns)).expect("checked at the beginning");
        (short, self.rows.max(self.columns))
    }

    fn pass(&self) -> usize {
        match &self.method {
            Method::Exact(_) => 0,
            Method::Krylov(krylov) => krylov.pass(),
        }
    }

    /// Divides by the scale, which changes no digit.
    fn scale_down(&mut self, vectors: &mut [f64]) {
        let scale = self.scale.or_else(|| {
            let largest = vectors.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            // Of a number without its fraction the exponent is left, of a subnormal one nothing.
            let power = f64::from_bits(largest.to_bits() & 0x7ff0_0000_0000_0000).max(f64::MIN_POSITIVE);
            (largest > 0.0).then_some(power)
        });
        self.scale = scale;
        if let Some(scale) = scale
            && scale != 1.0
        {
            for value in vectors {
                *value /= scale;
            }
        }
    }
}

/// A sum of squares as a pair of float64, which keeps what one would lose of many.
#[derive(Debug, Default)]
struct Squares {
    high: f64,
    low: f64,
}

impl Squares {
    fn add(&mut self, values: &[f64]) {
        for value in values {
            let square = value * value;
            let sum = self.high + square;
            let back = sum - self.high;
            self.low += (self.high - (sum - back)) + (square - back);
            self.high = sum;
        }
    }

    fn sum(&self) -> f64 {
        self.high + self.low
    }
}
