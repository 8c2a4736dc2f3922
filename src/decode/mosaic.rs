//! A tensor that is put together from boxes of others.

use super::rows::Rows;
use super::stored::{Plain, Stored, in_memory};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Layout, Mosaic, Tensor, element_count};
use crate::source::Files;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The elements of all patches in row-major order of the whole.
#[derive(Debug)]
pub(super) struct Patches<'a> {
    files: &'a Files,
    width: usize,
    total: u64,
    fill: Vec<u8>,
    parts: Vec<Part>,
    /// The sources of all patches, each once, so that what is unpacked for one patch is there for the next.
    sources: Vec<Source<'a>>,
}

/// A source, opened when it is wanted.
#[derive(Debug)]
struct Source<'a> {
    tensor: &'a Tensor,
    plain: OnceCell<Plain<'a>>,
}

/// A patch that has elements.
#[derive(Debug)]
struct Part {
    /// Which of the sources is its own.
    source: usize,
    /// Where its rows lie in the whole, and in the patch itself.
    rows: Rows,
    /// Where its rows lie in the patch itself, and in the source.
    from: Rows,
}

impl<'a> Patches<'a> {
    pub fn new(files: &'a Files, stored: &Stored<'a>, mosaic: &'a Mosaic) -> Result<Self> {
        let (bits, total) = (stored.bits()?, stored.count()?);
        let width = usize::try_from(bits / 8).ok().filter(|width| bits % 8 == 0 && *width > 0);
        let width = width.ok_or_else(|| Error::unsupported("Packed elements in several places cannot be read."))?;
        let fill = mosaic.fill.clone().unwrap_or_else(|| vec![0; width]);
        if fill.len() != width {
            return Err(Error::malformed(format!("The fill value takes not the {width} bytes of an element.")));
        }
        let (mut parts, mut sources, mut places) = (Vec::new(), Vec::new(), HashMap::new());
        for patch in &mosaic.patches {
            let inside = |at: &[u64], len: &[u64], sizes: &[u64]| {
                at.len() == sizes.len()
                    && len.len() == sizes.len()
                    && at
                        .iter()
                        .zip(len)
                        .zip(sizes)
                        .all(|((at, len), size)| at.checked_add(*len).is_some_and(|end| end <= *size))
            };
            let source = &patch.source;
            let volume = element_count(&patch.shape).filter(|volume| element_count(&patch.from_shape) == Some(*volume));
            let fits =
                inside(&patch.at, &patch.shape, stored.shape) && inside(&patch.from, &patch.from_shape, &source.shape);
            if !fits || volume.is_none() || source.dtype.bits() != Some(bits) {
                return Err(Error::malformed(format!(
                    "A box of shape {:?} at {:?} does not fit a tensor of shape {:?} and its source of shape {:?}.",
                    patch.shape, patch.at, stored.shape, source.shape
                )));
            }
            if matches!(source.layout, Layout::Mosaic(_)) {
                return Err(Error::unsupported(
                    "A tensor that is put together from others which are so, too, cannot be read.",
                ));
            }
            if volume != Some(0) {
                let (zeros, from_zeros) = (vec![0; patch.shape.len()], vec![0; patch.from_shape.len()]);
                let rows = Rows::new(&patch.shape, (stored.shape, &patch.at), (&patch.shape, &zeros));
                let from = Rows::new(&patch.from_shape, (&patch.from_shape, &from_zeros), (&source.shape, &patch.from));
                let source = *places.entry(Rc::as_ptr(source)).or_insert_with(|| {
                    sources.push(Source { tensor: source, plain: OnceCell::new() });
                    sources.len() - 1
                });
                parts.push(Part { source, rows, from });
            }
        }
        Ok(Patches { files, width, total, fill, parts, sources })
    }

    pub fn count(&self) -> u64 {
        self.total
    }

    /// Puts `count` elements from the `start`-th one on into `into`, which is empty.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        into.resize(self.bytes(count)?, 0);
        if self.fill.iter().any(|byte| *byte != 0) {
            into.chunks_exact_mut(self.width).for_each(|element| element.copy_from_slice(&self.fill));
        }
        for part in &self.parts {
            let rows = part.rows.between(start, start + count);
            if rows.is_empty() {
                continue;
            }
            // What the patch has of them, in its own order.
            let (mut first, mut last) = (u64::MAX, 0);
            part.rows.each(start, start + count, |_, inside, run| {
                (first, last) = (first.min(inside), last.max(inside + run));
                Ok::<_, Error>(())
            })?;
            let span = self.span(part, first, last)?;
            part.rows.each(start, start + count, |place, inside, run| {
                let (target, from) = (self.bytes(place - start)?, self.bytes(inside - first)?);
                let run = self.bytes(run)?;
                into[target..target + run].copy_from_slice(&span[from..from + run]);
                Ok::<_, Error>(())
            })?;
        }
        Ok(())
    }

    /// The elements of a patch from one to another, counted in its own order.
    fn span(&self, part: &Part, first: u64, last: u64) -> Result<Vec<u8>> {
        let Source { tensor, plain } = &self.sources[part.source];
        let source = match plain.get() {
            Some(source) => source,
            None => {
                let opened = Plain::new(self.files, &Stored::of(tensor))?;
                plain.get_or_init(|| opened)
            }
        };
        let mut span = Vec::with_capacity(self.bytes(last - first)?.min(1 << 20));
        let mut bytes = Vec::new();
        // Where the rows lie close to each other, all is read that is between them.
        let rows = part.from.between(first, last);
        let (from, to) = (part.from.place(rows.start).1, part.from.place(rows.end - 1).1 + part.from.run);
        let near = (to - from) / 4 <= last - first && (to - from).saturating_mul(self.width as u64) <= limits::SPAN;
        if near {
            source.read(from, to - from, &mut bytes)?;
        }
        part.from.each(first, last, |_, place, run| {
            if near {
                let start = self.bytes(place - from)?;
                span.extend_from_slice(&bytes[start..start + self.bytes(run)?]);
            } else {
                source.read(place, run, &mut bytes)?;
                span.extend_from_slice(&bytes);
            }
            Ok::<_, Error>(())
        })?;
        Ok(span)
    }

    fn bytes(&self, count: u64) -> Result<usize> {
        in_memory(count, self.width as u64)
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::Elements;
    use crate::error::Kind;
    use crate::model::{ByteOrder, ByteRange, Dtype, Layout, Mosaic, Number, Patch, Tensor};
    use crate::source::{Files, Memory};
    use std::rc::Rc;

    /// A big-endian source of numbers that count from `first` on.
    fn source(files: &mut Files, shape: &[u64], first: u16) -> Rc<Tensor> {
        let count = u16::try_from(shape.iter().product::<u64>()).unwrap();
        let bytes: Vec<u8> = (first..first + count).flat_map(u16::to_be_bytes).collect();
        let len = bytes.len() as u64;
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len });
        let mut tensor = Tensor::new("a", Dtype::Number(Number::U16), shape.to_vec(), layout);
        tensor.order = ByteOrder::Big;
        Rc::new(tensor)
    }

    fn patch(at: [u64; 2], shape: [u64; 2], from: &[u64], from_shape: &[u64], source: Rc<Tensor>) -> Patch {
        Patch { at: at.into(), from: from.into(), shape: shape.into(), from_shape: from_shape.into(), source }
    }

    fn whole(patches: Vec<Patch>) -> Tensor {
        let layout = Layout::Mosaic(Rc::new(Mosaic { patches, fill: Some(vec![9, 0]) }));
        Tensor::new("whole", Dtype::Number(Number::U16), vec![3, 4], layout)
    }

    #[test]
    fn later_boxes_lie_over_earlier_ones_and_the_fill_is_between() {
        let mut files = Files::new();
        let (square, line) = (source(&mut files, &[4, 4], 100), source(&mut files, &[8], 200));
        let tensor =
            whole(vec![patch([0, 0], [2, 3], &[1, 1], &[2, 3], square), patch([1, 1], [2, 2], &[3], &[4], line)]);
        let elements = Elements::new(&files, &tensor).unwrap();
        let expected = [105, 106, 107, 9, 109, 203, 204, 9, 9, 205, 206, 9];
        for start in 0..12 {
            for end in start..=12 {
                let mut bytes = Vec::new();
                elements.read(start as u64, (end - start) as u64, &mut bytes).unwrap();
                let values: Vec<_> = bytes.as_chunks().0.iter().map(|raw| u16::from_le_bytes(*raw)).collect();
                assert_eq!(values, expected[start..end]);
            }
        }
    }

    #[test]
    fn a_file_that_is_missing_is_named_where_it_is_wanted() {
        let absent = Layout::Absent { file: "part.h5".to_owned() };
        let absent = Tensor::new("a", Dtype::Number(Number::U16), vec![4], absent);
        let tensor = whole(vec![patch([2, 0], [1, 4], &[0], &[4], Rc::new(absent))]);
        let files = Files::new();
        let elements = Elements::new(&files, &tensor).unwrap();
        let mut bytes = Vec::new();
        elements.read(0, 8, &mut bytes).unwrap();
        assert_eq!(bytes, [9, 0].repeat(8));
        let error = elements.read(7, 2, &mut bytes).unwrap_err();
        assert!(error.kind == Kind::Missing && error.message.contains("part.h5"));
    }

    #[test]
    fn a_box_that_fits_nowhere_is_refused() {
        let mut files = Files::new();
        let line = source(&mut files, &[8], 0);
        for (at, shape, from, from_shape) in
            [([2, 0], [2, 2], 0, 4), ([0, 0], [2, 2], 5, 4), ([0, 0], [2, 2], 0, 3), ([u64::MAX, 0], [2, 2], 0, 4)]
        {
            let tensor = whole(vec![patch(at, shape, &[from], &[from_shape], line.clone())]);
            assert_eq!(Elements::new(&files, &tensor).unwrap_err().kind, Kind::Malformed);
        }
    }
}
