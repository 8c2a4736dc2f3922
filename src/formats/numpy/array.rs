//! One array: its header, and where its elements lie.

use super::{descr, objects, shape};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteOrder, ByteRange, Checkpoint, Dtype, Layout, Note, Tensor, element_count};
use crate::source::{FileId, Pages, ReadAt, read_vec};
use crate::wire::literal::{self, Literal};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// What the header says.
struct Header {
    dtype: Dtype,
    order: ByteOrder,
    fortran: bool,
    shape: Vec<u64>,
    /// The first byte of the elements.
    data: u64,
}

/// Adds the array that the file `id` holds to the checkpoint, under this name.
///
/// # Errors
///
/// `Malformed`, with the offset, if the header is damaged or not one element is there.
pub(super) fn add(checkpoint: &mut Checkpoint, id: FileId, name: &str) -> Result<()> {
    let source = checkpoint.files.get(id).source.clone();
    let header = read_header(&*source)?;
    let left = source.size() - header.data;
    if header.dtype == Dtype::Object {
        return objects::add(checkpoint, id, name, header.data, header.shape);
    }
    let place = if name.is_empty() { checkpoint.files.get(id).name.clone() } else { name.to_owned() };
    let mut tensor = Tensor::new(name, header.dtype, header.shape, Layout::Unreadable { why: String::new() });
    tensor.order = header.order;
    let elements = element_count(&tensor.shape)
        .ok_or_else(|| Error::malformed("The shape in the header has more elements than can be counted."))?;
    let bits = u128::from(tensor.dtype.bits().unwrap_or(0));
    let needed = bits * u128::from(elements) / 8;
    if bits == 0 && elements > 0 {
        let message = "The header's descr is a type of no bytes; there is nothing to show of its elements.";
        checkpoint.note(Note::warning(message).about(&place));
    }
    let missing = needed.saturating_sub(u128::from(left));
    if missing > 0 && u128::from(left) * 8 < bits.max(1) {
        return Err(Error::malformed(format!(
            "The header tells of {needed} bytes of data, {left} are there; the file may not have been copied or downloaded whole."
        ))
        .at(header.data));
    }
    if missing > 0 {
        let why = format!(
            "{missing} of its {needed} bytes of data are missing; the file may not have been copied or downloaded whole."
        );
        checkpoint.note(Note::warning(format!("The array is cut off: {why}")).about(&place));
        tensor.layout = Layout::Unreadable { why };
    } else {
        let len = u64::try_from(needed).expect("no more than what is left");
        let range = ByteRange { file: id, offset: header.data, len };
        tensor.layout = if header.fortran && tensor.shape.len() > 1 {
            let strides = shape::column_major(&tensor.shape);
            Layout::Strided { storage: range, start: 0, strides, conjugated: false, negated: false }
        } else {
            Layout::Dense(range)
        };
        if left > len {
            checkpoint
                .note(Note::warning(format!("{} bytes after the array belong to nothing.", left - len)).about(&place));
        }
    }
    checkpoint.tensors.push(tensor);
    Ok(())
}

fn read_header(source: &dyn ReadAt) -> Result<Header> {
    let cut = |at: u64| {
        Error::malformed(format!(
            "The file ends at byte {}, inside its header; it may not have been copied or downloaded whole.",
            source.size()
        ))
        .at(at)
    };
    let pages = Pages::new(source);
    let start = read_vec(&pages, 0, source.size().min(12))?;
    if !start.starts_with(MAGIC) {
        return Err(Error::malformed(
            "The file does not begin with the magic of a NumPy array, or is cut off inside it.",
        )
        .at(0));
    }
    let (Some(&major), Some(&minor)) = (start.get(6), start.get(7)) else { return Err(cut(6)) };
    if !(1..=3).contains(&major) || minor != 0 {
        return Err(Error::unsupported(format!(
            "The array is of version {major}.{minor}; versions 1.0, 2.0 and 3.0 are read."
        ))
        .at(6));
    }
    let (width, at) = if major == 1 { (2, 10) } else { (4, 12) };
    let length = start.get(8..8 + width).ok_or_else(|| cut(8))?;
    let length = length.iter().rev().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
    if at + length > source.size() {
        return Err(Error::malformed(format!(
            "The header is said to be {length} bytes long, but the file ends at byte {}; it may not have been copied or downloaded whole.",
            source.size()
        ))
        .at(8));
    }
    if length > limits::NPY_HEADER {
        let cap = limits::NPY_HEADER;
        return Err(Error::too_large(format!("The header is {length} bytes long, at most {cap} are read.")).at(8));
    }
    let bytes = read_vec(&pages, at, length)?;
    let text = if major == 3 {
        String::from_utf8(bytes).map_err(|_| Error::malformed("The header is not UTF-8 text.").at(at))?
    } else {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    };
    parse_header(&text, at + length).map_err(|error| error.at(at))
}

/// The keys of the header.
const NAMES: [&str; 3] = ["descr", "fortran_order", "shape"];

fn parse_header(text: &str, data: u64) -> Result<Header> {
    let literal = literal::parse(text).map_err(|(what, _)| {
        Error::malformed(format!("The header is not a dictionary of Python literals: {what}{}.", field_hint(text)))
    })?;
    let Literal::Dict(pairs) = literal else {
        return Err(Error::malformed("The header is not a dictionary."));
    };
    let mut fields: [Option<Literal>; 3] = [None, None, None];
    for (key, value) in pairs {
        let place = NAMES.iter().position(|name| key == Literal::Text((*name).to_owned()));
        let Some(place) = place else {
            return Err(Error::malformed(format!("The header has a key that is none of {}.", NAMES.join(", "))));
        };
        if fields[place].replace(value).is_some() {
            return Err(Error::malformed(format!("The header has a duplicate {}.", NAMES[place])));
        }
    }
    let [Some(descr), Some(fortran), Some(shape)] = fields else {
        let missing = NAMES.iter().zip(&fields).find(|(_, field)| field.is_none()).map_or("", |(name, _)| name);
        return Err(Error::malformed(format!("The header has no {missing}.")));
    };
    let Literal::Bool(fortran) = fortran else {
        return Err(Error::malformed("The header's fortran_order is neither True nor False."));
    };
    let shape = shape::parse(&shape)?;
    let (dtype, order) = descr::parse(&descr)?;
    Ok(Header { dtype, order, fortran, shape, data })
}

/// Names the field in which a literal goes wrong, where it is the last one begun: what a person looks for.
fn field_hint(text: &str) -> &'static str {
    if text.rsplit_once("'shape'").is_some_and(|(_, rest)| !rest.contains("':")) { " (in shape)" } else { "" }
}
