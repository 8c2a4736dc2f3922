//! The largest singular values of a matrix that is too large for all of them.
//!
//! A block Krylov method with full reorthogonalisation: Musco and Musco, "Randomized Block Krylov Methods for Stronger and Faster
//! Approximate Singular Value Decomposition", 2015. With `A` the vectors as columns, each pass multiplies a block of directions by `A Aᵀ`;
//! within all directions so far the best approximations are those of a small symmetric matrix.

use crate::LARGEST;
use crate::exact::transposed;
use nalgebra::{DMatrix, SymmetricEigen};

/// How many directions are multiplied together.
const WIDTH: usize = 64;

/// When an eigenvalue counts as found, and after how many steps it is given up.
const CLOSE: f64 = f64::EPSILON;
const MOST_STEPS: usize = 100_000;

/// The directions so far and what `A Aᵀ` does among them.
#[derive(Debug)]
pub(crate) struct Krylov {
    /// Orthonormal: `WIDTH` columns a pass, those of this pass the last ones of `pass + 1` blocks.
    directions: DMatrix<f64>,
    /// `directionsᵀ A Aᵀ directions`, as far as it is known.
    within: DMatrix<f64>,
    /// `A Aᵀ` times the directions of this pass, as far as it was read.
    product: DMatrix<f64>,
    /// What of it lies outside of all directions.
    outside: DMatrix<f64>,
    pass: usize,
}

impl Krylov {
    /// How often the matrix is read.
    pub const PASSES: usize = 8;

    pub fn new(short: usize) -> Self {
        let (first, _) = orthonormal(signs(short));
        let mut directions = DMatrix::zeros(short, WIDTH * Self::PASSES);
        directions.columns_mut(0, WIDTH).copy_from(&first);
        Krylov {
            directions,
            within: DMatrix::zeros(WIDTH * Self::PASSES, WIDTH * Self::PASSES),
            product: DMatrix::zeros(short, WIDTH),
            outside: DMatrix::zeros(WIDTH, WIDTH),
            pass: 0,
        }
    }

    pub fn pass(&self) -> usize {
        self.pass
    }

    pub fn take(&mut self, vectors: &DMatrix<f64>) {
        let (short, count) = vectors.shape();
        let now = self.directions.columns(self.pass * WIDTH, WIDTH);
        let mut along = DMatrix::zeros(count, WIDTH);
        along.gemm(1.0, &transposed(vectors.as_slice(), short, count), &now, 0.0);
        self.product.gemm(1.0, vectors, &along, 1.0);
    }

    /// Makes the next directions of what was read; false after the last pass.
    pub fn end_pass(&mut self) -> bool {
        let (short, known) = (self.product.nrows(), (self.pass + 1) * WIDTH);
        let mut next = std::mem::replace(&mut self.product, DMatrix::zeros(short, WIDTH));
        let within = self.without_known(&mut next, known);
        self.within.view_mut((0, self.pass * WIDTH), (known, WIDTH)).copy_from(&within);
        let (mut next, mut outside) = orthonormal(next);
        // Where hardly anything was left outside, what is left is rounding, and may lie inside.
        self.without_known(&mut next, known);
        let (next, again) = orthonormal(next);
        outside = again * outside;
        self.outside = outside;
        self.pass += 1;
        let more = self.pass < Self::PASSES;
        if more {
            self.directions.columns_mut(known, WIDTH).copy_from(&next);
            self.within.view_mut((known, known - WIDTH), (WIDTH, WIDTH)).copy_from(&self.outside);
        }
        more
    }

    /// Takes the known directions out of a block, twice, as once leaves some; returns how much of each there was.
    fn without_known(&self, block: &mut DMatrix<f64>, known: usize) -> DMatrix<f64> {
        let short = block.nrows();
        let directions = self.directions.columns(0, known);
        let across = transposed(&self.directions.as_slice()[..short * known], short, known);
        let mut all = DMatrix::zeros(known, WIDTH);
        for _ in 0..2 {
            let mut found = DMatrix::zeros(known, WIDTH);
            found.gemm(1.0, &across, &*block, 0.0);
            block.gemm(-1.0, &directions, &found, 1.0);
            all += found;
        }
        all
    }

    /// The largest values, the largest first, and an estimate of how far off each may be.
    pub fn values(self) -> Result<(Vec<f64>, Vec<f64>), String> {
        let symmetric = (&self.within + self.within.transpose()) * 0.5;
        let found = SymmetricEigen::try_new(symmetric, CLOSE, MOST_STEPS);
        let found =
            found.ok_or("The singular values of this matrix could not be found: the computation did not settle.")?;
        let mut order: Vec<usize> = (0..found.eigenvalues.len()).collect();
        order.sort_unstable_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
        order.truncate(LARGEST);
        let last = found.eigenvectors.rows((Self::PASSES - 1) * WIDTH, WIDTH);
        let left = &self.outside * last;
        // The square of some singular value is as near as what the product has outside, and the sum of both roots is more than one.
        // That it is the one of this place is as sure as those before it are.
        let mut error: f64 = 0.0;
        let found = order.iter().map(|&at| {
            let (value, outside) = (found.eigenvalues[at].max(0.0).sqrt(), left.column(at).norm());
            error = error.max(if outside == 0.0 { 0.0 } else { (outside / value).min(outside.sqrt()) });
            (value, error)
        });
        Ok(found.unzip())
    }
}

/// Orthonormal columns that span what those of a tall matrix do, and what turns them back into it.
fn orthonormal(block: DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    block.qr().unpack()
}

/// A block of 1 and -1, by chance, but the same each time: Steele, Lea and Flood's SplitMix64.
fn signs(short: usize) -> DMatrix<f64> {
    let mut state = 0u64;
    DMatrix::from_fn(short, WIDTH, |_, _| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        if (mixed ^ (mixed >> 31)) & 1 == 0 { 1.0 } else { -1.0 }
    })
}
