use super::Entry;
use crate::error::{Error, Result, quoted};
use crate::source::{ReadAt, require};
use flate2::{Decompress, FlushDecompress, Status};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A deflated entry's bytes: inflated forward as they are asked for, from the start again for earlier ones.
///
/// Memory is bounded whatever the entry inflates to.
pub(super) struct Inflated {
    archive: Rc<dyn ReadAt>,
    entry: Rc<Entry>,
    stream: RefCell<Option<Stream>>,
}

/// An inflater and how far it is.
struct Stream {
    inflater: Decompress,
    taken: u64,
    given: u64,
    input: Vec<u8>,
    used: usize,
}

/// Packed bytes read at a time, and bytes inflated at a time to get to a later place.
const STEP: usize = 64 << 10;

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inflated({:?})", self.entry)
    }
}

impl Inflated {
    pub(super) fn new(archive: Rc<dyn ReadAt>, entry: Rc<Entry>) -> Self {
        Inflated { archive, entry, stream: RefCell::default() }
    }

    fn damaged(&self, what: &str) -> Error {
        Error::malformed(format!("{:?} cannot be inflated: {what}; the file is damaged.", quoted(&self.entry.name)))
            .at(self.entry.header_at)
    }

    /// Fills `buf` with the next bytes.
    fn fill(&self, stream: &mut Stream, buf: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            let (count, ended) = self.inflate(stream, &mut buf[filled..])?;
            filled += count;
            if ended && filled < buf.len() {
                return Err(self.damaged("its deflate stream ends before the size that it is said to have"));
            }
        }
        if stream.given == self.entry.size {
            self.expect_end(stream)?;
        }
        Ok(())
    }

    /// Inflates once; says how many bytes came and whether the stream ended.
    fn inflate(&self, stream: &mut Stream, buf: &mut [u8]) -> Result<(usize, bool)> {
        if stream.used == stream.input.len() && stream.taken < self.entry.packed {
            let left = usize::try_from(self.entry.packed - stream.taken).unwrap_or(STEP);
            stream.input.resize(left.min(STEP), 0);
            let start = self.entry.data_offset(&*self.archive)?;
            self.archive.read_at(start + stream.taken, &mut stream.input)?;
            stream.taken += stream.input.len() as u64;
            stream.used = 0;
        }
        let (before_in, before_out) = (stream.inflater.total_in(), stream.inflater.total_out());
        let status = stream
            .inflater
            .decompress(&stream.input[stream.used..], buf, FlushDecompress::None)
            .map_err(|_| self.damaged("its deflate stream is not valid"))?;
        let used = usize::try_from(stream.inflater.total_in() - before_in).expect("within the input");
        let given = stream.inflater.total_out() - before_out;
        stream.used += used;
        stream.given += given;
        let stuck = used == 0 && given == 0 && status != Status::StreamEnd && !buf.is_empty();
        if stuck && stream.taken == self.entry.packed {
            return Err(self.damaged("its deflate stream is cut off"));
        }
        Ok((usize::try_from(given).expect("within the buffer"), status == Status::StreamEnd))
    }

    /// At the size that the entry is said to have nothing more may come.
    fn expect_end(&self, stream: &mut Stream) -> Result<()> {
        let mut more = [0; 1];
        loop {
            match self.inflate(stream, &mut more)? {
                (1.., _) => return Err(self.damaged("it is larger than the size that it is said to have")),
                (0, true) => return Ok(()),
                (0, false) => {}
            }
        }
    }
}

impl ReadAt for Inflated {
    fn size(&self) -> u64 {
        self.entry.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        if buf.is_empty() {
            return Ok(());
        }
        // A stream that failed is not gone on with.
        let kept = self.stream.borrow_mut().take().filter(|stream| stream.given <= offset);
        let mut stream = kept.unwrap_or_else(|| Stream {
            inflater: Decompress::new(false),
            taken: 0,
            given: 0,
            input: Vec::new(),
            used: 0,
        });
        let mut skipped = vec![0; usize::try_from(offset - stream.given).unwrap_or(STEP).min(STEP)];
        while stream.given < offset {
            let count = usize::try_from(offset - stream.given).unwrap_or(STEP).min(skipped.len());
            self.fill(&mut stream, &mut skipped[..count])?;
        }
        self.fill(&mut stream, buf)?;
        *self.stream.borrow_mut() = Some(stream);
        Ok(())
    }
}
