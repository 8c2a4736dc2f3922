//! Archives of arrays, as `numpy.savez` and `numpy.savez_compressed` write them.

use super::super::{Candidate, Format};
use super::array;
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Note};
use crate::source::Files;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "npz",
    label: "NumPy archive",
    extensions: &["npz"],
    reads: "stored and deflated arrays",
    probe,
    open,
};

fn probe(file: &Candidate<'_>) -> bool {
    file.archive().is_some_and(|archive| archive.entries.iter().any(|entry| is_array(&entry.name)))
}

fn is_array(name: &str) -> bool {
    name.strip_suffix(".npy").is_some()
}

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let archive = lead.require_archive()?;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let id = checkpoint.files.add(&given.name, given.source.clone());
    for note in archive.check_small(&given.source)? {
        checkpoint.note(note);
    }
    for entry in &archive.entries {
        let Some(name) = entry.name.strip_suffix(".npy") else {
            let message = format!("{:?} in the archive is not an array; it is not opened.", quoted(&entry.name));
            checkpoint.note(Note::info(message).about(&entry.name));
            continue;
        };
        if checkpoint.tensors.len() == limits::MEMBERS {
            checkpoint.note(Note::warning(format!("Only the first {} arrays are shown.", limits::MEMBERS)));
            break;
        }
        let part = checkpoint.files.add_part(id, &entry.name, entry.open(&given.source));
        if let Err(error) = array::add(&mut checkpoint, part, name) {
            checkpoint.note(Note::from(&error.in_file(name)));
        }
    }
    for note in &archive.notes {
        checkpoint.note(note.clone());
    }
    Ok(checkpoint)
}
