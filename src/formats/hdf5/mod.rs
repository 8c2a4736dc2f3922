//! HDF5 files: groups, datasets and attributes, whatever wrote them.
//!
//! `wire/hdf5` reads the structures; here datasets become tensors, and attributes, groups and links what stands beside them.

mod dtype;
mod entries;
mod open;
mod reader;
mod virtuals;

use super::{Candidate, Format};
use crate::source::read_vec;
use crate::wire::hdf5::{SIGNATURE, places};
pub use open::Hdf5;
use open::open as open_file;
pub use reader::Reader;

pub(super) const FORMAT: Format = Format {
    id: "hdf5",
    label: "HDF5",
    extensions: &["h5", "hdf5", "hdf", "he5"],
    reads: "groups, attributes and links; every layout, chunk index and type; deflate, shuffle, Fletcher-32, LZF, szip, n-bit, scale-offset, LZ4, Zstandard, bitshuffle, Blosc. Datasets packed with bzip2, Blosc2, ZFP, SZ3 and other filters are listed, not read",
    probe: is_one,
    open: open_file,
};

/// Whether a file begins as one of HDF5 does, behind a user block if its name says so.
pub(super) fn is_one(file: &Candidate<'_>) -> bool {
    for at in places(file.size()) {
        let here = usize::try_from(at).ok().and_then(|at| file.head().get(at..)?.first_chunk());
        let found = match here {
            Some(bytes) => bytes == SIGNATURE,
            None if !file.has_extension(FORMAT.extensions) => return false,
            None => read_vec(&*file.file.source, at, SIGNATURE.len() as u64).is_ok_and(|bytes| bytes == SIGNATURE),
        };
        if found {
            return true;
        }
    }
    false
}
