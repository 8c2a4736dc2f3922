//! Things kept in chunks that never move: growth copies nothing and wastes little, however many there are.

use std::ops::{Index, IndexMut};

const CHUNK: usize = 4096;

/// Things by their places, which count from 0.
#[derive(Debug)]
pub struct Arena<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Arena<T> {
    /// Adds one and tells its place.
    pub fn push(&mut self, item: T) -> u32 {
        if self.len.is_multiple_of(CHUNK) {
            // The first one grows from nothing: most pickles are small.
            self.chunks.push(Vec::with_capacity(if self.len == 0 { 0 } else { CHUNK }));
        }
        let place = u32::try_from(self.len).expect("below the machine's cap");
        self.chunks[self.len / CHUNK].push(item);
        self.len += 1;
        place
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }
}

impl<T> Index<u32> for Arena<T> {
    type Output = T;

    fn index(&self, place: u32) -> &T {
        &self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }
}

impl<T> IndexMut<u32> for Arena<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_on_across_chunks() {
        let mut arena = Arena::default();
        for number in 0..10_000 {
            assert_eq!(arena.push(number), number);
        }
        arena[5000] = 7;
        assert_eq!((arena[4095], arena[4096], arena[5000], arena.len()), (4095, 4096, 7, 10_000));
        assert_eq!(arena.iter().count(), 10_000);
    }
}
