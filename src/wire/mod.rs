//! Syntax without tensors: containers and literals that several formats share.

pub mod literal;
pub mod packed;
pub mod pickle;
pub mod tar;
pub mod zip;
