//! Tensors that share storages, and those that are the same under several names.

use crate::model::{ByteRange, Tensor};
use std::collections::HashMap;

/// How many of the tensors on one storage are named: a file may put a million on one.
pub const SHOWN_SHARES: usize = 20;

/// The tensors on each storage, in the order of the file.
pub fn by_storage(tensors: &[Tensor]) -> HashMap<ByteRange, Vec<usize>> {
    let mut storages: HashMap<ByteRange, Vec<usize>> = HashMap::new();
    for (index, tensor) in tensors.iter().enumerate() {
        if let Some(range) = tensor.layout.storage().filter(|range| range.len > 0) {
            storages.entry(range).or_default().push(index);
        }
    }
    storages
}

/// Tied weights: of each tensor the first one that shows the very same elements under another name.
pub fn tied(tensors: &[Tensor]) -> Vec<Option<usize>> {
    let storages = by_storage(tensors);
    let first = |(index, tensor): (usize, &Tensor)| {
        let sharers = storages.get(&tensor.layout.storage()?)?;
        let before = sharers.iter().take(SHOWN_SHARES).take_while(|other| **other < index);
        before.copied().find(|other| {
            let other = &tensors[*other];
            other.layout == tensor.layout && other.shape == tensor.shape && other.dtype == tensor.dtype
        })
    };
    tensors.iter().enumerate().map(first).collect()
}
