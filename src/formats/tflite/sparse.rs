//! Constants most of whose elements are zero, by the way their dimensions are stored.
//!
//! Matrices by rows, or by rows of blocks, are what TFLite's kernels read; others are listed only.

use crate::error::Result;
use crate::model::{ByteRange, Dtype, Layout, Number, Sparse, SparseKind, Tensor};
use crate::wire::flatbuffer::Table;
use std::rc::Rc;

/// The fields of the table `SparsityParameters`.
mod sparsity {
    pub const TRAVERSAL: usize = 0;
    pub const BLOCK_MAP: usize = 1;
    pub const DIMENSIONS: usize = 2;
}

/// The fields of the table `DimensionMetadata`; a list's type stands before it.
mod dimension {
    pub const FORMAT: usize = 0;
    pub const DENSE_SIZE: usize = 1;
    pub const SEGMENTS: usize = 3;
    pub const INDICES: usize = 5;
}

/// The layout of a matrix whose stored elements are `values`; `None` where it is none that is read.
pub(super) fn layout(table: &Table<'_>, tensor: &Tensor, values: ByteRange) -> Result<Option<Layout>> {
    let (order, blocks) = (table.i32s(sparsity::TRAVERSAL)?, table.i32s(sparsity::BLOCK_MAP)?);
    let mut dimensions = Vec::new();
    // More than twice as many as there are dimensions are in no order that is read.
    for dimension in table.tables(sparsity::DIMENSIONS)?.iter().take(5) {
        dimensions.push(dimension?);
    }
    let in_order = order.iter().zip(0..).all(|(dimension, place)| *dimension == place);
    let (rows, columns, block) = match dimensions.as_slice() {
        [rows, columns] if blocks.is_empty() => (rows, columns, None),
        [rows, columns, tall, wide] if blocks == [0, 1] => (rows, columns, Some([tall, wide])),
        _ => return Ok(None),
    };
    let (Dtype::Number(number), 2, true) =
        (&tensor.dtype, tensor.shape.len(), in_order && order.len() == dimensions.len())
    else {
        return Ok(None);
    };
    let compressed = rows.u8(dimension::FORMAT)? == 0 && columns.u8(dimension::FORMAT)? == 1;
    let segments = whole_numbers(columns, dimension::SEGMENTS, "segments", values)?;
    let indices = whole_numbers(columns, dimension::INDICES, "indices", values)?;
    let (true, Some(segments), Some(indices)) = (compressed, segments, indices) else { return Ok(None) };
    let mut shape = vec![indices.elements()];
    for side in block.into_iter().flatten() {
        shape.push(u64::try_from(side.i32(dimension::DENSE_SIZE)?).unwrap_or(0));
    }
    let kind = if block.is_some() { SparseKind::Bsr } else { SparseKind::Csr };
    let stored = Tensor::new("values", Dtype::Number(*number), shape, Layout::Dense(values));
    if stored.bytes() != values.len || number.bits() < 8 {
        return Ok(None);
    }
    Ok(Some(Layout::Sparse(Rc::new(Sparse { kind, indices: segments, others: Some(indices), values: stored }))))
}

/// One of the lists of a dimension, whose type the field before it tells; in the file of `beside`.
fn whole_numbers(table: &Table<'_>, field: usize, name: &str, beside: ByteRange) -> Result<Option<Tensor>> {
    let number = match table.u8(field - 1)? {
        1 => Number::I32,
        2 => Number::U16,
        3 => Number::U8,
        _ => return Ok(None),
    };
    let Some(holder) = table.table(field)? else { return Ok(None) };
    Ok(holder.list(0, number.bits() / 8)?.map(|list| {
        let range = ByteRange { file: beside.file, offset: list.offset, len: list.len };
        Tensor::new(name, Dtype::Number(number), vec![list.count], Layout::Dense(range))
    }))
}
