//! What the numbers of a tensor look like: counts, moments, histogram.
//!
//! Summaries are built chunk by chunk and merged, so that memory does not grow with the tensor and work can be shared.

mod central;
mod findings;
mod first;
mod hash;
mod histogram;
#[cfg(feature = "whole")]
mod intact;
mod job;
mod lines;
mod magnitudes;
mod plan;
mod plane;
mod sample;
mod search;
mod second;
mod study;
mod sum;
mod survey;
mod tally;
mod vital;

pub use central::Central;
pub use findings::{Channels, Counts, Depth, Findings, Lines, Magnitudes, Moments, PERCENTILES, Places, Print, Wants};
pub use first::{First, Run};
pub use hash::{Hash, sha256};
pub use histogram::{Edges, Histogram};
pub use job::{Found, Job, Order, Outcome};
pub use plan::Target;
pub use plane::{Cell, Plane, Pooled};
pub use second::Second;
pub use study::Study;
pub use survey::{Progress, Survey, survey};
pub use vital::vital;

/// Something that is built from values, in parts that can be put together.
///
/// Laws, tested for every implementation: merging with a fresh one changes nothing; merging is associative; adding `a` and
/// then `b` is adding `a` merged with adding `b`. Counts obey them exactly, sums to within the last digit or two of the
/// float64 result, which is why partial results are always merged in the order of the chunks.
pub trait Summary {
    /// Takes in values, each of which stands `times` times.
    fn add(&mut self, values: &[f64], times: u64);

    /// Takes in what another one was built from; `later` comes after this one's values.
    fn merge(&mut self, later: &Self);
}
