//! The elements of one tensor, whatever its layout, as dense little-endian runs.

use super::pieces::Pieces;
use super::quantized::Dequantized;
use super::sparse::Expanded;
use super::view::View;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Dtype, Layout, Number, Tensor};
use crate::source::Files;

/// Reads the elements of one tensor.
///
/// What it gives is dense and little-endian, lazy conjugates and negatives are applied, sparse tensors are filled up, codes of
/// quantised ones are the float32 that they stand for, and types below 8 bits stay packed.
#[derive(Debug)]
pub struct Elements<'a> {
    tensor: &'a Tensor,
    way: Way<'a>,
}

#[derive(Debug)]
enum Way<'a> {
    View(View<'a>),
    Pieces(Pieces<'a>),
    Sparse(Expanded),
    Quantized(Dequantized<'a>),
}

/// What the elements of a quantised tensor are once they are read.
const REAL: Dtype = Dtype::Number(Number::F32);

impl<'a> Elements<'a> {
    /// The elements in row-major order.
    ///
    /// # Errors
    ///
    /// `Missing` if their file was not given, `Unsupported` if they cannot be read, `Malformed` if what tells their places is
    /// wrong.
    pub fn new(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        Self::ordered(files, tensor, true)
    }

    /// The same elements in the order in which they lie in the file, those that a stride of 0 repeats only once, and without
    /// the zeros that a sparse tensor does not store.
    ///
    /// For whatever does not depend on the order: a column-major array is then read from front to back, and an expanded
    /// view of 2^40 elements costs as little as what it was expanded from.
    ///
    /// # Errors
    ///
    /// As [`Elements::new`].
    pub fn unordered(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        Self::ordered(files, tensor, false)
    }

    fn ordered(files: &'a Files, tensor: &'a Tensor, ordered: bool) -> Result<Self> {
        let way = match &tensor.layout {
            Layout::Pieces(pieces) => Way::Pieces(Pieces::new(files, tensor, pieces, ordered)?),
            Layout::Sparse(sparse) => Way::Sparse(Expanded::new(files, tensor, sparse, ordered)?),
            Layout::Quantized(quantized) => Way::Quantized(Dequantized::new(files, tensor, quantized)?),
            layout => {
                let view = View::new(files, tensor, layout)?;
                Way::View(if ordered { view } else { view.unordered() })
            }
        };
        Ok(Elements { tensor, way })
    }

    /// What one element is, once it is read.
    pub fn dtype(&self) -> &Dtype {
        match self.way {
            Way::Quantized(_) => &REAL,
            _ => &self.tensor.dtype,
        }
    }

    /// How many elements are visited.
    pub fn count(&self) -> u64 {
        match &self.way {
            Way::View(view) => view.count(),
            Way::Pieces(_) | Way::Quantized(_) => self.tensor.elements(),
            Way::Sparse(sparse) => sparse.count(),
        }
    }

    /// How many times each visited element stands in the tensor: more than 1 only for [`Elements::unordered`].
    pub fn repeat(&self) -> u64 {
        match &self.way {
            Way::View(view) => view.repeat(),
            _ => 1,
        }
    }

    /// How many zeros stand in the tensor that are not visited: only for [`Elements::unordered`].
    pub fn implicit_zeros(&self) -> u64 {
        self.tensor.elements() - (self.count() * self.repeat()).min(self.tensor.elements())
    }

    /// How many elements one read should ask for: fixed by the type alone, and a multiple of 8 so that packed types are
    /// cut at whole bytes.
    pub fn chunk(&self) -> u64 {
        ((limits::CHUNK * 8 / self.dtype().bits().unwrap_or(8).max(1)) & !7).max(8)
    }

    /// Replaces `into` with the bytes of `count` elements from the `start`-th visited one on.
    ///
    /// `start` must be a multiple of 8 for packed types. A count beyond [`Elements::chunk`] takes as much memory as it asks
    /// for.
    ///
    /// # Errors
    ///
    /// `Malformed` or `Source` if the bytes cannot be had, `Query` if there are not so many elements.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        if start.checked_add(count).is_none_or(|end| end > self.count()) {
            return Err(Error::query(format!("There are {} elements, not {count} from {start} on.", self.count())));
        }
        match &self.way {
            Way::View(view) => view.read(start, count, into),
            Way::Pieces(pieces) => pieces.read(start, count, into),
            Way::Sparse(sparse) => sparse.read(start, count, into),
            Way::Quantized(quantized) => quantized.read(start, count, into),
        }
    }
}

/// All elements of a part of a tensor, as long as they take at most `most` bytes.
///
/// # Errors
///
/// `TooLarge` beyond that; as [`View`].
pub(super) fn all(files: &Files, part: &Tensor, most: u64) -> Result<Vec<u8>> {
    if part.bytes() > most {
        return Err(Error::too_large(format!("Its {} take {} bytes, at most {most} are read at once.", part.name, part.bytes())));
    }
    let view = View::new(files, part, &part.layout)?;
    let mut bytes = Vec::new();
    view.read(0, view.count(), &mut bytes)?;
    Ok(bytes)
}
