//! Tensors that are made of others: quantised, sparse and nested ones.

use super::dtypes;
use super::views::unreadable;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{
    ByteRange, Checkpoint, Dtype, Layout, Note, Number, Piece, Quantized, Scale, Sparse, SparseKind, Tensor,
    element_count,
};
use crate::source::{Memory, read_vec};
use crate::wire::pickle::{Id, Node, Pickle};
use std::rc::Rc;

/// A tensor of codes with its scale: `(scheme, scale, zero point)` or `(scheme, scales, zero points, axis)`.
pub(super) fn quantized(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle,
    mut codes: Tensor,
    scheme: &[Id],
    parts: Option<Vec<Tensor>>,
) -> Tensor {
    let scale = match (scheme, parts) {
        ([_, scale, zero_point], _) => match (pickle.node(*scale), pickle.int(*zero_point)) {
            (Node::Float(scale), Some(zero_point)) => Some(Scale::PerTensor { scale, zero_point }),
            _ => None,
        },
        ([_, _, _, axis], Some(parts)) => {
            let axis = pickle.int(*axis).and_then(|axis| usize::try_from(axis).ok());
            let [scales, zero_points] = <[Tensor; 2]>::try_from(parts).expect("two");
            axis.filter(|axis| {
                let size = codes.shape.get(*axis);
                size.is_some_and(|size| scales.shape == [*size] && zero_points.shape == [*size])
            })
            .map(|axis| Scale::PerChannel {
                axis,
                scales: Box::new(scales),
                zero_points: Box::new(zero_points),
            })
        }
        _ => None,
    };
    if let Layout::Unreadable { .. } | Layout::Absent { .. } = codes.layout {
        return codes;
    }
    codes.layout = match scale {
        Some(scale) => Layout::Quantized(Rc::new(Quantized { codes: codes.layout, scale })),
        None => unreadable(checkpoint, &codes.name, "its scale is not one that is known here."),
    };
    codes
}

/// The layout that `torch.sparse_csr` and its kin name.
pub(super) fn sparse_kind(name: &str) -> Option<SparseKind> {
    let kinds = [SparseKind::Coo, SparseKind::Csr, SparseKind::Csc, SparseKind::Bsr, SparseKind::Bsc];
    kinds.into_iter().find(|kind| name.strip_prefix("torch.") == Some(kind.name()))
}

/// PyTorch's names of the parts of a compressed sparse tensor.
pub(super) fn member_names(kind: SparseKind) -> [&'static str; 3] {
    match kind {
        SparseKind::Csc | SparseKind::Bsc => ["ccol_indices", "row_indices", "values"],
        _ => ["crow_indices", "col_indices", "values"],
    }
}

/// A sparse tensor of its parts; `None` if they are not two or three.
pub(super) fn sparse(
    checkpoint: &mut Checkpoint,
    kind: SparseKind,
    name: String,
    mut parts: Vec<Tensor>,
    shape: &Result<Vec<u64>, String>,
) -> Option<Tensor> {
    let values = parts.pop()?;
    let (indices, others) = match (parts.pop()?, parts.pop()) {
        (others, Some(indices)) => (indices, Some(others)),
        (indices, None) => (indices, None),
    };
    let (dtype, order, device) = (values.dtype.clone(), values.order, values.device.clone());
    let shape_or = shape.clone().unwrap_or_else(|_| vec![0]);
    let mut wrong = None;
    if let Err(what) = shape {
        wrong = Some(format!("its shape {what}."));
    } else if element_count(&shape_or).is_none() {
        wrong = Some("its shape has more elements than can be counted.".to_owned());
    } else if let Some(part) = [Some(&indices), others.as_ref()].into_iter().flatten().find(|part| !is_index(part)) {
        wrong = Some(format!("its {} are not whole numbers that can be read.", part.name));
    } else if !fits(kind, &shape_or, &indices, others.as_ref(), &values) {
        wrong = Some(format!("its parts do not fit its shape of {shape_or:?}."));
    }
    let layout = match wrong {
        Some(why) => unreadable(checkpoint, &name, &why),
        None => Layout::Sparse(Rc::new(Sparse { kind, indices, others, values })),
    };
    let mut tensor = Tensor::new(name, dtype, shape_or, layout);
    (tensor.order, tensor.device) = (order, device);
    Some(tensor)
}

fn is_index(part: &Tensor) -> bool {
    matches!(part.dtype, Dtype::Number(Number::I64 | Number::I32)) && part.layout.storage().is_some()
}

/// Whether the shapes of the parts are those that the layout has.
fn fits(kind: SparseKind, shape: &[u64], indices: &Tensor, others: Option<&Tensor>, values: &Tensor) -> bool {
    if kind == SparseKind::Coo {
        let [sparse, count] = *indices.shape else { return false };
        let Some(sparse) = usize::try_from(sparse).ok().filter(|sparse| *sparse <= shape.len()) else { return false };
        return values.shape.first() == Some(&count) && values.shape[1..] == shape[sparse..];
    }
    // The first dimensions are those of a batch of matrices.
    let batch = indices.shape.len().saturating_sub(1).min(shape.len()).min(values.shape.len());
    let ((batch, shape), (same, values)) = (shape.split_at(batch), values.shape.split_at(batch));
    let behind = |part: &Tensor| part.shape.strip_prefix(batch).and_then(|rest| <[u64; 1]>::try_from(rest).ok());
    let (Some([bounds]), Some([count]), [rows, columns, dense @ ..]) =
        (behind(indices), others.and_then(behind), shape)
    else {
        return false;
    };
    let (block, rest) = match (kind, values) {
        (SparseKind::Csr | SparseKind::Csc, [_, rest @ ..]) => ((1, 1), rest),
        (_, [_, height, width, rest @ ..]) => ((*height, *width), rest),
        _ => return false,
    };
    let whole = block.0 > 0 && block.1 > 0 && rows % block.0 == 0 && columns % block.1 == 0;
    let lines = match kind {
        SparseKind::Csr | SparseKind::Bsr => rows / block.0.max(1),
        _ => columns / block.1.max(1),
    };
    whole && batch == same && bounds == lines + 1 && values[0] == count && rest == dense
}

/// The longest list of sizes that is read when a nested tensor is opened.
const SIZES: u64 = 64 << 10;

/// The whole numbers of a small tensor that lies row-major.
fn whole_numbers(checkpoint: &Checkpoint, tensor: &Tensor) -> Option<Vec<u64>> {
    let (range, start) = match &tensor.layout {
        Layout::Dense(range) => (*range, 0),
        Layout::Strided { storage, start, .. } => (*storage, *start),
        _ => return None,
    };
    let count = tensor.elements();
    if tensor.dtype != Dtype::Number(Number::I64) || count > SIZES / 8 || range.len / 8 < start.checked_add(count)? {
        return None;
    }
    let source = &checkpoint.files.get(range.file).source;
    let bytes = read_vec(&**source, range.offset + start * 8, count * 8).ok()?;
    let big = tensor.order == crate::model::ByteOrder::Big;
    let number = |raw: &[u8; 8]| if big { u64::from_be_bytes(*raw) } else { u64::from_le_bytes(*raw) };
    Some(bytes.as_chunks().0.iter().map(number).collect())
}

/// A nested tensor: its components one after another, as one dimension.
pub(super) fn nested(checkpoint: &mut Checkpoint, name: String, buffer: &Tensor, about: &[Tensor; 3]) -> Tensor {
    let Tensor { dtype, order, device, requires_grad, .. } = buffer.clone();
    let numbers = about.each_ref().map(|part| whole_numbers(checkpoint, part));
    let (count, layout) = match (numbers, &about[0].shape[..]) {
        ([Some(sizes), Some(strides), Some(offsets)], [_, rank]) => {
            lay_out_nested(checkpoint, &name, buffer, (&sizes, &strides, &offsets), *rank)
        }
        _ => (0, unreadable(checkpoint, &name, "the sizes of its components cannot be read.")),
    };
    let mut tensor = Tensor::new(name, dtype, vec![count], layout);
    (tensor.order, tensor.device, tensor.requires_grad) = (order, device, requires_grad);
    tensor
}

fn lay_out_nested(
    checkpoint: &mut Checkpoint,
    name: &str,
    buffer: &Tensor,
    (sizes, strides, offsets): (&[u64], &[u64], &[u64]),
    rank: u64,
) -> (u64, Layout) {
    let Some(rank) = usize::try_from(rank).ok().filter(|rank| (1..=limits::RANK).contains(rank)) else {
        return (0, unreadable(checkpoint, name, "its components have no dimensions that are known here."));
    };
    let (Layout::Strided { storage, start, .. }, Some(bits)) = (&buffer.layout, buffer.dtype.bits()) else {
        return (0, unreadable(checkpoint, name, "its elements are not in a storage."));
    };
    let mut pieces = Vec::new();
    let mut total = 0u64;
    for ((shape, strides), offset) in sizes.chunks_exact(rank).zip(strides.chunks_exact(rank)).zip(offsets) {
        let count = element_count(shape).and_then(|count| Some((count, total.checked_add(count)?)));
        let dense = shape.iter().zip(strides).rev().try_fold(1u64, |inside, (size, stride)| {
            (*stride == inside || *size <= 1).then(|| inside.saturating_mul(*size))
        });
        let place = count.zip(dense).and_then(|((count, _), _)| {
            let first = start.checked_add(*offset)?.checked_mul(bits / 8)?;
            let len = count.checked_mul(bits / 8)?;
            (first.checked_add(len)? <= storage.len).then_some((first, len))
        });
        let (Some((count, end)), Some((first, len))) = (count, place) else {
            return (0, unreadable(checkpoint, name, "a component does not lie inside its storage, row-major."));
        };
        let range = ByteRange { offset: storage.offset + first, len, ..*storage };
        pieces.push(Piece { at: vec![total], shape: vec![count], range });
        total = end;
    }
    (total, Layout::Pieces(pieces.into()))
}

/// The same elements as another type, as PyTorch casts them: float32 to the halves that NumPy has no type for.
///
/// # Errors
///
/// `Source` if the elements cannot be had.
pub(super) fn cast(checkpoint: &mut Checkpoint, tensor: &mut Tensor, wanted: Number) -> Result<()> {
    if tensor.dtype == Dtype::Number(wanted) {
        return Ok(());
    }
    let (Dtype::Number(Number::F32), Number::Bf16, Layout::Dense(range)) = (&tensor.dtype, wanted, &tensor.layout)
    else {
        let message = format!(
            "PyTorch casts it to {} when it loads it; its elements are shown as they are in the file.",
            dtypes::name(wanted)
        );
        checkpoint.note(Note::info(message).about(&tensor.name));
        return Ok(());
    };
    if range.len > limits::METADATA_RECORD {
        return Err(Error::too_large(format!("An array of {} bytes inside the pickle is not cast.", range.len)));
    }
    let bytes = read_vec(&*checkpoint.files.get(range.file).source, range.offset, range.len)?;
    let big = tensor.order == crate::model::ByteOrder::Big;
    let halves = bytes.as_chunks::<4>().0.iter().flat_map(|raw| {
        let bits = if big { u32::from_be_bytes(*raw) } else { u32::from_le_bytes(*raw) };
        nearest_bf16(bits).to_le_bytes()
    });
    let halves: Vec<u8> = halves.collect();
    let len = halves.len() as u64;
    let part = checkpoint.files.add_part(range.file, tensor.name.clone(), Rc::new(Memory::new(halves)));
    tensor.layout = Layout::Dense(ByteRange { file: part, offset: 0, len });
    tensor.dtype = Dtype::Number(wanted);
    tensor.order = crate::model::ByteOrder::Little;
    Ok(())
}

/// The upper half of a float32, rounded to the nearest even; a NaN stays one.
fn nearest_bf16(bits: u32) -> u16 {
    let nan = bits & 0x7fff_ffff > 0x7f80_0000;
    let rounded = if nan { bits | 0x0040_0000 } else { bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) };
    let [_, _, low, high] = rounded.to_le_bytes();
    u16::from_le_bytes([low, high])
}
