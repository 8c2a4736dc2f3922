//! Layouts of HDF5: chunks, conversions, mosaics.

use super::{ByteOrder, Number, Tensor};
use crate::source::FileId;

/// A tensor in chunks of one shape that are stored apart from each other, each through the same filters.
///
/// Chunks at the edge are stored whole. What lies in no chunk is the fill value.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiled {
    /// The file, or the view into one, that addresses count in.
    pub file: FileId,
    /// The shape of a chunk, of as many dimensions as the tensor has; none is 0.
    pub chunk: Vec<u64>,
    /// Where the chunks are.
    pub index: ChunkIndex,
    /// What each chunk went through when it was written, in that order.
    pub filters: Vec<Filter>,
    /// One element as it is stored; zeros if there is none.
    pub fill: Option<Vec<u8>>,
}

/// What tells where the chunks of a dataset are. Addresses count from the start of [`Tiled::file`].
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkIndex {
    /// Its kind.
    pub kind: ChunkIndexKind,
    /// Where it is; `None` while no chunk was ever written.
    pub address: Option<u64>,
    /// Bytes of an address in this file: 2, 4 or 8.
    pub offset_size: u8,
    /// Bytes of a length in this file: 2, 4 or 8.
    pub length_size: u8,
    /// How far the dataset can grow: `None` for a dimension without a limit. One for each dimension.
    pub most: Vec<Option<u64>>,
    /// Chunks at the edge that are not whole are stored without filters.
    pub edges_unfiltered: bool,
}

/// The kinds of chunk index. Source: the HDF5 file format specification, section VII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkIndexKind {
    /// A version 1 B-tree.
    Btree1,
    /// One chunk only: the address is its own. Its stored size and the filters it left out, where filters are used.
    Single {
        /// Stored bytes and the mask of skipped filters; `None` without filters.
        filtered: Option<(u64, u32)>,
    },
    /// Unfiltered chunks one after the other.
    Implicit,
    /// A fixed array.
    FixedArray,
    /// An extensible array.
    ExtensibleArray,
    /// A version 2 B-tree.
    Btree2,
}

/// One filter of a dataset's pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its registered number: 1 deflate, 2 shuffle, 3 Fletcher-32, 4 szip, 5 n-bit, 6 scale-offset, 32000 LZF …
    pub id: u16,
    /// Its name, as the file gives it; empty if it does not.
    pub name: String,
    /// Whether a chunk may have gone without it.
    pub optional: bool,
    /// Its parameters.
    pub values: Vec<u32>,
}

/// Elements that are stored in a form that no type of number has, and are read as one that does.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The stored elements: of type [`super::Dtype::Void`], of as many bytes as one takes, of the tensor's own shape.
    pub stored: Tensor,
    /// How their bits are to be read.
    pub bits: BitLayout,
}

/// The bits of a stored element, counted from the least significant one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BitLayout {
    /// A whole number of fewer bits than its bytes have.
    Whole {
        /// The order of its bytes.
        order: ByteOrder,
        /// Its lowest bit.
        offset: u16,
        /// How many bits it has.
        precision: u16,
        /// Whether its highest one is a sign.
        signed: bool,
    },
    /// A binary floating point number.
    Float {
        /// The order of its bytes.
        order: ByteOrder,
        /// The bit of its sign.
        sign: u16,
        /// The lowest bit of the exponent, and how many it has.
        exponent: (u16, u16),
        /// The lowest bit of the fraction, and how many it has.
        fraction: (u16, u16),
        /// What is subtracted from the exponent.
        bias: u32,
        /// Whether a 1 before the fraction is implied, as IEEE 754 has it.
        implied: bool,
    },
    /// Two numbers of one type with bytes between or around them: a complex number.
    Parts {
        /// The type of both.
        number: Number,
        /// The order of their bytes.
        order: ByteOrder,
        /// The first bytes of the real and of the imaginary part.
        at: [u64; 2],
    },
}

/// A tensor that is put together from boxes of others, which may be in other files (an HDF5 virtual dataset).
#[derive(Clone, Debug, PartialEq)]
pub struct Mosaic {
    /// The boxes; where two overlap, the later one is seen.
    pub patches: Vec<Patch>,
    /// One element as it is stored, little-endian, for what no box covers; zeros if there is none.
    pub fill: Option<Vec<u8>>,
}

/// A box of a [`Mosaic`].
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The index of its first element in the whole.
    pub at: Vec<u64>,
    /// The index of its first element in the source; of as many dimensions as the source has.
    pub from: Vec<u64>,
    /// Its shape in the whole.
    pub shape: Vec<u64>,
    /// Its shape in the source: the same elements in the same row-major order.
    pub from_shape: Vec<u64>,
    /// Where the elements are, of the same type as the whole; its layout is none that is made of others.
    pub source: std::rc::Rc<Tensor>,
}
