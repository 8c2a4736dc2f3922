//! The text form of Protocol Buffers, made into the bytes that the same message has in binary.
//!
//! A message is fields, `name: value` or `name { … }`, one after the other; `<…>` may stand for `{…}`, `name: [a, b]` for several
//! fields, a comma or a semicolon behind a field, `"a" 'b'` for one text, and `#` begins a comment.
//!
//! The text does not tell numbers and types of fields: a table of those that are wanted does. What the table does not have is
//! skipped.
//!
//! Specification: <https://protobuf.dev/reference/protobuf/textformat-spec/>.

mod input;

use crate::error::{Error, Result, quoted};
use input::{Input, Scalar};

/// A field that is wanted.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its number.
    pub number: u32,
    /// What it holds.
    pub kind: Kind,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A message of these fields.
    Message(&'static [Field]),
    /// Text or bytes.
    Text,
    /// A whole number or a truth value.
    Whole,
    /// A name of an enumeration, or its number.
    Enum(fn(&str) -> Option<u64>),
    /// A float32.
    Float,
    /// A float64.
    Double,
}

/// How deep messages may nest: what is read of any schema nests less.
const DEPTH: usize = 100;

/// A message that is open.
struct Frame {
    /// The field that it is, and its fields; `None` for one that is skipped.
    wanted: Option<(u32, &'static [Field])>,
    /// What closes it.
    close: u8,
    /// Whether it stands in a list of messages of this name.
    list: Option<String>,
    bytes: Vec<u8>,
    run: Option<Run>,
}

/// Numbers of one field that stood one after the other.
struct Run {
    number: u32,
    /// How one of them is written when it stands alone.
    wire: u64,
    count: usize,
    bytes: Vec<u8>,
}

impl Frame {
    fn new(wanted: Option<(u32, &'static [Field])>, close: u8, list: Option<String>) -> Self {
        Frame { wanted, close, list, bytes: Vec::new(), run: None }
    }

    /// Ends the run of numbers: several are written as one field.
    fn flush(&mut self) {
        match self.run.take() {
            Some(Run { number, wire, count: 1, bytes }) => {
                put_varint(&mut self.bytes, u64::from(number) << 3 | wire);
                self.bytes.extend(bytes);
            }
            Some(run) => self.push(run.number, &run.bytes),
            None => {}
        }
    }

    /// Adds a field of bytes.
    fn push(&mut self, number: u32, content: &[u8]) {
        put_varint(&mut self.bytes, u64::from(number) << 3 | 2);
        put_varint(&mut self.bytes, content.len() as u64);
        self.bytes.extend(content);
    }

    /// Adds a number to a run of such.
    fn add(&mut self, number: u32, wire: u64, put: impl FnOnce(&mut Vec<u8>)) {
        if self.run.as_ref().is_some_and(|run| run.number != number) {
            self.flush();
        }
        let run = self.run.get_or_insert_with(|| Run { number, wire, count: 0, bytes: Vec::new() });
        run.count += 1;
        put(&mut run.bytes);
    }
}

/// The wire types of numbers, as [`super::protobuf`] tells them.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const FIXED32: u64 = 5;

fn put_varint(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

/// The message of these fields that the text describes, in binary; numbers of one field are written together. And what is wrong
/// with the text: then the message has what stands before that, without the outermost field in which it is.
///
/// # Errors
///
/// The second result is `Malformed` where the text is none, `TooLarge` where messages nest too deep.
pub fn to_binary(text: &[u8], fields: &'static [Field]) -> (Vec<u8>, Result<()>) {
    let mut open = vec![Frame::new(Some((0, fields)), 0, None)];
    let done = convert(Input { text, at: 0 }, &mut open);
    open.truncate(1);
    let mut whole = open.pop().expect("the outermost message is not closed");
    whole.flush();
    (whole.bytes, done)
}

fn convert(mut input: Input<'_>, open: &mut Vec<Frame>) -> Result<()> {
    loop {
        let depth = open.len();
        let top = open.last_mut().expect("the outermost message is not closed");
        let Some(next) = input.peek() else {
            return if depth > 1 { Err(input.cut("a message")) } else { Ok(()) };
        };
        if depth > 1 && next == top.close {
            input.at += 1;
            close(&mut input, open)?;
            continue;
        }
        let name = input.name()?;
        let colon = input.take(b':');
        if let Some(close) = input.begin() {
            if depth > DEPTH {
                return Err(Error::too_large(format!("Messages nest deeper than {DEPTH} times.")).at(input.at as u64));
            }
            let wanted = message(top, &name);
            open.push(Frame::new(wanted, close, None));
            continue;
        }
        if !colon {
            return Err(match input.peek() {
                Some(_) => input.wrong(&format!("A colon is missing behind {:?}.", quoted(&name))),
                None => input.cut("a field"),
            });
        }
        let field = top.wanted.and_then(|(_, fields)| fields.iter().find(|field| field.name == name));
        if !input.take(b'[') {
            value(&mut input, top, field)?;
            input.separator();
            continue;
        }
        if let Some(close) = input.begin() {
            let wanted = message(top, &name);
            open.push(Frame::new(wanted, close, Some(name)));
            continue;
        }
        while !input.take(b']') {
            value(&mut input, top, field)?;
            if !input.take(b',') && input.peek() != Some(b']') {
                return Err(input.wrong("A list is not closed."));
            }
        }
        input.separator();
    }
}

/// Closes the innermost message, and opens the next one of a list.
fn close(input: &mut Input<'_>, open: &mut Vec<Frame>) -> Result<()> {
    let mut closed = open.pop().expect("it is open");
    closed.flush();
    let outer = open.last_mut().expect("the outermost message is not closed");
    if let Some((number, _)) = closed.wanted {
        outer.flush();
        outer.push(number, &closed.bytes);
    }
    match (closed.list, input.peek()) {
        (None, _) => input.separator(),
        (Some(_), Some(b']')) => {
            input.at += 1;
            input.separator();
        }
        (Some(name), Some(b',')) => {
            input.at += 1;
            let close = input.begin().ok_or_else(|| input.wrong("A list of messages has something else in it."))?;
            let wanted = message(outer, &name);
            open.push(Frame::new(wanted, close, Some(name)));
        }
        _ => return Err(input.wrong("A list of messages is not closed.")),
    }
    Ok(())
}

/// The fields of the message that a field of this name is, if that is wanted.
fn message(outer: &Frame, name: &str) -> Option<(u32, &'static [Field])> {
    outer.wanted?.1.iter().find(|field| field.name == name).and_then(|field| match field.kind {
        Kind::Message(fields) => Some((field.number, fields)),
        _ => None,
    })
}

/// Reads a value that is no message, and adds it where it is wanted.
fn value(input: &mut Input<'_>, frame: &mut Frame, field: Option<&'static Field>) -> Result<()> {
    let start = input.at;
    let scalar = input.scalar()?;
    let Some(field) = field else { return Ok(()) };
    let odd = || Error::malformed(format!("{:?} has a value of another kind.", quoted(field.name))).at(start as u64);
    match (field.kind, scalar) {
        (Kind::Text, Scalar::Text(text)) => {
            frame.flush();
            frame.push(field.number, &text);
        }
        (Kind::Whole, Scalar::Word(word)) => {
            let number = whole(&word).ok_or_else(odd)?;
            frame.add(field.number, VARINT, |into| put_varint(into, number));
        }
        (Kind::Enum(by_name), Scalar::Word(word)) => {
            let number = by_name(&word).or_else(|| whole(&word)).ok_or_else(odd)?;
            frame.add(field.number, VARINT, |into| put_varint(into, number));
        }
        (Kind::Float, Scalar::Word(word)) => {
            let number: f32 = float(&word).ok_or_else(odd)?;
            frame.add(field.number, FIXED32, |into| into.extend(number.to_le_bytes()));
        }
        (Kind::Double, Scalar::Word(word)) => {
            let number: f64 = float(&word).ok_or_else(odd)?;
            frame.add(field.number, FIXED64, |into| into.extend(number.to_le_bytes()));
        }
        _ => return Err(odd()),
    }
    Ok(())
}

/// A whole number, as a varint has it.
fn whole(word: &str) -> Option<u64> {
    let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
    let magnitude = match digits {
        "true" | "True" | "t" => 1,
        "false" | "False" | "f" => 0,
        hex if hex.starts_with("0x") || hex.starts_with("0X") => u64::from_str_radix(&hex[2..], 16).ok()?,
        octal if octal.len() > 1 && octal.starts_with('0') => u64::from_str_radix(octal, 8).ok()?,
        plain => plain.parse().ok()?,
    };
    Some(if negative { magnitude.wrapping_neg() } else { magnitude })
}

fn float<T: std::str::FromStr>(word: &str) -> Option<T> {
    // Rust knows inf, infinity and nan in any case, too.
    word.parse().ok().or_else(|| word.strip_suffix(['f', 'F'])?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind as Trouble;

    const FIELDS: &[Field] = &[
        Field { name: "name", number: 1, kind: Kind::Text },
        Field { name: "inner", number: 2, kind: Kind::Message(INNER) },
        Field { name: "size", number: 3, kind: Kind::Whole },
    ];

    const INNER: &[Field] = &[
        Field { name: "f", number: 1, kind: Kind::Float },
        Field { name: "d", number: 2, kind: Kind::Double },
        Field { name: "kind", number: 3, kind: Kind::Enum(|word| (word == "SEVEN").then_some(7)) },
    ];

    fn binary(text: &str) -> Result<Vec<u8>> {
        let (bytes, done) = to_binary(text.as_bytes(), FIELDS);
        done.map(|()| bytes)
    }

    #[test]
    fn fields_have_the_bytes_of_the_binary_form() {
        assert_eq!(
            binary("name: \"a\" # comment }\n 'b'; size: -1,").unwrap(),
            *b"\x0a\x02ab\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
        );
        let floats = [1.5f32.to_le_bytes(), f32::NEG_INFINITY.to_le_bytes(), 2f32.to_le_bytes()].concat();
        let expected = [b"\x12\x10\x0a\x0c".as_slice(), &floats, b"\x18\x07"].concat();
        assert_eq!(binary("inner { f: 1.5 f: -inf f: 2f kind: SEVEN }").unwrap(), expected);
        assert_eq!(binary("inner: < f: [1.5, -inf, 2.0] kind: 7 >").unwrap(), expected);
        assert_eq!(binary("inner: [{ f: [1.5, -inf, 2.0], kind: 7 }]").unwrap(), expected);
        assert_eq!(binary("size: 0x10 size: 010 size: true").unwrap(), *b"\x1a\x03\x10\x08\x01");
        assert_eq!(binary("").unwrap(), *b"");
    }

    #[test]
    fn what_is_not_wanted_is_skipped() {
        let text = "other { deep < x: 'y' z: [ 1, 2 ] > [a.b/c.d]: { e: 5 } list: [ { a: 1 }, { } ] } more: [] size: 1";
        assert_eq!(binary(text).unwrap(), *b"\x18\x01");
    }

    #[test]
    fn texts_have_escapes() {
        let text = r#"name: "\n\"\\\'\377\0\x41\u00e9\U0001F600""#;
        let expected = ["\n\"\\'".as_bytes(), &[255, 0, b'A'], "é😀".as_bytes()].concat();
        assert_eq!(binary(text).unwrap()[2..], expected);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "name",
            "name:",
            "name: \"a",
            "name: 'a\n'",
            "inner {",
            "inner { f: 1 >",
            "}",
            "name 'a'",
            "size: 'a'",
            "size: x",
            "size: [1",
            "size: [1 2]",
            "inner: [{ } { }]",
            "inner: [{ }, 1]",
            "[a.b: 1",
            "name: '\\q'",
            "name: '\\x'",
            "name: '\\777'",
            "name: '\\ud800'",
            "size: 99999999999999999999",
            ": 1",
            "inner: { f: a }",
            "\u{ff}",
        ] {
            assert_eq!(binary(text).unwrap_err().kind, Trouble::Malformed, "{text}");
        }
        // What was whole before is there.
        assert_eq!(to_binary(b"size: 1 name: 'a' inner { kind: 7", FIELDS).0, *b"\x18\x01\x0a\x01a");
        assert_eq!(binary(&"a{".repeat(1 << 20)).unwrap_err().kind, Trouble::TooLarge);
    }
}
