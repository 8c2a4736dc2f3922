//! HDF5's structures: where the groups, datasets and attributes of a file are, and what their headers say.
//!
//! | structure | what it is | here |
//! | --- | --- | --- |
//! | superblock | how wide addresses are, where the root group is | `superblock.rs` |
//! | object header | the messages of a group, a dataset or a named type | `header.rs` |
//! | message | shape, type, layout, filters, attribute, link … | a file each |
//! | local heap, version 1 B-tree, symbol nodes | the links of an old group | `symbols.rs` |
//! | fractal heap, version 2 B-tree | links and attributes of objects with many | `fractal.rs`, `btree2.rs` |
//! | global heap | texts and lists of any length | `global.rs` |
//! | chunk index, filters | where a dataset's chunks are, what they went through | `chunks/`, `filters/` |
//!
//! Addresses count from the superblock, which a user block may stand before. Nothing is read but what is on the way to an
//! object, each part once: a file whose parts are read again and again is refused. Source: the HDF5 file format specification,
//! version 3.

mod attribute;
mod btree2;
mod chunks;
mod cursor;
mod dataset;
mod file;
mod filters;
mod fractal;
mod global;
mod header;
mod links;
mod lookup3;
mod selection;
mod shared;
mod space;
mod superblock;
mod symbols;
mod tree;
mod types;
mod value;

pub use attribute::Attribute;
pub use btree2::Btree2;
pub use chunks::{Chunk, Chunks, Grid};
pub use cursor::Sizes;
pub use dataset::{Dataset, External, Mapping, Storage};
pub use file::File;
pub use filters::{filter_name, is_known, undo};
pub use global::{Collection, Collections};
pub use lookup3::lookup3;
pub use selection::{Blocks, Selection};
pub use space::Space;
pub use superblock::{SIGNATURE, Superblock, places};
pub use tree::{Kind, Object, Target, Tree, below};
pub use types::{Class, Member, Type};

/// A little-endian whole number of at most 8 bytes.
pub fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A little-endian address of so many bytes; `None` if all its bits are set, which means that there is nothing.
pub fn address(bytes: &[u8]) -> Option<u64> {
    (!bytes.iter().all(|byte| *byte == 0xff)).then(|| number(bytes))
}
