//! One tensor: its name, its shape, and where its elements lie.

use super::{ByteOrder, Dtype, Encoded, Mosaic, Tiled};
use crate::source::FileId;
use std::rc::Rc;

/// A run of bytes in one of the checkpoint's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// The file, or the view into one.
    pub file: FileId,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

/// Where a tensor's elements lie. Data, so that it can be shown, compared and exported.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// One row-major run of bytes, just as many as the elements take.
    Dense(ByteRange),
    /// A view of a storage that others may share. Every element lies inside the storage: readers check that.
    Strided {
        /// The whole storage.
        storage: ByteRange,
        /// The first element, in elements from the start of the storage.
        start: u64,
        /// Elements from one index of a dimension to the next, as many as there are dimensions.
        strides: Vec<u64>,
        /// The stored numbers are the complex conjugates of the values (PyTorch's lazy `conj`).
        conjugated: bool,
        /// The stored numbers are the negatives of the values (PyTorch's lazy `neg`).
        negated: bool,
    },
    /// Boxes that make up the whole: what several files or chunks hold of it.
    Pieces(Rc<[Piece]>),
    /// Chunks of one shape, which may have gone through filters.
    Tiled(Rc<Tiled>),
    /// Boxes of other tensors.
    Mosaic(Rc<Mosaic>),
    /// Elements that are stored in a form of their own.
    Encoded(Rc<Encoded>),
    /// Elements of any length: their type is [`Dtype::Strings`].
    Texts(Rc<Texts>),
    /// The elements that are not zero, and where they are.
    Sparse(Rc<Sparse>),
    /// Whole numbers that stand for real ones.
    Quantized(Rc<Quantized>),
    /// The file that holds the elements was not given.
    Absent {
        /// Its name, as the index or the pickle gives it.
        file: String,
    },
    /// The elements cannot be read.
    Unreadable {
        /// Why, as a sentence.
        why: String,
    },
}

impl Layout {
    /// The bytes that the elements lie in: for a strided view the whole storage.
    pub fn storage(&self) -> Option<ByteRange> {
        match self {
            Layout::Dense(range) | Layout::Strided { storage: range, .. } => Some(*range),
            Layout::Quantized(quantized) => quantized.codes.storage(),
            Layout::Encoded(encoded) => encoded.stored.layout.storage(),
            Layout::Texts(texts) => match **texts {
                Texts::LengthsFirst(range) | Texts::OffsetsFirst(range) => Some(range),
                Texts::Each(_) => None,
            },
            Layout::Pieces(_)
            | Layout::Tiled(_)
            | Layout::Mosaic(_)
            | Layout::Sparse(_)
            | Layout::Absent { .. }
            | Layout::Unreadable { .. } => None,
        }
    }
}

impl Layout {
    /// The layouts of the tensors that this one is made of; itself, if it is made of none.
    pub fn parts(&self) -> Vec<&Layout> {
        match self {
            Layout::Sparse(sparse) => {
                let tensors = [Some(&sparse.indices), sparse.others.as_ref(), Some(&sparse.values)];
                tensors.into_iter().flatten().map(|tensor| &tensor.layout).collect()
            }
            Layout::Quantized(quantized) => match &quantized.scale {
                Scale::PerTensor { .. } => vec![&quantized.codes],
                Scale::PerChannel { scales, zero_points, .. } => {
                    vec![&quantized.codes, &scales.layout, &zero_points.layout]
                }
            },
            Layout::Encoded(encoded) => vec![&encoded.stored.layout],
            _ => vec![self],
        }
    }
}

/// Where the elements of a tensor of texts lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Texts {
    /// TensorFlow's bundle: the length of each as a varint, the CRC-32C of the lengths in 4 bytes, then all texts.
    LengthsFirst(ByteRange),
    /// TFLite's buffer: a 32-bit count, the 32-bit offset of each from the start and that of the end, then all texts.
    OffsetsFirst(ByteRange),
    /// Each on its own, row-major.
    Each(Vec<ByteRange>),
}

/// A box of a tensor, as one row-major run of bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The index of its first element in the whole.
    pub at: Vec<u64>,
    /// Its own shape, of as many dimensions.
    pub shape: Vec<u64>,
    /// Where it lies; just as many bytes as it takes.
    pub range: ByteRange,
}

/// How the places of a sparse tensor's elements are told. Source: PyTorch's `torch.sparse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SparseKind {
    /// An index of each element: the first dimension of the indices counts those of the tensor. Values at one place add up.
    Coo,
    /// By rows.
    Csr,
    /// By columns.
    Csc,
    /// By rows of blocks.
    Bsr,
    /// By columns of blocks.
    Bsc,
}

impl SparseKind {
    /// PyTorch's name of the layout.
    pub fn name(self) -> &'static str {
        match self {
            SparseKind::Coo => "sparse_coo",
            SparseKind::Csr => "sparse_csr",
            SparseKind::Csc => "sparse_csc",
            SparseKind::Bsr => "sparse_bsr",
            SparseKind::Bsc => "sparse_bsc",
        }
    }
}

/// A tensor most of whose elements are zero and not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    /// How places are told.
    pub kind: SparseKind,
    /// The indices (of COO), or where each row or column begins (of the others).
    pub indices: Tensor,
    /// The columns or rows, of all but COO.
    pub others: Option<Tensor>,
    /// The stored elements.
    pub values: Tensor,
}

/// A tensor of whole numbers each of which stands for `(code − zero point) · scale`, computed in float32.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    /// Where the codes lie.
    pub codes: Layout,
    /// What they stand for.
    pub scale: Scale,
}

/// The scale of a [`Quantized`] tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// One for all.
    PerTensor {
        /// The step.
        scale: f64,
        /// The code of 0.
        zero_point: i64,
    },
    /// One for each index of a dimension.
    PerChannel {
        /// The dimension.
        axis: usize,
        /// The steps, one-dimensional.
        scales: Box<Tensor>,
        /// The codes of 0; fractions where their type is a float.
        zero_points: Box<Tensor>,
    },
}

/// What a tensor is to its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is trained.
    Parameter,
    /// It belongs to the model and is not trained.
    Buffer,
    /// It belongs to an optimizer.
    Optimizer,
    /// None of these.
    Other,
}

impl Role {
    /// Its name in the report and in the filter.
    pub fn name(self) -> &'static str {
        match self {
            Role::Parameter => "parameter",
            Role::Buffer => "buffer",
            Role::Optimizer => "optimizer",
            Role::Other => "other",
        }
    }
}

/// The keys joined by dots.
pub fn dotted(path: &[Key]) -> String {
    let mut name = String::new();
    for (index, key) in path.iter().enumerate() {
        if index > 0 {
            name.push('.');
        }
        match key {
            Key::Index(number) | Key::Nth(number) => name.push_str(&number.to_string()),
            key => name.push_str(key.text().unwrap_or_default()),
        }
    }
    name
}

/// One step on the way to a tensor inside nested containers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A dictionary's key; shared by the tensors below it, as all texts of keys are.
    Text(Rc<str>),
    /// A list's or a tuple's index, or a dictionary's whole-number key.
    Index(i64),
    /// An object's attribute.
    Attribute(Rc<str>),
    /// A name in the state dict of a module.
    State(Rc<str>),
    /// What tells it apart and is no step that Python knows: a key that is no text, what only an object's own code can reach,
    /// the record of a pickle.
    Shown(Rc<str>),
    /// A number of which the same is true: one of several pickles, or of what an object is made of.
    Nth(i64),
}

impl Key {
    /// The text, of all but whole numbers.
    pub fn text(&self) -> Option<&str> {
        match self {
            Key::Text(text) | Key::Attribute(text) | Key::State(text) | Key::Shown(text) => Some(text),
            Key::Index(_) | Key::Nth(_) => None,
        }
    }
}

/// A named array of numbers (or, in NumPy's files, of texts, records …).
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The name by which its framework knows it; text from the file, kept as it is.
    pub name: String,
    /// The keys that lead to it, outermost first; empty where the name is the only key.
    pub path: Vec<Key>,
    /// What one element is.
    pub dtype: Dtype,
    /// The order of the bytes of one element.
    pub order: ByteOrder,
    /// The size of each dimension, outermost first; empty for a scalar.
    pub shape: Vec<u64>,
    /// Where the elements lie.
    pub layout: Layout,
    /// The device that the file records: `cpu`, `cuda:0`, `mps`, `meta`.
    pub device: Option<Rc<str>>,
    /// What it is to its model, where the file tells.
    pub role: Option<Role>,
    /// Whether gradients are computed for it, where the file tells.
    pub requires_grad: Option<bool>,
    /// What few formats tell of a tensor.
    pub more: Option<Rc<More>>,
    /// What real numbers its whole numbers stand for, where the format keeps that beside the tensor and shows the whole
    /// numbers as its values (TFLite).
    pub scale: Option<Rc<Scale>>,
}

/// What few formats tell of a tensor: kept apart, so that the others do not pay for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct More {
    /// Another name: that of the variable in the program that saved it (TensorFlow).
    pub alias: Option<Rc<str>>,
    /// The CRC-32C of the bytes that the elements lie in: one, or one for each piece; none if the file has none.
    pub sums: Vec<u32>,
}

impl Tensor {
    /// A tensor that lies row-major and little-endian on no particular device.
    pub fn new(name: impl Into<String>, dtype: Dtype, shape: Vec<u64>, layout: Layout) -> Self {
        Tensor {
            name: name.into(),
            path: Vec::new(),
            dtype,
            order: ByteOrder::Little,
            shape,
            layout,
            device: None,
            role: None,
            requires_grad: None,
            more: None,
            scale: None,
        }
    }

    /// A tensor of which only the name is known, and the file that was not given.
    pub fn only_named(name: impl Into<String>, file: impl Into<String>) -> Self {
        Self::new(name, Dtype::untold(), vec![0], Layout::Absent { file: file.into() })
    }

    /// The same tensor as the real numbers that its whole numbers stand for, where it has a scale beside it.
    #[must_use]
    pub fn dequantized(&self) -> Option<Tensor> {
        let scale = (**self.scale.as_ref()?).clone();
        let codes = self.layout.clone();
        Some(Tensor { layout: Layout::Quantized(Rc::new(Quantized { codes, scale })), scale: None, ..self.clone() })
    }

    /// The runs of bytes that the elements lie in, where each is dense: as many as there are [`More::sums`].
    pub fn runs(&self) -> impl Iterator<Item = ByteRange> {
        let pieces = if let Layout::Pieces(pieces) = &self.layout { &pieces[..] } else { &[] };
        self.layout.storage().into_iter().chain(pieces.iter().map(|piece| piece.range))
    }

    /// How many elements the shape tells; saturates.
    pub fn elements(&self) -> u64 {
        element_count(&self.shape).unwrap_or(u64::MAX)
    }

    /// Bytes of one dense copy in the file's encoding, packed types rounded up; of texts what they take in the file; 0 for other
    /// types that have no fixed size. Saturates.
    pub fn bytes(&self) -> u64 {
        if let Layout::Encoded(encoded) = &self.layout {
            return encoded.stored.bytes();
        }
        if let Layout::Texts(texts) = &self.layout {
            return match &**texts {
                Texts::LengthsFirst(range) | Texts::OffsetsFirst(range) => range.len,
                Texts::Each(ranges) => ranges.iter().fold(0, |sum: u64, range| sum.saturating_add(range.len)),
            };
        }
        let bits = u128::from(self.dtype.bits().unwrap_or(0)) * u128::from(self.elements());
        u64::try_from(bits.div_ceil(8)).unwrap_or(u64::MAX)
    }
}

/// The product of a shape: 0 if any dimension is 0, 1 for a scalar, `None` beyond 2^64 - 1.
pub fn element_count(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1u64, |count, &size| count.checked_mul(size))
}

/// The index of the element at a place, row-major; the place has to be inside.
pub fn index_of(mut place: u64, shape: &[u64]) -> Vec<u64> {
    let mut index = vec![0; shape.len()];
    for (at, size) in index.iter_mut().zip(shape).rev() {
        *at = place % size;
        place /= size;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_elements_without_wrapping() {
        assert_eq!(element_count(&[]), Some(1));
        assert_eq!(element_count(&[u64::MAX, u64::MAX, 0]), Some(0));
        assert_eq!(element_count(&[1 << 32, 1 << 32]), None);
    }
}
