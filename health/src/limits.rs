//! Every cap of the crate, with its reason.

/// The most findings of one rule that are listed: more than a person goes through; the rest are counted.
pub const LISTED: usize = 200;

/// The most rows, columns or values that one finding names; the rest are counted.
pub const NAMED: usize = 8;

/// The most numbers in one name that are tried as the number of a layer: real names have up to three.
pub const NUMBERS: usize = 4;

/// With how many of the tensors that follow it in the order of their norms a tensor is compared: so the time does not grow with the square
/// of their number, whatever a file holds.
pub const NEIGHBOURS: usize = 8;
