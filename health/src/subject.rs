use serde::{Deserialize, Serialize};

/// What the headers tell of a checkpoint, as far as a rule needs it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Patient {
    /// In the order of the file.
    pub subjects: Vec<Subject>,
    /// Which parameters an optimizer lists by number.
    pub listed: Vec<Listed>,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name; text from the file.
    pub name: String,
    /// Outermost dimension first.
    pub shape: Vec<u64>,
    /// What its elements are.
    pub element: Element,
    /// What it is to its model.
    pub part: Part,
    /// The first tensor that shows the very same stored elements under another name.
    pub tied: Option<usize>,
    /// Of an optimizer's tensor whose parameter has a number: which optimizer, an index of [`Patient::listed`], and the number.
    pub parameter: Option<(usize, i64)>,
}

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Element {
    /// Floating point numbers.
    Float {
        /// Bits of one.
        bits: u32,
        /// Whether there are some beyond the range of float16.
        wide: bool,
    },
    /// Whole numbers, also those that stand for others.
    Whole,
    /// Anything else; of complex numbers a [`Vital`] is of their moduli.
    Other,
}

/// What a tensor is to its model, as far as the file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Trained, or not told.
    Model,
    /// Kept beside the trained ones.
    Buffer,
    /// An optimizer's.
    Optimizer,
}

/// The parameters that an optimizer lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Their numbers, sorted.
    pub numbers: Vec<i64>,
}

impl Subject {
    /// Bits of one element, of floats.
    pub(crate) fn element_bits(&self) -> Option<(u32, bool)> {
        match self.element {
            Element::Float { bits, wide } => Some((bits, wide)),
            Element::Whole | Element::Other => None,
        }
    }
}
