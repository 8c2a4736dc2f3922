//! The values of attributes, which are few and small.

use super::attribute::Attribute;
use super::file::File;
use super::types::{Class, Type};
use super::{address, number};
use crate::error::{Error, Result, quoted};
use crate::model::ByteOrder;
use serde_json::{Number, Value};

impl Attribute {
    /// What it holds, at most so many elements of each list, row-major: a single value, or the list of them; nothing is `null`. Numbers
    /// that JSON has not are texts.
    ///
    /// # Errors
    ///
    /// `Malformed` if a text or a list is not where it should be in the global heap, `Unsupported` for types that are not read.
    pub fn value(&self, file: &File, most: u64) -> Result<Value> {
        if self.space.null {
            return Ok(Value::Null);
        }
        let reader = Reader { file, at: file.place(self.at), most };
        let named = |error: Error| {
            let message = format!("The attribute {:?} cannot be read: {}", quoted(&self.name), error.message);
            Error { message, ..error }
        };
        if self.space.shape.is_empty() {
            return reader.one(&self.kind, &self.bytes).map_err(named);
        }
        reader.list(&self.kind, &self.bytes, self.space.elements()).map_err(named)
    }

    /// The text that it holds; `None` if it is none, and no list of one.
    pub fn text(&self, file: &File) -> Option<String> {
        match self.value(file, 2).ok()? {
            Value::String(text) => Some(text),
            Value::Array(mut list) if list.len() == 1 => match list.pop()? {
                Value::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The texts that it holds; `None` if it is no list of them.
    pub fn texts(&self, file: &File) -> Option<Vec<String>> {
        // Lists of any length in a list would be more than it counts.
        if !matches!(self.kind.class, Class::Text { .. } | Class::AnyText) && self.space.elements() > 0 {
            return None;
        }
        let Value::Array(list) = self.value(file, u64::MAX).ok()? else { return None };
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        list.into_iter().map(text).collect()
    }

    /// The JSON that it holds as text.
    pub fn json(&self, file: &File) -> Option<Value> {
        serde_json::from_str(&self.text(file)?).ok()
    }
}

/// Reads values that stand at a place of the file.
struct Reader<'a> {
    file: &'a File,
    at: u64,
    /// The most elements of a list.
    most: u64,
}

impl Reader<'_> {
    /// So many elements, one after the other.
    fn list(&self, kind: &Type, bytes: &[u8], count: u64) -> Result<Value> {
        let size = usize::try_from(kind.size).unwrap_or(usize::MAX);
        let count = usize::try_from(count.min(self.most)).unwrap_or(usize::MAX);
        bytes.chunks_exact(size).take(count).map(|bytes| self.one(kind, bytes)).collect::<Result<_>>().map(Value::Array)
    }

    /// One element. Types nest no deeper than they are read.
    fn one(&self, kind: &Type, bytes: &[u8]) -> Result<Value> {
        Ok(match &kind.class {
            Class::Whole { order, signed, offset, precision } => {
                whole(&little(bytes, *order), *signed, (*offset, *precision))
            }
            Class::Bits { order } => whole(&little(bytes, *order), false, (0, u16::MAX)),
            Class::Float { order: Some(order), .. } => float(kind, &little(bytes, *order))?,
            Class::Text { spaces } => Value::String(padded(bytes, *spaces)),
            Class::Enum { .. } if kind.is_truth() => Value::Bool(bytes != [0]),
            // As h5py gives it.
            Class::Enum { base, .. } => self.one(base, bytes)?,
            Class::AnyText => {
                let (_, text) = self.any(bytes, 1)?;
                Value::String(padded(&text, false))
            }
            Class::List(base) => {
                let (count, bytes) = self.any(bytes, base.size)?;
                self.list(base, &bytes, count)?
            }
            Class::Array { base, .. } => self.list(base, bytes, u64::MAX)?,
            Class::Complex(base) => self.list(base, bytes, 2)?,
            Class::Compound(members) => {
                let mut values = Vec::new();
                for member in members {
                    let start = usize::try_from(member.offset).unwrap_or(usize::MAX);
                    let len = usize::try_from(member.kind.size).unwrap_or(usize::MAX);
                    let part = bytes.get(start..).and_then(|rest| rest.get(..len));
                    let part = part.ok_or_else(|| Error::malformed("a member is not inside.").at(self.at))?;
                    values.push((member.name.clone(), self.one(&member.kind, part)?));
                }
                match values.as_slice() {
                    // What h5py makes of complex numbers.
                    [(real, _), (imaginary, _)] if real == "r" && imaginary == "i" => {
                        values.into_iter().map(|(_, value)| value).collect()
                    }
                    _ => Value::Object(values.into_iter().collect()),
                }
            }
            Class::Opaque { .. } => Value::String(hex(bytes.iter())),
            Class::Reference => Value::String("reference".to_owned()),
            Class::Float { order: None, .. } | Class::Time => {
                return Err(Error::unsupported("it is of a type that is not read here.").at(self.at));
            }
        })
    }

    /// What a reference into the global heap leads to: how many elements of this size, and their bytes.
    fn any(&self, bytes: &[u8], size: u64) -> Result<(u64, Vec<u8>)> {
        let offset = usize::from(self.file.sizes().offset);
        let short = || Error::malformed("its place in the global heap is cut off.").at(self.at);
        let (count, rest) = bytes.split_at_checked(4).ok_or_else(short)?;
        let (collection, index) = rest.split_at_checked(offset).ok_or_else(short)?;
        let count = number(count);
        let (Some(collection), true) = (address(collection).filter(|at| *at != 0), count > 0) else {
            return Ok((0, Vec::new()));
        };
        let index = u32::try_from(number(index.get(..4).ok_or_else(short)?)).expect("4 bytes");
        let mut found = self.file.global(collection, index)?;
        let wanted = count.saturating_mul(size);
        if wanted > found.len() as u64 {
            return Err(Error::malformed(format!(
                "it takes {wanted} bytes, its object in the global heap has {}.",
                found.len()
            ))
            .at(self.at));
        }
        found.truncate(usize::try_from(wanted).expect("no more than are there"));
        Ok((count, found))
    }
}

/// Bytes in digits of base 16.
fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    let digit = |code: u8| char::from_digit(code.into(), 16).expect("below 16");
    bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn little(bytes: &[u8], order: ByteOrder) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if order == ByteOrder::Big {
        bytes.reverse();
    }
    bytes
}

/// Text up to the first NUL, and without spaces at its end where they are padding.
fn padded(bytes: &[u8], spaces: bool) -> String {
    let text = super::links::text(bytes.split(|byte| *byte == 0).next().unwrap_or_default());
    if spaces { text.trim_end_matches(' ').to_owned() } else { text }
}

/// Some bits of little-endian bytes as a whole number.
fn whole(bytes: &[u8], signed: bool, (offset, precision): (u16, u16)) -> Value {
    if bytes.len() > 8 {
        return Value::String(hex(bytes.iter().rev()));
    }
    let len = bytes.len() * 8;
    let precision = u32::from(precision).min(u32::try_from(len).expect("at most 64") - u32::from(offset));
    let code = number(bytes) >> offset & (u64::MAX >> (64 - precision));
    if signed && code >> (precision - 1) & 1 == 1 {
        let filled = code | u64::MAX.checked_shl(precision).unwrap_or(0);
        return Value::Number(filled.cast_signed().into());
    }
    Value::Number(code.into())
}

/// A little-endian IEEE float of 2, 4 or 8 bytes.
fn float(kind: &Type, bytes: &[u8]) -> Result<Value> {
    let value = match (kind.size, kind.is_ieee()) {
        (2, true) => half(u16::from_le_bytes([bytes[0], bytes[1]])),
        (4, true) => f64::from(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
        (8, true) => f64::from_le_bytes(bytes.try_into().expect("8 bytes")),
        _ => return Err(Error::unsupported("it is a float of a kind that is not read in attributes.")),
    };
    let text = || {
        Value::String(if value.is_nan() { "NaN".to_owned() } else { format!("{value:?}").replace("inf", "Infinity") })
    };
    Ok(Number::from_f64(value).map_or_else(text, Value::Number))
}

/// A float of 16 bits.
fn half(code: u16) -> f64 {
    let (exponent, fraction) = (i32::from(code >> 10 & 31), f64::from(code & 1023));
    let value = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if code >> 15 == 1 { -value } else { value }
}
