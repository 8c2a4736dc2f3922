//! Views: the part of a storage that a tensor shows.

use super::storage::Storage;
use crate::error::quoted;
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Layout, Note, Tensor, element_count};
use crate::wire::pickle::{Id, Pickle};

/// A tuple of sizes or strides, or a `torch.Size` of one; an error says what is wrong with it.
fn whole_numbers(pickle: &Pickle, id: Id) -> Result<Vec<i64>, String> {
    let id = match pickle.call(id) {
        Some((global, [inner])) if global.name == "Size" => *inner,
        _ => id,
    };
    let numbers = pickle.sequence(id).ok_or("is not a tuple of whole numbers")?;
    if numbers.len() > limits::RANK {
        return Err(format!("has {} dimensions, at most {} are read", numbers.len(), limits::RANK));
    }
    let mut whole = Vec::with_capacity(numbers.len());
    for number in numbers {
        whole.push(pickle.int(*number).ok_or("is not a tuple of whole numbers")?);
    }
    Ok(whole)
}

pub(super) fn sizes(pickle: &Pickle, id: Id) -> Result<Vec<u64>, String> {
    let sizes = whole_numbers(pickle, id)?;
    match sizes.iter().find(|size| **size < 0) {
        Some(size) => Err(format!("has a dimension of {size}")),
        None => Ok(sizes.into_iter().map(i64::unsigned_abs).collect()),
    }
}

/// A view of a storage; one that does not lie inside it is listed as unreadable, with a note that says why.
pub(super) fn view(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle,
    name: String,
    storage: Storage,
    dtype: Option<Dtype>,
    [offset, size, stride]: [Id; 3],
) -> Tensor {
    let Storage { place, device, .. } = storage;
    let dtype = dtype.unwrap_or_else(Dtype::untold);
    let shape = sizes(pickle, size);
    let offset = pickle.int(offset);
    let strides = whole_numbers(pickle, stride);
    let layout = match place {
        Err(layout) => layout,
        Ok(_) if dtype.number().is_none() => {
            Layout::Unreadable { why: format!("The type {:?} is not known here.", quoted(dtype.name())) }
        }
        Ok(range) => match lay_out(range, &dtype, &shape, offset, strides) {
            Ok(layout) => {
                let Layout::Strided { strides, .. } = &layout else { unreachable!("it is a view") };
                if strides.iter().zip(shape.iter().flatten()).any(|(stride, size)| *stride == 0 && *size > 1) {
                    let message = "It is an expanded view: a stride of 0 repeats the same elements.";
                    checkpoint.note(Note::info(message).about(&name));
                }
                layout
            }
            Err(why) => unreadable(checkpoint, &name, why),
        },
    };
    let mut tensor = Tensor::new(name, dtype, shape.unwrap_or_else(|_| vec![0]), layout);
    tensor.device = Some(device);
    tensor
}

/// A view as the pickle describes it.
fn lay_out(
    storage: ByteRange,
    dtype: &Dtype,
    shape: &Result<Vec<u64>, String>,
    offset: Option<i64>,
    strides: Result<Vec<i64>, String>,
) -> Result<Layout, String> {
    let shape = shape.as_ref().map_err(|what| format!("its shape {what}."))?;
    let strides = strides.map_err(|what| format!("its stride {what}."))?;
    if strides.iter().any(|stride| *stride < 0) {
        return Err("it has a negative stride.".to_owned());
    }
    let offset = offset.ok_or("its offset is not a whole number.")?;
    let start = u64::try_from(offset).map_err(|_| format!("its offset in the storage is {offset}."))?;
    strided(storage, dtype, shape, start, strides.into_iter().map(i64::unsigned_abs).collect())
}

/// A view of a storage, its start and its strides in elements. An error says why not every element lies inside.
pub(super) fn strided(
    storage: ByteRange,
    dtype: &Dtype,
    shape: &[u64],
    start: u64,
    strides: Vec<u64>,
) -> Result<Layout, String> {
    if strides.len() != shape.len() {
        return Err(format!("it has {} dimensions, its stride {}.", shape.len(), strides.len()));
    }
    let elements = element_count(shape).ok_or("its shape has more elements than can be counted.")?;
    if elements == 0 {
        return Ok(Layout::Strided { storage, start: 0, strides, conjugated: false, negated: false });
    }
    let reach = shape.iter().zip(&strides).map(|(size, stride)| u128::from(size - 1) * u128::from(*stride));
    let last = reach.fold(u128::from(start), u128::saturating_add);
    let held = u128::from(storage.len) * 8 / u128::from(dtype.bits().unwrap_or(8).max(1));
    if last >= held {
        return Err(format!("its stride and its offset reach element {last} of a storage of {held}."));
    }
    Ok(Layout::Strided { storage, start, strides, conjugated: false, negated: false })
}

/// The layout of a tensor that is listed all the same, with a note that says why it cannot be read.
pub(super) fn unreadable(checkpoint: &mut Checkpoint, name: &str, why: impl Into<String>) -> Layout {
    let why = why.into();
    checkpoint.note(Note::warning(format!("The tensor cannot be read: {why}")).about(name));
    Layout::Unreadable { why }
}
