//! The JSON header of one file, strictly and without building a tree of it.

use super::super::pairs::Pairs;
use crate::error::{Error, quoted};
use crate::limits;
use crate::model::{self, Note, Value};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Bytes beyond this are in no file: 2^53, where JavaScript stops counting.
const NO_FILE_IS_LARGER: u64 = 1 << 53;

/// What the header says, in its order.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub entries: Vec<Entry>,
    pub metadata: Vec<model::Entry>,
    pub notes: Vec<Note>,
}

impl Header {
    /// Keeps one entry of `__metadata__`; a value that is not a string is told.
    fn add_metadata(&mut self, key: String, value: serde_json::Value) {
        if !value.is_string() {
            let message = format!("The value of {:?} in __metadata__ is not a string.", quoted(&key));
            self.notes.push(Note::warning(message));
        }
        self.metadata.push(model::Entry::plain(key, Value::from_json(value)));
    }
}

/// One tensor; `begin` is not after `end`, both count from the end of the header.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<u64>,
    pub begin: u64,
    pub end: u64,
}

/// Parses the header.
///
/// # Errors
///
/// `Malformed`, with the offset in the header, for anything but one object of entries with distinct names.
pub(super) fn parse(bytes: &[u8]) -> Result<Header, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::malformed("The header is not UTF-8 text; the file is damaged.").at(error.valid_up_to() as u64)
    })?;
    let mut header = Header::default();
    let mut json = serde_json::Deserializer::from_str(text);
    HeaderSeed(&mut header).deserialize(&mut json).and_then(|()| json.end()).map_err(|error| refusal(&error, text))?;
    Ok(header)
}

/// The sentence for what the JSON parser or the visitors below found.
fn refusal(error: &serde_json::Error, text: &str) -> Error {
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
    let message = if said.contains("recursion limit") {
        "The header is nested too deep to be one of safetensors.".to_owned()
    } else if error.is_data() {
        format!("The header is not as safetensors has it: {}.", quoted_long(said))
    } else {
        format!("The header is not valid JSON: {}; the file is damaged.", quoted_long(said))
    };
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    Error::malformed(message).at((line_start + error.column().saturating_sub(1)) as u64)
}

/// The parser's words; the names within were cut where they were put in.
fn quoted_long(said: &str) -> String {
    said.chars().take(300).collect()
}

struct HeaderSeed<'a>(&'a mut Header);

impl<'de> DeserializeSeed<'de> for HeaderSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeaderSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors as the header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("duplicate name {:?}", quoted(&name))));
            }
            if name == "__metadata__" {
                let pairs = map
                    .next_value::<Pairs<serde_json::Value>>()
                    .map_err(|error| A::Error::custom(format!("__metadata__ is not an object of strings ({error})")))?;
                pairs.0.into_iter().for_each(|(key, value)| self.0.add_metadata(key, value));
            } else {
                let entry = map.next_value_seed(EntrySeed(&name))?;
                self.0.entries.push(entry);
            }
        }
        Ok(())
    }
}

/// The entry of the tensor of this name.
struct EntrySeed<'a>(&'a str);

impl EntrySeed<'_> {
    fn lacks<E: serde::de::Error>(&self, field: &str) -> E {
        E::custom(format!("tensor {:?} has no {field}", quoted(self.0)))
    }
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object for tensor {:?} in the header", quoted(self.0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Entry, A::Error> {
        Err(A::Error::custom(format!(
            "tensor {:?} is a list, perhaps a nested one, instead of an object",
            quoted(self.0)
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut dtype, mut shape, mut offsets) = (None::<String>, None::<Vec<u64>>, None::<Vec<u64>>);
        while let Some(field) = map.next_key::<String>()? {
            let again = match field.as_str() {
                "dtype" => dtype.replace(map.next_value()?).is_some(),
                "shape" => shape.replace(map.next_value_seed(Numbers { of: self.0, what: "shape" })?).is_some(),
                "data_offsets" => {
                    offsets.replace(map.next_value_seed(Numbers { of: self.0, what: "data_offsets" })?).is_some()
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if again {
                let message = format!("tensor {:?} has a duplicate field {field:?}", quoted(self.0));
                return Err(A::Error::custom(message));
            }
        }
        let offsets = offsets.ok_or_else(|| self.lacks("data_offsets"))?;
        let &[begin, end] = offsets.as_slice() else {
            let message = format!("tensor {:?} has {} data_offsets instead of two", quoted(self.0), offsets.len());
            return Err(A::Error::custom(message));
        };
        if begin > end || end > NO_FILE_IS_LARGER {
            let message = format!("tensor {:?} has the data_offsets {begin} and {end}", quoted(self.0));
            return Err(A::Error::custom(message));
        }
        Ok(Entry {
            name: self.0.to_owned(),
            dtype: dtype.ok_or_else(|| self.lacks("dtype"))?,
            shape: shape.ok_or_else(|| self.lacks("shape"))?,
            begin,
            end,
        })
    }
}

/// A list of whole numbers, at most as many as a tensor has dimensions.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    of: &'a str,
    what: &'static str,
}

impl<'de> DeserializeSeed<'de> for Numbers<'_> {
    type Value = Vec<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<u64>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Numbers<'_> {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of whole numbers as the {} of tensor {:?}", self.what, quoted(self.of))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u64>, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = seq.next_element_seed(WholeNumber(self))? {
            if numbers.len() == limits::RANK {
                let message = format!("the {} of tensor {:?} has too many dimensions", self.what, quoted(self.of));
                return Err(A::Error::custom(message));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }
}

struct WholeNumber<'a>(Numbers<'a>);

impl<'de> DeserializeSeed<'de> for WholeNumber<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_u64(self)
    }
}

impl Visitor<'_> for WholeNumber<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "whole numbers from 0 to 2^64 - 1 in the {} of tensor {:?}", self.0.what, quoted(self.0.of))
    }

    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }
}
