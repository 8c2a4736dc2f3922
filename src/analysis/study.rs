use super::{Findings, First, Run, Second, Wants};
use crate::decode::{Elements, Kept, flattened};
use crate::error::Result;
use crate::limits;
use crate::model::{Checkpoint, Number, Tensor};
use crate::source::Files;

/// The study of one tensor by one reader, a chunk a step, so that whoever runs it can be asked to stop in between.
///
/// A tensor of at most [`limits::READ_ONCE`] bytes is read once, a larger one as often as there are passes.
#[derive(Debug)]
pub struct Study {
    first: First,
    second: Option<Second>,
    state: State,
    /// Elements of the pass under way that were taken in.
    done: u64,
    /// All chunks, in their order, of a tensor that is read once; else the last one.
    chunks: Vec<Vec<u8>>,
    #[cfg(feature = "whole")]
    intact: super::intact::Intact,
    kept: Kept,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    First,
    Second,
    Finished,
}

impl Study {
    /// A study of a tensor, which has to be the same at every step. `outputs_last`: where its output channels are
    /// ([`crate::model::Checkpoint::outputs_last`]).
    pub fn new(wants: &Wants, tensor: &Tensor, outputs_last: bool) -> Self {
        Study {
            first: First::new(wants, flattened(tensor, outputs_last)),
            second: None,
            state: if tensor.dtype.number().is_some() { State::First } else { State::Finished },
            done: 0,
            chunks: Vec::new(),
            #[cfg(feature = "whole")]
            intact: super::intact::Intact::default(),
            kept: Kept::default(),
        }
    }

    /// Reads and takes in one chunk. Returns the fraction that is done; 1 means that [`Study::findings`] are there. A tensor that
    /// holds no numbers is done at once.
    ///
    /// # Errors
    ///
    /// As [`Elements`].
    pub fn step(&mut self, files: &Files, tensor: &Tensor) -> Result<f64> {
        if self.state == State::Finished {
            return Ok(1.0);
        }
        let elements = elements(files, tensor, &self.kept)?;
        let Some(number) = elements.dtype().number() else { return Ok(1.0) };
        let (total, chunk) = (elements.count(), elements.chunk());
        if self.done == 0 {
            self.take_implicit(&elements, number);
        }
        let count = chunk.min(total - self.done);
        let at = self.read(&elements, count)?;
        #[cfg(feature = "whole")]
        if self.state == State::First {
            self.intact.take(files, tensor, &self.chunks[at])?;
        }
        let run = Run {
            number,
            bytes: &self.chunks[at],
            count: usize::try_from(count).expect("a chunk fits into memory"),
            start: elements.is_row_major().then_some(self.done),
            times: elements.repeat(),
        };
        match &mut self.second {
            Some(second) => second.take(&run),
            None => self.first.take(&run),
        }
        self.done += count;
        if self.done == total {
            self.end_pass();
        }
        let passes = if self.state == State::Second { 1.0 } else { 0.0 };
        Ok(if self.state == State::Finished { 1.0 } else { f64::midpoint(passes, share(self.done, total)) })
    }

    /// What was found, once the last step is done; `None` before, and for a tensor without numbers.
    pub fn findings(&self, tensor: &Tensor) -> Option<Findings> {
        let finished = self.state == State::Finished && tensor.dtype.number().is_some();
        finished.then(|| self.first.findings(self.second.as_ref()))
    }

    /// What a study finds in a tensor of a checkpoint, at one go; `None` for one without numbers.
    ///
    /// # Errors
    ///
    /// Those of [`Study::step`].
    pub fn whole(wants: &Wants, checkpoint: &Checkpoint, tensor: &Tensor) -> Result<Option<Findings>> {
        let mut study = Study::new(wants, tensor, checkpoint.outputs_last());
        while study.step(&checkpoint.files, tensor)? < 1.0 {}
        Ok(study.findings(tensor))
    }

    /// Takes in the elements that no file holds.
    fn take_implicit(&mut self, elements: &Elements<'_>, number: Number) {
        let (times, bytes) = elements.implicit();
        if times > 0 {
            let run = Run { number, bytes: &bytes, count: 1, start: None, times };
            match &mut self.second {
                Some(second) => second.take(&run),
                None => self.first.take(&run),
            }
        }
    }

    /// The place of the chunk that follows among [`Study::chunks`], where it is read to if it is not there.
    fn read(&mut self, elements: &Elements<'_>, count: u64) -> Result<usize> {
        let (total, chunk) = (elements.count(), elements.chunk());
        let all = elements.bytes(total) <= limits::READ_ONCE;
        let at = if all { usize::try_from(self.done / chunk).expect("few chunks") } else { 0 };
        if self.chunks.len() == at {
            self.chunks.push(Vec::new());
        } else if all {
            return Ok(at);
        }
        elements.read(self.done, count, &mut self.chunks[at])?;
        Ok(at)
    }

    fn end_pass(&mut self) {
        let next = match &self.second {
            None => self.first.second(),
            Some(second) => second.next(),
        };
        self.done = 0;
        if next.is_some() {
            (self.state, self.second) = (State::Second, next);
        } else {
            self.state = State::Finished;
            (self.chunks, self.kept) = (Vec::new(), Kept::default());
        }
    }
}

/// How often a tensor too large to be kept is read, as far as is known before.
pub(super) fn reads(tensor: &Tensor) -> u64 {
    // Of types this narrow one pass tells all.
    if tensor.dtype.bits().is_some_and(|bits| bits <= 16) { 1 } else { 2 }
}

/// The elements in the order in which a study takes them: row-major if that costs no more than the order of the file.
pub(super) fn elements<'a>(files: &'a Files, tensor: &'a Tensor, kept: &Kept) -> Result<Elements<'a>> {
    // Sums are over the bytes as they lie in the file.
    let summed = tensor.more.as_ref().is_some_and(|more| !more.sums.is_empty());
    if !summed && tensor.bytes() <= limits::CHUNK {
        return Elements::new(files, tensor);
    }
    Elements::unordered_again(files, tensor, kept)
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
        let wants = Wants { bins: 4, ..Wants::USUAL };
        Study::whole(&wants, &Checkpoint::new(files, "npy"), &tensor).unwrap().expect("there are numbers")
    }

    #[test]
    fn zeros_that_are_not_stored_count() {
        let found = findings(&[1 << 20, 1 << 20], &[3, 4, 5, 6], &[-2.0, 2.0]);
        assert_eq!(
            (found.counts.finite, found.counts.zeros, found.limits),
            (1 << 40, (1 << 40) - 2, Some((-2.0, 2.0)))
        );
        assert_eq!(found.histogram.unwrap().unwrap().counts, [1, 0, (1 << 40) - 2, 1]);
        let moments = found.moments.unwrap();
        assert_eq!((moments.std, moments.l2), (f64::sqrt(8.0) / 1_048_576.0, f64::sqrt(8.0)));
    }

    #[test]
    fn a_tensor_of_nothing_but_such_zeros_has_statistics() {
        let found = findings(&[3, 3], &[], &[]);
        assert_eq!((found.counts.finite, found.counts.zeros), (9, 9));
        assert_eq!(found.histogram.unwrap().unwrap().counts, [0, 0, 9, 0]);
        let found = findings(&[0, 3], &[], &[]);
        assert!(found.counts.finite == 0 && found.moments.is_none());
    }
}
