//! Elements that lie in files as they are, in one storage or in several pieces: what the other layouts are made of.

use super::kept::Kept;
#[cfg(feature = "whole")]
use super::mosaic::Patches;
use super::numbers::{is_whole, whole_numbers};
use super::pieces::Pieces;
#[cfg(feature = "whole")]
use super::tiled::Tiles;
use super::view::View;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteOrder, Class, Dtype, Layout, Record, Tensor, element_count};
use crate::source::Files;

/// What is stored: a tensor, or the codes of a quantised one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a> {
    pub dtype: &'a Dtype,
    pub order: ByteOrder,
    pub shape: &'a [u64],
    pub layout: &'a Layout,
}

impl<'a> Stored<'a> {
    pub fn of(tensor: &'a Tensor) -> Self {
        Stored { dtype: &tensor.dtype, order: tensor.order, shape: &tensor.shape, layout: &tensor.layout }
    }

    /// Bits an element takes.
    pub fn bits(&self) -> Result<u64> {
        let unknown = || Error::unsupported(format!("Elements of type {} cannot be read.", self.dtype.name()));
        self.dtype.bits().ok_or_else(unknown)
    }

    /// How many elements there are.
    pub fn count(&self) -> Result<u64> {
        element_count(self.shape).ok_or_else(|| {
            Error::malformed(format!("A shape of {:?} has more elements than can be counted.", self.shape))
        })
    }
}

/// Reads what is [`Stored`].
#[derive(Debug)]
pub(super) enum Plain<'a> {
    View(View<'a>),
    Pieces(Pieces<'a>),
    #[cfg(feature = "whole")]
    Tiles(Box<Tiles<'a>>),
    #[cfg(feature = "whole")]
    Patches(Patches<'a>),
}

impl<'a> Plain<'a> {
    /// The elements in row-major order.
    pub fn new(files: &'a Files, stored: &Stored<'a>) -> Result<Self> {
        match stored.layout {
            Layout::Dense(range) | Layout::Strided { storage: range, .. } => {
                Ok(Plain::View(View::new(files, stored, *range)?))
            }
            Layout::Pieces(pieces) => Ok(Plain::Pieces(Pieces::new(files, stored, pieces)?)),
            #[cfg(feature = "whole")]
            Layout::Tiled(tiled) => {
                Ok(Plain::Tiles(Box::new(Tiles::new(files, stored, tiled, &Kept::default().chunks)?)))
            }
            #[cfg(feature = "whole")]
            Layout::Mosaic(mosaic) => Ok(Plain::Patches(Patches::new(files, stored, mosaic)?)),
            _ => Err(refusal(stored.layout)),
        }
    }

    /// The elements in the order of the file, and with an `axis` how many of them stand side by side with one index of it.
    pub fn unordered(files: &'a Files, stored: &Stored<'a>, axis: Option<usize>) -> Result<(Self, u64)> {
        match (stored.layout, axis) {
            (Layout::Dense(range) | Layout::Strided { storage: range, .. }, _) => {
                let (view, inside) = View::unordered(files, stored, *range, axis)?;
                Ok((Plain::View(view), inside))
            }
            (Layout::Pieces(pieces), None) => Ok((Plain::Pieces(Pieces::unordered(files, stored, pieces)?), 1)),
            (_, axis) => {
                let inside = axis.map_or(&[][..], |axis| stored.shape.get(axis + 1..).unwrap_or_default());
                Ok((Self::new(files, stored)?, element_count(inside).unwrap_or(1).max(1)))
            }
        }
    }

    /// The elements in the order of the file, without those that were never written ([`Plain::implicit`]).
    #[cfg_attr(not(feature = "whole"), expect(unused_variables, reason = "only chunks are come back to"))]
    pub fn written(files: &'a Files, stored: &Stored<'a>, kept: &Kept) -> Result<Self> {
        match stored.layout {
            #[cfg(feature = "whole")]
            Layout::Tiled(tiled) => Ok(Plain::Tiles(Box::new(Tiles::unordered(files, stored, tiled, &kept.chunks)?))),
            _ => Ok(Self::unordered(files, stored, None)?.0),
        }
    }

    /// How many elements are there beside the visited ones, and what each of them is.
    pub fn implicit(&self) -> (u64, Vec<u8>) {
        match self {
            #[cfg(feature = "whole")]
            Plain::Tiles(tiles) => tiles.implicit(),
            _ => (0, Vec::new()),
        }
    }

    pub fn count(&self) -> u64 {
        match self {
            Plain::View(view) => view.count(),
            Plain::Pieces(pieces) => pieces.count(),
            #[cfg(feature = "whole")]
            Plain::Tiles(tiles) => tiles.count(),
            #[cfg(feature = "whole")]
            Plain::Patches(patches) => patches.count(),
        }
    }

    pub fn repeat(&self) -> u64 {
        match self {
            Plain::View(view) => view.repeat(),
            _ => 1,
        }
    }

    /// Whether the visited elements are all elements in row-major order; not so where that is not known.
    pub fn is_row_major(&self) -> bool {
        matches!(self, Plain::View(view) if view.is_row_major())
    }

    /// Replaces `into` with `count` elements from the `start`-th visited one on; the caller has counted them.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        match self {
            _ if count == 0 => Ok(()),
            Plain::View(view) => view.read(start, count, into),
            Plain::Pieces(pieces) => pieces.read(start, count, into),
            #[cfg(feature = "whole")]
            Plain::Tiles(tiles) => tiles.read(start, count, into),
            #[cfg(feature = "whole")]
            Plain::Patches(patches) => patches.read(start, count, into),
        }
    }
}

/// Why a layout cannot be read as it lies.
fn refusal(layout: &Layout) -> Error {
    match layout {
        Layout::Absent { file } => {
            Error::missing(format!("The elements are in {file:?}, which was not given.")).in_file(file)
        }
        Layout::Unreadable { why } => Error::unsupported(why.clone()),
        _ => Error::unsupported("A tensor that is made of tensors which are themselves made of others cannot be read."),
    }
}

/// The whole numbers of a tensor, in row-major order, a chunk at a time.
pub(super) struct WholeNumbers<'a> {
    number: crate::model::Number,
    plain: Plain<'a>,
    values: Vec<i64>,
    bytes: Vec<u8>,
}

impl<'a> WholeNumbers<'a> {
    pub fn new(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        let number = tensor.dtype.number().filter(|number| is_whole(*number)).ok_or_else(|| {
            Error::malformed(format!("Whole numbers are wanted where elements of type {} are.", tensor.dtype.name()))
        })?;
        Ok(WholeNumbers {
            number,
            plain: Plain::new(files, &Stored::of(tensor))?,
            values: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// Hands over `count` of them from the `start`-th on, each with its place among them.
    pub fn each(&mut self, start: u64, count: u64, mut take: impl FnMut(u64, i64) -> Result<()>) -> Result<()> {
        // A multiple of 8, as packed types want it.
        let chunk = limits::CHUNK / 8;
        let mut done = 0;
        while done < count {
            let len = chunk.min(count - done);
            self.plain.read(start + done, len, &mut self.bytes)?;
            self.values.clear();
            let wanted = usize::try_from(len).expect("at most a chunk");
            whole_numbers(self.number, &self.bytes, wanted, &mut self.values);
            for (place, value) in (done..).zip(&self.values) {
                take(place, *value)?;
            }
            done += len;
        }
        Ok(())
    }
}

/// The bytes of so many elements of a width, which have to fit into memory.
pub(super) fn in_memory(count: u64, width: u64) -> Result<usize> {
    let bytes = count.checked_mul(width).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| Error::too_large("So many elements do not fit into memory."))
}

/// Turns the bytes of elements of this type around where they are big-endian.
pub(super) fn to_little(dtype: &Dtype, order: ByteOrder, bytes: &mut [u8]) {
    let unit = match dtype {
        Dtype::Record(record) => return record_to_little(record, bytes),
        Dtype::Number(number) if number.class() == Class::Complex => number.bits() / 16,
        Dtype::Number(number) => number.bits() / 8,
        Dtype::Text { .. } => 4,
        Dtype::Time { .. } => 8,
        _ => 1,
    };
    if order == ByteOrder::Big && unit > 1 {
        let unit = usize::try_from(unit).expect("at most 16");
        bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
    }
}

/// Readers bound how deep records nest.
fn record_to_little(record: &Record, bytes: &mut [u8]) {
    let Some(size) = usize::try_from(record.size).ok().filter(|size| *size > 0) else { return };
    for element in bytes.chunks_exact_mut(size) {
        for field in &record.fields {
            let count = crate::model::element_count(&field.shape).unwrap_or(0);
            let len = field.dtype.bits().unwrap_or(0).saturating_mul(count) / 8;
            let range = usize::try_from(field.offset).ok().zip(usize::try_from(field.offset.saturating_add(len)).ok());
            if let Some(part) = range.and_then(|(start, end)| element.get_mut(start..end)) {
                to_little(&field.dtype, field.order, part);
            }
        }
    }
}
