use super::{Files, ReadAt, require};
use crate::error::{Error, Result};
use crate::limits;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A file of this machine.
#[derive(Debug)]
pub struct NativeFile {
    file: fs::File,
    size: u64,
}

impl NativeFile {
    /// Opens the file for reading.
    ///
    /// # Errors
    ///
    /// `Source` if the operating system refuses.
    pub fn open(path: &Path) -> Result<Self> {
        let refused = |error: std::io::Error| {
            Error::source(format!("The file cannot be opened: {error}.")).in_file(&path.to_string_lossy())
        };
        let file = fs::File::open(path).map_err(refused)?;
        let size = file.metadata().map_err(refused)?.len();
        Ok(NativeFile { file, size })
    }
}

impl ReadAt for NativeFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn place(&self) -> Option<u64> {
        Some(0)
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, offset).map_err(|error| unreadable(&error, offset))
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        require(self, offset, buf.len() as u64)?;
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(&error, offset))?;
        file.read_exact(buf).map_err(|error| unreadable(&error, offset))
    }
}

fn unreadable(error: &std::io::Error, offset: u64) -> Error {
    Error::source(format!("The file cannot be read: {error}.")).at(offset)
}

/// A file that is of no use without others.
struct Brings {
    /// How its name ends.
    ending: &'static str,
    /// How many folders below its own the others are in.
    depth: usize,
    /// Whether it brings all files there, or those that differ from it after the dot of its ending only.
    all: bool,
}

const BRINGS: &[Brings] = &[
    Brings { ending: ".index.json", depth: 0, all: true },
    // TensorFlow's: the index of a checkpoint, the graph of a SavedModel.
    Brings { ending: ".index", depth: 0, all: false },
    Brings { ending: "saved_model.pb", depth: 1, all: true },
];

/// The files at these paths, as a person would drop them on the page: a folder gives all it holds, at any depth,
/// and what is of no use without others, such as a shard index (`*.index.json`), brings those beside it.
///
/// Names are the paths below what was given: `model.safetensors`, or `folder/model.safetensors` for a folder.
///
/// # Errors
///
/// `Source` if a path cannot be opened, `TooLarge` beyond [`limits::FILES`] files.
pub fn files_from_paths<P: AsRef<Path>>(paths: &[P]) -> Result<Files> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let name = base_name(path);
        if path.is_dir() {
            walk(path, &name, usize::MAX, &mut found)?;
        } else {
            found.push((name.clone(), path.to_owned()));
            if let Some(brings) = BRINGS.iter().find(|brings| name.ends_with(brings.ending)) {
                let mut beside = Vec::new();
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                walk(folder.unwrap_or(Path::new(".")), "", brings.depth, &mut beside)?;
                let stem = name.strip_suffix(brings.ending).unwrap_or_default();
                let named_alike = |other: &str| other.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'));
                beside.retain(|(other, _)| brings.all || named_alike(other));
                found.extend(beside);
            }
        }
    }
    let mut files = Files::new();
    let mut seen = std::collections::HashSet::new();
    for (name, path) in found {
        if seen.insert(path.clone()) {
            files.add(name, Rc::new(NativeFile::open(&path)?));
        }
    }
    Ok(files)
}

fn base_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.to_string_lossy().into_owned(), |name| name.to_string_lossy().into_owned())
}

/// Appends the plain files below `top`, sorted by name, down to `depth` folders.
fn walk(top: &Path, prefix: &str, depth: usize, found: &mut Vec<(String, PathBuf)>) -> Result<()> {
    let mut folders = vec![(top.to_owned(), prefix.to_owned(), 0)];
    while let Some((folder, prefix, level)) = folders.pop() {
        let refused = |error: std::io::Error| {
            Error::source(format!("The folder cannot be listed: {error}.")).in_file(&folder.to_string_lossy())
        };
        let mut entries: Vec<_> =
            fs::read_dir(&folder).map_err(refused)?.collect::<std::io::Result<_>>().map_err(refused)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if path.is_dir() {
                if level < depth {
                    folders.push((path, name, level + 1));
                }
            } else if path.is_file() {
                if found.len() == limits::FILES {
                    return Err(Error::too_large(format!("The folder holds more than {} files.", limits::FILES)));
                }
                found.push((name, path));
            }
        }
    }
    Ok(())
}
