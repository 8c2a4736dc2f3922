//! Lists of packed numbers, as a source of bytes.

use super::varint;
use crate::error::{Error, Result};
use crate::source::{ReadAt, read_vec};
use std::cell::OnceCell;
use std::rc::Rc;

/// Packed varints as whole numbers of a fixed width, little-endian. They are written out when they are first read.
#[derive(Debug)]
pub struct Varints {
    source: Rc<dyn ReadAt>,
    offset: u64,
    len: u64,
    /// Bytes of a number.
    width: usize,
    /// All numbers together.
    size: u64,
    made: OnceCell<Result<Vec<u8>>>,
}

impl Varints {
    /// `count` numbers of `width` bytes, at most 8, in `len` bytes of a source from `offset` on.
    ///
    /// # Errors
    ///
    /// `Malformed` if they cannot be there, `TooLarge` beyond `cap` bytes.
    pub fn new(source: Rc<dyn ReadAt>, (offset, len): (u64, u64), count: u64, width: u8, cap: u64) -> Result<Self> {
        crate::source::require(&source, offset, len)?;
        if count > len {
            return Err(Error::malformed(format!("{count} numbers cannot be told in {len} bytes.")).at(offset));
        }
        let size = count.saturating_mul(u64::from(width));
        if size > cap || len > cap {
            let message = format!("{count} numbers of varying length are more than are written out, {cap} bytes.");
            return Err(Error::too_large(message).at(offset));
        }
        Ok(Varints { source, offset, len, width: usize::from(width.min(8)), size, made: OnceCell::new() })
    }

    fn make(&self) -> Result<Vec<u8>> {
        let packed = read_vec(&*self.source, self.offset, self.len)?;
        let (mut rest, mut made) = (packed.as_slice(), Vec::with_capacity(packed.len()));
        while !rest.is_empty() {
            let number = varint(&mut rest).map_err(|error| error.at(self.offset))?;
            made.extend(&number.to_le_bytes()[..self.width]);
        }
        if made.len() as u64 == self.size {
            return Ok(made);
        }
        let (found, wanted) = (made.len() / self.width, self.size / self.width as u64);
        Err(Error::malformed(format!("There are {found} numbers where {wanted} should be.")).at(self.offset))
    }
}

impl ReadAt for Varints {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let made = self.made.get_or_init(|| self.make()).as_ref().map_err(Clone::clone)?;
        made.as_slice().read_at(offset, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::source::Memory;

    #[test]
    fn varints_become_numbers_of_one_width() {
        let bytes: Rc<dyn ReadAt> = Rc::new(Memory::new(*b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xac\x02"));
        let read = |count, width| {
            let numbers = Varints::new(bytes.clone(), (0, 13), count, width, 100)?;
            read_vec(&numbers, 0, numbers.size())
        };
        assert_eq!(read(3, 2).unwrap(), [1, 0, 255, 255, 44, 1]);
        assert_eq!(read(2, 2).unwrap_err().kind, Kind::Malformed);
        assert_eq!(read(13, 8).unwrap_err().kind, Kind::TooLarge);
        assert!(read(14, 1).is_err());
    }
}
