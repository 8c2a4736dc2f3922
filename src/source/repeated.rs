use super::{ReadAt, require};
use crate::error::Result;

/// Bytes the last few of which are repeated to a length, without being held more than once.
#[derive(Debug)]
pub struct Repeated {
    bytes: Vec<u8>,
    /// How many bytes at the end are repeated.
    unit: usize,
    len: u64,
}

impl Repeated {
    /// `len` bytes: these, then their last `unit` ones over and over. There are so many, and a unit has a byte.
    pub fn new(bytes: Vec<u8>, unit: usize, len: u64) -> Self {
        assert!(unit > 0 && unit <= bytes.len(), "nothing to repeat");
        Repeated { bytes, unit, len }
    }
}

impl ReadAt for Repeated {
    fn size(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        let first = self.bytes.len() - self.unit;
        for (byte, at) in buf.iter_mut().zip(offset..) {
            let place = match usize::try_from(at) {
                Ok(at) if at < first => at,
                _ => first + usize::try_from((at - first as u64) % self.unit as u64).expect("below the unit"),
            };
            *byte = self.bytes[place];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_its_end() {
        let repeated = Repeated::new(b"abcd".to_vec(), 2, 1 << 40);
        let read = |offset, len| {
            let mut buf = vec![0; len];
            repeated.read_at(offset, &mut buf).map(|()| buf)
        };
        assert_eq!(read(0, 9).unwrap(), b"abcdcdcdc");
        assert_eq!(read(5, 2).unwrap(), b"dc");
        assert_eq!(read((1 << 40) - 1, 1).unwrap(), b"d");
        assert!(read(1 << 40, 1).is_err());
    }
}
