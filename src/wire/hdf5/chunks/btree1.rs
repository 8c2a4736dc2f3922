//! Version 1 B-trees of chunks.
//!
//! Node `TREE`: type 1, level, entries, the addresses of both neighbours, then keys and children by turns, with a key behind the
//! last child. A key is the stored size, the mask of skipped filters, and the index of the first element, 8 bytes a dimension
//! and as many for the bytes inside an element, which are 0.

use super::blocks::Entry;
use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec};
use crate::wire::hdf5::{address, number};
use std::collections::HashSet;

/// A node on the way, and its next child.
struct Node {
    at: u64,
    level: u8,
    bytes: Vec<u8>,
    count: usize,
    next: usize,
}

/// Hands over the entries of the chunks from one first element to another one, both included, in order.
pub(super) fn within(
    source: &dyn ReadAt,
    root: u64,
    offset_size: u8,
    first: &[u64],
    last: &[u64],
    mut take: impl FnMut(&[u64], Entry) -> Result<()>,
) -> Result<()> {
    let rank = first.len();
    let (offset_size, key_size) = (usize::from(offset_size), 8 + 8 * (rank + 1));
    let mut seen = HashSet::new();
    let mut before: Option<Vec<u64>> = None;
    let mut path = vec![node(source, root, (offset_size, key_size), None, &mut seen)?];
    while let Some(top) = path.last_mut() {
        if top.next == top.count {
            path.pop();
            continue;
        }
        let wrong = |what: &str| Error::malformed(format!("A node of the chunks' B-tree {what}.")).at(top.at);
        let at = top.next * (key_size + offset_size);
        top.next += 1;
        let key = &top.bytes[at..at + key_size];
        let index = coordinates(key, rank);
        let child = &top.bytes[at + key_size..at + key_size + offset_size];
        if index.as_slice() > last {
            path.pop();
            continue;
        }
        let child = address(child).ok_or_else(|| wrong("has a child that is nowhere"))?;
        if top.level > 0 {
            let after = coordinates(&top.bytes[at + key_size + offset_size..], rank);
            if after.as_slice() > first {
                let level = Some(top.level);
                path.push(node(source, child, (offset_size, key_size), level, &mut seen)?);
            }
        } else if index.as_slice() >= first {
            if before.as_ref().is_some_and(|before| *before >= index) {
                return Err(wrong(&format!("has the chunk at {index:?} twice, or in no order")));
            }
            let size = number(&key[..4]);
            let skipped = u32::try_from(number(&key[4..8])).expect("four bytes");
            take(&index, Entry { address: child, size, skipped })?;
            before = Some(index);
        }
    }
    Ok(())
}

/// The index in a key.
fn coordinates(key: &[u8], rank: usize) -> Vec<u64> {
    key[8..].as_chunks::<8>().0.iter().take(rank).map(|raw| u64::from_le_bytes(*raw)).collect()
}

/// Reads a node whose level is below that of the one above it.
fn node(
    source: &dyn ReadAt,
    at: u64,
    (offset_size, key_size): (usize, usize),
    above: Option<u8>,
    seen: &mut HashSet<u64>,
) -> Result<Node> {
    let wrong = |what: &str| Error::malformed(format!("A node of the chunks' B-tree {what}.")).at(at);
    let head = read_vec(source, at, 8)?;
    if head[..4] != *b"TREE" || head[4] != 1 {
        return Err(wrong("has not its signature"));
    }
    let (level, count) = (head[5], usize::from(u16::from_le_bytes([head[6], head[7]])));
    if above.is_some_and(|above| level.checked_add(1) != Some(above)) || !seen.insert(at) {
        return Err(wrong("is below itself, or on no level of its own"));
    }
    let len = count * (key_size + offset_size) + key_size;
    let start = at + 8 + 2 * offset_size as u64;
    Ok(Node { at, level, bytes: read_vec(source, start, len as u64)?, count, next: 0 })
}
