//! The one error type of the crate.

use paramscope_text::is_hidden;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The file is damaged or contradicts itself.
    Malformed,
    /// The file may be fine; this crate cannot read it (yet).
    Unsupported,
    /// Beyond a cap of [`crate::limits`].
    TooLarge,
    /// Another file is needed.
    Missing,
    /// The operating system or the browser would not hand over the bytes.
    Source,
    /// Another build of this crate reads it: in the browser a larger module, which is fetched when it is wanted.
    Elsewhere,
    /// What the person typed or asked for cannot be done as asked.
    Query,
}

impl Kind {
    /// The kind's name in the JavaScript API: lower case, words joined by hyphens.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Malformed => "malformed",
            Kind::Unsupported => "unsupported",
            Kind::TooLarge => "too-large",
            Kind::Missing => "missing",
            Kind::Source => "source",
            Kind::Elsewhere => "elsewhere",
            Kind::Query => "query",
        }
    }
}

/// One plain sentence that says what is wrong and what one can do, with the place where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// Who can do something about it.
    pub kind: Kind,
    /// One sentence with the names and figures, without the place.
    pub message: String,
    /// The name of the file it is about, where one is known.
    pub file: Option<String>,
    /// The byte in that file at which it was noticed, where known.
    pub offset: Option<u64>,
}

/// A result whose error is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), file: None, offset: None }
    }

    /// The file is damaged.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, message)
    }

    /// The file cannot be read by this crate.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    /// Something is beyond a cap of [`crate::limits`].
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(Kind::TooLarge, message)
    }

    /// Another file is needed.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Kind::Missing, message)
    }

    /// The bytes could not be had.
    pub fn source(message: impl Into<String>) -> Self {
        Self::new(Kind::Source, message)
    }

    /// This build does not read the format, the larger one does.
    pub fn elsewhere() -> Self {
        Self::new(Kind::Elsewhere, "This build does not read the format.")
    }

    /// What was asked for cannot be done.
    pub fn query(message: impl Into<String>) -> Self {
        Self::new(Kind::Query, message)
    }

    /// The same error, noticed at byte `offset`; a place that is already known stays.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// The same error, with a place counted from byte `base` of the file rather than from a part of it.
    #[must_use]
    pub fn shifted(mut self, base: u64) -> Self {
        self.offset = self.offset.map(|offset| offset.saturating_add(base));
        self
    }

    /// The same error, about the file `name`; a file that is already known stays.
    #[must_use]
    pub fn in_file(mut self, name: &str) -> Self {
        self.file.get_or_insert_with(|| name.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", quoted(file))?;
        }
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// The most characters of a file's text that a message quotes.
const QUOTED_CHARACTERS: usize = 80;

/// Text from a file, fit for a message: `{}` prints it plain, `{:?}` between quotation marks.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl From<Quoted> for String {
    fn from(quoted: Quoted) -> String {
        quoted.0
    }
}

/// At most 80 characters of a text from a file, control and direction marks as escapes.
pub fn quoted(text: &str) -> Quoted {
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == QUOTED_CHARACTERS {
            shown.push('…');
            break;
        }
        match character {
            hidden if is_hidden(hidden) => shown.extend(hidden.escape_unicode()),
            control if control.is_control() => shown.extend(control.escape_default()),
            plain => shown.push(plain),
        }
    }
    Quoted(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_file_and_the_place() {
        let error = Error::malformed("The header is cut off.").at(8).at(9).in_file("a.npy");
        assert_eq!(error.to_string(), "a.npy: The header is cut off. (at byte 8)");
    }

    #[test]
    fn quotes_no_direction_marks_and_no_novels() {
        assert_eq!(quoted("a\u{202e}b\n").to_string(), "a\\u{202e}b\\n");
        assert_eq!(quoted(&"x".repeat(500)).to_string().chars().count(), 81);
        assert_eq!(format!("{:?}", quoted("..\\a")), "\"..\\a\"");
    }
}
