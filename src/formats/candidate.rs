use super::hdf5::Hdf5;
use super::pickles;
use crate::error::{Error, Result};
use crate::source::{File, FileId, read_vec};
use crate::wire::zip::Archive;
use std::cell::OnceCell;

/// A file whose format is being looked for.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Its place among the files that were given.
    pub id: FileId,
    /// The file.
    pub file: &'a File,
    head: Vec<u8>,
    archive: OnceCell<Result<Archive>>,
    hdf5: OnceCell<Result<Hdf5>>,
}

impl<'a> Candidate<'a> {
    /// How many bytes of its start are read.
    pub const HEAD: u64 = 4096;

    /// Reads the first bytes of a file.
    ///
    /// # Errors
    ///
    /// `Source` if they cannot be had.
    pub fn new(id: FileId, file: &'a File) -> Result<Self> {
        let head = read_vec(&*file.source, 0, file.source.size().min(Self::HEAD))?;
        Ok(Candidate { id, file, head, archive: OnceCell::new(), hdf5: OnceCell::new() })
    }

    /// Its first bytes, at most [`Candidate::HEAD`].
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.file.source.size()
    }

    /// Whether the name ends in a dot and one of these, in upper or lower case.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        let name = self.file.base_name().to_lowercase();
        extensions.iter().any(|extension| name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.')))
    }

    /// The directory, of a zip archive that has a sound one. Read once, when first asked for.
    pub fn archive(&self) -> Option<&Archive> {
        self.read_archive()?.as_ref().ok()
    }

    /// The directory of what has to be a zip archive.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn require_archive(&self) -> Result<&Archive> {
        let archive = self.archive.get_or_init(|| Archive::read(&self.file.source)).as_ref();
        archive
            .map_err(|error| if self.begins_as_archive() { error.clone() } else { Error::malformed(NO_ARCHIVE).at(0) })
    }

    /// What is wrong with a zip archive whose directory cannot be read, so that the format inside cannot be told.
    pub fn broken_archive(&self) -> Option<&Error> {
        self.begins_as_archive().then(|| self.read_archive())??.as_ref().err()
    }

    /// The objects of what has to be an HDF5 file. Read once, when first asked for.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn require_hdf5(&self) -> Result<&Hdf5> {
        self.hdf5.get_or_init(|| Hdf5::open(&self.file.source)).as_ref().map_err(Clone::clone)
    }

    /// The objects, of an HDF5 file that is sound; the whole build alone looks for them.
    pub fn hdf5(&self) -> Option<&Hdf5> {
        (cfg!(feature = "whole") && super::hdf5::is_one(self)).then(|| self.require_hdf5().ok())?
    }

    fn read_archive(&self) -> Option<&Result<Archive>> {
        // What begins as a pickle is loaded as one, whatever stands behind it.
        let zip = self.begins_as_archive() || self.has_extension(ZIPPED) && !pickles::looks_like_one(&self.head);
        zip.then(|| self.archive.get_or_init(|| Archive::read(&self.file.source)))
    }

    fn begins_as_archive(&self) -> bool {
        [b"PK\x03\x04".as_slice(), b"PK\x05\x06"].iter().any(|mark| self.head.starts_with(mark))
    }
}

const NO_ARCHIVE: &str = "The file is neither a zip archive, as its name suggests, nor anything else that is known here; it may be damaged or misnamed.";

/// Zip archives by the names people give them. Bytes may stand before an archive: then its first ones do not tell.
const ZIPPED: &[&str] = &["pt", "pth", "npz", "zip"];
