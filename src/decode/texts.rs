//! Elements that are texts of any length: each is found by its length and read on its own.

use super::cells::Cell;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteRange, Texts};
use crate::source::{Files, ReadAt, Window, read_vec, require};
use crate::wire::crc32c;
use crate::wire::protobuf::varint;

/// After how many lengths a [`Mark`] is set.
const MARKED: u64 = 1024;

/// The most bytes that a length takes.
const VARINT: u64 = 10;

/// How many bytes of lengths are read at a time.
const BLOCK: u64 = 32 << 10;

/// Reads the texts of one tensor.
#[derive(Debug)]
pub(super) struct TextElements<'a> {
    count: u64,
    /// Whether what is UTF-8 is shown as text.
    text: bool,
    way: Way<'a>,
    /// Where the bytes of the tensor begin in their file.
    base: u64,
}

/// How a text is found. Sources are the bytes of the tensor alone.
#[derive(Debug)]
enum Way<'a> {
    /// By the lengths before it, of which some places are known.
    Lengths { source: Window, marks: Vec<Mark>, texts: u64 },
    /// By its offset.
    Offsets { source: Window },
    /// By its own range.
    Each { files: &'a Files, ranges: &'a [ByteRange] },
}

/// Where the length of every [`MARKED`]-th text is, and how many bytes all texts before it take.
#[derive(Debug)]
struct Mark {
    length_at: u64,
    before: u64,
}

impl<'a> TextElements<'a> {
    /// The texts of a tensor of `count` elements.
    ///
    /// # Errors
    ///
    /// `Malformed` where lengths contradict each other or the bytes that are there; `TooLarge` beyond a cap of [`limits`].
    pub fn new(files: &'a Files, texts: &'a Texts, count: u64, text: bool) -> Result<Self> {
        let window = |range: &ByteRange| Window::new(files.get(range.file).source.clone(), range.offset, range.len);
        let (way, base) = match texts {
            Texts::LengthsFirst(range) => {
                let source = window(range)?;
                let (marks, texts) = read_lengths(&source, count).map_err(|error| error.shifted(range.offset))?;
                (Way::Lengths { source, marks, texts }, range.offset)
            }
            Texts::OffsetsFirst(range) => {
                let source = window(range)?;
                check_offsets(&source, count).map_err(|error| error.shifted(range.offset))?;
                (Way::Offsets { source }, range.offset)
            }
            Texts::Each(ranges) if ranges.len() as u64 == count => (Way::Each { files, ranges }, 0),
            Texts::Each(ranges) => return Err(contradiction(ranges.len() as u64, count)),
        };
        Ok(TextElements { count, text, way, base })
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// `count` texts from the `start`-th on. Of one that is longer than a page can show only the beginning is read.
    ///
    /// # Errors
    ///
    /// As [`TextElements::new`], and `Query` if there are not so many.
    pub fn read(&self, start: u64, count: u64) -> Result<Vec<Cell>> {
        if start.checked_add(count).is_none_or(|end| end > self.count) {
            return Err(Error::query(format!("There are {} texts, not {count} from {start} on.", self.count)));
        }
        self.find(start, count).map_err(|error| error.shifted(self.base))
    }

    fn find(&self, start: u64, count: u64) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        let mut room = limits::TEXTS;
        let mut take = |source: &dyn ReadAt, offset: u64, len: u64| {
            require(source, offset, len)?;
            let shown = len.min(limits::TEXT);
            room = room.checked_sub(shown).ok_or_else(|| {
                let most = limits::TEXTS >> 20;
                Error::too_large(format!("So many long texts are not shown at once: at most {most} MiB are."))
            })?;
            cells.push(self.cell(read_vec(source, offset, shown)?, shown < len));
            Ok(())
        };
        match &self.way {
            _ if count == 0 => {}
            Way::Each { files, ranges } => {
                let (start, count) = (usize::try_from(start), usize::try_from(count));
                let (start, count) = (start.expect("an index of a list"), count.expect("at most the list"));
                for range in &ranges[start..start + count] {
                    take(&*files.get(range.file).source, range.offset, range.len)?;
                }
            }
            Way::Offsets { source } => {
                let mut offsets = Offsets::new(source, start, count + 1)?;
                let mut from = offsets.next()?;
                for _ in 0..count {
                    let to = offsets.next()?;
                    let len = to.checked_sub(from).ok_or_else(|| {
                        Error::malformed(format!("A text is said to begin at byte {from} and to end at byte {to}."))
                    })?;
                    take(source, from, len)?;
                    from = to;
                }
            }
            Way::Lengths { source, marks, texts } => {
                let mark = &marks[usize::try_from(start / MARKED).expect("an index of a list")];
                let mut lengths = Lengths::new(source, mark.length_at);
                let mut at = texts + mark.before;
                for index in start - start % MARKED..start + count {
                    let len = lengths.next()?;
                    if index >= start {
                        take(source, at, len)?;
                    }
                    at += len;
                }
            }
        }
        Ok(cells)
    }

    fn cell(&self, bytes: Vec<u8>, cut: bool) -> Cell {
        if !self.text {
            return Cell::Bytes(bytes);
        }
        match String::from_utf8(bytes) {
            Ok(text) if cut => Cell::Text(text + "…"),
            Ok(text) => Cell::Text(text),
            // Cut within a character.
            Err(error) if cut && error.utf8_error().error_len().is_none() => {
                let whole = error.utf8_error().valid_up_to();
                Cell::Text(String::from_utf8_lossy(&error.as_bytes()[..whole]).into_owned() + "…")
            }
            Err(error) => Cell::Bytes(error.into_bytes()),
        }
    }
}

fn contradiction(found: u64, count: u64) -> Error {
    Error::malformed(format!("There are {found} texts for a tensor of {count} elements; the file contradicts itself."))
}

/// Goes through all lengths, checks them, and tells where the first text begins. Nothing else tells where a text is.
fn read_lengths(source: &Window, count: u64) -> Result<(Vec<Mark>, u64)> {
    if count > source.size() {
        return Err(contradiction(source.size(), count).at(0));
    }
    if count > limits::TEXT_LENGTHS {
        let most = limits::TEXT_LENGTHS;
        return Err(Error::too_large(format!("The tensor has {count} texts; at most {most} are looked through.")));
    }
    let mut lengths = Lengths::new(source, 0);
    let (mut marks, mut before) = (Vec::new(), 0u64);
    let mut sum = crc32c::Sum::begin();
    for index in 0..count {
        if index % MARKED == 0 {
            marks.push(Mark { length_at: lengths.at(), before });
        }
        let len = lengths.next()?;
        before = before.checked_add(len).filter(|before| *before <= source.size()).ok_or_else(|| {
            Error::malformed(format!("The first {index} texts and one of {len} bytes are longer than the tensor."))
        })?;
        sum.add_length(len);
    }
    let at = lengths.at();
    let stored = read_vec(source, at, 4)?;
    let stored = u32::from_le_bytes(stored.try_into().expect("four bytes"));
    if sum.end() != crc32c::unmasked(stored) {
        return Err(Error::malformed("The lengths of the texts do not have the sum that is stored with them.").at(at));
    }
    if before != source.size() - at - 4 {
        let there = source.size() - at - 4;
        return Err(Error::malformed(format!(
            "The texts take {before} bytes by their lengths, but {there} are there."
        )));
    }
    Ok((marks, at + 4))
}

/// The number of texts that TFLite's buffer tells.
fn check_offsets(source: &Window, count: u64) -> Result<()> {
    let told = read_vec(source, 0, 4)?;
    let told = u32::from_le_bytes(told.try_into().expect("four bytes"));
    if u64::from(told) != count {
        return Err(contradiction(told.into(), count));
    }
    require(source, 4, 4 * (count + 1))
}

/// Varints one after the other, read block by block.
struct Lengths<'a> {
    source: &'a Window,
    block: Vec<u8>,
    /// The byte at which the block begins, and the next byte in it.
    start: u64,
    next: usize,
}

impl<'a> Lengths<'a> {
    fn new(source: &'a Window, at: u64) -> Self {
        Lengths { source, block: Vec::new(), start: at, next: 0 }
    }

    fn at(&self) -> u64 {
        self.start + self.next as u64
    }

    fn next(&mut self) -> Result<u64> {
        let at = self.at();
        let rest = self.source.size() - at;
        if (self.block.len() - self.next) as u64 <= rest.min(VARINT) {
            self.block = read_vec(self.source, at, rest.min(BLOCK))?;
            (self.start, self.next) = (at, 0);
        }
        let mut bytes = &self.block[self.next..];
        let length = varint(&mut bytes).map_err(|error| error.at(at))?;
        self.next = self.block.len() - bytes.len();
        Ok(length)
    }
}

/// 32-bit offsets one after the other, read block by block.
struct Offsets<'a> {
    source: &'a Window,
    at: u64,
    left: u64,
    block: std::vec::IntoIter<u8>,
}

impl<'a> Offsets<'a> {
    /// `count` of them from the `first` on.
    fn new(source: &'a Window, first: u64, count: u64) -> Result<Self> {
        require(source, 4 + 4 * first, 4 * count)?;
        Ok(Offsets { source, at: 4 + 4 * first, left: 4 * count, block: Vec::new().into_iter() })
    }

    fn next(&mut self) -> Result<u64> {
        if self.block.as_slice().is_empty() {
            let len = self.left.min(BLOCK);
            self.block = read_vec(self.source, self.at, len)?.into_iter();
            self.at += len;
            self.left -= len;
        }
        let bytes: Vec<u8> = self.block.by_ref().take(4).collect();
        let offset = bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        Ok(offset.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Memory};
    use std::rc::Rc;

    fn file(bytes: Vec<u8>) -> (Files, ByteRange) {
        let len = bytes.len() as u64;
        let mut files = Files::new();
        let file: FileId = files.add("a", Rc::new(Memory::new([vec![9; 3], bytes].concat())));
        (files, ByteRange { file, offset: 3, len })
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    /// As TensorFlow's `WriteStringTensor` has it.
    fn lengths_first(texts: &[&[u8]]) -> Vec<u8> {
        let mut sum = crc32c::Sum::begin();
        let mut bytes = Vec::new();
        for text in texts {
            sum.add_length(text.len() as u64);
            let mut rest = text.len();
            while rest > 127 {
                bytes.push(u8::try_from(rest & 127).unwrap() | 128);
                rest >>= 7;
            }
            bytes.push(u8::try_from(rest).unwrap());
        }
        bytes.extend((sum.end().rotate_right(15).wrapping_add(0xa282_ead8)).to_le_bytes());
        bytes.extend(texts.concat());
        bytes
    }

    fn offsets_first(texts: &[&[u8]]) -> Vec<u8> {
        let mut at = u32::try_from(8 + 4 * texts.len()).unwrap();
        let mut bytes = u32::try_from(texts.len()).unwrap().to_le_bytes().to_vec();
        for text in texts {
            bytes.extend(at.to_le_bytes());
            at += u32::try_from(text.len()).unwrap();
        }
        bytes.extend(at.to_le_bytes());
        bytes.extend(texts.concat());
        bytes
    }

    #[test]
    fn every_kind_reads_any_part() {
        let long = "x".repeat(300);
        let names: Vec<String> = (0..5000).map(|index| format!("é{index}")).chain([long]).collect();
        let raw: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        let count = raw.len() as u64;
        let (files, range) = file(lengths_first(&raw));
        let (other_files, other_range) = file(offsets_first(&raw));
        let each: Vec<ByteRange> = (0..2).map(|at| ByteRange { len: 1, offset: 3 + at, ..range }).collect();
        for (files, texts) in [(&files, Texts::LengthsFirst(range)), (&other_files, Texts::OffsetsFirst(other_range))] {
            let elements = TextElements::new(files, &texts, count, true).unwrap();
            assert_eq!(elements.read(1023, 3).unwrap(), [text("é1023"), text("é1024"), text("é1025")]);
            let all = elements.read(0, count).unwrap();
            assert!(all.iter().zip(&names).all(|(cell, name)| *cell == text(name)) && all.len() == names.len());
            assert!(elements.read(count, 1).is_err() && elements.read(count, 0).unwrap().is_empty());
            assert!(TextElements::new(files, &texts, count + 1, true).is_err());
            assert!(TextElements::new(files, &texts, count - 1, true).is_err());
        }
        let elements = Texts::Each(each);
        let elements = TextElements::new(&files, &elements, 2, false).unwrap();
        assert_eq!(elements.read(1, 1).unwrap(), [Cell::Bytes(vec![3])]);
    }

    #[test]
    fn what_is_no_text_is_shown_as_bytes_and_what_is_long_is_cut() {
        let long = format!("a{}", "é".repeat(40_000));
        let (files, range) = file(lengths_first(&[b"\xff", long.as_bytes(), b""]));
        let texts = Texts::LengthsFirst(range);
        let cells = TextElements::new(&files, &texts, 3, true).unwrap().read(0, 3).unwrap();
        let cut = format!("a{}…", "é".repeat(32_767));
        assert_eq!(cells, [Cell::Bytes(vec![255]), text(&cut), text("")]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let good = lengths_first(&[b"ab", b"c"]);
        for (at, byte) in [(0, 1), (0, 200), (1, 200), (2, 0), (6, 0)] {
            let mut bad = good.clone();
            bad[at] = byte;
            let (files, range) = file(bad);
            let texts = Texts::LengthsFirst(range);
            assert_eq!(TextElements::new(&files, &texts, 2, true).is_err(), at < 6, "{at} {byte}");
        }
        let (files, range) = file(vec![0xff; 40]);
        assert!(TextElements::new(&files, &Texts::LengthsFirst(range), 1, true).is_err());
        assert!(TextElements::new(&files, &Texts::LengthsFirst(range), u64::MAX, true).is_err());
        assert!(TextElements::new(&files, &Texts::OffsetsFirst(range), 0xffff_ffff, true).is_err());
        for at in [4, 8, 12] {
            let mut bad = offsets_first(&[b"ab", b"c"]);
            bad[at + 2] = 1;
            let (files, range) = file(bad);
            let texts = Texts::OffsetsFirst(range);
            assert!(TextElements::new(&files, &texts, 2, true).unwrap().read(0, 2).is_err());
        }
    }
}
