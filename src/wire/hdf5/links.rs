//! The links of a group: a name, and what it leads to.

use super::cursor::Cursor;
use super::file::File;
use super::header::{Header, kind};
use crate::error::Result;
use crate::sort;

/// One link of a group.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub name: String,
    /// Whether the name is what it is in the file.
    pub utf8: bool,
    /// Which one it was in the order in which links were made.
    pub order: Option<u64>,
    pub way: Way,
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// An object, by the address of its header.
    Hard(u64),
    /// A path in the same file.
    Soft(String),
    /// A path in another file.
    External { file: String, path: String },
}

/// Text of a file, with marks where it is none.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl File {
    /// The links of a group, in the order in which they were made where that is kept, else by their names; `None` if the header
    /// is not one of a group.
    pub(super) fn links(&self, header: &Header) -> Result<Option<Vec<Link>>> {
        if let Some(message) = header.find(kind::SYMBOLS) {
            let mut cursor = self.cursor("symbol table message", message.at, &message.bytes);
            let (Some(tree), Some(heap)) = (cursor.address()?, cursor.address()?) else {
                return Err(cursor.wrong("tells of no B-tree or no heap"));
            };
            let mut links = self.symbols(tree, heap)?;
            sort::by(&mut links, |a, b| a.name.cmp(&b.name));
            return Ok(Some(links));
        }
        let info = header.find(kind::LINK_INFO);
        let mut links = Vec::new();
        for message in header.all(kind::LINK) {
            links.push(link(self.cursor("link message", message.at, &message.bytes))?);
        }
        let Some(info) = info else { return Ok((!links.is_empty()).then_some(links)) };
        let mut cursor = self.cursor("link info message", info.at, &info.bytes);
        cursor.version(0..=0)?;
        let ordered = cursor.u8()? & 1 != 0;
        cursor.skip(if ordered { 8 } else { 0 })?;
        let (heap, index) = (cursor.address()?, cursor.address()?);
        if let (Some(heap), Some(index)) = (heap, index) {
            let heap_at = heap;
            let heap = self.heap(heap)?;
            // The hash of the name, then the place in the heap.
            let mut records = self.records(index)?;
            heap.sort(&mut records, 4);
            for record in records {
                let id = record.get(4..).unwrap_or_default();
                let bytes = heap.object(self, id)?;
                links.push(link(self.cursor("link in a heap", heap_at, &bytes))?);
            }
        }
        if ordered {
            sort::by_key(&mut links, |link| link.order);
        } else {
            sort::by(&mut links, |a, b| a.name.cmp(&b.name));
        }
        Ok(Some(links))
    }
}

/// Reads a link message.
fn link(mut cursor: Cursor<'_>) -> Result<Link> {
    cursor.version(1..=1)?;
    let flags = cursor.u8()?;
    let way = if flags & 8 == 0 { 0 } else { cursor.u8()? };
    let order = if flags & 4 == 0 { None } else { Some(cursor.number(8)?) };
    cursor.skip(usize::from(flags & 16 != 0))?;
    let len = cursor.number(1 << (flags & 3))?;
    let name = cursor.take_long(len)?;
    let way = match way {
        0 => Way::Hard(cursor.address()?.ok_or_else(|| cursor.wrong("leads to an object that is nowhere"))?),
        1 => {
            let len = cursor.u16()?;
            Way::Soft(text(cursor.take(len.into())?))
        }
        64 => {
            cursor.skip(3)?;
            Way::External { file: text(cursor.until_nul()?), path: text(cursor.until_nul()?) }
        }
        other => return Err(cursor.unknown(format_args!("is of a kind that is not known here, {other}"))),
    };
    Ok(Link { name: text(name), utf8: std::str::from_utf8(name).is_ok(), order, way })
}
