//! The global heap: collections of objects of any length.
//!
//! | offset | bytes | meaning |
//! | --- | --- | --- |
//! | 0 | 4 | `GCOL` |
//! | 4 | 4 | version 1, padding |
//! | 8 | length | bytes of the collection, these among them |
//! | … | | objects: 2 bytes index, 2 count of references, 4 padding, its length, its bytes up to a multiple of 8 |
//!
//! The object of index 0 is what is free; its length counts its own header.

use super::cursor::{Cursor, Sizes};
use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec, require};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

/// One collection.
#[derive(Debug)]
pub struct Collection {
    at: u64,
    bytes: Vec<u8>,
    objects: HashMap<u32, Range<usize>>,
}

impl Collection {
    /// Reads the collection at `at`.
    ///
    /// # Errors
    ///
    /// `Malformed` if there is none, or its objects do not fit in.
    pub fn read(source: &dyn ReadAt, at: u64, sizes: Sizes) -> Result<Self> {
        let what = "global heap collection";
        let past = |error: Error| Error {
            message: format!("A global heap collection should be here. {}", error.message),
            ..error
        };
        let header = 8 + u64::from(sizes.length);
        let head = read_vec(source, at, header).map_err(past)?;
        let mut cursor = Cursor::new(&head, at, what, sizes);
        cursor.signature(*b"GCOL")?;
        cursor.version(1..=1)?;
        cursor.skip(3)?;
        let len = cursor.length()?;
        require(source, at, len).map_err(past)?;
        let bytes = read_vec(source, at, len.max(header))?;
        let mut cursor = Cursor::new(&bytes, at, what, sizes);
        cursor.skip(head.len())?;
        let mut objects = HashMap::new();
        let entry = 8 + usize::from(sizes.length);
        // What is too small for an object's header is nothing.
        while cursor.left() >= entry {
            let start = cursor.taken();
            let index = cursor.u16()?;
            cursor.skip(6)?;
            let len = cursor.length()?;
            if index == 0 {
                let rest = usize::try_from(len).ok().and_then(|len| len.checked_sub(entry));
                let rest = rest.ok_or_else(|| cursor.wrong(format_args!("has {len} free bytes, fewer than say so")))?;
                cursor.skip(rest)?;
                continue;
            }
            let from = start + entry;
            let len = cursor.take_long(len)?.len();
            cursor.pad(from);
            objects.insert(index.into(), from..from + len);
        }
        Ok(Collection { at, bytes, objects })
    }

    /// How many bytes it takes.
    #[expect(clippy::len_without_is_empty, reason = "none is empty")]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes of one of its objects.
    ///
    /// # Errors
    ///
    /// `Malformed` if there is none of this index.
    pub fn object(&self, index: u32) -> Result<&[u8]> {
        let range = self.objects.get(&index).ok_or_else(|| {
            Error::malformed(format!("The global heap collection has no object {index}.")).at(self.at)
        })?;
        Ok(&self.bytes[range.clone()])
    }
}

/// The collections that were read last.
#[derive(Debug, Default)]
pub struct Collections {
    kept: HashMap<u64, Rc<Collection>>,
    /// Their addresses, oldest first.
    order: VecDeque<u64>,
    /// Bytes of all.
    bytes: usize,
}

impl Collections {
    /// The bytes of those that are kept, but for the last one.
    const KEPT: usize = 4 << 20;

    /// The collection at an address; it is read unless it is kept.
    ///
    /// # Errors
    ///
    /// What `read` says.
    pub fn get(&mut self, at: u64, read: impl FnOnce(u64) -> Result<Collection>) -> Result<Rc<Collection>> {
        if let Some(found) = self.kept.get(&at) {
            return Ok(found.clone());
        }
        let found = Rc::new(read(at)?);
        while self.bytes > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.kept.remove(&oldest).map_or(0, |oldest| oldest.bytes.len());
        }
        self.bytes += found.bytes.len();
        self.order.push_back(at);
        self.kept.insert(at, found.clone());
        Ok(found)
    }
}
