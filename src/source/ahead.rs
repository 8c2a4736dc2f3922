use super::{ReadAt, read_vec, require};
use crate::error::Result;
use std::cell::RefCell;

/// Reads ahead for whoever goes forward: the farther without a jump, the more at once.
///
/// For headers that lie between elements of any length: what is read in vain is at most what was read in use, and
/// [`Ahead::LEAST`] bytes a jump.
#[derive(Debug)]
pub struct Ahead<'a> {
    inner: &'a dyn ReadAt,
    /// Where the bytes that were read last begin, and they.
    window: RefCell<(u64, Vec<u8>)>,
}

impl<'a> Ahead<'a> {
    /// What is read after a jump.
    pub const LEAST: u64 = 512;
    /// The most that is read at once.
    pub const MOST: u64 = 32 << 10;

    /// Nothing read yet.
    pub fn new(inner: &'a dyn ReadAt) -> Self {
        Ahead { inner, window: RefCell::default() }
    }
}

impl ReadAt for Ahead<'_> {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let len = buf.len() as u64;
        require(self, offset, len)?;
        let mut window = self.window.borrow_mut();
        let (start, end) = (window.0, window.0 + window.1.len() as u64);
        if len > Self::MOST {
            return self.inner.read_at(offset, buf);
        }
        if offset < start || offset + len > end {
            let follows = (start..=end).contains(&offset) && start < end;
            let ahead = if follows { (2 * (end - start)).min(Self::MOST) } else { Self::LEAST };
            let ahead = ahead.max(len).min(self.size() - offset);
            *window = (offset, read_vec(self.inner, offset, ahead)?);
        }
        let from = usize::try_from(offset - window.0).expect("within what was read");
        buf.copy_from_slice(&window.1[from..from + buf.len()]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    #[test]
    fn gives_the_same_bytes_as_its_source() {
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        let memory = Memory::new(bytes.clone());
        let ahead = Ahead::new(&memory);
        for (offset, len) in
            [(0usize, 8usize), (8, 500), (508, 9), (517, 40_000), (1, 3), (199_990, 10), (199_999, 1), (200_000, 0)]
        {
            let mut buf = vec![0; len];
            ahead.read_at(offset as u64, &mut buf).unwrap();
            assert_eq!(buf, bytes[offset..offset + len]);
        }
        assert!(ahead.read_at(199_999, &mut [0; 2]).is_err());
        assert!(ahead.read_at(u64::MAX, &mut [0; 2]).is_err());
    }
}
