//! Storages: the byte runs that tensors are views of.

use super::{Saved, dtypes};
use crate::error::{Error, Result, quoted};
use crate::model::{ByteOrder, ByteRange, Checkpoint, Dtype, Layout, Note, Number};
use crate::source::FileId;
use crate::wire::pickle::{Id, Pickle};
use std::collections::HashMap;

/// The storages that the pickle has referred to so far.
pub(super) struct Storages<'a, 's> {
    saved: &'a Saved<'s>,
    file: FileId,
    pub order: ByteOrder,
    known: HashMap<String, Known>,
}

/// A record and the type under which it was first used.
struct Known {
    part: Option<FileId>,
    size: u64,
    class: String,
}

/// A storage as a tensor refers to it.
pub(super) struct Storage {
    /// The type of its elements; an untyped one tells none.
    pub dtype: Option<Dtype>,
    /// Its bytes, or why they are not there.
    pub place: std::result::Result<ByteRange, Layout>,
    /// The device that it was on.
    pub device: String,
}

impl<'a, 's> Storages<'a, 's> {
    pub(super) fn new(saved: &'a Saved<'s>, file: FileId, order: ByteOrder) -> Self {
        Storages { saved, file, order, known: HashMap::new() }
    }

    /// The storage of a persistent id `('storage', class, key, location, count)`; `None` if it is no such thing.
    ///
    /// # Errors
    ///
    /// `Malformed` for a key that is not the name of a record, or a count that no storage has.
    pub(super) fn storage(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle<'_>,
        id: Id,
    ) -> Result<Option<Storage>> {
        let Some(&[_, class, key, location, count, ..]) = pickle.sequence(id) else { return Ok(None) };
        let (Some(class), Some(key)) = (pickle.global(class), pickle.text(key)) else { return Ok(None) };
        let device = pickle.text(location).unwrap_or_default().into_owned();
        if key.is_empty() || key.contains(['/', '\\']) || key.contains("..") {
            return Err(Error::malformed(format!(
                "The pickle names the storage {:?}, which is not the name of a record; nothing else is read.",
                quoted(&key)
            )));
        }
        let number = dtypes::of_storage(&class.name);
        let untyped = class.name == "UntypedStorage";
        let dtype = match (number, untyped) {
            (Some(number), _) => Some(Dtype::Number(number)),
            (None, true) => None,
            (None, false) => Some(Dtype::Unknown { name: class.name.clone(), bits: None }),
        };
        let width = number.map_or(1, |number| number.bits() / 8);
        let bytes =
            pickle.int(count).and_then(|count| u64::try_from(count).ok()).and_then(|count| count.checked_mul(width));
        let Some(bytes) = bytes else {
            return Err(Error::malformed(format!(
                "The pickle gives storage {:?} a number of elements that none has.",
                quoted(&key)
            )));
        };
        let record = format!("{}data/{key}", self.saved.root);
        let place = match self.record(checkpoint, &record, &class.name) {
            None => Err(Layout::Absent { file: record.clone() }),
            Some((part, size)) => check_size(checkpoint, &record, part, size, bytes),
        };
        if number.is_none() && !untyped {
            let message =
                format!("The storage's type {:?} is not known here; its tensors cannot be read.", quoted(&class.name));
            checkpoint.note(Note::warning(message).about(record));
        }
        Ok(Some(Storage { dtype, place, device }))
    }

    /// The view of a record and its size; told once if it is missing or used under two types.
    fn record(&mut self, checkpoint: &mut Checkpoint, name: &str, class: &str) -> Option<(FileId, u64)> {
        if let Some(known) = self.known.get_mut(name) {
            if known.class != class && !known.class.is_empty() {
                let message = format!("The record is used as {} and as {}.", quoted(&known.class), quoted(class));
                checkpoint.note(Note::warning(message).about(name));
                known.class.clear();
            }
            return known.part.map(|part| (part, known.size));
        }
        let entry = self.saved.archive.find(name);
        let part = entry.map(|entry| checkpoint.files.add_part(self.file, name, entry.open(self.saved.source)));
        let size = entry.map_or(0, |entry| entry.size);
        if part.is_none() {
            let message =
                format!("The record {:?} is not in the file; the tensors on it cannot be shown.", quoted(name));
            checkpoint.note(Note::warning(message).about(name));
        }
        self.known.insert(name.to_owned(), Known { part, size, class: class.to_owned() });
        part.map(|part| (part, size))
    }
}

/// The bytes of a record, which must be as many as the storage is said to have.
fn check_size(
    checkpoint: &mut Checkpoint,
    name: &str,
    part: FileId,
    size: u64,
    bytes: u64,
) -> std::result::Result<ByteRange, Layout> {
    if size < bytes {
        let why = format!("The storage is said to have {bytes} bytes, the record {:?} has {size}.", quoted(name));
        checkpoint.note(Note::warning(&why).about(name));
        return Err(Layout::Unreadable { why });
    }
    if size > bytes {
        let message = format!("The record {:?} has {size} bytes, the storage only {bytes}.", quoted(name));
        checkpoint.note(Note::warning(message).about(name));
    }
    Ok(ByteRange { file: part, offset: 0, len: bytes })
}

/// The type that `torch.float32` and its kin name.
pub(super) fn named_dtype(pickle: &Pickle<'_>, id: Id) -> Option<Number> {
    let global = pickle.global(id)?;
    (global.module == "torch").then(|| dtypes::of_name(&global.name)).flatten()
}
