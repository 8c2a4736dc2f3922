use super::first::{Run, each_block};
use super::search::{Search, percentiles};
use super::tally::Tally;
use super::{Edges, Histogram, PERCENTILES, Summary};
use crate::model::Number;
use paramscope_kernels::{BLOCK, Bins};
use serde::{Deserialize, Serialize};

/// A second pass over a tensor, or over a part of it: what needs the result of the first one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Second {
    histogram: Result<Histogram, String>,
    /// Whether the histogram was made by a pass before this one.
    made: bool,
    /// What percentiles need.
    search: Option<Search>,
}

/// Values from which on the quick way is the quicker.
const MANY: usize = 1 << 10;

impl Second {
    /// `search`: bits of a number, the upper 16 of all of them, and which of these are finite.
    pub(super) fn new(edges: Result<Edges, String>, search: Option<(u32, &Tally, impl Fn(u16) -> bool)>) -> Self {
        let search = search.map(|(width, tally, finite)| Search::begin(width, tally, finite));
        Second { histogram: edges.map(Histogram::new), made: false, search }
    }

    /// Takes in the elements that follow.
    pub fn take(&mut self, run: &Run<'_>) {
        if run.number == Number::F32 {
            return self.take_f32(run.bytes.as_chunks().0, run.times);
        }
        let places = self.search.as_ref().map(Search::places);
        each_block(run, |_, values| {
            if let (Ok(histogram), false) = (&mut self.histogram, self.made) {
                histogram.add(values, run.times);
            }
            if let (Some(search), Some(places)) = (&mut self.search, &places) {
                search.take_f64(values, places, run.times);
            }
        });
    }

    fn take_f32(&mut self, values: &[[u8; 4]], times: u64) {
        if let (Ok(histogram), false) = (&mut self.histogram, self.made) {
            let edges = histogram.edges.clone();
            let bins = (values.len() >= MANY).then(|| Bins::new(edges.bins(), edges.as_slice()[0], edges.density()));
            match bins.flatten() {
                Some(mut bins) => {
                    let mut again = Vec::new();
                    bins.add(values, &mut again);
                    histogram.add(&again, times);
                    bins.take(&mut histogram.counts, times);
                }
                None => {
                    for values in values.chunks(BLOCK) {
                        let values: Vec<f64> = values.iter().map(|raw| f32::from_le_bytes(*raw).into()).collect();
                        histogram.add(&values, times);
                    }
                }
            }
        }
        if let Some(search) = &mut self.search {
            search.take_f32(values, times);
        }
    }

    /// Takes in what another one was built from, which began as a copy of this one when it was fresh.
    pub fn merge(&mut self, later: &Self) {
        if let (Ok(histogram), Ok(later), false) = (&mut self.histogram, &later.histogram, self.made) {
            histogram.merge(later);
        }
        if let (Some(search), Some(later)) = (&mut self.search, &later.search) {
            search.merge(later);
        }
    }

    /// What one more pass has to find, where two are not enough: percentiles of 64-bit values of a large tensor.
    pub fn next(&self) -> Option<Second> {
        let search = self.search.as_ref()?.after();
        (!search.is_over()).then(|| Second { histogram: self.histogram.clone(), made: true, search: Some(search) })
    }

    /// The histogram, or why there is none.
    pub(super) fn histogram(&self) -> &Result<Histogram, String> {
        &self.histogram
    }

    /// The percentiles of so many finite values, if this is the last pass.
    pub(super) fn percentiles(&self, finite: u64) -> Option<[f64; PERCENTILES.len()]> {
        let found = self.search.as_ref()?.after();
        percentiles(finite, |rank| found.value(rank))
    }
}
