use super::{ReadAt, read_vec, require};
use crate::error::Result;
use std::cell::RefCell;

/// A source of which one run of bytes can be brought into memory, for whoever reads all of it in small parts.
#[derive(Debug)]
pub struct Held<S> {
    inner: S,
    /// Where the bytes in memory begin, and they.
    run: RefCell<(u64, Vec<u8>)>,
}

impl<S: ReadAt> Held<S> {
    /// Nothing brought yet.
    pub fn new(inner: S) -> Self {
        Held { inner, run: RefCell::default() }
    }
}

impl<S: ReadAt> ReadAt for Held<S> {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    fn place(&self) -> Option<u64> {
        self.inner.place()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        let run = self.run.borrow();
        let from = offset.checked_sub(run.0).and_then(|from| usize::try_from(from).ok());
        match from.and_then(|from| run.1.get(from..)?.get(..buf.len())) {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => self.inner.read_at(offset, buf),
        }
    }

    fn bring(&self, offset: u64, len: u64) -> Result<()> {
        // What was there before is let go first: there is room for one run only.
        *self.run.borrow_mut() = (0, Vec::new());
        *self.run.borrow_mut() = (offset, read_vec(&self.inner, offset, len)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    #[test]
    fn gives_the_same_bytes_wherever_what_it_holds_begins_and_ends() {
        let bytes: Vec<u8> = (0..=255).collect();
        let held = Held::new(Memory::new(bytes.clone()));
        held.bring(100, 50).unwrap();
        for (start, len) in [(0, 256), (90, 20), (100, 50), (120, 0), (149, 1), (140, 20), (150, 1), (256, 0)] {
            let mut read = vec![0; len];
            held.read_at(start as u64, &mut read).unwrap();
            assert_eq!(read, bytes[start..start + len]);
        }
        assert!(held.bring(200, 57).is_err() && held.read_at(250, &mut [0; 7]).is_err());
    }
}
