//! NumPy's files: `.npy` arrays and `.npz` archives of them.
//!
//! | offset | bytes | meaning |
//! | --- | --- | --- |
//! | 0 | 6 | `\x93NUMPY` |
//! | 6 | 2 | version: 1.0, 2.0 or 3.0 |
//! | 8 | 2, from 2.0 on 4 | `n`, the header's length, little-endian |
//! | … | `n` | a Python dictionary of `descr`, `fortran_order` and `shape`; Latin-1, from 3.0 on UTF-8 |
//! | … | … | the elements; for objects a pickle |
//!
//! Specification: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod array;
pub(in crate::formats) mod descr;
mod npz;
mod objects;
mod shape;

pub(super) use npz::FORMAT as NPZ;
pub(super) use objects::inside;

use super::{Candidate, Format};
use crate::error::Result;
use crate::model::Checkpoint;
use crate::source::Files;

pub(super) const NPY: Format = Format {
    id: "npy",
    label: "NumPy array",
    extensions: &["npy"],
    reads: "versions 1 to 3, either order and endianness, structured types; dictionaries of arrays; objects are only named",
    probe: |file: &Candidate<'_>| file.head().starts_with(array::MAGIC),
    open: open_npy,
};

fn open_npy(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let mut checkpoint = Checkpoint::new(Files::new(), NPY.id);
    let id = checkpoint.files.add(&given.name, given.source.clone());
    array::add(&mut checkpoint, id, "")?;
    Ok(checkpoint)
}
