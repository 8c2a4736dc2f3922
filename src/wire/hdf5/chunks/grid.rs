//! The chunks of a dataset, counted.

use crate::error::{Error, Result};
use crate::model::{element_count, index_of};

/// How many chunks a dataset has along each dimension. They are numbered row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    counts: Vec<u64>,
    chunk: Vec<u64>,
}

impl Grid {
    /// The chunks of this shape that a dataset of that shape has.
    ///
    /// # Errors
    ///
    /// `Malformed` if the shapes do not fit each other, or tell of more chunks than can be counted.
    pub fn new(shape: &[u64], chunk: &[u64]) -> Result<Self> {
        if shape.len() != chunk.len() || chunk.contains(&0) {
            return Err(Error::malformed(format!("A chunk of shape {chunk:?} does not fit a shape of {shape:?}.")));
        }
        let counts: Vec<_> = shape.iter().zip(chunk).map(|(size, chunk)| size.div_ceil(*chunk)).collect();
        element_count(&counts)
            .ok_or_else(|| Error::malformed(format!("A shape of {shape:?} has more chunks than can be counted.")))?;
        Ok(Grid { counts, chunk: chunk.to_vec() })
    }

    /// How many chunks there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().product()
    }

    /// How many chunks there are along each dimension.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The number of the chunk at this index; `None` outside.
    pub fn number(&self, index: &[u64]) -> Option<u64> {
        let inside = index.len() == self.counts.len() && index.iter().zip(&self.counts).all(|(at, size)| at < size);
        inside.then(|| index.iter().zip(&self.counts).fold(0, |number, (at, size)| number * size + at))
    }

    /// The index of a chunk that is there.
    pub fn index(&self, number: u64) -> Vec<u64> {
        index_of(number, &self.counts)
    }

    /// The index of the first element of a chunk that is there.
    pub fn origin(&self, number: u64) -> Vec<u64> {
        self.index(number).iter().zip(&self.chunk).map(|(at, size)| at * size).collect()
    }
}
