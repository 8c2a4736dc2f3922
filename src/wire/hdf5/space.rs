//! Dataspaces: the shape of what a dataset or an attribute holds.

use super::cursor::Cursor;
use crate::error::Result;
use crate::model::element_count;

/// The most dimensions that HDF5 has.
pub(super) const RANK: u8 = 32;

/// A shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// The size of each dimension; none for a single value.
    pub shape: Vec<u64>,
    /// How far each can grow, `None` without a limit.
    pub most: Vec<Option<u64>>,
    /// Whether there is nothing at all, not even a shape.
    pub null: bool,
}

impl Space {
    /// How many elements there are.
    pub fn elements(&self) -> u64 {
        if self.null { 0 } else { element_count(&self.shape).unwrap_or(u64::MAX) }
    }

    pub(super) fn read(mut cursor: Cursor<'_>) -> Result<Self> {
        let version = cursor.version(1..=2)?;
        let (rank, flags) = (cursor.u8()?, cursor.u8()?);
        let null = version == 2 && cursor.u8()? == 2;
        cursor.skip(if version == 1 { 5 } else { 0 })?;
        if rank > RANK {
            return Err(cursor.wrong(format_args!("has a rank of {rank}, HDF5 stops at {RANK}")));
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            let size = cursor.length()?;
            if size == unlimited(&cursor) {
                return Err(cursor.wrong("has a dimension without an end"));
            }
            shape.push(size);
        }
        if element_count(&shape).is_none() {
            return Err(cursor.wrong(format_args!("of shape {shape:?} has more elements than can be counted")));
        }
        let mut most = Vec::new();
        for size in &shape {
            let limit = if flags & 1 == 0 { *size } else { cursor.length()? };
            most.push((limit != unlimited(&cursor)).then_some(limit));
        }
        Ok(Space { shape, most, null })
    }
}

/// What stands for no limit: all bits of a length.
fn unlimited(cursor: &Cursor<'_>) -> u64 {
    u64::MAX >> (64 - 8 * u32::from(cursor.sizes().length))
}
