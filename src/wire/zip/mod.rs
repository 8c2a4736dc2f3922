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
use crate::source::{ReadAt, read_vec};
use std::collections::HashMap;
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
    by_name: HashMap<String, usize>,
}

impl Archive {
    /// Reads the end records and the directory, and checks the local headers.
    ///
    /// # Errors
    ///
    /// `Malformed`, with the offset, for a directory that is missing, damaged or contradicts itself; `Unsupported` for
    /// encrypted or split archives and other methods than stored and deflated.
    pub fn read(source: &Rc<dyn ReadAt>) -> Result<Self> {
        let directory::Directory { entries, start } = directory::read(source)?;
        let mut notes = Vec::new();
        let entries: Vec<Rc<Entry>> = entries.into_iter().map(Rc::new).collect();
        let mut by_name = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if by_name.insert(entry.name.clone(), index).is_some() {
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
        self.by_name.get(name).map(|index| &self.entries[*index])
    }

    /// Whether any entry has a checksum: PyTorch can be told to write none, then all are 0.
    pub fn has_checksums(&self) -> bool {
        self.entries.iter().any(|entry| entry.crc != 0)
    }

    /// Reads small entries whole that were not yet, as far as opening may, and tells whose checksum is wrong.
    ///
    /// # Errors
    ///
    /// As [`Entry::read_all`], for those that do not inflate to their size.
    pub fn check_small(&self, source: &Rc<dyn ReadAt>) -> Result<Vec<Note>> {
        let mut left = WASTE;
        let mut notes = Vec::new();
        if self.entries.len() > CHECKED_AT_ONCE {
            return Ok(notes);
        }
        for entry in &self.entries {
            if entry.verified.get() || entry.packed > left || entry.size > WASTE {
                continue;
            }
            left -= entry.packed;
            let bytes = entry.read_unchecked(source, WASTE)?;
            if self.has_checksums() && !entry.matches(&bytes) {
                let message = "The CRC of this record is wrong: some of its bytes are damaged.";
                notes.push(Note::warning(message).about(&entry.name));
            }
        }
        Ok(notes)
    }
}

/// Entries lie before the directory and share no bytes.
fn check_places(entries: &[Rc<Entry>], directory: u64) -> Result<()> {
    let mut by_place: Vec<&Rc<Entry>> = entries.iter().collect();
    by_place.sort_by_key(|entry| entry.header_at);
    let mut end = 0;
    for entry in by_place {
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

/// Reads the local headers, neighbours together as long as little is wasted, and checks them.
fn check_local_headers(source: &Rc<dyn ReadAt>, entries: &[Rc<Entry>]) -> Result<()> {
    let mut by_place: Vec<&Rc<Entry>> = entries.iter().collect();
    by_place.sort_by_key(|entry| entry.header_at);
    let (mut waste, mut rest) = (WASTE, by_place.as_slice());
    while let Some(first) = rest.first() {
        let start = first.header_at;
        let mut end = first.local_end();
        let mut count = 1;
        while let Some(next) = rest.get(count) {
            let gap = next.header_at.saturating_sub(end);
            if gap > waste {
                break;
            }
            waste -= gap;
            end = next.local_end();
            count += 1;
        }
        let bytes = read_vec(source, start, end - start)?;
        for (index, entry) in rest[..count].iter().enumerate() {
            let at = usize::try_from(entry.header_at - start).expect("inside what was read");
            let data = entry.check_local(&bytes[at..])?;
            let limit = rest.get(index + 1).map_or(u64::MAX, |next| next.header_at);
            if data.saturating_add(entry.packed) > limit {
                let message = format!("Entry {:?} of the zip archive overlaps the next one.", quoted(&entry.name));
                return Err(Error::malformed(message).at(entry.header_at));
            }
        }
        rest = &rest[count..];
    }
    Ok(())
}
