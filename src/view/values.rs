//! A rectangular part of a tensor's elements.

use super::report::Json;
use crate::decode::Shown;
use crate::error::{Error, Result};
use crate::model::{Tensor, element_count};
use crate::source::Files;

/// The most elements that are shown at once.
const SHOWN: u64 = 1 << 20;

/// The elements of the part of `tensor` that begins at index `start` and has this `shape`, row-major.
///
/// # Errors
///
/// `Query` if the part is not inside the tensor or has more than a million elements; else as [`Shown`].
pub fn values(files: &Files, tensor: &Tensor, start: &[u64], shape: &[u64]) -> Result<Vec<Json>> {
    let inside = start.len() == tensor.shape.len()
        && shape.len() == tensor.shape.len()
        && start
            .iter()
            .zip(shape)
            .zip(&tensor.shape)
            .all(|((start, len), size)| start.checked_add(*len).is_some_and(|end| end <= *size));
    if !inside {
        return Err(Error::query(format!(
            "A part from {start:?} of shape {shape:?} is not inside {:?}.",
            tensor.shape
        )));
    }
    let count = element_count(shape).filter(|count| *count <= SHOWN);
    let count = count.ok_or_else(|| Error::query(format!("At most {SHOWN} elements are shown at once.")))?;
    let mut shown = Shown::new(files, tensor)?;
    let mut found = Vec::new();
    if count == 0 {
        return Ok(found);
    }
    // Runs along the innermost dimension.
    let run = shape.last().copied().unwrap_or(1);
    let mut index = start.to_vec();
    for _ in 0..count / run {
        let first = index.iter().zip(&tensor.shape).fold(0, |place, (index, size)| place * size + index);
        found.extend(shown.read(first, run)?.into_iter().map(Json::Cell));
        for (place, ((index, start), len)) in index.iter_mut().zip(start).zip(shape).enumerate().rev() {
            if place + 1 == shape.len() {
                continue;
            }
            *index += 1;
            if *index < start + len {
                break;
            }
            *index = *start;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Cell;
    use crate::model::{ByteRange, Dtype, Layout, Number};
    use crate::source::Memory;
    use std::rc::Rc;

    #[test]
    fn reads_a_part_of_a_matrix() {
        let mut files = Files::new();
        let file = files.add("a", Rc::new(Memory::new((0..60).collect::<Vec<u8>>())));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len: 60 });
        let tensor = Tensor::new("a", Dtype::Number(Number::U8), vec![3, 4, 5], layout);
        let found = values(&files, &tensor, &[1, 2, 1], &[2, 2, 3]).unwrap();
        let expected = [31, 32, 33, 36, 37, 38, 51, 52, 53, 56, 57, 58];
        assert_eq!(found, expected.map(|number| Json::Cell(Cell::Int(number))));
        assert!(values(&files, &tensor, &[0, 0, 3], &[1, 1, 3]).is_err());
        assert!(values(&files, &tensor, &[u64::MAX, 0, 0], &[2, 1, 1]).is_err());
    }
}
