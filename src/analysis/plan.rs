//! How the analysis of many tensors is cut into units of work.

use super::study::{elements, reads};
use crate::decode::Kept;
use crate::limits;
use crate::model::{Checkpoint, Layout, Tensor};
use crate::sort;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A tensor of a checkpoint, or what its elements stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// Its index.
    pub tensor: usize,
    /// Whether [`Tensor::dequantized`] is meant.
    pub dequantized: bool,
}

impl Target {
    /// A tensor's own elements.
    pub fn of(tensor: usize) -> Self {
        Target { tensor, dequantized: false }
    }

    /// The tensor; `None` if there is none, or none with a scale beside it.
    pub fn find(self, checkpoint: &Checkpoint) -> Option<Cow<'_, Tensor>> {
        let tensor = checkpoint.tensors.get(self.tensor)?;
        if self.dequantized { tensor.dequantized().map(Cow::Owned) } else { Some(Cow::Borrowed(tensor)) }
    }
}

/// A run of bytes of a file that a person gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bring {
    /// The file's position among the checkpoint's files.
    pub file: usize,
    /// Its first byte.
    pub offset: u64,
    /// How many.
    pub len: u64,
}

/// What one worker does at a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Unit {
    /// Tensors, each from its first element to its last; small ones that lie beside each other are read at once.
    Whole { targets: Vec<Target>, bring: Option<Bring> },
    /// A large tensor, whose chunks are units of their own.
    Split { target: Target, chunks: u64 },
}

/// The most tensors of one unit: its outcome is one message.
const MOST: usize = 1024;

/// The units, in the order of the files; and the bytes that will be read for them.
pub(super) fn plan(checkpoint: &Checkpoint, targets: &[Target]) -> (Vec<Unit>, u64) {
    let mut bytes = 0u64;
    let mut alone = Vec::new();
    let mut small = Vec::new();
    for target in targets {
        let Some(tensor) = target.find(checkpoint) else { continue };
        if let Some(chunks) = chunks(checkpoint, &tensor) {
            bytes = bytes.saturating_add(tensor.bytes().saturating_mul(reads(&tensor)));
            alone.push(Unit::Split { target: *target, chunks });
            continue;
        }
        bytes = bytes.saturating_add(tensor.bytes());
        match place(checkpoint, &tensor) {
            Some(place) => small.push((place, *target)),
            None => alone.push(Unit::Whole { targets: vec![*target], bring: None }),
        }
    }
    sort::by_key(&mut small, |(place, target)| (place.file, place.offset, *target));
    // Large ones first: what is begun last should be over soon.
    let mut units = alone;
    let mut group: Option<(Bring, Vec<Target>)> = None;
    for (place, target) in small {
        if let Some((bring, targets)) = &mut group
            && let Some(joined) = joined(*bring, place)
            && targets.len() < MOST
        {
            *bring = joined;
            targets.push(target);
            continue;
        }
        units.extend(group.replace((place, vec![target])).map(grouped));
    }
    units.extend(group.map(grouped));
    (units, bytes)
}

fn grouped((bring, targets): (Bring, Vec<Target>)) -> Unit {
    // A lone tensor is read as its study reads it.
    let bring = (targets.len() > 1).then_some(bring);
    Unit::Whole { targets, bring }
}

/// One run that has both, the first of which begins first; if it is no longer than a chunk, and hardly more than both.
fn joined(first: Bring, next: Bring) -> Option<Bring> {
    let end = (first.offset + first.len).max(next.offset + next.len);
    let len = end - first.offset;
    let near = next.offset <= first.offset + first.len + GAP;
    (first.file == next.file && near && len <= limits::CHUNK).then_some(Bring { len, ..first })
}

/// What is read in vain between two tensors rather than beginning a new read.
const GAP: u64 = 64 << 10;

/// Where a tensor lies, if it is so small that others may be read with it.
fn place(checkpoint: &Checkpoint, tensor: &Tensor) -> Option<Bring> {
    let range = tensor.layout.storage().filter(|range| range.len <= limits::CHUNK)?;
    let start = checkpoint.files.get(range.file).source.place()?;
    let mut given = range.file;
    while let Some(outer) = checkpoint.files.get(given).part_of {
        given = outer;
    }
    let offset = start.checked_add(range.offset).filter(|offset| offset.checked_add(range.len).is_some())?;
    Some(Bring { file: checkpoint.files.iter().position(|(id, _)| id == given)?, offset, len: range.len })
}

/// Into how many chunks a tensor is cut, if it is large and any of them can be read as well as the first.
fn chunks(checkpoint: &Checkpoint, tensor: &Tensor) -> Option<u64> {
    let cheap = matches!(tensor.layout, Layout::Dense(_) | Layout::Strided { .. });
    let summed = tensor.more.as_ref().is_some_and(|more| !more.sums.is_empty());
    if !cheap || summed || tensor.bytes() <= limits::READ_ONCE || tensor.dtype.number().is_none() {
        return None;
    }
    let elements = elements(&checkpoint.files, tensor, &Kept::default()).ok()?;
    let chunks = elements.count().div_ceil(elements.chunk());
    (elements.bytes(elements.count()) > limits::READ_ONCE).then_some(chunks)
}
