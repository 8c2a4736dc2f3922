//! Storages: the byte runs that tensors are views of.

use super::dtypes;
use crate::error::{Error, Result, quoted};
use crate::model::{ByteOrder, ByteRange, Checkpoint, Dtype, Layout, Note, Number};
use crate::wire::pickle::{Id, Node, Pickle};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Where a container keeps the bytes of its storages.
pub(super) trait Records {
    /// What a storage is called in messages.
    fn name(&self, key: &str) -> String;

    /// Its bytes; `None` for one that is not there. Asked once for each, with what [`Records::name`] says.
    fn find(&mut self, checkpoint: &mut Checkpoint, key: &str, name: &str) -> Option<ByteRange>;

    /// Whether a record may be longer than its storage: then that is odd, not normal.
    fn exact(&self) -> bool {
        true
    }
}

/// The storages that the pickle has referred to so far.
pub(super) struct Storages<'a> {
    records: Box<dyn Records + 'a>,
    pub order: ByteOrder,
    known: HashMap<String, Known>,
    /// Texts that many storages have: their classes and their devices.
    shared: HashSet<Rc<str>>,
}

/// A record and the type under which it was first used.
struct Known {
    range: Option<ByteRange>,
    class: Rc<str>,
    /// Whether it was told that it is used under several.
    told: bool,
}

/// A storage as a tensor refers to it.
pub(super) struct Storage {
    /// The type of its elements; an untyped one tells none.
    pub dtype: Option<Dtype>,
    /// Its bytes, or why they are not there.
    pub place: Result<ByteRange, Layout>,
    /// The device that it was on.
    pub device: Rc<str>,
}

impl<'a> Storages<'a> {
    pub(super) fn new(records: impl Records + 'a, order: ByteOrder) -> Self {
        Storages { records: Box::new(records), order, known: HashMap::new(), shared: HashSet::new() }
    }

    /// The storage of a persistent id `('storage', class, key, location, count)`, with the part of it that a sixth member
    /// shows, `(key, offset, count)`, in old files; `None` if it is no such thing.
    ///
    /// # Errors
    ///
    /// `Malformed` for a key that is not the name of a record, or a count that no storage has.
    pub(super) fn storage(&mut self, checkpoint: &mut Checkpoint, pickle: &Pickle, id: Id) -> Result<Option<Storage>> {
        let Some(&[_, class, key, location, count, ref view @ ..]) = pickle.sequence(id) else { return Ok(None) };
        let class = pickle.global(class).filter(|class| class.name.len() <= Pickle::SHORT);
        let (Some(class), Some(key)) = (class, key_text(pickle, key)) else { return Ok(None) };
        let device = self.shared(&pickle.short(location).unwrap_or_default());
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
            (None, false) => Some(Dtype::Unknown { name: quoted(&class.name).to_string(), bits: None }),
        };
        let width = number.map_or(1, dtypes::width);
        let bytes = |count: Id| {
            pickle.int(count).and_then(|count| u64::try_from(count).ok()).and_then(|count| count.checked_mul(width))
        };
        let Some(len) = bytes(count) else {
            return Err(Error::malformed(format!(
                "The pickle gives storage {:?} a number of elements that none has.",
                quoted(&key)
            )));
        };
        let name = self.records.name(&key);
        let class_name = self.shared(&class.name);
        let mut place = match self.record(checkpoint, key, &name, class_name) {
            None => Err(Layout::Absent { file: name.clone() }),
            Some(range) => self.check_size(checkpoint, &name, range, len),
        };
        if let (Ok(range), Some([_, offset, count])) = (&place, view.first().and_then(|view| pickle.sequence(*view))) {
            place = part(checkpoint, &name, *range, bytes(*offset), bytes(*count));
        }
        if number.is_none() && !untyped {
            let message =
                format!("The storage's type {:?} is not known here; its tensors cannot be read.", quoted(&class.name));
            checkpoint.note(Note::warning(message).about(name));
        }
        Ok(Some(Storage { dtype, place, device }))
    }

    /// A text that many storages have, such as the name of a device, kept once for all.
    pub(super) fn shared(&mut self, text: &str) -> Rc<str> {
        if let Some(known) = self.shared.get(text) {
            return known.clone();
        }
        let kept: Rc<str> = text.into();
        self.shared.insert(kept.clone());
        kept
    }

    /// The bytes of a record; told once if they are missing or used under two types.
    fn record(&mut self, checkpoint: &mut Checkpoint, key: String, name: &str, class: Rc<str>) -> Option<ByteRange> {
        if let Some(known) = self.known.get_mut(&key) {
            if known.class != class && !known.told {
                let message = format!("The record is used as {} and as {}.", quoted(&known.class), quoted(&class));
                checkpoint.note(Note::warning(message).about(name));
                known.told = true;
            }
            return known.range;
        }
        let range = self.records.find(checkpoint, &key, name);
        if range.is_none() {
            let message = format!(
                "The record {:?} is not in the file; the tensors on this storage cannot be shown.",
                quoted(name)
            );
            checkpoint.note(Note::warning(message).about(name));
        }
        self.known.insert(key, Known { range, class, told: false });
        range
    }

    /// The bytes of a record, which must be as many as the storage is said to have.
    fn check_size(
        &self,
        checkpoint: &mut Checkpoint,
        name: &str,
        range: ByteRange,
        bytes: u64,
    ) -> Result<ByteRange, Layout> {
        let size = range.len;
        if size < bytes {
            let why = format!("The storage is said to have {bytes} bytes, the record {:?} has {size}.", quoted(name));
            checkpoint.note(Note::warning(&why).about(name));
            return Err(Layout::Unreadable { why });
        }
        if size > bytes && self.records.exact() {
            let message = format!("The record {:?} has {size} bytes, the storage only {bytes}.", quoted(name));
            checkpoint.note(Note::warning(message).about(name));
        }
        Ok(ByteRange { len: bytes, ..range })
    }
}

/// A storage's key: text as short as names of records are, in packages a number, for Python 2 bytes.
fn key_text(pickle: &Pickle, id: Id) -> Option<String> {
    match pickle.node(id) {
        Node::Int(number) => Some(number.to_string()),
        _ => pickle.short(id),
    }
}

/// A part of a storage, in bytes.
fn part(
    checkpoint: &mut Checkpoint,
    name: &str,
    whole: ByteRange,
    offset: Option<u64>,
    len: Option<u64>,
) -> Result<ByteRange, Layout> {
    let inside = offset.zip(len).filter(|(offset, len)| offset.checked_add(*len).is_some_and(|end| end <= whole.len));
    let Some((offset, len)) = inside else {
        let why = format!("A view of the storage {:?} reaches past its {} bytes.", quoted(name), whole.len);
        checkpoint.note(Note::warning(&why).about(name));
        return Err(Layout::Unreadable { why });
    };
    Ok(ByteRange { offset: whole.offset + offset, len, ..whole })
}

/// The type that `torch.float32` and its kin name.
pub(super) fn named_dtype(pickle: &Pickle, id: Id) -> Option<Number> {
    let global = pickle.global(id)?;
    (global.module == "torch").then(|| dtypes::of_name(&global.name)).flatten()
}
