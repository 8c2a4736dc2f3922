//! Python literals, as in the header of a `.npy` file: nothing else is ever evaluated.

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number of up to 127 bits; Python 2 wrote an `L` behind it.
    Int(i128),
    /// Text.
    Text(String),
    /// `(1, 2)`.
    Tuple(Vec<Literal>),
    /// `[1, 2]`.
    List(Vec<Literal>),
    /// `{'a': 1}`, in its order, duplicates kept.
    Dict(Vec<(Literal, Literal)>),
}

/// How deep literals may nest: records within records within lists take two levels each.
const DEPTH: usize = 32;

/// Parses one literal, with nothing but white space behind it.
///
/// # Errors
///
/// What is wrong, as half a sentence, and the byte at which it was noticed.
pub fn parse(text: &str) -> Result<Literal, (String, usize)> {
    let mut parser = Parser { text: text.as_bytes(), at: 0 };
    let literal = parser.literal(0)?;
    parser.space();
    if parser.at < text.len() {
        return parser.wrong("something follows the literal");
    }
    Ok(literal)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

type Parsed<T> = Result<T, (String, usize)>;

impl Parser<'_> {
    fn wrong<T>(&self, what: &str) -> Parsed<T> {
        Err((what.to_owned(), self.at))
    }

    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space, left in place.
    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.text.get(self.at).copied()
    }

    /// Whether the next byte is this one, which is then taken.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Recursion is bounded by [`DEPTH`].
    fn literal(&mut self, depth: usize) -> Parsed<Literal> {
        if depth > DEPTH {
            return self.wrong("it is nested too deep");
        }
        match self.peek() {
            Some(b'{') => self.dict(depth),
            Some(b'(') => {
                let (items, comma) = self.items(b')', depth)?;
                // Parentheses around one thing without a comma are no tuple.
                let single = items.len() == 1 && !comma;
                Ok(if single { items.into_iter().next().expect("one") } else { Literal::Tuple(items) })
            }
            Some(b'[') => Ok(Literal::List(self.items(b']', depth)?.0)),
            Some(b'\'' | b'"') => self.text().map(Literal::Text),
            Some(b'-' | b'0'..=b'9') => self.whole(),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'_') => self.word(),
            Some(_) => self.wrong("there is a character that no literal has"),
            None => self.wrong("it is cut off"),
        }
    }

    fn items(&mut self, end: u8, depth: usize) -> Parsed<(Vec<Literal>, bool)> {
        self.at += 1;
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.take(end) {
            if !items.is_empty() && !comma {
                return self.wrong("a comma is missing");
            }
            items.push(self.literal(depth + 1)?);
            comma = self.take(b',');
        }
        Ok((items, comma))
    }

    fn dict(&mut self, depth: usize) -> Parsed<Literal> {
        self.at += 1;
        let (mut pairs, mut comma) = (Vec::new(), false);
        while !self.take(b'}') {
            if !pairs.is_empty() && !comma {
                return self.wrong("a comma is missing");
            }
            let key = self.literal(depth + 1)?;
            if !self.take(b':') {
                return self.wrong("a colon is missing");
            }
            pairs.push((key, self.literal(depth + 1)?));
            comma = self.take(b',');
        }
        Ok(Literal::Dict(pairs))
    }

    fn whole(&mut self) -> Parsed<Literal> {
        let start = self.at;
        self.at += usize::from(self.text[self.at] == b'-');
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        let Ok(number) = digits.parse() else {
            return self.wrong("a number is too large, or is none");
        };
        match self.text.get(self.at) {
            Some(b'L') => self.at += 1,
            Some(b'.' | b'e' | b'E' | b'_' | b'a'..=b'z' | b'A'..=b'Z') => return self.wrong("a number is not whole"),
            _ => {}
        }
        Ok(Literal::Int(number))
    }

    /// `True`, `False`, `None`, or Python 2's `u'…'`.
    fn word(&mut self) -> Parsed<Literal> {
        let rest = &self.text[self.at..];
        if let [b'u' | b'b', b'\'' | b'"', ..] = rest {
            self.at += 1;
            return self.text().map(Literal::Text);
        }
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let literal = match &rest[..len] {
            b"True" => Literal::Bool(true),
            b"False" => Literal::Bool(false),
            b"None" => Literal::None,
            _ => return self.wrong("there is a name, which is no literal"),
        };
        self.at += len;
        Ok(literal)
    }

    fn text(&mut self) -> Parsed<String> {
        let quote = self.text[self.at];
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.text.get(self.at) {
                None => return self.wrong("a text is cut off"),
                Some(byte) if *byte == quote => break,
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut bytes)?;
                }
                Some(byte) => {
                    bytes.push(*byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Parsed<()> {
        let Some(kind) = self.text.get(self.at).copied() else { return self.wrong("a text is cut off") };
        self.at += 1;
        let digits = match kind {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => {
                bytes.push(match kind {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    other => other,
                });
                return Ok(());
            }
        };
        let code = self.text.get(self.at..self.at + digits).and_then(|hex| std::str::from_utf8(hex).ok());
        let Some(code) = code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) else {
            return self.wrong("an escape is not valid");
        };
        self.at += digits;
        bytes.extend(code.encode_utf8(&mut [0; 4]).bytes());
        Ok(())
    }
}

/// A tuple of these, as Python writes it: that of one has a comma.
pub fn tuple(items: &[String]) -> String {
    let comma = if items.len() == 1 { "," } else { "" };
    format!("({}{comma})", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_numpy_writes() {
        let literal = parse("{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4), }  \n").unwrap();
        let shape = Literal::Tuple(vec![Literal::Int(3), Literal::Int(4)]);
        let Literal::Dict(pairs) = literal else { panic!("a dictionary") };
        assert_eq!(pairs[2], (Literal::Text("shape".into()), shape));
    }

    #[test]
    fn refuses_everything_that_is_no_literal() {
        for text in ["__import__('os')", "(1+1,)", "{'a': 1} {}", "1.5", "[1 2]", "'\\xzz'", "", "(", &"(".repeat(50)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
