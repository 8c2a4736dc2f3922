//! Elements that are picked out of one storage by strides.

use super::numbers::negate;
use super::stored::{Stored, to_little};
use super::walk::{Odometer, Walk, merged};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteOrder, ByteRange, Dtype, Layout};
use crate::sort;
use crate::source::{Files, ReadAt};

/// The elements of a dense or strided layout, in row-major order or in that of the file.
#[derive(Debug)]
pub(super) struct View<'a> {
    source: &'a dyn ReadAt,
    dtype: &'a Dtype,
    order: ByteOrder,
    conjugated: bool,
    negated: bool,
    storage: ByteRange,
    bits: u64,
    walk: Walk,
    repeat: u64,
    row_major: bool,
    /// How many bytes of the storage one read may span to pick elements out of them.
    reach: u64,
}

impl<'a> View<'a> {
    /// The elements in row-major order. The layout has to be dense or strided.
    pub fn new(files: &'a Files, stored: &Stored<'a>, storage: ByteRange) -> Result<Self> {
        let mut view = Self::unmerged(files, stored, storage)?;
        let dimensions = &mut view.walk.dimensions;
        *dimensions = merged(std::mem::take(dimensions));
        view.side_by_side()
    }

    /// The elements in the order in which they lie in the file, those that a stride of 0 repeats only once. With an `axis`,
    /// that dimension is never left out, and the second result is how many visited elements stand side by side with one
    /// index of it.
    pub fn unordered(
        files: &'a Files,
        stored: &Stored<'a>,
        storage: ByteRange,
        axis: Option<usize>,
    ) -> Result<(Self, u64)> {
        let mut view = Self::new(files, stored, storage)?;
        if view.walk.count == 0 {
            return Ok((view, 1));
        }
        let full = Self::unmerged(files, stored, storage)?.walk.dimensions;
        let mut dimensions: Vec<_> = full.into_iter().enumerate().collect();
        let repeats = |place: usize, stride: u64| stride == 0 && Some(place) != axis;
        view.repeat =
            dimensions.iter().filter(|(at, (_, stride))| repeats(*at, *stride)).map(|(_, (size, _))| size).product();
        dimensions.retain(|(at, (_, stride))| !repeats(*at, *stride));
        sort::by_key(&mut dimensions, |(_, (_, stride))| std::cmp::Reverse(*stride));
        let long = dimensions.iter().filter(|(_, (size, _))| *size > 1);
        view.row_major = view.repeat == 1 && long.is_sorted_by_key(|(at, _)| *at);
        let inside =
            dimensions.iter().rev().take_while(|(at, _)| Some(*at) != axis).map(|(_, (size, _))| size).product();
        view.walk.dimensions = merged(dimensions.into_iter().map(|(_, dimension)| dimension).collect());
        view.walk.count /= view.repeat;
        Ok((view, inside))
    }

    fn unmerged(files: &'a Files, stored: &Stored<'a>, storage: ByteRange) -> Result<Self> {
        let bits = stored.bits()?;
        let count = stored.count()?;
        let (start, strides, conjugated, negated) = match stored.layout {
            Layout::Strided { start, strides, conjugated, negated, .. } => {
                (*start, Some(strides), *conjugated, *negated)
            }
            _ => (0, None, false, false),
        };
        let dimensions = match strides {
            Some(strides) => stored.shape.iter().copied().zip(strides.iter().copied()).collect(),
            // What is counted fits: no dimension's stride is beyond the product of the shape, which is.
            None if count == 0 => vec![(0, 1)],
            None => row_major(stored.shape),
        };
        Ok(View {
            source: &*files.get(storage.file).source,
            dtype: stored.dtype,
            order: stored.order,
            conjugated,
            negated,
            storage,
            bits,
            walk: Walk { start, dimensions, count },
            repeat: 1,
            row_major: true,
            reach: 2 * limits::CHUNK,
        })
    }

    /// Packed elements cannot be picked out one by one.
    fn side_by_side(self) -> Result<Self> {
        let run =
            matches!(self.walk.dimensions.as_slice(), [] | [(_, 1)]) && (self.walk.start * self.bits).is_multiple_of(8);
        if run || self.bits >= 8 || self.walk.count == 0 {
            return Ok(self);
        }
        Err(Error::unsupported("Packed elements that do not lie side by side cannot be read."))
    }

    /// How many elements are visited.
    pub fn count(&self) -> u64 {
        self.walk.count
    }

    /// How many times each visited element stands in the tensor.
    pub fn repeat(&self) -> u64 {
        self.repeat
    }

    /// Whether the visited elements are all elements in row-major order.
    pub fn is_row_major(&self) -> bool {
        self.row_major
    }

    /// Puts `count` elements, at least one, from the `start`-th visited one on into `into`, which is empty.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        match self.walk.dimensions.as_slice() {
            [] => self.read_run(self.walk.start, 1, into)?,
            [(_, 1)] => self.read_run(self.walk.start + start, count, into)?,
            _ => self.gather(start, count, into)?,
        }
        self.normalise(into);
        Ok(())
    }

    /// Appends `count` neighbouring elements from the `first` of the storage on.
    fn read_run(&self, first: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        let offset = self.storage.offset + first * self.bits / 8;
        let len = usize::try_from((count * self.bits).div_ceil(8))
            .map_err(|_| Error::too_large("So many elements do not fit into memory."))?;
        crate::source::require(self.source, offset, len as u64)?;
        let filled = into.len();
        into.resize(filled + len, 0);
        self.source.read_at(offset, &mut into[filled..])
    }

    /// Appends elements that do not lie side by side, slab by slab.
    fn gather(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        let width = usize::try_from(self.bits / 8).map_err(|_| Error::too_large("Such elements are too large."))?;
        let reach = self.reach / self.bits.div_ceil(8).max(1);
        let (mut at, end) = (start, start + count);
        let mut span = Vec::new();
        while at < end {
            let slab = self.walk.slab(at, end - at);
            let base = into.len();
            into.resize(base + usize::try_from(slab.count()).expect("at most what was asked for") * width, 0);
            let (near, far) = slab.split(reach);
            let len = near.extent();
            let mut outer = Odometer::new(&far);
            while let Some((place, target)) = outer.next() {
                span.clear();
                self.read_run(slab.start + place, len, &mut span)?;
                let mut inner = Odometer::new(&near.dimensions);
                while let Some((near_place, near_target)) = inner.next() {
                    let from = usize::try_from(near_place).expect("inside the span") * width;
                    let to = base + usize::try_from(target + near_target).expect("inside the slab") * width;
                    into[to..to + width].copy_from_slice(&span[from..from + width]);
                }
            }
            at += slab.count();
        }
        Ok(())
    }

    /// Little-endian, with lazy conjugates and negatives applied.
    fn normalise(&self, bytes: &mut [u8]) {
        to_little(self.dtype, self.order, bytes);
        if let Some(number) = self.dtype.number() {
            if self.negated {
                negate(number, bytes, false);
            }
            if self.conjugated {
                negate(number, bytes, true);
            }
        }
    }
}

/// A size and a stride for each dimension of a shape without zeros that can be counted.
pub(super) fn row_major(shape: &[u64]) -> Vec<(u64, u64)> {
    let mut stride = 1;
    let mut dimensions: Vec<_> = shape
        .iter()
        .rev()
        .map(|&size| {
            let now = stride;
            stride *= size;
            (size, now)
        })
        .collect();
    dimensions.reverse();
    dimensions
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of the tests are below 256")]
mod tests {
    use super::*;
    use crate::decode::Elements;
    use crate::model::{Number, Tensor};
    use crate::source::{FileId, Memory};
    use proptest::prelude::*;
    use std::rc::Rc;

    fn files(bytes: Vec<u8>) -> (Files, FileId) {
        let mut files = Files::new();
        let id = files.add("a", Rc::new(Memory::new(bytes)));
        (files, id)
    }

    proptest! {
        #[test]
        fn any_view_reads_as_its_definition_says(
            sizes in prop::collection::vec((1u64..5, 0u64..7), 0..4), start in 0u64..9, cut in 0u64..40, reach in 1u64..40,
        ) {
            let (files, file) = files((0..=255).collect());
            let storage = ByteRange { file, offset: 3, len: 253 };
            let shape: Vec<u64> = sizes.iter().map(|(size, _)| *size).collect();
            let strides: Vec<u64> = sizes.iter().map(|(_, stride)| *stride).collect();
            let mut expected = vec![start];
            for (size, stride) in &sizes {
                expected = expected.iter().flat_map(|at| (0..*size).map(move |index| at + index * stride)).collect();
            }
            let expected: Vec<u8> = expected.iter().map(|at| (at + 3) as u8).collect();
            let layout = Layout::Strided { storage, start, strides, conjugated: false, negated: false };
            let tensor = Tensor::new("a", Dtype::Number(Number::U8), shape, layout);
            let stored = Stored::of(&tensor);
            let elements = View { reach, ..View::new(&files, &stored, storage).unwrap() };
            let mut bytes = Vec::new();
            let cut = cut.min(elements.count());
            if cut < elements.count() {
                elements.read(cut, elements.count() - cut, &mut bytes).unwrap();
            }
            prop_assert_eq!(&bytes, &expected[cut as usize..]);

            let unordered = View::unordered(&files, &stored, storage, None).unwrap().0;
            let unordered = View { reach, ..unordered };
            bytes.clear();
            unordered.read(0, unordered.count(), &mut bytes).unwrap();
            let mut all: Vec<u8> = bytes.repeat(unordered.repeat() as usize);
            let mut expected = expected;
            all.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(all, expected);
        }
    }

    #[test]
    fn a_tebi_of_repeats_costs_one_read() {
        let (files, file) = files(1f32.to_le_bytes().to_vec());
        let storage = ByteRange { file, offset: 0, len: 4 };
        let layout = Layout::Strided { storage, start: 0, strides: vec![0, 0], conjugated: false, negated: true };
        let tensor = Tensor::new("a", Dtype::Number(Number::F32), vec![1 << 20, 1 << 20], layout);
        let elements = Elements::unordered(&files, &tensor).unwrap();
        assert_eq!((elements.count(), elements.repeat()), (1, 1 << 40));
        let mut bytes = Vec::new();
        elements.read(0, 1, &mut bytes).unwrap();
        assert_eq!(bytes, (-1f32).to_le_bytes());
    }
}
