use crate::decode::{Elements, as_numpy};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::Tensor;
use crate::source::Files;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 over the elements in row-major order, dense and little-endian, types below 8 bits as one byte each;
/// in hexadecimal digits.
///
/// # Errors
///
/// Those of [`Hash::step`].
pub fn sha256(files: &Files, tensor: &Tensor) -> Result<String> {
    let mut hash = Hash::default();
    loop {
        hash.step(files, tensor)?;
        if let Some(digits) = hash.digits() {
            return Ok(digits);
        }
    }
}

/// The [`sha256`] of a tensor in the making: a step reads a chunk.
#[derive(Debug, Default)]
pub struct Hash {
    state: Sha256,
    bytes: Vec<u8>,
    /// How many elements are taken in.
    done: u64,
    over: bool,
}

impl Hash {
    /// Takes in what follows, of the same tensor at every step. Returns the fraction that is done; 1 means that
    /// [`Hash::digits`] are there.
    ///
    /// # Errors
    ///
    /// As [`Elements`]; `TooLarge` beyond [`limits::WALKED_ELEMENTS`].
    pub fn step(&mut self, files: &Files, tensor: &Tensor) -> Result<f64> {
        let elements = Elements::new(files, tensor)?;
        let total = elements.count();
        if total > limits::WALKED_ELEMENTS {
            return Err(Error::too_large(format!("A hash over {total} elements would take days.")));
        }
        let count = elements.chunk().min(total - self.done);
        if count > 0 {
            elements.read(self.done, count, &mut self.bytes)?;
            if let Some(number) = elements.dtype().number() {
                let bytes = std::mem::take(&mut self.bytes);
                self.bytes = as_numpy(number, bytes, usize::try_from(count).unwrap_or(usize::MAX));
            }
            self.state.update(&self.bytes);
            self.done += count;
        }
        self.over = self.done == total;
        #[expect(clippy::cast_precision_loss, reason = "a fraction for a progress bar")]
        Ok(if self.over { 1.0 } else { self.done as f64 / total as f64 })
    }

    /// In hexadecimal digits, once the last step is done; `None` before.
    pub fn digits(&self) -> Option<String> {
        self.over.then(|| {
            self.state.clone().finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        })
    }
}
