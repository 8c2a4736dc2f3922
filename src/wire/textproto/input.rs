//! Names, values and marks, one after the other.

use crate::error::{Error, Result};

/// A value that is no message.
pub(super) enum Scalar {
    /// Bytes between quotation marks.
    Text(Vec<u8>),
    /// A number, or a name.
    Word(String),
}

/// A text that is being read.
pub(super) struct Input<'a> {
    pub text: &'a [u8],
    pub at: usize,
}

impl Input<'_> {
    pub fn wrong(&self, what: &str) -> Error {
        Error::malformed(what).at(self.at as u64)
    }

    pub fn cut(&self, inside: &str) -> Error {
        self.wrong(&format!("The text ends inside {inside}; it may not have been copied whole."))
    }

    /// The next byte that is neither white space nor in a comment.
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.get(self.at)? {
                b'#' => {
                    let rest = &self.text[self.at..];
                    self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                }
                space if space.is_ascii_whitespace() || space == 0x0b => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    pub fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The begin of a message; tells what will close it.
    pub fn begin(&mut self) -> Option<u8> {
        let close = match self.peek()? {
            b'{' => b'}',
            b'<' => b'>',
            _ => return None,
        };
        self.at += 1;
        Some(close)
    }

    /// What may stand behind a field.
    pub fn separator(&mut self) {
        let _ = self.take(b',') || self.take(b';');
    }

    /// The name of a field; that of an extension or of a type stands in brackets.
    pub fn name(&mut self) -> Result<String> {
        let bracket = self.take(b'[');
        self.peek();
        let rest = &self.text[self.at..];
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || (bracket && b"./-".contains(byte));
        let len = rest.iter().position(|byte| !belongs(byte)).unwrap_or(rest.len());
        let name = String::from_utf8_lossy(&rest[..len]).into_owned();
        if len == 0 {
            return Err(self.wrong("The name of a field is wanted; the text is no message, or damaged."));
        }
        self.at += len;
        if bracket && !self.take(b']') {
            return Err(self.wrong("A name in brackets is not closed."));
        }
        Ok(name)
    }

    pub fn scalar(&mut self) -> Result<Scalar> {
        let mut text = None;
        while let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.string(quote, text.get_or_insert_with(Vec::new))?;
        }
        if let Some(text) = text {
            return Ok(Scalar::Text(text));
        }
        let minus = self.take(b'-');
        self.peek();
        let rest = &self.text[self.at..];
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte);
        let len = rest.iter().position(|byte| !belongs(byte)).unwrap_or(rest.len());
        if len == 0 {
            return Err(self.wrong("A value is wanted; the text is damaged or was not copied whole."));
        }
        self.at += len;
        let word = String::from_utf8_lossy(&rest[..len]);
        Ok(Scalar::Word(if minus { format!("-{word}") } else { word.into_owned() }))
    }

    /// One text between quotation marks, with C's escapes.
    fn string(&mut self, quote: u8, into: &mut Vec<u8>) -> Result<()> {
        self.at += 1;
        loop {
            let byte = *self.text.get(self.at).filter(|byte| **byte != b'\n').ok_or_else(|| self.cut("another"))?;
            self.at += 1;
            if byte == quote {
                return Ok(());
            }
            if byte != b'\\' {
                into.push(byte);
                continue;
            }
            let escape = *self.text.get(self.at).ok_or_else(|| self.cut("another"))?;
            self.at += 1;
            match escape {
                b'a' => into.push(7),
                b'b' => into.push(8),
                b'f' => into.push(12),
                b'n' => into.push(b'\n'),
                b'r' => into.push(b'\r'),
                b't' => into.push(b'\t'),
                b'v' => into.push(11),
                b'?' | b'\\' | b'\'' | b'"' => into.push(escape),
                b'0'..=b'7' => {
                    self.at -= 1;
                    let code = self.digits(8, 3).filter(|code| *code < 256);
                    into.push(code.ok_or_else(|| self.wrong("An escape has a number beyond 255."))?.to_le_bytes()[0]);
                }
                b'x' | b'X' => {
                    let code = self.digits(16, 2).ok_or_else(|| self.wrong("An escape lacks its digits."))?;
                    into.push(code.to_le_bytes()[0]);
                }
                b'u' | b'U' => {
                    let most = if escape == b'u' { 4 } else { 8 };
                    let character = self.digits(16, most).and_then(char::from_u32);
                    let character = character.ok_or_else(|| self.wrong("An escape is no character."))?;
                    into.extend(character.to_string().bytes());
                }
                _ => return Err(self.wrong("An escape is none that is known.")),
            }
        }
    }

    /// A number of at least one and at most so many digits.
    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let rest = &self.text[self.at..];
        let digits: Vec<u32> = rest.iter().take(most).map_while(|byte| char::from(*byte).to_digit(radix)).collect();
        self.at += digits.len();
        let number = digits.iter().try_fold(0u32, |number, digit| number.checked_mul(radix)?.checked_add(*digit));
        number.filter(|_| !digits.is_empty())
    }
}
