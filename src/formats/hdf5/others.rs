//! The other files that an HDF5 file refers to: those that were given, by the last part of their names.

use crate::error::Result;
use crate::source::{FileId, Files, ReadAt, Window};
use std::collections::HashMap;
use std::rc::Rc;

/// Files beside the one that is read.
#[derive(Debug)]
pub(super) struct Others<'a> {
    given: &'a Files,
    /// Their places among those of the checkpoint, by their places among those that were given.
    used: HashMap<FileId, FileId>,
}

/// The last part of a path, with whichever slashes.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

impl<'a> Others<'a> {
    pub fn new(given: &'a Files) -> Self {
        Others { given, used: HashMap::new() }
    }

    /// The file that a path in an HDF5 file means, added to those of the checkpoint. A name is never followed as a path.
    pub fn find(&mut self, path: &str, files: &mut Files) -> Option<FileId> {
        let wanted = base_name(path);
        let (given, file) = self.given.iter().find(|(_, file)| file.base_name() == wanted)?;
        Some(*self.used.entry(given).or_insert_with(|| {
            let known = files.iter().find(|(_, known)| known.part_of.is_none() && known.name == file.name);
            let known = known.map(|(id, _)| id);
            known.unwrap_or_else(|| files.add(&file.name, file.source.clone()))
        }))
    }
}

/// Parts of files as if they stood behind each other.
#[derive(Debug)]
pub(super) struct Joined {
    /// Each with its first byte in the whole.
    parts: Vec<(u64, Window)>,
    size: u64,
}

impl Joined {
    pub fn new(parts: Vec<(Rc<dyn ReadAt>, u64, u64)>) -> Result<Self> {
        let mut joined = Joined { parts: Vec::new(), size: 0 };
        for (source, offset, len) in parts {
            joined.parts.push((joined.size, Window::new(source, offset, len)?));
            joined.size = joined.size.saturating_add(len);
        }
        Ok(joined)
    }
}

impl ReadAt for Joined {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        crate::source::require(self, offset, buf.len() as u64)?;
        let end = offset + buf.len() as u64;
        for (start, part) in &self.parts {
            let (from, to) = (offset.max(*start), end.min(start + part.size()));
            if from < to {
                let place = |at: u64| usize::try_from(at - offset).expect("inside the buffer");
                part.read_at(from - start, &mut buf[place(from)..place(to)])?;
            }
        }
        Ok(())
    }
}
