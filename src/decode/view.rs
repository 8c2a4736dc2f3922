//! The elements of a view of one storage.

use super::numbers::negate;
use super::walk::{Odometer, Walk, merged};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteOrder, ByteRange, Class, Dtype, Layout, Record, Tensor};
use crate::source::{Files, ReadAt};

/// Reads the elements of a dense or a strided layout.
#[derive(Debug)]
pub(super) struct View<'a> {
    source: &'a dyn ReadAt,
    tensor: &'a Tensor,
    layout: &'a Layout,
    storage: ByteRange,
    bits: u64,
    walk: Walk,
    repeat: u64,
    /// How many bytes of the storage one read may span to pick elements out of them.
    reach: u64,
}

impl<'a> View<'a> {
    /// The elements in row-major order. `layout` is the tensor's, or the one inside of it.
    ///
    /// # Errors
    ///
    /// `Missing` if their file was not given, `Unsupported` if they cannot be read.
    pub fn new(files: &'a Files, tensor: &'a Tensor, layout: &'a Layout) -> Result<Self> {
        let storage = match layout {
            Layout::Dense(range) | Layout::Strided { storage: range, .. } => *range,
            Layout::Absent { file } => {
                return Err(Error::missing(format!("The elements are in {file:?}, which was not given.")).in_file(file));
            }
            Layout::Unreadable { why } => return Err(Error::unsupported(why.clone())),
            Layout::Pieces(_) | Layout::Sparse(_) | Layout::Quantized(_) => {
                return Err(Error::unsupported("Such a layout inside another one is not read."));
            }
        };
        let bits = tensor
            .dtype
            .bits()
            .ok_or_else(|| Error::unsupported(format!("Elements of type {} cannot be read.", tensor.dtype.name())))?;
        let (start, dimensions) = match layout {
            Layout::Strided { start, strides, .. } => {
                (*start, tensor.shape.iter().copied().zip(strides.iter().copied()).collect())
            }
            _ => (0, vec![(tensor.elements(), 1)]),
        };
        let walk = Walk { start, dimensions: merged(dimensions), count: tensor.elements() };
        let source = &*files.get(storage.file).source;
        Ok(View { source, tensor, layout, storage, bits, walk, repeat: 1, reach: 2 * limits::CHUNK })
    }

    /// The same elements in the order in which they lie in the file, those that a stride of 0 repeats only once.
    #[must_use]
    pub fn unordered(mut self) -> Self {
        if self.walk.count == 0 {
            return self;
        }
        let dimensions = &mut self.walk.dimensions;
        self.repeat = dimensions.iter().filter(|(_, stride)| *stride == 0).map(|(size, _)| size).product();
        dimensions.retain(|(_, stride)| *stride != 0);
        dimensions.sort_by_key(|(_, stride)| std::cmp::Reverse(*stride));
        *dimensions = merged(std::mem::take(dimensions));
        self.walk.count /= self.repeat;
        self
    }

    /// How many elements are visited.
    pub fn count(&self) -> u64 {
        self.walk.count
    }

    /// How many times each visited element stands in the tensor: more than 1 only for [`View::unordered`].
    pub fn repeat(&self) -> u64 {
        self.repeat
    }

    /// Replaces `into` with the bytes of `count` elements from the `start`-th visited one on; both are within bounds.
    ///
    /// # Errors
    ///
    /// `Malformed` or `Source` if the bytes cannot be had.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        if count == 0 {
            return Ok(());
        }
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
        to_little(&self.tensor.dtype, self.tensor.order, bytes);
        if let (Layout::Strided { conjugated, negated, .. }, Some(number)) =
            (self.layout, self.tensor.dtype.number())
        {
            if *negated {
                negate(number, bytes, false);
            }
            if *conjugated {
                negate(number, bytes, true);
            }
        }
    }
}

/// Turns the bytes of elements of this type around where they are big-endian.
pub(super) fn to_little(dtype: &Dtype, order: ByteOrder, bytes: &mut [u8]) {
    let unit = match dtype {
        Dtype::Record(record) => return record_to_little(record, bytes),
        Dtype::Number(number) if number.class() == Class::Complex => number.bits() / 16,
        Dtype::Number(number) => number.bits() / 8,
        Dtype::Text { .. } => 4,
        Dtype::Time { .. } => 8,
        _ => 1,
    };
    if order == ByteOrder::Big && unit > 1 {
        let unit = usize::try_from(unit).expect("at most 16");
        bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
    }
}

/// Readers bound how deep records nest.
fn record_to_little(record: &Record, bytes: &mut [u8]) {
    let Some(size) = usize::try_from(record.size).ok().filter(|size| *size > 0) else { return };
    for element in bytes.chunks_exact_mut(size) {
        for field in &record.fields {
            let count = crate::model::element_count(&field.shape).unwrap_or(0);
            let len = field.dtype.bits().unwrap_or(0).saturating_mul(count) / 8;
            let range = usize::try_from(field.offset).ok().zip(usize::try_from(field.offset.saturating_add(len)).ok());
            if let Some(part) = range.and_then(|(start, end)| element.get_mut(start..end)) {
                to_little(&field.dtype, field.order, part);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of the tests are below 256")]
mod tests {
    use super::*;
    use crate::model::Number;
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
            let elements = View { reach, ..View::new(&files, &tensor, &tensor.layout).unwrap() };
            let mut bytes = Vec::new();
            let cut = cut.min(elements.count());
            elements.read(cut, elements.count() - cut, &mut bytes).unwrap();
            prop_assert_eq!(&bytes, &expected[cut as usize..]);

            let unordered = View { reach, ..View::new(&files, &tensor, &tensor.layout).unwrap().unordered() };
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
        let elements = View::new(&files, &tensor, &tensor.layout).unwrap().unordered();
        assert_eq!((elements.count(), elements.repeat()), (1, 1 << 40));
        let mut bytes = Vec::new();
        elements.read(0, 1, &mut bytes).unwrap();
        assert_eq!(bytes, (-1f32).to_le_bytes());
    }
}
