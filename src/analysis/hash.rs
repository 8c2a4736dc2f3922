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
/// As [`Elements`]; `TooLarge` beyond [`limits::WALKED_ELEMENTS`].
pub fn sha256(files: &Files, tensor: &Tensor) -> Result<String> {
    let elements = Elements::new(files, tensor)?;
    if elements.count() > limits::WALKED_ELEMENTS {
        return Err(Error::too_large(format!("A hash over {} elements would take days.", elements.count())));
    }
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    let mut start = 0;
    while start < elements.count() {
        let count = elements.chunk().min(elements.count() - start);
        elements.read(start, count, &mut bytes)?;
        match elements.dtype().number() {
            Some(number) => {
                bytes = as_numpy(number, bytes, usize::try_from(count).unwrap_or(usize::MAX));
                hash.update(&bytes);
            }
            None => hash.update(&bytes),
        }
        start += count;
    }
    Ok(hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
