//! Version 2 B-trees: records of one size, in order.
//!
//! | header | bytes | meaning |
//! | --- | --- | --- |
//! | 0 | 6 | `BTHD`, version 0, type of the records |
//! | 6 | 4 | bytes of a node |
//! | 10 | 2 | bytes of a record |
//! | 12 | 2 | depth: 0 where the root is a leaf |
//! | 14 | 2 | when nodes are split and merged |
//! | 16 | address | root |
//! | | 2 | records in the root |
//! | | length | records in the tree |
//! | | 4 | checksum |
//!
//! A leaf (`BTLF`) is version, type, records, checksum; an inner node (`BTIN`) has between records and checksum one more
//! child than records: its address, its records and, unless it is a leaf, all records below it, in as many bytes as the most
//! of them need.

use super::{address, lookup3, number};
use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec};
use std::cmp::Ordering;
use std::collections::HashSet;

/// Signature, version and type before the records of a node, and the checksum after them.
const PREFIX: u64 = 6;
const CHECKSUM: u64 = 4;

/// The deepest tree: an inner node has two children and more, so that this many levels hold any number of records.
const DEPTH: u16 = 64;

/// A version 2 B-tree. Nodes are read when they are asked for, each time: a source of many small reads wants a page cache.
#[derive(Debug)]
pub struct Btree2<'a> {
    source: &'a dyn ReadAt,
    kind: u8,
    record_size: u64,
    total: u64,
    offset_size: u64,
    root: Option<Child>,
    /// By level, leaves first.
    levels: Vec<Level>,
}

/// What nodes of one level can hold.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// The most records of a node.
    most: u64,
    /// Bytes of the count of all records below a node, where a pointer to one has it.
    total_size: u64,
}

/// Where a node is, and how many records it has itself.
#[derive(Clone, Copy, Debug)]
struct Child {
    address: u64,
    records: u64,
    /// The records of the node and of all below it.
    total: u64,
}

/// A node that was read.
struct Node {
    bytes: Vec<u8>,
    children: Vec<Child>,
}

impl<'a> Btree2<'a> {
    /// Reads the header at `address`.
    ///
    /// # Errors
    ///
    /// `Malformed` if it is not one, or contradicts itself.
    pub fn open(source: &'a dyn ReadAt, at: u64, offset_size: u8, length_size: u8) -> Result<Self> {
        let (offset_size, length_size) = (u64::from(offset_size), u64::from(length_size));
        let wrong = |what: &str| Error::malformed(format!("The B-tree's header {what}.")).at(at);
        let bytes = read_vec(source, at, 16 + offset_size + 2 + length_size + CHECKSUM)?;
        checked(&bytes, *b"BTHD", at)?;
        let field = |from: u64, len: u64| &bytes[range(from, len)];
        let (node_size, record_size) = (number(field(6, 4)), number(field(10, 2)));
        let depth = number(field(12, 2));
        let records = number(field(16 + offset_size, 2));
        let total = number(field(18 + offset_size, length_size));
        let depth = u16::try_from(depth).ok().filter(|depth| *depth <= DEPTH);
        let depth = depth.ok_or_else(|| wrong("tells of more levels than a tree can have"))?;
        if record_size == 0 || node_size < PREFIX + CHECKSUM + record_size {
            return Err(wrong("tells of nodes that hold no record"));
        }
        // Each record has bytes of its own in the file.
        if total.checked_mul(record_size).is_none_or(|bytes| bytes > source.size()) {
            return Err(wrong(&format!("counts {total} records, more than the file holds")));
        }
        let levels = levels(node_size, record_size, offset_size, depth);
        let levels = levels.ok_or_else(|| wrong("tells of nodes that hold no record"))?;
        let root = address(field(16, offset_size)).map(|address| Child { address, records, total });
        if root.is_none() && total > 0 {
            return Err(wrong(&format!("counts {total} records and has no root")));
        }
        Ok(Btree2 { source, kind: bytes[5], record_size, total, offset_size, root, levels })
    }

    /// What its records are, by the specification's number.
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// Bytes of a record.
    pub fn record_size(&self) -> u64 {
        self.record_size
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// Hands over all records, in order.
    ///
    /// # Errors
    ///
    /// `Malformed` if a node is damaged; what `take` says.
    pub fn each(&self, take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.within(|_| Ordering::Equal, take)
    }

    /// Hands over the records that `place` calls equal to what is looked for, in order. It calls those before less and those
    /// after greater; only nodes on the way to what is looked for are read.
    ///
    /// # Errors
    ///
    /// As [`Btree2::each`].
    pub fn within(&self, place: impl Fn(&[u8]) -> Ordering, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        let size = usize::try_from(self.record_size).expect("16 bits");
        let mut seen = HashSet::new();
        // Nodes on the way, each with its level and its next child.
        let mut path = vec![(self.node(root, self.levels.len() - 1, &mut seen)?, self.levels.len() - 1, 0)];
        while let Some((node, level, next)) = path.last_mut() {
            let count = node.bytes.len() / size;
            let record = |index: usize| &node.bytes[index * size..][..size];
            if *level == 0 {
                for index in 0..count {
                    if place(record(index)) == Ordering::Equal {
                        take(record(index))?;
                    }
                }
                path.pop();
                continue;
            }
            let child = *next;
            *next += 1;
            // The record before a child comes after all children before it.
            if child > 0 && child <= count && place(record(child - 1)) == Ordering::Equal {
                take(record(child - 1))?;
            }
            if child > count || (child > 0 && place(record(child - 1)) == Ordering::Greater) {
                path.pop();
                continue;
            }
            // All of a child is before the record after it.
            if child < count && place(record(child)) == Ordering::Less {
                continue;
            }
            let (below, child) = (*level - 1, node.children[child]);
            let node = self.node(child, below, &mut seen)?;
            path.push((node, below, 0));
        }
        Ok(())
    }

    /// Reads a node: its records and, of an inner one, its children.
    fn node(&self, child: Child, level: usize, seen: &mut HashSet<u64>) -> Result<Node> {
        let at = child.address;
        let wrong = |what: &str| Error::malformed(format!("A node of the B-tree {what}.")).at(at);
        if !seen.insert(at) {
            return Err(wrong("is below another one twice"));
        }
        if child.records > self.levels[level].most || (level > 0 && child.records == 0) {
            return Err(wrong(&format!("has {} records, room for {}", child.records, self.levels[level].most)));
        }
        let records = child.records * self.record_size;
        let below = level.checked_sub(1).map(|below| self.levels[below]);
        let (count_size, total_size) = (self.count_size(), below.map_or(0, |below| below.total_size));
        let pointer = self.offset_size + count_size + total_size;
        let children = if level == 0 { 0 } else { child.records + 1 };
        let mut bytes = read_vec(self.source, at, PREFIX + records + children * pointer + CHECKSUM)?;
        checked(&bytes, if level == 0 { *b"BTLF" } else { *b"BTIN" }, at)?;
        if bytes[5] != self.kind {
            return Err(wrong(&format!("holds records of type {}, the tree of type {}", bytes[5], self.kind)));
        }
        let mut found = Vec::new();
        let mut total = child.records;
        for index in 0..children {
            let entry = &bytes[range(PREFIX + records + index * pointer, pointer)];
            let (place, counts) = entry.split_at(range(0, self.offset_size).end);
            let (own, all) = counts.split_at(range(0, count_size).end);
            let records = number(own);
            let all = if total_size == 0 { records } else { number(all) };
            let address = address(place).ok_or_else(|| wrong("has a child that is nowhere"))?;
            total = total.checked_add(all).ok_or_else(|| wrong("counts more records than there are"))?;
            found.push(Child { address, records, total: all });
        }
        if total != child.total {
            return Err(wrong(&format!("has {total} records below it where {} were counted", child.total)));
        }
        bytes.truncate(range(PREFIX, records).end);
        bytes.drain(..range(0, PREFIX).end);
        Ok(Node { bytes, children: found })
    }

    /// Bytes of the count of a node's own records.
    fn count_size(&self) -> u64 {
        bytes_for(self.levels[0].most)
    }
}

/// What nodes of each level hold; `None` if inner nodes would not hold a record.
fn levels(node_size: u64, record_size: u64, offset_size: u64, depth: u16) -> Option<Vec<Level>> {
    let room = node_size - PREFIX - CHECKSUM;
    let leaf = Level { most: room / record_size, total_size: 0 };
    let count_size = bytes_for(leaf.most);
    let mut levels = vec![leaf];
    let mut all = leaf.most;
    for level in 0..usize::from(depth) {
        let pointer = offset_size + count_size + levels[level].total_size;
        let most = room.checked_sub(pointer)? / (record_size + pointer);
        if most == 0 {
            return None;
        }
        // What no 64 bits count is never there.
        all = (most + 1).saturating_mul(all).saturating_add(most);
        levels.push(Level { most, total_size: bytes_for(all) });
    }
    Some(levels)
}

/// Bytes that a number takes.
fn bytes_for(most: u64) -> u64 {
    u64::from(most.checked_ilog2().unwrap_or(0)) / 8 + 1
}

/// Checks signature, version 0 and checksum of a structure.
fn checked(bytes: &[u8], signature: [u8; 4], at: u64) -> Result<()> {
    if bytes[..4] != signature || bytes[4] != 0 {
        return Err(Error::malformed(format!(
            "There is no {} of version 0 of a B-tree.",
            String::from_utf8_lossy(&signature)
        ))
        .at(at));
    }
    let (content, sum) = bytes.split_at(bytes.len() - 4);
    if u64::from(lookup3(content)) != number(sum) {
        return Err(Error::malformed("The checksum of a part of the B-tree does not fit its bytes.").at(at));
    }
    Ok(())
}

/// A range inside a structure that is in memory.
fn range(from: u64, len: u64) -> std::ops::Range<usize> {
    let place = |at: u64| usize::try_from(at).expect("inside what was read");
    place(from)..place(from + len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    const FILE: &[u8] = include_bytes!("../../../tests/fixtures/hdf5/chunk_indices_latest.h5");

    /// Where the headers of the fixture's trees are.
    fn headers() -> Vec<u64> {
        FILE.windows(4).enumerate().filter(|(_, bytes)| *bytes == b"BTHD").map(|(at, _)| at as u64).collect()
    }

    /// The row and column of a chunk: the last 16 bytes of a record of type 10.
    fn index(record: &[u8]) -> (u64, u64) {
        let last = &record[record.len() - 16..];
        (number(&last[..8]), number(&last[8..]))
    }

    #[test]
    fn gives_all_records_in_order_and_any_range_of_them() {
        let memory = Memory::new(FILE);
        let mut deep = 0;
        for at in headers() {
            let tree = Btree2::open(&memory, at, 8, 8).unwrap();
            if tree.kind() != 10 {
                continue;
            }
            let mut all = Vec::new();
            tree.each(|record| {
                all.push(index(record));
                Ok(())
            })
            .unwrap();
            assert_eq!(all.len() as u64, tree.count());
            assert!(all.is_sorted());
            deep = deep.max(tree.levels.len());
            for wanted in &all {
                let mut found = Vec::new();
                let take = |record: &[u8]| {
                    found.push(index(record));
                    Ok(())
                };
                tree.within(|record| index(record).cmp(wanted), take).unwrap();
                assert_eq!(found, [*wanted]);
            }
            let mut rows = 0;
            let take = |_: &[u8]| {
                rows += 1;
                Ok(())
            };
            let row = |record: &[u8]| index(record).0.cmp(&1);
            tree.within(row, take).unwrap();
            assert_eq!(rows, all.iter().filter(|(row, _)| *row == 1).count());
        }
        assert!(deep > 1, "no tree has two levels");
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        for at in headers() {
            for byte in 0..38 {
                let mut bytes = FILE.to_vec();
                bytes[usize::try_from(at).unwrap() + byte] ^= 1;
                let memory = Memory::new(bytes);
                assert!(Btree2::open(&memory, at, 8, 8).is_err());
            }
        }
    }
}
