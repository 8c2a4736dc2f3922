use super::first::{Run, each_block};
use super::{Edges, Extent, Histogram, Spread, Summary, Wants};
use serde::{Deserialize, Serialize};

/// A second pass over a tensor, or over a part of it: what needs the result of the first one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Second {
    pub(super) spread: Spread,
    pub(super) histogram: Result<Histogram, String>,
}

impl Second {
    pub(super) fn after(wants: &Wants, extent: &Extent) -> Option<Self> {
        let spread = Spread::around(extent)?;
        let (low, high) = wants.range.or(extent.limits())?;
        Some(Second { spread, histogram: Edges::new(wants.bins, low, high).map(Histogram::new) })
    }

    /// Takes in the elements that follow.
    pub fn take(&mut self, run: &Run<'_>) {
        each_block(run, |values| {
            self.spread.add(values, run.times);
            if let Ok(histogram) = &mut self.histogram {
                histogram.add(values, run.times);
            }
        });
    }

    /// Takes in what another one was built from, which began as a copy of this one when it was fresh.
    pub fn merge(&mut self, later: &Self) {
        self.spread.merge(&later.spread);
        if let (Ok(histogram), Ok(later)) = (&mut self.histogram, &later.histogram) {
            histogram.merge(later);
        }
    }

    /// What one more pass has to find, where two are not enough: percentiles of 64-bit values of a large tensor.
    pub fn next(&self) -> Option<Second> {
        None
    }
}
