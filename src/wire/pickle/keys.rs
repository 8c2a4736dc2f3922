//! Keys of dictionaries: which are the same, and how a path shows them.

use super::nodes::{Id, Node, Pickle};
use super::plain;
use crate::model::Key;

/// The most members of a tuple that is a key, those of tuples in it counted in.
const PARTS: usize = 16;

/// What makes two keys of a dictionary the same one.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Identity<'a> {
    /// A whole number: `1`, `1.0` and `True` are one key.
    Whole(i64),
    /// The bits of another float.
    Float(u64),
    /// Text, by its bytes.
    Text(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// The members of a tuple.
    Tuple(Vec<Identity<'a>>),
    /// A name.
    Global(u32),
    /// `None`.
    None,
    /// Anything else is only itself.
    Node(Id),
}

/// How many bytes are compared and shown of a key, near enough.
pub fn weight(pickle: &Pickle, id: Id) -> usize {
    let (mut waiting, mut parts, mut sum) = (vec![id], PARTS, 0usize);
    while let Some(id) = waiting.pop() {
        match pickle.node(id) {
            Node::Tuple(place) => {
                let members = pickle.children(place);
                let Some(left) = parts.checked_sub(members.len() + 1) else { continue };
                parts = left;
                waiting.extend(members);
            }
            Node::Bytes(_, len) => sum += len as usize,
            _ => sum = sum.saturating_add(plain::weight(pickle, id)),
        }
    }
    sum
}

/// What a key is compared by.
pub(super) fn identity(pickle: &Pickle, id: Id) -> Identity<'_> {
    bounded_identity(pickle, id, &mut { PARTS }).unwrap_or(Identity::Node(id))
}

/// `None` for a tuple of too many members; so this goes no deeper than there may be members.
fn bounded_identity<'a>(pickle: &'a Pickle, id: Id, parts: &mut usize) -> Option<Identity<'a>> {
    Some(match pickle.node(id) {
        Node::None => Identity::None,
        Node::Bool(truth) => Identity::Whole(truth.into()),
        Node::Int(number) => Identity::Whole(number),
        Node::Float(number) => match whole(number) {
            Some(number) => Identity::Whole(number),
            None => Identity::Float(number.to_bits()),
        },
        Node::Text(start, len) => Identity::Text(pickle.span(start, len)),
        Node::Owned(place) => Identity::Text(&pickle.texts[place as usize]),
        Node::Bytes(start, len) => Identity::Bytes(pickle.span(start, len)),
        Node::Global(place) => Identity::Global(place),
        Node::Tuple(place) => {
            let members = pickle.children(place);
            *parts = parts.checked_sub(members.len() + 1)?;
            let members = members.iter().map(|member| bounded_identity(pickle, *member, parts));
            Identity::Tuple(members.collect::<Option<_>>()?)
        }
        _ => Identity::Node(id),
    })
}

/// The whole number that a float is, where it is one of 64 bits.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^63")]
    (number.fract() == 0.0 && number.abs() < 9e18).then_some(number as i64)
}

/// The key as a path shows it, with a number where several would look the same: the state of an optimizer that was saved whole
/// has parameters for keys. `alike` counts those before it.
pub(super) fn told_apart(pickle: &Pickle, id: Id, alike: &mut usize) -> Key {
    if !matches!(pickle.node(id), Node::Object(_)) || plain::is_plain(pickle, id) {
        return key(pickle, id);
    }
    *alike += 1;
    Key::Shown(format!("object {}", *alike - 1).into())
}

/// A dictionary's key as a path shows it: text and whole numbers as they are, others as Python prints them.
pub fn key(pickle: &Pickle, id: Id) -> Key {
    match pickle.node(id) {
        Node::Int(number) => Key::Index(number),
        Node::Text(..) | Node::Owned(_) => Key::Text(pickle.text(id).unwrap_or_default().into()),
        _ => Key::Shown(plain::shown(pickle, id, &mut { PARTS }).into()),
    }
}
