//! Plain data: what a checkpoint holds. No reading, no decoding, no screen.

mod dtype;
mod layers;
mod pickles;
mod tensor;
mod tiled;

pub use dtype::{ByteOrder, Class, Dtype, Field, Heap, Item, NUMBERS, Number, NumberFacts, Record};
pub use layers::{Layer, Weight};
pub use pickles::{Meaning, PickleFacts, Referred, Verdict};
pub use tensor::{
    ByteRange, Key, Layout, More, Piece, Quantized, Role, Scale, Sparse, SparseKind, Tensor, Texts, dotted,
    element_count, index_of,
};
pub use tiled::{BitLayout, ChunkIndex, ChunkIndexKind, Encoded, Filter, Mosaic, Patch, Tiled};

use crate::source::Files;
use std::borrow::Cow;

/// An opened checkpoint: the files that it consists of, and what their headers say.
#[derive(Debug)]
pub struct Checkpoint {
    /// The files that were used, and views into them.
    pub files: Files,
    /// The `id` of the format in [`crate::formats::FORMATS`].
    pub format: &'static str,
    /// What wrote it and which version, as far as the file says: `torch.save, format 3`.
    pub producer: Option<String>,
    /// How the file is packed as a whole, `gzip`; `None` for one that is not.
    pub packed: Option<&'static str>,
    /// In the order of the file.
    pub tensors: Vec<Tensor>,
    /// Everything else that the file says, in its order.
    pub metadata: Vec<Entry>,
    /// The layers of the model in their order, where the file tells them.
    pub layers: Vec<Layer>,
    /// The parameters that optimizers list by number, where they are too many for an entry each among the metadata.
    pub groups: Vec<ParameterGroup>,
    /// The pickles in it, and what loading them in Python would refer to.
    pub pickles: Vec<PickleFacts>,
    /// What was skipped or is odd.
    pub notes: Vec<Note>,
    /// The memory that is taken by what pickles describe, beyond what their own bytes pay for.
    pub(crate) listed: usize,
}

impl Checkpoint {
    /// A checkpoint without tensors, metadata and notes.
    pub fn new(files: Files, format: &'static str) -> Self {
        Checkpoint {
            files,
            format,
            producer: None,
            packed: None,
            tensors: Vec::new(),
            metadata: Vec::new(),
            layers: Vec::new(),
            groups: Vec::new(),
            pickles: Vec::new(),
            notes: Vec::new(),
            listed: 0,
        }
    }

    /// Whether a kernel's output channels are counted along its last axis, as TensorFlow has them; PyTorch has them along the first.
    pub fn outputs_last(&self) -> bool {
        self.format.starts_with("keras") || self.format.starts_with("tf-")
    }

    /// Adds a note; beyond [`crate::limits::NOTES`] they are counted in the last one.
    pub fn note(&mut self, note: Note) {
        const CAP: usize = crate::limits::NOTES;
        if self.notes.len() < CAP {
            self.notes.push(note);
            return;
        }
        if self.notes.len() == CAP {
            self.notes.push(Note::new(note.level, String::new()));
        }
        let last = &mut self.notes[CAP];
        last.more += 1;
        last.level = last.level.max(note.level);
        last.message = format!("{} more notes of this kind are not listed.", last.more);
    }
}

/// A group of parameters that PyTorch's optimizers share settings for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterGroup {
    /// The keys that lead to the optimizer.
    pub optimizer: Vec<Key>,
    /// The numbers by which the optimizer knows its parameters.
    pub numbers: Vec<i64>,
}

/// One value beside the tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The keys that lead to it, outermost first; none for what the file holds as a whole.
    pub path: Vec<Key>,
    /// The name of its type: `int`, `argparse.Namespace`; empty where the format has none.
    pub kind: Cow<'static, str>,
    /// The value; of an object that holds others only that it is one.
    pub value: Value,
}

impl Entry {
    /// A value under one key, of a format without types.
    pub fn plain(key: impl AsRef<str>, value: Value) -> Self {
        Entry { path: vec![Key::Text(key.as_ref().into())], kind: Cow::Borrowed(""), value }
    }

    /// The keys joined by dots.
    pub fn key(&self) -> String {
        dotted(&self.path)
    }
}

/// A value beside the tensors. Nested values are flattened by their readers: there is no recursion here.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Python's `None`, JSON's `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number; larger ones are kept as [`Value::Text`].
    Int(i64),
    /// A float64.
    Float(f64),
    /// Text, or a value shown as its text.
    Text(String),
}

impl std::fmt::Display for Value {
    /// As Python would print it; text as it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Null => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Float(number) => f.write_str(&python_float(*number)),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// The shortest digits that are this number, as Python's `repr` has them: `1e-05` where Rust says `1e-5`.
fn python_float(number: f64) -> String {
    let text = format!("{number:?}");
    match text.split_once('e') {
        Some((digits, power)) => {
            let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
            format!("{digits}e{sign}{power:0>2}")
        }
        None => text.replace("NaN", "nan"),
    }
}

impl Value {
    /// A JSON value; lists and objects as their JSON text.
    pub fn from_json(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(truth),
            Json::Number(number) => number
                .as_i64()
                .map(Value::Int)
                .or_else(|| number.as_f64().map(Value::Float))
                .unwrap_or_else(|| Value::Text(number.to_string())),
            Json::String(text) => Value::Text(text),
            nested @ (Json::Array(_) | Json::Object(_)) => Value::Text(nested.to_string()),
        }
    }
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something is wrong with the file, or was skipped.
    Warning,
    /// Loading the file elsewhere may do harm.
    Danger,
}

impl Level {
    /// The level's name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Danger => "danger",
        }
    }
}

/// One sentence about something skipped or odd, for the person at the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// The sentence.
    pub message: String,
    /// The file, record or tensor it is about.
    pub place: Option<String>,
    /// Further notes that this one stands for.
    more: usize,
}

impl Note {
    /// A note of this level.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Note { level, message: message.into(), place: None, more: 0 }
    }

    /// Good to know.
    pub fn info(message: impl Into<String>) -> Self {
        Self::new(Level::Info, message)
    }

    /// Something is wrong, or was skipped.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Level::Warning, message)
    }

    /// Loading the file elsewhere may do harm.
    pub fn danger(message: impl Into<String>) -> Self {
        Self::new(Level::Danger, message)
    }

    /// The same note, about `place`.
    #[must_use]
    pub fn about(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }
}

impl From<&crate::error::Error> for Note {
    /// An error that did not keep the rest from being shown.
    fn from(error: &crate::error::Error) -> Self {
        let mut note = Note::warning(crate::error::Error { file: None, ..error.clone() }.to_string());
        note.place.clone_from(&error.file);
        note
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_python_prints_them() {
        let floats = [1e-5, 1e-4, 0.1, 1.0, -0.0, 1e15, 1e16, 1.5e300, f64::INFINITY, -f64::INFINITY, f64::NAN];
        let printed: Vec<String> = floats.iter().map(|number| Value::Float(*number).to_string()).collect();
        // As CPython 3.11 prints the same list.
        let python = "1e-05 0.0001 0.1 1.0 -0.0 1000000000000000.0 1e+16 1.5e+300 inf -inf nan";
        assert_eq!(printed.join(" "), python);
    }

    #[test]
    fn counts_the_notes_beyond_the_cap() {
        let mut checkpoint = Checkpoint::new(Files::new(), "npy");
        for index in 0..crate::limits::NOTES + 5 {
            checkpoint.note(Note::info(index.to_string()));
        }
        assert_eq!(checkpoint.notes.len(), crate::limits::NOTES + 1);
        assert!(checkpoint.notes.last().unwrap().message.starts_with("5 more"));
    }
}
