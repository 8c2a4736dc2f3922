//! The elements of a tensor as a person reads them.

use super::cells::{Cell, cells};
use super::elements::Elements;
#[cfg(feature = "hdf5")]
use super::heap::{Heaps, has_heap};
use crate::error::{Error, Result};
use crate::model::Tensor;
use crate::source::Files;

/// Reads single elements of one tensor, whatever its layout and type.
#[derive(Debug)]
pub struct Shown<'a> {
    elements: Elements<'a>,
    bytes: Vec<u8>,
    #[cfg(feature = "hdf5")]
    files: &'a Files,
}

impl<'a> Shown<'a> {
    /// The elements in row-major order.
    ///
    /// # Errors
    ///
    /// As [`Elements::new`].
    pub fn new(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        Ok(Shown {
            elements: Elements::new(files, tensor)?,
            bytes: Vec::new(),
            #[cfg(feature = "hdf5")]
            files,
        })
    }

    /// How many elements there are.
    pub fn count(&self) -> u64 {
        self.elements.count()
    }

    /// `count` elements from the `start`-th on.
    ///
    /// # Errors
    ///
    /// As [`Elements::read`].
    pub fn read(&mut self, start: u64, count: u64) -> Result<Vec<Cell>> {
        // Packed types are read from a whole byte on.
        let lead = start % 8;
        self.elements.read(start - lead, count.saturating_add(lead), &mut self.bytes)?;
        let wanted = usize::try_from(count + lead).map_err(|_| Error::too_large("So many do not fit into memory."))?;
        let mut found = cells(self.elements.dtype(), &self.bytes, wanted);
        found.drain(..found.len().min(usize::try_from(lead).expect("below 8")));
        #[cfg(feature = "hdf5")]
        if has_heap(self.elements.dtype()) {
            let mut heaps = Heaps::new(self.files);
            found = found.into_iter().map(|cell| heaps.read(self.elements.dtype(), cell)).collect::<Result<_>>()?;
        }
        Ok(found)
    }
}
