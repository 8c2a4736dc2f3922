//! Opening an HDF5 file: its tensors, and what stands beside them.

use super::{FORMAT, Reader, entries};
use crate::error::Result;
use crate::formats::Candidate;
use crate::model::{Checkpoint, Entry, Note, Value};
use crate::source::{Files, ReadAt};
use crate::wire::hdf5::{Attribute, File, Kind, Object, Tree};
use serde_json::Value as Json;
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
        entries::add(&mut reader, hdf5, object);
    }
    Ok(checkpoint)
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
