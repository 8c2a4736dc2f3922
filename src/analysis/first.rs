use super::{Counts, Depth, Extent, Findings, Moments, Places, Second, Spread, Summary, Wants};
use crate::decode::numbers;
use crate::model::Number;
use serde::{Deserialize, Serialize};

/// Values that are decoded at a time: 32 KiB of float64 stay in the first cache.
const BLOCK: usize = 4096;

/// A run of elements as [`crate::decode::Elements`] reads them: dense, little-endian, packed.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What an element is.
    pub number: Number,
    /// The elements; the last byte of packed ones is padded.
    pub bytes: &'a [u8],
    /// How many elements.
    pub count: usize,
    /// The row-major index of the first one, where they stand in row-major order.
    pub start: Option<u64>,
    /// How many times each of them stands in the tensor.
    pub times: u64,
}

/// The first pass over a tensor, or over a part of it: all that one reading tells.
///
/// Parts are merged in the order of their elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct First {
    wants: Wants,
    /// Rows and columns, if their limits are wanted.
    matrix: Option<(u64, u64)>,
    extent: Extent,
}

impl First {
    /// Nothing taken in yet. `matrix`: rows and columns of a tensor that has them.
    pub fn new(wants: &Wants, matrix: Option<(u64, u64)>) -> Self {
        First { wants: wants.clone(), matrix, extent: Extent::default() }
    }

    /// Takes in the elements that follow.
    pub fn take(&mut self, run: &Run<'_>) {
        each_block(run, |values| self.extent.add(values, run.times));
    }

    /// Takes in what another one was built from; `later` comes after this one's elements.
    pub fn merge(&mut self, later: &Self) {
        self.extent.merge(&later.extent);
    }

    /// What a second pass has to find, if anything is left to find: over the same elements, in parts of its own.
    pub fn second(&self) -> Option<Second> {
        Second::after(&self.wants, &self.extent)
    }

    /// All that was found; `second` is the last pass that was asked for, whole.
    pub fn findings(&self, second: Option<&Second>) -> Findings {
        let extent = &self.extent;
        let counts = Counts {
            finite: extent.finite,
            nan: extent.nan,
            pos_inf: extent.pos_inf,
            neg_inf: extent.neg_inf,
            zeros: extent.zeros,
            subnormal: 0,
        };
        let spread: Option<&Spread> = second.map(|second| &second.spread);
        let moments = spread.map(|spread| Moments {
            mean: extent.mean().unwrap_or_default(),
            std: spread.std(extent.finite),
            l2: spread.l2(),
            abs_mean: 0.0,
            skewness: None,
            kurtosis: None,
        });
        Findings {
            counts,
            limits: extent.limits(),
            places: Places::default(),
            moments,
            histogram: second.map(|second| second.histogram.clone()),
            percentiles: None,
            magnitudes: None,
            channels: None,
            print: None,
        }
    }

    /// How much is found.
    pub fn depth(&self) -> Depth {
        self.wants.depth
    }
}

/// Decodes a run block by block.
pub(super) fn each_block(run: &Run<'_>, mut take: impl FnMut(&[f64])) {
    let bits = usize::try_from(run.number.bits()).expect("at most 128");
    let mut values = Vec::with_capacity(BLOCK);
    for start in (0..run.count).step_by(BLOCK) {
        let block = BLOCK.min(run.count - start);
        let bytes = &run.bytes[start * bits / 8..((start + block) * bits).div_ceil(8)];
        values.clear();
        numbers(run.number, bytes, block, &mut values);
        take(&values);
    }
}
