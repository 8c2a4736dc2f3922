//! How much is kept of what a pickle describes.

use crate::limits;
use crate::model::{Key, Tensor};

/// The memory that is left for what a pickle describes. Few bytes can describe one tensor under millions of long names.
pub(super) struct Room {
    left: usize,
    /// What the bytes of the pickle do not pay for.
    beyond: usize,
}

impl Room {
    /// For a pickle of so many bytes, in a file whose pickles have taken so much beyond what theirs pay for.
    pub(super) fn new(stream: usize, listed: usize) -> Self {
        let beyond = limits::PICKLE_LISTED.saturating_sub(listed);
        Room { left: beyond.saturating_add(stream.saturating_mul(4)), beyond }
    }

    /// How much was taken beyond what the bytes of the pickle pay for.
    pub(super) fn taken(&self) -> usize {
        self.beyond.saturating_sub(self.left)
    }

    /// Takes so many bytes; `false` if they are not left. Then nothing more is.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// How many tensors fit, without their names.
    pub(super) fn tensors(&self) -> usize {
        self.left / size_of::<Tensor>()
    }

    /// Takes what a tensor below `path` needs beside its shape and its device: its name, and its keys. The texts of keys are
    /// shared by the tensors below them: only those of the last ones, which are new, are taken.
    pub(super) fn take_tensor(&mut self, path: &[Key], new: usize) -> bool {
        let name = texts(path) + path.len();
        let kept = texts(&path[path.len() - new..]) + new * SHARED;
        self.take(size_of::<Tensor>() + size_of_val(path) + name + kept)
    }
}

/// What a shared text takes beside its bytes.
const SHARED: usize = 2 * size_of::<usize>();

/// The memory of keys that share nothing, near enough.
pub(super) fn path_size(path: &[Key]) -> usize {
    texts(path) + size_of_val(path)
}

fn texts(path: &[Key]) -> usize {
    path.iter().filter_map(Key::text).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_ends_it() {
        let mut room = Room::new(0, 0);
        assert!(room.take(limits::PICKLE_LISTED));
        assert!(!room.take(1));
        let mut room = Room::new(100, 0);
        assert!(!room.take(limits::PICKLE_LISTED + 401) && !room.take(1));
        assert_eq!((room.taken(), Room::new(100, room.taken()).left), (limits::PICKLE_LISTED, 400));
    }
}
