//! What an HDF5 file says beside its datasets: groups, links, named types and attributes.

use super::{Hdf5, Reader};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Entry, Key, Note, Value};
use crate::wire::hdf5::{Attribute, Class, Kind, Object, Target, Type, below};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

/// How many elements of an attribute are shown.
const SHOWN: u64 = 64;

/// Adds what an object says beside its elements: that it is a group or a link, and its attributes.
pub(super) fn add(reader: &mut Reader<'_>, hdf5: &Hdf5, object: &Object) {
    let path: Rc<str> = format!("/{}", object.path).into();
    let own = |kind, value| entry(vec![Key::Text(path.clone())], kind, value);
    match &object.kind {
        Kind::Group(_) if object.path.is_empty() => {}
        Kind::Group(links) => push(reader, own("group", Value::Int(i64::try_from(*links).unwrap_or(i64::MAX)))),
        Kind::Type => {
            let named = object.named_type(&hdf5.file);
            let text = named.as_ref().map_or_else(|error| error.message.clone(), numpy_name);
            push(reader, own("named-datatype", Value::Text(text)));
        }
        Kind::Link(target) => {
            let (kind, shown) = match target {
                Target::Same(first) => ("hard link", format!("/{first}")),
                Target::Soft(target) => ("soft link", target.clone()),
                Target::External { file, path: inside } => ("external link", format!("{file}: {inside}")),
            };
            push(reader, own(kind, Value::Text(shown)));
            if let Some(note) = odd(reader, hdf5, &object.path, target) {
                reader.checkpoint.note(note.about(&*object.path));
            }
        }
        Kind::Dataset(Some(_)) => return,
        Kind::Dataset(None) => {}
    }
    if reader.checkpoint.metadata.len() <= limits::METADATA_ENTRIES {
        attributes(reader, hdf5, object, &path);
    }
}

fn entry(path: Vec<Key>, kind: &'static str, value: Value) -> Entry {
    Entry { path, kind: Cow::Borrowed(kind), value }
}

/// What is odd about a link.
fn odd(reader: &mut Reader<'_>, hdf5: &Hdf5, path: &str, target: &Target) -> Option<Note> {
    let link = quoted(path);
    match target {
        Target::Same(first) => below(path, first).is_some().then(|| {
            Note::info(format!(
                "The link {link:?} leads back to a group that it is in, which makes a cycle; it is not followed."
            ))
        }),
        Target::Soft(target) => hdf5.tree.followed(&hdf5.file, path).is_none().then(|| {
            let target = quoted(target);
            Note::warning(format!("The soft link {link:?} leads to {target:?}, where nothing is."))
        }),
        Target::External { file, path: inside } => {
            let given = reader.others.find(file, &mut reader.checkpoint.files);
            given.is_none().then(|| {
                let (inside, file) = (quoted(inside), quoted(file));
                Note::warning(format!(
                    "The link {link:?} leads to {inside:?} in the file {file:?}, which was not given; drop it together with this one."
                ))
            })
        }
    }
}

fn attributes(reader: &mut Reader<'_>, hdf5: &Hdf5, object: &Object, path: &Rc<str>) {
    let (attributes, wrong) = object.attributes(&hdf5.file);
    for attribute in attributes {
        match value(hdf5, &attribute) {
            Ok(value) => {
                let keys = vec![Key::Text(path.clone()), Key::Shown(format!("@{}", attribute.name).into())];
                push(reader, entry(keys, "attribute", value));
            }
            Err(error) => reader.checkpoint.note(Note::from(&error).about(&**path)),
        }
    }
    for error in wrong {
        let message = format!("An attribute cannot be read: {}", error.message);
        reader.checkpoint.note(Note::from(&Error { message, ..error }).about(&**path));
    }
}

/// Adds a value; the last one of too many says so.
fn push(reader: &mut Reader<'_>, entry: Entry) {
    let checkpoint = &mut *reader.checkpoint;
    match checkpoint.metadata.len().cmp(&limits::METADATA_ENTRIES) {
        Ordering::Less => checkpoint.metadata.push(entry),
        Ordering::Equal => {
            let more = "The file has more groups, links and attributes than are listed.";
            checkpoint.metadata.push(Entry::plain("…", Value::Text(more.to_owned())));
            checkpoint.note(Note::info(more));
        }
        Ordering::Greater => {}
    }
}

/// The value of an attribute; of a long one its first elements.
fn value(hdf5: &Hdf5, attribute: &Attribute) -> Result<Value> {
    let found = attribute.value(&hdf5.file, SHOWN)?;
    Ok(match found {
        Json::Number(number) if number.is_u64() && !number.is_i64() => Value::Text(number.to_string()),
        Json::String(text) => match (&attribute.kind.class, text.as_str()) {
            (Class::Float { .. }, "NaN") => Value::Float(f64::NAN),
            (Class::Float { .. }, "Infinity") => Value::Float(f64::INFINITY),
            (Class::Float { .. }, "-Infinity") => Value::Float(f64::NEG_INFINITY),
            _ => Value::Text(text),
        },
        Json::Array(list) if attribute.space.elements() > SHOWN => {
            let text = Json::Array(list).to_string();
            let inside = text.trim_end_matches(']');
            Value::Text(format!("{inside}, … {} in all]", attribute.space.elements()))
        }
        other => Value::from_json(other),
    })
}

/// NumPy's name of a type: `float32`.
fn numpy_name(kind: &Type) -> String {
    let name = match &kind.class {
        Class::Whole { signed: true, .. } => "int",
        Class::Whole { .. } | Class::Bits { .. } => "uint",
        Class::Float { .. } => "float",
        Class::Enum { base, .. } => return if kind.is_truth() { "bool".to_owned() } else { numpy_name(base) },
        Class::Complex(_) => "complex",
        Class::Text { .. } | Class::AnyText => return "str".to_owned(),
        Class::Compound(members) => {
            let fields = members.iter().map(|member| format!("{}: {}", member.name, numpy_name(&member.kind)));
            return format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
        }
        Class::Array { base, shape } => return format!("{} {shape:?}", numpy_name(base)),
        Class::List(base) => return format!("list of {}", numpy_name(base)),
        Class::Opaque { .. } => return format!("void{}", kind.size.saturating_mul(8)),
        Class::Reference => return "reference".to_owned(),
        Class::Time => return "time".to_owned(),
    };
    format!("{name}{}", kind.size.saturating_mul(8))
}
