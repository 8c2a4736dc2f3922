//! A tensor whose elements lie in several runs of bytes, each a box of the whole.

use super::rows::Rows;
use super::stored::{Stored, in_memory, to_little};
use crate::error::{Error, Result};
use crate::model::{ByteOrder, Dtype, Piece, element_count};
use crate::source::{Files, ReadAt, require};

/// The elements of all pieces, in row-major order of the whole or piece after piece.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    dtype: &'a Dtype,
    order: ByteOrder,
    width: u64,
    count: u64,
    one_by_one: bool,
    parts: Vec<Part<'a>>,
}

/// One piece that has elements.
#[derive(Debug)]
struct Part<'a> {
    source: &'a dyn ReadAt,
    offset: u64,
    count: u64,
    /// The elements of the parts before it.
    before: u64,
    /// Where its rows lie in the whole, and in itself.
    rows: Rows,
}

impl<'a> Pieces<'a> {
    /// The elements in row-major order.
    pub fn new(files: &'a Files, stored: &Stored<'a>, pieces: &'a [Piece]) -> Result<Self> {
        let (bits, count) = (stored.bits()?, stored.count()?);
        if bits % 8 != 0 || bits == 0 {
            return Err(Error::unsupported("Packed elements in several pieces cannot be read."));
        }
        let mut parts = Vec::new();
        let mut before = 0u64;
        for piece in pieces {
            let wrong = || {
                Error::malformed(format!(
                    "A piece of shape {:?} at {:?} in {} bytes does not fit a tensor of shape {:?}.",
                    piece.shape, piece.at, piece.range.len, stored.shape
                ))
            };
            let inside = piece.at.len() == stored.shape.len()
                && piece.shape.len() == stored.shape.len()
                && piece
                    .at
                    .iter()
                    .zip(&piece.shape)
                    .zip(stored.shape)
                    .all(|((at, len), size)| at.checked_add(*len).is_some_and(|end| end <= *size));
            let volume = element_count(&piece.shape).filter(|_| inside).ok_or_else(wrong)?;
            if volume.checked_mul(bits / 8) != Some(piece.range.len)
                || piece.range.offset.checked_add(piece.range.len).is_none()
            {
                return Err(wrong());
            }
            if volume > 0 {
                parts.push(Part::new(&*files.get(piece.range.file).source, stored.shape, piece, before));
                before = before.checked_add(volume).ok_or_else(overlap)?;
            }
        }
        if before > count {
            return Err(overlap());
        }
        if before < count {
            return Err(Error::missing(format!("{} of its elements are in no file that was given.", count - before)));
        }
        if count > 0 && !tile(stored.shape, pieces) {
            return Err(overlap());
        }
        let (dtype, order) = (stored.dtype, stored.order);
        Ok(Pieces { dtype, order, width: bits / 8, count, one_by_one: false, parts })
    }

    /// The elements piece after piece, each from front to back.
    pub fn unordered(files: &'a Files, stored: &Stored<'a>, pieces: &'a [Piece]) -> Result<Self> {
        Ok(Pieces { one_by_one: true, ..Self::new(files, stored, pieces)? })
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Puts `count` elements from the `start`-th visited one on into `into`, which is empty.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.resize(self.bytes(count)?, 0);
        let end = start + count;
        if self.one_by_one {
            let from = self.parts.partition_point(|part| part.before + part.count <= start);
            for part in self.parts[from..].iter().take_while(|part| part.before < end) {
                let (first, last) = (part.before.max(start), (part.before + part.count).min(end));
                let target = self.bytes(first - start)?..self.bytes(last - start)?;
                self.read_run(part, first - part.before, &mut into[target])?;
            }
        } else {
            let mut span = Vec::new();
            for part in &self.parts {
                self.gather(part, start, end, &mut span, into)?;
            }
        }
        to_little(self.dtype, self.order, into);
        Ok(())
    }

    /// Puts what one part has of the places from `start` to `end` where it belongs, with one read.
    fn gather(&self, part: &Part<'_>, start: u64, end: u64, span: &mut Vec<u8>, into: &mut [u8]) -> Result<()> {
        let rows = part.rows.between(start, end);
        if rows.is_empty() {
            return Ok(());
        }
        // The first and the last row may stick out.
        let (first, last) = (part.rows.place(rows.start), part.rows.place(rows.end - 1));
        let head = start.saturating_sub(first.0);
        let tail = (last.0 + part.rows.run).saturating_sub(end);
        let (from, to) = (first.1 + head, last.1 + part.rows.run - tail);
        if rows.end - rows.start == 1 {
            let target = self.bytes(first.0 + head - start)?;
            return self.read_run(part, from, &mut into[target..target + self.bytes(to - from)?]);
        }
        span.clear();
        span.resize(self.bytes(to - from)?, 0);
        self.read_run(part, from, span)?;
        part.rows.each(start, end, |place, inside, count| {
            let (target, from, len) = (self.bytes(place - start)?, self.bytes(inside - from)?, self.bytes(count)?);
            into[target..target + len].copy_from_slice(&span[from..from + len]);
            Ok(())
        })
    }

    /// Fills `into` with neighbouring elements of a part.
    fn read_run(&self, part: &Part<'_>, first: u64, into: &mut [u8]) -> Result<()> {
        let offset = part.offset + first * self.width;
        require(part.source, offset, into.len() as u64)?;
        part.source.read_at(offset, into)
    }

    fn bytes(&self, count: u64) -> Result<usize> {
        in_memory(count, self.width)
    }
}

impl<'a> Part<'a> {
    /// A piece that lies inside the whole and has elements, which therefore has some, too.
    fn new(source: &'a dyn ReadAt, whole: &[u64], piece: &Piece, before: u64) -> Self {
        let count = piece.shape.iter().product();
        let zeros = vec![0; whole.len()];
        let rows = Rows::new(&piece.shape, (whole, &piece.at), (&piece.shape, &zeros));
        Part { source, offset: piece.range.offset, count, before, rows }
    }
}

fn overlap() -> Error {
    Error::malformed("Pieces of the tensor overlap, so that some of its elements are told twice.")
}

/// 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

/// Whether the pieces cover each element once.
///
/// Let the element at index (i, j, …) stand for x^i·y^j·…, a box for the sum of its elements: the pieces add up to the whole
/// just if each element is in one of them. A box's sum is (x^first − x^end)·(y^first − y^end)·… but for a factor that all
/// share, so that one evaluation takes no time that grows with the boxes. Different sums agree at one point, modulo a prime,
/// once in 2^40 times and less, unless a file is made for it: its elements are then the wrong ones, as it could say anyway.
fn tile(shape: &[u64], pieces: &[Piece]) -> bool {
    let filled = pieces.iter().filter(|piece| !piece.shape.contains(&0));
    let sum = filled.fold(0, |sum, piece| (sum + evaluated(&piece.at, &piece.shape)) % PRIME);
    sum == evaluated(&vec![0; shape.len()], shape)
}

fn evaluated(at: &[u64], shape: &[u64]) -> u64 {
    let mut point = 0x9e37_79b9_7f4a_7c15u64;
    at.iter().zip(shape).fold(1, |product, (at, len)| {
        // Points without a pattern (xorshift).
        point ^= point << 13;
        point ^= point >> 7;
        point ^= point << 17;
        let base = point % PRIME;
        times(product, power(base, *at) + PRIME - power(base, at + len))
    })
}

fn power(base: u64, exponent: u64) -> u64 {
    let (mut power, mut square, mut rest) = (1, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            power = times(power, square);
        }
        square = times(square, square);
        rest >>= 1;
    }
    power
}

/// The product modulo [`PRIME`] of two factors below 2^62.
fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let part = |bits: u128| u64::try_from(bits & u128::from(PRIME)).expect("61 bits");
    // 2^61 is 1.
    (part(product) + part(product >> 61) + part(product >> 122)) % PRIME
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of the tests are small")]
mod tests {
    use super::*;
    use crate::decode::Elements;
    use crate::error::Kind;
    use crate::model::{ByteRange, Layout, Number, Tensor};
    use crate::source::{FileId, Memory};
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::rc::Rc;

    fn boxes(at: &[u64], shape: &[u64]) -> Vec<Vec<u64>> {
        let mut indices = vec![Vec::new()];
        for (at, len) in at.iter().zip(shape) {
            indices = indices
                .iter()
                .flat_map(|index: &Vec<u64>| {
                    (*at..at + len).map(move |next| index.iter().copied().chain([next]).collect())
                })
                .collect();
        }
        indices
    }

    fn place(shape: &[u64], index: &[u64]) -> usize {
        index.iter().zip(shape).fold(0, |place, (index, size)| place * *size as usize + *index as usize)
    }

    /// Cuts a box again and again: (which piece, which dimension, where).
    fn cut(shape: &[u64], cuts: &[(usize, usize, u64)]) -> Vec<(Vec<u64>, Vec<u64>)> {
        let mut boxes = vec![(vec![0; shape.len()], shape.to_vec())];
        for (which, dimension, at) in cuts {
            if shape.is_empty() {
                break;
            }
            let (which, dimension) = (which % boxes.len(), dimension % shape.len());
            let size = boxes[which].1[dimension];
            let at = at % (size + 1);
            let mut rest = boxes[which].clone();
            boxes[which].1[dimension] = at;
            rest.0[dimension] += at;
            rest.1[dimension] -= at;
            boxes.push(rest);
        }
        boxes
    }

    /// A tensor of 16-bit numbers that count its elements, its pieces one after another in a file.
    fn tensor(files: &mut Files, shape: &[u64], boxes_of: &[(Vec<u64>, Vec<u64>)]) -> Tensor {
        let mut bytes = vec![0xee; 3];
        let mut ranges = Vec::new();
        for (at, len) in boxes_of {
            let offset = bytes.len() as u64;
            bytes.extend(boxes(at, len).iter().flat_map(|index| (place(shape, index) as u16).to_be_bytes()));
            ranges.push((offset, bytes.len() as u64 - offset));
        }
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        let pieces = boxes_of.iter().zip(ranges).map(|((at, shape), (offset, len))| Piece {
            at: at.clone(),
            shape: shape.clone(),
            range: ByteRange { file, offset, len },
        });
        let layout = Layout::Pieces(pieces.collect());
        let mut tensor = Tensor::new("a", Dtype::Number(Number::U16), shape.to_vec(), layout);
        tensor.order = ByteOrder::Big;
        tensor
    }

    fn read(elements: &Elements<'_>, start: u64, count: u64) -> Vec<u16> {
        elements.read_as(start, count, u16::from_le_bytes)
    }

    proptest! {
        #[test]
        fn pieces_read_as_the_whole(
            shape in prop::collection::vec(0u64..6, 0..4),
            cuts in prop::collection::vec((0usize..20, 0usize..4, 0u64..6), 0..8), start in 0u64..99, count in 0u64..99,
        ) {
            let mut files = Files::new();
            let tensor = tensor(&mut files, &shape, &cut(&shape, &cuts));
            let elements = Elements::new(&files, &tensor).unwrap();
            let total = elements.count();
            let start = start.min(total);
            let count = count.min(total - start);
            let expected: Vec<u16> = (start..start + count).map(|place| place as u16).collect();
            prop_assert_eq!(read(&elements, start, count), expected);
            let unordered = Elements::unordered(&files, &tensor).unwrap();
            let mut all = read(&unordered, 0, start);
            all.extend(read(&unordered, start, total - start));
            all.sort_unstable();
            prop_assert_eq!(all, (0..total).map(|place| place as u16).collect::<Vec<_>>());
        }

        #[test]
        fn only_pieces_that_cover_each_element_once_are_read(
            shape in prop::collection::vec(1u64..6, 1..4),
            cuts in prop::collection::vec((0usize..20, 0usize..4, 0u64..6), 0..8),
            which in 0usize..8, dimension in 0usize..4, by in 0u64..3, wider in 0u64..2,
        ) {
            let mut boxes_of = cut(&shape, &cuts);
            let (which, dimension) = (which % boxes_of.len(), dimension % shape.len());
            let moved = &mut boxes_of[which];
            moved.0[dimension] = (moved.0[dimension] + by) % shape[dimension];
            moved.1[dimension] = (moved.1[dimension] + wider).min(shape[dimension] - moved.0[dimension]);
            let mut times = vec![0; shape.iter().product::<u64>() as usize];
            boxes_of.iter().flat_map(|(at, len)| boxes(at, len)).for_each(|index| times[place(&shape, &index)] += 1);
            let mut files = Files::new();
            let tensor = tensor(&mut files, &shape, &boxes_of);
            prop_assert_eq!(Elements::new(&files, &tensor).is_ok(), times.iter().all(|times| *times == 1));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut files = Files::new();
        let good = tensor(&mut files, &[4, 4], &[(vec![0, 0], vec![2, 4]), (vec![2, 0], vec![2, 4])]);
        let Layout::Pieces(pieces) = &good.layout else { unreachable!() };
        let refused = |change: &dyn Fn(&mut Vec<Piece>)| {
            let mut pieces = pieces.to_vec();
            change(&mut pieces);
            let tensor = Tensor { layout: Layout::Pieces(pieces.into()), ..good.clone() };
            Elements::new(&files, &tensor).unwrap_err()
        };
        let lost = refused(&|pieces| pieces.truncate(1));
        assert_eq!(
            (lost.kind, lost.message.as_str()),
            (Kind::Missing, "8 of its elements are in no file that was given.")
        );
        assert_eq!(refused(&|pieces| pieces[1].at[0] = 0).kind, Kind::Malformed);
        assert_eq!(refused(&|pieces| pieces[1].at[0] = u64::MAX).kind, Kind::Malformed);
        assert_eq!(refused(&|pieces| pieces[1].shape = vec![u64::MAX, u64::MAX]).kind, Kind::Malformed);
        assert_eq!(refused(&|pieces| pieces[1].range.len = 15).kind, Kind::Malformed);
        assert_eq!(refused(&|pieces| pieces[1].range.offset = u64::MAX - 3).kind, Kind::Malformed);
        assert_eq!(refused(&|pieces| pieces[1].at = vec![2]).kind, Kind::Malformed);
        assert_eq!(refused(&|pieces| pieces.extend_from_within(..)).kind, Kind::Malformed);
        // Bytes that are not there are an error of the read that wants them.
        let mut pieces = pieces.to_vec();
        pieces[1].range.offset += 1;
        let tensor = Tensor { layout: Layout::Pieces(pieces.into()), ..good.clone() };
        let elements = Elements::new(&files, &tensor).unwrap();
        assert_eq!(read(&elements, 0, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(elements.read(0, 16, &mut Vec::new()).is_err());
    }

    /// Counts its reads.
    #[derive(Debug)]
    struct Counted(Memory, Rc<Cell<u32>>);

    impl ReadAt for Counted {
        fn size(&self) -> u64 {
            self.0.size()
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
            self.1.set(self.1.get() + 1);
            self.0.read_at(offset, buf)
        }
    }

    #[test]
    fn the_rows_of_a_piece_take_one_read() {
        let mut files = Files::new();
        let reads = Rc::new(Cell::new(0));
        let file: FileId = files.add("a", Rc::new(Counted(Memory::new(vec![0; 2000]), Rc::clone(&reads))));
        let piece = |column: u64| Piece {
            at: vec![0, column],
            shape: vec![100, 10],
            range: ByteRange { file, offset: column * 100, len: 1000 },
        };
        let layout = Layout::Pieces([piece(0), piece(10)].into());
        let tensor = Tensor::new("a", Dtype::Number(Number::U8), vec![100, 20], layout);
        let elements = Elements::new(&files, &tensor).unwrap();
        elements.read(105, 1000, &mut Vec::new()).unwrap();
        assert_eq!(reads.get(), 2);
        elements.read(40, 10, &mut Vec::new()).unwrap();
        assert_eq!(reads.get(), 3, "the other piece has nothing there");
    }
}
