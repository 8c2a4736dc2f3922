//! Arrays of Python objects: their pickle is followed, never run.

use super::super::contents::{self, OnlyArrays, Place};
use super::super::referred::{self, Loader};
use super::{descr, shape};
use crate::error::{Result, quoted};
use crate::model::{ByteRange, Checkpoint, Dtype, Key, Layout, Note, Tensor};
use crate::source::{FileId, Memory};
use crate::wire::pickle::arrays::{Data, NumpyArray, Order};
use crate::wire::pickle::{Id, Pickle, run_at};
use std::collections::HashMap;
use std::rc::Rc;

/// Adds an object array: the arrays of the dictionary that it wraps (`numpy.save(file, {…})`), or itself as unreadable.
pub(super) fn add(checkpoint: &mut Checkpoint, id: FileId, name: &str, data: u64, shape: Vec<u64>) -> Result<()> {
    let source = checkpoint.files.get(id).source.clone();
    let place = if name.is_empty() { checkpoint.files.get(id).name.clone() } else { name.to_owned() };
    let pickle = run_at(&*source, data);
    referred::add(checkpoint, &pickle, &*source, data, &place, Loader::Other);
    if let Some(problem) = &pickle.problem {
        checkpoint.note(Note::from(&problem.clone().shifted(data).in_file(&place)));
    }
    let before = checkpoint.tensors.len();
    if shape.is_empty()
        && let Some(root) = wrapped(&pickle)
    {
        let prefix: Vec<Key> = (!name.is_empty()).then(|| Key::Text(name.into())).into_iter().collect();
        let place = Place { file: id, base: data, prefix: &prefix, registered: &HashMap::new(), attributes: true };
        contents::fill(checkpoint, &pickle, root, &mut OnlyArrays, &place)?;
    }
    if checkpoint.tensors.len() == before {
        let why = "Its elements are Python objects, which only running their pickle would make.".to_owned();
        checkpoint.tensors.push(Tensor::new(name, Dtype::Object, shape, Layout::Unreadable { why }));
    }
    Ok(())
}

/// The one object of a 0-dimensional object array, whose pickle holds an array of objects.
fn wrapped(pickle: &Pickle) -> Option<Id> {
    let state = pickle.sequence(pickle.object(pickle.root?)?.state?)?;
    match pickle.sequence(*state.last()?)? {
        [only] => Some(*only),
        _ => None,
    }
}

/// An array of a pickle that begins at a byte of a file.
///
/// # Errors
///
/// `Malformed` for a type that NumPy does not have.
pub(in crate::formats) fn inside(
    checkpoint: &mut Checkpoint,
    (id, base): (FileId, u64),
    name: String,
    array: NumpyArray,
) -> Result<Tensor> {
    let (dtype, order) = descr::of_pickle(&array.kind)?;
    let range = match array.data {
        Data::Stream(run) => ByteRange { file: id, offset: base + run.start, len: run.len },
        Data::Owned(bytes) => {
            let len = bytes.len() as u64;
            let file = checkpoint.files.add_part(id, &name, Rc::new(Memory::new(bytes)));
            ByteRange { file, offset: 0, len }
        }
        Data::Objects(_) => {
            let why = "Its elements are Python objects.".to_owned();
            return Ok(Tensor::new(name, Dtype::Object, array.shape, Layout::Unreadable { why }));
        }
    };
    let strides = match array.order {
        Order::Columns if array.shape.len() > 1 => Some(shape::column_major(&array.shape)),
        Order::Strides(strides) => Some(strides),
        Order::Rows | Order::Columns => None,
    };
    let layout = strides.map_or(Layout::Dense(range), |strides| Layout::Strided {
        storage: range,
        start: 0,
        strides,
        conjugated: false,
        negated: false,
    });
    let mut tensor = Tensor::new(name, dtype, array.shape, layout);
    tensor.order = order;
    if tensor.bytes() != range.len {
        let why = format!("Its shape takes {} bytes, the pickle has {}.", tensor.bytes(), range.len);
        checkpoint.note(Note::warning(&why).about(quoted(&tensor.name)));
        tensor.layout = Layout::Unreadable { why };
    }
    Ok(tensor)
}
