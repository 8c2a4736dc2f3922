//! The elements of a tensor as a person reads them.

use super::cells::{Cell, cells};
use super::elements::Elements;
use crate::error::{Error, Result};
use crate::model::Tensor;
use crate::source::Files;

/// Reads single elements of one tensor, whatever its layout and type.
#[derive(Debug)]
pub struct Shown<'a> {
    elements: Elements<'a>,
    bytes: Vec<u8>,
}

impl<'a> Shown<'a> {
    /// The elements in row-major order.
    ///
    /// # Errors
    ///
    /// As [`Elements::new`].
    pub fn new(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        Ok(Shown { elements: Elements::new(files, tensor)?, bytes: Vec::new() })
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
        Ok(found)
    }
}
