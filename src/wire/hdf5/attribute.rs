//! Attributes: named values of an object.

use super::cursor::Cursor;
use super::file::File;
use super::header::{Header, Message, kind};
use super::links::text;
use super::space::Space;
use super::types::Type;
use crate::error::{Error, Result};
use crate::sort;

/// One attribute of an object.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// The shape of what it holds.
    pub space: Space,
    /// What its elements are.
    pub kind: Type,
    /// Which one it was in the order in which attributes were made.
    order: Option<u32>,
    /// The address of its elements' bytes; 0 in a heap.
    pub(super) at: u64,
    /// Its elements' bytes.
    pub(super) bytes: Vec<u8>,
}

const WHAT: &str = "attribute message";

impl File {
    /// The attributes of an object, in the order in which they were made where that is kept, else by their names; and what is
    /// wrong with those that cannot be read.
    pub(super) fn attributes(&self, header: &Header) -> (Vec<Attribute>, Vec<Error>) {
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        let mut keep = |attribute: Result<Attribute>| match attribute {
            Ok(attribute) => found.push(attribute),
            Err(error) => wrong.push(error),
        };
        for message in header.all(kind::ATTRIBUTE) {
            let attribute = self.resolved(message).and_then(|message| self.attribute(&message));
            keep(attribute.map(|attribute| Attribute { order: message.order.map(u32::from), ..attribute }));
        }
        let mut ordered = header.ordered;
        if let Some(info) = header.find(kind::ATTRIBUTE_INFO)
            && let Err(error) = self.dense(info, &mut ordered, &mut keep)
        {
            wrong.push(error);
        }
        if ordered {
            sort::by_key(&mut found, |attribute| attribute.order);
        } else {
            sort::by(&mut found, |a, b| a.name.cmp(&b.name));
        }
        (found, wrong)
    }

    /// Hands over the attributes that are kept in a heap.
    fn dense(&self, info: &Message, ordered: &mut bool, keep: &mut impl FnMut(Result<Attribute>)) -> Result<()> {
        let mut cursor = self.cursor("attribute info message", info.at, &info.bytes);
        cursor.version(0..=0)?;
        *ordered = cursor.u8()? & 1 != 0;
        cursor.skip(if *ordered { 2 } else { 0 })?;
        let (Some(heap), Some(index)) = (cursor.address()?, cursor.address()?) else { return Ok(()) };
        let found = self.heap(heap)?;
        // The place in the heap, the message's flags, the order, the hash of the name.
        let mut records = self.records(index)?;
        found.sort(&mut records, 0);
        for record in records {
            let mut cursor = self.cursor("record of an attribute", index, &record);
            let id = cursor.take(8)?;
            let shared = cursor.u8()? & 2 != 0;
            let order = cursor.u32()?;
            let bytes = found.object(self, id);
            let message = bytes.map(|bytes| Message { kind: kind::ATTRIBUTE, shared, order: None, at: heap, bytes });
            let attribute =
                message.and_then(|message| self.resolved(&message)).and_then(|message| self.attribute(&message));
            keep(attribute.map(|attribute| Attribute { order: Some(order), ..attribute }));
        }
        Ok(())
    }

    fn attribute(&self, message: &Message) -> Result<Attribute> {
        let mut cursor = self.cursor(WHAT, message.at, &message.bytes);
        let version = cursor.version(1..=3)?;
        // Type and shape may be shared; version 1 has none of this and fills all parts up.
        let flags = cursor.u8()? & if version == 1 { 0 } else { 3 };
        let lens = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
        cursor.skip(usize::from(version == 3))?;
        let mut part = |len| {
            let from = cursor.taken();
            let place = cursor.place();
            let bytes = cursor.take(len)?;
            if version == 1 {
                cursor.pad(from);
            }
            Ok((bytes, place))
        };
        let (name, _) = part(lens[0])?;
        let (kind, kind_at) = part(lens[1])?;
        let (space, space_at) = part(lens[2])?;
        let name = text(name.split(|byte| *byte == 0).next().unwrap_or_default());
        let kind = match flags & 1 {
            0 => Type::read(&mut Cursor::new(kind, kind_at, "datatype of an attribute", self.sizes()))?,
            _ => {
                let mut cursor = Cursor::new(kind, kind_at, "shared datatype of an attribute", self.sizes());
                let message = self.shared(kind::TYPE, &mut cursor)?;
                Type::read(&mut self.cursor("datatype message", message.at, &message.bytes))?
            }
        };
        let space = match flags & 2 {
            0 => Space::read(Cursor::new(space, space_at, "dataspace of an attribute", self.sizes()))?,
            _ => {
                let mut cursor = Cursor::new(space, space_at, "shared dataspace of an attribute", self.sizes());
                let message = self.shared(kind::SPACE, &mut cursor)?;
                Space::read(self.cursor("dataspace message", message.at, &message.bytes))?
            }
        };
        let wanted = space.elements().saturating_mul(kind.size);
        let left = cursor.left() as u64;
        if wanted > left {
            let elements = space.elements();
            return Err(cursor.wrong(format_args!("tells of {elements} elements in {wanted} bytes where {left} are")));
        }
        let bytes = cursor.take_long(wanted)?.to_vec();
        Ok(Attribute { name, space, kind, order: None, at: message.at, bytes })
    }
}
