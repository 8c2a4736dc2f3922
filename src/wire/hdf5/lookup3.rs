//! The checksum of HDF5's metadata: Bob Jenkins' lookup3, `hashlittle` with a start of 0.

/// The checksum of these bytes.
pub fn lookup3(bytes: &[u8]) -> u32 {
    // The length enters modulo 2^32, as the function has it.
    let start = 0xdead_beef_u32.wrapping_add(u32::try_from(bytes.len() as u64 & 0xffff_ffff).expect("32 bits"));
    let (mut a, mut b, mut c) = (start, start, start);
    // The last 12 bytes, or what is left of them, are mixed differently.
    let whole = bytes.len().saturating_sub(1) / 12 * 12;
    let (blocks, rest) = bytes.split_at(whole);
    for block in blocks.as_chunks::<12>().0 {
        let words = words(block);
        (a, b, c) = (a.wrapping_add(words[0]), b.wrapping_add(words[1]), c.wrapping_add(words[2]));
        (a, b, c) = mixed(a, b, c);
    }
    if rest.is_empty() {
        return c;
    }
    let mut last = [0; 12];
    last[..rest.len()].copy_from_slice(rest);
    let words = words(&last);
    finished(a.wrapping_add(words[0]), b.wrapping_add(words[1]), c.wrapping_add(words[2]))
}

fn words(block: &[u8; 12]) -> [u32; 3] {
    let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    [word(0), word(4), word(8)]
}

fn mixed(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    (a, b, c)
}

fn finished(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    let step = |x: u32, y: u32, by: u32| (x ^ y).wrapping_sub(y.rotate_left(by));
    c = step(c, b, 14);
    a = step(a, c, 11);
    b = step(b, a, 25);
    c = step(c, b, 16);
    a = step(a, c, 4);
    b = step(b, a, 14);
    step(c, b, 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the function's own self-test (`driver5` of lookup3.c).
    #[test]
    fn agrees_with_the_values_of_its_author() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }
}
