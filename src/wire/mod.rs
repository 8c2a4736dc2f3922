//! Syntax without tensors: containers and literals that several formats share.

#[cfg(feature = "hdf5")]
pub mod hdf5;
pub mod literal;
pub mod packed;
pub mod pickle;
pub mod tar;
pub mod zip;
