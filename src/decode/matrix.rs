//! A tensor as a matrix, and the vectors along its long side as float64.

use super::elements::Elements;
use super::numbers::numbers;
use super::view::row_major;
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Class, Dtype, Layout, Number, Tensor, element_count};
use crate::source::Files;

/// A tensor of real numbers, with all axes but one taken together.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What is read: where it can be the tensor with its axes in another order, so that what is wanted lies side by side.
    tensor: Tensor,
    rows: u64,
    columns: u64,
    /// Whether the elements of `tensor` are the vectors one behind the other.
    in_order: bool,
}

impl Matrix {
    /// A tensor with its first axis as rows and all others as columns, or, if `outputs_last`, with its last axis as columns.
    ///
    /// # Errors
    ///
    /// `Query` if it is none: see [`Matrix::sides`].
    pub fn new(tensor: &Tensor, outputs_last: bool) -> Result<Self> {
        let none = || Error::query(format!("The tensor {} is no matrix of real numbers.", quoted(&tensor.name)));
        let (rows, columns) = Self::sides(tensor, outputs_last).ok_or_else(none)?;
        let turned = if rows < columns { turned(tensor, split(tensor, outputs_last)) } else { None };
        let in_order = rows >= columns || turned.is_some();
        Ok(Matrix { tensor: turned.unwrap_or_else(|| tensor.clone()), rows, columns, in_order })
    }

    /// How many rows and columns a tensor has as a matrix; `None` if it has less than two axes, no real numbers, or more elements than
    /// can be counted.
    pub fn sides(tensor: &Tensor, outputs_last: bool) -> Option<(u64, u64)> {
        let real = |number: Number| number.class() != Class::Complex;
        tensor.dtype.number().filter(|number| real(*number)).and(flattened(tensor, outputs_last))
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many columns it has.
    pub fn columns(&self) -> u64 {
        self.columns
    }

    /// `count` vectors from the `first` on, one behind the other: rows, or columns if there are more columns than rows.
    ///
    /// # Errors
    ///
    /// `Query` if there are not so many, or if they have more than [`limits::MATRIX_BLOCK`] numbers; else as [`Elements`].
    pub fn vectors(&self, files: &Files, first: u64, count: u64) -> Result<Vec<f64>> {
        let (short, long) = (self.rows.min(self.columns), self.rows.max(self.columns));
        let size = count.checked_mul(short).filter(|size| *size <= limits::MATRIX_BLOCK);
        let inside = first.checked_add(count).is_some_and(|end| end <= long);
        let size = size.filter(|_| inside).and_then(|size| usize::try_from(size).ok());
        let size =
            size.ok_or_else(|| Error::query(format!("{count} vectors from {first} on are too many of {long}.")))?;
        let elements = Elements::new(files, &self.tensor)?;
        let mut bytes = Vec::new();
        if self.in_order {
            return read(&elements, first * short, size as u64, &mut bytes);
        }
        let mut vectors = vec![0.0; size];
        let stride = usize::try_from(short).expect("at most as many as the numbers");
        for row in 0..self.rows {
            let numbers = read(&elements, row * self.columns + first, count, &mut bytes)?;
            let places = vectors.iter_mut().skip(usize::try_from(row).expect("below it")).step_by(stride);
            places.zip(numbers).for_each(|(place, number)| *place = number);
        }
        Ok(vectors)
    }
}

/// The rows and the columns of a tensor of at least two axes, if they can be counted: its first axis by all others, or, if
/// `outputs_last`, all others by its last.
pub fn flattened(tensor: &Tensor, outputs_last: bool) -> Option<(u64, u64)> {
    if tensor.shape.len() < 2 {
        return None;
    }
    let (rows, columns) = tensor.shape.split_at(split(tensor, outputs_last));
    element_count(&tensor.shape).and(element_count(rows).zip(element_count(columns)))
}

/// How many of its axes are those of rows.
fn split(tensor: &Tensor, outputs_last: bool) -> usize {
    if outputs_last { tensor.shape.len() - 1 } else { 1 }
}

/// The numbers of `count` elements from `start` on.
fn read(elements: &Elements<'_>, start: u64, count: u64, bytes: &mut Vec<u8>) -> Result<Vec<f64>> {
    let Dtype::Number(number) = *elements.dtype() else { return Ok(Vec::new()) };
    // Packed types are read from a whole byte on.
    let lead = start % 8;
    elements.read(start - lead, count + lead, bytes)?;
    let wanted = usize::try_from(count + lead).expect("they are in memory");
    let mut values = Vec::with_capacity(wanted);
    numbers(number, bytes, wanted, &mut values);
    values.drain(..usize::try_from(lead).expect("below 8"));
    values.truncate(wanted);
    Ok(values)
}

/// A tensor with the axes from `split` on before the others, if it lies so that these can be read by strides.
fn turned(tensor: &Tensor, split: usize) -> Option<Tensor> {
    let count = element_count(&tensor.shape).filter(|count| *count > 0);
    let bits = tensor.dtype.bits().filter(|bits| *bits >= 8);
    count.and(bits)?;
    let mut turned = tensor.clone();
    turned.shape.rotate_left(split);
    turned.layout = match &tensor.layout {
        Layout::Dense(storage) => {
            let strides = row_major(&tensor.shape).into_iter().map(|(_, stride)| stride).collect();
            Layout::Strided { storage: *storage, start: 0, strides, conjugated: false, negated: false }
        }
        Layout::Strided { .. } => tensor.layout.clone(),
        _ => return None,
    };
    if let Layout::Strided { strides, .. } = &mut turned.layout {
        strides.rotate_left(split);
    }
    Some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ByteRange, Piece};
    use crate::source::Memory;
    use proptest::prelude::*;
    use std::rc::Rc;

    proptest! {
        #[test]
        fn vectors_are_rows_or_columns_whatever_the_layout(
            shape in prop::collection::vec(1u64..6, 2..5), outputs_last: bool, kind in 0usize..4, cut in 0u64..40,
        ) {
            let count = element_count(&shape).unwrap();
            let values: Vec<u8> = (0..count).map(|value| u8::try_from(value % 16).unwrap()).collect();
            // Row-major, column-major, in two pieces, and four bits each.
            let mut files = Files::new();
            let mut number = Number::U8;
            let packed: Vec<u8> = values.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |next| next << 4)).collect();
            let reversed: Vec<u64> = shape.iter().rev().copied().collect();
            let mut by_columns = values.clone();
            for (place, value) in values.iter().enumerate() {
                let mut index = crate::model::index_of(place as u64, &shape);
                index.reverse();
                let other = index.iter().zip(&reversed).fold(0, |place, (index, size)| place * size + index);
                by_columns[usize::try_from(other).unwrap()] = *value;
            }
            let file = files.add("a", Rc::new(Memory::new([values.clone(), by_columns, packed].concat())));
            let range = |offset, len| ByteRange { file, offset, len };
            let layout = match kind {
                0 => Layout::Dense(range(0, count)),
                1 => {
                    let strides = shape.iter().scan(1, |stride, size| { let now = *stride; *stride *= size; Some(now) }).collect();
                    Layout::Strided { storage: range(count, count), start: 0, strides, conjugated: false, negated: false }
                }
                2 => {
                    let half = shape[0].div_ceil(2);
                    let inner = count / shape[0];
                    let piece = |first: u64, rows: u64| {
                        let mut at = vec![0; shape.len()];
                        at[0] = first;
                        let mut part = shape.clone();
                        part[0] = rows;
                        Piece { at, shape: part, range: range(first * inner, rows * inner) }
                    };
                    let mut pieces = vec![piece(0, half)];
                    if half < shape[0] { pieces.push(piece(half, shape[0] - half)); }
                    Layout::Pieces(pieces.into())
                }
                _ => {
                    number = Number::U4;
                    Layout::Dense(range(2 * count, count.div_ceil(2)))
                }
            };
            let tensor = Tensor::new("a", Dtype::Number(number), shape.clone(), layout);
            let matrix = Matrix::new(&tensor, outputs_last).unwrap();
            let (rows, columns) = (matrix.rows(), matrix.columns());
            prop_assert_eq!(rows, if outputs_last { count / shape[shape.len() - 1] } else { shape[0] });
            prop_assert_eq!(rows * columns, count);
            let (short, long) = (rows.min(columns), rows.max(columns));
            let place = |vector: u64, at: u64| if rows >= columns { vector * columns + at } else { at * columns + vector };
            let expected: Vec<f64> = (0..long)
                .flat_map(|vector| (0..short).map(move |at| place(vector, at)))
                .map(|place| f64::from(values[usize::try_from(place).unwrap()]))
                .collect();
            let cut = cut.min(long);
            let found = [matrix.vectors(&files, 0, cut).unwrap(), matrix.vectors(&files, cut, long - cut).unwrap()].concat();
            prop_assert_eq!(found, expected);
            prop_assert!(matrix.vectors(&files, cut, long - cut + 1).is_err());
        }
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        let layout = Layout::Unreadable { why: "no matter".into() };
        let tensor = |dtype, shape| Tensor::new("a", Dtype::Number(dtype), shape, layout.clone());
        for tensor in [tensor(Number::F32, vec![3]), tensor(Number::C64, vec![2, 2])] {
            let refused = Matrix::new(&tensor, false).unwrap_err();
            assert_eq!(refused.message, "The tensor a is no matrix of real numbers.");
        }
    }
}
