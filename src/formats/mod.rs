//! The formats that are read: one table, [`FORMATS`].
//!
//! A format is a record of facts and two functions: `probe` looks at a file and says whether it is one, `open` reads its
//! headers. Adding one touches its own file and one line of the table; see `docs/adding-a-format.md`.

#[cfg(not(target_arch = "wasm32"))]
mod beside;
mod candidate;
mod contents;
mod graphdef;
mod hdf5;
mod keras;
mod lookalikes;
mod names;
mod numpy;
mod others;
mod pairs;
mod pickles;
mod pytorch;
mod referred;
mod room;
mod safetensors;
mod shards;
mod tensorflow;
mod tflite;

#[cfg(not(target_arch = "wasm32"))]
pub use beside::open_paths;
pub use candidate::Candidate;

use crate::error::{Error, Result};
use crate::model::{Checkpoint, Note};
use crate::source::Files;

/// What the crate knows about one format.
#[derive(Clone, Copy)]
pub struct Format {
    /// The report's `format.id`.
    pub id: &'static str,
    /// Its name on the page.
    pub label: &'static str,
    /// File name endings without the leading dot, lower case. Only asked where no content is recognised.
    pub extensions: &'static [&'static str],
    /// What is read of it, in half a sentence: a row of the README's table.
    pub reads: &'static str,
    /// Whether a file is one, judged by its content.
    pub probe: fn(&Candidate<'_>) -> bool,
    /// Reads the headers of the file and of those others that belong to it, and no element.
    pub open: fn(&Files, &Candidate<'_>) -> Result<Checkpoint>,
}

/// A format that is left to the whole build: what a page begins with knows it by its facts only, and has no code of its reader.
const fn later(format: Format) -> Format {
    if cfg!(feature = "whole") { format } else { Format { open: elsewhere, ..format } }
}

fn elsewhere(_: &Files, _: &Candidate<'_>) -> Result<Checkpoint> {
    Err(Error::elsewhere())
}

/// All formats. Where several recognise a file the first one has it.
pub const FORMATS: &[&Format] = &[
    &safetensors::SHARDED,
    &safetensors::FORMAT,
    &pytorch::SHARDED,
    &later(pytorch::DISTRIBUTED),
    &pytorch::SCRIPT,
    &pytorch::FORMAT,
    &later(pytorch::PACKAGE),
    &later(pytorch::EXPORT),
    &pytorch::LEGACY,
    &later(pytorch::TAR),
    &numpy::NPY,
    &numpy::NPZ,
    &later(tensorflow::SAVED_MODEL),
    &later(tensorflow::CHECKPOINT),
    &later(tensorflow::V1),
    &pickles::FORMAT,
    &pickles::JOBLIB,
    &later(keras::SHARDED),
    &later(keras::FORMAT),
    &later(keras::FORMAT_H5),
    &later(keras::FORMAT_WEIGHTS),
    &later(hdf5::FORMAT),
    &later(tflite::FORMAT),
    &later(graphdef::FORMAT),
];

/// The format with this id.
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.id == id)
}

/// Opens what a person gave: one file, the shards of one model, or a folder. Reads headers only.
///
/// Of several checkpoints the one whose format comes first in [`FORMATS`] is opened, one that is recognised by its content before
/// one that only has a fitting name; a note names the others.
///
/// # Errors
///
/// `Malformed`, `Unsupported`, `TooLarge`, `Missing` or `Source`, with the file's name.
pub fn open(files: &Files) -> Result<Checkpoint> {
    let (mut best, mut refused, mut others) = (None, None, Vec::new());
    for (id, file) in files.iter() {
        match Candidate::new(id, file).and_then(recognise) {
            Ok((found, candidate)) => {
                others.push(&file.name);
                if best.as_ref().is_none_or(|(best, _)| found < *best) {
                    best = Some((found, candidate));
                }
            }
            Err(error) => refused = refused.or(Some(error.in_file(&file.name))),
        }
    }
    let Some(((_, rank), lead)) = best else {
        return Err(refused.unwrap_or_else(|| Error::missing("There is no file to open.")));
    };
    let mut checkpoint = (FORMATS[rank].open)(files, &lead).map_err(|error| error.in_file(&lead.file.name))?;
    for name in others {
        if !checkpoint.files.iter().any(|(_, used)| used.part_of.is_none() && used.name == *name) {
            checkpoint.note(Note::info("Another checkpoint was given too; it is not part of this one.").about(name));
        }
    }
    Ok(checkpoint)
}

/// How a file was recognised. In this order: the lesser is the surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Content,
    Name,
}

/// By what the format of a file was recognised, and its position in [`FORMATS`].
fn recognise(candidate: Candidate<'_>) -> Result<((By, usize), Candidate<'_>)> {
    if let Some(rank) = FORMATS.iter().position(|format| (format.probe)(&candidate)) {
        return Ok(((By::Content, rank), candidate));
    }
    let by_name = FORMATS.iter().position(|format| candidate.has_extension(format.extensions));
    match (lookalikes::find(&candidate), candidate.broken_archive(), by_name) {
        (Some(lookalike), _, _) => Err(lookalike),
        (None, Some(broken), _) => Err(broken.clone()),
        (None, None, Some(rank)) => Ok(((By::Name, rank), candidate)),
        (None, None, None) => Err(Error::unsupported(format!(
            "The file is in none of the formats that are read here: {}.",
            FORMATS.iter().map(|format| format.label).collect::<Vec<_>>().join(", ")
        ))),
    }
}
