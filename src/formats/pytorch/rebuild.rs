//! Tensors: the calls of `torch._utils` that would rebuild them.

use super::storage::{Storage, Storages, named_dtype};
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Key, Layout, Note, Tensor, element_count};
use crate::wire::pickle::{Id, Node, Object, Pickle, walk};
use std::collections::HashSet;

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

/// The most calls around one tensor: a parameter of a subclass of a tensor takes three.
const WRAPPERS: usize = 16;

/// Rebuilds tensors into a checkpoint, which gets the notes and the storages.
pub(super) struct Rebuilder<'a, 's, 'c> {
    pub checkpoint: &'c mut Checkpoint,
    pickle: &'c Pickle<'c>,
    storages: Storages<'a, 's>,
    /// The tuples of arguments of the calls that were followed.
    reached: HashSet<Id>,
}

impl<'a, 's, 'c> Rebuilder<'a, 's, 'c> {
    pub(super) fn new(checkpoint: &'c mut Checkpoint, pickle: &'c Pickle<'c>, storages: Storages<'a, 's>) -> Self {
        Rebuilder { checkpoint, pickle, storages, reached: HashSet::new() }
    }

    /// Makes place for as many tensors as there are calls: growing to as many would take half as much again for a moment.
    pub(super) fn reserve(&mut self, most: usize) {
        let calls = self.calls().count();
        self.checkpoint.tensors.reserve_exact(calls.min(most));
    }

    /// The tensor that a call below `path` would rebuild. What cannot be followed is listed as unreadable, with a note.
    ///
    /// # Errors
    ///
    /// As [`Storages::storage`].
    pub(super) fn tensor(&mut self, id: Id, path: &[Key]) -> Result<Tensor> {
        let name = walk::dotted(path);
        let mut tensor = self.named(id, name)?;
        tensor.path = path.to_vec();
        Ok(tensor)
    }

    /// How many calls that would rebuild a tensor were not followed: nothing leads to them but code.
    pub(super) fn not_reached(&self) -> usize {
        self.calls().filter(|call| !self.reached.contains(&call.args)).count()
    }

    /// The calls that would rebuild tensors.
    fn calls(&self) -> impl Iterator<Item = &Object> {
        self.pickle.objects.iter().filter(|call| kind(self.pickle, call.callable).is_some())
    }

    fn named(&mut self, id: Id, name: String) -> Result<Tensor> {
        let pickle = self.pickle;
        let object = pickle.object(id).expect("a call");
        let (mut callable, mut args) = (object.callable, object.args);
        for _ in 0..WRAPPERS {
            self.reached.insert(args);
            let values = pickle.sequence(args).unwrap_or_default();
            match (kind(pickle, callable), values) {
                (Some(Kind::Wrapped), [inner, ..]) if pickle.object(*inner).is_some() => {
                    let inner = pickle.object(*inner).expect("just seen");
                    (callable, args) = (inner.callable, inner.args);
                }
                (Some(Kind::FromType), [function, _, inner, ..]) => (callable, args) = (*function, *inner),
                (Some(Kind::View { dtype, flags }), [storage, offset, size, stride, ..]) => {
                    let Some(storage) = self.storage(*storage)? else { break };
                    let dtype = dtype.and_then(|place| values.get(place)).and_then(|dtype| named_dtype(pickle, *dtype));
                    let dtype = dtype.map(Dtype::Number).or(storage.dtype.clone());
                    let mut tensor = view(self.checkpoint, pickle, name, storage, dtype, [*offset, *size, *stride]);
                    let flags = flags.and_then(|place| values.get(place)).copied();
                    if let (Some(flags), Layout::Strided { conjugated, negated, .. }) = (flags, &mut tensor.layout) {
                        (*conjugated, *negated) = (flag(pickle, flags, "conj"), flag(pickle, flags, "neg"));
                    }
                    tensor.order = self.storages.order;
                    return Ok(tensor);
                }
                (Some(Kind::Meta), [dtype, size, ..]) => {
                    let dtype = named_dtype(pickle, *dtype).map_or_else(unknown, Dtype::Number);
                    let why = "It is a meta tensor: it has a shape and no elements.".to_owned();
                    let shape = sizes(pickle, *size).unwrap_or_else(|_| vec![0]);
                    let mut tensor = Tensor::new(name, dtype, shape, Layout::Unreadable { why });
                    tensor.device = Some("meta".to_owned());
                    return Ok(tensor);
                }
                _ => break,
            }
        }
        let function =
            pickle.global(callable).map_or_else(|| "a function".to_owned(), |global| quoted(&global.dotted()).into());
        // What stands inside is not lost: it belongs to this one.
        self.reached.extend(tensors_inside(pickle, args));
        let why = format!("It is rebuilt by {function}, which is not followed here yet.");
        self.checkpoint.note(Note::warning(&why).about(&name));
        Ok(Tensor::new(name, unknown(), vec![0], Layout::Unreadable { why }))
    }

    fn storage(&mut self, id: Id) -> Result<Option<Storage>> {
        match self.pickle.node(id) {
            Node::Persistent(storage) => self.storages.storage(self.checkpoint, self.pickle, storage),
            _ => Ok(None),
        }
    }
}

/// The arguments of those calls among a call's arguments that would rebuild tensors.
fn tensors_inside<'a>(pickle: &'a Pickle<'a>, args: Id) -> impl Iterator<Item = Id> + 'a {
    let members = pickle.sequence(args).unwrap_or_default().iter().take(WRAPPERS);
    let deeper = members.clone().flat_map(|member| pickle.sequence(*member).unwrap_or_default().iter().take(WRAPPERS));
    let calls = members.chain(deeper).filter(|id| is_tensor(pickle, **id));
    calls.filter_map(|id| pickle.object(*id).map(|object| object.args))
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

/// A tuple of sizes or strides, or a `torch.Size` of one; an error says what is wrong with it.
fn whole_numbers(pickle: &Pickle<'_>, id: Id) -> Result<Vec<i64>, String> {
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

fn sizes(pickle: &Pickle<'_>, id: Id) -> Result<Vec<u64>, String> {
    let sizes = whole_numbers(pickle, id)?;
    match sizes.iter().find(|size| **size < 0) {
        Some(size) => Err(format!("has a dimension of {size}")),
        None => Ok(sizes.into_iter().map(i64::unsigned_abs).collect()),
    }
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
        Ok(range) => match lay_out(range, &dtype, &shape, offset, strides) {
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
    let mut tensor = Tensor::new(name, dtype, shape.unwrap_or_else(|_| vec![0]), layout);
    tensor.device = Some(device);
    tensor
}

/// Checks that every element of a view lies inside its storage; returns its start and its strides.
fn lay_out(
    storage: ByteRange,
    dtype: &Dtype,
    shape: &Result<Vec<u64>, String>,
    offset: Option<i64>,
    strides: Result<Vec<i64>, String>,
) -> Result<(u64, Vec<u64>), String> {
    let shape = shape.as_ref().map_err(|what| format!("its shape {what}."))?;
    let elements = element_count(shape).ok_or("its shape has more elements than can be counted.")?;
    let strides = strides.map_err(|what| format!("its stride {what}."))?;
    if strides.iter().any(|stride| *stride < 0) {
        return Err("it has a negative stride.".to_owned());
    }
    let strides: Vec<u64> = strides.into_iter().map(i64::unsigned_abs).collect();
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
