//! Zstandard frames.

use super::{Undone, too_much};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::io::Read;

/// Bytes that are unpacked at a time.
const STEP: usize = 64 << 10;

pub(super) fn undo(_: &[u32], bytes: &[u8], most: usize) -> Undone {
    unpack(bytes, most)
}

/// What a frame unpacks to, at most so many bytes.
pub(super) fn unpack(packed: &[u8], most: usize) -> Undone {
    let mut decoder = StreamingDecoder::new(packed).map_err(|_| "finds damaged bytes")?;
    let mut out = Vec::new();
    loop {
        let filled = out.len();
        out.resize(filled + STEP, 0);
        let got = decoder.read(&mut out[filled..]).map_err(|_| "finds damaged bytes")?;
        out.truncate(filled + got);
        if got == 0 {
            return Ok(out);
        }
        if out.len() > most {
            return Err(too_much(most));
        }
    }
}
