//! NumPy's arrays inside pickles.

use super::nodes::{Global, Id, Node, Pickle};

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

/// NumPy's modules that build arrays, as NumPy 1 and 2 spell them.
fn is_numpy(global: &Global, module: &str, name: &str) -> bool {
    let rest = global.module.strip_prefix("numpy.core.").or_else(|| global.module.strip_prefix("numpy._core."));
    rest == Some(module) && global.name == name
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
        let shape = pickle.sequence(shape)?.iter().map(|size| u64::try_from(pickle.int(*size)?).ok());
        Some(NumpyArray {
            descr: descr(pickle, dtype)?,
            shape: shape.collect::<Option<_>>()?,
            fortran,
            data: bytes(pickle, data)?,
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

/// Bytes as they are, or from text by `_codecs.encode(text, 'latin1')`.
fn bytes(pickle: &Pickle<'_>, id: Id) -> Option<Data> {
    match pickle.node(id) {
        Node::Bytes(start, len) | Node::Text(start, len) => Some(Data::Stream(start, len)),
        Node::Object(_) => {
            let (global, args) = pickle.call(id)?;
            match (global.module.as_str(), global.name.as_str(), args) {
                ("_codecs", "encode", [text, _]) => {
                    let text = pickle.text(*text)?;
                    let bytes = text.chars().map(|character| u8::try_from(u32::from(character)).ok());
                    bytes.collect::<Option<_>>().map(Data::Owned)
                }
                ("builtins", "bytearray" | "bytes", [inner]) => bytes(pickle, *inner),
                ("builtins", "bytes", []) => Some(Data::Owned(Vec::new())),
                _ => None,
            }
        }
        _ => None,
    }
}
