//! Keys of dictionaries and values beside the tensors, as Python shows them.

use super::arrays;
use super::nodes::{Global, Id, Node, Pickle};
use crate::error::quoted;
use crate::model::{Key, Value};

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

impl Identity<'_> {
    /// How many bytes are compared.
    pub(super) fn weight(&self) -> usize {
        match self {
            Identity::Text(bytes) | Identity::Bytes(bytes) => bytes.len(),
            // As deep as there are members at most, which are few.
            Identity::Tuple(members) => members.iter().map(Identity::weight).sum(),
            _ => 0,
        }
    }
}

/// What a key is compared by.
pub(super) fn identity<'a>(pickle: &'a Pickle<'_>, id: Id) -> Identity<'a> {
    bounded_identity(pickle, id, &mut { PARTS }).unwrap_or(Identity::Node(id))
}

/// `None` for a tuple of too many members; so this goes no deeper than there may be members.
fn bounded_identity<'a>(pickle: &'a Pickle<'_>, id: Id, parts: &mut usize) -> Option<Identity<'a>> {
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

/// A dictionary's key as a path shows it: text and whole numbers as they are, others as Python prints them.
pub(super) fn key(pickle: &Pickle<'_>, id: Id) -> Key {
    match pickle.node(id) {
        Node::Int(number) => Key::Index(number),
        Node::Text(..) | Node::Owned(_) => Key::Text(pickle.text(id).unwrap_or_default().into_owned()),
        _ => Key::Text(shown(pickle, id, &mut { PARTS })),
    }
}

/// Anything in a few characters, as Python prints it where that is simple.
fn shown(pickle: &Pickle<'_>, id: Id, parts: &mut usize) -> String {
    match pickle.node(id) {
        Node::Text(..) | Node::Owned(_) => {
            let text = pickle.text(id).unwrap_or_default();
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            format!("{quote}{text}{quote}")
        }
        Node::Tuple(place) => {
            let members = pickle.children(place);
            let Some(left) = parts.checked_sub(members.len() + 1) else { return "(…)".to_owned() };
            *parts = left;
            let members: Vec<String> = members.iter().map(|member| shown(pickle, *member, parts)).collect();
            if let [only] = members.as_slice() { format!("({only},)") } else { format!("({})", members.join(", ")) }
        }
        _ => value(pickle, id).to_string(),
    }
}

/// A leaf as a value: what has no short form is described.
pub fn value(pickle: &Pickle<'_>, id: Id) -> Value {
    match pickle.node(id) {
        Node::None => Value::Null,
        Node::Bool(truth) => Value::Bool(truth),
        Node::Int(number) => Value::Int(number),
        Node::Float(number) => Value::Float(number),
        Node::Text(..) | Node::Owned(_) | Node::BigInt(_) => {
            Value::Text(pickle.text(id).unwrap_or_default().into_owned())
        }
        Node::Bytes(_, len) => Value::Text(format!("{len} bytes")),
        Node::List(place) => described("[", place, "]", "a list"),
        Node::Tuple(place) => described("(", place, ")", "a tuple"),
        Node::Set(place) => described("set(", place, ")", "a set"),
        Node::Dict(place) => described("{", place, "}", "a dictionary"),
        Node::Global(_) => Value::Text(pickle.global(id).map(Global::dotted).unwrap_or_default()),
        Node::Object(_) => arrays::scalar(pickle, id).unwrap_or_else(|| {
            let name = pickle.object(id).and_then(|object| pickle.global(object.callable));
            let called = name.map(|global| format!("{}(…)", quoted(&global.dotted())));
            Value::Text(called.unwrap_or_else(|| "an object".to_owned()))
        }),
        Node::Persistent(_) => Value::Text("something outside of the pickle".to_owned()),
        Node::Unknown => Value::Text("unknown".to_owned()),
    }
}

/// An empty container as Python prints it. One that is not empty is a leaf where it contains itself, or lies too deep.
fn described(open: &str, place: u32, close: &str, what: &str) -> Value {
    Value::Text(if place == Node::EMPTY { format!("{open}{close}") } else { format!("{what} that is not gone into") })
}
