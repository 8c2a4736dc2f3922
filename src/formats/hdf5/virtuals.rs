//! Virtual datasets: which boxes of which other datasets they are put together from.

use super::reader::{At, Elements, Reader};
use crate::error::Result;
use crate::model::Layout;
use crate::wire::hdf5::Mapping;

/// The layout of a virtual dataset, or why its elements cannot be read.
pub(super) fn mosaic(
    _reader: &mut Reader<'_>,
    _at: At<'_>,
    _mappings: &[Mapping],
    _elements: &Elements,
) -> Result<Result<Layout, String>> {
    Ok(Err("Virtual datasets are not read here.".to_owned()))
}
