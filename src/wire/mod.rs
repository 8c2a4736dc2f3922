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

/// Bytes as text; what is no UTF-8 is replaced.
pub fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
