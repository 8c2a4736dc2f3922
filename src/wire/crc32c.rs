//! CRC-32C, as TensorFlow and LevelDB keep it.

use crc::{CRC_32_ISCSI, Crc, Digest, Table};
use std::fmt;
use std::sync::LazyLock;

/// Sixteen bytes a step: whole tensors go through it. The table of 16 KiB is made when it is first needed.
static CRC32C: LazyLock<Crc<u32, Table<16>>> = LazyLock::new(|| Crc::<u32, Table<16>>::new(&CRC_32_ISCSI));

/// A sum that is still being made.
#[derive(Clone)]
pub struct Sum(Digest<'static, u32, Table<16>>);

impl Sum {
    /// A sum of nothing yet.
    pub fn begin() -> Self {
        Sum(CRC32C.digest())
    }

    /// Takes in the bytes that follow.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes in the length of a string as TensorFlow sums them: in 32 bits, in 64 where these do not do.
    pub fn add_length(&mut self, len: u64) {
        match u32::try_from(len) {
            Ok(len) => self.add(&len.to_le_bytes()),
            Err(_) => self.add(&len.to_le_bytes()),
        }
    }

    /// The sum of all that was taken in.
    pub fn end(self) -> u32 {
        self.0.finalize()
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sum")
    }
}

/// The sum of these bytes.
pub fn of(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes)
}

/// What a stored sum stands for: it is kept rotated and shifted, since a sum over bytes that hold their own sum says little.
pub fn unmasked(stored: u32) -> u32 {
    stored.wrapping_sub(0xa282_ead8).rotate_left(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_sum_that_the_standard_gives() {
        // RFC 3720, appendix B.4.
        assert_eq!(of(&[0; 32]), 0x8a91_36aa);
        assert_eq!(of(&[0xff; 32]), 0x62a8_ab43);
        // LevelDB's masking: rotated right by 15 bits, then 0xa282ead8 is added.
        assert_eq!(unmasked(0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8)), 0x8a91_36aa);
    }
}
