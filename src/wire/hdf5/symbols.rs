//! The links of an old group: names in a local heap, objects in symbol nodes, which a version 1 B-tree leads to.
//!
//! | structure | meaning |
//! | --- | --- |
//! | `HEAP` | version 0, 3 bytes of padding, bytes of the names, the first free one, their address |
//! | `TREE` | type 0, level, entries, both neighbours, then keys and children in turn, one key more |
//! | `SNOD` | version 1, padding, symbols; each a name, an object header, 4 bytes what is cached, 4 padding, 16 cached |

use super::file::File;
use super::links::{Link, Way, text};
use crate::error::Result;
use std::collections::BTreeMap;

/// The level that no tree of two children a node reaches.
const LEVELS: u8 = 64;

/// The kind of cache that holds the target of a soft link.
const SOFT: u32 = 2;

impl File {
    /// The links of the group whose B-tree and local heap these are.
    pub(super) fn symbols(&self, tree: u64, heap: u64) -> Result<Vec<Link>> {
        let names = self.names(heap)?;
        let mut links = Vec::new();
        // What is still to be read, in the order of the file: a node and its level, where that is known.
        let mut nodes = BTreeMap::from([(tree, None)]);
        while let Some((at, level)) = nodes.pop_first() {
            if level == Some(0) {
                self.symbol_node(at, &names, &mut links)?;
                continue;
            }
            let (found, children) = self.tree_node(at, level)?;
            nodes.extend(children.into_iter().map(|child| (child, Some(found))));
        }
        Ok(links)
    }

    /// The level of the children of a B-tree's node, 0 for symbol nodes, and the children.
    fn tree_node(&self, at: u64, expected: Option<u8>) -> Result<(u8, Vec<u64>)> {
        let what = "B-tree node of a group";
        let sizes = self.sizes();
        let (offset, length) = (u64::from(sizes.offset), u64::from(sizes.length));
        let head = self.bytes(what, at, 8 + 2 * offset)?;
        let mut cursor = self.cursor(what, at, &head);
        cursor.signature(*b"TREE")?;
        let (kind, level, entries) = (cursor.u8()?, cursor.u8()?, u64::from(cursor.u16()?));
        if kind != 0 {
            return Err(cursor.wrong(format_args!("is marked as one of type {kind}, that of chunks, not of groups")));
        }
        // A node is one level below the one that leads to it: so none leads back.
        if level >= LEVELS || expected.is_some_and(|expected| expected != level + 1) {
            return Err(cursor.wrong(format_args!("is of level {level}, which its place in the tree contradicts")));
        }
        if entries > self.superblock.children {
            let room = self.superblock.children;
            return Err(cursor.wrong(format_args!("counts {entries} children, room for {room}")));
        }
        let bytes = self.bytes(what, at, 8 + 2 * offset + entries * (length + offset) + length)?;
        let mut cursor = self.cursor(what, at, &bytes);
        cursor.skip(head.len())?;
        let mut children = Vec::new();
        for _ in 0..entries {
            cursor.length()?;
            children.push(cursor.address()?.ok_or_else(|| cursor.wrong("has a child that is nowhere"))?);
        }
        Ok((level, children))
    }

    fn symbol_node(&self, at: u64, names: &Names, links: &mut Vec<Link>) -> Result<()> {
        let what = "symbol node (SNOD)";
        let head = self.bytes(what, at, 8)?;
        let mut cursor = self.cursor(what, at, &head);
        cursor.signature(*b"SNOD")?;
        cursor.version(1..=1)?;
        cursor.skip(1)?;
        let symbols = u64::from(cursor.u16()?);
        if symbols > self.superblock.symbols {
            let room = self.superblock.symbols;
            return Err(cursor.wrong(format_args!("counts {symbols} links, room for {room}")));
        }
        let entry = 2 * u64::from(self.sizes().offset) + 24;
        let bytes = self.bytes(what, at, 8 + symbols * entry)?;
        self.charge(symbols * size_of::<Link>() as u64)?;
        let mut cursor = self.cursor(what, at, &bytes);
        cursor.skip(8)?;
        for _ in 0..symbols {
            let name = self.name(names, cursor.number(self.sizes().offset)?)?;
            let object = cursor.address()?;
            let cached = cursor.u32()?;
            cursor.skip(4)?;
            let scratch = cursor.take(16)?;
            let way = if cached == SOFT {
                let target = u64::from(u32::from_le_bytes([scratch[0], scratch[1], scratch[2], scratch[3]]));
                Way::Soft(text(&self.name(names, target)?))
            } else {
                Way::Hard(object.ok_or_else(|| cursor.wrong("has a link to an object that is nowhere"))?)
            };
            links.push(Link { name: text(&name), utf8: std::str::from_utf8(&name).is_ok(), order: None, way });
        }
        Ok(())
    }

    /// The names of a local heap.
    fn names(&self, at: u64) -> Result<Names> {
        let what = "local heap of a group";
        let sizes = self.sizes();
        let head = self.bytes(what, at, 8 + 2 * u64::from(sizes.length) + u64::from(sizes.offset))?;
        let mut cursor = self.cursor(what, at, &head);
        cursor.signature(*b"HEAP")?;
        cursor.version(0..=0)?;
        cursor.skip(3)?;
        let len = cursor.length()?;
        cursor.length()?;
        let data = cursor.address()?.ok_or_else(|| cursor.wrong("has no bytes"))?;
        Ok(Names { at: data, bytes: self.bytes("local heap's names", data, len)? })
    }

    /// One name of the local heap at an address.
    pub(super) fn heap_name(&self, heap: u64, offset: u64) -> Result<String> {
        Ok(text(&self.name(&self.names(heap)?, offset)?))
    }

    /// A name in a heap, up to its NUL.
    fn name(&self, names: &Names, offset: u64) -> Result<Vec<u8>> {
        let what = "name in the local heap";
        let rest = usize::try_from(offset).ok().and_then(|offset| names.bytes.get(offset..));
        let rest = rest.ok_or_else(|| {
            let len = names.bytes.len();
            self.wrong(names.at, format!("A link's name should be at byte {offset} of a local heap of {len} bytes."))
        })?;
        let name = self.cursor(what, names.at.saturating_add(offset), rest).until_nul()?;
        self.charge(name.len() as u64)?;
        Ok(name.to_vec())
    }
}

/// The names of an old group.
struct Names {
    at: u64,
    bytes: Vec<u8>,
}
