//! N-bit: of each number only the bits that it uses.
//!
//! Parameters: how many they are, whether nothing was packed, elements, then the type: 1, bytes, byte order (1 is big-endian),
//! bits and lowest bit of a number; 2, bytes and the type of an array; 3, bytes, members of a record, of each its first byte and
//! its type; 4 and bytes of what is kept as it is.

use super::bits::Bits;
use super::{Undone, cut, too_much};

/// How deep types nest, as readers of types have it.
const DEPTH: usize = 16;

/// Neighbouring bytes of an element that hold one number.
struct Part {
    at: usize,
    size: usize,
    big: bool,
    bits: u32,
    lowest: u32,
}

/// The parameters that are left, and what was found in them.
struct Plan<'a> {
    rest: std::slice::Iter<'a, u32>,
    parts: Vec<Part>,
    /// The bytes of an element: as many parts can it have.
    size: usize,
}

pub(super) fn undo(values: &[u32], bytes: &[u8], most: usize) -> Undone {
    let mut plan = Plan { rest: values.iter(), parts: Vec::new(), size: 0 };
    let (_, whole, count) = (plan.next()?, plan.next()?, plan.next()?);
    if whole != 0 {
        return Ok(bytes.to_vec());
    }
    let kind = plan.next()?;
    let size = plan.rest.clone().next().map_or(0, |size| usize::try_from(*size).unwrap_or(usize::MAX));
    plan.size = size;
    let total = count.checked_mul(size).filter(|total| *total <= most).ok_or_else(|| too_much(most))?;
    plan.collect(kind, 0, DEPTH)?;
    let taken: usize = plan.parts.iter().map(|part| usize::try_from(part.bits).unwrap_or(usize::MAX)).sum();
    if taken.checked_mul(count).is_none_or(|bits| bits.div_ceil(8) > bytes.len()) {
        return Err(cut());
    }
    let mut out = vec![0; total];
    let mut bits = Bits::new(bytes);
    for element in out.chunks_exact_mut(size.max(1)) {
        for part in &plan.parts {
            let number = u128::from(bits.take(part.bits)?) << part.lowest;
            let target = &mut element[part.at..part.at + part.size];
            target.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
            if part.big {
                target.reverse();
            }
        }
    }
    Ok(out)
}

impl Plan<'_> {
    fn next(&mut self) -> Result<usize, String> {
        let value = self.rest.next().ok_or("has too few parameters")?;
        usize::try_from(*value).map_err(|_| cut())
    }

    /// Takes in the type that follows, which begins at this byte of an element; nests at most `depth` deep.
    fn collect(&mut self, kind: usize, at: usize, depth: usize) -> Result<(), String> {
        let below = depth.checked_sub(1).ok_or("has a type that nests too deep")?;
        let size = self.next()?;
        match kind {
            1 => {
                let (order, bits, lowest) = (self.next()?, self.next()?, self.next()?);
                let fits = bits.checked_add(lowest).is_some_and(|used| used <= size.saturating_mul(8));
                if !fits || size > 8 {
                    return Err(format!("has a number of {bits} bits from bit {lowest} on in {size} bytes"));
                }
                let small = |bits| u32::try_from(bits).expect("at most 64");
                self.push(Part { at, size, big: order == 1, bits: small(bits), lowest: small(lowest) })?;
            }
            2 => {
                let base = self.next()?;
                if base == 4 {
                    self.next()?;
                    return self.raw(at, size);
                }
                let begin = self.rest.clone();
                let each = self.rest.clone().next().map_or(0, |each| usize::try_from(*each).unwrap_or(usize::MAX));
                if each == 0 || !size.is_multiple_of(each) {
                    return Err(format!("has an array of {size} bytes of elements of {each}"));
                }
                for place in (0..size).step_by(each) {
                    self.rest = begin.clone();
                    self.collect(base, at.saturating_add(place), below)?;
                }
            }
            3 => {
                for _ in 0..self.next()? {
                    let (offset, kind) = (self.next()?, self.next()?);
                    self.collect(kind, at.saturating_add(offset), below)?;
                }
            }
            4 => self.raw(at, size)?,
            other => return Err(format!("has a type of kind {other}")),
        }
        Ok(())
    }

    /// Bytes that are kept.
    fn raw(&mut self, at: usize, size: usize) -> Result<(), String> {
        for place in 0..size {
            self.push(Part { at: at.saturating_add(place), size: 1, big: false, bits: 8, lowest: 0 })?;
        }
        Ok(())
    }

    fn push(&mut self, part: Part) -> Result<(), String> {
        let inside = part.size > 0 && part.at.checked_add(part.size).is_some_and(|end| end <= self.size);
        if !inside || self.parts.len() == self.size {
            return Err("has a type whose parts do not fit it".to_owned());
        }
        self.parts.push(part);
        Ok(())
    }
}
