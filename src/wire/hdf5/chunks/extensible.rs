//! Extensible arrays: entries for the chunks of a dataset that grows along one dimension.
//!
//! Header `EAHD`: version, client, bytes of an entry, bits of the most entries, entries in the index block, entries of the
//! smallest data block, data blocks of the smallest super block, bits of a page's length, six counts, address of the index
//! block. The index block `EAIB` has the first entries, then the addresses of the data blocks of the first super blocks, which
//! are not written themselves, then those of the other super blocks. Super block `EASB`: place of its first entry, a bit for each page of
//! its data blocks where these have pages, their addresses. Data block `EADB`: place of its first entry, then the entries, or the pages
//! behind its checksum.
//!
//! Super block `n` has 2^(n/2) data blocks, rounded down, of 2^((n+1)/2) times the smallest number of entries.

use super::blocks::{Blocks, Entries, Entry, Start, bit};
use crate::error::{Error, Result};
use crate::wire::hdf5::{Sizes, address};
use std::rc::Rc;

/// An extensible array.
#[derive(Debug)]
pub(super) struct ExtensibleArray {
    start: Start,
    entries: Entries,
    /// Entries in the index block.
    first: u64,
    /// Entries of the smallest data block.
    smallest: u64,
    /// Entries of a page.
    page: u64,
    /// Bytes of the place of a block's first entry.
    place_size: u64,
    /// Super blocks in all, those whose data blocks the index block addresses, and how many data blocks those have.
    supers: u64,
    direct: u64,
    direct_blocks: u64,
    index: Option<u64>,
}

/// Neighbouring entries: a list of them, or nothing where they were never written.
struct Run {
    start: u64,
    len: u64,
    list: Option<(usize, Rc<[u8]>)>,
}

impl ExtensibleArray {
    pub fn open(blocks: &Blocks<'_>, at: u64, sizes: Sizes, filtered: bool, whole: u64) -> Result<Self> {
        let (offset_size, length_size) = (usize::from(sizes.offset), usize::from(sizes.length));
        let header = blocks.read(at, (12 + 6 * length_size + offset_size) as u64)?;
        let wrong = |what: &str| Error::malformed(format!("The chunk index, an extensible array, {what}.")).at(at);
        if header[..5] != *b"EAHD\0" || header[5] != u8::from(filtered) {
            return Err(wrong("has a header that is none"));
        }
        let entries = Entries::new(header[6].into(), sizes.offset, filtered, whole).map_err(|error| error.at(at))?;
        let (most_bits, first, smallest, pointers, page_bits) =
            (header[7], header[8], header[9], header[10], header[11]);
        let sound = (1..=64).contains(&most_bits)
            && smallest.is_power_of_two()
            && pointers.is_power_of_two()
            && smallest.ilog2() <= most_bits.into()
            && page_bits < 32
            && smallest.ilog2() + pointers.ilog2() <= page_bits.into();
        let supers = 1 + u64::from(most_bits).saturating_sub(smallest.checked_ilog2().unwrap_or(0).into());
        let direct = 2 * u64::from(pointers.checked_ilog2().unwrap_or(0));
        if !sound || direct > supers {
            return Err(wrong("has a header that contradicts itself"));
        }
        Ok(ExtensibleArray {
            start: Start { client: header[5], header: at, offset_size: sizes.offset },
            entries,
            first: first.into(),
            smallest: smallest.into(),
            page: 1 << page_bits,
            place_size: u64::from(most_bits).div_ceil(8),
            supers,
            direct,
            direct_blocks: 2 * (u64::from(pointers) - 1),
            index: address(&header[12 + 6 * length_size..]),
        })
    }

    /// The `index`-th entry.
    pub fn get(&self, blocks: &Blocks<'_>, index: u64) -> Result<Option<Entry>> {
        let run = self.run(blocks, index)?;
        Ok(run.list.and_then(|(from, list)| self.entries.nth(&list[from..], index - run.start)))
    }

    /// Hands over all entries that were written, of the first `count`.
    pub fn each(&self, blocks: &Blocks<'_>, count: u64, mut take: impl FnMut(u64, Entry) -> Result<()>) -> Result<()> {
        let mut at = 0;
        while at < count {
            let run = self.run(blocks, at)?;
            let end = run.start.saturating_add(run.len).min(count);
            if let Some((from, list)) = run.list {
                for index in at..end {
                    if let Some(entry) = self.entries.nth(&list[from..], index - run.start) {
                        take(index, entry)?;
                    }
                }
            }
            at = end;
        }
        Ok(())
    }

    /// The entries beside the `index`-th one.
    fn run(&self, blocks: &Blocks<'_>, index: u64) -> Result<Run> {
        let Some(at) = self.index else { return Ok(Run { start: 0, len: u64::MAX, list: None }) };
        let offset_size = u64::from(self.start.offset_size);
        let addresses = self.start.len() + self.first * self.entries.len();
        let len = addresses + (self.direct_blocks + self.supers - self.direct) * offset_size;
        let block = blocks.read_part(at, len, *b"EAIB", &self.start)?;
        if index < self.first {
            return Ok(Run { start: 0, len: self.first, list: Some((to_usize(self.start.len()), block)) });
        }
        let rest = index - self.first;
        let level = u64::from((rest / self.smallest + 1).ilog2());
        if level >= self.supers {
            return Err(Error::malformed(format!("The chunk index has no place for chunk {index}.")).at(at));
        }
        // All entries of the super blocks before it: 2^level - 1 times the smallest number.
        let before = ((1u64 << level) - 1) * self.smallest;
        let (count, each) = (1u64 << (level / 2), self.smallest << level.div_ceil(2));
        let nth = (rest - before) / each;
        let start = self.first + before + nth * each;
        let nowhere = Run { start, len: each, list: None };
        if level < self.direct {
            // The data blocks of the super blocks before it: 1, 1, 2, 2, 4, 4 …
            let ahead = count * (2 + level % 2) - 2;
            return match self.address(&block, addresses, ahead + nth) {
                None => Ok(nowhere),
                Some(at) => self.data(blocks, at, (start, each)),
            };
        }
        let Some(at) = self.address(&block, addresses + self.direct_blocks * offset_size, level - self.direct) else {
            return Ok(Run { start: self.first + before, len: count.saturating_mul(each), list: None });
        };
        let pages = if each > self.page { each / self.page } else { 0 };
        let bits = self.start.len() + self.place_size;
        let addresses = bits + count * pages.div_ceil(8);
        let block = blocks.read_part(at, addresses + count * offset_size, *b"EASB", &self.start)?;
        match self.address(&block, addresses, nth) {
            None => Ok(nowhere),
            Some(at) if pages == 0 => self.data(blocks, at, (start, each)),
            Some(at) => {
                let page = (index - start) / self.page;
                let start = start + page * self.page;
                let written = bit(&block[to_usize(bits)..to_usize(addresses)], nth * pages + page);
                if written {
                    self.paged(blocks, at, page, (start, self.page))
                } else {
                    Ok(Run { start, len: self.page, list: None })
                }
            }
        }
    }

    /// A data block with its entries.
    fn data(&self, blocks: &Blocks<'_>, at: u64, (start, len): (u64, u64)) -> Result<Run> {
        let prefix = self.start.len() + self.place_size;
        let block = blocks.read_part(at, prefix + len * self.entries.len(), *b"EADB", &self.start)?;
        Ok(Run { start, len, list: Some((to_usize(prefix), block)) })
    }

    /// One page of a data block that has them behind its checksum.
    fn paged(&self, blocks: &Blocks<'_>, at: u64, page: u64, (start, len): (u64, u64)) -> Result<Run> {
        let prefix = self.start.len() + self.place_size;
        blocks.read_part(at, prefix, *b"EADB", &self.start)?;
        let place = page.checked_mul(self.page * self.entries.len() + 4).and_then(|place| place.checked_add(at));
        let place = place.and_then(|place| place.checked_add(prefix + 4));
        let place =
            place.ok_or_else(|| Error::malformed("A page of the chunk index is past the end of the file.").at(at))?;
        Ok(Run { start, len, list: Some((0, blocks.read(place, len * self.entries.len())?)) })
    }

    /// An address in a list of them.
    fn address(&self, block: &[u8], list: u64, index: u64) -> Option<u64> {
        let size = u64::from(self.start.offset_size);
        let from = usize::try_from(list + index * size).ok()?;
        address(block.get(from..from + usize::from(self.start.offset_size))?)
    }
}

fn to_usize(len: u64) -> usize {
    usize::try_from(len).expect("inside what was read")
}
