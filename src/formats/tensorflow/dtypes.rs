//! TensorFlow's element types. Source: `tensorflow/core/framework/types.proto`.

use crate::model::{BitLayout, ByteOrder, ByteRange, Dtype, Encoded, Layout, Number, Tensor};
use std::rc::Rc;

/// What elements of a type are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) enum Element {
    /// Numbers as they are.
    Number(Number),
    /// Whole numbers of so few bits, each in a byte of its own.
    Few {
        /// How many bits.
        bits: u16,
        /// Whether the highest one is a sign.
        signed: bool,
    },
    /// Texts, or bytes.
    Strings,
    /// Numbers of a byte which this crate does not know.
    Byte,
    /// No numbers: handles of resources, and objects of other kinds.
    Other,
}

/// One type.
#[derive(Clone, Copy, Debug)]
pub(in crate::formats) struct Type {
    /// TensorFlow's name of it.
    pub name: &'static str,
    /// What its elements are.
    pub element: Element,
}

/// The types by their number in the enumeration, from 1 on.
const TYPES: [(&str, Element); 33] = [
    ("float32", Element::Number(Number::F32)),
    ("float64", Element::Number(Number::F64)),
    ("int32", Element::Number(Number::I32)),
    ("uint8", Element::Number(Number::U8)),
    ("int16", Element::Number(Number::I16)),
    ("int8", Element::Number(Number::I8)),
    ("string", Element::Strings),
    ("complex64", Element::Number(Number::C64)),
    ("int64", Element::Number(Number::I64)),
    ("bool", Element::Number(Number::Bool)),
    // Quantised numbers are shown as they are stored: what they stand for is in other tensors.
    ("qint8", Element::Number(Number::I8)),
    ("quint8", Element::Number(Number::U8)),
    ("qint32", Element::Number(Number::I32)),
    ("bfloat16", Element::Number(Number::Bf16)),
    ("qint16", Element::Number(Number::I16)),
    ("quint16", Element::Number(Number::U16)),
    ("uint16", Element::Number(Number::U16)),
    ("complex128", Element::Number(Number::C128)),
    ("float16", Element::Number(Number::F16)),
    ("resource", Element::Other),
    ("variant", Element::Other),
    ("uint32", Element::Number(Number::U32)),
    ("uint64", Element::Number(Number::U64)),
    ("float8_e5m2", Element::Number(Number::F8E5m2)),
    ("float8_e4m3fn", Element::Number(Number::F8E4m3fn)),
    ("float8_e4m3fnuz", Element::Number(Number::F8E4m3fnuz)),
    ("float8_e4m3b11fnuz", Element::Byte),
    ("float8_e5m2fnuz", Element::Number(Number::F8E5m2fnuz)),
    ("int4", Element::Few { bits: 4, signed: true }),
    ("uint4", Element::Few { bits: 4, signed: false }),
    ("int2", Element::Few { bits: 2, signed: true }),
    ("uint2", Element::Few { bits: 2, signed: false }),
    ("float4_e2m1fn", Element::Byte),
];

/// What is added to the number of a type for references to such: TensorFlow 1's variables.
const REFERENCE: u64 = 100;

/// The type of this number.
pub(in crate::formats) fn by_number(number: u64) -> Option<Type> {
    let number = if number > REFERENCE { number - REFERENCE } else { number };
    let (name, element) = *TYPES.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
    Some(Type { name, element })
}

/// The number of the type that is written so in the text form: `DT_FLOAT`, `DT_INT8_REF`.
pub(in crate::formats) fn by_word(word: &str) -> Option<u64> {
    let (word, reference) = word.strip_suffix("_REF").map_or((word, 0), |word| (word, REFERENCE));
    let name = match word.strip_prefix("DT_")? {
        "FLOAT" => "float32".to_owned(),
        "DOUBLE" => "float64".to_owned(),
        "HALF" => "float16".to_owned(),
        other => other.to_ascii_lowercase(),
    };
    Some(TYPES.iter().position(|(known, _)| *known == name)? as u64 + 1 + reference)
}

/// The name of the type of this number, whether it is known or not.
pub(in crate::formats) fn name(number: u64) -> String {
    by_number(number).map_or_else(|| format!("type {number}"), |known| known.name.to_owned())
}

/// What elements of the type of this number are on the page; `text` tells strings from bytes.
pub(in crate::formats) fn dtype(number: u64, text: bool) -> Dtype {
    let unknown = || Dtype::Unknown { name: name(number), bits: None };
    by_number(number).map_or_else(unknown, |known| known.dtype(text))
}

impl Type {
    /// What an element is on the page.
    pub fn dtype(self, text: bool) -> Dtype {
        match self.element {
            Element::Number(number) => Dtype::Number(number),
            Element::Few { signed, .. } => Dtype::Number(if signed { Number::I8 } else { Number::U8 }),
            Element::Strings => Dtype::Strings { text },
            Element::Byte => Dtype::Unknown { name: self.name.to_owned(), bits: Some(8) },
            Element::Other => Dtype::Unknown { name: self.name.to_owned(), bits: None },
        }
    }

    /// Bytes of an element, where all have as many.
    pub fn bytes(self) -> Option<u64> {
        self.dtype(false).bits().map(|bits| bits / 8)
    }

    /// The layout of elements that lie in a row, one after the other.
    pub fn dense(self, shape: &[u64], range: ByteRange) -> Layout {
        let Element::Few { bits, signed } = self.element else { return Layout::Dense(range) };
        let stored = Tensor::new("", Dtype::Void { len: 1 }, shape.to_vec(), Layout::Dense(range));
        let bits = BitLayout::Whole { order: ByteOrder::Little, offset: 0, precision: bits, signed };
        Layout::Encoded(Rc::new(Encoded { stored, bits }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enumeration() {
        for (number, name) in [(1, "float32"), (14, "bfloat16"), (19, "float16"), (23, "uint64"), (33, "float4_e2m1fn")]
        {
            assert_eq!(by_number(number).unwrap().name, name);
            assert_eq!(by_number(number + REFERENCE).unwrap().name, name);
        }
        assert!([0, 34, 100, 134, u64::MAX].into_iter().all(|number| by_number(number).is_none()));
        assert_eq!(name(77), "type 77");
        let words = ["DT_FLOAT", "DT_HALF", "DT_DOUBLE_REF", "DT_FLOAT8_E4M3FN", "DT_NONE", "float32"];
        assert_eq!(words.map(by_word), [Some(1), Some(19), Some(102), Some(25), None, None]);
    }
}
