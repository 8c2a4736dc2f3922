/// Counts 16-bit codes, little-endian.
#[inline(never)]
pub fn tally_halves(codes: &[[u8; 2]], counts: &mut [u32; 1 << 16]) {
    for code in codes {
        counts[u16::from_le_bytes(*code) as usize] += 1;
    }
}

/// Counts the upper halves of float32 numbers, little-endian.
#[inline(never)]
pub fn tally_tops(values: &[[u8; 4]], counts: &mut [u32; 1 << 16]) {
    for [_, _, low, high] in values {
        counts[u16::from_le_bytes([*low, *high]) as usize] += 1;
    }
}

/// Counts bytes.
#[inline(never)]
pub fn tally_bytes(codes: &[u8], counts: &mut [u32; 1 << 8]) {
    // Several tables, so that no counter waits for itself.
    let mut tables = [[0u32; 1 << 8]; 4];
    let (fours, rest) = codes.as_chunks::<4>();
    for four in fours {
        for (table, code) in tables.iter_mut().zip(four) {
            table[*code as usize] += 1;
        }
    }
    for code in rest {
        tables[0][*code as usize] += 1;
    }
    for table in &tables {
        counts.iter_mut().zip(table).for_each(|(count, more)| *count += more);
    }
}

/// Appends the bits of those little-endian float32 numbers whose upper half has a place that is not 0 in `places`.
#[inline(never)]
pub fn select_tops(values: &[[u8; 4]], places: &[u8; 1 << 16], into: &mut Vec<u32>) {
    let mut found = [0; 256];
    for values in values.chunks(found.len()) {
        let mut count = 0;
        for value in values {
            let bits = u32::from_le_bytes(*value);
            found[count % 256] = bits;
            // No branch: which ones are wanted cannot be foretold.
            count += usize::from(places[(bits >> 16) as usize] != 0);
        }
        into.extend_from_slice(&found[..count]);
    }
}

/// Where a code first occurs.
#[inline(never)]
pub fn find_half(codes: &[[u8; 2]], code: u16) -> Option<usize> {
    let same = |other: &[u8; 2]| u16::from_le_bytes(*other) == code;
    let chunk = codes.chunks(256).position(|chunk| chunk.iter().fold(false, |found, other| found | same(other)))?;
    codes[chunk * 256..].iter().position(same).map(|at| chunk * 256 + at)
}
