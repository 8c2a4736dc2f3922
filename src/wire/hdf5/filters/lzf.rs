//! LZF: runs of bytes as they are, and copies of earlier ones.

use super::{Undone, cut, too_much};

pub(super) fn undo(_: &[u32], bytes: &[u8], most: usize) -> Undone {
    let mut out = Vec::with_capacity(most.min(bytes.len().saturating_mul(4)));
    let mut rest = bytes.iter();
    while let Some(control) = rest.next() {
        let control = usize::from(*control);
        if control < 32 {
            let run = rest.as_slice().get(..=control).ok_or_else(cut)?;
            out.extend_from_slice(run);
            rest = rest.as_slice()[control + 1..].iter();
        } else {
            let mut len = control >> 5;
            if len == 7 {
                len += usize::from(*rest.next().ok_or_else(cut)?);
            }
            let back = (control & 31) << 8 | usize::from(*rest.next().ok_or_else(cut)?);
            copy_back(&mut out, back + 1, len + 2)?;
        }
        if out.len() > most {
            return Err(too_much(most));
        }
    }
    Ok(out)
}

/// Appends `len` bytes that begin `back` bytes before the end, and may reach into themselves.
pub(super) fn copy_back(out: &mut Vec<u8>, back: usize, len: usize) -> Result<(), String> {
    let start = out.len().checked_sub(back).filter(|_| back > 0).ok_or("copies from before the beginning")?;
    if back >= len {
        out.extend_from_within(start..start + len);
    } else {
        for place in start..start + len {
            out.push(out[place]);
        }
    }
    Ok(())
}
