//! Ways through the elements of a strided view.

use crate::sort;

/// The order in which elements are visited: outermost dimension first, each with its size and its stride in elements.
#[derive(Debug)]
pub(super) struct Walk {
    pub start: u64,
    pub dimensions: Vec<(u64, u64)>,
    pub count: u64,
}

/// Neighbouring dimensions that can be walked as one, and those of size 1 left out.
pub(super) fn merged(dimensions: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut kept: Vec<(u64, u64)> = Vec::with_capacity(dimensions.len());
    for (size, stride) in dimensions.into_iter().filter(|(size, _)| *size != 1) {
        match kept.last_mut() {
            Some(outer) if size.checked_mul(stride) == Some(outer.1) => {
                *outer = (outer.0.saturating_mul(size), stride);
            }
            _ => kept.push((size, stride)),
        }
    }
    kept
}

/// A dimension of a slab: its size, its stride in the storage, and its stride in what is filled, in elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dimension {
    size: u64,
    stride: u64,
    target: u64,
}

/// Visited elements that make a box of their own: a range of one dimension, and all of those inside it.
pub(super) struct Slab {
    pub start: u64,
    pub dimensions: Vec<Dimension>,
}

impl Walk {
    /// The largest slab that begins at the `at`-th visited element and has at most `most` elements.
    pub fn slab(&self, at: u64, most: u64) -> Slab {
        let mut start = self.start;
        let mut rest = at;
        let mut dimensions = Vec::new();
        let (mut inside, mut whole) = (1, true);
        for &(size, stride) in self.dimensions.iter().rev() {
            let index = rest % size;
            rest /= size;
            start += index * stride;
            // A dimension is taken in while all inside of it are whole.
            let taken = if whole { (size - index).min(most / inside).max(1) } else { 1 };
            whole &= index == 0 && taken == size;
            if taken > 1 {
                dimensions.push(Dimension { size: taken, stride, target: inside });
            }
            inside *= taken;
        }
        Slab { start, dimensions }
    }
}

impl Slab {
    pub fn count(&self) -> u64 {
        self.dimensions.iter().map(|dimension| dimension.size).product()
    }

    /// From the first element of the storage to the last one.
    pub fn extent(&self) -> u64 {
        self.dimensions.iter().map(|dimension| (dimension.size - 1) * dimension.stride).sum::<u64>() + 1
    }

    /// The dimensions that lie closest in the storage, as many as span at most `reach` elements and are read at once, and
    /// the others, which are walked, the farthest apart first: files are then read forward.
    pub fn split(&self, reach: u64) -> (Slab, Vec<Dimension>) {
        let mut dimensions = self.dimensions.clone();
        sort::by_key(&mut dimensions, |dimension| dimension.stride);
        let mut extent: u64 = 1;
        let near = dimensions.iter().take_while(|dimension| {
            extent = extent.saturating_add((dimension.size - 1).saturating_mul(dimension.stride));
            extent <= reach
        });
        let far = dimensions.split_off(near.count());
        (Slab { start: self.start, dimensions }, far.into_iter().rev().collect())
    }
}

/// Goes through the indices of some dimensions, the last one fastest, and tells where each stands.
pub(super) struct Odometer<'a> {
    dimensions: &'a [Dimension],
    indices: Vec<u64>,
    next: Option<(u64, u64)>,
}

impl<'a> Odometer<'a> {
    pub fn new(dimensions: &'a [Dimension]) -> Self {
        Odometer { dimensions, indices: vec![0; dimensions.len()], next: Some((0, 0)) }
    }

    /// The place in the storage and the one in what is filled.
    pub fn next(&mut self) -> Option<(u64, u64)> {
        let now = self.next?;
        let (mut place, mut target) = now;
        self.next = None;
        for (index, dimension) in self.indices.iter_mut().zip(self.dimensions).rev() {
            *index += 1;
            place += dimension.stride;
            target += dimension.target;
            if *index < dimension.size {
                self.next = Some((place, target));
                break;
            }
            place -= dimension.size * dimension.stride;
            target -= dimension.size * dimension.target;
            *index = 0;
        }
        Some(now)
    }
}
