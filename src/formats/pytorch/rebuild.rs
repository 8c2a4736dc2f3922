//! Tensors: the calls of `torch._utils` that would rebuild them.

use super::storage::{Storage, Storages, named_dtype};
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Layout, Note, Tensor, element_count};
use crate::wire::pickle::{Id, Node, Pickle};

/// How a function's arguments describe a tensor.
#[derive(Clone, Copy)]
enum Kind {
    /// `(storage, offset, size, stride, …)`; the flags of lazy views and the type of an untyped storage are at these places.
    View { dtype: Option<usize>, flags: Option<usize> },
    /// `(tensor, …)`.
    Wrapped,
    /// `(function, class, arguments, state)`.
    FromType,
    /// `(dtype, size, stride, …)`: without elements.
    Meta,
    /// One that is not followed yet.
    Other,
}

/// The functions that rebuild tensors, all of the module `torch._utils` unless they name one.
const FUNCTIONS: &[(&str, &str, Kind)] = &[
    ("torch._utils", "_rebuild_tensor", Kind::View { dtype: None, flags: None }),
    ("torch._utils", "_rebuild_tensor_v2", Kind::View { dtype: None, flags: Some(6) }),
    ("torch._utils", "_rebuild_tensor_v3", Kind::View { dtype: Some(6), flags: Some(7) }),
    ("torch._utils", "_rebuild_parameter", Kind::Wrapped),
    ("torch._utils", "_rebuild_parameter_with_state", Kind::Wrapped),
    ("torch._tensor", "_rebuild_from_type_v2", Kind::FromType),
    ("torch._utils", "_rebuild_meta_tensor_no_storage", Kind::Meta),
    ("torch._utils", "_rebuild_qtensor", Kind::Other),
    ("torch._utils", "_rebuild_sparse_tensor", Kind::Other),
    ("torch._utils", "_rebuild_sparse_csr_tensor", Kind::Other),
    ("torch._utils", "_rebuild_nested_tensor", Kind::Other),
    ("torch._utils", "_rebuild_wrapper_subclass", Kind::Other),
    ("torch._utils", "_rebuild_device_tensor_from_numpy", Kind::Other),
    ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", Kind::Other),
];

fn kind(pickle: &Pickle<'_>, callable: Id) -> Option<Kind> {
    let global = pickle.global(callable)?;
    FUNCTIONS.iter().find(|(module, name, _)| global.module == *module && global.name == *name).map(|row| row.2)
}

/// Whether a node is a call that would rebuild a tensor.
pub(super) fn is_tensor(pickle: &Pickle<'_>, id: Id) -> bool {
    pickle.object(id).is_some_and(|object| kind(pickle, object.callable).is_some())
}

/// The tensor that a call would rebuild. What cannot be followed is listed as unreadable, with a note.
///
/// # Errors
///
/// As [`Storages::storage`].
pub(super) fn tensor(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle<'_>,
    storages: &mut Storages<'_, '_>,
    id: Id,
    name: String,
) -> Result<Tensor> {
    let object = pickle.object(id).expect("a call");
    let (mut callable, mut args) = (object.callable, object.args);
    // Wrappers are unwrapped; each is a node of its own, so there are at most as many as in the pickle.
    for _ in 0..limits::PICKLE_DEPTH {
        let values = pickle.sequence(args).unwrap_or_default();
        match (kind(pickle, callable), values) {
            (Some(Kind::Wrapped), [inner, ..]) if pickle.object(*inner).is_some() => {
                let inner = pickle.object(*inner).expect("just seen");
                (callable, args) = (inner.callable, inner.args);
            }
            (Some(Kind::FromType), [function, _, inner, ..]) => (callable, args) = (*function, *inner),
            (Some(Kind::View { dtype, flags }), [storage, offset, size, stride, ..]) => {
                if let Node::Persistent(storage) = pickle.node(*storage)
                    && let Some(storage) = storages.storage(checkpoint, pickle, storage)?
                {
                    let dtype = dtype.and_then(|place| values.get(place)).and_then(|dtype| named_dtype(pickle, *dtype));
                    let dtype = dtype.map(Dtype::Number).or(storage.dtype.clone());
                    let flags = flags.and_then(|place| values.get(place)).copied();
                    let order = storages.order;
                    let mut tensor = view(checkpoint, pickle, name, storage, dtype, [*offset, *size, *stride]);
                    if let (Some(flags), Layout::Strided { conjugated, negated, .. }) = (flags, &mut tensor.layout) {
                        (*conjugated, *negated) = (flag(pickle, flags, "conj"), flag(pickle, flags, "neg"));
                    }
                    tensor.order = order;
                    return Ok(tensor);
                }
                break;
            }
            (Some(Kind::Meta), [dtype, size, ..]) => {
                let dtype = named_dtype(pickle, *dtype).map(Dtype::Number);
                let why = "It is a meta tensor: it has a shape and no elements.".to_owned();
                let shape = sizes(pickle, *size).unwrap_or_default();
                let mut tensor = Tensor::new(name, dtype.unwrap_or_else(unknown), shape, Layout::Unreadable { why });
                tensor.device = Some("meta".to_owned());
                return Ok(tensor);
            }
            _ => break,
        }
    }
    let function =
        pickle.global(callable).map_or_else(|| "a function".to_owned(), |global| quoted(&global.dotted()).into());
    let why = format!("It is rebuilt by {function}, which is not followed here yet.");
    checkpoint.note(Note::warning(&why).about(&name));
    Ok(Tensor::new(name, unknown(), vec![0], Layout::Unreadable { why }))
}

fn unknown() -> Dtype {
    Dtype::Unknown { name: "unknown".to_owned(), bits: None }
}

/// Whether a dictionary of flags has this one set.
fn flag(pickle: &Pickle<'_>, flags: Id, name: &str) -> bool {
    let Node::Dict(place) = pickle.node(flags) else { return false };
    let pairs = pickle.children(place).as_chunks::<2>().0;
    pairs
        .iter()
        .any(|[key, value]| pickle.text(*key).as_deref() == Some(name) && pickle.node(*value) == Node::Bool(true))
}

/// A tuple of sizes or strides, or a `torch.Size` of one.
fn whole_numbers(pickle: &Pickle<'_>, id: Id) -> Option<Vec<i64>> {
    let id = match pickle.call(id) {
        Some((global, [inner])) if global.name == "Size" => *inner,
        _ => id,
    };
    pickle.sequence(id)?.iter().map(|number| pickle.int(*number)).collect()
}

fn sizes(pickle: &Pickle<'_>, id: Id) -> Option<Vec<u64>> {
    whole_numbers(pickle, id)?.into_iter().map(|size| u64::try_from(size).ok()).collect()
}

/// A view of a storage; one that does not lie inside it is listed as unreadable, with a note that says why.
fn view(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle<'_>,
    name: String,
    storage: Storage,
    dtype: Option<Dtype>,
    [offset, size, stride]: [Id; 3],
) -> Tensor {
    let Storage { place, device, .. } = storage;
    let dtype = dtype.unwrap_or_else(unknown);
    let shape = sizes(pickle, size);
    let offset = pickle.int(offset);
    let strides = whole_numbers(pickle, stride);
    let layout = match place {
        Err(layout) => layout,
        Ok(_) if dtype.number().is_none() => {
            Layout::Unreadable { why: format!("The type {:?} is not known here.", quoted(dtype.name())) }
        }
        Ok(range) => match lay_out(range, &dtype, shape.as_deref(), offset, strides.as_deref()) {
            Ok((start, strides)) => {
                if strides.iter().zip(shape.iter().flatten()).any(|(stride, size)| *stride == 0 && *size > 1) {
                    let message = "It is an expanded view: a stride of 0 repeats the same elements.";
                    checkpoint.note(Note::info(message).about(&name));
                }
                Layout::Strided { storage: range, start, strides, conjugated: false, negated: false }
            }
            Err(why) => {
                checkpoint.note(Note::warning(format!("The tensor cannot be read: {why}")).about(&name));
                Layout::Unreadable { why }
            }
        },
    };
    let mut tensor = Tensor::new(name, dtype, shape.unwrap_or_default(), layout);
    tensor.device = Some(device);
    tensor
}

/// Checks that every element of a view lies inside its storage; returns its start and its strides.
fn lay_out(
    storage: ByteRange,
    dtype: &Dtype,
    shape: Option<&[u64]>,
    offset: Option<i64>,
    strides: Option<&[i64]>,
) -> std::result::Result<(u64, Vec<u64>), String> {
    let shape = shape.ok_or("its shape is not a tuple of whole numbers.")?;
    if shape.len() > limits::RANK {
        return Err(format!("its shape has {} dimensions, at most {} are read.", shape.len(), limits::RANK));
    }
    let elements = element_count(shape).ok_or("its shape has more elements than can be counted.")?;
    let strides = strides.ok_or("its stride is not a tuple of whole numbers.")?;
    let strides: Vec<u64> = strides
        .iter()
        .map(|stride| u64::try_from(*stride))
        .collect::<Result<_, _>>()
        .map_err(|_| "it has a negative stride.")?;
    if strides.len() != shape.len() {
        return Err(format!("it has {} dimensions, its stride {}.", shape.len(), strides.len()));
    }
    let offset = offset.ok_or("its offset is not a whole number.")?;
    let start = u64::try_from(offset).map_err(|_| format!("its offset in the storage is {offset}."))?;
    if elements == 0 {
        return Ok((0, strides));
    }
    let reach = shape.iter().zip(&strides).map(|(size, stride)| u128::from(size - 1) * u128::from(*stride));
    let last = reach.fold(u128::from(start), u128::saturating_add);
    let held = u128::from(storage.len) * 8 / u128::from(dtype.bits().unwrap_or(8).max(1));
    if last >= held {
        return Err(format!("its stride and its offset reach element {last} of a storage of {held}."));
    }
    Ok((start, strides))
}
