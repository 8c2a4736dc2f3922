//! Messages that several objects share: those of a named type, and those in the file's table of shared messages.

use super::cursor::Cursor;
use super::file::File;
use super::fractal::Heap;
use super::header::{Message, kind};
use crate::error::{Error, Result};

/// How many times one shared message may lead to another.
const STEPS: usize = 4;

impl File {
    /// The message itself, of one that may be shared.
    pub(super) fn resolved(&self, message: &Message) -> Result<Message> {
        let mut found = message.clone();
        for _ in 0..STEPS {
            if !found.shared {
                return Ok(found);
            }
            let mut cursor = self.cursor("shared message", found.at, &found.bytes);
            found = self.shared(found.kind, &mut cursor)?;
        }
        Err(self.wrong(message.at, "A shared message leads to others on and on."))
    }

    /// What a reference to a shared message of this kind leads to.
    pub(super) fn shared(&self, wanted: u16, cursor: &mut Cursor<'_>) -> Result<Message> {
        let version = cursor.version(1..=3)?;
        let place = cursor.u8()?;
        if version == 3 && place == 1 {
            return self.tabled(wanted, cursor.take(8)?);
        }
        cursor.skip(if version == 1 { 6 } else { 0 })?;
        let at = cursor.address()?.ok_or_else(|| cursor.wrong("is nowhere"))?;
        let header = self.header("object header of a shared message", at)?;
        let found = header.find(wanted).cloned();
        found.ok_or_else(|| cursor.wrong(format_args!("is not where it should be, at byte {}", self.place(at))))
    }

    /// A message in the heap of the file's table of shared messages.
    fn tabled(&self, wanted: u16, id: &[u8]) -> Result<Message> {
        let heaps = match self.shared.get() {
            Some(heaps) => heaps,
            None => {
                let heaps = self.table()?;
                self.shared.get_or_init(|| heaps)
            }
        };
        let heap = heaps.iter().find(|(kinds, _)| wanted < 16 && kinds >> wanted & 1 == 1);
        let (_, heap) = heap.ok_or_else(|| self.no_table())?;
        let bytes = heap.object(self, id)?;
        Ok(Message { kind: wanted, shared: false, order: None, at: heap.at, bytes })
    }

    fn no_table(&self) -> Error {
        self.wrong(0, "A message is said to be in the table of shared messages, and the file has none for its kind.")
    }

    /// The heaps of the table.
    fn table(&self) -> Result<Vec<(u16, Heap)>> {
        let what = "table of shared messages";
        let extension = self.superblock.extension.ok_or_else(|| self.no_table())?;
        let header = self.header("object header of the superblock's extension", extension)?;
        let message = header.find(kind::SHARED_TABLE).ok_or_else(|| self.no_table())?;
        let mut cursor = self.cursor(what, message.at, &message.bytes);
        cursor.version(0..=0)?;
        let at = cursor.address()?.ok_or_else(|| self.no_table())?;
        let indexes = u64::from(cursor.u8()?);
        let bytes = self.bytes(what, at, 4 + indexes * (14 + 2 * u64::from(self.sizes().offset)) + 4)?;
        self.check(what, at, &bytes)?;
        let mut cursor = self.cursor(what, at, &bytes);
        cursor.signature(*b"SMTB")?;
        let mut heaps = Vec::new();
        for _ in 0..indexes {
            cursor.skip(2)?;
            let kinds = cursor.u16()?;
            cursor.skip(10)?;
            cursor.address()?;
            // One that has no message yet has no heap.
            if let Some(heap) = cursor.address()? {
                heaps.push((kinds, self.heap(heap)?));
            }
        }
        Ok(heaps)
    }
}
