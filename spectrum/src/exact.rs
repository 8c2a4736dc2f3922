//! All singular values, by a bidiagonal form: those of the matrix itself, never those of its products with itself, whose small ones
//! rounding takes away.

use nalgebra::linalg::SVD;
use nalgebra::{DMatrix, DMatrixView, Dyn};

/// How many columns of the triangle are made together, so that most of the work is in products of matrices.
const PANEL: usize = 32;

/// When a value counts as found: what rounding leaves, and some.
const CLOSE: f64 = 5.0 * f64::EPSILON;

/// By how much of their sum the squares of the values may miss those of the numbers.
const MISSED: f64 = 1e-10;

/// What is held of the vectors so far; all matrices here have them as columns.
#[derive(Debug)]
pub(crate) enum Exact {
    /// A matrix that is hardly longer than it is wide is held whole.
    Whole { short: usize, vectors: Vec<f64> },
    /// The lower triangle that has the same singular values (LQ), to which blocks are added one by one.
    Triangle(DMatrix<f64>),
}

impl Exact {
    pub fn new(short: usize, long: u64) -> Self {
        if long <= (short + short / 4) as u64 {
            Exact::Whole { short, vectors: Vec::new() }
        } else {
            Exact::Triangle(DMatrix::zeros(short, short))
        }
    }

    pub fn take(&mut self, block: DMatrix<f64>) {
        match self {
            Exact::Whole { vectors, .. } if vectors.is_empty() => *vectors = block.data.into(),
            Exact::Whole { vectors, .. } => vectors.extend_from_slice(block.as_slice()),
            Exact::Triangle(triangle) => fold(triangle, block),
        }
    }

    /// The values, the largest first, checked against the norm of the matrix.
    pub fn values(self, frobenius: f64) -> Result<Vec<f64>, String> {
        let matrix = match self {
            Exact::Whole { short: 0, .. } => return Ok(Vec::new()),
            Exact::Whole { short, vectors } => {
                let count = vectors.len() / short;
                DMatrix::from_vec(short, count, vectors)
            }
            Exact::Triangle(triangle) => triangle,
        };
        if matrix.is_empty() {
            return Ok(Vec::new());
        }
        let most_steps = 60 * matrix.nrows() + 1000;
        let found = SVD::try_new_unordered(matrix, false, false, CLOSE, most_steps);
        let mut values: Vec<f64> =
            found.map_or_else(Vec::new, |found| found.singular_values.iter().map(|value| value.abs()).collect());
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        let squares: f64 = values.iter().map(|value| value * value).sum();
        let whole = frobenius * frobenius;
        if (squares - whole).abs() <= MISSED * whole || !whole.is_finite() {
            Ok(values)
        } else {
            Err("The singular values of this matrix could not be found: the computation did not settle.".into())
        }
    }
}

/// Adds the vectors of a block to a triangle: reflections turn each column of the block, transposed, into the triangle's diagonal.
/// As LAPACK's `tpqrt` does, only that everything is transposed.
fn fold(triangle: &mut DMatrix<f64>, mut block: DMatrix<f64>) {
    let (short, count) = block.shape();
    for start in (0..short).step_by(PANEL) {
        let panel = PANEL.min(short - start);
        let (mirrors, weights) = reflect(triangle, &block, start, panel);
        let below = start + panel;
        if below == short {
            continue;
        }
        let mut rest = block.rows_mut(below, short - below);
        let mut part = triangle.view((below, start), (short - below, panel)).into_owned();
        part.gemm(1.0, &rest, &mirrors, 1.0);
        let part = part * weights;
        let mut beside = triangle.view_mut((below, start), (short - below, panel));
        beside -= &part;
        rest.gemm(-1.0, &part, &transposed(mirrors.as_slice(), count, panel), 1.0);
    }
}

/// The reflections of some columns, one a column, and the triangle that combines them: `I - mirrors · weights · mirrorsᵀ`.
fn reflect(
    triangle: &mut DMatrix<f64>,
    block: &DMatrix<f64>,
    start: usize,
    panel: usize,
) -> (DMatrix<f64>, DMatrix<f64>) {
    let mut mirrors = block.rows(start, panel).transpose();
    let mut weights = DMatrix::zeros(panel, panel);
    for at in 0..panel {
        let (mut now, mut later) = mirrors.columns_range_pair_mut(at, at + 1..);
        let corner = triangle[(start + at, start + at)];
        let length = now.norm();
        if length == 0.0 {
            continue;
        }
        let diagonal = -corner.hypot(length).copysign(corner);
        now /= corner - diagonal;
        let weight = (diagonal - corner) / diagonal;
        triangle[(start + at, start + at)] = diagonal;
        for (ahead, mut column) in later.column_iter_mut().enumerate() {
            let beside = &mut triangle[(start + at + 1 + ahead, start + at)];
            let share = weight * (*beside + now.dot(&column));
            *beside -= share;
            column.axpy(-share, &now, 1.0);
        }
        let before = mirrors.columns(0, at).tr_mul(&mirrors.column(at));
        let combined = weights.view((0, 0), (at, at)) * before * -weight;
        weights.view_mut((0, at), (at, 1)).copy_from(&combined);
        weights[(at, at)] = weight;
    }
    (mirrors, weights)
}

/// The transpose of a matrix of `rows` × `columns`, column by column in `values`, without moving a number.
pub(crate) fn transposed(values: &[f64], rows: usize, columns: usize) -> DMatrixView<'_, f64, Dyn, Dyn> {
    DMatrixView::from_slice_with_strides_generic(values, Dyn(columns), Dyn(rows), Dyn(rows), Dyn(1))
}
