//! Bytes to values.
//!
//! [`Elements`] brings the elements of any layout into one dense, row-major, little-endian run, a chunk at a time;
//! [`numbers`] makes float64 of such a run; [`cells`] makes what a person reads.

mod add;
mod cells;
mod elements;
#[cfg(feature = "whole")]
mod encoded;
mod floats;
#[cfg(feature = "whole")]
mod found;
#[cfg(feature = "whole")]
mod heap;
mod kept;
mod matrix;
#[cfg(feature = "whole")]
mod mosaic;
mod numbers;
mod pieces;
mod quantized;
mod rows;
mod shown;
mod sparse;
mod stored;
#[cfg(feature = "whole")]
mod texts;
#[cfg(feature = "whole")]
mod tiled;
mod view;
mod walk;

pub use cells::{Cell, cells};
pub use elements::Elements;
pub use floats::smallest_normal;
pub use kept::Kept;
pub use matrix::{Matrix, flattened};
pub use numbers::{as_numpy, numbers, unpack, value};
pub use shown::Shown;
