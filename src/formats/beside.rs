//! Native files that others ask for by name.

use super::open;
use crate::error::Result;
use crate::model::{Checkpoint, Layout};
use crate::source::{NativeFile, files_from_paths};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Opens what is at these paths, together with the files that it asks for by name and that lie beside it: as a person would
/// who reads the notes and drops them, too.
///
/// # Errors
///
/// As [`files_from_paths`] and [`open`].
pub fn open_paths<P: AsRef<Path>>(paths: &[P]) -> Result<Checkpoint> {
    let mut files = files_from_paths(paths)?;
    let mut asked = HashSet::new();
    loop {
        let checkpoint = open(&files)?;
        let given = files.len();
        for name in checkpoint.tensors.iter().filter_map(|tensor| absent(&tensor.layout)) {
            // Many tensors are in one file.
            if !asked.contains(name) {
                asked.insert(name.to_owned());
                if let Some(path) = beside(paths, name) {
                    files.add(name, Rc::new(NativeFile::open(&path)?));
                }
            }
        }
        if files.len() == given {
            return Ok(checkpoint);
        }
    }
}

fn absent(layout: &Layout) -> Option<&str> {
    layout.parts().into_iter().find_map(|part| match part {
        Layout::Absent { file } => Some(file.as_str()),
        _ => None,
    })
}

/// The file of this very name in the folder of one of the paths: what is named in a file leads nowhere else.
fn beside<P: AsRef<Path>>(paths: &[P], name: &str) -> Option<PathBuf> {
    let plain = Path::new(name).file_name().is_some_and(|base| base == name);
    let folders = paths.iter().filter_map(|path| path.as_ref().parent());
    folders.map(|folder| folder.join(name)).find(|path| plain && path.is_file())
}
