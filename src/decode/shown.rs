//! The elements of a tensor as a person reads them.

use super::cells::{Cell, cells};
use super::elements::Elements;
#[cfg(feature = "whole")]
use super::heap::{Heaps, has_heap};
#[cfg(feature = "whole")]
use super::texts::TextElements;
use crate::error::{Error, Result};
use crate::model::{Dtype, Tensor};
use crate::source::Files;

/// Reads single elements of one tensor, whatever its layout and type.
#[derive(Debug)]
pub struct Shown<'a> {
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    /// Elements of one size, and room for the bytes of some.
    Sized(Elements<'a>, Vec<u8>, &'a Files),
    #[cfg(feature = "whole")]
    Texts(TextElements<'a>),
}

impl<'a> Shown<'a> {
    /// The elements in row-major order.
    ///
    /// # Errors
    ///
    /// As [`Elements::new`].
    pub fn new(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        let kind = match &tensor.layout {
            #[cfg(feature = "whole")]
            crate::model::Layout::Texts(texts) => {
                let text = tensor.dtype == Dtype::Strings { text: true };
                Kind::Texts(TextElements::new(files, texts, tensor.elements(), text)?)
            }
            _ => Kind::Sized(Elements::new(files, tensor)?, Vec::new(), files),
        };
        Ok(Shown { kind })
    }

    /// How many elements there are.
    pub fn count(&self) -> u64 {
        match &self.kind {
            Kind::Sized(elements, ..) => elements.count(),
            #[cfg(feature = "whole")]
            Kind::Texts(texts) => texts.count(),
        }
    }

    /// `count` elements from the `start`-th on.
    ///
    /// # Errors
    ///
    /// As [`Elements::read`].
    pub fn read(&mut self, start: u64, count: u64) -> Result<Vec<Cell>> {
        match &mut self.kind {
            Kind::Sized(elements, bytes, files) => {
                let found = read_sized(elements, bytes, start, count)?;
                in_heaps(files, elements.dtype(), found)
            }
            #[cfg(feature = "whole")]
            Kind::Texts(texts) => texts.read(start, count),
        }
    }
}

fn read_sized(elements: &Elements<'_>, bytes: &mut Vec<u8>, start: u64, count: u64) -> Result<Vec<Cell>> {
    // Packed types are read from a whole byte on.
    let lead = start % 8;
    elements.read(start - lead, count.saturating_add(lead), bytes)?;
    let wanted = usize::try_from(count + lead).map_err(|_| Error::too_large("So many do not fit into memory."))?;
    let mut found = cells(elements.dtype(), bytes, wanted);
    found.drain(..found.len().min(usize::try_from(lead).expect("below 8")));
    Ok(found)
}

/// What stands in a heap of the file comes from there.
#[cfg(feature = "whole")]
fn in_heaps(files: &Files, dtype: &Dtype, mut found: Vec<Cell>) -> Result<Vec<Cell>> {
    if has_heap(dtype) {
        let mut heaps = Heaps::new(files);
        found = found.into_iter().map(|cell| heaps.read(dtype, cell)).collect::<Result<_>>()?;
    }
    Ok(found)
}

/// Without HDF5 there are no heaps.
#[cfg(not(feature = "whole"))]
#[expect(clippy::unnecessary_wraps, reason = "as with HDF5")]
fn in_heaps(_: &Files, _: &Dtype, found: Vec<Cell>) -> Result<Vec<Cell>> {
    Ok(found)
}
