//! An archive that `torch.save` wrote, and its records.

use super::super::contents::{self, Place};
use super::super::referred::{self, Loader};
use super::rebuild::Rebuilder;
use super::storage::{Records, Storages};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteOrder, ByteRange, Checkpoint, Key, Note};
use crate::source::{FileId, ReadAt};
use crate::wire::pickle::modules::Registered;
use crate::wire::pickle::run;
use crate::wire::zip::{Archive, Entry};
use std::collections::HashMap;
use std::rc::Rc;

pub(super) const PICKLE: &str = "data.pkl";

/// An archive and the names in it.
pub(super) struct Saved<'a> {
    pub source: &'a Rc<dyn ReadAt>,
    pub archive: &'a Archive,
    /// The folder that all records are in, with its slash.
    pub root: &'a str,
}

/// What a pickle of an archive is read with.
pub(super) struct Reading<'a> {
    /// The archive's file.
    pub file: FileId,
    /// The pickle's record, below the root.
    pub record: &'a str,
    /// What stands before and behind a storage's key in the name of its record, below the root.
    pub storages: (&'a str, &'a str),
    /// What the keys of all it holds begin with.
    pub prefix: &'a [Key],
    /// What the code of scripted classes says of them.
    pub registered: &'a HashMap<String, Registered>,
    /// Who reads it in Python.
    pub loader: Loader,
    /// Whether the pickle is one of many like it, which is reported only if it refers to more than PyTorch's own names.
    pub one_of_many: bool,
}

impl Saved<'_> {
    pub fn record(&self, name: &str) -> Option<&Rc<Entry>> {
        self.archive.find(&format!("{}{name}", self.root))
    }

    /// A short record as text.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(entry) = self.record(name) else { return Ok(None) };
        let bytes = entry.read_all(self.source, 4096)?;
        Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
    }

    pub fn byte_order(&self) -> Result<ByteOrder> {
        match self.text("byteorder")?.as_deref() {
            None | Some("little") => Ok(ByteOrder::Little),
            Some("big") => Ok(ByteOrder::Big),
            Some(other) => Err(Error::malformed(format!(
                "The record byteorder says {:?}; it must be little or big.",
                quoted(other)
            ))),
        }
    }

    /// What wrote it, as far as the records say.
    pub fn producer(&self, notes: &mut Vec<Note>, by: &str) -> Result<String> {
        let version = self.text("version")?;
        if version.as_ref().is_some_and(|version| version.parse::<u32>().is_err()) {
            let message = format!(
                "The record version says {:?}, which is no version of the format.",
                quoted(version.as_deref().unwrap_or_default())
            );
            notes.push(Note::warning(message));
        }
        Ok(version.map_or(by.to_owned(), |version| format!("{by}, zip format {}", quoted(&version))))
    }

    /// A record whole, its inflated size bounded by its packed one.
    pub fn read(&self, record: &Rc<Entry>) -> Result<Vec<u8>> {
        let most = record.packed.saturating_mul(limits::PICKLE_RATIO).saturating_add(limits::PICKLE_INFLATED);
        record.read_all(self.source, most.min(limits::METADATA_RECORD))
    }

    /// Adds what a pickle of the archive holds.
    ///
    /// # Errors
    ///
    /// As [`contents::fill`]; `Malformed` if the record is missing or the pickle breaks off.
    pub fn fill(&self, checkpoint: &mut Checkpoint, reading: &Reading<'_>) -> Result<()> {
        let name = format!("{}{}", self.root, reading.record);
        let record = self
            .archive
            .find(&name)
            .ok_or_else(|| Error::malformed(format!("The zip archive has no record {:?}.", quoted(&name))))?;
        let pickle = run(self.read(record)?);
        let home = checkpoint.files.add_part(reading.file, &name, record.open(self.source));
        let source = checkpoint.files.get(home).source.clone();
        if !reading.one_of_many || referred::is_odd(&pickle) {
            referred::add(checkpoint, &pickle, &*source, 0, reading.record, reading.loader);
        }
        let Some(top) = referred::root(checkpoint, &pickle, &name)? else { return Ok(()) };
        referred::add_rest(checkpoint, &pickle, reading.record);
        let records = ZipRecords { saved: self, file: reading.file, storages: reading.storages };
        let mut rebuilder = Rebuilder::new(Storages::new(records, self.byte_order()?), (home, 0));
        let place =
            Place { file: home, base: 0, prefix: reading.prefix, registered: reading.registered, attributes: false };
        contents::fill(checkpoint, &pickle, top, &mut rebuilder, &place)
    }

    /// Notes what is odd about the archive.
    pub fn note_oddities(&self, checkpoint: &mut Checkpoint) -> Result<()> {
        for note in self.archive.notes.iter().cloned().chain(self.archive.check_small(self.source)?) {
            checkpoint.note(note);
        }
        let foreign = |entry: &&Rc<Entry>| {
            let inside = entry.name.strip_prefix(self.root);
            inside.is_none_or(|inside| inside.contains("..") || inside.contains(['<', '\\', '\0']))
        };
        for entry in self.archive.entries.iter().filter(foreign) {
            let message = format!("The record {:?} is not one of torch.save's; it is not used.", quoted(&entry.name));
            checkpoint.note(Note::warning(message).about(&entry.name));
        }
        Ok(())
    }
}

/// The storages of an archive: a record each.
pub(super) struct ZipRecords<'a> {
    pub saved: &'a Saved<'a>,
    pub file: FileId,
    pub storages: (&'a str, &'a str),
}

impl Records for ZipRecords<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}{}{key}{}", self.saved.root, self.storages.0, self.storages.1)
    }

    fn find(&mut self, checkpoint: &mut Checkpoint, _: &str, name: &str) -> Option<ByteRange> {
        let entry = self.saved.archive.find(name)?;
        let part = checkpoint.files.add_part(self.file, name, entry.open(self.saved.source));
        Some(ByteRange { file: part, offset: 0, len: entry.size })
    }
}

/// What the pickles of plain checkpoints are told of scripted classes: nothing.
pub(super) fn unscripted() -> &'static HashMap<String, Registered> {
    static NONE: std::sync::LazyLock<HashMap<String, Registered>> = std::sync::LazyLock::new(HashMap::new);
    &NONE
}

/// Adds what a file inside another one holds, an archive of `torch.save` itself, below these keys.
///
/// # Errors
///
/// As [`Saved::fill`].
pub(super) fn add_nested(checkpoint: &mut Checkpoint, part: FileId, prefix: &[Key]) -> Result<()> {
    let inner = checkpoint.files.get(part);
    let (source, name) = (inner.source.clone(), inner.name.clone());
    let archive = Archive::read(&source).map_err(|error| error.in_file(&name))?;
    let saved = Saved { source: &source, archive: &archive, root: super::only_root(&archive)? };
    let reading = Reading {
        file: part,
        record: PICKLE,
        storages: ("data/", ""),
        prefix,
        registered: unscripted(),
        loader: Loader::Torch,
        one_of_many: true,
    };
    saved.fill(checkpoint, &reading).map_err(|error| error.in_file(&name))
}
