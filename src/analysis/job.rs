use super::plan::{Bring, Target};
use super::study::{Study, elements};
use super::{Findings, First, Run, Second, Wants};
use crate::decode::{Kept, flattened};
use crate::error::{Error, Result};
use crate::model::Checkpoint;
use serde::{Deserialize, Serialize};

/// One piece of work, as it is sent to a worker that has the same checkpoint open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Which one.
    pub number: u32,
    pub(super) wants: Wants,
    pub(super) work: Work,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Work {
    Whole {
        targets: Vec<Target>,
        bring: Option<Bring>,
    },
    /// A chunk of a tensor; with a fresh second pass or, without one, the first.
    Chunk {
        target: Target,
        chunk: u64,
        second: Option<Second>,
    },
}

/// What came of an [`Order`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub(super) number: u32,
    pub(super) made: Made,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Made {
    /// One a tensor.
    Whole(Vec<Found>),
    First(Result<Box<First>>),
    Second(Result<Box<Second>>),
}

/// What a study found in a tensor: nothing in one without numbers.
pub type Found = Result<Option<Findings>>;

/// An order being worked on, a step at a time.
#[derive(Debug)]
pub struct Job {
    order: Order,
    /// The study of the tensor under way.
    study: Option<Study>,
    found: Vec<Found>,
    begun: bool,
}

impl Job {
    /// Nothing done yet.
    pub fn new(order: Order) -> Self {
        Job { order, study: None, found: Vec::new(), begun: false }
    }

    /// Reads at most a chunk and takes it in. The outcome, once it is there; then the job is over.
    pub fn step(&mut self, checkpoint: &Checkpoint) -> Option<Outcome> {
        let number = self.order.number;
        let made = match &self.order.work {
            Work::Whole { targets, bring } => {
                let (targets, bring) = (targets.len(), bring.filter(|_| !self.begun));
                self.begun = true;
                if let Some(bring) = bring {
                    // What cannot be brought cannot be read either, which the study of a tensor then tells.
                    bring_in(checkpoint, bring);
                    return None;
                }
                if self.found.len() < targets {
                    self.go_on(checkpoint);
                }
                if self.found.len() < targets {
                    return None;
                }
                if let Work::Whole { bring: Some(bring), .. } = self.order.work {
                    bring_in(checkpoint, Bring { offset: 0, len: 0, ..bring });
                }
                Made::Whole(std::mem::take(&mut self.found))
            }
            Work::Chunk { target, chunk, second } => match second {
                None => Made::First(self.take_chunk(checkpoint, *target, *chunk, |wants, matrix, run| {
                    let mut first = First::new(wants, matrix);
                    first.take(run);
                    Box::new(first)
                })),
                Some(second) => Made::Second(self.take_chunk(checkpoint, *target, *chunk, |_, _, run| {
                    let mut second = second.clone();
                    second.take(run);
                    Box::new(second)
                })),
            },
        };
        Some(Outcome { number, made })
    }

    /// A step of the study under way.
    fn go_on(&mut self, checkpoint: &Checkpoint) {
        let Work::Whole { targets, .. } = &self.order.work else { return };
        let target = targets[self.found.len()];
        let found = match target.find(checkpoint) {
            None => Err(no_such(target)),
            Some(tensor) => {
                let study =
                    self.study.get_or_insert_with(|| Study::new(&self.order.wants, &tensor, checkpoint.outputs_last()));
                match study.step(&checkpoint.files, &tensor) {
                    Ok(done) if done < 1.0 => return,
                    Ok(_) => Ok(study.findings(&tensor)),
                    Err(error) => Err(error),
                }
            }
        };
        self.study = None;
        self.found.push(found);
    }

    fn take_chunk<T>(
        &self,
        checkpoint: &Checkpoint,
        target: Target,
        chunk: u64,
        take: impl FnOnce(&Wants, Option<(u64, u64)>, &Run<'_>) -> T,
    ) -> Result<T> {
        let tensor = target.find(checkpoint).ok_or_else(|| no_such(target))?;
        let elements = elements(&checkpoint.files, &tensor, &Kept::default())?;
        let number = elements.dtype().number().ok_or_else(|| no_such(target))?;
        let start = chunk.saturating_mul(elements.chunk());
        let count = elements.chunk().min(elements.count().saturating_sub(start));
        let mut bytes = Vec::new();
        elements.read(start, count, &mut bytes)?;
        let run = Run {
            number,
            bytes: &bytes,
            count: usize::try_from(count).expect("a chunk fits into memory"),
            start: elements.is_row_major().then_some(start),
            times: elements.repeat(),
        };
        Ok(take(&self.order.wants, flattened(&tensor, checkpoint.outputs_last()), &run))
    }
}

fn bring_in(checkpoint: &Checkpoint, Bring { file, offset, len }: Bring) {
    if let Some((_, file)) = checkpoint.files.iter().nth(file) {
        let _ = file.source.bring(offset, len);
    }
}

fn no_such(target: Target) -> Error {
    Error::query(format!("There is no tensor {} to study.", target.tensor))
}
