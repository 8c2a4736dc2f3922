//! The bytes of elements by turns: all first bytes, all second ones …

use super::{Undone, value};

pub(super) fn undo(values: &[u32], bytes: &[u8], _: usize) -> Undone {
    let size = value(values, 0);
    if size == 0 {
        return Err("has elements of 0 bytes".to_owned());
    }
    Ok(unshuffled(bytes, size))
}

/// Elements of `size` bytes put together again; bytes at the end that make no element are as they were.
pub(super) fn unshuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    let count = bytes.len() / size;
    if size == 1 || count < 2 {
        return bytes.to_vec();
    }
    let mut out = vec![0; bytes.len()];
    let (whole, rest) = bytes.split_at(count * size);
    match size {
        2 => together::<2>(whole, count, &mut out),
        4 => together::<4>(whole, count, &mut out),
        8 => together::<8>(whole, count, &mut out),
        _ => {
            // Some elements at a time stay in the first cache.
            for block in (0..count).step_by(1024) {
                let end = count.min(block + 1024);
                for (place, plane) in whole.chunks_exact(count).enumerate() {
                    let targets = out[block * size + place..].iter_mut().step_by(size);
                    targets.zip(&plane[block..end]).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
    out[count * size..].copy_from_slice(rest);
    out
}

fn together<const SIZE: usize>(whole: &[u8], count: usize, out: &mut [u8]) {
    let planes: [&[u8]; SIZE] = std::array::from_fn(|place| &whole[place * count..][..count]);
    for (index, element) in out.as_chunks_mut::<SIZE>().0.iter_mut().take(count).enumerate() {
        *element = std::array::from_fn(|place| planes[place][index]);
    }
}
