//! How much is kept of what a pickle describes.

use crate::limits;
use crate::model::{Key, Tensor};

/// The memory that is left for what a pickle describes. Few bytes can describe one tensor under millions of long names.
pub(super) struct Room(usize);

impl Room {
    /// For a pickle of so many bytes.
    pub(super) fn new(stream: usize) -> Self {
        Room(limits::PICKLE_LISTED.saturating_add(stream.saturating_mul(4)))
    }

    /// Takes so many bytes; `false` if they are not left. Then nothing more is.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    /// How many tensors fit, without their names.
    pub(super) fn tensors(&self) -> usize {
        self.0 / size_of::<Tensor>()
    }

    /// Takes what a tensor below `path` needs beside its shape and its device: names are kept whole and as keys.
    pub(super) fn take_tensor(&mut self, path: &[Key]) -> bool {
        self.take(size_of::<Tensor>() + 2 * path_size(path))
    }
}

/// The memory of keys, near enough.
pub(super) fn path_size(path: &[Key]) -> usize {
    let keys = path.iter().map(|key| match key {
        Key::Text(text) => text.len(),
        Key::Index(_) => 0,
    });
    keys.sum::<usize>() + size_of_val(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_ends_it() {
        let mut room = Room::new(0);
        assert!(room.take(limits::PICKLE_LISTED));
        assert!(!room.take(1));
        let mut room = Room::new(100);
        assert!(!room.take(limits::PICKLE_LISTED + 401) && !room.take(1));
    }
}
