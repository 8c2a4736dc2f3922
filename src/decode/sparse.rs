//! Sparse tensors, filled up with zeros.

use super::elements::all;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Class, Number, Sparse, SparseKind, Tensor};
use crate::source::Files;

/// The stored elements of a tensor, by their places in the dense one.
#[derive(Debug)]
pub(super) struct Expanded {
    /// Rising, no place twice.
    places: Vec<u64>,
    /// The elements at these places, one after another.
    values: Vec<u8>,
    /// Bytes of an element.
    width: usize,
    /// Whether zeros are visited, too.
    dense: Option<u64>,
}

impl Expanded {
    pub fn new(files: &Files, tensor: &Tensor, sparse: &Sparse, dense: bool) -> Result<Self> {
        let number = tensor.dtype.number().filter(|number| number.bits() >= 8);
        let number = number.ok_or_else(|| Error::unsupported("Sparse tensors of such a type are not read."))?;
        let stored = sparse.values.elements();
        if stored > limits::SPARSE_ELEMENTS {
            return Err(Error::too_large(format!(
                "It stores {stored} elements; at most {} of a sparse tensor are read.",
                limits::SPARSE_ELEMENTS
            )));
        }
        let values = all(files, &sparse.values, limits::SPARSE_BYTES)?;
        let indices = whole_numbers(files, &sparse.indices)?;
        let others = sparse.others.as_ref().map(|others| whole_numbers(files, others)).transpose()?;
        let places = match (sparse.kind, &others) {
            (SparseKind::Coo, _) => coo(tensor, sparse, &indices)?,
            (_, Some(others)) => compressed(tensor, sparse, &indices, others)?,
            (_, None) => return Err(Error::malformed("The sparse tensor lacks its second list of indices.")),
        };
        let width = usize::try_from(number.bits() / 8).expect("at most 16");
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|index| places[*index]);
        let mut expanded = Expanded {
            places: Vec::with_capacity(places.len()),
            values: Vec::with_capacity(values.len()),
            width,
            dense: dense.then(|| tensor.elements()),
        };
        for index in order {
            let value = &values[index * width..][..width];
            if expanded.places.last() == Some(&places[index]) {
                let last = expanded.values.len() - width;
                add(number, &mut expanded.values[last..], value)?;
            } else {
                expanded.places.push(places[index]);
                expanded.values.extend_from_slice(value);
            }
        }
        positive_zeros(number, &mut expanded.values);
        Ok(expanded)
    }

    pub fn count(&self) -> u64 {
        self.dense.unwrap_or(self.places.len() as u64)
    }

    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        let index = |at: u64| usize::try_from(at).map_err(|_| Error::too_large("So many elements do not fit into memory."));
        if self.dense.is_none() {
            into.extend_from_slice(&self.values[index(start)? * self.width..index(start + count)? * self.width]);
            return Ok(());
        }
        into.resize(index(count)?.checked_mul(self.width).ok_or_else(|| Error::too_large("So many elements do not fit into memory."))?, 0);
        let first = self.places.partition_point(|place| *place < start);
        let last = self.places.partition_point(|place| *place < start + count);
        for stored in first..last {
            let at = index(self.places[stored] - start)? * self.width;
            into[at..at + self.width].copy_from_slice(&self.values[stored * self.width..][..self.width]);
        }
        Ok(())
    }
}

/// Indices, none of them negative.
fn whole_numbers(files: &Files, part: &Tensor) -> Result<Vec<u64>> {
    let bytes = all(files, part, limits::SPARSE_BYTES)?;
    let negative = |_| Error::malformed(format!("The {} of the sparse tensor hold a negative number.", part.name));
    match part.dtype.number() {
        Some(Number::I32) => {
            let numbers = bytes.as_chunks().0.iter().map(|raw| u64::try_from(i32::from_le_bytes(*raw)).map_err(negative));
            numbers.collect()
        }
        _ => {
            let numbers = bytes.as_chunks().0.iter().map(|raw| u64::try_from(i64::from_le_bytes(*raw)).map_err(negative));
            numbers.collect()
        }
    }
}

fn outside(part: &str) -> Error {
    Error::malformed(format!("The {part} of the sparse tensor lead outside of its shape."))
}

/// The places of the elements of a COO tensor; those of a hybrid one lie side by side.
fn coo(tensor: &Tensor, sparse: &Sparse, indices: &[u64]) -> Result<Vec<u64>> {
    let dimensions = usize::try_from(sparse.indices.shape[0]).map_err(|_| outside("indices"))?;
    let count = usize::try_from(sparse.indices.shape[1]).map_err(|_| outside("indices"))?;
    let inner: u64 = tensor.shape[dimensions..].iter().product();
    let mut places = Vec::with_capacity(usize::try_from(sparse.values.elements()).unwrap_or(0));
    for entry in 0..count {
        let mut place = 0u64;
        for (dimension, size) in tensor.shape[..dimensions].iter().enumerate() {
            let index = indices[dimension * count + entry];
            if index >= *size {
                return Err(outside("indices"));
            }
            place = place * size + index;
        }
        places.extend((0..inner).map(|at| place * inner + at));
    }
    Ok(places)
}

/// The places of the elements of a tensor whose rows or columns follow each other, of single elements or of blocks.
fn compressed(tensor: &Tensor, sparse: &Sparse, bounds: &[u64], others: &[u64]) -> Result<Vec<u64>> {
    let by_rows = matches!(sparse.kind, SparseKind::Csr | SparseKind::Bsr);
    let (height, width) = match (sparse.kind, sparse.values.shape.as_slice()) {
        (SparseKind::Bsr | SparseKind::Bsc, [_, height, width, ..]) => (*height, *width),
        _ => (1, 1),
    };
    let (rows, columns) = (tensor.shape[0], tensor.shape[1]);
    let inner: u64 = tensor.shape[2..].iter().product();
    let sound = bounds.first() == Some(&0)
        && bounds.last() == Some(&(others.len() as u64))
        && bounds.windows(2).all(|pair| pair[0] <= pair[1]);
    if !sound {
        return Err(Error::malformed("The rows or columns of the sparse tensor do not begin where they should."));
    }
    let limit = if by_rows { columns / width } else { rows / height };
    let mut places = Vec::with_capacity(usize::try_from(sparse.values.elements()).unwrap_or(0));
    for (line, pair) in (0u64..).zip(bounds.windows(2)) {
        for entry in pair[0]..pair[1] {
            let other = others[usize::try_from(entry).map_err(|_| outside("indices"))?];
            if other >= limit {
                return Err(outside("indices"));
            }
            let (row, column) = if by_rows { (line, other) } else { (other, line) };
            for y in 0..height {
                for x in 0..width {
                    let place = (row * height + y) * columns + column * width + x;
                    places.extend((0..inner).map(|at| place * inner + at));
                }
            }
        }
    }
    Ok(places)
}

/// Adds a value to another one of the same type, both little-endian, as PyTorch adds what stands at one place.
fn add(number: Number, sum: &mut [u8], value: &[u8]) -> Result<()> {
    let read = |bytes: &[u8]| -> [u8; 8] {
        let mut wide = [0; 8];
        wide[..bytes.len().min(8)].copy_from_slice(&bytes[..bytes.len().min(8)]);
        wide
    };
    match (number.class(), number) {
        (_, Number::F32) => {
            let total = f32::from_bits(low(read(sum))) + f32::from_bits(low(read(value)));
            sum.copy_from_slice(&total.to_le_bytes());
            Ok(())
        }
        (_, Number::F64) => {
            let total = f64::from_le_bytes(read(sum)) + f64::from_le_bytes(read(value));
            sum.copy_from_slice(&total.to_le_bytes());
            Ok(())
        }
        (Class::Bool, _) => {
            sum[0] |= value[0];
            Ok(())
        }
        (Class::Signed | Class::Unsigned, _) => {
            let total = u64::from_le_bytes(read(sum)).wrapping_add(u64::from_le_bytes(read(value)));
            let len = sum.len();
            sum.copy_from_slice(&total.to_le_bytes()[..len]);
            Ok(())
        }
        _ => Err(Error::unsupported("The sparse tensor has several values at one place, of a type that is not added here.")),
    }
}

/// What is added to zero is never a negative one.
fn positive_zeros(number: Number, values: &mut [u8]) {
    let parts = match number.class() {
        Class::Float => 1,
        Class::Complex => 2,
        _ => return,
    };
    let width = usize::try_from(number.bits() / 8 / parts).expect("at most 16");
    for part in values.chunks_exact_mut(width) {
        if let [rest @ .., 0x80] = part
            && rest.iter().all(|byte| *byte == 0)
        {
            part.fill(0);
        }
    }
}

fn low(wide: [u8; 8]) -> u32 {
    u32::from_le_bytes([wide[0], wide[1], wide[2], wide[3]])
}
