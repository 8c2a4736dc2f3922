//! HDF5's structures. Source: the HDF5 file format specification, version 3.

mod btree2;
mod chunks;
mod filters;
mod lookup3;

pub use btree2::Btree2;
pub use chunks::{Chunk, Chunks, Grid};
pub use filters::{filter_name, is_known, undo};
pub use lookup3::lookup3;

/// A little-endian whole number of at most 8 bytes.
pub fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A little-endian address of so many bytes; `None` if all its bits are set, which means that there is nothing.
pub fn address(bytes: &[u8]) -> Option<u64> {
    (!bytes.iter().all(|byte| *byte == 0xff)).then(|| number(bytes))
}
