use super::job::{Made, Order, Outcome, Work};
use super::plan::{Bring, Target, Unit, plan};
use super::{First, Found, Second, Wants};
use crate::error::{Error, Result};
use crate::model::Checkpoint;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// The study of many tensors by any number of workers: gives out orders, and puts together what comes back.
///
/// A chunk is cut by the type of the elements alone and parts are merged in the order of the chunks, so that one worker and eight,
/// however fast each of them is, find the same digits.
#[derive(Debug)]
pub struct Survey {
    wants: Wants,
    /// What is still to be given out, and how often it was lost.
    waiting: VecDeque<(Piece, u32)>,
    /// What was given out, by number.
    under_way: BTreeMap<u32, (Piece, u32)>,
    numbers: u32,
    /// The large tensors of which some chunks are done.
    split: BTreeMap<Target, Split>,
    /// How far it is.
    pub progress: Progress,
}

/// How far a [`Survey`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Tensors that are finished.
    pub tensors: usize,
    /// All tensors.
    pub tensors_total: usize,
    /// Bytes of elements that were read.
    pub bytes: u64,
    /// All that will be read; large tensors count once a pass.
    pub bytes_total: u64,
}

/// How many workers may die over one piece of work.
const PATIENCE: u32 = 3;

#[derive(Clone, Debug)]
enum Piece {
    Whole(Vec<Target>, Option<Bring>),
    Chunk { target: Target, chunk: u64, second: Option<Rc<Second>> },
}

/// The pass under way over a large tensor.
#[derive(Debug)]
struct Split {
    chunks: u64,
    /// The passes that are over, or as far as they were merged.
    first: Option<First>,
    second: Option<Second>,
    /// The pass under way is the first.
    in_first: bool,
    /// How many chunks were merged, and those that came before their turn.
    merged: u64,
    early: BTreeMap<u64, Made>,
}

impl Survey {
    /// A survey of these tensors.
    pub fn new(checkpoint: &Checkpoint, targets: &[Target], wants: &Wants) -> Self {
        let (units, bytes_total) = plan(checkpoint, targets);
        let mut survey = Survey {
            wants: wants.clone(),
            waiting: VecDeque::new(),
            under_way: BTreeMap::new(),
            numbers: 0,
            split: BTreeMap::new(),
            progress: Progress { tensors_total: targets.len(), bytes_total, ..Progress::default() },
        };
        for unit in units {
            match unit {
                Unit::Whole { targets, bring } => survey.waiting.push_back((Piece::Whole(targets, bring), 0)),
                Unit::Split { target, chunks } => {
                    let pieces = (0..chunks).map(|chunk| (Piece::Chunk { target, chunk, second: None }, 0));
                    survey.waiting.extend(pieces);
                    survey.split.insert(target, Split::new(chunks));
                }
            }
        }
        survey
    }

    /// The next piece of work, if there is one before more outcomes are taken.
    pub fn order(&mut self) -> Option<Order> {
        let (piece, lost) = self.waiting.pop_front()?;
        let number = self.numbers;
        self.numbers = number.wrapping_add(1);
        let work = match &piece {
            Piece::Whole(targets, bring) => Work::Whole { targets: targets.clone(), bring: *bring },
            Piece::Chunk { target, chunk, second } => {
                Work::Chunk { target: *target, chunk: *chunk, second: second.as_deref().cloned() }
            }
        };
        self.under_way.insert(number, (piece, lost));
        Some(Order { number, wants: self.wants.clone(), work })
    }

    /// How many pieces of work are ready to be given out.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The order of this number will have no outcome: its worker has died. It is given out again, under another number; what has
    /// been lost [`PATIENCE`] times is given up: those tensors are returned.
    pub fn lost(&mut self, number: u32) -> Vec<(Target, Found)> {
        let Some((piece, lost)) = self.under_way.remove(&number) else { return Vec::new() };
        if lost + 1 < PATIENCE {
            self.waiting.push_front((piece, lost + 1));
            return Vec::new();
        }
        let targets = match piece {
            Piece::Whole(targets, _) => targets,
            Piece::Chunk { target, .. } => vec![target],
        };
        let died = |target| (target, Err(Error::source("The worker that read this tensor stopped unexpectedly.")));
        for target in &targets {
            self.give_up(*target);
        }
        self.progress.tensors += targets.len();
        targets.into_iter().map(died).collect()
    }

    /// Takes what came of an order; returns the tensors that are finished by it. One that cannot be read does not stop the others.
    pub fn take(&mut self, checkpoint: &Checkpoint, outcome: Outcome) -> Vec<(Target, Found)> {
        let Some((piece, _)) = self.under_way.remove(&outcome.number) else { return Vec::new() };
        let size = |target: Target| target.find(checkpoint).map_or(0, |tensor| tensor.bytes());
        let finished = match (piece, outcome.made) {
            (Piece::Whole(targets, _), Made::Whole(found)) => {
                self.progress.bytes += targets.iter().map(|target| size(*target)).sum::<u64>();
                targets.into_iter().zip(found).collect()
            }
            (Piece::Chunk { target, chunk, .. }, made) => {
                let share = self.split.get(&target).map_or(0, |split| size(target) / split.chunks.max(1));
                self.progress.bytes += share;
                self.take_chunk(target, chunk, made).map(|found| (target, found)).into_iter().collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        self.progress.tensors += finished.len();
        if self.is_over() {
            self.progress.bytes = self.progress.bytes_total;
        }
        finished
    }

    /// Whether all is done.
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }

    fn take_chunk(&mut self, target: Target, chunk: u64, made: Made) -> Option<Found> {
        let split = self.split.get_mut(&target)?;
        split.early.insert(chunk, made);
        while let Some(made) = split.early.remove(&split.merged) {
            split.merged += 1;
            if let Err(error) = split.merge(made) {
                self.give_up(target);
                return Some(Err(error));
            }
        }
        if split.merged < split.chunks {
            return None;
        }
        match split.next_pass() {
            None => {
                let split = self.split.remove(&target)?;
                Some(Ok(split.first.map(|first| first.findings(split.second.as_ref()))))
            }
            Some(second) => {
                let second = Rc::new(second);
                let chunks = 0..split.chunks;
                // Before anything else: what is in memory of a tensor is let go when it is finished.
                for chunk in chunks.rev() {
                    let piece = Piece::Chunk { target, chunk, second: Some(second.clone()) };
                    self.waiting.push_front((piece, 0));
                }
                None
            }
        }
    }

    /// Nothing more is done for a tensor.
    fn give_up(&mut self, target: Target) {
        self.split.remove(&target);
        let other = |(piece, _): &(Piece, u32)| !matches!(piece, Piece::Chunk { target: of, .. } if *of == target);
        self.waiting.retain(other);
    }
}

impl Split {
    fn new(chunks: u64) -> Self {
        Split { chunks, first: None, second: None, in_first: true, merged: 0, early: BTreeMap::new() }
    }

    fn merge(&mut self, made: Made) -> Result<()> {
        match made {
            Made::First(part) => match &mut self.first {
                None => self.first = Some(*part?),
                Some(first) => first.merge(&*part?),
            },
            Made::Second(part) => match &mut self.second {
                None => self.second = Some(*part?),
                Some(second) => second.merge(&*part?),
            },
            Made::Whole(_) => {}
        }
        Ok(())
    }

    /// What the next pass begins with, if there is one.
    fn next_pass(&mut self) -> Option<Second> {
        let next = if self.in_first { self.first.as_ref()?.second() } else { self.second.as_ref()?.next() }?;
        (self.in_first, self.second, self.merged) = (false, None, 0);
        Some(next)
    }
}

/// Studies tensors one after another, as one worker would.
pub fn survey(checkpoint: &Checkpoint, targets: &[Target], wants: &Wants, mut found: impl FnMut(Target, Found)) {
    let mut survey = Survey::new(checkpoint, targets, wants);
    while let Some(order) = survey.order() {
        let mut job = super::Job::new(order);
        let outcome = loop {
            if let Some(outcome) = job.step(checkpoint) {
                break outcome;
            }
        };
        for (target, what) in survey.take(checkpoint, outcome) {
            found(target, what);
        }
    }
}
