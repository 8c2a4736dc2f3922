//! PyTorch's zip format, which `torch.save` has written since version 1.6.
//!
//! | record | what |
//! | --- | --- |
//! | `<root>/data.pkl` | a pickle of whatever was saved, storages as persistent ids |
//! | `<root>/data/<key>` | the bytes of one storage |
//! | `<root>/byteorder` | `little` or `big`; without it little |
//! | `<root>/version` | the version of the format |
//!
//! Source: `torch/serialization.py`, `torch/_utils.py`.

mod dtypes;
mod rebuild;
mod storage;

use super::{Candidate, Format, names};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteOrder, Checkpoint, Note};
use crate::source::{Files, ReadAt};
use crate::wire::pickle::arrays::NumpyArray;
use crate::wire::pickle::{Id, Pickle, Walk, run, walk};
use crate::wire::zip::{Archive, Entry};
use std::rc::Rc;
use storage::Storages;

pub(super) const FORMAT: Format = Format {
    id: "pytorch-zip",
    label: "PyTorch",
    extensions: &["pt", "pth", "bin", "ckpt", "pth.tar"],
    reads: "state dicts, nested checkpoints, views and tied weights, all dtypes; the pickle is never run",
    probe,
    open,
};

const PICKLE: &str = "data.pkl";

fn probe(file: &Candidate<'_>) -> bool {
    file.archive().is_some_and(|archive| archive.entries.iter().any(|entry| root_of(&entry.name).is_some()))
}

/// The root folder, with its slash, of an archive whose pickle has this name.
fn root_of(name: &str) -> Option<&str> {
    let root = name.strip_suffix(PICKLE)?;
    let folder = root.strip_suffix('/')?;
    (!folder.is_empty() && !folder.contains('/')).then_some(root)
}

/// The archive and the names in it.
struct Saved<'a> {
    source: &'a Rc<dyn ReadAt>,
    archive: &'a Archive,
    root: &'a str,
}

impl Saved<'_> {
    fn record(&self, name: &str) -> Option<&Rc<Entry>> {
        self.archive.find(&format!("{}{name}", self.root))
    }

    /// A short record as text.
    fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(entry) = self.record(name) else { return Ok(None) };
        let bytes = entry.read_all(self.source, 4096)?;
        Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
    }
}

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let archive = lead.require_archive()?;
    let roots: Vec<&str> = archive.entries.iter().filter_map(|entry| root_of(&entry.name)).collect();
    let root = match roots.as_slice() {
        [only] => *only,
        [] => {
            return Err(Error::malformed(
                "The zip archive has no data.pkl in a folder of its own; it was not written by torch.save, or not whole.",
            ));
        }
        several => {
            let list: Vec<String> = several.iter().map(|root| format!("{root}{PICKLE}")).collect();
            return Err(Error::malformed(format!(
                "The zip archive has more than one data.pkl: {}.",
                quoted(&list.join(", "))
            )));
        }
    };
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&given.name, given.source.clone());
    let saved = Saved { source: &given.source, archive, root };
    let order = byte_order(&saved)?;
    checkpoint.producer = Some(producer(&saved, &mut checkpoint.notes)?);
    let stream = saved.record(PICKLE).expect("it gave the root").read_all(&given.source, limits::METADATA_RECORD)?;
    let pickle = run(&stream);
    names::note(&mut checkpoint, &pickle, PICKLE);
    let top = pickle.root_or_problem().map_err(|error| error.in_file(&format!("{root}{PICKLE}")))?;
    let storages = Storages::new(&saved, file, order);
    fill(&mut checkpoint, &pickle, top, storages)?;
    note_archive(&mut checkpoint, &saved)?;
    Ok(checkpoint)
}

fn byte_order(saved: &Saved<'_>) -> Result<ByteOrder> {
    match saved.text("byteorder")?.as_deref() {
        None | Some("little") => Ok(ByteOrder::Little),
        Some("big") => Ok(ByteOrder::Big),
        Some(other) => {
            Err(Error::malformed(format!("The record byteorder says {:?}; it must be little or big.", quoted(other))))
        }
    }
}

fn producer(saved: &Saved<'_>, notes: &mut Vec<Note>) -> Result<String> {
    let version = saved.text("version")?;
    if version.as_ref().is_some_and(|version| version.parse::<u32>().is_err()) {
        let message = format!(
            "The record version says {:?}, which is no version of the format.",
            quoted(version.as_deref().unwrap_or_default())
        );
        notes.push(Note::warning(message));
    }
    Ok(version.map_or("torch.save".to_owned(), |version| format!("torch.save, zip format {}", quoted(&version))))
}

/// Sorts what the pickle holds into tensors and other values.
fn fill(checkpoint: &mut Checkpoint, pickle: &Pickle<'_>, top: Id, mut storages: Storages<'_, '_>) -> Result<()> {
    let mut walk =
        Walk::new(pickle, top, |pickle, id| rebuild::is_tensor(pickle, id) || NumpyArray::of(pickle, id).is_some());
    for leaf in walk.by_ref() {
        let name = walk::dotted(&leaf.path);
        if rebuild::is_tensor(pickle, leaf.id) {
            let mut tensor = rebuild::tensor(checkpoint, pickle, &mut storages, leaf.id, name)?;
            tensor.path = leaf.path;
            checkpoint.tensors.push(tensor);
        } else if let Some(array) = NumpyArray::of(pickle, leaf.id) {
            let message =
                format!("A NumPy array of shape {:?} is kept inside the pickle; it is not shown.", array.shape);
            checkpoint.note(Note::info(message).about(name));
        } else if checkpoint.metadata.len() < limits::METADATA_ENTRIES {
            checkpoint.metadata.push((name, walk::value(pickle, leaf.id)));
        }
    }
    if walk.capped {
        let message = "The pickle's containers share so much that not all ways through them are shown.";
        checkpoint.note(Note::warning(message));
    }
    if checkpoint.metadata.len() == limits::METADATA_ENTRIES {
        let message = format!("Only the first {} values beside the tensors are listed.", limits::METADATA_ENTRIES);
        checkpoint.note(Note::info(message));
    }
    for key in walk.duplicates {
        let message = format!(
            "A dictionary has the duplicate key {:?}; its last value is shown, as Python has it.",
            quoted(&key)
        );
        checkpoint.note(Note::warning(message).about(key));
    }
    Ok(())
}

/// What is odd about the archive around it.
fn note_archive(checkpoint: &mut Checkpoint, saved: &Saved<'_>) -> Result<()> {
    for note in saved.archive.notes.iter().cloned().chain(saved.archive.check_small(saved.source)?) {
        checkpoint.note(note);
    }
    let foreign = |entry: &&Rc<Entry>| {
        let inside = entry.name.strip_prefix(saved.root);
        inside.is_none_or(|inside| inside.contains("..") || inside.contains(['<', '\\', '\0']))
    };
    for entry in saved.archive.entries.iter().filter(foreign) {
        let message = format!("The record {:?} is not one of torch.save's; it is not used.", quoted(&entry.name));
        checkpoint.note(Note::warning(message).about(&entry.name));
    }
    Ok(())
}
