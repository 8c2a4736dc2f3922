//! Protocol Buffers: the fields of a message, one after the other.
//!
//! A field is a key, `number << 3 | wire type` as a varint, and its content:
//!
//! | wire type | content |
//! | --- | --- |
//! | 0 | a varint: 7 bits a byte, the lowest first, the high bit of all but the last one set |
//! | 1 | 8 bytes, little-endian |
//! | 2 | a length as a varint, then so many bytes: a text, a message inside, packed numbers |
//! | 3, 4 | begin and end of a group; no longer written, skipped here |
//! | 5 | 4 bytes, little-endian |
//!
//! Nothing is known of schemas here: a reader matches on numbers and asks for what it expects. What it does not ask for is not
//! read: a field of a gigabyte costs no more than its key and its length.
//!
//! Specification: <https://protobuf.dev/programming-guides/encoding/>.

mod varints;

pub use varints::Varints;

use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec};

/// A varint of 64 bits takes at most so many bytes.
const VARINT: usize = 10;

/// How deep groups may nest: Google's own readers stop there, too.
const GROUPS: usize = 100;

/// A message: an iterator over its fields in the order in which they were written.
///
/// Many small reads are made: of a file it is to be given through [`crate::source::Pages`].
#[derive(Clone, Debug)]
pub struct Message<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    end: u64,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its number in the schema, never 0.
    pub number: u32,
    /// The byte of the source at which its key begins.
    pub at: u64,
    /// Its content.
    pub content: Content,
    source: &'a dyn ReadAt,
}

/// What a field holds, as far as its wire type tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A whole number, a truth value, a value of an enumeration.
    Varint(u64),
    /// 8 bytes.
    Fixed64([u8; 8]),
    /// Bytes, which have not been read.
    Bytes {
        /// The first one's place in the source.
        offset: u64,
        /// How many there are; the message holds them.
        len: u64,
    },
    /// 4 bytes.
    Fixed32([u8; 4]),
}

impl<'a> Message<'a> {
    /// All of a source as one message.
    pub fn new(source: &'a dyn ReadAt) -> Self {
        Message { source, at: 0, end: source.size() }
    }

    /// `len` bytes of a source from `offset` on as one message.
    ///
    /// # Errors
    ///
    /// `Malformed` if the source ends before.
    pub fn part(source: &'a dyn ReadAt, offset: u64, len: u64) -> Result<Self> {
        crate::source::require(source, offset, len)?;
        Ok(Message { source, at: offset, end: offset + len })
    }

    /// The last field of this number that the message has, as readers of a field that stands once take it.
    ///
    /// # Errors
    ///
    /// As the iterator's.
    pub fn last(self, number: u32) -> Result<Option<Field<'a>>> {
        let mut found = None;
        for field in self {
            found = Some(field?).filter(|field| field.number == number).or(found);
        }
        Ok(found)
    }

    /// The last bytes of the message, at most so many.
    ///
    /// # Errors
    ///
    /// `Source` if they cannot be had.
    pub fn tail(&self, most: u64) -> Result<Vec<u8>> {
        let len = most.min(self.end - self.at);
        read_vec(self.source, self.end - len, len)
    }

    fn step(&mut self) -> Result<Option<Field<'a>>> {
        let mut groups = Vec::new();
        loop {
            let at = self.at;
            if at == self.end {
                if groups.is_empty() {
                    return Ok(None);
                }
                return Err(Error::malformed("A message ends inside a group.").at(at));
            }
            // A key and what stands behind it take one read.
            let mut near = [0; 2 * VARINT];
            let len = usize::try_from(self.end - at).unwrap_or(usize::MAX).min(near.len());
            self.source.read_at(at, &mut near[..len])?;
            let mut rest = &near[..len];
            let key = varint(&mut rest).map_err(|error| error.at(at))?;
            let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
            let number = number.ok_or_else(|| {
                Error::malformed(format!("{} is no number that a field can have; this is no message.", key >> 3)).at(at)
            })?;
            let content = match key & 7 {
                0 => Some(Content::Varint(varint(&mut rest).map_err(|error| error.at(at))?)),
                1 => Some(Content::Fixed64(fixed(&mut rest).map_err(|error| error.at(at))?)),
                2 => {
                    let length = varint(&mut rest).map_err(|error| error.at(at))?;
                    let offset = at + (len - rest.len()) as u64;
                    if length > self.end - offset {
                        let left = self.end - offset;
                        return Err(Error::malformed(format!(
                            "Field {number} is said to have {length} bytes where its message has {left} left; the file is damaged or was not copied whole."
                        ))
                        .at(at));
                    }
                    self.at = offset + length;
                    let content = Content::Bytes { offset, len: length };
                    if groups.is_empty() {
                        return Ok(Some(Field { number, at, content, source: self.source }));
                    }
                    continue;
                }
                3 if groups.len() == GROUPS => {
                    return Err(Error::too_large(format!("Groups nest deeper than {GROUPS} times.")).at(at));
                }
                3 => {
                    groups.push(number);
                    None
                }
                4 if groups.pop() == Some(number) => None,
                4 => return Err(Error::malformed(format!("Group {number} ends without having begun.")).at(at)),
                5 => Some(Content::Fixed32(fixed(&mut rest).map_err(|error| error.at(at))?)),
                wire => {
                    return Err(
                        Error::malformed(format!("Field {number} has the wire type {wire}, which none has.")).at(at)
                    );
                }
            };
            self.at = at + (len - rest.len()) as u64;
            match content {
                Some(content) if groups.is_empty() => {
                    return Ok(Some(Field { number, at, content, source: self.source }));
                }
                _ => {}
            }
        }
    }
}

impl<'a> Iterator for Message<'a> {
    type Item = Result<Field<'a>>;

    /// `Malformed` where no field can be; that is the last one then.
    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.at = self.end;
        }
        step.transpose()
    }
}

impl<'a> Field<'a> {
    /// A whole number without a sign.
    ///
    /// # Errors
    ///
    /// `Malformed` if the field holds something else.
    pub fn unsigned(&self) -> Result<u64> {
        match self.content {
            Content::Varint(number) => Ok(number),
            _ => Err(self.wrong("a whole number")),
        }
    }

    /// A whole number with a sign; `int32` is written as `int64` is.
    ///
    /// # Errors
    ///
    /// As [`Field::unsigned`].
    pub fn signed(&self) -> Result<i64> {
        self.unsigned().map(u64::cast_signed)
    }

    /// The 4 bytes of a `float`, a `fixed32` or a `sfixed32`.
    ///
    /// # Errors
    ///
    /// `Malformed` if the field holds something else.
    pub fn fixed32(&self) -> Result<[u8; 4]> {
        match self.content {
            Content::Fixed32(bytes) => Ok(bytes),
            _ => Err(self.wrong("4 bytes")),
        }
    }

    /// The 8 bytes of a `double`, a `fixed64` or a `sfixed64`.
    ///
    /// # Errors
    ///
    /// `Malformed` if the field holds something else.
    pub fn fixed64(&self) -> Result<[u8; 8]> {
        match self.content {
            Content::Fixed64(bytes) => Ok(bytes),
            _ => Err(self.wrong("8 bytes")),
        }
    }

    /// Where its bytes are, and how many.
    ///
    /// # Errors
    ///
    /// `Malformed` if the field holds something else.
    pub fn span(&self) -> Result<(u64, u64)> {
        match self.content {
            Content::Bytes { offset, len } => Ok((offset, len)),
            _ => Err(self.wrong("bytes")),
        }
    }

    /// A message inside.
    ///
    /// # Errors
    ///
    /// As [`Field::span`].
    pub fn message(&self) -> Result<Message<'a>> {
        let (at, len) = self.span()?;
        Ok(Message { source: self.source, at, end: at + len })
    }

    /// Its bytes, at most `cap`.
    ///
    /// # Errors
    ///
    /// As [`Field::span`]; `TooLarge` beyond `cap`; `Source` if they cannot be had.
    pub fn bytes(&self, cap: u64) -> Result<Vec<u8>> {
        let (offset, len) = self.span()?;
        if len > cap {
            let message = format!("Field {} has {len} bytes, at most {cap} are read.", self.number);
            return Err(Error::too_large(message).at(self.at));
        }
        read_vec(self.source, offset, len)
    }

    /// Its text, of at most `cap` bytes; what is no UTF-8 is replaced.
    ///
    /// # Errors
    ///
    /// As [`Field::bytes`].
    pub fn text(&self, cap: u64) -> Result<String> {
        self.bytes(cap).map(super::lossy)
    }

    /// What a repeated field of varints adds here: one number, or packed ones, of at most `cap` bytes.
    ///
    /// # Errors
    ///
    /// `Malformed` if the field holds something else; `TooLarge` beyond `cap`.
    pub fn varints(&self, cap: u64, into: &mut Vec<u64>) -> Result<()> {
        if let Content::Varint(number) = self.content {
            into.push(number);
            return Ok(());
        }
        let bytes = self.bytes(cap)?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            into.push(varint(&mut rest).map_err(|error| error.at(self.at))?);
        }
        Ok(())
    }

    fn wrong(&self, wanted: &str) -> Error {
        Error::malformed(format!("Field {} should hold {wanted} and does not.", self.number)).at(self.at)
    }
}

/// Takes a varint from the front of some bytes.
///
/// # Errors
///
/// `Malformed` if they end inside it, or it has more than 64 bits.
pub fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0u64;
    for (index, byte) in bytes.iter().take(VARINT).enumerate() {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if index == VARINT - 1 && bits > 1 {
            break;
        }
        number |= bits << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(number);
        }
    }
    Err(Error::malformed(match bytes.len() {
        0..VARINT => "The message ends inside a number; the file is damaged or was not copied whole.",
        _ => "A number has more than 64 bits.",
    }))
}

/// Takes `N` bytes from the front of some.
fn fixed<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk().ok_or_else(|| {
        Error::malformed("The message ends inside a number; the file is damaged or was not copied whole.")
    })?;
    *bytes = rest;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::source::{Memory, Pages};

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, Content)>> {
        Message::new(&bytes).map(|field| field.map(|field| (field.number, field.content))).collect()
    }

    #[test]
    fn gives_the_fields_in_their_order() {
        let bytes = b"\x08\x96\x01\x12\x03abc\x1d\x01\x02\x03\x04\x21\x01\x02\x03\x04\x05\x06\x07\x08\x12\x00";
        let found = fields(bytes).unwrap();
        assert_eq!(
            found,
            [
                (1, Content::Varint(150)),
                (2, Content::Bytes { offset: 5, len: 3 }),
                (3, Content::Fixed32([1, 2, 3, 4])),
                (4, Content::Fixed64([1, 2, 3, 4, 5, 6, 7, 8])),
                (2, Content::Bytes { offset: 24, len: 0 }),
            ]
        );
        let source = bytes.as_slice();
        let message = Message::new(&source);
        assert_eq!(message.clone().last(2).unwrap().unwrap().text(9).unwrap(), "");
        let second = message.clone().nth(1).unwrap().unwrap();
        assert_eq!(second.text(3).unwrap(), "abc");
        assert_eq!(second.text(2).unwrap_err().kind, Kind::TooLarge);
        assert_eq!(second.unsigned().unwrap_err().offset, Some(3));
    }

    #[test]
    fn reads_the_longest_numbers_and_no_longer_ones() {
        assert_eq!(fields(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").unwrap()[0].1, Content::Varint(u64::MAX));
        for bytes in [
            &b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"[..],
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x08\x80",
            b"\x0d\x01\x02\x03",
            b"\x09\x01\x02\x03\x04\x05\x06\x07",
            b"\x00\x01",
            b"\x80\x80\x80\x80\x10\x01",
            b"\x0e\x01",
            b"\x0f\x01",
        ] {
            assert_eq!(fields(bytes).unwrap_err().kind, Kind::Malformed, "{bytes:?}");
        }
    }

    #[test]
    fn no_field_is_longer_than_its_message() {
        assert_eq!(fields(b"\x0a\x02a").unwrap_err().offset, Some(0));
        assert!(fields(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").is_err());
        // The message inside ends before the one around it does.
        let bytes = b"\x0a\x02\x0a\x02bb".as_slice();
        let inside = Message::new(&bytes).next().unwrap().unwrap().message().unwrap();
        assert_eq!(inside.map(|field| field.unwrap_err().offset).collect::<Vec<_>>(), [Some(2)]);
    }

    #[test]
    fn groups_are_skipped() {
        assert_eq!(fields(b"\x0b\x10\x05\x13\x1a\x01a\x14\x0c\x20\x07").unwrap(), [(4, Content::Varint(7))]);
        assert!(fields(b"\x0b\x10\x05").is_err());
        assert!(fields(b"\x0b\x14").is_err());
        assert!(fields(b"\x0c").is_err());
        assert_eq!(fields(&vec![0x0b; 1 << 20]).unwrap_err().kind, Kind::TooLarge);
    }

    #[test]
    fn numbers_may_be_packed() {
        let bytes = b"\x08\x01\x0a\x03\x02\xac\x02\x08\x04".as_slice();
        let mut numbers = Vec::new();
        for field in Message::new(&bytes) {
            field.unwrap().varints(8, &mut numbers).unwrap();
        }
        assert_eq!(numbers, [1, 2, 300, 4]);
    }

    #[test]
    fn what_is_not_asked_for_is_not_read() {
        /// A gigabyte of which only the first and the last bytes can be read.
        #[derive(Debug)]
        struct Ends;
        impl ReadAt for Ends {
            fn size(&self) -> u64 {
                (1 << 30) + 8
            }
            fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
                let bytes = [(0, &b"\x0a\x80\x80\x80\x80\x04"[..]), ((1 << 30) + 6, b"\x10\x07")];
                assert!(buf.len() <= 512);
                for (at, bytes) in bytes {
                    let at: u64 = at;
                    for (byte, place) in bytes.iter().zip(at..) {
                        if let Some(index) = place.checked_sub(offset).filter(|index| *index < buf.len() as u64) {
                            buf[usize::try_from(index).unwrap()] = *byte;
                        }
                    }
                }
                Ok(())
            }
        }
        let pages = Pages::of(&Ends, 512);
        let numbers: Vec<u32> = Message::new(&pages).map(|field| field.unwrap().number).collect();
        assert_eq!(numbers, [1, 2]);
        assert!(Message::part(&Memory::new(*b"ab"), 1, 2).is_err());
    }
}
