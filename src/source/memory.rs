use super::{ReadAt, require};
use crate::error::Result;
use std::fmt;

/// Bytes in memory.
pub struct Memory(Vec<u8>);

impl Memory {
    /// A source of just these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Memory(bytes.into())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} bytes)", self.0.len())
    }
}

impl ReadAt for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        let start = usize::try_from(offset).expect("within a vector's length");
        buf.copy_from_slice(&self.0[start..start + buf.len()]);
        Ok(())
    }
}
