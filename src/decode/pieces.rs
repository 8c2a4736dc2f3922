//! Tensors that are put together from boxes.

use super::view::to_little;
use crate::error::{Error, Result};
use crate::model::{Piece, Tensor, element_count};
use crate::source::{Files, require};

/// The boxes of a tensor.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    files: &'a Files,
    tensor: &'a Tensor,
    pieces: &'a [Piece],
    ordered: bool,
    /// Bytes of an element.
    width: u64,
}

impl<'a> Pieces<'a> {
    pub fn new(files: &'a Files, tensor: &'a Tensor, pieces: &'a [Piece], ordered: bool) -> Result<Self> {
        let bits = tensor.dtype.bits().filter(|bits| bits % 8 == 0 && *bits > 0);
        let bits = bits.ok_or_else(|| Error::unsupported("Parts of a tensor of such a type are not put together."))?;
        let mut covered = 0u64;
        for piece in pieces {
            let inside = piece.at.len() == tensor.shape.len()
                && piece.shape.len() == tensor.shape.len()
                && piece.at.iter().zip(&piece.shape).zip(&tensor.shape).all(|((at, part), size)| {
                    at.checked_add(*part).is_some_and(|end| end <= *size)
                });
            let count = element_count(&piece.shape).filter(|_| inside);
            let len = count.and_then(|count| count.checked_mul(bits / 8));
            if len != Some(piece.range.len) {
                return Err(Error::malformed("A part of the tensor does not fit into it."));
            }
            covered = covered.saturating_add(count.unwrap_or(0));
        }
        // Those without elements cover nothing.
        let solid: Vec<&Piece> = pieces.iter().filter(|piece| piece.range.len > 0).collect();
        if overlap(&solid) {
            return Err(Error::malformed("Two parts of the tensor overlap."));
        }
        let missing = tensor.elements() - covered.min(tensor.elements());
        if missing > 0 {
            return Err(Error::malformed(format!("{missing} of its elements are in none of its parts.")));
        }
        Ok(Pieces { files, tensor, pieces, ordered, width: bits / 8 })
    }

    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        let len = usize::try_from(count * self.width).map_err(|_| Error::too_large("So many elements do not fit into memory."))?;
        into.resize(len, 0);
        if count == 0 {
            return Ok(());
        }
        if self.ordered {
            for piece in self.pieces.iter().filter(|piece| piece.range.len > 0) {
                self.scatter(piece, start, start + count, into)?;
            }
        } else {
            self.concatenate(start, count, into)?;
        }
        to_little(&self.tensor.dtype, self.tensor.order, into);
        Ok(())
    }

    fn fill(&self, piece: &Piece, first: u64, bytes: &mut [u8]) -> Result<()> {
        let source = &self.files.get(piece.range.file).source;
        let offset = piece.range.offset + first * self.width;
        require(&**source, offset, bytes.len() as u64)?;
        source.read_at(offset, bytes)
    }

    /// Piece after piece, each from front to back.
    fn concatenate(&self, start: u64, count: u64, into: &mut [u8]) -> Result<()> {
        let (mut before, end) = (0, start + count);
        for piece in self.pieces {
            let elements = piece.range.len / self.width;
            let (from, to) = (start.max(before), end.min(before + elements));
            if from < to {
                let place = |at: u64| usize::try_from((at - start) * self.width).expect("within what was asked for");
                self.fill(piece, from - before, &mut into[place(from)..place(to)])?;
            }
            before += elements;
        }
        Ok(())
    }

    /// The rows of a piece that lie in a range of the whole, read as neighbours where they are.
    fn scatter(&self, piece: &Piece, start: u64, end: u64, into: &mut [u8]) -> Result<()> {
        let whole = &self.tensor.shape;
        let rank = whole.len();
        // Dimensions that the piece has whole, from the innermost on, are runs of both.
        let mut split = rank;
        let mut run = 1u64;
        while split > 0 {
            split -= 1;
            run *= piece.shape[split];
            if piece.shape[split] != whole[split] {
                break;
            }
        }
        let stride = |dimension: usize| whole[dimension + 1..].iter().product::<u64>();
        let base: u64 = (0..rank).map(|dimension| piece.at[dimension] * stride(dimension)).sum();
        let outer = &piece.shape[..split];
        let rows: u64 = outer.iter().product();
        let place_of = |row: u64| {
            let mut rest = row;
            let mut place = base;
            for dimension in (0..split).rev() {
                place += rest % outer[dimension] * stride(dimension);
                rest /= outer[dimension];
            }
            place
        };
        // Places rise with the rows, so those inside the range are neighbours in the piece.
        let first = partition(rows, |row| place_of(row) + run <= start);
        let last = partition(rows, |row| place_of(row) < end);
        let mut buffer = Vec::new();
        let most = (crate::limits::CHUNK / (run * self.width).max(1)).max(1);
        let mut row = first;
        while row < last {
            let taken = most.min(last - row);
            if taken == 1 {
                let (from, to) = (start.max(place_of(row)), end.min(place_of(row) + run));
                let at = |place: u64| usize::try_from((place - start) * self.width).expect("within what was asked for");
                self.fill(piece, row * run + (from - place_of(row)), &mut into[at(from)..at(to)])?;
            } else {
                buffer.resize(usize::try_from(taken * run * self.width).expect("a chunk"), 0);
                self.fill(piece, row * run, &mut buffer)?;
                for (index, bytes) in (row..row + taken).zip(buffer.chunks_exact(usize::try_from(run * self.width).expect("a chunk"))) {
                    let place = place_of(index);
                    let (from, to) = (start.max(place), end.min(place + run));
                    let at = |place: u64, base: u64| usize::try_from((place - base) * self.width).expect("within both");
                    into[at(from, start)..at(to, start)].copy_from_slice(&bytes[at(from, place)..at(to, place)]);
                }
            }
            row += taken;
        }
        Ok(())
    }
}

/// The first number below `count` for which a test that holds up to some point does not hold.
fn partition(count: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Whether two boxes share an element: sorted by where they begin in the outermost dimension, each is compared with those that
/// begin before it ends there.
fn overlap(pieces: &[&Piece]) -> bool {
    let mut sorted = pieces.to_vec();
    sorted.sort_by_key(|piece| piece.at.first().copied());
    let end = |piece: &Piece, dimension: usize| piece.at[dimension] + piece.shape[dimension];
    for (index, piece) in sorted.iter().enumerate() {
        for other in &sorted[index + 1..] {
            if !piece.at.is_empty() && other.at[0] >= end(piece, 0) {
                break;
            }
            let apart = (0..piece.at.len()).any(|dimension| {
                other.at[dimension] >= end(piece, dimension) || piece.at[dimension] >= end(other, dimension)
            });
            if !apart {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ByteRange, Dtype, Layout, Number};
    use crate::source::Memory;
    use proptest::prelude::*;
    use std::rc::Rc;

    /// A grid of boxes cut at these places of each dimension, over a tensor whose elements are their own places.
    fn grid(shape: [u64; 3], cuts: [u64; 3]) -> (Files, Tensor) {
        let mut files = Files::new();
        let mut pieces = Vec::new();
        for corner in 0..8u64 {
            let mut at = Vec::new();
            let mut part = Vec::new();
            for dimension in 0..3 {
                let (size, cut) = (shape[dimension], cuts[dimension].min(shape[dimension]));
                let second = corner >> dimension & 1 == 1;
                at.push(if second { cut } else { 0 });
                part.push(if second { size - cut } else { cut });
            }
            let mut bytes = Vec::new();
            for i in 0..part[0] {
                for j in 0..part[1] {
                    for k in 0..part[2] {
                        let place = ((at[0] + i) * shape[1] + at[1] + j) * shape[2] + at[2] + k;
                        bytes.extend(u16::try_from(place).unwrap().to_le_bytes());
                    }
                }
            }
            let len = bytes.len() as u64;
            let file = files.add("part", Rc::new(Memory::new(bytes)));
            pieces.push(Piece { at, shape: part, range: ByteRange { file, offset: 0, len } });
        }
        let layout = Layout::Pieces(pieces.into());
        (files, Tensor::new("whole", Dtype::Number(Number::U16), shape.to_vec(), layout))
    }

    proptest! {
        #[test]
        fn boxes_read_as_the_whole_that_they_make_up(
            shape in prop::array::uniform3(1u64..6), cuts in prop::array::uniform3(0u64..6), from in 0u64..200, count in 0u64..200,
        ) {
            let (files, tensor) = grid(shape, cuts);
            let Layout::Pieces(pieces) = &tensor.layout else { unreachable!() };
            let from = from.min(tensor.elements());
            let count = count.min(tensor.elements() - from);
            let mut bytes = Vec::new();
            Pieces::new(&files, &tensor, pieces, true).unwrap().read(from, count, &mut bytes).unwrap();
            let found: Vec<u64> = bytes.as_chunks().0.iter().map(|raw| u16::from_le_bytes(*raw).into()).collect();
            prop_assert_eq!(found, (from..from + count).collect::<Vec<_>>());
            let mut all = Vec::new();
            Pieces::new(&files, &tensor, pieces, false).unwrap().read(0, tensor.elements(), &mut all).unwrap();
            let mut found: Vec<u64> = all.as_chunks().0.iter().map(|raw| u16::from_le_bytes(*raw).into()).collect();
            found.sort_unstable();
            prop_assert_eq!(found, (0..tensor.elements()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn parts_that_overlap_or_are_missing_are_refused() {
        let (files, tensor) = grid([4, 4, 4], [2, 2, 2]);
        let Layout::Pieces(pieces) = &tensor.layout else { unreachable!() };
        let missing = Pieces::new(&files, &tensor, &pieces[1..], true).unwrap_err();
        assert!(missing.message.contains("8 of its elements"), "{missing}");
        let mut twice = pieces.to_vec();
        twice[0] = Piece { at: vec![1, 1, 1], ..twice[0].clone() };
        assert!(Pieces::new(&files, &tensor, &twice, true).unwrap_err().message.contains("overlap"));
        twice[0] = Piece { at: vec![u64::MAX, 1, 1], ..twice[0].clone() };
        assert!(Pieces::new(&files, &tensor, &twice, true).is_err());
    }
}
