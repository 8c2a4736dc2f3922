use super::{Edges, Extent, Histogram, Spread, Summary};
use crate::decode::{Elements, Kept, numbers};
use crate::error::Result;
use crate::model::{Number, Tensor};
use crate::source::Files;

/// Values that are decoded at a time: 32 KiB of float64 stay in the first cache.
const BLOCK: usize = 4096;

/// What a finished [`Study`] found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Counts, limits and the sum.
    pub extent: Extent,
    /// The second moments; `None` if no value is finite.
    pub spread: Option<Spread>,
    /// The histogram, or why there is none. `None` if no value is finite.
    pub histogram: Option<Result<Histogram, String>>,
}

/// The study of one tensor, a chunk a step, so that whoever runs it can be asked to stop in between.
///
/// Two passes: the first finds the limits and the mean, the second the spread about it and the histogram. A tensor that fits
/// one chunk is read once.
#[derive(Debug)]
pub struct Study {
    bins: usize,
    range: Option<(f64, f64)>,
    extent: Extent,
    second: Option<Second>,
    done: u64,
    #[cfg(feature = "whole")]
    intact: super::intact::Intact,
    chunk: Vec<u8>,
    values: Vec<f64>,
    kept: Kept,
}

/// The second pass.
#[derive(Debug)]
struct Second {
    spread: Option<Spread>,
    histogram: Option<Result<Histogram, String>>,
    finished: bool,
}

impl Study {
    /// A study with a histogram of `bins` bins over `range`, or over all finite values.
    pub fn new(bins: usize, range: Option<(f64, f64)>) -> Self {
        let (chunk, values) = (Vec::new(), Vec::new());
        Study {
            bins,
            range,
            extent: Extent::default(),
            second: None,
            done: 0,
            #[cfg(feature = "whole")]
            intact: super::intact::Intact::default(),
            chunk,
            values,
            kept: Kept::default(),
        }
    }

    /// Reads and takes in one chunk of `tensor`, which has to be the same at every step. Returns the fraction that is done;
    /// 1 means that [`Study::findings`] are there. A tensor that holds no numbers is done at once.
    ///
    /// # Errors
    ///
    /// As [`Elements`].
    pub fn step(&mut self, files: &Files, tensor: &Tensor) -> Result<f64> {
        if tensor.dtype.number().is_none() {
            return Ok(1.0);
        }
        if self.second.as_ref().is_some_and(|second| second.finished) {
            return Ok(1.0);
        }
        let elements = Elements::unordered_again(files, tensor, &self.kept)?;
        let Some(number) = elements.dtype().number() else { return Ok(1.0) };
        let (total, chunk) = (elements.count(), elements.chunk());
        let (times, element) = elements.implicit();
        if self.done == 0 && times > 0 {
            let mut values = Vec::new();
            numbers(number, &element, 1, &mut values);
            self.add(&values, times);
        }
        let count = chunk.min(total - self.done);
        let kept = total <= chunk && self.second.is_some();
        if !kept {
            elements.read(self.done, count, &mut self.chunk)?;
        }
        #[cfg(feature = "whole")]
        if self.second.is_none() {
            self.intact.take(files, tensor, &self.chunk)?;
        }
        self.take_in(number, usize::try_from(count).expect("a chunk fits into memory"), elements.repeat());
        self.done += count;
        if self.done == total {
            self.end_pass();
        }
        let passes = if self.second.is_some() { 1.0 } else { 0.0 };
        Ok(if self.is_finished() { 1.0 } else { f64::midpoint(passes, share(self.done, total)) })
    }

    /// What was found, once the last step is done; `None` before, and for a tensor without numbers.
    pub fn findings(&self) -> Option<Findings> {
        let second = self.second.as_ref().filter(|second| second.finished)?;
        let (spread, histogram) = (second.spread.clone(), second.histogram.clone());
        Some(Findings { extent: self.extent.clone(), spread, histogram })
    }

    fn is_finished(&self) -> bool {
        self.second.as_ref().is_some_and(|second| second.finished)
    }

    /// Decodes the chunk block by block and gives it to the summaries of this pass.
    fn take_in(&mut self, number: Number, count: usize, times: u64) {
        let bits = usize::try_from(number.bits()).expect("at most 128");
        for start in (0..count).step_by(BLOCK) {
            let block = BLOCK.min(count - start);
            let bytes = &self.chunk[start * bits / 8..((start + block) * bits).div_ceil(8)];
            self.values.clear();
            let mut values = std::mem::take(&mut self.values);
            numbers(number, bytes, block, &mut values);
            self.add(&values, times);
            self.values = values;
        }
    }

    /// Gives values to the summaries of this pass.
    fn add(&mut self, values: &[f64], times: u64) {
        match &mut self.second {
            None => self.extent.add(values, times),
            Some(Second { spread, histogram, .. }) => {
                if let Some(spread) = spread {
                    spread.add(values, times);
                }
                if let Some(Ok(histogram)) = histogram {
                    histogram.add(values, times);
                }
            }
        }
    }

    fn end_pass(&mut self) {
        if let Some(second) = &mut self.second {
            second.finished = true;
            (self.chunk, self.kept) = (Vec::new(), Kept::default());
            return;
        }
        let limits = self.extent.limits();
        let spread = Spread::around(&self.extent);
        let histogram = limits.map(|limits| {
            let (low, high) = self.range.unwrap_or(limits);
            Edges::new(self.bins, low, high).map(Histogram::new)
        });
        let finished = spread.is_none();
        self.second = Some(Second { spread, histogram, finished });
        self.done = 0;
    }
}

/// `done` of `total` as a fraction; a pass that visits no element is not over before its step.
#[expect(clippy::cast_precision_loss, reason = "a fraction for a progress bar")]
fn share(done: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { done as f64 / total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ByteRange, Dtype, Layout, Sparse, SparseKind};
    use crate::source::Memory;
    use std::rc::Rc;

    fn findings(shape: &[u64], indices: &[i64], values: &[f32]) -> Findings {
        let mut files = Files::new();
        let mut dense = |number, shape: Vec<u64>, bytes: Vec<u8>| {
            let len = bytes.len() as u64;
            let file = files.add("a", Rc::new(Memory::new(bytes)));
            Tensor::new("a", Dtype::Number(number), shape, Layout::Dense(ByteRange { file, offset: 0, len }))
        };
        let count = values.len() as u64;
        let raw = indices.iter().flat_map(|index| index.to_le_bytes()).collect();
        let indices = dense(Number::I64, vec![shape.len() as u64, count], raw);
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let values = dense(Number::F32, vec![count], raw);
        let sparse = Sparse { kind: SparseKind::Coo, indices, others: None, values };
        let tensor = Tensor::new("a", Dtype::Number(Number::F32), shape.to_vec(), Layout::Sparse(Rc::new(sparse)));
        let mut study = Study::new(4, None);
        while study.step(&files, &tensor).unwrap() < 1.0 {}
        study.findings().expect("all steps are done")
    }

    #[test]
    fn zeros_that_are_not_stored_count() {
        let found = findings(&[1 << 20, 1 << 20], &[3, 4, 5, 6], &[-2.0, 2.0]);
        let extent = &found.extent;
        assert_eq!((extent.finite, extent.zeros, extent.limits()), (1 << 40, (1 << 40) - 2, Some((-2.0, 2.0))));
        assert_eq!(found.histogram.unwrap().unwrap().counts, [1, 0, (1 << 40) - 2, 1]);
        let spread = found.spread.unwrap();
        assert_eq!((spread.std(1 << 40), spread.l2()), (f64::sqrt(8.0) / 1_048_576.0, f64::sqrt(8.0)));
    }

    #[test]
    fn a_tensor_of_nothing_but_such_zeros_has_statistics() {
        let found = findings(&[3, 3], &[], &[]);
        assert_eq!((found.extent.finite, found.extent.zeros), (9, 9));
        assert_eq!(found.histogram.unwrap().unwrap().counts, [0, 0, 9, 0]);
        let found = findings(&[0, 3], &[], &[]);
        assert!(found.extent.finite == 0 && found.spread.is_none());
    }
}
