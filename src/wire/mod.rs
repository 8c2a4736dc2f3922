//! Syntax without tensors: containers and literals that several formats share.

#[cfg(feature = "tensorflow")]
pub mod crc32c;
#[cfg(feature = "tensorflow")]
pub mod flatbuffer;
pub mod literal;
pub mod packed;
pub mod pickle;
#[cfg(feature = "tensorflow")]
pub mod protobuf;
#[cfg(feature = "tensorflow")]
pub mod sstable;
pub mod tar;
#[cfg(feature = "tensorflow")]
pub mod textproto;
pub mod zip;
