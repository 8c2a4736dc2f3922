//! Syntax without tensors: containers and literals that several formats share.

#[cfg(feature = "tensorflow")]
pub mod crc32c;
#[cfg(feature = "tensorflow")]
pub mod flatbuffer;
#[cfg(feature = "hdf5")]
pub mod hdf5;
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

/// What an HDF5 file begins with, behind a user block that it may have.
pub const HDF5_SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
