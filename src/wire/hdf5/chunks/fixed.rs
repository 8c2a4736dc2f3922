//! Fixed arrays: an entry for each chunk that the dataset can ever have.
//!
//! Header `FAHD`: version, client, bytes of an entry, bits of a page's length, entries, address of the data block. The data
//! block `FADB` has the entries behind its start or, if they are more than a page, a bit for each page that says whether it
//! was written, and the pages behind its checksum.

use super::blocks::{Blocks, Entries, Entry, Start, bit};
use crate::error::{Error, Result};
use crate::source::ReadAt;
use crate::wire::hdf5::{Sizes, address, number};

/// A fixed array.
#[derive(Debug)]
pub(super) struct FixedArray {
    start: Start,
    entries: Entries,
    count: u64,
    page: u64,
    block: Option<u64>,
}

impl FixedArray {
    pub fn open(blocks: &Blocks<'_>, at: u64, sizes: Sizes, filtered: bool, whole: u64) -> Result<Self> {
        let (offset_size, length_size) = (usize::from(sizes.offset), usize::from(sizes.length));
        let header = blocks.read(at, (8 + length_size + offset_size) as u64)?;
        let wrong = |what: &str| Error::malformed(format!("The chunk index, a fixed array, {what}.")).at(at);
        if header[..5] != *b"FAHD\0" || header[5] != u8::from(filtered) {
            return Err(wrong("has a header that is none"));
        }
        let entries = Entries::new(header[6].into(), sizes.offset, filtered, whole).map_err(|error| error.at(at))?;
        let page = 1u64.checked_shl(header[7].into()).ok_or_else(|| wrong("has pages that are too long"))?;
        let count = number(&header[8..8 + length_size]);
        if count.checked_mul(entries.len()).is_none_or(|bytes| bytes > blocks.source.size()) {
            return Err(wrong(&format!("counts {count} chunks, more than the file holds")));
        }
        let start = Start { client: header[5], header: at, offset_size: sizes.offset };
        Ok(FixedArray { start, entries, count, page, block: address(&header[8 + length_size..]) })
    }

    /// The `index`-th entry.
    pub fn get(&self, blocks: &Blocks<'_>, index: u64) -> Result<Option<Entry>> {
        let Some(at) = self.block.filter(|_| index < self.count) else { return Ok(None) };
        let page = index / self.page;
        Ok(self.page(blocks, at, page)?.and_then(|(from, list)| self.entries.nth(&list[from..], index % self.page)))
    }

    /// Hands over all entries that were written.
    pub fn each(&self, blocks: &Blocks<'_>, mut take: impl FnMut(u64, Entry) -> Result<()>) -> Result<()> {
        let Some(at) = self.block else { return Ok(()) };
        for page in 0..self.count.div_ceil(self.page) {
            let Some((from, list)) = self.page(blocks, at, page)? else { continue };
            for place in 0..self.page.min(self.count - page * self.page) {
                if let Some(entry) = self.entries.nth(&list[from..], place) {
                    take(page * self.page + place, entry)?;
                }
            }
        }
        Ok(())
    }

    /// The block that holds a page, and where the page begins in it; `None` if it was never written.
    fn page(&self, blocks: &Blocks<'_>, at: u64, page: u64) -> Result<Option<(usize, std::rc::Rc<[u8]>)>> {
        let prefix = self.start.len();
        let from = |len: u64| usize::try_from(len).expect("a few bytes");
        if self.count <= self.page {
            let block = blocks.read_part(at, prefix + self.count * self.entries.len(), *b"FADB", &self.start)?;
            return Ok(Some((from(prefix), block)));
        }
        let bits = self.count.div_ceil(self.page).div_ceil(8);
        let block = blocks.read_part(at, prefix + bits, *b"FADB", &self.start)?;
        if !bit(&block[from(prefix)..], page) {
            return Ok(None);
        }
        let count = self.page.min(self.count - page * self.page);
        let place = page.checked_mul(self.page * self.entries.len() + 4).and_then(|place| place.checked_add(at));
        let place = place.and_then(|place| place.checked_add(prefix + bits + 4));
        let place =
            place.ok_or_else(|| Error::malformed("A page of the chunk index is past the end of the file.").at(at))?;
        Ok(Some((0, blocks.read(place, count * self.entries.len())?)))
    }
}
