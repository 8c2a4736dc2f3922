//! `.keras`: a zip archive with the model's config and its weights.
//!
//! | record | what |
//! | --- | --- |
//! | `metadata.json` | the version of Keras, the date |
//! | `config.json` | the model and how it was compiled |
//! | `model.weights.h5` | the weights, an HDF5 file |
//! | `assets/…` | what layers keep in files of their own, such as vocabularies |

use super::super::Candidate;
use super::super::hdf5::Hdf5;
use super::FORMAT;
use super::model::{Saved, fill, parse};
use super::read;
use super::store::Store;
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, Value};
use crate::source::{Files, Memory, ReadAt};
use crate::wire::zip::{Entry as Record, Method};
use std::rc::Rc;

const WEIGHTS: &str = "model.weights.h5";
const NPZ: &str = "model.weights.npz";
const CONFIG: &str = "config.json";
const METADATA: &str = "metadata.json";

pub(super) fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let archive = lead.require_archive()?;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let id = checkpoint.files.add(&given.name, given.source.clone());
    for note in archive.notes.iter().cloned() {
        checkpoint.note(note);
    }
    let Some(weights) = archive.find(WEIGHTS) else {
        return Err(match archive.find(NPZ) {
            Some(_) => Error::unsupported(format!(
                "The weights are in {NPZ}, which is not read here; unpack the archive and open that file."
            )),
            None => Error::malformed(format!(
                "The archive has no {WEIGHTS}: the model's weights are missing; it may have been put together by hand."
            )),
        });
    };
    let read = |name: &str| {
        archive.find(name).map(|entry| entry.read_all(&given.source, most(entry, limits::PICKLE_INFLATED)))
    };
    let mut saved = Saved::default();
    if let Some(metadata) = told(&mut checkpoint, METADATA, read(METADATA)) {
        for (key, value) in metadata.as_object().into_iter().flatten() {
            checkpoint.metadata.push(Entry::plain(key, Value::from_json(value.clone())));
        }
        saved.version = metadata["keras_version"].as_str().map(str::to_owned);
    }
    saved.config = told(&mut checkpoint, CONFIG, read(CONFIG));
    saved.training = saved.config.as_ref().and_then(|config| config.get("compile_config")).cloned();
    for asset in &archive.entries {
        if let Some(name) = asset.name.strip_prefix("assets/") {
            let path = vec![Key::Text("assets".into()), Key::Text(name.into())];
            let value = Value::Text(format!("{} bytes", asset.size));
            checkpoint.metadata.push(Entry { path, kind: "".into(), value });
        }
    }
    let source: Rc<dyn ReadAt> = match weights.method {
        Method::Stored => weights.open(&given.source),
        // Its structures are all over it: inflated once, it is kept.
        Method::Deflated => {
            let bytes = weights.read_all(&given.source, most(weights, limits::UNPACKED_SMALL).min(limits::UNPACKED))?;
            Rc::new(Memory::new(bytes))
        }
    };
    let part = checkpoint.files.add_part(id, WEIGHTS, source);
    let mut store = Store::new();
    let opened = Hdf5::open(&checkpoint.files.get(part).source).and_then(|hdf5| match hdf5.file.cut() {
        // The archive around it is whole, so this is what was put in.
        Some(cut) => Err(cut),
        None => read::add(&mut store, &mut checkpoint, files, (part, &hdf5)),
    });
    opened.map_err(|error| error.in_file(WEIGHTS))?;
    fill(&mut checkpoint, store, &saved);
    for note in archive.check_small(&given.source)? {
        checkpoint.note(note);
    }
    Ok(checkpoint)
}

/// What a record may inflate to.
fn most(entry: &Record, small: u64) -> u64 {
    entry.packed.saturating_mul(limits::PICKLE_RATIO).saturating_add(small)
}

/// A record of JSON; what is wrong with it is told.
fn told(checkpoint: &mut Checkpoint, name: &str, read: Option<Result<Vec<u8>>>) -> Option<serde_json::Value> {
    match read {
        Some(Ok(text)) => parse(checkpoint, name, &text),
        Some(Err(error)) => {
            checkpoint.note(Note::from(&error.in_file(name)));
            None
        }
        None => {
            let message = format!("The archive has no {:?}; the weights are shown without it.", quoted(name));
            checkpoint.note(Note::warning(message));
            None
        }
    }
}
