//! Arrays of Python objects: their pickle is followed, never run.

use super::super::{names, room::Room};
use super::{descr, shape};
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Layout, Note, Tensor};
use crate::source::{FileId, Memory, read_vec};
use crate::wire::pickle::arrays::{self, Data, NumpyArray};
use crate::wire::pickle::{Id, Pickle, Walk, run, walk};
use std::rc::Rc;

/// Adds an object array: the arrays of the dictionary that it wraps (`numpy.save(file, {…})`), or itself as unreadable.
pub(super) fn add(checkpoint: &mut Checkpoint, id: FileId, name: &str, data: u64, shape: Vec<u64>) -> Result<()> {
    let source = checkpoint.files.get(id).source.clone();
    let place = if name.is_empty() { checkpoint.files.get(id).name.clone() } else { name.to_owned() };
    let len = source.size() - data;
    if len > limits::METADATA_RECORD {
        let why = format!("Its elements are Python objects in a pickle of {len} bytes, which is not read.");
        checkpoint.note(Note::warning(&why).about(place));
        checkpoint.tensors.push(Tensor::new(name, Dtype::Object, shape, Layout::Unreadable { why }));
        return Ok(());
    }
    let stream = read_vec(&*source, data, len)?;
    let pickle = run(&stream);
    names::note(checkpoint, &pickle, &place);
    if let Some(problem) = &pickle.problem {
        checkpoint.note(Note::from(&problem.clone().shifted(data).in_file(&place)));
    }
    let (before, mut left_out) = (checkpoint.tensors.len(), 0);
    if shape.is_empty()
        && let Some(root) = wrapped(&pickle)
    {
        let mut room = Room::new(&stream);
        let mut walk = Walk::new(&pickle, root, arrays::is_array);
        while let Some(leaf) = walk.next_leaf() {
            if let Some(array) = NumpyArray::of(&pickle, leaf)
                && room.take_tensor(walk.path())
                && room.take(array.data.copied())
            {
                let inner = walk::dotted(walk.path());
                let joined = if name.is_empty() { inner } else { format!("{name}.{inner}") };
                let mut tensor = tensor(checkpoint, id, data, joined, array)?;
                tensor.path = walk.path().to_vec();
                checkpoint.tensors.push(tensor);
            } else if arrays::is_array(&pickle, leaf) {
                left_out += 1;
            }
        }
    }
    if left_out > 0 {
        let message = format!("{left_out} more arrays in the pickle are not listed.");
        checkpoint.note(Note::warning(message).about(&place));
    }
    if checkpoint.tensors.len() == before {
        let why = "Its elements are Python objects, which only running their pickle would make.".to_owned();
        checkpoint.tensors.push(Tensor::new(name, Dtype::Object, shape, Layout::Unreadable { why }));
    }
    Ok(())
}

/// The one object of a 0-dimensional object array, whose pickle holds an array of objects.
fn wrapped(pickle: &Pickle<'_>) -> Option<Id> {
    let state = pickle.sequence(pickle.object(pickle.root?)?.state?)?;
    match pickle.sequence(*state.last()?)? {
        [only] => Some(*only),
        _ => None,
    }
}

/// An array of a pickle that begins at byte `base` of the file `id`.
fn tensor(checkpoint: &mut Checkpoint, id: FileId, base: u64, name: String, array: NumpyArray) -> Result<Tensor> {
    let (dtype, order) = descr::parse_text(&array.descr)?;
    let range = match array.data {
        Data::Stream(start, len) => ByteRange { file: id, offset: base + u64::from(start), len: len.into() },
        Data::Owned(bytes) => {
            let len = bytes.len() as u64;
            let file = checkpoint.files.add_part(id, &name, Rc::new(Memory::new(bytes)));
            ByteRange { file, offset: 0, len }
        }
    };
    let layout = if array.fortran && array.shape.len() > 1 {
        let strides = shape::column_major(&array.shape);
        Layout::Strided { storage: range, start: 0, strides, conjugated: false, negated: false }
    } else {
        Layout::Dense(range)
    };
    let mut tensor = Tensor::new(name, dtype, array.shape, layout);
    tensor.order = order;
    if tensor.bytes() != range.len {
        let why = format!("Its shape takes {} bytes, the pickle has {}.", tensor.bytes(), range.len);
        checkpoint.note(Note::warning(&why).about(quoted(&tensor.name)));
        tensor.layout = Layout::Unreadable { why };
    }
    Ok(tensor)
}
