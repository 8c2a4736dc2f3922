//! Object headers: the messages of an object.
//!
//! Version 1 has 16 bytes before its messages, each message 8 before its own bytes, all at multiples of 8. Version 2 (`OHDR`)
//! is packed, its blocks end in a checksum. A header goes on in other blocks, which a message of its own leads to.

use super::cursor::Cursor;
use super::file::File;
use super::{lookup3, number};
use crate::error::Result;
use std::collections::{HashSet, VecDeque};

/// The kinds of messages, by the specification's numbers.
pub(super) mod kind {
    pub const SPACE: u16 = 0x01;
    pub const LINK_INFO: u16 = 0x02;
    pub const TYPE: u16 = 0x03;
    pub const OLD_FILL: u16 = 0x04;
    pub const FILL: u16 = 0x05;
    pub const LINK: u16 = 0x06;
    pub const EXTERNAL: u16 = 0x07;
    pub const LAYOUT: u16 = 0x08;
    pub const FILTERS: u16 = 0x0b;
    pub const ATTRIBUTE: u16 = 0x0c;
    pub const SHARED_TABLE: u16 = 0x0f;
    pub const CONTINUATION: u16 = 0x10;
    pub const SYMBOLS: u16 = 0x11;
    pub const BTREE_K: u16 = 0x13;
    pub const ATTRIBUTE_INFO: u16 = 0x15;
}

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub kind: u16,
    /// Whether its bytes tell where the message is.
    pub shared: bool,
    /// Which one it was in the order in which attributes were made.
    pub order: Option<u16>,
    /// The address of its bytes.
    pub at: u64,
    pub bytes: Vec<u8>,
}

/// The messages of an object.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub at: u64,
    pub messages: Vec<Message>,
    /// Whether attributes are to be told in the order in which they were made.
    pub ordered: bool,
}

impl Header {
    /// The first message of a kind.
    pub fn find(&self, kind: u16) -> Option<&Message> {
        self.all(kind).next()
    }

    pub fn all(&self, kind: u16) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.kind == kind)
    }
}

/// How many messages usual objects have, which [`crate::limits::HDF5_OBJECT`] counts.
const USUAL: usize = 8;

/// How the messages of a header are written.
#[derive(Clone, Copy)]
enum Form {
    Old,
    New { ordered: bool },
}

impl File {
    /// The object header at an address.
    pub(super) fn header(&self, what: &str, at: u64) -> Result<Header> {
        self.touch(at);
        // The shortest ones: 16 bytes of version 1, 4 + 3 + 4 of version 2.
        let head = self.bytes(what, at, 11)?;
        if head.starts_with(b"OHDR") { self.new_header(what, at) } else { self.old_header(what, at) }
    }

    fn old_header(&self, what: &str, at: u64) -> Result<Header> {
        let head = self.bytes(what, at, 16)?;
        let mut cursor = self.cursor(what, at, &head);
        cursor.version(1..=1)?;
        cursor.skip(1)?;
        let count = cursor.u16()?;
        cursor.skip(4)?;
        let len = cursor.u32()?.into();
        let header = Header { at, messages: Vec::new(), ordered: false };
        let (header, found) = self.messages(what, header, Form::Old, (at.saturating_add(16), len))?;
        if found < usize::from(count) {
            return Err(self.wrong(at, format!("The {what} counts {count} messages and has {found}.")));
        }
        Ok(header)
    }

    fn new_header(&self, what: &str, at: u64) -> Result<Header> {
        let head = self.bytes(what, at, (self.size() - at).min(34))?;
        let mut cursor = self.cursor(what, at, &head);
        cursor.signature(*b"OHDR")?;
        cursor.version(2..=2)?;
        let flags = cursor.u8()?;
        cursor.skip(if flags & 0x20 == 0 { 0 } else { 16 })?;
        cursor.skip(if flags & 0x10 == 0 { 0 } else { 4 })?;
        let len = cursor.number(1 << (flags & 3))?;
        let prefix = cursor.taken() as u64;
        let whole = prefix.checked_add(len).and_then(|len| len.checked_add(4)).unwrap_or(u64::MAX);
        let bytes = self.bytes(what, at, whole)?;
        self.check(what, at, &bytes)?;
        let ordered = flags & 4 != 0;
        let header = Header { at, messages: Vec::new(), ordered };
        Ok(self.messages(what, header, Form::New { ordered }, (at + prefix, len))?.0)
    }

    /// Refuses a structure whose last four bytes are not the checksum of those before.
    pub(super) fn check(&self, what: &str, at: u64, bytes: &[u8]) -> Result<()> {
        let (content, sum) = bytes.split_at(bytes.len().saturating_sub(4));
        if u64::from(lookup3(content)) == number(sum) {
            return Ok(());
        }
        Err(self.wrong(at, format!("The checksum of the {what} does not fit its bytes.")))
    }

    /// The messages of the first block and of those that it leads to, and how many there are.
    fn messages(&self, what: &str, mut header: Header, form: Form, first: (u64, u64)) -> Result<(Header, usize)> {
        let mut blocks = VecDeque::from([first]);
        let mut seen = HashSet::from([header.at, first.0]);
        let mut count = 0;
        while let Some((at, len)) = blocks.pop_front() {
            let bytes = self.bytes(what, at, len)?;
            let mut cursor = self.cursor(what, at, &bytes);
            while let Some(message) = next(&mut cursor, form, at)? {
                count += 1;
                match message.kind {
                    0 => {}
                    kind::CONTINUATION => {
                        let what = "continuation of an object header";
                        let mut cursor = self.cursor(what, message.at, &message.bytes);
                        let address = cursor.address()?.ok_or_else(|| cursor.wrong("is nowhere"))?;
                        let len = cursor.length()?;
                        if !seen.insert(address) {
                            return Err(cursor.wrong("leads to where it was before"));
                        }
                        blocks.push_back(self.block(what, form, address, len)?);
                    }
                    _ => {
                        // Small messages take more in memory than in the file.
                        self.charge(if header.messages.len() < USUAL { 0 } else { size_of::<Message>() as u64 })?;
                        header.messages.push(message);
                    }
                }
            }
        }
        Ok((header, count))
    }

    /// Where the messages of a continuation are.
    fn block(&self, what: &str, form: Form, at: u64, len: u64) -> Result<(u64, u64)> {
        // Read for its length to be checked before its bytes are wanted as messages.
        let bytes = self.bytes(what, at, len)?;
        match form {
            Form::Old => Ok((at, len)),
            Form::New { .. } => {
                self.cursor(what, at, &bytes).signature(*b"OCHK")?;
                self.check(what, at, &bytes)?;
                let inside = len.checked_sub(8).ok_or_else(|| self.wrong(at, format!("The {what} is too short.")))?;
                Ok((at + 4, inside))
            }
        }
    }
}

/// The next message of a block; `None` at its end.
fn next(cursor: &mut Cursor<'_>, form: Form, block: u64) -> Result<Option<Message>> {
    let head = match form {
        Form::Old => 8,
        Form::New { ordered } => 4 + if ordered { 2 } else { 0 },
    };
    // What is too small for a message is a gap.
    if cursor.left() < head {
        return Ok(None);
    }
    let (kind, len, flags, mut order) = match form {
        Form::Old => {
            let (kind, len, flags) = (cursor.u16()?, cursor.u16()?, cursor.u8()?);
            cursor.skip(3)?;
            (kind, len, flags, None)
        }
        Form::New { .. } => (cursor.u8()?.into(), cursor.u16()?, cursor.u8()?, None),
    };
    if let Form::New { ordered: true } = form {
        order = Some(cursor.u16()?);
    }
    if usize::from(len) > cursor.left() {
        return Err(cursor.wrong(format_args!("has a message of {len} bytes where {} are left", cursor.left())));
    }
    let at = block + cursor.taken() as u64;
    let bytes = cursor.take(len.into())?.to_vec();
    Ok(Some(Message { kind, shared: flags & 2 != 0, order, at, bytes }))
}
