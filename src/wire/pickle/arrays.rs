//! NumPy's arrays inside pickles.

use super::nodes::{Global, Id, Node, Pickle, Run};
use super::{joblib, plain};
use crate::limits;
use crate::model::Value;
use std::collections::HashMap;

/// An array, as a pickle describes it.
#[derive(Debug, PartialEq)]
pub struct NumpyArray {
    /// The type.
    pub kind: NumpyType,
    /// Outermost dimension first.
    pub shape: Vec<u64>,
    /// How its elements follow each other.
    pub order: Order,
    /// Its elements.
    pub data: Data,
}

/// How the elements of a [`NumpyArray`] follow each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// The last index runs fastest.
    Rows,
    /// The first index runs fastest.
    Columns,
    /// By these strides, in elements: a view whose dimensions were exchanged, without gaps.
    Strides(Vec<u64>),
}

/// A type, as a pickle describes it.
#[derive(Clone, Debug, PartialEq)]
pub enum NumpyType {
    /// In NumPy's spelling: `<f4`, `<M8[s]`.
    Simple(String),
    /// Fields, each with its name, its type and its offset, and the bytes of the whole.
    Record(Vec<(String, NumpyType, u64)>, u64),
    /// An array of a type, which is the type of a field.
    Sub(Box<NumpyType>, Vec<u64>),
}

/// Where the elements of a [`NumpyArray`] are.
#[derive(Debug, PartialEq)]
pub enum Data {
    /// In the stream, counted from its start.
    Stream(Run),
    /// Written as text in the stream, as protocols 0 to 2 have to.
    Owned(Vec<u8>),
    /// Python objects: the list of them.
    Objects(Id),
}

impl Data {
    /// How many bytes were copied from the stream.
    pub fn copied(&self) -> usize {
        match self {
            Data::Stream(_) | Data::Objects(_) => 0,
            Data::Owned(bytes) => bytes.len(),
        }
    }
}

/// NumPy's modules that build arrays, as NumPy 1 and 2 spell them.
fn is_numpy(global: &Global, module: &str, name: &str) -> bool {
    let rest = global.module.strip_prefix("numpy.core.").or_else(|| global.module.strip_prefix("numpy._core."));
    rest == Some(module) && global.name == name
}

/// Whether a node is a call that would build an array. Costs little, whatever the array's size.
pub fn is_array(pickle: &Pickle, id: Id) -> bool {
    pickle.call(id).is_some_and(|(global, _)| {
        is_numpy(global, "multiarray", "_reconstruct")
            || is_numpy(global, "numeric", "_frombuffer")
            || is_masked(global)
    }) || joblib::state(pickle, id).is_some()
}

/// The function that builds arrays some of whose elements are masked.
fn is_masked(global: &Global) -> bool {
    global.module == "numpy.ma.core" && global.name == "_mareconstruct"
}

/// The most bytes of a scalar that is shown: a text of 40 characters.
const SCALAR: usize = 160;

/// A NumPy scalar, `numpy.float64(0.5)`, as the number or the text that it is, with the name of its type; `None` for anything
/// else, and for dates and records.
pub fn scalar(pickle: &Pickle, id: Id) -> Option<(&'static str, Value)> {
    let (global, args) = pickle.call(id)?;
    let [dtype, data] = *args else { return None };
    if !is_numpy(global, "multiarray", "scalar") {
        return None;
    }
    let NumpyType::Simple(descr) = kind(pickle, dtype, &mut 1, 0)? else { return None };
    let mut bytes = match bytes(pickle, data, SCALAR)? {
        Data::Stream(run) => pickle.kept(run)?.to_vec(),
        Data::Owned(bytes) => bytes,
        Data::Objects(_) => return None,
    };
    let kind = descr.trim_start_matches(['<', '>', '|', '=']);
    let part = match kind.as_bytes().first() {
        Some(b'c') => bytes.len() / 2,
        Some(b'U') => 4,
        _ => bytes.len(),
    };
    if descr.starts_with('>') && part > 0 {
        bytes.chunks_mut(part).for_each(<[u8]>::reverse);
    }
    number(kind, &bytes)
}

/// A little-endian number of one of NumPy's types.
fn number(kind: &str, bytes: &[u8]) -> Option<(&'static str, Value)> {
    Some(match kind {
        "b1" => ("numpy.bool", Value::Bool(u8::from_le_bytes(bytes.try_into().ok()?) != 0)),
        "i1" => ("numpy.int8", Value::Int(i8::from_le_bytes(bytes.try_into().ok()?).into())),
        "i2" => ("numpy.int16", Value::Int(i16::from_le_bytes(bytes.try_into().ok()?).into())),
        "i4" => ("numpy.int32", Value::Int(i32::from_le_bytes(bytes.try_into().ok()?).into())),
        "i8" => ("numpy.int64", Value::Int(i64::from_le_bytes(bytes.try_into().ok()?))),
        "u1" => ("numpy.uint8", Value::Int(u8::from_le_bytes(bytes.try_into().ok()?).into())),
        "u2" => ("numpy.uint16", Value::Int(u16::from_le_bytes(bytes.try_into().ok()?).into())),
        "u4" => ("numpy.uint32", Value::Int(u32::from_le_bytes(bytes.try_into().ok()?).into())),
        "u8" => {
            let number = u64::from_le_bytes(bytes.try_into().ok()?);
            ("numpy.uint64", i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int))
        }
        "f2" => ("numpy.float16", Value::Float(half(u16::from_le_bytes(bytes.try_into().ok()?)))),
        "c8" => {
            let [real, imaginary] = *bytes.as_chunks().0 else { return None };
            let (real, imaginary) = (f32::from_le_bytes(real), f32::from_le_bytes(imaginary));
            ("numpy.complex64", Value::Text(plain::complex_text(real.into(), imaginary.into())))
        }
        "c16" => {
            let [real, imaginary] = *bytes.as_chunks().0 else { return None };
            let (real, imaginary) = (f64::from_le_bytes(real), f64::from_le_bytes(imaginary));
            ("numpy.complex128", Value::Text(plain::complex_text(real, imaginary)))
        }
        "f4" => ("numpy.float32", Value::Float(f32::from_le_bytes(bytes.try_into().ok()?).into())),
        "f8" => ("numpy.float64", Value::Float(f64::from_le_bytes(bytes.try_into().ok()?))),
        _ if kind.starts_with('U') => {
            let characters = bytes.as_chunks().0.iter().map(|raw| char::from_u32(u32::from_le_bytes(*raw)));
            ("numpy.str_", Value::Text(characters.collect::<Option<String>>()?.trim_end_matches('\0').to_owned()))
        }
        _ if kind.starts_with('S') => ("numpy.bytes_", Value::Text(plain::byte_literal(bytes))),
        _ => return None,
    })
}

/// The value of a half: 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

impl NumpyArray {
    /// The array that a node is, if it is one.
    pub fn of(pickle: &Pickle, id: Id) -> Option<Self> {
        if let Some(state) = joblib::state(pickle, id) {
            let shape = joblib::field(pickle, state, "shape")?;
            let kind = kind(pickle, joblib::field(pickle, state, "dtype")?, &mut { TYPES }, 0)?;
            let order = order(pickle.text(joblib::field(pickle, state, "order")?)? == "F");
            let data = Data::Stream(*pickle.behind.get(&id)?);
            return Some(NumpyArray { kind, shape: sizes(pickle, shape)?, order, data });
        }
        let (global, args) = pickle.call(id)?;
        if is_numpy(global, "multiarray", "_reconstruct") || is_masked(global) {
            let state = pickle.sequence(pickle.object(id)?.state?)?;
            // (version, shape, dtype, is_fortran, bytes), then the mask; NumPy before 1.0 had no version.
            let [_, shape, dtype, fortran, data, ..] = *state else { return None };
            return Self::from_parts(pickle, shape, dtype, order(pickle.int(fortran)? != 0), data);
        }
        if is_numpy(global, "numeric", "_frombuffer") {
            // Newer NumPy writes a view whose dimensions were exchanged as it lies, with the axes to exchange again.
            let [data, dtype, shape, written, ref axes @ ..] = *args else { return None };
            let written = pickle.text(written)?;
            let array = Self::from_parts(pickle, shape, dtype, order(written == "F"), data)?;
            return match axes {
                [axes] if written == "K" && pickle.node(*axes) != Node::None => {
                    array.transposed(&sizes(pickle, *axes)?)
                }
                [] | [_] => Some(array),
                _ => None,
            };
        }
        None
    }

    /// This row-major array with its dimensions in another order, as `numpy.transpose` has it; `None` for anything but one.
    fn transposed(mut self, axes: &[u64]) -> Option<Self> {
        let mut inside = 1u64;
        let mut strides = vec![0; self.shape.len()];
        for (stride, size) in strides.iter_mut().zip(&self.shape).rev() {
            *stride = inside;
            inside = inside.saturating_mul(*size);
        }
        let axes: Vec<usize> = axes.iter().map(|axis| usize::try_from(*axis).ok()).collect::<Option<_>>()?;
        let whole = axes.len() == strides.len() && (0..strides.len()).all(|axis| axes.contains(&axis));
        if !whole {
            return None;
        }
        self.shape = axes.iter().map(|axis| self.shape[*axis]).collect();
        self.order = Order::Strides(axes.iter().map(|axis| strides[*axis]).collect());
        Some(self)
    }

    fn from_parts(pickle: &Pickle, shape: Id, dtype: Id, order: Order, data: Id) -> Option<Self> {
        let kind = kind(pickle, dtype, &mut { TYPES }, 0)?;
        let data = if kind.holds_objects() {
            matches!(pickle.node(data), Node::List(_)).then_some(Data::Objects(data))?
        } else {
            bytes(pickle, data, usize::MAX)?
        };
        Some(NumpyArray { kind, shape: sizes(pickle, shape)?, order, data })
    }
}

fn order(fortran: bool) -> Order {
    if fortran { Order::Columns } else { Order::Rows }
}

/// The members of a tuple of whole numbers that are not negative.
pub(super) fn sizes(pickle: &Pickle, id: Id) -> Option<Vec<u64>> {
    let sizes = pickle.sequence(id).filter(|sizes| sizes.len() <= limits::RANK)?;
    sizes.iter().map(|size| u64::try_from(pickle.int(*size)?).ok()).collect()
}

/// How deep types of records may nest.
const TYPE_DEPTH: usize = 32;

/// The most types that the type of one array is made of: a few bytes can describe fields of fields without end.
const TYPES: usize = 1 << 14;

/// The longest name of a type that is no record.
const TYPE_NAME: usize = 64;

/// `numpy.dtype('f4', False, True)` with the state `(3, '<', …)`.
///
/// It and the types in it are taken from those that are `left`.
pub(super) fn kind(pickle: &Pickle, id: Id, left: &mut usize, depth: usize) -> Option<NumpyType> {
    let (global, args) = pickle.call(id)?;
    *left = left.checked_sub(1)?;
    if global.module != "numpy" || global.name != "dtype" || depth == TYPE_DEPTH {
        return None;
    }
    // (version, order, sub-array, names, fields, size, alignment, flags, metadata)
    let state = pickle.object(id)?.state.and_then(|state| pickle.sequence(state)).unwrap_or_default();
    let given = |place: usize| state.get(place).copied().filter(|part| pickle.node(*part) != Node::None);
    if let Some([base, shape]) = given(2).and_then(|sub| pickle.sequence(sub)) {
        return Some(NumpyType::Sub(Box::new(kind(pickle, *base, left, depth + 1)?), sizes(pickle, *shape)?));
    }
    if let (Some(names), Some(fields)) = (given(3).and_then(|names| pickle.sequence(names)), given(4)) {
        let Node::Dict(fields) = pickle.node(fields) else { return None };
        let fields = pickle.children(fields).as_chunks::<2>().0;
        *left = left.checked_sub(fields.len())?;
        // Found at once: a record may have thousands.
        let by_name: HashMap<String, Id> =
            fields.iter().filter_map(|[name, about]| Some((pickle.short(*name)?, *about))).collect();
        let fields = names.iter().map(|name| {
            let name = pickle.short(*name)?;
            let [kind_of, offset, ..] = pickle.sequence(*by_name.get(&name)?)? else { return None };
            let offset = u64::try_from(pickle.int(*offset)?).ok()?;
            Some((name, kind(pickle, *kind_of, left, depth + 1)?, offset))
        });
        let size = u64::try_from(pickle.int(given(5)?)?).ok()?;
        return Some(NumpyType::Record(fields.collect::<Option<_>>()?, size));
    }
    let name = args.first().filter(|name| pickle.text_len(**name) <= TYPE_NAME).and_then(|name| pickle.text(*name))?;
    let order = given(1).filter(|order| pickle.text_len(*order) <= TYPE_NAME);
    let order = order.and_then(|order| pickle.text(order)).unwrap_or_default();
    let unit = given(8).and_then(|about| pickle.sequence(about)).and_then(|about| pickle.sequence(*about.get(1)?));
    let unit = unit.and_then(|unit| Some((pickle.short(*unit.first()?)?, pickle.int(*unit.get(1)?)?)));
    Some(NumpyType::Simple(match unit {
        Some((unit, 1)) => format!("{order}{name}[{unit}]"),
        Some((unit, step)) => format!("{order}{name}[{step}{unit}]"),
        None => format!("{order}{name}"),
    }))
}

impl NumpyType {
    // Types nest at most `TYPE_DEPTH` deep.
    /// Whether its arrays hold Python objects.
    pub(super) fn holds_objects(&self) -> bool {
        match self {
            NumpyType::Simple(descr) => descr.trim_start_matches(['<', '>', '|', '=']).starts_with('O'),
            NumpyType::Record(fields, _) => fields.iter().any(|(_, kind, _)| kind.holds_objects()),
            NumpyType::Sub(base, _) => base.holds_objects(),
        }
    }

    /// How many types it is made of.
    pub fn parts(&self) -> usize {
        match self {
            NumpyType::Simple(_) => 1,
            NumpyType::Record(fields, _) => 1 + fields.iter().map(|(_, kind, _)| kind.parts()).sum::<usize>(),
            NumpyType::Sub(base, _) => 1 + base.parts(),
        }
    }

    /// How many bytes an element takes.
    pub(super) fn width(&self) -> Option<u64> {
        match self {
            NumpyType::Simple(descr) => {
                let rest = descr.trim_start_matches(['<', '>', '|', '=']);
                let digits: String = rest.chars().skip(1).take_while(char::is_ascii_digit).collect();
                let width: u64 = digits.parse().ok()?;
                if rest.starts_with('U') { width.checked_mul(4) } else { Some(width) }
            }
            NumpyType::Record(_, size) => Some(*size),
            NumpyType::Sub(base, shape) => base.width()?.checked_mul(crate::model::element_count(shape)?),
        }
    }
}

/// Up to `most` bytes as they are, or from text by `_codecs.encode(text, 'latin1')`.
fn bytes(pickle: &Pickle, id: Id, most: usize) -> Option<Data> {
    let id = match pickle.call(id) {
        Some((global, [inner, ..])) if global.module == "builtins" && global.name == "bytearray" => *inner,
        _ => id,
    };
    match pickle.node(id) {
        Node::Bytes(start, len) | Node::Text(start, len) => {
            (len as usize <= most).then(|| Data::Stream(Run { start: pickle.place(start as usize), len: len.into() }))
        }
        Node::Far(place) => {
            let run = pickle.far[place as usize];
            (run.len <= most as u64).then_some(Data::Stream(run))
        }
        Node::Owned(place) => {
            let bytes = &pickle.texts[place as usize];
            (bytes.len() <= most).then(|| Data::Owned(bytes.clone()))
        }
        Node::Object(_) => {
            let (global, args) = pickle.call(id)?;
            match (global.module.as_str(), global.name.as_str(), args) {
                ("_codecs", "encode", [text, _]) => latin1(pickle, *text, most).map(Data::Owned),
                ("builtins", "bytes", []) => Some(Data::Owned(Vec::new())),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Up to `most` bytes, copied.
pub(super) fn some_bytes(pickle: &Pickle, id: Id, most: usize) -> Option<Vec<u8>> {
    match bytes(pickle, id, most)? {
        Data::Stream(run) => pickle.kept(run).map(<[u8]>::to_vec),
        Data::Owned(bytes) => Some(bytes),
        Data::Objects(_) => None,
    }
}

/// Whether a node stands for more than `most` bytes, as far as its length alone tells: itself, or the text that encodes it.
pub(super) fn is_long(pickle: &Pickle, id: Id, most: usize) -> bool {
    let id = match pickle.call(id) {
        Some((global, [text, _])) if global.module == "_codecs" && global.name == "encode" => *text,
        _ => id,
    };
    match pickle.node(id) {
        Node::Bytes(_, len) => len as usize > most,
        // A character takes two bytes of the stream at most.
        Node::Text(_, len) => len as usize / 2 > most,
        Node::Owned(place) => pickle.texts[place as usize].len() / 2 > most,
        Node::Far(_) => true,
        _ => false,
    }
}

/// The bytes that `_codecs.encode` would make of its arguments, up to `most`.
pub fn encoded(pickle: &Pickle, args: &[Id], most: usize) -> Option<Vec<u8>> {
    latin1(pickle, *args.first()?, most)
}

/// The bytes that a text of characters below U+0100 stands for.
fn latin1(pickle: &Pickle, text: Id, most: usize) -> Option<Vec<u8>> {
    let written = match pickle.node(text) {
        Node::Text(_, len) => len as usize,
        Node::Owned(place) => pickle.texts[place as usize].len(),
        _ => return None,
    };
    // A character takes two bytes of the stream at most.
    if written / 2 > most {
        return None;
    }
    let text = pickle.text(text)?;
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}
