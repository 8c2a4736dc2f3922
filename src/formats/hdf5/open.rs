//! Opening an HDF5 file: its tensors, and what stands beside them.

use super::{FORMAT, Reader};
use crate::error::{Result, quoted};
use crate::formats::Candidate;
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, Value};
use crate::source::{Files, ReadAt};
use crate::wire::hdf5::{Attribute, Class, File, Kind, Object, Target, Tree, Type};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

/// An HDF5 file whose objects are known.
#[derive(Debug)]
pub struct Hdf5 {
    /// Its structures.
    pub file: File,
    /// Its groups, datasets and links, by their paths.
    pub tree: Tree,
}

impl Hdf5 {
    /// Reads the superblock, and the headers of all objects.
    ///
    /// # Errors
    ///
    /// `Malformed` if it is no HDF5 file or is damaged, `Unsupported` for structures of later versions.
    pub fn open(source: &Rc<dyn ReadAt>) -> Result<Self> {
        let file = File::open(source)?;
        // Of a file that is cut off that is the first thing to say.
        let tree = Tree::read(&file).map_err(|error| file.cut().unwrap_or(error))?;
        Ok(Hdf5 { file, tree })
    }

    /// The datasets, in the order of the file.
    pub fn datasets(&self) -> impl Iterator<Item = &Object> {
        self.tree.objects.iter().filter(|object| matches!(object.kind, Kind::Dataset(_)))
    }

    /// An attribute of the object of a path.
    pub fn attribute(&self, path: &str, name: &str) -> Option<Attribute> {
        let (attributes, _) = self.tree.find(path)?.attributes(&self.file);
        attributes.into_iter().find(|attribute| attribute.name == name)
    }

    /// The text of an attribute.
    pub fn text(&self, path: &str, name: &str) -> Option<String> {
        self.attribute(path, name)?.text(&self.file)
    }

    /// The texts of an attribute.
    pub fn texts(&self, path: &str, name: &str) -> Option<Vec<String>> {
        self.attribute(path, name)?.texts(&self.file)
    }

    /// What the text of an attribute is as JSON.
    pub fn json(&self, path: &str, name: &str) -> Option<Json> {
        self.attribute(path, name)?.json(&self.file)
    }

    /// What is odd about the file as a whole.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        notes.extend(self.file.cut().as_ref().map(Note::from));
        if self.file.superblock.writing {
            notes.push(Note::warning(
                "The file was never closed by what was writing it; what was not yet written is missing.",
            ));
        }
        notes.extend(self.tree.odd.iter().map(Note::from));
        notes
    }

    /// What the superblock says, for a person.
    pub fn version(&self) -> String {
        format!("HDF5, superblock {}", self.file.superblock.version)
    }
}

/// Opens any HDF5 file.
pub(super) fn open(given: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let hdf5 = lead.require_hdf5()?;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&lead.file.name, lead.file.source.clone());
    checkpoint.producer = Some(hdf5.version());
    hdf5.notes().into_iter().for_each(|note| checkpoint.note(note));
    if hdf5.file.superblock.base > 0 {
        let block = i64::try_from(hdf5.file.superblock.base).unwrap_or(i64::MAX);
        checkpoint.metadata.push(Entry::plain("user block", Value::Int(block)));
    }
    let mut reader = Reader::new(given, &mut checkpoint);
    let view = reader.view(file, hdf5);
    for object in &hdf5.tree.objects {
        if let Kind::Dataset(_) = object.kind {
            let tensor = reader.tensor(hdf5, view, object)?;
            reader.checkpoint.tensors.push(tensor);
        }
        beside(&mut reader, hdf5, object);
    }
    Ok(checkpoint)
}

/// How many elements of an attribute are shown.
const SHOWN: u64 = 64;

/// Adds what an object says beside its elements: that it is a group or a link, and its attributes.
fn beside(reader: &mut Reader<'_>, hdf5: &Hdf5, object: &Object) {
    let path = format!("/{}", object.path);
    let own = |kind: &'static str, value| Entry {
        path: vec![Key::Text(path.as_str().into())],
        kind: Cow::Borrowed(kind),
        value,
    };
    match &object.kind {
        Kind::Group(_) if object.path.is_empty() => {}
        Kind::Group(links) => add(reader, own("group", Value::Int(i64::try_from(*links).unwrap_or(i64::MAX)))),
        Kind::Type => {
            let named = object.named_type(&hdf5.file);
            let text = named.as_ref().map_or_else(|error| error.message.clone(), numpy_name);
            add(reader, own("named-datatype", Value::Text(text)));
        }
        Kind::Link(Target::Same(first)) => {
            add(reader, own("hard link", Value::Text(format!("/{first}"))));
            if below(&object.path, first) {
                let message = format!(
                    "The link {:?} leads back to a group that it is in, which makes a cycle; it is not followed.",
                    quoted(&object.path)
                );
                reader.checkpoint.note(Note::info(message).about(&*object.path));
            }
        }
        Kind::Link(Target::Soft(target)) => {
            add(reader, own("soft link", Value::Text(target.clone())));
            if hdf5.tree.followed(&hdf5.file, &object.path).is_none() {
                let message = format!(
                    "The soft link {:?} leads to {:?}, where nothing is.",
                    quoted(&object.path),
                    quoted(target)
                );
                reader.checkpoint.note(Note::warning(message).about(&*object.path));
            }
        }
        Kind::Link(Target::External { file, path: inside }) => {
            add(reader, own("external link", Value::Text(format!("{file}: {inside}"))));
            if reader.others.find(file, &mut reader.checkpoint.files).is_none() {
                let message = format!(
                    "The link {:?} leads to {:?} in the file {:?}, which was not given; drop it together with this one.",
                    quoted(&object.path),
                    quoted(inside),
                    quoted(file)
                );
                reader.checkpoint.note(Note::warning(message).about(&*object.path));
            }
        }
        Kind::Dataset(Some(_)) => return,
        Kind::Dataset(None) => {}
    }
    if reader.checkpoint.metadata.len() > limits::METADATA_ENTRIES {
        return;
    }
    let (attributes, wrong) = object.attributes(&hdf5.file);
    for attribute in attributes {
        match value(hdf5, &attribute) {
            Ok(value) => {
                let keys = vec![Key::Text(path.as_str().into()), Key::Shown(format!("@{}", attribute.name).into())];
                add(reader, Entry { path: keys, kind: Cow::Borrowed("attribute"), value });
            }
            Err(error) => reader.checkpoint.note(Note::from(&error).about(&path)),
        }
    }
    for error in wrong {
        let message = format!("An attribute cannot be read: {}", error.message);
        reader.checkpoint.note(Note::from(&crate::error::Error { message, ..error }).about(&path));
    }
}

/// Whether a path is inside of the group `group`.
fn below(path: &str, group: &str) -> bool {
    group.is_empty() || path.strip_prefix(group).is_some_and(|rest| rest.starts_with('/'))
}

/// Adds a value; the last one of too many says so.
fn add(reader: &mut Reader<'_>, entry: Entry) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Memory, Window};

    const FILE: &[u8] = include_bytes!("../../../tests/fixtures/hdf5/links_attrs_earliest.h5");

    #[test]
    fn paths_are_followed_along_links() {
        let source: Rc<dyn ReadAt> = Rc::new(Memory::new(FILE));
        let Hdf5 { tree, file } = Hdf5::open(&source).unwrap();
        let followed = |path| tree.followed(&file, path).map(|object| &*object.path);
        assert_eq!(followed("/soft"), Some("a/x"));
        assert_eq!(followed("a/self/up/soft_relative"), Some("a/x"));
        assert_eq!(followed("/a/up/a/up/a/self"), Some("a"));
        assert_eq!(followed("dangling"), None);
        assert_eq!(followed("ext"), None);
        let inside: Vec<&str> = tree.children("a").map(Object::name).collect();
        assert_eq!(inside, ["self", "up", "x"]);
    }

    #[test]
    fn a_file_inside_of_another_is_read_in_place() {
        let around: Rc<dyn ReadAt> = Rc::new(Memory::new([&[7; 100], FILE, &[7; 9]].concat()));
        let part: Rc<dyn ReadAt> = Rc::new(Window::new(around, 100, FILE.len() as u64).unwrap());
        let hdf5 = Hdf5::open(&part).unwrap();
        assert_eq!(hdf5.datasets().count(), 54);
        assert_eq!(hdf5.attribute("/ordered/", "attr_03").unwrap().value(&hdf5.file, 1).unwrap(), 4.5);
        assert_eq!(hdf5.text("ordered", "attr_03"), None);
    }
}
