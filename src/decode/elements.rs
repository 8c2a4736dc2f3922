//! The elements of one tensor, whatever its layout, as dense little-endian runs.

#[cfg(feature = "whole")]
use super::encoded::Recoded;
use super::kept::Kept;
use super::quantized::Dequantized;
use super::sparse::Scattered;
use super::stored::{Plain, Stored};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Dtype, Layout, Number, Tensor};
use crate::source::Files;

/// Reads the elements of one tensor.
///
/// What it gives is dense and little-endian, lazy conjugates and negatives are applied, and types below 8 bits stay packed.
/// A quantised tensor gives float32, a sparse one its zeros, too.
#[derive(Debug)]
pub struct Elements<'a> {
    dtype: Dtype,
    bits: u64,
    row_major: bool,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Plain(Plain<'a>),
    Sparse(Scattered),
    Quantized(Dequantized<'a>),
    #[cfg(feature = "whole")]
    Encoded(Recoded<'a>),
}

impl<'a> Elements<'a> {
    /// The elements in row-major order.
    ///
    /// # Errors
    ///
    /// `Missing` if their file was not given, `Unsupported` if they cannot be read, `Malformed` if what tells where they
    /// are contradicts itself, `TooLarge` beyond a cap of [`limits`].
    pub fn new(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        let stored = Stored::of(tensor);
        let kind = match &tensor.layout {
            Layout::Sparse(sparse) => Kind::Sparse(Scattered::new(files, &stored, sparse)?),
            Layout::Quantized(quantized) => Kind::Quantized(Dequantized::new(files, &stored, quantized, false)?),
            #[cfg(feature = "whole")]
            Layout::Encoded(encoded) => {
                let plain = Plain::new(files, &Stored::of(&encoded.stored))?;
                Kind::Encoded(Recoded::new(plain, encoded, tensor.dtype.number())?)
            }
            _ => Kind::Plain(Plain::new(files, &stored)?),
        };
        Self::of(tensor, kind, true)
    }

    /// The same elements in the order in which they lie in the file, those that a stride of 0 repeats only once, and
    /// those that no file holds not at all ([`Elements::implicit`]): the zeros of a sparse tensor, what was never written of a
    /// dataset in chunks.
    ///
    /// For whatever does not depend on the order: a column-major array is then read from front to back, and an expanded
    /// view of 2^40 elements costs as little as what it was expanded from.
    ///
    /// # Errors
    ///
    /// As [`Elements::new`].
    pub fn unordered(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        Self::unordered_again(files, tensor, &Kept::default())
    }

    /// The same, of a tensor that is read in several steps.
    ///
    /// # Errors
    ///
    /// As [`Elements::new`].
    pub fn unordered_again(files: &'a Files, tensor: &'a Tensor, kept: &Kept) -> Result<Self> {
        let stored = Stored::of(tensor);
        let kind = match &tensor.layout {
            Layout::Sparse(sparse) => Kind::Sparse(Scattered::new(files, &stored, sparse)?.only_stored()),
            Layout::Quantized(quantized) => Kind::Quantized(Dequantized::new(files, &stored, quantized, true)?),
            #[cfg(feature = "whole")]
            Layout::Encoded(encoded) => {
                let plain = Plain::written(files, &Stored::of(&encoded.stored), kept)?;
                Kind::Encoded(Recoded::new(plain, encoded, tensor.dtype.number())?)
            }
            _ => Kind::Plain(Plain::written(files, &stored, kept)?),
        };
        let row_major = match &kind {
            Kind::Plain(plain) => plain.is_row_major(),
            Kind::Quantized(dequantized) => dequantized.codes().is_row_major(),
            _ => false,
        };
        Self::of(tensor, kind, row_major)
    }

    /// The whole numbers that a quantised tensor stores, in row-major order.
    ///
    /// # Errors
    ///
    /// `Query` if the tensor is not a quantised one; else as [`Elements::new`].
    pub fn codes(files: &'a Files, tensor: &'a Tensor) -> Result<Self> {
        let Layout::Quantized(quantized) = &tensor.layout else {
            return Err(Error::query(format!("The tensor {} is not quantised.", crate::error::quoted(&tensor.name))));
        };
        let stored = Stored { layout: &quantized.codes, ..Stored::of(tensor) };
        Self::of(tensor, Kind::Plain(Plain::new(files, &stored)?), true)
    }

    fn of(tensor: &Tensor, kind: Kind<'a>, row_major: bool) -> Result<Self> {
        let dtype = match kind {
            Kind::Quantized(_) => Dtype::Number(Number::F32),
            _ => tensor.dtype.clone(),
        };
        let bits = Stored { dtype: &dtype, ..Stored::of(tensor) }.bits()?;
        Ok(Elements { dtype, bits, row_major, kind })
    }

    /// What an element that is read is: float32 for a quantised tensor, else the tensor's own type.
    pub fn dtype(&self) -> &Dtype {
        &self.dtype
    }

    /// How many elements are visited.
    pub fn count(&self) -> u64 {
        match &self.kind {
            Kind::Plain(plain) => plain.count(),
            Kind::Sparse(scattered) => scattered.count(),
            Kind::Quantized(dequantized) => dequantized.codes().count(),
            #[cfg(feature = "whole")]
            Kind::Encoded(recoded) => recoded.plain().count(),
        }
    }

    /// How many times each visited element stands in the tensor: more than 1 only for [`Elements::unordered`].
    pub fn repeat(&self) -> u64 {
        match &self.kind {
            Kind::Plain(plain) => plain.repeat(),
            Kind::Sparse(_) => 1,
            Kind::Quantized(dequantized) => dequantized.codes().repeat(),
            #[cfg(feature = "whole")]
            Kind::Encoded(recoded) => recoded.plain().repeat(),
        }
    }

    /// Whether the visited elements are all elements of the tensor in row-major order.
    pub fn is_row_major(&self) -> bool {
        self.row_major
    }

    /// The bytes of so many elements.
    pub fn bytes(&self, count: u64) -> u64 {
        u64::try_from((u128::from(count) * u128::from(self.bits)).div_ceil(8)).unwrap_or(u64::MAX)
    }

    /// How many elements the tensor has beside the visited ones, and what each of them is: some only for
    /// [`Elements::unordered`].
    pub fn implicit(&self) -> (u64, Vec<u8>) {
        match &self.kind {
            Kind::Plain(plain) => plain.implicit(),
            Kind::Sparse(scattered) => scattered.implicit(),
            Kind::Quantized(_) => (0, Vec::new()),
            #[cfg(feature = "whole")]
            Kind::Encoded(recoded) => recoded.implicit(),
        }
    }

    /// How many elements one read should ask for: fixed by the type alone, a multiple of 8 so that packed types are cut at
    /// whole bytes, and of 4096 where so many elements fit, so that what goes over numbers in blocks meets the same blocks.
    pub fn chunk(&self) -> u64 {
        let fit = limits::CHUNK * 8 / self.bits.max(1);
        if fit < 4096 { (fit & !7).max(8) } else { fit & !4095 }
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
        match &self.kind {
            Kind::Plain(plain) => plain.read(start, count, into),
            Kind::Sparse(scattered) => scattered.read(start, count, into),
            Kind::Quantized(dequantized) => dequantized.read(start, count, into),
            #[cfg(feature = "whole")]
            Kind::Encoded(recoded) => recoded.read(start, count, into),
        }
    }
}

#[cfg(test)]
impl Elements<'_> {
    /// The values of `count` elements from the `start`-th on.
    pub(super) fn read_as<const N: usize, T>(&self, start: u64, count: u64, of: impl Fn([u8; N]) -> T) -> Vec<T> {
        let mut bytes = Vec::new();
        self.read(start, count, &mut bytes).unwrap();
        bytes.as_chunks().0.iter().map(|raw| of(*raw)).collect()
    }
}
