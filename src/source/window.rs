use super::{ReadAt, require};
use crate::error::Result;
use std::rc::Rc;

/// A run of another source's bytes, counted from its own start.
#[derive(Debug)]
pub struct Window {
    inner: Rc<dyn ReadAt>,
    start: u64,
    len: u64,
}

impl Window {
    /// The `len` bytes of `inner` from `start` on.
    ///
    /// # Errors
    ///
    /// `Malformed` if `inner` ends before.
    pub fn new(inner: Rc<dyn ReadAt>, start: u64, len: u64) -> Result<Self> {
        require(&inner, start, len)?;
        Ok(Window { inner, start, len })
    }
}

impl ReadAt for Window {
    fn size(&self) -> u64 {
        self.len
    }

    fn place(&self) -> Option<u64> {
        self.inner.place()?.checked_add(self.start)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        self.inner.read_at(self.start + offset, buf)
    }
}
