//! Element types.

use crate::source::FileId;
use std::rc::Rc;

/// The order of the bytes of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// What one element is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// A number: these have statistics.
    Number(Number),
    /// UTF-32 text of a fixed length, padded with NUL (NumPy `<U6`).
    Text {
        /// Characters, four bytes each.
        chars: u64,
    },
    /// Bytes of a fixed length, padded with NUL (NumPy `|S5`).
    Bytes {
        /// Bytes.
        len: u64,
    },
    /// UTF-8 text of at most so many bytes, padded with NULs or with spaces (HDF5's strings of a fixed length).
    Padded {
        /// Bytes.
        len: u64,
        /// Whether spaces at its end are padding, too.
        spaces: bool,
    },
    /// Text, or bytes that are none, of any length: [`super::Layout::Texts`] tells where.
    Strings {
        /// Whether it is text.
        text: bool,
    },
    /// A place in a heap of the file, where what the element is has any length (HDF5).
    Heap(Rc<Heap>),
    /// Bytes without a meaning that the file tells (NumPy `|V3`; also what NumPy makes of bfloat16).
    Void {
        /// Bytes.
        len: u64,
    },
    /// NumPy `datetime64` or, if `span`, `timedelta64`: an `i64` count of units, the smallest one meaning "not a time".
    Time {
        /// Whether it is a span between two times.
        span: bool,
        /// How many of `unit` one count is: 1, or 25 in `<M8[25s]`.
        step: u64,
        /// NumPy's name of the unit: `s`, `ms`, `D` …; empty for a generic one.
        unit: String,
    },
    /// Python objects, stored as a pickle: never read.
    Object,
    /// Several fields side by side (NumPy's structured types).
    Record(Rc<Record>),
    /// A type that this crate does not know.
    Unknown {
        /// As the file spells it.
        name: String,
        /// Bits an element, if the file tells.
        bits: Option<u64>,
    },
}

/// What elements of any length are, and how they are found (HDF5's variable-length types): a 32-bit count, the address of a
/// global heap collection and a 32-bit index in it, all little-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heap {
    /// The file, or the view into one, that addresses count in.
    pub file: FileId,
    /// Bytes of an address: 2, 4 or 8.
    pub offset_size: u8,
    /// Bytes of a length: 2, 4 or 8.
    pub length_size: u8,
    /// What is found there.
    pub item: Item,
}

/// What stands in a heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Text.
    Text,
    /// A list of elements of this type.
    List(Dtype, ByteOrder),
}

/// The fields of a structured type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// In the order of the file; padding is left out.
    pub fields: Vec<Field>,
    /// Bytes an element takes, padding included.
    pub size: u64,
}

/// One field of a [`Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds; its values lie in row-major order.
    pub dtype: Dtype,
    /// The shape of a field that is itself an array; empty for a single value.
    pub shape: Vec<u64>,
    /// The order of the bytes of one value.
    pub order: ByteOrder,
    /// Bytes from the start of the record.
    pub offset: u64,
}

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// False or true.
    Bool,
    /// Unsigned whole number.
    Unsigned,
    /// Signed whole number, two's complement.
    Signed,
    /// Floating point.
    Float,
    /// Two floating point numbers, real part first.
    Complex,
}

/// The types of numbers.
#[expect(missing_docs, reason = "NUMBERS tells each one's name, width and class")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    Bf16,
    F32,
    F64,
    F80,
    C32,
    Bc32,
    C64,
    C128,
    F8E4m3fn,
    F8E4m3fnuz,
    F8E5m2,
    F8E5m2fnuz,
    F8E8m0fnu,
    F6E2m3fn,
    F6E3m2fn,
    F4E2m1fn,
    F4E2m1fnX2,
    Qi8,
    Qu8,
    Qi32,
    Qu4,
    Qu2,
    I4,
    U4,
    I2,
    U2,
}

/// The facts about one type of number.
#[derive(Clone, Copy, Debug)]
pub struct NumberFacts {
    /// The type.
    pub number: Number,
    /// Its name in the report and on the page.
    pub name: &'static str,
    /// Bits an element takes in the file. Types below 8 bits are packed, the first element in the low bits.
    pub bits: u64,
    /// What kind of number it is.
    pub class: Class,
}

const fn facts(number: Number, name: &'static str, bits: u64, class: Class) -> NumberFacts {
    NumberFacts { number, name, bits, class }
}

/// All types of numbers, in the order of [`Number`].
pub const NUMBERS: [NumberFacts; 36] = [
    facts(Number::Bool, "bool", 8, Class::Bool),
    facts(Number::U8, "u8", 8, Class::Unsigned),
    facts(Number::I8, "i8", 8, Class::Signed),
    facts(Number::U16, "u16", 16, Class::Unsigned),
    facts(Number::I16, "i16", 16, Class::Signed),
    facts(Number::U32, "u32", 32, Class::Unsigned),
    facts(Number::I32, "i32", 32, Class::Signed),
    facts(Number::U64, "u64", 64, Class::Unsigned),
    facts(Number::I64, "i64", 64, Class::Signed),
    facts(Number::F16, "f16", 16, Class::Float),
    facts(Number::Bf16, "bf16", 16, Class::Float),
    facts(Number::F32, "f32", 32, Class::Float),
    facts(Number::F64, "f64", 64, Class::Float),
    // x87's 80 bits, stored in 16 bytes: `long double` of x86-64 Linux.
    facts(Number::F80, "f80", 128, Class::Float),
    facts(Number::C32, "c32", 32, Class::Complex),
    facts(Number::Bc32, "bc32", 32, Class::Complex),
    facts(Number::C64, "c64", 64, Class::Complex),
    facts(Number::C128, "c128", 128, Class::Complex),
    facts(Number::F8E4m3fn, "f8_e4m3fn", 8, Class::Float),
    facts(Number::F8E4m3fnuz, "f8_e4m3fnuz", 8, Class::Float),
    facts(Number::F8E5m2, "f8_e5m2", 8, Class::Float),
    facts(Number::F8E5m2fnuz, "f8_e5m2fnuz", 8, Class::Float),
    facts(Number::F8E8m0fnu, "f8_e8m0fnu", 8, Class::Float),
    facts(Number::F6E2m3fn, "f6_e2m3fn", 6, Class::Float),
    facts(Number::F6E3m2fn, "f6_e3m2fn", 6, Class::Float),
    facts(Number::F4E2m1fn, "f4_e2m1fn", 4, Class::Float),
    // PyTorch's shell type: two 4-bit floats a byte which PyTorch itself only shows as the byte.
    facts(Number::F4E2m1fnX2, "f4_e2m1fn_x2", 8, Class::Unsigned),
    // PyTorch's quantised types: codes that stand for real numbers by a scale of the tensor's own.
    facts(Number::Qi8, "qi8", 8, Class::Signed),
    facts(Number::Qu8, "qu8", 8, Class::Unsigned),
    facts(Number::Qi32, "qi32", 32, Class::Signed),
    facts(Number::Qu4, "qu4", 4, Class::Unsigned),
    facts(Number::Qu2, "qu2", 2, Class::Unsigned),
    // TFLite's and TensorFlow's.
    facts(Number::I4, "i4", 4, Class::Signed),
    facts(Number::U4, "u4", 4, Class::Unsigned),
    facts(Number::I2, "i2", 2, Class::Signed),
    facts(Number::U2, "u2", 2, Class::Unsigned),
];

impl Number {
    /// What [`NUMBERS`] says of it.
    pub fn facts(self) -> &'static NumberFacts {
        &NUMBERS[self as usize]
    }

    /// Bits an element takes in the file.
    pub fn bits(self) -> u64 {
        self.facts().bits
    }

    /// What kind of number it is.
    pub fn class(self) -> Class {
        self.facts().class
    }
}

impl Dtype {
    /// The type of a tensor of which the file tells none.
    pub fn untold() -> Self {
        Dtype::Unknown { name: "unknown".to_owned(), bits: None }
    }

    /// The name in the report and on the page: `f32`, `str`, `struct` …; an unknown type's is as the file spells it.
    pub fn name(&self) -> &str {
        match self {
            Dtype::Number(number) => number.facts().name,
            Dtype::Text { .. } | Dtype::Padded { .. } | Dtype::Strings { text: true } => "str",
            Dtype::Bytes { .. } | Dtype::Strings { text: false } => "bytes",
            Dtype::Heap(heap) if heap.item == Item::Text => "str",
            Dtype::Void { .. } => "void",
            Dtype::Time { span: false, .. } => "datetime64",
            Dtype::Time { span: true, .. } => "timedelta64",
            Dtype::Object | Dtype::Heap(_) => "object",
            Dtype::Record(_) => "struct",
            Dtype::Unknown { name, .. } => name,
        }
    }

    /// Bits an element takes in the file; `None` if the file does not tell. Saturates.
    pub fn bits(&self) -> Option<u64> {
        match self {
            Dtype::Number(number) => Some(number.bits()),
            Dtype::Text { chars } => Some(chars.saturating_mul(32)),
            Dtype::Bytes { len } | Dtype::Padded { len, .. } | Dtype::Void { len } => Some(len.saturating_mul(8)),
            Dtype::Time { .. } => Some(64),
            Dtype::Heap(heap) => Some(64 + 8 * u64::from(heap.offset_size)),
            Dtype::Object | Dtype::Strings { .. } => None,
            Dtype::Record(record) => Some(record.size.saturating_mul(8)),
            Dtype::Unknown { bits, .. } => *bits,
        }
    }

    /// The number type, for those that have statistics.
    pub fn number(&self) -> Option<Number> {
        match self {
            Dtype::Number(number) => Some(*number),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, facts) in NUMBERS.iter().enumerate() {
            assert_eq!(facts.number as usize, index, "{}", facts.name);
        }
    }
}
