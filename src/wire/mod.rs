//! Syntax without tensors: containers and literals that several formats share.

pub mod crc32c;
pub mod flatbuffer;
pub mod hdf5;
pub mod literal;
pub mod packed;
pub mod pickle;
pub mod protobuf;
pub mod sstable;
pub mod tar;
pub mod textproto;
pub mod zip;
