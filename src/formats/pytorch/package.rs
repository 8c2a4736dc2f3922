//! `torch.package`: pickles among code, in a zip archive.
//!
//! | record | what |
//! | --- | --- |
//! | `<root>/<package>/<resource>.pkl` | a pickle |
//! | `<root>/.data/<key>.storage` | the bytes of one storage of any of them |
//! | `<root>/.data/extern_modules` | the modules that the code expects to be there |
//!
//! Source: `torch/package/package_exporter.py`.

use super::super::referred::Loader;
use super::super::{Candidate, Format};
use super::archive::{Reading, Saved, unscripted};
use crate::error::{Error, Result};
use crate::model::{Checkpoint, Key, Note};
use crate::source::Files;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "torch-package",
    label: "torch.package",
    extensions: &["pt"],
    reads: "the tensors and values of its pickles; its code is not run",
    probe: |file| root(file).is_some(),
    open,
};

const MARK: &str = ".data/extern_modules";

/// The root folder, with its slash.
fn root(file: &Candidate<'_>) -> Option<String> {
    let archive = file.archive()?;
    let roots = archive.entries.iter().filter_map(|entry| entry.name.strip_suffix(MARK));
    let mut roots = roots.filter(|root| root.strip_suffix('/').is_some_and(|folder| !folder.contains('/')));
    roots.next().map(str::to_owned)
}

/// The most pickles of one package that are read.
const PICKLES: usize = 200;

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let archive = lead.require_archive()?;
    let root = root(lead).ok_or_else(|| Error::malformed("The zip archive is not one of torch.package."))?;
    let saved = Saved { source: &given.source, archive, root: &root };
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&given.name, given.source.clone());
    let python = saved.text(".data/python_version")?;
    checkpoint.producer =
        Some(python.map_or("torch.package".to_owned(), |python| format!("torch.package, Python {python}")));
    let records = archive.entries.iter().filter_map(|entry| entry.name.strip_prefix(&root));
    let pickles: Vec<&str> = records
        .filter(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "pkl") && !name.starts_with(".data/"))
        .collect();
    if pickles.len() > PICKLES {
        let message = format!("It has {} pickles; the first {PICKLES} are read.", pickles.len());
        checkpoint.note(Note::warning(message));
    }
    for record in pickles.iter().take(PICKLES) {
        // The names of one pickle need no prefix to tell them apart.
        let prefix = if pickles.len() > 1 { vec![Key::Shown((*record).into())] } else { Vec::new() };
        let reading = Reading {
            file,
            record,
            storages: (".data/", ".storage"),
            prefix: &prefix,
            registered: unscripted(),
            loader: Loader::Other,
            one_of_many: false,
        };
        if let Err(error) = saved.fill(&mut checkpoint, &reading) {
            checkpoint.note(Note::from(&error));
        }
    }
    saved.note_oddities(&mut checkpoint)?;
    Ok(checkpoint)
}
