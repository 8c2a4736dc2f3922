//! A plane of a tensor, pooled to as many cells as a screen has room for.

use crate::decode::{Elements, numbers};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Number, Tensor, element_count};
use crate::source::Files;

/// Values that are decoded at a time; a multiple of 8, at which packed types are cut.
const BLOCK: u64 = 4096;
/// Elements that lie farther apart are read one by one, nearer ones with what is between them.
const APART: u64 = 4096;
/// The most reads of one step.
const READS: u32 = 1024;
/// The most cells along a side: 24 MiB together.
const SIDE: u64 = 1024;
/// The share of cells, in percent, that the colours of a picture tell apart; the others have the strongest one.
const TOLD_APART: f64 = 99.5;

/// Two axes of a tensor, with one index on each of the others, in the making: a step reads and pools some 8 MiB at most.
///
/// A cell stands for a rectangle of elements and holds the one with the largest magnitude, with its sign and its place: a NaN,
/// where there is one, and else of several the first by row and column. An outlier is thus never averaged away.
#[derive(Debug)]
pub struct Plane {
    /// The axis that rows are counted along, and how many there are.
    rows: Side,
    /// Likewise of columns.
    columns: Side,
    /// The position, in row-major order, of the element in the first row and column.
    base: u64,
    /// Whether a line of elements that lie side by side is a column.
    by_column: bool,
    /// How many elements are pooled so far, in the order of lines.
    done: u64,
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

/// One side of a plane.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// How many elements it has.
    len: u64,
    /// How many cells.
    cells: u64,
    /// How far apart two neighbours are, in elements of the tensor.
    stride: u64,
}

/// The element that stands for a rectangle of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its value; of a complex number the modulus.
    pub value: f64,
    /// Its index on the axis of rows.
    pub row: u64,
    /// Its index on the axis of columns.
    pub column: u64,
}

/// A finished [`Plane`].
#[derive(Clone, Debug)]
pub struct Pooled {
    /// How many elements the axis of rows has.
    pub rows: u64,
    /// How many elements the axis of columns has.
    pub columns: u64,
    /// How many rows of cells there are: at most as many as rows.
    pub height: u64,
    /// How many columns of cells.
    pub width: u64,
    /// Row by row.
    pub cells: Vec<Cell>,
}

impl Side {
    /// The cell of an element.
    fn cell(self, index: u64) -> u64 {
        Self::scaled(index, self.cells, self.len)
    }

    /// The first element behind a cell.
    fn end(self, cell: u64) -> u64 {
        Self::scaled(cell + 1, self.len, self.cells) + u64::from(!((cell + 1) * self.len).is_multiple_of(self.cells))
    }

    /// `index · by / of`, rounded down.
    fn scaled(index: u64, by: u64, of: u64) -> u64 {
        u64::try_from(u128::from(index) * u128::from(by) / u128::from(of)).unwrap_or(u64::MAX)
    }
}

impl Plane {
    /// The plane of `tensor` along the axes for rows and columns (the last two, if none are named), at the index `fixed` on each
    /// other axis (0, where there is none), in at most `width` by `height` cells. Where a tensor has fewer than two axes, those
    /// that are missing come first and have one element.
    ///
    /// # Errors
    ///
    /// `Query` for axes or indices that the tensor does not have; `Unsupported` if it holds no numbers; `TooLarge` beyond
    /// [`limits::WALKED_ELEMENTS`].
    pub fn new(tensor: &Tensor, axes: Option<(usize, usize)>, fixed: &[u64], width: u64, height: u64) -> Result<Self> {
        if tensor.dtype.number().is_none() {
            return Err(Error::unsupported(format!("The tensor {} holds no numbers.", quoted(&tensor.name))));
        }
        let missing = 2usize.saturating_sub(tensor.shape.len());
        let shape: Vec<u64> = std::iter::repeat_n(1, missing).chain(tensor.shape.iter().copied()).collect();
        let (row_axis, column_axis) = axes.unwrap_or((shape.len() - 2, shape.len() - 1));
        let no_plane = || Error::query(format!("There are no axes {row_axis} and {column_axis} in {shape:?}."));
        if row_axis == column_axis || row_axis.max(column_axis) >= shape.len() {
            return Err(no_plane());
        }
        if shape.contains(&0) {
            return Err(Error::query(format!("The tensor {} has no elements.", quoted(&tensor.name))));
        }
        let mut strides = vec![1u64; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis].checked_mul(shape[axis]).ok_or_else(no_plane)?;
        }
        let mut base = 0;
        for axis in (0..shape.len()).filter(|axis| *axis != row_axis && *axis != column_axis) {
            let index = axis.checked_sub(missing).and_then(|axis| fixed.get(axis)).copied().unwrap_or(0);
            if index >= shape[axis] {
                return Err(Error::query(format!("There is no index {index} on axis {axis} of {shape:?}.")));
            }
            base += index * strides[axis];
        }
        let side = |axis: usize, most: u64| Side {
            len: shape[axis],
            cells: most.clamp(1, SIDE).min(shape[axis]),
            stride: strides[axis],
        };
        let (rows, columns) = (side(row_axis, height), side(column_axis, width));
        if element_count(&[rows.len, columns.len]).is_none_or(|count| count > limits::WALKED_ELEMENTS) {
            return Err(Error::too_large(format!(
                "A picture of {} by {} elements would take hours.",
                rows.len, columns.len
            )));
        }
        let empty = Cell { value: 0.0, row: u64::MAX, column: u64::MAX };
        let cells = vec![empty; usize::try_from(rows.cells * columns.cells).expect("capped")];
        let by_column = row_axis > column_axis;
        Ok(Plane { rows, columns, base, by_column, done: 0, cells, bytes: Vec::new() })
    }

    /// Reads and pools what follows, of the same tensor at every step. Returns the fraction that is done; 1 means that
    /// [`Plane::pooled`] is there.
    ///
    /// # Errors
    ///
    /// As [`Elements`].
    pub fn step(&mut self, files: &Files, tensor: &Tensor) -> Result<f64> {
        let total = self.rows.len * self.columns.len;
        let elements = Elements::new(files, tensor)?;
        let Some(number) = elements.dtype().number() else { return Ok(1.0) };
        let mut room = elements.chunk();
        let (outer, inner) = if self.by_column { (self.columns, self.rows) } else { (self.rows, self.columns) };
        // Lines without gaps between them are one.
        let line = if outer.stride == inner.len * inner.stride { total } else { inner.len };
        for _ in 0..READS {
            if self.done == total || room == 0 {
                break;
            }
            let first = self.base + self.done / inner.len * outer.stride + self.done % inner.len * inner.stride;
            let fitting = if inner.stride > APART { 1 } else { room.div_ceil(inner.stride) };
            let count = fitting.min(line - self.done % line);
            // Packed types are read from whole bytes on.
            let lead = first % 8;
            let len = lead + (count - 1) * inner.stride + 1;
            let mut bytes = std::mem::take(&mut self.bytes);
            elements.read(first - lead, len, &mut bytes)?;
            self.take_in(number, &bytes, lead, inner.stride, len);
            self.bytes = bytes;
            room = room.saturating_sub(len);
        }
        #[expect(clippy::cast_precision_loss, reason = "a fraction for a progress bar")]
        Ok(if self.done == total { 1.0 } else { self.done as f64 / total as f64 })
    }

    /// What was found, once the last step is done; `None` before.
    pub fn pooled(&self) -> Option<Pooled> {
        let Plane { rows, columns, .. } = *self;
        (self.done == rows.len * columns.len).then(|| Pooled {
            rows: rows.len,
            columns: columns.len,
            height: rows.cells,
            width: columns.cells,
            cells: self.cells.clone(),
        })
    }

    /// Decodes `len` elements block by block and pools every `stride`-th from the `next`-th on.
    fn take_in(&mut self, number: Number, bytes: &[u8], mut next: u64, stride: u64, len: u64) {
        let (bits, place) = (number.bits(), |at: u64| usize::try_from(at).expect("inside of a chunk"));
        let (mut values, mut wanted) = (Vec::new(), Vec::new());
        for start in (0..len).step_by(place(BLOCK)) {
            let end = (start + BLOCK).min(len);
            if next >= end {
                continue;
            }
            values.clear();
            let block = &bytes[place(start * bits / 8)..place((end * bits).div_ceil(8))];
            numbers(number, block, place(end - start), &mut values);
            wanted.clear();
            wanted.extend(values[place(next - start)..].iter().step_by(place(stride)));
            next += wanted.len() as u64 * stride;
            self.pool(&wanted);
        }
    }

    /// Pools the values that follow, in the order of lines.
    fn pool(&mut self, mut values: &[f64]) {
        let (outer, inner) = if self.by_column { (self.columns, self.rows) } else { (self.rows, self.columns) };
        while !values.is_empty() {
            let (line, at) = (self.done / inner.len, self.done % inner.len);
            let cell = inner.cell(at);
            // Those of one line and one cell.
            let count = usize::try_from(inner.end(cell) - at).unwrap_or(usize::MAX).min(values.len());
            let (now, later) = values.split_at(count);
            let (value, offset) = extreme(now);
            let here = (line, at + offset as u64);
            let (row, column) = if self.by_column { (here.1, here.0) } else { here };
            let cells = if self.by_column { (cell, outer.cell(line)) } else { (outer.cell(line), cell) };
            let held = &mut self.cells[usize::try_from(cells.0 * self.columns.cells + cells.1).expect("capped")];
            let found = Cell { value, row, column };
            if held.row == u64::MAX || found.comes_before(held) {
                *held = found;
            }
            self.done += count as u64;
            values = later;
        }
    }
}

/// The first of the values with the largest magnitude, or the first NaN, and where it is.
fn extreme(values: &[f64]) -> (f64, usize) {
    let mut found = (values[0], 0);
    for (at, value) in values.iter().enumerate().skip(1) {
        if found.0.is_nan() {
            break;
        }
        if value.is_nan() || value.abs() > found.0.abs() {
            found = (*value, at);
        }
    }
    found
}

impl Cell {
    /// Whether this element stands for a cell rather than the other one.
    fn comes_before(&self, other: &Cell) -> bool {
        let earlier = (self.row, self.column) < (other.row, other.column);
        match (self.value.is_nan(), other.value.is_nan()) {
            (false, false) if self.value.abs() != other.value.abs() => self.value.abs() > other.value.abs(),
            (nan, other_nan) if nan != other_nan => nan,
            _ => earlier,
        }
    }
}

impl Pooled {
    /// The magnitude at which the colours of a picture end: the 99.5th percentile (NumPy's linear rule) of the magnitudes of all
    /// finite cells, or the largest where that is 0. One outlier does not make all others pale.
    pub fn limit(&self) -> f64 {
        let finite = self.cells.iter().map(|cell| cell.value.abs()).filter(|magnitude| magnitude.is_finite());
        let magnitudes: Vec<u64> = finite.map(f64::to_bits).collect();
        let Some(last) = magnitudes.len().checked_sub(1) else { return 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "a number of cells")]
        let place = last as f64 * (TOLD_APART / 100.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of cells")]
        let below = place as usize;
        let (low, high) = (ranked(&magnitudes, below), ranked(&magnitudes, (below + 1).min(last)));
        let limit = low + (high - low) * place.fract();
        if limit > 0.0 { limit } else { ranked(&magnitudes, last) }
    }

    /// The finite cell with the largest magnitude.
    pub fn largest(&self) -> Option<Cell> {
        let finite = self.cells.iter().filter(|cell| cell.value.is_finite());
        finite.copied().reduce(|held, cell| if cell.comes_before(&held) { cell } else { held })
    }

    /// How many cells hold a NaN, and how many an infinity.
    pub fn not_finite(&self) -> (u64, u64) {
        let count = |is: fn(f64) -> bool| self.cells.iter().filter(|cell| is(cell.value)).count() as u64;
        (count(f64::is_nan), count(f64::is_infinite))
    }
}

/// The magnitude of this rank among all, the smallest having rank 0. Bits of magnitudes rise as they do; halving the range of
/// bits takes a fraction of the code of sorting, which the page's first module would carry.
fn ranked(magnitudes: &[u64], rank: usize) -> f64 {
    let (mut low, mut high) = (0, f64::MAX.to_bits());
    while low < high {
        let middle = low.midpoint(high);
        if magnitudes.iter().filter(|bits| **bits <= middle).count() > rank { high = middle } else { low = middle + 1 }
    }
    f64::from_bits(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ByteRange, Dtype, Layout};
    use crate::source::Memory;
    use proptest::prelude::*;
    use std::rc::Rc;

    fn tensor(shape: &[u64], values: &[f64]) -> (Files, Tensor) {
        let mut files = Files::new();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let len = bytes.len() as u64;
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len });
        (files, Tensor::new("a", Dtype::Number(Number::F64), shape.to_vec(), layout))
    }

    fn pooled(files: &Files, tensor: &Tensor, mut plane: Plane) -> Pooled {
        while plane.step(files, tensor).unwrap() < 1.0 {}
        plane.pooled().unwrap()
    }

    /// Every element of the plane in a plain loop: what a cell holds must be none smaller than any that belongs to it.
    fn plainly(shape: &[u64], values: &[f64], axes: (usize, usize), fixed: &[u64], pooled: &Pooled) -> Vec<Cell> {
        let mut cells: Vec<Option<Cell>> = vec![None; pooled.cells.len()];
        for (place, &value) in values.iter().enumerate() {
            let index = crate::model::index_of(place as u64, shape);
            let others = (0..shape.len()).filter(|axis| *axis != axes.0 && *axis != axes.1);
            if others.into_iter().any(|axis| index[axis] != fixed[axis]) {
                continue;
            }
            let (row, column) = (index[axes.0], index[axes.1]);
            let cell = row * pooled.height / pooled.rows * pooled.width + column * pooled.width / pooled.columns;
            let held = &mut cells[usize::try_from(cell).unwrap()];
            let wins = held.is_none_or(|held| {
                let larger = value.abs() > held.value.abs() || (value.is_nan() && !held.value.is_nan());
                let same = value.abs() == held.value.abs() || (value.is_nan() && held.value.is_nan());
                larger || (same && (row, column) < (held.row, held.column))
            });
            if wins {
                *held = Some(Cell { value, row, column });
            }
        }
        cells.into_iter().map(|cell| cell.expect("no cell is empty")).collect()
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![6 => -4.0..4.0f64, 3 => (-2i8..3).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::NEG_INFINITY)]
    }

    proptest! {
        #[test]
        fn each_cell_holds_what_a_plain_loop_finds(
            shape in prop::collection::vec(1u64..9, 2..5), seed in prop::collection::vec(value(), 64),
            pick in any::<[prop::sample::Index; 6]>(), width in 1u64..7, height in 1u64..7,
        ) {
            let count = usize::try_from(shape.iter().product::<u64>()).unwrap();
            let values: Vec<f64> = (0..count).map(|at| seed[(at * 31 + at / 7) % 64]).collect();
            let row_axis = pick[0].index(shape.len());
            let column_axis = (row_axis + 1 + pick[1].index(shape.len() - 1)) % shape.len();
            let fixed: Vec<u64> = shape.iter().zip(&pick[2..]).map(|(len, pick)| pick.index(usize::try_from(*len).unwrap()) as u64).collect();
            let (files, tensor) = tensor(&shape, &values);
            let plane = Plane::new(&tensor, Some((row_axis, column_axis)), &fixed, width, height).unwrap();
            let found = pooled(&files, &tensor, plane);
            let expected = plainly(&shape, &values, (row_axis, column_axis), &fixed, &found);
            prop_assert_eq!(found.cells.len(), expected.len());
            for (found, expected) in found.cells.iter().zip(&expected) {
                prop_assert_eq!((found.row, found.column, found.value.to_bits()), (expected.row, expected.column, expected.value.to_bits()));
            }
        }
    }

    #[test]
    fn a_vector_is_one_row_and_a_number_one_cell() {
        let (files, vector) = tensor(&[5], &[1.0, -7.0, 2.0, 3.0, f64::NAN]);
        let found = pooled(&files, &vector, Plane::new(&vector, None, &[], 3, 10).unwrap());
        assert_eq!((found.rows, found.columns, found.height, found.width), (1, 5, 1, 3));
        let columns: Vec<u64> = found.cells.iter().map(|cell| cell.column).collect();
        assert_eq!((columns, found.cells[0].value), (vec![1, 3, 4], -7.0));
        assert_eq!((found.not_finite(), found.largest().unwrap().value), ((1, 0), -7.0));
        let (files, number) = tensor(&[], &[4.0]);
        assert_eq!(pooled(&files, &number, Plane::new(&number, None, &[], 3, 3).unwrap()).cells.len(), 1);
    }

    #[test]
    fn packed_rows_are_read_from_any_element_on() {
        let mut files = Files::new();
        let bytes: Vec<u8> = (0..15).map(|byte| byte * 17).collect();
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len: 15 });
        let tensor = Tensor::new("a", Dtype::Number(Number::U4), vec![2, 3, 5], layout);
        let found = pooled(&files, &tensor, Plane::new(&tensor, Some((0, 2)), &[0, 1, 0], 9, 9).unwrap());
        // Two equal codes a byte: element 5 is the second one of byte 2, element 20 the first of byte 10.
        let values: Vec<f64> = found.cells.iter().map(|cell| cell.value).collect();
        assert_eq!(values, [2.0, 3.0, 3.0, 4.0, 4.0, 10.0, 10.0, 11.0, 11.0, 12.0]);
    }

    #[test]
    fn a_plane_of_several_steps_is_that_of_one() {
        // More than one chunk, both along rows and across them.
        let (rows, columns) = (2200u32, 1003u32);
        assert!(u64::from(rows * columns) * 8 > limits::CHUNK);
        let values: Vec<f64> = (0..rows * columns).map(|at| f64::from(at * 1009 % 100_003) - 50_000.0).collect();
        let shape = [u64::from(rows), u64::from(columns)];
        let (files, matrix) = tensor(&shape, &values);
        for axes in [(0, 1), (1, 0)] {
            let mut plane = Plane::new(&matrix, Some(axes), &[], 9, 7).unwrap();
            let mut steps = vec![plane.step(&files, &matrix).unwrap()];
            assert!(plane.pooled().is_none());
            while steps[steps.len() - 1] < 1.0 {
                steps.push(plane.step(&files, &matrix).unwrap());
            }
            assert!(steps.is_sorted() && steps.len() > 1, "{steps:?}");
            let found = plane.pooled().unwrap();
            assert_eq!(found.cells, plainly(&shape, &values, axes, &[], &found));
        }
    }

    proptest! {
        #[test]
        fn the_limit_is_a_percentile_by_the_linear_rule(values in prop::collection::vec(-9.0..9.0f64, 1..400)) {
            let cells = values.iter().map(|value| Cell { value: *value, row: 0, column: 0 }).collect();
            let pooled = Pooled { rows: 1, columns: 1, height: 1, width: 1, cells };
            let mut sorted: Vec<f64> = values.iter().map(|value| value.abs()).collect();
            sorted.sort_by(f64::total_cmp);
            let place = f64::from(u32::try_from(sorted.len() - 1).unwrap()) * 0.995;
            let at = |rank: f64| sorted[sorted.iter().enumerate().filter(|(index, _)| f64::from(u32::try_from(*index).unwrap()) < rank).count()];
            let expected = at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract();
            prop_assert!((pooled.limit() - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn one_outlier_does_not_set_the_limit() {
        let mut values = vec![1.0; 1000];
        values[500] = 1e6;
        let (files, outlier) = tensor(&[1, 1000], &values);
        assert_eq!(pooled(&files, &outlier, Plane::new(&outlier, None, &[], 1000, 1).unwrap()).limit(), 1.0);
        let (files, nothing) = tensor(&[1, 1000], &[vec![0.0; 999], vec![3.0]].concat());
        assert_eq!(pooled(&files, &nothing, Plane::new(&nothing, None, &[], 1000, 1).unwrap()).limit(), 3.0);
    }

    #[test]
    fn what_the_tensor_does_not_have_is_refused() {
        let (_, matrix) = tensor(&[2, 3, 0], &[]);
        assert!(Plane::new(&matrix, None, &[], 4, 4).is_err());
        let (_, matrix) = tensor(&[2, 1, 3], &[0.0; 6]);
        assert!(Plane::new(&matrix, Some((1, 1)), &[], 4, 4).is_err());
        assert!(Plane::new(&matrix, Some((1, 3)), &[], 4, 4).is_err());
        assert!(Plane::new(&matrix, Some((1, 2)), &[2], 4, 4).is_err());
    }
}
