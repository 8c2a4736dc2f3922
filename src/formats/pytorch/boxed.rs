//! The elements of one box of a distributed tensor: an archive of `torch.save` that holds it alone.

use super::super::contents::{Found, Tensors};
use super::super::referred;
use super::archive::{PICKLE, Saved, ZipRecords};
use super::only_root;
use super::rebuild::Rebuilder;
use super::storage::Storages;
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteOrder, Checkpoint, Dtype, Layout, Number};
use crate::source::{Files, ReadAt, Window, read_vec, require};
use crate::wire::pickle::run;
use crate::wire::zip::Archive;
use std::cell::OnceCell;
use std::rc::Rc;

/// A source of them, dense and row-major. The archive is opened when it is first read: there may be thousands.
#[derive(Debug)]
pub(super) struct Boxed {
    archive: Rc<Window>,
    name: String,
    dtype: Number,
    shape: Vec<u64>,
    len: u64,
    found: OnceCell<Result<Place>>,
}

/// Where the elements of a box are.
#[derive(Clone, Debug)]
struct Place {
    /// The storage in the archive.
    source: Rc<dyn ReadAt>,
    /// The first byte of the first element there.
    start: u64,
    /// In elements; `None` for those that lie row-major.
    strides: Option<Vec<u64>>,
}

impl Boxed {
    /// The elements, `len` bytes of them, of a part of the tensor of this name.
    pub(super) fn new(archive: Window, name: &str, dtype: Number, shape: Vec<u64>, len: u64) -> Self {
        Boxed { archive: Rc::new(archive), name: name.to_owned(), dtype, shape, len, found: OnceCell::new() }
    }

    /// The storage of the tensor in the archive, and where its elements are there.
    fn find(&self) -> Result<Place> {
        let source: Rc<dyn ReadAt> = self.archive.clone();
        let archive = Archive::read(&source)?;
        let saved = Saved { source: &source, archive: &archive, root: only_root(&archive)? };
        let wrong = |what: &str| {
            Error::malformed(format!("The archive of a part of {:?} {what}; the file is damaged.", quoted(&self.name)))
        };
        if saved.byte_order()? != ByteOrder::Little {
            return Err(wrong("is big-endian"));
        }
        let record = saved.record(PICKLE).ok_or_else(|| wrong("has no pickle"))?;
        let pickle = run(saved.read(record)?);
        if referred::is_odd(&pickle) {
            return Err(referred::with_those_found(wrong("refers to names that no tensor needs"), &pickle));
        }
        let root = pickle.root_or_problem()?;
        let mut inside = Checkpoint::new(Files::new(), super::DISTRIBUTED.id);
        let file = inside.files.add(&self.name, source.clone());
        let records = ZipRecords { saved: &saved, file, storages: ("data/", "") };
        let mut rebuilder = Rebuilder::new(Storages::new(records, ByteOrder::Little), (file, 0));
        if !Rebuilder::is_tensor(&pickle, root) {
            return Err(wrong("holds no tensor"));
        }
        let Found::Tensor(tensor, _) = rebuilder.tensor(&mut inside, &pickle, root, self.name.clone())? else {
            return Err(wrong("holds several tensors"));
        };
        if tensor.dtype != Dtype::Number(self.dtype) || tensor.shape != self.shape {
            return Err(wrong("holds a tensor of another shape or type than the metadata says"));
        }
        match tensor.layout {
            Layout::Strided { storage, start, strides, conjugated: false, negated: false } => Ok(Place {
                source: inside.files.get(storage.file).source.clone(),
                start: storage.offset + start * self.dtype.bits() / 8,
                strides: (!is_dense(&tensor.shape, &strides)).then_some(strides),
            }),
            Layout::Unreadable { why } => Err(Error::malformed(why)),
            _ => Err(Error::unsupported(format!("A part of {:?} is not a plain tensor.", quoted(&self.name)))),
        }
    }

    /// Brings elements that do not lie row-major into that order: a weight that is `channels_last`, or transposed.
    ///
    /// All that lies between them is read at once, so it must not be much.
    fn gather(&self, place: &Place, strides: &[u64], offset: u64, buf: &mut [u8]) -> Result<()> {
        let width = self.dtype.bits() / 8;
        let far =
            || Error::unsupported(format!("The elements of a part of {:?} lie too far apart.", quoted(&self.name)));
        if width == 0 {
            return Err(far());
        }
        let end = offset + buf.len() as u64;
        let (first, last) = (offset / width, end.div_ceil(width));
        let places = || (first..last).map(|index| place_of(&self.shape, strides, index));
        let (Some(low), Some(high)) = (places().min(), places().max()) else { return Ok(()) };
        let span = (high - low + 1) * width;
        if span > limits::SPAN {
            return Err(far());
        }
        let stored = read_vec(&*place.source, place.start + low * width, span)?;
        let width = usize::try_from(width).expect("at most 16");
        let byte = |number: u64| usize::try_from(number).expect("below a cap");
        let ordered: Vec<u8> = places().flat_map(|at| &stored[byte(at - low) * width..][..width]).copied().collect();
        // A read may begin and end inside of an element.
        buf.copy_from_slice(&ordered[byte(offset) % width..][..buf.len()]);
        Ok(())
    }
}

/// Where the `index`-th element in row-major order is in the storage.
fn place_of(shape: &[u64], strides: &[u64], index: u64) -> u64 {
    let mut rest = index;
    let places = shape.iter().zip(strides).rev().map(|(size, stride)| {
        let place = rest % size.max(&1) * stride;
        rest /= size.max(&1);
        place
    });
    places.sum()
}

/// Whether strides are those of a row-major array.
fn is_dense(shape: &[u64], strides: &[u64]) -> bool {
    let mut inside = 1u64;
    shape.contains(&0)
        || shape.iter().zip(strides).rev().all(|(size, stride)| {
            let fits = *size == 1 || *stride == inside;
            inside = inside.saturating_mul(*size);
            fits
        })
}

impl ReadAt for Boxed {
    fn size(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        let place = self.found.get_or_init(|| self.find()).as_ref().map_err(Clone::clone)?;
        match &place.strides {
            None => place.source.read_at(place.start + offset, buf),
            Some(strides) => self.gather(place, strides, offset, buf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::element_count;
    use crate::source::Memory;

    /// A box of int16 on a storage that holds 0, 1, 2 …
    fn boxed(shape: &[u64], strides: &[u64], start: u64) -> Boxed {
        let numbers: Vec<u8> = (0..64i16).flat_map(i16::to_le_bytes).collect();
        let source: Rc<dyn ReadAt> = Rc::new(Memory::new(numbers));
        let archive = Rc::new(Window::new(source.clone(), 0, 0).unwrap());
        let place = Place { source, start: start * 2, strides: Some(strides.to_vec()) };
        let len = element_count(shape).unwrap() * 2;
        let (name, shape, dtype) = ("w".to_owned(), shape.to_vec(), Number::I16);
        Boxed { archive, name, dtype, shape, len, found: OnceCell::from(Ok(place)) }
    }

    #[test]
    fn a_box_that_does_not_lie_row_major_is_brought_into_that_order() {
        let expected: Vec<u8> = [1, 4, 7, 2, 5, 8].into_iter().flat_map(i16::to_le_bytes).collect();
        let turned = boxed(&[2, 3], &[1, 3], 1);
        assert_eq!(read_vec(&turned, 0, 12).unwrap(), expected);
        for (start, len) in [(0, 1), (1, 1), (3, 6), (5, 7), (12, 0)] {
            let part = &expected[start..][..len];
            assert_eq!(read_vec(&turned, start as u64, len as u64).unwrap(), part, "{len} bytes from {start}");
        }
        assert!(read_vec(&turned, 0, 13).is_err());
    }

    #[test]
    fn elements_that_lie_too_far_apart_are_not_read() {
        let error = read_vec(&boxed(&[2, 2], &[1, limits::SPAN], 0), 0, 8).unwrap_err();
        assert!(error.message.contains("too far apart"), "{error}");
    }
}
