//! Tensors that share storages, and those that are the same under several names.

use crate::model::Tensor;
use crate::sort;
use std::ops::Range;

/// How many of the tensors on one storage are named: a file may put a million on one.
pub const SHOWN_SHARES: usize = 20;

/// Which tensors are on one storage.
#[derive(Debug, Default)]
pub struct Sharing {
    /// The tensors by their storages; those on one storage in the order of the file.
    sorted: Vec<usize>,
    /// Of each tensor the part of `sorted` that is on its storage; nothing for one that has none.
    places: Vec<Range<usize>>,
}

impl Sharing {
    /// Finds the storages of the tensors of a checkpoint.
    pub fn new(tensors: &[Tensor]) -> Self {
        let storage = |(index, tensor): (usize, &Tensor)| {
            let range = tensor.layout.storage().filter(|range| range.len > 0)?;
            Some((range.file, range.offset, range.len, index))
        };
        let mut storages: Vec<_> = tensors.iter().enumerate().filter_map(storage).collect();
        sort::by(&mut storages, Ord::cmp);
        let mut places = vec![0..0; tensors.len()];
        let mut start = 0;
        for same in storages.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
            for (.., index) in same {
                places[*index] = start..start + same.len();
            }
            start += same.len();
        }
        Sharing { sorted: storages.into_iter().map(|(.., index)| index).collect(), places }
    }

    /// The tensors on the storage of a tensor, itself among them, in the order of the file; none if it has no storage.
    pub fn sharers(&self, index: usize) -> &[usize] {
        &self.sorted[self.places[index].clone()]
    }

    /// Tied weights: of each tensor the first one that shows the very same elements under another name.
    pub fn tied(&self, tensors: &[Tensor]) -> Vec<Option<usize>> {
        let first = |(index, tensor): (usize, &Tensor)| {
            let before = self.sharers(index).iter().take(SHOWN_SHARES).take_while(|other| **other < index);
            before.copied().find(|other| {
                let other = &tensors[*other];
                other.layout == tensor.layout && other.shape == tensor.shape && other.dtype == tensor.dtype
            })
        };
        tensors.iter().enumerate().map(first).collect()
    }
}
