//! What joblib puts between the opcodes of a pickle.
//!
//! It pickles an object in the place of each array, `joblib.numpy_pickle.NumpyArrayWrapper`, and writes the array's elements
//! right behind the `BUILD` that completes it: first, in newer versions, a byte that says how many bytes of padding follow. An
//! array of Python objects follows as a pickle of its own, without further arrays of this kind.
//!
//! Source: `joblib/numpy_pickle.py`.

use super::nodes::{Id, Node, Pickle};
use super::stack::damaged;
use super::{arrays, modules};
use crate::error::Result;
use crate::model::element_count;

/// What stands behind an object.
pub(super) enum Behind {
    /// The elements of an array.
    Elements {
        /// In bytes.
        len: u64,
        /// Whether a byte that counts the padding, and the padding, come before.
        padded: bool,
    },
    /// Another pickle: its result takes the object's place.
    Pickle,
}

/// What joblib wrote behind a node; `None` for one that does not stand for an array. The types that its type is made of are
/// taken from those that are `left`.
///
/// # Errors
///
/// `Malformed` if it does, and does not say how many bytes they are.
pub(super) fn what_follows(pickle: &Pickle, id: Id, left: &mut usize) -> Result<Option<Behind>> {
    let Some(state) = state(pickle, id) else { return Ok(None) };
    let unknown = || damaged("it does not say how many bytes of an array follow");
    let dtype = field(pickle, state, "dtype").ok_or_else(unknown)?;
    // One object may be built again and again.
    let kind = arrays::kind(pickle, dtype, left, 0).ok_or_else(unknown)?;
    if kind.holds_objects() {
        return Ok(Some(Behind::Pickle));
    }
    let shape = field(pickle, state, "shape").and_then(|shape| arrays::sizes(pickle, shape)).ok_or_else(unknown)?;
    let width = kind.width().ok_or_else(unknown)?;
    let len = element_count(&shape).and_then(|count| count.checked_mul(width)).ok_or_else(unknown)?;
    let padding = field(pickle, state, "numpy_array_alignment_bytes");
    Ok(Some(Behind::Elements { len, padded: padding.is_some_and(|padding| pickle.node(padding) != Node::None) }))
}

/// The attributes of an object that stands for an array.
pub(super) fn state(pickle: &Pickle, id: Id) -> Option<Id> {
    let class = modules::class(pickle, id)?;
    let wrapper = class.module == "joblib.numpy_pickle" && class.name == "NumpyArrayWrapper";
    pickle.object(id)?.state.filter(|_| wrapper)
}

/// The most attributes of an object that stands for an array.
const FIELDS: usize = 64;

/// The value under a key of text of a small dictionary.
pub(super) fn field(pickle: &Pickle, dict: Id, key: &str) -> Option<Id> {
    let Node::Dict(place) = pickle.node(dict) else { return None };
    let pairs = pickle.children(place).as_chunks::<2>().0;
    if pairs.len() > FIELDS {
        return None;
    }
    pairs.iter().rev().find(|[name, _]| pickle.is_text(*name, key)).map(|[_, value]| *value)
}
