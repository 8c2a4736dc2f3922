//! Deflate in a zlib wrapper, whose checksum is compared.

use super::{Undone, too_much};
use flate2::{Decompress, FlushDecompress, Status};

/// What a byte of deflate can unpack to, at most.
const RATIO: usize = 1032;

pub(super) fn undo(_: &[u32], bytes: &[u8], most: usize) -> Undone {
    // One more byte than there may be shows that there is more.
    let room = bytes.len().saturating_mul(RATIO).min(most.saturating_add(1));
    let mut out = vec![0; room];
    let mut inflater = Decompress::new(true);
    // All at once, so that nothing is copied twice.
    let status = inflater.decompress(bytes, &mut out, FlushDecompress::Finish).map_err(|_| "finds damaged bytes")?;
    let len = usize::try_from(inflater.total_out()).unwrap_or(usize::MAX);
    if len > most {
        return Err(too_much(most));
    }
    if status != Status::StreamEnd {
        return Err(super::cut());
    }
    out.truncate(len);
    Ok(out)
}
