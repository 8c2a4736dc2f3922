use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec};

/// A file whose format is being looked for.
#[derive(Debug)]
pub struct Candidate<'a> {
    name: &'a str,
    source: &'a dyn ReadAt,
    head: Vec<u8>,
}

impl<'a> Candidate<'a> {
    /// How many bytes of its start are read.
    pub const HEAD: u64 = 4096;

    /// Reads the first bytes of a file.
    ///
    /// # Errors
    ///
    /// `Source` if they cannot be had.
    pub fn new(name: &'a str, source: &'a dyn ReadAt) -> Result<Self> {
        let head = read_vec(source, 0, source.size().min(Self::HEAD))?;
        Ok(Candidate { name, source, head })
    }

    /// The last part of the file's path.
    pub fn base_name(&self) -> &'a str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }

    /// Its first bytes, at most [`Candidate::HEAD`].
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// Whether the name ends in a dot and one of these, in upper or lower case.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        let name = self.base_name().to_lowercase();
        extensions.iter().any(|extension| name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.')))
    }

    /// What is wrong with the container (a zip archive) around a format that cannot be told because of it.
    pub fn broken_container(&self) -> Option<Error> {
        None
    }
}
