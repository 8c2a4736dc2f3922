//! The loops over numbers that statistics are made of: slices in, plain figures out.
//!
//! They are a crate of their own so that they are optimised where the rest need not be; for that, what is called from elsewhere is
//! never inlined there, where it would be compiled as its caller is. Sums run in a fixed number of lanes
//! side by side, which the compiler turns into the vectors that a machine has: baseline x86-64, simd128 and plain code go
//! through the same additions in the same order, so their digits are the same. Nothing is contracted to fused operations.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::inline_always,
    clippy::needless_bitwise_bool,
    reason = "bits are taken apart all over, what is inlined is what the loops are made of, and loops without a way out are the faster ones"
)]

mod bins;
mod block;
mod grid;
mod lines;
mod pair;
mod print;
mod tally;

pub use bins::{Bins, MOST as MOST_BINS};
pub use block::{Block, scaled};
pub use grid::{grid, widen_brain, widen_half};
pub use lines::{Line, lines};
pub use pair::Pair;
pub use print::print;
pub use tally::{find_half, select_tops, tally_bytes, tally_halves, tally_tops};

/// Values that are gone over at a time: as float64 they fill a third of the first cache.
pub const BLOCK: usize = 2048;
