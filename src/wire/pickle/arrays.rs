//! NumPy's arrays inside pickles.

use super::nodes::{Global, Id, Node, Pickle};
use crate::limits;
use crate::model::Value;

/// An array, as a pickle describes it.
#[derive(Debug, PartialEq)]
pub struct NumpyArray {
    /// The type in NumPy's spelling: `<f4`.
    pub descr: String,
    /// Outermost dimension first.
    pub shape: Vec<u64>,
    /// Whether the first index runs fastest.
    pub fortran: bool,
    /// Its elements.
    pub data: Data,
}

/// Where the elements of a [`NumpyArray`] are.
#[derive(Debug, PartialEq)]
pub enum Data {
    /// In the stream: the first byte, and how many.
    Stream(u32, u32),
    /// Written as text in the stream, as protocols 0 to 2 have to.
    Owned(Vec<u8>),
}

impl Data {
    /// How many bytes were copied from the stream.
    pub fn copied(&self) -> usize {
        match self {
            Data::Stream(..) => 0,
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
pub fn is_array(pickle: &Pickle<'_>, id: Id) -> bool {
    pickle.call(id).is_some_and(|(global, _)| {
        is_numpy(global, "multiarray", "_reconstruct") || is_numpy(global, "numeric", "_frombuffer")
    })
}

/// A NumPy scalar of 64 bits or fewer, `numpy.float64(0.5)`, as the number that it is; `None` for anything else.
pub fn scalar(pickle: &Pickle<'_>, id: Id) -> Option<Value> {
    let (global, args) = pickle.call(id)?;
    let [dtype, data] = *args else { return None };
    if !is_numpy(global, "multiarray", "scalar") {
        return None;
    }
    let descr = descr(pickle, dtype)?;
    let mut bytes = match bytes(pickle, data, 8)? {
        Data::Stream(start, len) => pickle.span(start, len).to_vec(),
        Data::Owned(bytes) => bytes,
    };
    if descr.starts_with('>') {
        bytes.reverse();
    }
    number(descr.trim_start_matches(['<', '>', '|', '=']), &bytes)
}

/// A little-endian number of one of NumPy's types.
fn number(kind: &str, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        "b1" => Value::Bool(u8::from_le_bytes(bytes.try_into().ok()?) != 0),
        "i1" => Value::Int(i8::from_le_bytes(bytes.try_into().ok()?).into()),
        "i2" => Value::Int(i16::from_le_bytes(bytes.try_into().ok()?).into()),
        "i4" => Value::Int(i32::from_le_bytes(bytes.try_into().ok()?).into()),
        "i8" => Value::Int(i64::from_le_bytes(bytes.try_into().ok()?)),
        "u1" => Value::Int(u8::from_le_bytes(bytes.try_into().ok()?).into()),
        "u2" => Value::Int(u16::from_le_bytes(bytes.try_into().ok()?).into()),
        "u4" => Value::Int(u32::from_le_bytes(bytes.try_into().ok()?).into()),
        "u8" => {
            let number = u64::from_le_bytes(bytes.try_into().ok()?);
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
        }
        "f4" => Value::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        "f8" => Value::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        _ => return None,
    })
}

impl NumpyArray {
    /// The array that a node is, if it is one.
    pub fn of(pickle: &Pickle<'_>, id: Id) -> Option<Self> {
        let (global, args) = pickle.call(id)?;
        if is_numpy(global, "multiarray", "_reconstruct") {
            let state = pickle.sequence(pickle.object(id)?.state?)?;
            // (version, shape, dtype, is_fortran, bytes); NumPy before 1.0 had no version.
            let [_, shape, dtype, fortran, data] = *state else { return None };
            return Self::from_parts(pickle, shape, dtype, pickle.int(fortran)? != 0, data);
        }
        if is_numpy(global, "numeric", "_frombuffer") {
            let [data, dtype, shape, order] = *args else { return None };
            return Self::from_parts(pickle, shape, dtype, pickle.text(order)? == "F", data);
        }
        None
    }

    fn from_parts(pickle: &Pickle<'_>, shape: Id, dtype: Id, fortran: bool, data: Id) -> Option<Self> {
        let shape = pickle
            .sequence(shape)
            .filter(|shape| shape.len() <= limits::RANK)?
            .iter()
            .map(|size| u64::try_from(pickle.int(*size)?).ok());
        Some(NumpyArray {
            descr: descr(pickle, dtype)?,
            shape: shape.collect::<Option<_>>()?,
            fortran,
            data: bytes(pickle, data, usize::MAX)?,
        })
    }
}

/// `numpy.dtype('f4', False, True)` with the state `(3, '<', …)`.
fn descr(pickle: &Pickle<'_>, id: Id) -> Option<String> {
    let (global, args) = pickle.call(id)?;
    if global.module != "numpy" || global.name != "dtype" {
        return None;
    }
    let name = pickle.text(*args.first()?)?;
    let state = pickle.object(id)?.state.and_then(|state| pickle.sequence(state)).unwrap_or_default();
    let order = state.get(1).and_then(|order| pickle.text(*order)).unwrap_or_default();
    // Records have their fields in the state; their name is only a width.
    let fields = state.get(4).is_some_and(|fields| pickle.node(*fields) != Node::None);
    (!fields).then(|| format!("{order}{name}"))
}

/// Up to `most` bytes as they are, or from text by `_codecs.encode(text, 'latin1')`.
fn bytes(pickle: &Pickle<'_>, id: Id, most: usize) -> Option<Data> {
    let id = match pickle.call(id) {
        Some((global, [inner, ..])) if global.module == "builtins" && global.name == "bytearray" => *inner,
        _ => id,
    };
    match pickle.node(id) {
        Node::Bytes(start, len) | Node::Text(start, len) => (len as usize <= most).then_some(Data::Stream(start, len)),
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

/// The bytes that a text of characters below U+0100 stands for.
fn latin1(pickle: &Pickle<'_>, text: Id, most: usize) -> Option<Vec<u8>> {
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
