//! The files that another one refers to by their paths: those that were given, by the last part of their names.

use crate::source::{File, FileId, Files, base_name};
use std::collections::HashMap;

/// Files beside the one that is read.
#[derive(Debug)]
pub(super) struct Others<'a> {
    /// The files that were given, each with its place among those of the checkpoint once it is one of them.
    by_name: HashMap<&'a str, (&'a File, Option<FileId>)>,
}

impl<'a> Others<'a> {
    /// Of files of one name the first is meant.
    pub fn new(given: &'a Files) -> Self {
        let mut by_name = HashMap::new();
        for (_, file) in given.iter() {
            by_name.entry(file.base_name()).or_insert((file, None));
        }
        Others { by_name }
    }

    /// The file that a path means, added to those of the checkpoint. A path is never followed.
    pub fn find(&mut self, path: &str, files: &mut Files) -> Option<FileId> {
        let (file, used) = self.by_name.get_mut(base_name(path))?;
        Some(*used.get_or_insert_with(|| files.add_once(file)))
    }
}
