//! HDF5's datatypes as types of elements.

use crate::formats::numpy::descr;
use crate::model::{BitLayout, ByteOrder, Dtype, Field, Heap, Item, Number, Record};
use crate::source::FileId;
use crate::wire::hdf5::{Class, Member, Sizes, Type};
use crate::wire::literal::Literal;
use std::rc::Rc;

/// What a datatype is here.
pub(super) struct Described {
    pub dtype: Dtype,
    pub order: ByteOrder,
    /// The shape of an element that is itself an array.
    pub shape: Vec<u64>,
    /// How its bits are to be read, where no type of number has its form.
    pub bits: Option<BitLayout>,
    /// Why it cannot be read.
    pub why: Option<String>,
}

impl Described {
    fn plain(dtype: Dtype, order: ByteOrder) -> Self {
        Described { dtype, order, shape: Vec::new(), bits: None, why: None }
    }

    fn number(number: Number, order: ByteOrder) -> Self {
        Self::plain(Dtype::Number(number), order)
    }

    fn unknown(kind: &Type, what: &str) -> Self {
        let name = format!("{what}, {} bytes", kind.size);
        let dtype = Dtype::Unknown { name: name.clone(), bits: Some(kind.size.saturating_mul(8)) };
        Described { why: Some(format!("Its type is not read here: {name}.")), ..Self::plain(dtype, ByteOrder::Little) }
    }
}

/// The file that places in a heap count in, and how wide they are there.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub file: FileId,
    pub sizes: Sizes,
}

/// What a datatype is. Types nest no deeper than they are read.
pub(super) fn describe(kind: &Type, place: Place) -> Described {
    match &kind.class {
        Class::Whole { order, signed, offset, precision } => whole(kind, *order, *signed, (*offset, *precision)),
        Class::Float { .. } => float(kind),
        Class::Text { spaces } => {
            Described::plain(Dtype::Padded { len: kind.size, spaces: *spaces }, ByteOrder::Little)
        }
        Class::Bits { order } => match sized([Number::U8, Number::U16, Number::U32, Number::U64], kind.size) {
            Some(number) => Described::number(number, *order),
            None => Described::plain(Dtype::Void { len: kind.size }, *order),
        },
        Class::Opaque { tag } => opaque(kind, tag),
        Class::Compound(members) => complex(kind, members).unwrap_or_else(|| record(kind, members, place)),
        Class::Reference => {
            let why = "References to other objects are not followed.".to_owned();
            Described { why: Some(why), ..Described::plain(Dtype::Object, ByteOrder::Little) }
        }
        Class::Enum { base, .. } if kind.is_truth() => {
            Described { dtype: Dtype::Number(Number::Bool), ..describe(base, place) }
        }
        Class::Enum { base, .. } => describe(base, place),
        Class::AnyText => Described::plain(heap(Item::Text, place), ByteOrder::Little),
        Class::List(base) => {
            let Described { dtype, order, shape, bits, why } = describe(base, place);
            match (shape.is_empty() && bits.is_none(), why) {
                (true, None) => Described::plain(heap(Item::List(dtype, order), place), ByteOrder::Little),
                _ => Described::unknown(kind, "list of a type that is not read in lists"),
            }
        }
        Class::Array { shape, base } => {
            let mut inner = describe(base, place);
            inner.shape.splice(0..0, shape.iter().copied());
            inner
        }
        Class::Complex(base) => match parts(base) {
            Some((number, order)) => Described::number(number, order),
            None => Described::unknown(kind, "complex number"),
        },
        Class::Time => Described::unknown(kind, "time"),
    }
}

fn heap(item: Item, place: Place) -> Dtype {
    let Sizes { offset, length } = place.sizes;
    Dtype::Heap(Rc::new(Heap { file: place.file, offset_size: offset, length_size: length, item }))
}

/// The one of 1, 2, 4 or 8 bytes.
fn sized(numbers: [Number; 4], size: u64) -> Option<Number> {
    numbers.into_iter().find(|number| number.bits() == size.saturating_mul(8))
}

fn whole(kind: &Type, order: ByteOrder, signed: bool, (offset, precision): (u16, u16)) -> Described {
    let numbers = if signed {
        [Number::I8, Number::I16, Number::I32, Number::I64]
    } else {
        [Number::U8, Number::U16, Number::U32, Number::U64]
    };
    let bits = kind.size.saturating_mul(8);
    let Some(number) = numbers.into_iter().find(|number| number.bits() >= bits) else {
        return Described::unknown(kind, "whole number");
    };
    if number.bits() == bits && u64::from(precision) == bits {
        return Described::number(number, order);
    }
    let bits = BitLayout::Whole { order, offset, precision, signed };
    Described { bits: Some(bits), ..Described::number(number, ByteOrder::Little) }
}

fn float(kind: &Type) -> Described {
    let Class::Float { order, sign, exponent, fraction, bias, implied, .. } = &kind.class else {
        return Described::unknown(kind, "float");
    };
    let Some(order) = *order else { return Described::unknown(kind, "float of a VAX") };
    if let Some(number) = ieee(kind) {
        return Described::number(number, order);
    }
    // x87's 80 bits, as Linux stores them.
    let x87 = (*sign, *exponent, *fraction, *bias) == (79, (64, 15), (0, 64), 16_383);
    if x87 && kind.size == 16 && order == ByteOrder::Little {
        return Described::number(Number::F80, order);
    }
    // The narrowest type that holds all its values.
    let number = match (exponent.1, fraction.1) {
        (..=8, ..=23) => Number::F32,
        (..=11, ..=52) => Number::F64,
        _ => return Described::unknown(kind, "float"),
    };
    let (sign, exponent, fraction, bias, implied) = (*sign, *exponent, *fraction, *bias, *implied);
    let layout = BitLayout::Float { order, sign, exponent, fraction, bias, implied };
    Described { bits: Some(layout), ..Described::number(number, ByteOrder::Little) }
}

/// The number that a float of IEEE 754 is.
fn ieee(kind: &Type) -> Option<Number> {
    match (kind.is_ieee(), kind.size) {
        (true, 2) => Some(Number::F16),
        (true, 4) => Some(Number::F32),
        (true, 8) => Some(Number::F64),
        _ => None,
    }
}

/// The complex number whose parts are of this type.
fn parts(base: &Type) -> Option<(Number, ByteOrder)> {
    let Class::Float { order: Some(order), .. } = base.class else { return None };
    let number = match ieee(base)? {
        Number::F16 => Number::C32,
        Number::F32 => Number::C64,
        _ => Number::C128,
    };
    Some((number, order))
}

/// A complex number, of a compound of what h5py calls `r` and `i`.
fn complex(kind: &Type, members: &[Member]) -> Option<Described> {
    let [real, imaginary] = members else { return None };
    if (real.name.as_str(), imaginary.name.as_str()) != ("r", "i") || real.kind != imaginary.kind {
        return None;
    }
    let (number, order) = parts(&real.kind)?;
    let described = Described::number(number, order);
    if (real.offset, imaginary.offset) == (0, real.kind.size) && kind.size == 2 * real.kind.size {
        return Some(described);
    }
    let at = [real.offset, imaginary.offset];
    let bits = BitLayout::Parts { number: ieee(&real.kind)?, order, at };
    Some(Described { order: ByteOrder::Little, bits: Some(bits), ..described })
}

fn record(kind: &Type, members: &[Member], place: Place) -> Described {
    let fields = members.iter().map(|member| {
        let Described { mut dtype, order, mut shape, bits, why } = describe(&member.kind, place);
        if bits.is_some() || why.is_some() {
            // Shown as the bytes that it takes.
            (dtype, shape) = (Dtype::Void { len: member.kind.size }, Vec::new());
        }
        if let Dtype::Padded { len, .. } = dtype {
            // As h5py gives it.
            dtype = Dtype::Bytes { len };
        }
        Field { name: member.name.clone(), dtype, shape, order, offset: member.offset }
    });
    let record = Record { fields: fields.collect(), size: kind.size };
    Described::plain(Dtype::Record(Rc::new(record)), ByteOrder::Little)
}

/// Bytes; h5py tells in the tag what NumPy takes them for.
fn opaque(kind: &Type, tag: &str) -> Described {
    let numpy = tag.strip_prefix("NUMPY:").and_then(|name| descr::parse(&Literal::Text(name.to_owned())).ok());
    match numpy {
        Some((dtype, order)) if dtype.bits() == Some(kind.size.saturating_mul(8)) => Described::plain(dtype, order),
        _ => Described::plain(Dtype::Void { len: kind.size }, ByteOrder::Little),
    }
}
