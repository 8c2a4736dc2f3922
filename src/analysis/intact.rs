//! Whether the bytes of a tensor have the sums that were written with them.

use crate::error::{Error, Result};
use crate::model::{ByteOrder, Layout, Tensor};
use crate::source::Files;
use crate::wire::crc32c::Sum;

/// Compares sums while the elements of one tensor go by in the order of the file.
#[derive(Debug)]
pub(super) struct Intact {
    /// Which run of bytes is going by.
    run: usize,
    /// How many of its bytes have gone by.
    done: u64,
    sum: Sum,
}

impl Default for Intact {
    fn default() -> Self {
        Intact { run: 0, done: 0, sum: Sum::begin() }
    }
}

impl Intact {
    /// Takes in the bytes that follow, all of which are elements.
    ///
    /// # Errors
    ///
    /// `Malformed` at the end of a run whose sum is another one.
    pub fn take(&mut self, files: &Files, tensor: &Tensor, mut bytes: &[u8]) -> Result<()> {
        let Some(more) = &tensor.more else { return Ok(()) };
        // The elements have to go by as they lie in the file.
        let as_they_lie = matches!(tensor.layout, Layout::Dense(_) | Layout::Pieces(_));
        if !as_they_lie || (tensor.order == ByteOrder::Big && tensor.dtype.bits() != Some(8)) {
            return Ok(());
        }
        // Runs without elements do not go by.
        let mut runs = tensor.runs().zip(&more.sums).filter(|(run, _)| run.len > 0).skip(self.run);
        while let (false, Some((run, sum))) = (bytes.is_empty(), runs.next()) {
            let len = usize::try_from(run.len - self.done).unwrap_or(usize::MAX).min(bytes.len());
            let (now, then) = bytes.split_at(len);
            self.sum.add(now);
            self.done += len as u64;
            bytes = then;
            if self.done == run.len {
                let found = std::mem::replace(self, Intact { run: self.run + 1, ..Intact::default() });
                if found.sum.end() != *sum {
                    let message = "The checksum of this tensor is wrong: some of its bytes are damaged; copy or download the file again.";
                    return Err(Error::malformed(message).at(run.offset).in_file(&files.given(run.file).name));
                }
            }
        }
        Ok(())
    }
}
