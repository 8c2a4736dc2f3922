//! Bits that stand one after another, the highest of each byte first.

/// Reads bits.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Bits { bytes, at: 0 }
    }

    /// The next `count` bits, at most 64, as a number.
    pub fn take(&mut self, count: u32) -> Result<u64, String> {
        let (mut number, mut left) = (0u64, count);
        while left > 0 {
            let byte = *self.bytes.get(self.at / 8).ok_or_else(super::cut)?;
            let inside = u32::try_from(self.at % 8).expect("below 8");
            let run = left.min(8 - inside);
            let bits = byte << inside >> (8 - run);
            number = number << run | u64::from(bits);
            self.at += usize::try_from(run).expect("at most 8");
            left -= run;
        }
        Ok(number)
    }

    /// How many bits are 0 before the next one that is 1, which is passed, too.
    pub fn zeros(&mut self) -> Result<u64, String> {
        let start = self.at;
        loop {
            let byte = *self.bytes.get(self.at / 8).ok_or_else(super::cut)?;
            let inside = self.at % 8;
            let zeros = (byte << inside).leading_zeros();
            if zeros < 8 {
                self.at += usize::try_from(zeros).expect("below 8");
                let count = self.at - start;
                self.at += 1;
                return Ok(count as u64);
            }
            self.at += 8 - inside;
        }
    }
}
