use super::ReadAt;
use std::rc::Rc;

/// Which file of a [`Files`], by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(usize);

/// The last part of a path that a file tells, with whichever slashes: the folders are those of the machine that wrote it.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// One file that a person gave, or a view into one that a reader added.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path as given, with `/` between folders: `model.pt`, `folder/model.pt`. A record of an archive: its entry name.
    pub name: String,
    /// Its bytes.
    pub source: Rc<dyn ReadAt>,
    /// For a view: the file that it is a part of.
    pub part_of: Option<FileId>,
}

impl File {
    /// The last part of the path.
    pub fn base_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The path without its last part: empty, or with a `/` at its end.
    pub fn folder(&self) -> &str {
        self.name.strip_suffix(self.base_name()).unwrap_or_default()
    }
}

/// The files a person gave (one, several shards, or a folder), and views into them that a reader added.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<File>);

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Just one file.
    pub fn one(name: impl Into<String>, source: Rc<dyn ReadAt>) -> Self {
        let mut files = Self::new();
        files.add(name, source);
        files
    }

    /// Adds a file that a person gave.
    pub fn add(&mut self, name: impl Into<String>, source: Rc<dyn ReadAt>) -> FileId {
        self.push(File { name: name.into(), source, part_of: None })
    }

    /// Adds a view into the file `part_of`, such as the record of an archive.
    pub fn add_part(&mut self, part_of: FileId, name: impl Into<String>, source: Rc<dyn ReadAt>) -> FileId {
        self.push(File { name: name.into(), source, part_of: Some(part_of) })
    }

    /// Adds a file that may have been added already.
    pub fn add_once(&mut self, file: &File) -> FileId {
        let known = self.iter().find(|(_, known)| known.part_of.is_none() && known.name == file.name);
        let known = known.map(|(id, _)| id);
        known.unwrap_or_else(|| self.add(&file.name, file.source.clone()))
    }

    fn push(&mut self, file: File) -> FileId {
        self.0.push(file);
        FileId(self.0.len() - 1)
    }

    /// The file `id`.
    pub fn get(&self, id: FileId) -> &File {
        &self.0[id.0]
    }

    /// The file that a person gave which `id` is, or is a part of.
    pub fn given(&self, mut id: FileId) -> &File {
        while let Some(outer) = self.get(id).part_of {
            id = outer;
        }
        self.get(id)
    }

    /// The file of this name in this folder, as [`File::folder`] tells folders.
    pub fn find(&self, folder: &str, name: &str) -> Option<&File> {
        self.0.iter().find(|file| file.name.strip_prefix(folder) == Some(name))
    }

    /// All files and views with their ids, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &File)> {
        self.0.iter().enumerate().map(|(index, file)| (FileId(index), file))
    }

    /// How many files and views there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the files for which `keep` says so, in the same order; ids are given anew.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(FileId, &File) -> bool) -> Self {
        Files(self.iter().filter(|(id, file)| keep(*id, file)).map(|(_, file)| file.clone()).collect())
    }
}
