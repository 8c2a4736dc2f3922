//! TensorFlow's tables, written by hand.

use paramscope::source::{Files, Memory};
use paramscope::wire::crc32c;
use paramscope::wire::sstable::MAGIC;
use std::rc::Rc;

/// A varint.
pub fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}

/// A field of protobuf that holds a whole number.
pub fn field(key: u64, value: u64) -> Vec<u8> {
    [number(key << 3), number(value)].concat()
}

/// A field of protobuf that holds bytes.
pub fn message(key: u64, bytes: &[u8]) -> Vec<u8> {
    [number(key << 3 | 2), number(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A sum as it is stored.
pub fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A `TensorShapeProto`.
pub fn shape(sizes: &[u64]) -> Vec<u8> {
    sizes.iter().flat_map(|size| message(2, &field(1, *size))).collect()
}

/// A `BundleEntryProto`.
pub struct Told {
    pub dtype: u64,
    pub shape: Vec<u64>,
    pub shard: u64,
    pub offset: u64,
    pub size: u64,
    pub sum: u32,
    /// The first index and the length of each slice in each dimension.
    pub slices: Vec<Vec<(u64, u64)>>,
}

impl Told {
    /// Elements in one run.
    pub fn dense(dtype: u64, shape: &[u64], shard: u64, offset: u64, bytes: &[u8]) -> Self {
        let (shape, size, sum) = (shape.to_vec(), bytes.len() as u64, crc32c::of(bytes));
        Told { dtype, shape, shard, offset, size, sum, slices: Vec::new() }
    }

    pub fn written(&self) -> Vec<u8> {
        let mut bytes = [field(1, self.dtype), message(2, &shape(&self.shape)), field(3, self.shard)].concat();
        bytes.extend([field(4, self.offset), field(5, self.size), vec![6 << 3 | 5]].concat());
        bytes.extend(masked(self.sum).to_le_bytes());
        for slice in &self.slices {
            let extents: Vec<u8> = slice
                .iter()
                .flat_map(|(start, len)| message(1, &[field(1, *start), field(2, *len)].concat()))
                .collect();
            bytes.extend(message(7, &extents));
        }
        bytes
    }
}

/// The first entry of an index: how many shards, and whether elements are big-endian.
pub fn header(shards: u64, big: bool) -> (Vec<u8>, Vec<u8>) {
    let value = [field(1, shards), field(2, big.into()), message(3, &field(1, 1))].concat();
    (Vec::new(), value)
}

/// How a table is written.
#[derive(Clone, Copy)]
pub struct Way {
    /// Bytes after which a block ends.
    pub block: usize,
    /// Whether blocks are packed.
    pub packed: bool,
}

/// As TensorFlow writes tables.
pub const PLAIN: Way = Way { block: 256 << 10, packed: false };

fn block(entries: &[(Vec<u8>, Vec<u8>)], packed: bool) -> Vec<u8> {
    let (mut bytes, mut before): (Vec<u8>, &[u8]) = (Vec::new(), &[]);
    for (key, value) in entries {
        let shared = before.iter().zip(key).take_while(|(a, b)| a == b).count();
        bytes.extend([shared, key.len() - shared, value.len()].into_iter().flat_map(|len| number(len as u64)));
        bytes.extend(&key[shared..]);
        bytes.extend(value);
        before = key;
    }
    bytes.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    if packed {
        bytes = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
    }
    bytes.push(packed.into());
    let sum = masked(crc32c::of(&bytes));
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// A table of these entries, which are in order.
pub fn table(entries: &[(Vec<u8>, Vec<u8>)], way: Way) -> Vec<u8> {
    let (mut bytes, mut index) = (Vec::new(), Vec::new());
    let mut rest = entries;
    while !rest.is_empty() {
        let mut size = 0;
        let fits = |(key, value): &&(Vec<u8>, Vec<u8>)| {
            let fits = size < way.block;
            size += key.len() + value.len();
            fits
        };
        let count = rest.iter().take_while(fits).count();
        let (now, then) = rest.split_at(count);
        let written = block(now, way.packed);
        let handle = [number(bytes.len() as u64), number(written.len() as u64 - 5)].concat();
        index.push((now[count - 1].0.clone(), handle));
        bytes.extend(written);
        rest = then;
    }
    let index = block(&index, false);
    let mut footer = [vec![0, 0], number(bytes.len() as u64), number(index.len() as u64 - 5)].concat();
    footer.resize(40, 0);
    [bytes, index, footer, MAGIC.to_vec()].concat()
}

/// The files `ckpt.index` and its shards.
pub fn bundle(entries: &[(Vec<u8>, Vec<u8>)], way: Way, shards: &[Vec<u8>]) -> Files {
    let mut files = Files::new();
    for (shard, bytes) in shards.iter().enumerate() {
        let name = format!("ckpt.data-{shard:05}-of-{:05}", shards.len());
        files.add(name, Rc::new(Memory::new(bytes.clone())));
    }
    files.add("ckpt.index", Rc::new(Memory::new(table(entries, way))));
    files
}
