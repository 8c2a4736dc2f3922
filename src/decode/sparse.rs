//! Tensors that store only some of their elements.
//!
//! Source: PyTorch's `to_dense`: values are added to zeros in the order in which they are stored.

use super::add::Addition;
use super::stored::{Plain, Stored, WholeNumbers, in_memory};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Sparse, SparseKind, Tensor};
use crate::source::Files;

/// The elements of a sparse tensor: those that are stored are held, those between them are zeros.
#[derive(Debug)]
pub(super) struct Scattered {
    total: u64,
    width: usize,
    /// Stored elements that lie side by side in the whole: a run.
    run: usize,
    /// Where each run begins in the whole, and the how-manieth in `values` it is; by place, each place once.
    places: Vec<(u64, usize)>,
    values: Vec<u8>,
    only_stored: bool,
}

/// How the stored elements lie in the whole: blocks of rows of runs.
struct Blocks {
    /// How many blocks are stored.
    count: u64,
    /// Rows of a block, and how far they are apart in the whole.
    rows: u64,
    row_stride: u64,
    /// Elements of a row.
    run: u64,
    /// What tells where a block begins.
    by: By,
}

enum By {
    /// An index of each of the first dimensions, each with its size and its stride in the whole.
    Indices(Vec<(u64, u64)>),
    /// Matrices behind each other that store as many blocks each; lines and a place in them: how many there are of either, and
    /// how far they are apart in the whole.
    Lines { matrix_stride: u64, stored: u64, lines: (u64, u64), places: (u64, u64) },
}

impl Scattered {
    /// All elements in row-major order.
    pub fn new(files: &Files, stored: &Stored<'_>, sparse: &Sparse) -> Result<Self> {
        let total = stored.count()?;
        let number = stored.dtype.number().filter(|_| sparse.values.dtype == *stored.dtype);
        let addition = number.and_then(Addition::of).ok_or_else(|| {
            Error::unsupported(format!("Sparse elements of type {} cannot be read.", sparse.values.dtype.name()))
        })?;
        let width = usize::try_from(stored.bits()? / 8).expect("at most 16");
        let mut scattered =
            Scattered { total, width, run: 1, places: Vec::new(), values: Vec::new(), only_stored: false };
        if total == 0 {
            return Ok(scattered);
        }
        let blocks = Blocks::of(stored.shape, sparse).ok_or_else(|| {
            Error::malformed(format!("The parts of the sparse tensor do not fit its shape of {:?}.", stored.shape))
        })?;
        let count = bounded(stored, sparse)?;
        if count == 0 {
            return Ok(scattered);
        }
        let begins = blocks.begins(files, sparse)?;
        Plain::new(files, &Stored::of(&sparse.values))?.read(0, count, &mut scattered.values)?;
        addition.add_to_zeros(&mut scattered.values);
        scattered.run = usize::try_from(blocks.run).expect("below a cap");
        let starts = begins.iter().flat_map(|begin| (0..blocks.rows).map(move |row| begin + row * blocks.row_stride));
        scattered.places = starts.enumerate().map(|(index, start)| (start, index)).collect();
        // By place, and in the order in which they are stored where that is the same.
        scattered.places.sort_unstable();
        scattered.add_up(addition);
        Ok(scattered)
    }

    /// The stored elements only, in the order of their places.
    pub fn only_stored(self) -> Self {
        Scattered { only_stored: true, ..self }
    }

    /// Keeps one run for each place: the sum of those that are there.
    fn add_up(&mut self, addition: Addition) {
        let len = self.run * self.width;
        let values = &mut self.values;
        self.places.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                let (before, after) = values.split_at_mut(later.1 * len);
                addition.add(&mut before[kept.1 * len..][..len], &after[..len]);
            }
            same
        });
    }

    fn stored(&self) -> u64 {
        (self.places.len() * self.run) as u64
    }

    pub fn count(&self) -> u64 {
        if self.only_stored { self.stored() } else { self.total }
    }

    /// How many elements there are beside the visited ones: zeros.
    pub fn implicit(&self) -> (u64, Vec<u8>) {
        (self.total - self.stored().max(self.count()), vec![0; self.width])
    }

    /// Replaces `into` with `count` elements from the `start`-th visited one on; the caller has counted them.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        into.resize(in_memory(count, self.width as u64)?, 0);
        let (run, end) = (self.run as u64, start + count);
        // Visited elements are counted by places in the whole or, if only they are visited, by those that are stored.
        let first = if self.only_stored {
            usize::try_from(start / run).expect("an index of a list")
        } else {
            self.places.partition_point(|(place, _)| place + run <= start)
        };
        for (index, &(place, stored)) in self.places.iter().enumerate().skip(first) {
            let place = if self.only_stored { (index * self.run) as u64 } else { place };
            if place >= end {
                break;
            }
            let (from, to) = (place.max(start), (place + run).min(end));
            let bytes = |count: u64| usize::try_from(count).expect("inside what was asked for") * self.width;
            let value = stored * self.run * self.width + bytes(from - place);
            let len = bytes(to - from);
            into[bytes(from - start)..][..len].copy_from_slice(&self.values[value..value + len]);
        }
        Ok(())
    }
}

/// How many elements are stored, if neither they nor what tells their places is too much.
fn bounded(stored: &Stored<'_>, sparse: &Sparse) -> Result<u64> {
    let count = sparse.values.elements();
    let bytes = count.saturating_mul(stored.bits()? / 8);
    if count > limits::SPARSE_ELEMENTS || bytes > limits::SPARSE_BYTES {
        return Err(Error::too_large(format!(
            "A sparse tensor that stores {count} elements in {bytes} bytes is not read; at most {} in {} are.",
            limits::SPARSE_ELEMENTS,
            limits::SPARSE_BYTES
        )));
    }
    let indices = sparse.others.as_ref().map_or(0, Tensor::elements).saturating_add(sparse.indices.elements());
    if indices > limits::SPARSE_INDICES {
        return Err(Error::too_large(format!(
            "A sparse tensor with {indices} indices is not read; at most {} are.",
            limits::SPARSE_INDICES
        )));
    }
    Ok(count)
}

impl Blocks {
    /// `None` if the parts do not fit a shape, which has no zeros and can be counted.
    fn of(shape: &[u64], sparse: &Sparse) -> Option<Self> {
        let values = &sparse.values.shape;
        // No product of sizes is beyond that of all.
        let size = |sizes: &[u64]| sizes.iter().product::<u64>();
        if sparse.kind == SparseKind::Coo {
            let [dimensions, count] = *sparse.indices.shape else { return None };
            let dimensions = usize::try_from(dimensions).ok().filter(|dimensions| *dimensions <= shape.len())?;
            let (by, inside) = shape.split_at(dimensions);
            let by = by.iter().enumerate().map(|(dimension, len)| (*len, size(&shape[dimension + 1..]))).collect();
            let fits = values.split_first() == Some((&count, inside)) && sparse.others.is_none();
            return fits.then(|| Blocks { count, rows: 1, row_stride: 0, run: size(inside), by: By::Indices(by) });
        }
        let batch =
            sparse.indices.shape.len().checked_sub(1).filter(|batch| *batch <= shape.len().min(values.len()))?;
        let ((batch, shape), (same, values)) = (shape.split_at(batch), values.split_at(batch));
        let ([rows, columns, dense @ ..], [count, inside @ ..]) = (shape, values) else { return None };
        let ((height, width), rest) = match (sparse.kind, inside) {
            (SparseKind::Csr | SparseKind::Csc, rest) => ((1, 1), rest),
            (_, [height, width, rest @ ..]) => ((*height, *width), rest),
            _ => return None,
        };
        if height == 0 || width == 0 || rows % height != 0 || columns % width != 0 || rest != dense {
            return None;
        }
        let element = size(dense);
        let row_stride = columns * element;
        let down = (rows / height, height * row_stride);
        let across = (columns / width, width * element);
        let (lines, places) = match sparse.kind {
            SparseKind::Csr | SparseKind::Bsr => (down, across),
            _ => (across, down),
        };
        let fits = batch == same
            && sparse.indices.shape.split_last() == Some((&(lines.0 + 1), batch))
            && sparse.others.as_ref()?.shape.split_last() == Some((count, batch));
        let by = By::Lines { matrix_stride: rows * row_stride, lines, places, stored: *count };
        let count = size(batch).checked_mul(*count)?;
        fits.then_some(Blocks { count, rows: height, row_stride, run: width * element, by })
    }

    /// Where each block begins in the whole.
    fn begins(&self, files: &Files, sparse: &Sparse) -> Result<Vec<u64>> {
        let mut begins = vec![0u64; usize::try_from(self.count).expect("below a cap")];
        let at = |place: u64| usize::try_from(place).expect("an index of a list");
        let mut indices = WholeNumbers::new(files, &sparse.indices)?;
        match &self.by {
            By::Indices(dimensions) => {
                for (&(size, stride), first) in dimensions.iter().zip(0..) {
                    indices.each(first * self.count, self.count, |place, index| {
                        begins[at(place)] += inside(index, size)? * stride;
                        Ok(())
                    })?;
                }
            }
            By::Lines { matrix_stride, lines, places, stored } => {
                let bounds = lines.0 + 1;
                let mut from = 0;
                indices.each(0, (self.count / stored.max(&1)) * bounds, |place, bound| {
                    let (matrix, line) = (place / bounds, place % bounds);
                    let to = u64::try_from(bound).ok().filter(|to| *to <= *stored && (line == 0 || from <= *to));
                    let to = to.filter(|to| (line > 0 || *to == 0) && (line < lines.0 || to == stored));
                    let to = to.ok_or_else(|| {
                        Error::malformed(format!(
                            "Bound {line} of the sparse tensor's lines is {bound}: they have to rise from 0 to {stored}."
                        ))
                    })?;
                    // The line that ends here.
                    if line > 0 {
                        let first = matrix * stored;
                        begins[at(first + from)..at(first + to)].fill(matrix * matrix_stride + (line - 1) * lines.1);
                    }
                    from = to;
                    Ok(())
                })?;
                let others = sparse.others.as_ref().expect("checked with the shapes");
                WholeNumbers::new(files, others)?.each(0, self.count, |place, index| {
                    begins[at(place)] += inside(index, places.0)? * places.1;
                    Ok(())
                })?;
            }
        }
        Ok(begins)
    }
}

/// An index of a dimension of this size.
fn inside(index: i64, size: u64) -> Result<u64> {
    let index_or = u64::try_from(index).ok().filter(|index| *index < size);
    index_or.ok_or_else(|| {
        Error::malformed(format!("An index of the sparse tensor is {index}, where there are only {size}."))
    })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of the tests are small")]
mod tests {
    use super::*;
    use crate::decode::Elements;
    use crate::error::Kind;
    use crate::model::{ByteRange, Dtype, Layout, Number};
    use crate::source::Memory;
    use SparseKind::{Bsr, Coo, Csc, Csr};
    use proptest::prelude::*;
    use std::rc::Rc;

    fn dense(files: &mut Files, number: Number, shape: &[u64], bytes: Vec<u8>) -> Tensor {
        let len = bytes.len() as u64;
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        Tensor::new("a", Dtype::Number(number), shape.to_vec(), Layout::Dense(ByteRange { file, offset: 0, len }))
    }

    fn whole(files: &mut Files, shape: &[u64], numbers: &[i64]) -> Tensor {
        dense(files, Number::I64, shape, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
    }

    fn floats(files: &mut Files, shape: &[u64], values: &[f32]) -> Tensor {
        dense(files, Number::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn sparse(shape: &[u64], sparse: Sparse) -> Tensor {
        let dtype = sparse.values.dtype.clone();
        Tensor::new("a", dtype, shape.to_vec(), Layout::Sparse(Rc::new(sparse)))
    }

    /// Bit for bit, so that zeros have their sign.
    fn read(elements: &Elements<'_>, start: u64, count: u64) -> Vec<u32> {
        elements.read_as(start, count, u32::from_le_bytes)
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// Sizes, how many of them are indices, the indices and the values of a tensor.
    fn coo() -> impl Strategy<Value = (Vec<u64>, usize, Vec<Vec<u64>>, Vec<f32>)> {
        (prop::collection::vec(1u64..5, 0..4), 0usize..4, 0usize..9).prop_flat_map(|(shape, dimensions, count)| {
            let dimensions = dimensions.min(shape.len());
            let index: Vec<_> = shape[..dimensions].iter().map(|size| 0..*size).collect();
            let run = shape[dimensions..].iter().product::<u64>() as usize;
            let value = prop_oneof![Just(-0f32), Just(0.1), Just(1e8), Just(-1e8), -1f32..1.0];
            let values = prop::collection::vec(value, count * run);
            (Just(shape), Just(dimensions), prop::collection::vec(index, count), values)
        })
    }

    proptest! {
        #[test]
        fn coordinates_read_as_they_add_up((shape, dimensions, indices, values) in coo(), start in 0u64..200, count in 0u64..200) {
            let mut files = Files::new();
            let by_dimension: Vec<i64> =
                (0..dimensions).flat_map(|dimension| indices.iter().map(move |index| index[dimension].cast_signed())).collect();
            let stored = indices.len() as u64;
            let parts = Sparse {
                kind: SparseKind::Coo,
                indices: whole(&mut files, &[dimensions as u64, stored], &by_dimension),
                others: None,
                values: floats(&mut files, &[&[stored], &shape[dimensions..]].concat(), &values),
            };
            let tensor = sparse(&shape, parts);
            let total = shape.iter().product::<u64>();
            let run = shape[dimensions..].iter().product::<u64>() as usize;
            let mut expected = vec![0f32; total as usize];
            let mut told = vec![false; total as usize];
            for (index, values) in indices.iter().zip(values.chunks(run)) {
                let first = index.iter().zip(&shape).fold(0, |at, (index, size)| at * size + index) as usize * run;
                for (at, value) in values.iter().enumerate() {
                    expected[first + at] += value;
                    told[first + at] = true;
                }
            }
            let elements = Elements::new(&files, &tensor).unwrap();
            prop_assert_eq!((elements.count(), elements.implicit().0), (total, 0));
            let start = start.min(total);
            let count = count.min(total - start);
            prop_assert_eq!(read(&elements, start, count), bits(&expected[start as usize..(start + count) as usize]));

            let unordered = Elements::unordered(&files, &tensor).unwrap();
            prop_assert_eq!(unordered.count() + unordered.implicit().0, total);
            let expected: Vec<f32> =
                expected.iter().zip(&told).filter(|(_, told)| **told).map(|(value, _)| *value).collect();
            let cut = start.min(unordered.count());
            let mut all = read(&unordered, 0, cut);
            all.extend(read(&unordered, cut, unordered.count() - cut));
            prop_assert_eq!(all, bits(&expected));
        }
    }

    #[test]
    fn lines_and_blocks_read_as_pytorch_has_them() {
        // [[1, 2, 0, 0], [3, 4, 0, 0], [0, 0, 5, 6], [0, 0, 7, 8]]
        let expected = [1., 2., 0., 0., 3., 4., 0., 0., 0., 0., 5., 6., 0., 0., 7., 8f32];
        let cases = [
            (
                SparseKind::Csr,
                vec![0, 2, 4, 6, 8],
                vec![0, 1, 0, 1, 2, 3, 2, 3],
                vec![8],
                [1., 2., 3., 4., 5., 6., 7., 8f32],
            ),
            (
                SparseKind::Csc,
                vec![0, 2, 4, 6, 8],
                vec![0, 1, 0, 1, 2, 3, 2, 3],
                vec![8],
                [1., 3., 2., 4., 5., 7., 6., 8.],
            ),
            (SparseKind::Bsr, vec![0, 1, 2], vec![0, 1], vec![2, 2, 2], [1., 2., 3., 4., 5., 6., 7., 8.]),
            (SparseKind::Bsc, vec![0, 1, 2], vec![0, 1], vec![2, 2, 2], [1., 2., 3., 4., 5., 6., 7., 8.]),
        ];
        for (kind, bounds, others, shape, values) in cases {
            let mut files = Files::new();
            let parts = Sparse {
                kind,
                indices: whole(&mut files, &[bounds.len() as u64], &bounds),
                others: Some(whole(&mut files, &[others.len() as u64], &others)),
                values: floats(&mut files, &shape, &values),
            };
            let tensor = sparse(&[4, 4], parts);
            let elements = Elements::new(&files, &tensor).unwrap();
            assert_eq!(read(&elements, 0, 16), bits(&expected), "{kind:?}");
            assert_eq!(read(&elements, 5, 6), bits(&expected[5..11]), "{kind:?}");
            let unordered = Elements::unordered(&files, &tensor).unwrap();
            assert_eq!((unordered.count(), unordered.implicit().0), (8, 8));
        }
    }

    #[test]
    fn a_batch_is_matrices_behind_each_other() {
        let mut files = Files::new();
        let parts = Sparse {
            kind: SparseKind::Csr,
            indices: whole(&mut files, &[2, 3], &[0, 1, 2, 0, 0, 2]),
            others: Some(whole(&mut files, &[2, 2], &[2, 0, 0, 1])),
            values: floats(&mut files, &[2, 2], &[1., 2., 3., 4.]),
        };
        let tensor = sparse(&[2, 2, 3], parts);
        let expected = [0., 0., 1., 2., 0., 0., 0., 0., 0., 3., 4., 0f32];
        assert_eq!(read(&Elements::new(&files, &tensor).unwrap(), 0, 12), bits(&expected));
        // Parts that are of batches of another size.
        let Layout::Sparse(parts) = &tensor.layout else { unreachable!("made above") };
        let others = Some(whole(&mut files, &[1, 2], &[2, 0]));
        let odd = sparse(&[2, 2, 3], Sparse { others, ..(**parts).clone() });
        assert_eq!(Elements::new(&files, &odd).unwrap_err().kind, Kind::Malformed);
    }

    #[test]
    fn blocks_have_dense_dimensions_inside() {
        let mut files = Files::new();
        let values: Vec<f32> = (1..=24u8).map(f32::from).collect();
        let parts = Sparse {
            kind: SparseKind::Bsc,
            indices: whole(&mut files, &[3], &[0, 0, 2]),
            others: Some(whole(&mut files, &[2], &[1, 0])),
            values: floats(&mut files, &[2, 2, 3, 2], &values),
        };
        let tensor = sparse(&[4, 6, 2], parts);
        let mut expected = vec![0f32; 48];
        for (index, value) in values.iter().enumerate() {
            let (block, row, rest) = (index / 12, index / 6 % 2, index % 6);
            expected[((1 - block) * 2 + row) * 12 + 6 + rest] = *value;
        }
        assert_eq!(read(&Elements::new(&files, &tensor).unwrap(), 0, 48), bits(&expected));
    }

    #[test]
    fn a_tera_of_zeros_costs_nothing() {
        let mut files = Files::new();
        let parts = Sparse {
            kind: SparseKind::Coo,
            indices: whole(&mut files, &[2, 2], &[999_999, 7, 999_999, 7]),
            others: None,
            values: floats(&mut files, &[2], &[1.5, 2.5]),
        };
        let tensor = sparse(&[1_000_000, 1_000_000], parts);
        let elements = Elements::unordered(&files, &tensor).unwrap();
        assert_eq!((elements.count(), elements.implicit().0), (2, 999_999_999_998));
        assert_eq!(read(&elements, 0, 2), bits(&[2.5, 1.5]));
        let elements = Elements::new(&files, &tensor).unwrap();
        assert_eq!(read(&elements, 999_999_999_998, 2), bits(&[0.0, 1.5]));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let mut files = Files::new();
        let mut refused = |kind, indices: (&[u64], &[i64]), others: Option<&[i64]>, values: &[u64]| {
            let parts = Sparse {
                kind,
                indices: whole(&mut files, indices.0, indices.1),
                others: others.map(|others| whole(&mut files, &[others.len() as u64], others)),
                values: floats(&mut files, values, &[1.0; 8]),
            };
            let tensor = sparse(&[2, 2], parts);
            let error = Elements::new(&files, &tensor).unwrap_err();
            assert_eq!(Elements::unordered(&files, &tensor).unwrap_err(), error);
            error.kind
        };
        for kind in [
            refused(Coo, (&[2, 1], &[0, 2]), None, &[1]),
            refused(Coo, (&[2, 1], &[-1, 0]), None, &[1]),
            refused(Coo, (&[2, 1], &[0, i64::MAX]), None, &[1]),
            refused(Coo, (&[3, 1], &[0, 0, 0]), None, &[1]),
            refused(Coo, (&[2, 1], &[0, 0]), None, &[2]),
            refused(Coo, (&[2, 1], &[0, 0]), Some(&[0]), &[1]),
            refused(Csr, (&[3], &[1, 1, 1]), Some(&[0]), &[1]),
            refused(Csr, (&[3], &[0, 1, 0]), Some(&[0]), &[1]),
            refused(Csr, (&[3], &[0, 2, 1]), Some(&[0]), &[1]),
            refused(Csr, (&[3], &[0, 0, 2]), Some(&[0]), &[1]),
            refused(Csr, (&[3], &[0, 0, 0]), Some(&[0]), &[1]),
            refused(Csr, (&[3], &[0, -1, 1]), Some(&[0]), &[1]),
            refused(Csc, (&[3], &[0, 1, 1]), Some(&[2]), &[1]),
            refused(Csc, (&[2], &[0, 1]), Some(&[0]), &[1]),
            refused(Csc, (&[3], &[0, 1, 1]), None, &[1]),
            refused(Bsr, (&[2], &[0, 1]), Some(&[1]), &[1, 2, 2]),
            refused(Bsr, (&[1], &[0]), Some(&[0]), &[1, 0, 2]),
            refused(Bsr, (&[2], &[0, 1]), Some(&[0]), &[1, 2, 3]),
        ] {
            assert_eq!(kind, Kind::Malformed);
        }
        let many = 5 << 20;
        assert_eq!(refused(Coo, (&[2, many], &[0]), None, &[many]), Kind::TooLarge);
        assert_eq!(refused(Csr, (&[3], &[0, 0, 1 << 40]), Some(&[0]), &[1 << 40]), Kind::Malformed);
    }
}
