//! NumPy's spelling of types: `<f4`, `|S5`, `<M8[s]`, `[('id', '<u2'), …]`.
//!
//! Source: <https://numpy.org/doc/stable/reference/arrays.interface.html>.

use crate::error::{Error, Result, quoted};
use crate::model::{ByteOrder, Dtype, Field, Number, Record, element_count};
use crate::wire::literal::Literal;
use crate::wire::pickle::arrays::NumpyType;
use std::collections::HashSet;
use std::rc::Rc;

fn wrong(descr: &str) -> Error {
    Error::malformed(format!("The header's descr {:?} is not a type of NumPy.", quoted(descr)))
}

/// The type and the byte order that a `descr` tells.
///
/// # Errors
///
/// `Malformed` for anything that NumPy does not write.
pub(in crate::formats) fn parse(literal: &Literal) -> Result<(Dtype, ByteOrder)> {
    match literal {
        Literal::Text(text) => parse_text(text),
        // The parser of literals bounds how deep records nest.
        Literal::List(fields) => Ok((Dtype::Record(Rc::new(parse_record(fields)?)), ByteOrder::Little)),
        _ => Err(Error::malformed("The header's descr is neither a type's name nor a list of fields.")),
    }
}

/// A type that is not a record.
pub(in crate::formats) fn parse_text(text: &str) -> Result<(Dtype, ByteOrder)> {
    let order = if text.starts_with('>') { ByteOrder::Big } else { ByteOrder::Little };
    let rest = text.trim_start_matches(['<', '>', '|', '=']);
    if text.len() - rest.len() > 1 || !rest.is_ascii() || rest.is_empty() {
        return Err(wrong(text));
    }
    let (kind, size) = rest.split_at(1);
    if let "M" | "m" = kind {
        return Ok((parse_time(kind == "m", size).ok_or_else(|| wrong(text))?, order));
    }
    if rest == "O" || rest == "O8" || rest == "O4" {
        return Ok((Dtype::Object, order));
    }
    let size: u64 = size.parse().map_err(|_| wrong(text))?;
    if size > u64::MAX / 64 {
        return Err(wrong(text));
    }
    let number = match (kind, size) {
        ("b", 1) => Number::Bool,
        ("u", 1) => Number::U8,
        ("u", 2) => Number::U16,
        ("u", 4) => Number::U32,
        ("u", 8) => Number::U64,
        ("i", 1) => Number::I8,
        ("i", 2) => Number::I16,
        ("i", 4) => Number::I32,
        ("i", 8) => Number::I64,
        ("f", 2) => Number::F16,
        ("f", 4) => Number::F32,
        ("f", 8) => Number::F64,
        ("f", 16) => Number::F80,
        ("c", 8) => Number::C64,
        ("c", 16) => Number::C128,
        ("f", 12) | ("c", 24 | 32) => {
            return Ok((Dtype::Unknown { name: text.to_owned(), bits: Some(size * 8) }, order));
        }
        ("S" | "a", len) => return Ok((Dtype::Bytes { len }, order)),
        ("U", chars) => return Ok((Dtype::Text { chars }, order)),
        ("V", len) => return Ok((Dtype::Void { len }, order)),
        _ => return Err(wrong(text)),
    };
    Ok((Dtype::Number(number), order))
}

/// The type and the byte order that a pickle tells.
///
/// # Errors
///
/// `Malformed` for anything that NumPy does not write.
pub(in crate::formats) fn of_pickle(kind: &NumpyType) -> Result<(Dtype, ByteOrder)> {
    match kind {
        NumpyType::Simple(text) => parse_text(text),
        NumpyType::Sub(..) => Err(Error::unsupported("An array of arrays is not read.")),
        // The reader of pickles bounds how deep records nest.
        NumpyType::Record(fields, size) => {
            let mut record = Record { fields: Vec::new(), size: *size };
            for (name, kind, offset) in fields {
                let (kind, shape) = match kind {
                    NumpyType::Sub(base, shape) => (&**base, shape.clone()),
                    kind => (kind, Vec::new()),
                };
                let (dtype, order) = of_pickle(kind)?;
                let bytes = element_count(&shape).and_then(|count| count.checked_mul(dtype.bits().unwrap_or(64) / 8));
                if bytes.and_then(|bytes| offset.checked_add(bytes)).is_none_or(|end| end > *size) {
                    return Err(Error::malformed(format!(
                        "The field {:?} of a type lies outside of it.",
                        quoted(name)
                    )));
                }
                record.fields.push(Field { name: name.clone(), dtype, shape, order, offset: *offset });
            }
            Ok((Dtype::Record(Rc::new(record)), ByteOrder::Little))
        }
    }
}

/// `8[s]`, `8[25us]`, or `8` without a unit.
fn parse_time(span: bool, text: &str) -> Option<Dtype> {
    let inside = text.strip_prefix('8')?;
    let inside = if inside.is_empty() { "" } else { inside.strip_prefix('[')?.strip_suffix(']')? };
    let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
    let step = if digits == 0 { 1 } else { inside[..digits].parse().ok()? };
    Some(Dtype::Time { span, step, unit: inside[digits..].to_owned() })
}

fn parse_record(fields: &[Literal]) -> Result<Record> {
    let mut record = Record { fields: Vec::new(), size: 0 };
    let mut names = HashSet::new();
    for field in fields {
        let (name, descr, shape) = match field {
            Literal::Tuple(parts) => match parts.as_slice() {
                [name, descr] => (name, descr, None),
                [name, descr, shape] => (name, descr, Some(shape)),
                _ => return Err(Error::malformed("A field of the header's descr is not a name and a type.")),
            },
            _ => return Err(Error::malformed("A field of the header's descr is not a name and a type.")),
        };
        // A field may have a title before its name.
        let name = match name {
            Literal::Text(name) => name.clone(),
            Literal::Tuple(both) => match both.as_slice() {
                [Literal::Text(_), Literal::Text(name)] => name.clone(),
                _ => return Err(Error::malformed("A field of the header's descr has no name.")),
            },
            _ => return Err(Error::malformed("A field of the header's descr has no name.")),
        };
        let (dtype, order) = parse(descr)?;
        let shape = match shape {
            None => Vec::new(),
            Some(Literal::Int(size)) => vec![u64::try_from(*size).map_err(|_| wrong(&name))?],
            Some(shape) => super::shape::parse(shape)?,
        };
        let bytes = element_count(&shape).and_then(|count| count.checked_mul(dtype.bits().unwrap_or(64) / 8));
        let size = bytes.and_then(|bytes| record.size.checked_add(bytes)).filter(|size| *size < u64::MAX / 64);
        let Some(size) = size else {
            return Err(Error::malformed("The fields of the header's descr take more bytes than can be counted."));
        };
        let padding = name.is_empty() && matches!(dtype, Dtype::Void { .. });
        if !padding {
            if !names.insert(name.clone()) {
                return Err(Error::malformed(format!("The header's descr has a duplicate field {:?}.", quoted(&name))));
            }
            record.fields.push(Field { name, dtype, shape, order, offset: record.size });
        }
        record.size = size;
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_of_types() {
        assert_eq!(parse_text(">f4").unwrap(), (Dtype::Number(Number::F32), ByteOrder::Big));
        assert_eq!(parse_text("|b1").unwrap().0, Dtype::Number(Number::Bool));
        let time = Dtype::Time { span: true, step: 25, unit: "us".into() };
        assert_eq!(parse_text("<m8[25us]").unwrap().0, time);
        for wrong in ["<q7", "", "f", "<<f4", "<f4,(9,9)i8", "U99999999999999999999"] {
            assert!(parse_text(wrong).is_err(), "{wrong}");
        }
    }
}
