use super::{ReadAt, Window, require};
use crate::error::Result;
use std::rc::Rc;

/// Parts of other sources as if they stood behind each other.
#[derive(Debug)]
pub struct Joined {
    /// Each with its first byte in the whole.
    parts: Vec<(u64, Window)>,
    size: u64,
}

impl Joined {
    /// Each part is `len` bytes of a source from `offset` on: `(source, offset, len)`.
    ///
    /// # Errors
    ///
    /// `Malformed` if a source ends before its part does.
    pub fn new(parts: Vec<(Rc<dyn ReadAt>, u64, u64)>) -> Result<Self> {
        let mut joined = Joined { parts: Vec::new(), size: 0 };
        for (source, offset, len) in parts {
            joined.parts.push((joined.size, Window::new(source, offset, len)?));
            joined.size = joined.size.saturating_add(len);
        }
        Ok(joined)
    }
}

impl ReadAt for Joined {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        let end = offset + buf.len() as u64;
        for (start, part) in &self.parts {
            let (from, to) = (offset.max(*start), end.min(start + part.size()));
            if from < to {
                let place = |at: u64| usize::try_from(at - offset).expect("inside the buffer");
                part.read_at(from - start, &mut buf[place(from)..place(to)])?;
            }
        }
        Ok(())
    }
}
