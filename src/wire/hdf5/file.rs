//! An opened file: bytes at addresses.

use super::Btree2;
use super::cursor::{Cursor, Sizes};
use super::fractal::Heap;
use super::global::{Collection, Collections};
use super::header::kind;
use super::superblock::Superblock;
use crate::error::{Error, Result};
use crate::limits;
use crate::source::{Pages, ReadAt, Window};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

/// An HDF5 file. Addresses count from its superblock; the places of errors count from the start of the source.
#[derive(Debug)]
pub struct File {
    /// What it says of itself.
    pub superblock: Superblock,
    view: Rc<dyn ReadAt>,
    pages: Pages<Rc<dyn ReadAt>>,
    /// How many more bytes of structures may be read.
    left: Cell<u64>,
    collections: RefCell<Collections>,
    /// The heaps of shared messages, with the kinds of messages that are in each: bit 1 for those of kind 1.
    pub(super) shared: OnceCell<Vec<(u16, Heap)>>,
}

impl File {
    /// Reads the superblock.
    ///
    /// # Errors
    ///
    /// As [`Superblock::find`].
    pub fn open(source: &Rc<dyn ReadAt>) -> Result<Self> {
        let superblock = Superblock::find(&**source)?;
        let view: Rc<dyn ReadAt> = match superblock.base {
            0 => source.clone(),
            base => Rc::new(Window::new(source.clone(), base, source.size() - base)?),
        };
        let left = view.size().saturating_mul(limits::HDF5_AGAIN).saturating_add(limits::HDF5_SMALL);
        let pages = Pages::scattered(view.clone());
        let (left, collections, shared) = (Cell::new(left), RefCell::default(), OnceCell::new());
        let mut file = File { superblock, view, pages, left, collections, shared };
        file.extend()?;
        Ok(file)
    }

    /// Reads how many links a node holds, where that is told beside the superblock.
    fn extend(&mut self) -> Result<()> {
        let Some(at) = self.superblock.extension else { return Ok(()) };
        let header = self.header("object header of the superblock's extension", at)?;
        if let Some(message) = header.find(kind::BTREE_K) {
            let mut cursor = self.cursor("message of the sizes of B-trees", message.at, &message.bytes);
            cursor.version(0..=0)?;
            cursor.skip(2)?;
            let (children, symbols) = (cursor.u16()?, cursor.u16()?);
            self.superblock.children = 2 * u64::from(children);
            self.superblock.symbols = 2 * u64::from(symbols);
        }
        Ok(())
    }

    /// The bytes that addresses count in: from the superblock on.
    pub fn view(&self) -> &Rc<dyn ReadAt> {
        &self.view
    }

    /// How wide addresses and lengths are.
    pub fn sizes(&self) -> Sizes {
        self.superblock.sizes
    }

    /// How many bytes there are from the superblock on.
    pub fn size(&self) -> u64 {
        self.view.size()
    }

    /// What to say of a file that is shorter than its superblock tells.
    pub fn cut(&self) -> Option<Error> {
        (self.size() < self.superblock.end).then(|| {
            Error::malformed(format!(
                "The file ends at byte {}, its end of file should be at byte {}; it may not have been copied or downloaded whole.",
                self.superblock.base + self.size(),
                self.superblock.base.saturating_add(self.superblock.end)
            ))
        })
    }

    /// The bytes of a structure.
    pub(super) fn bytes(&self, what: &str, at: u64, len: u64) -> Result<Vec<u8>> {
        if at.checked_add(len).is_none_or(|end| end > self.size()) {
            return Err(self.wrong(
                at,
                format!(
                    "The file ends at byte {}, {len} bytes of the {what} should be at byte {}; it may not have been copied or downloaded whole.",
                    self.place(self.size()),
                    self.place(at)
                ),
            ));
        }
        self.charge(len)?;
        crate::source::read_vec(&self.pages, at, len).map_err(|error| error.shifted(self.superblock.base))
    }

    /// Has a structure of unknown length at hand, so that one read serves all of a usual one.
    pub(super) fn touch(&self, at: u64) {
        const USUAL: u64 = 512;
        let len = USUAL.min(self.size().saturating_sub(at));
        // What is wrong is told when it is wanted.
        let _ = crate::source::read_vec(&self.pages, at, len);
    }

    /// Counts bytes of structures, so that what is told many times cannot take more time and memory than the file is worth.
    ///
    /// # Errors
    ///
    /// `Malformed` once that is more than [`limits::HDF5_AGAIN`] times the file.
    pub fn charge(&self, len: u64) -> Result<()> {
        let left = self.left.get().checked_sub(len).ok_or_else(|| {
            Error::malformed("The file's structures lead to the same bytes again and again; it contradicts itself.")
        })?;
        self.left.set(left);
        Ok(())
    }

    /// The byte of the source at an address.
    pub(super) fn place(&self, at: u64) -> u64 {
        self.superblock.base.saturating_add(at)
    }

    /// An error about what is at an address.
    pub(super) fn wrong(&self, at: u64, message: impl Into<String>) -> Error {
        Error::malformed(message).at(self.place(at))
    }

    /// The fields of what is at an address.
    pub(super) fn cursor<'a>(&self, what: &'a str, at: u64, bytes: &'a [u8]) -> Cursor<'a> {
        Cursor::new(bytes, self.place(at), what, self.sizes())
    }

    /// All records of a version 2 B-tree.
    pub(super) fn records(&self, at: u64) -> Result<Vec<Vec<u8>>> {
        let mut records = Vec::new();
        let Sizes { offset, length } = self.sizes();
        Btree2::open(&self.pages, at, offset, length)
            .and_then(|tree| {
                tree.each(|record| {
                    // A list that grows is there twice.
                    self.charge((record.len() + 2 * size_of::<Vec<u8>>()) as u64)?;
                    records.push(record.to_vec());
                    Ok(())
                })
            })
            .map_err(|error| error.shifted(self.superblock.base))?;
        Ok(records)
    }

    /// An object of a collection of the global heap.
    pub(super) fn global(&self, collection: u64, index: u32) -> Result<Vec<u8>> {
        let open = |at| {
            let found = Collection::read(&self.pages, at, self.sizes())?;
            self.charge(found.len()).map(|()| found)
        };
        let mut collections = self.collections.borrow_mut();
        let shift = |error: Error| error.shifted(self.superblock.base);
        let found = collections.get(collection, open).and_then(|found| found.object(index).map(<[u8]>::to_vec));
        let found = found.map_err(shift)?;
        self.charge(found.len() as u64)?;
        Ok(found)
    }
}
