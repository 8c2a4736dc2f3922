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

use super::room::{self, Room};
use super::{Candidate, Format, names};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteOrder, Checkpoint, Note};
use crate::source::{Files, ReadAt};
use crate::wire::pickle::{Id, Pickle, Walk, arrays, keys, run, walk};
use crate::wire::zip::{Archive, Entry};
use rebuild::Rebuilder;
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
    let record = saved.record(PICKLE).expect("it gave the root");
    let most = record.packed.saturating_mul(limits::PICKLE_RATIO).saturating_add(limits::PICKLE_INFLATED);
    let stream = record.read_all(&given.source, most.min(limits::METADATA_RECORD))?;
    let pickle = run(&stream);
    names::note(&mut checkpoint, &pickle, PICKLE);
    let top = pickle
        .root_or_problem()
        .map_err(|error| names::with_those_found(error, &pickle).in_file(&format!("{root}{PICKLE}")))?;
    if pickle.end < stream.len() {
        let message = format!(
            "{} bytes follow the end of the pickle; PyTorch does not read them, and they are not read here.",
            stream.len() - pickle.end
        );
        checkpoint.note(Note::warning(message).about(PICKLE));
    }
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
fn fill(checkpoint: &mut Checkpoint, pickle: &Pickle<'_>, top: Id, storages: Storages<'_, '_>) -> Result<()> {
    let mut rebuilder = Rebuilder::new(checkpoint, pickle, storages);
    let mut walk = Walk::new(pickle, top, |pickle, id| rebuild::is_tensor(pickle, id) || arrays::is_array(pickle, id));
    let mut room = Room::new(pickle.stream);
    rebuilder.reserve(room.tensors());
    let (mut tensors, mut values) = (0, 0);
    while let Some(leaf) = walk.next_leaf() {
        if rebuild::is_tensor(pickle, leaf) {
            if room.take_tensor(walk.path()) {
                let tensor = rebuilder.tensor(leaf, walk.path())?;
                room.take(tensor.shape.len() * 16 + tensor.device.as_ref().map_or(0, String::len));
                rebuilder.checkpoint.tensors.push(tensor);
            } else {
                tensors += 1;
            }
        } else if arrays::is_array(pickle, leaf) {
            let message = "A NumPy array is kept inside the pickle; it is not shown.";
            rebuilder.checkpoint.note(Note::info(message).about(walk::dotted(walk.path())));
        } else if rebuilder.checkpoint.metadata.len() < limits::METADATA_ENTRIES
            && room.take(room::path_size(walk.path()) + pickle.text_len(leaf))
        {
            rebuilder.checkpoint.metadata.push((walk::dotted(walk.path()), keys::value(pickle, leaf)));
        } else {
            values += 1;
        }
    }
    let beside = if walk.capped || tensors > 0 { 0 } else { rebuilder.not_reached() };
    note_left_out(checkpoint, &walk, tensors, values, beside);
    for key in walk.duplicates.iter().take(limits::NOTES) {
        let key = keys::value(pickle, *key).to_string();
        let message = format!(
            "A dictionary has the duplicate key {:?}; its last value is shown, as Python has it.",
            quoted(&key)
        );
        checkpoint.note(Note::warning(message).about(quoted(&key)));
    }
    Ok(())
}

/// What the pickle holds and the tables do not.
fn note_left_out(checkpoint: &mut Checkpoint, walk: &Walk<'_>, tensors: u64, values: u64, beside: usize) {
    if walk.capped {
        let message = "The pickle's containers share so much that not all ways through them are shown.";
        checkpoint.note(Note::warning(message));
    }
    if walk.too_deep {
        let message =
            format!("The pickle's containers nest more than {} deep; not all is shown.", limits::PICKLE_DEPTH);
        checkpoint.note(Note::warning(message));
    }
    if tensors > 0 {
        let message =
            format!("{tensors} more names of tensors are not listed: they take many times the pickle's bytes.");
        checkpoint.note(Note::warning(message));
    }
    if beside > 0 {
        let (what, is) =
            if beside == 1 { ("tensor", "is given to an object") } else { ("tensors", "are given to objects") };
        let message =
            format!("{beside} {what} {is} that only running the pickle would make, or to nothing; not listed.");
        checkpoint.note(Note::warning(message));
    }
    if values > 0 {
        checkpoint.note(Note::info(format!("{values} more values beside the tensors are not listed.")));
    }
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
