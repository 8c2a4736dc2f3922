//! Shapes and strides, as NumPy writes them.

use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::wire::literal::Literal;

/// The strides, in elements, of an array whose first index runs fastest. Saturates where there are no elements.
pub(super) fn column_major(shape: &[u64]) -> Vec<u64> {
    let outer = shape.iter().scan(1u64, |stride, size| {
        let this = *stride;
        *stride = stride.saturating_mul(*size);
        Some(this)
    });
    outer.collect()
}

/// A shape: a tuple of whole numbers.
///
/// # Errors
///
/// `Malformed` for anything else, and for more dimensions than NumPy has.
pub(super) fn parse(literal: &Literal) -> Result<Vec<u64>> {
    let wrong = |what: &str| Error::malformed(format!("The header's shape {what}."));
    let Literal::Tuple(sizes) = literal else { return Err(wrong("is not a tuple of whole numbers")) };
    if sizes.len() > limits::RANK {
        return Err(wrong(&format!("has {} dimensions, at most {} are read", sizes.len(), limits::RANK)));
    }
    sizes
        .iter()
        .map(|size| match size {
            Literal::Int(size) if (0..=i128::from(i64::MAX)).contains(size) => {
                Ok(u64::try_from(*size).expect("not negative"))
            }
            Literal::Int(size) => Err(wrong(&format!("has a dimension of {}", quoted(&size.to_string())))),
            _ => Err(wrong("is not a tuple of whole numbers")),
        })
        .collect()
}
