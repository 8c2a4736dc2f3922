//! Zip archives, read lazily and strictly.
//!
//! | place | what |
//! | --- | --- |
//! | anywhere | a local header, then the entry's bytes, for each entry |
//! | before the end | the central directory: a header an entry, with its sizes and the place of its local header |
//! | the end | the end record, before it the zip64 one and its locator where there are large numbers |
//!
//! Specification: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>. Readers disagree on contradictory archives,
//! which hides things from one that another shows; so everything that is said twice must be said alike, entries must not
//! share bytes, and there must be one directory. Well-kept zip crates check less of this or read each local header with a
//! call of its own, which costs a browser up to a millisecond each.

mod directory;
mod entry;
mod inflated;

pub use entry::{Entry, Method};

use crate::error::{Error, Result, quoted};
use crate::model::Note;
use crate::sort;
use crate::source::{ReadAt, read_vec, require};
use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Archives of up to so many entries have all their local headers checked when they are opened; of larger ones each is
/// checked before the first byte of its entry is read.
const CHECKED_AT_ONCE: usize = 512;

/// What reading neighbouring local headers at once may waste, and what is read to check small entries: together they stay
/// within the 64 KiB that opening may read beyond headers.
const WASTE: u64 = 24 << 10;

/// The directory of an archive.
#[derive(Debug)]
pub struct Archive {
    /// In the order of the directory.
    pub entries: Vec<Rc<Entry>>,
    /// What is odd about it.
    pub notes: Vec<Note>,
    by_name: HashSet<ByName>,
}

/// An entry that is found by its name.
#[derive(Debug)]
struct ByName(Rc<Entry>);

impl Borrow<str> for ByName {
    fn borrow(&self) -> &str {
        &self.0.name
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for ByName {}

impl Hash for ByName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl Archive {
    /// Reads the end records and the directory, and checks the local headers.
    ///
    /// # Errors
    ///
    /// `Malformed`, with the offset, for a directory that is missing, damaged or contradicts itself; `Unsupported` for
    /// encrypted or split archives and other methods than stored and deflated.
    #[expect(clippy::mutable_key_type, reason = "an entry is hashed by its name alone, which never changes")]
    pub fn read(source: &Rc<dyn ReadAt>) -> Result<Self> {
        let directory::Directory { entries, start } = directory::read(source)?;
        let mut notes = Vec::new();
        let entries: Vec<Rc<Entry>> = entries.into_iter().map(Rc::new).collect();
        let mut by_name = HashSet::with_capacity(entries.len());
        for entry in &entries {
            if !by_name.insert(ByName(entry.clone())) {
                return Err(Error::malformed(format!(
                    "The zip archive has a duplicate entry {:?}; readers disagree on which one counts.",
                    quoted(&entry.name)
                ))
                .at(entry.header_at));
            }
            if entry.name.contains('\0') || entry.name.contains(char::REPLACEMENT_CHARACTER) {
                let message = "An entry's name is not UTF-8 text or has a NUL; it is shown as far as it can be.";
                notes.push(Note::warning(message).about(&entry.name));
            }
        }
        check_places(&entries, start)?;
        let first = entries.iter().map(|entry| entry.header_at).min().unwrap_or(0);
        if first > 0 {
            notes.push(Note::warning(format!(
                "{first} bytes stand before the first entry of the zip archive; they are not read."
            )));
        }
        if entries.len() <= CHECKED_AT_ONCE {
            check_local_headers(source, &entries)?;
        }
        Ok(Archive { entries, notes, by_name })
    }

    /// The entry of just this name.
    pub fn find(&self, name: &str) -> Option<&Rc<Entry>> {
        self.by_name.get(name).map(|ByName(entry)| entry)
    }

    /// Whether any entry has a checksum: PyTorch can be told to write none, then all are 0.
    pub fn has_checksums(&self) -> bool {
        self.entries.iter().any(|entry| entry.crc != 0)
    }

    /// Reads whole the small entries that were not read yet, as far as opening may, and tells whose checksum is wrong.
    ///
    /// # Errors
    ///
    /// As [`Entry::read_all`], for those that do not inflate to their size.
    pub fn check_small(&self, source: &Rc<dyn ReadAt>) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        if self.entries.len() > CHECKED_AT_ONCE {
            return Ok(notes);
        }
        let (mut left, checksums) = (WASTE, self.has_checksums());
        let mut small: Vec<&Rc<Entry>> = Vec::new();
        for entry in by_place(&self.entries) {
            if !entry.verified.get() && entry.packed <= left && entry.size <= WASTE {
                left -= entry.packed;
                small.push(entry);
            }
        }
        let data = |entry: &Entry| {
            let start = *entry.data_at.get().expect("checked when the archive was read");
            (start, start + entry.packed)
        };
        for (start, end, entries) in neighbours(&small, left, data) {
            let run: Rc<dyn ReadAt> = Rc::new(Run { start, bytes: read_vec(source, start, end - start)? });
            for entry in entries {
                let bytes = entry.read_unchecked(&run, WASTE)?;
                if checksums && !entry.matches(&bytes) {
                    let message = "The CRC of this record is wrong: some of its bytes are damaged.";
                    notes.push(Note::warning(message).about(&entry.name));
                }
            }
        }
        Ok(notes)
    }
}

/// Bytes of an archive that were read together, at their places.
#[derive(Debug)]
struct Run {
    start: u64,
    bytes: Vec<u8>,
}

impl ReadAt for Run {
    fn size(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        let from = usize::try_from(offset - self.start).expect("it holds what its entries have");
        buf.copy_from_slice(&self.bytes[from..from + buf.len()]);
        Ok(())
    }
}

fn by_place(entries: &[Rc<Entry>]) -> Vec<&Rc<Entry>> {
    let mut sorted: Vec<&Rc<Entry>> = entries.iter().collect();
    sort::by_key(&mut sorted, |entry| entry.header_at);
    sorted
}

/// Entries whose bytes of interest are read at once, each with the first byte and the end of the run: what lies between
/// neighbours is read too, as long as it is at most `waste` in all. A read costs a browser up to a millisecond.
fn neighbours<'e>(
    mut rest: &'e [&'e Rc<Entry>],
    mut waste: u64,
    place: impl Fn(&Entry) -> (u64, u64),
) -> Vec<(u64, u64, &'e [&'e Rc<Entry>])> {
    let mut runs = Vec::new();
    while let Some(first) = rest.first() {
        let (start, mut end) = place(first);
        let mut count = 1;
        while let Some(next) = rest.get(count) {
            let (from, to) = place(next);
            let gap = from.saturating_sub(end);
            if gap > waste {
                break;
            }
            waste -= gap;
            end = to;
            count += 1;
        }
        let (run, others) = rest.split_at(count);
        runs.push((start, end, run));
        rest = others;
    }
    runs
}

/// Entries lie before the directory and share no bytes.
fn check_places(entries: &[Rc<Entry>], directory: u64) -> Result<()> {
    let mut end = 0;
    for entry in by_place(entries) {
        let name = quoted(&entry.name);
        if entry.header_at >= directory {
            return Err(Error::malformed(format!(
                "The local header of entry {name:?} is said to be at byte {}, where there are no entries.",
                entry.header_at
            ))
            .at(entry.header_at));
        }
        if entry.header_at < end {
            return Err(Error::malformed(format!("Entry {name:?} of the zip archive overlaps the one before."))
                .at(entry.header_at));
        }
        end = entry.header_at.saturating_add(entry::LOCAL + entry.name_len).saturating_add(entry.packed);
        if end > directory {
            return Err(Error::malformed(format!(
                "Entry {name:?} of the zip archive is said to be {} bytes long and runs past its place.",
                entry.packed
            ))
            .at(entry.header_at));
        }
    }
    Ok(())
}

/// Reads the local headers and checks them.
fn check_local_headers(source: &Rc<dyn ReadAt>, entries: &[Rc<Entry>]) -> Result<()> {
    let sorted = by_place(entries);
    let mut following = sorted.iter().skip(1).map(|next| next.header_at);
    for (start, end, run) in neighbours(&sorted, WASTE, |entry| (entry.header_at, entry.local_end())) {
        let bytes = read_vec(source, start, end - start)?;
        for entry in run {
            let at = usize::try_from(entry.header_at - start).expect("inside what was read");
            let data = entry.check_local(&bytes[at..])?;
            if data.saturating_add(entry.packed) > following.next().unwrap_or(u64::MAX) {
                let message = format!("Entry {:?} of the zip archive overlaps the next one.", quoted(&entry.name));
                return Err(Error::malformed(message).at(entry.header_at));
            }
        }
    }
    Ok(())
}
