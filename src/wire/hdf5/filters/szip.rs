//! Szip: lossless adaptive coding in blocks. Source: CCSDS 121.0-B-3.
//!
//! Parameters: options, numbers of a block, bits of a number, numbers of a line. The bytes in all (4, little-endian) stand before
//! the bits. Lines are made whole blocks; of each line's blocks the first begins with a number as it is, from which the others are
//! told by their differences. Numbers of 32 and 64 bits are coded byte by byte, all first bytes first.

use super::bits::Bits;
use super::{Undone, cut, shuffle, too_much, value};

/// Options: numbers are big-endian, and told by their differences.
const BIG: usize = 16;
const DIFFERENCES: usize = 32;

/// How the numbers of a stream are coded.
struct Coding {
    block: usize,
    /// Blocks of a line.
    blocks: usize,
    /// Bits of a number, and of what says how a block is coded.
    bits: u32,
    id_bits: u32,
    differences: bool,
}

pub(super) fn undo(values: &[u32], bytes: &[u8], most: usize) -> Undone {
    let (options, block, bits, line) = (value(values, 0), value(values, 1), value(values, 2), value(values, 3));
    let (total, packed) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let total = usize::try_from(u32::from_le_bytes(*total)).unwrap_or(usize::MAX);
    if total > most {
        return Err(too_much(most));
    }
    let by_bytes = bits == 32 || bits == 64;
    let sound = (1..=24).contains(&bits) || by_bytes;
    if !sound || !(2..=32).contains(&block) || block % 2 == 1 || line < block || line > 4096 * block {
        return Err(format!(
            "has lines of {line} numbers of {bits} bits in blocks of {block}, which are not known here"
        ));
    }
    let width = if by_bytes { 1 } else { bits.div_ceil(8).next_power_of_two() };
    let coded = if by_bytes { 8 } else { u32::try_from(bits).expect("at most 24") };
    let coding = Coding {
        block,
        blocks: line.div_ceil(block),
        bits: coded,
        id_bits: if coded > 16 {
            5
        } else if coded > 8 {
            4
        } else {
            3
        },
        differences: options & DIFFERENCES != 0,
    };
    let mut reader = Bits::new(packed);
    let mut out = Vec::new();
    while out.len() < total {
        let numbers = coding.line(&mut reader, (total - out.len()).div_ceil(width).min(line))?;
        for number in numbers {
            let raw = number.to_le_bytes();
            let raw = &raw[..width.min(4)];
            if options & BIG != 0 { out.extend(raw.iter().rev()) } else { out.extend(raw) }
        }
    }
    out.truncate(total);
    if by_bytes { Ok(shuffle::unshuffled(&out, bits / 8)) } else { Ok(out) }
}

impl Coding {
    /// The next line: as many of its numbers as are wanted.
    fn line(&self, reader: &mut Bits<'_>, wanted: usize) -> Result<Vec<u32>, String> {
        let mut codes = Vec::new();
        let all = (1u64 << self.id_bits) - 1;
        while codes.len() < wanted {
            // The first number of a line stands as it is.
            let first = usize::from(self.differences && codes.is_empty());
            let id = reader.take(self.id_bits)?;
            let low = if id == 0 { Some(reader.take(1)?) } else { None };
            if first == 1 && id != all {
                codes.push(self.number(reader)?);
            }
            match (id, low) {
                (_, Some(0)) => {
                    let zeros = self.zeros(reader, codes.len() / self.block)?;
                    codes.resize(codes.len() + zeros * self.block - first, 0);
                }
                (_, Some(_)) => self.pairs(reader, first, &mut codes)?,
                (id, None) if id == all => {
                    for _ in 0..self.block {
                        codes.push(self.number(reader)?);
                    }
                }
                (id, None) => self.split(reader, u32::try_from(id - 1).expect("5 bits"), first, &mut codes)?,
            }
        }
        if self.differences {
            self.add_up(&mut codes);
        }
        codes.truncate(wanted);
        Ok(codes)
    }

    fn number(&self, reader: &mut Bits<'_>) -> Result<u32, String> {
        reader.take(self.bits).map(|number| u32::try_from(number).expect("at most 24 bits"))
    }

    /// How many blocks of nothing but zeros follow; the fifth code stands for all up to the end of a segment of 64, or of the line.
    fn zeros(&self, reader: &mut Bits<'_>, before: usize) -> Result<usize, String> {
        let left = self.blocks.saturating_sub(before);
        let blocks = match usize::try_from(reader.zeros()?).map_err(|_| cut())? + 1 {
            5 => left.min(64 - before % 64),
            more if more > 5 => more - 1,
            few => few,
        };
        if blocks > left || blocks == 0 { Err("finds more zeros than a line has".to_owned()) } else { Ok(blocks) }
    }

    /// A block in which each code stands for two small numbers.
    fn pairs(&self, reader: &mut Bits<'_>, first: usize, codes: &mut Vec<u32>) -> Result<(), String> {
        let mut place = first;
        while place < self.block {
            let code = u32::try_from(reader.zeros()?).ok().filter(|code| *code < 1 << 16).ok_or_else(cut)?;
            // The largest sum whose pairs begin at or before this code.
            let sum = ((8 * code + 1).isqrt() - 1) / 2;
            let second = code - sum * (sum + 1) / 2;
            if place.is_multiple_of(2) {
                codes.push(sum - second);
                place += 1;
            }
            codes.push(second);
            place += 1;
        }
        Ok(())
    }

    /// A block of numbers each of whose upper bits are told by how many zeros there are, and all lower ones behind those.
    fn split(&self, reader: &mut Bits<'_>, low: u32, first: usize, codes: &mut Vec<u32>) -> Result<(), String> {
        let start = codes.len();
        for _ in first..self.block {
            let high = u32::try_from(reader.zeros()?).ok().and_then(|high| high.checked_mul(1 << low));
            codes.push(high.ok_or("finds a number that is too large")?);
        }
        for code in &mut codes[start..] {
            *code |= u32::try_from(reader.take(low)?).expect("at most 30 bits");
        }
        Ok(())
    }

    /// Makes numbers of differences, which are folded so that small ones of either sign are small.
    fn add_up(&self, codes: &mut [u32]) {
        let highest = (1u32 << self.bits) - 1;
        let middle = 1 << (self.bits - 1);
        let Some((first, rest)) = codes.split_first_mut() else { return };
        let mut last = *first;
        for code in rest {
            // How far it is to the nearer end: below that, differences of both signs are there.
            let upper = if last & middle == 0 { 0 } else { highest };
            let half = code.div_ceil(2);
            last = if half > last ^ upper {
                *code ^ upper
            } else if *code % 2 == 0 {
                last.wrapping_add(half)
            } else {
                last.wrapping_sub(half)
            } & highest;
            *code = last;
        }
    }
}
