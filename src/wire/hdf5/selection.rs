//! Selections: which elements of a dataset are meant.
//!
//! | bytes | meaning |
//! | --- | --- |
//! | 4 | kind: 0 none, 1 points, 2 boxes, 3 all |
//! | 4 | version, on which the rest depends |
//!
//! Boxes are either listed, by their first and last index, or regular: in each dimension a start, a stride, how many blocks and
//! how long each is.

use super::cursor::Cursor;
use super::space::RANK;
use crate::error::{Error, Result};
use crate::limits;

/// Which elements are meant, in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// None.
    Nothing,
    /// Blocks at regular distances, dimension by dimension.
    Regular(Vec<Blocks>),
    /// Boxes: the first index of each and its shape.
    Boxes(Vec<(Vec<u64>, Vec<u64>)>),
}

/// The blocks of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The first index.
    pub start: u64,
    /// From the start of one to the start of the next.
    pub stride: u64,
    /// How many; `None` for as many as there is room for.
    pub count: Option<u64>,
    /// How long each is; `None` for all that is there.
    pub len: Option<u64>,
}

impl Selection {
    /// How many boxes are listed one by one.
    pub(super) fn listed(&self) -> usize {
        if let Selection::Boxes(boxes) = self { boxes.len() } else { 1 }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let (kind, version) = (cursor.u32()?, cursor.u32()?);
        match (kind, version) {
            (0 | 3, 1) => {
                cursor.skip(8)?;
                Ok(if kind == 0 { Selection::Nothing } else { Selection::All })
            }
            (2, 1) => {
                cursor.skip(8)?;
                let rank = cursor.u32()?;
                boxes(cursor, rank, 4)
            }
            (2, 2) => {
                cursor.skip(5)?;
                let rank = cursor.u32()?;
                regular(cursor, rank, 8)
            }
            (2, 3) => {
                let (flags, width) = (cursor.u8()?, cursor.u8()?);
                let rank = cursor.u32()?;
                if ![2, 4, 8].contains(&width) {
                    return Err(cursor.wrong(format_args!("has a selection in numbers of {width} bytes")));
                }
                if flags & 1 == 1 { regular(cursor, rank, width) } else { boxes(cursor, rank, width) }
            }
            (1, _) => Err(cursor.unknown("selects single elements, which is not read here")),
            _ => Err(cursor.unknown(format_args!("has a selection of kind {kind} in version {version}"))),
        }
    }
}

fn regular(cursor: &mut Cursor<'_>, rank: u32, width: u8) -> Result<Selection> {
    let unlimited = u64::MAX >> (64 - 8 * u32::from(width));
    check_rank(cursor, rank)?;
    let mut dimensions = Vec::new();
    for _ in 0..rank {
        let [start, stride, count, len] =
            [cursor.number(width)?, cursor.number(width)?, cursor.number(width)?, cursor.number(width)?];
        let limited = |number| (number != unlimited).then_some(number);
        if stride == 0 || limited(len).is_some_and(|len| len > stride && count > 1) {
            return Err(cursor.wrong("has a selection whose blocks overlap"));
        }
        dimensions.push(Blocks { start, stride, count: limited(count), len: limited(len) });
    }
    Ok(Selection::Regular(dimensions))
}

fn check_rank(cursor: &Cursor<'_>, rank: u32) -> Result<()> {
    if rank <= u32::from(RANK) {
        return Ok(());
    }
    Err(cursor.wrong(format_args!("has a selection of {rank} dimensions, HDF5 stops at {RANK}")))
}

/// What to say of more boxes than are read.
pub(super) fn too_many() -> Error {
    Error::too_large(format!("It is put together from more than {} boxes.", limits::HDF5_PATCHES))
}

fn boxes(cursor: &mut Cursor<'_>, rank: u32, width: u8) -> Result<Selection> {
    check_rank(cursor, rank)?;
    let count = cursor.number(width)?;
    if count > limits::HDF5_PATCHES as u64 {
        return Err(too_many());
    }
    let mut boxes = Vec::new();
    for _ in 0..count {
        let (mut first, mut shape) = (Vec::new(), Vec::new());
        for _ in 0..rank {
            first.push(cursor.number(width)?);
        }
        for start in &first {
            let last = cursor.number(width)?;
            let size = last.checked_sub(*start).and_then(|size| size.checked_add(1));
            shape.push(size.ok_or_else(|| cursor.wrong("has a selection that ends before it begins"))?);
        }
        if rank == 0 {
            break;
        }
        boxes.push((first, shape));
    }
    Ok(Selection::Boxes(boxes))
}
