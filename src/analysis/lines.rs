use super::{Channels, Lines};
use crate::limits;
use paramscope_kernels::{Line, lines};
use serde::{Deserialize, Serialize};

/// Limits and norms of the rows and the columns of a matrix, or of a run of its elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sheet {
    shape: (u64, u64),
    /// The first row that `rows` are of.
    first: u64,
    rows: Totals,
    columns: Totals,
}

/// [`Lines`] before the root is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Totals {
    min: Vec<f64>,
    max: Vec<f64>,
    squares: Vec<f64>,
    /// The sums of the squares that float64 does not hold, of huge values divided by 2^600 and of tiny ones multiplied by it; empty
    /// without any.
    far: Vec<(f64, f64)>,
}

/// 2^500: beyond it, and below its inverse, squares are summed apart.
const FAR: f64 = f64::from_bits((1023 + 500) << 52);
/// 2^600.
const SCALE: f64 = f64::from_bits((1023 + 600) << 52);

fn is_far(value: f64) -> bool {
    let size = value.abs();
    (FAR < size && size <= f64::MAX) || (0.0 < size && size < 1.0 / FAR)
}

impl Totals {
    fn resize(&mut self, len: usize) {
        self.min.resize(len, f64::INFINITY);
        self.max.resize(len, f64::NEG_INFINITY);
        self.squares.resize(len, 0.0);
    }

    fn from(&mut self, from: usize, to: usize) -> Line<'_> {
        Line { min: &mut self.min[from..to], max: &mut self.max[from..to], squares: &mut self.squares[from..to] }
    }

    /// Adds the square of a value that is far.
    fn add_far(&mut self, at: usize, value: f64) {
        self.min[at] = self.min[at].min(value);
        self.max[at] = self.max[at].max(value);
        self.far.resize(self.min.len(), (0.0, 0.0));
        if value.abs() > 1.0 {
            self.far[at].0 += (value / SCALE).powi(2);
        } else {
            self.far[at].1 += (value * SCALE).powi(2);
        }
    }

    fn norm(&self, at: usize) -> f64 {
        let (huge, tiny) = self.far.get(at).copied().unwrap_or_default();
        let squares = self.squares[at];
        if huge > 0.0 {
            (huge + squares / SCALE / SCALE).sqrt() * SCALE
        } else if tiny > 0.0 && squares < 1.0 {
            (tiny + squares * SCALE * SCALE).sqrt() / SCALE
        } else {
            squares.sqrt()
        }
    }

    fn merge(&mut self, from: usize, later: &Self) {
        if !later.far.is_empty() {
            self.far.resize(self.min.len(), (0.0, 0.0));
            for (ours, theirs) in self.far[from..].iter_mut().zip(&later.far) {
                *ours = (ours.0 + theirs.0, ours.1 + theirs.1);
            }
        }
        let places = self.min[from..].iter_mut().zip(&mut self.max[from..]).zip(&mut self.squares[from..]);
        let more = later.min.iter().zip(&later.max).zip(&later.squares);
        for (((min, max), squares), ((low, high), add)) in places.zip(more) {
            *min = min.min(*low);
            *max = max.max(*high);
            *squares += add;
        }
    }

    fn lines(&self, len: u64) -> Lines {
        let mut all = self.clone();
        all.resize(usize::try_from(len).unwrap_or(0));
        // A zero of either sign is a zero.
        let plain = |values: Vec<f64>| values.into_iter().map(|value| value + 0.0).collect();
        let l2 = (0..all.min.len()).map(|at| all.norm(at)).collect();
        Lines { min: plain(all.min), max: plain(all.max), l2 }
    }
}

impl Sheet {
    /// Of a matrix of so many rows and columns; `None` if they are too many.
    pub fn new(shape: (u64, u64)) -> Option<Self> {
        let all = shape.0.checked_add(shape.1)?;
        (all <= limits::CHANNELS).then(|| Sheet {
            shape,
            first: 0,
            rows: Totals::default(),
            columns: Totals::default(),
        })
    }

    /// Takes in values that follow each other, the first of which has the row-major index `start`.
    pub fn take(&mut self, mut start: u64, mut values: &[f64]) {
        let columns = self.shape.1;
        while !values.is_empty() && columns > 0 {
            let (row, column) = (start / columns, start % columns);
            if self.rows.min.is_empty() {
                self.first = row;
                self.columns.resize(usize::try_from(columns).expect("below the cap"));
            }
            let at = usize::try_from(row - self.first).expect("below the cap");
            if self.rows.min.len() <= at {
                self.rows.resize(at + 1);
            }
            let from = usize::try_from(column).expect("below the cap");
            let len = usize::try_from(columns - column).expect("below the cap").min(values.len());
            let (now, then) = values.split_at(len);
            let mut near = Vec::new();
            if now.iter().fold(false, |far, value| far | is_far(*value)) {
                // What is not a number is passed over.
                near.extend(now.iter().map(|value| if is_far(*value) { f64::NAN } else { *value }));
                for (place, value) in (from..).zip(now).filter(|(_, value)| is_far(**value)) {
                    self.rows.add_far(at, *value);
                    self.columns.add_far(place, *value);
                }
            }
            let now = if near.is_empty() { now } else { &near };
            lines(now, &mut self.rows.from(at, at + 1), &mut self.columns.from(from, from + len));
            (start, values) = (start + len as u64, then);
        }
    }

    /// Takes in what another one was built from, of elements that come after this one's.
    pub fn merge(&mut self, later: &Self) {
        if later.rows.min.is_empty() {
            return;
        }
        if self.rows.min.is_empty() {
            self.clone_from(later);
            return;
        }
        let from = usize::try_from(later.first.saturating_sub(self.first)).expect("below the cap");
        self.rows.resize(self.rows.min.len().max(from + later.rows.min.len()));
        self.rows.merge(from, &later.rows);
        self.columns.merge(0, &later.columns);
    }

    /// All rows and columns.
    pub fn channels(&self) -> Channels {
        Channels { rows: self.rows.lines(self.shape.0), columns: self.columns.lines(self.shape.1) }
    }
}
