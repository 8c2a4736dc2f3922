//! What PyTorch saves.
//!
//! | file | what |
//! | --- | --- |
//! | [`FORMAT`] | the zip archive of `torch.save` since version 1.6 |
//! | [`SCRIPT`] | the same with code: TorchScript |
//! | [`EXPORT`] | `torch.export`: tensors by a JSON text |
//! | [`PACKAGE`] | `torch.package`: pickles among code |
//! | [`LEGACY`], [`TAR`] | the streams of before 1.6, and the tar archives of before 0.1.10 |
//! | [`SHARDED`] | `pytorch_model.bin.index.json` and its files |
//! | [`DISTRIBUTED`] | `torch.distributed.checkpoint`: `.metadata` and `.distcp` files |
//!
//! An archive of `torch.save`:
//!
//! | record | what |
//! | --- | --- |
//! | `<root>/data.pkl` | a pickle of whatever was saved, storages as persistent ids |
//! | `<root>/data/<key>` | the bytes of one storage |
//! | `<root>/byteorder` | `little` or `big`; without it little |
//! | `<root>/version` | the version of the format |
//!
//! Source: `torch/serialization.py`, `torch/_utils.py`.

mod archive;
mod boxed;
mod compound;
mod distributed;
mod dtypes;
mod export;
mod legacy;
mod package;
mod rebuild;
mod script;
mod sharded;
mod storage;
mod tar;
mod views;

pub(super) use distributed::FORMAT as DISTRIBUTED;
pub(super) use export::FORMAT as EXPORT;
pub(super) use legacy::FORMAT as LEGACY;
pub(super) use package::FORMAT as PACKAGE;
pub(super) use script::FORMAT as SCRIPT;
pub(super) use sharded::FORMAT as SHARDED;
pub(super) use tar::FORMAT as TAR;

use super::referred::Loader;
use super::{Candidate, Format};
use crate::error::{Error, Result, quoted};
use crate::model::Checkpoint;
use crate::source::{File, Files};
use crate::wire::zip::Archive;
use archive::{PICKLE, Reading, Saved, unscripted};

pub(super) const FORMAT: Format = Format {
    id: "pytorch-zip",
    label: "PyTorch",
    extensions: &["pt", "pth", "bin", "ckpt", "pth.tar"],
    reads: "state dicts, whole modules, nested checkpoints, views and tied weights, quantised, sparse and nested tensors, all dtypes; the pickle is never run",
    probe,
    open,
};

fn probe(file: &Candidate<'_>) -> bool {
    file.archive().is_some_and(|archive| archive.entries.iter().any(|entry| root_of(&entry.name).is_some()))
}

/// The root folder, with its slash, of an archive whose pickle has this name.
fn root_of(name: &str) -> Option<&str> {
    let root = name.strip_suffix(PICKLE)?;
    let folder = root.strip_suffix('/')?;
    (!folder.is_empty() && !folder.contains('/')).then_some(root)
}

/// The root folder of an archive that has just one pickle.
fn only_root(archive: &Archive) -> Result<&str> {
    let roots: Vec<&str> = archive.entries.iter().filter_map(|entry| root_of(&entry.name)).collect();
    match roots.as_slice() {
        [only] => Ok(only),
        [] => Err(Error::malformed(
            "The zip archive has no data.pkl in a folder of its own; it was not written by torch.save, or not whole.",
        )),
        several => {
            let list: Vec<String> = several.iter().map(|root| format!("{root}{PICKLE}")).collect();
            Err(Error::malformed(format!("The zip archive has more than one data.pkl: {}.", quoted(&list.join(", ")))))
        }
    }
}

fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    if let Some(set) = sharded::SHARDS.siblings(files, lead.file).filter(|set| set.len() > 1) {
        return sharded::SHARDS.open_numbered(&set);
    }
    if lead.has_extension(&["distcp"]) {
        return Err(Error::missing(
            "The file is a part of a distributed checkpoint, whose file .metadata was not given: many file dialogs hide it. Drop or choose the whole folder.",
        ));
    }
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    add(&mut checkpoint, lead.file, lead.require_archive()?)?;
    Ok(checkpoint)
}

/// Adds what one archive of `torch.save` holds.
fn add(checkpoint: &mut Checkpoint, given: &File, archive: &Archive) -> Result<()> {
    let root = only_root(archive)?;
    let file = checkpoint.files.add(&given.name, given.source.clone());
    let saved = Saved { source: &given.source, archive, root };
    checkpoint.producer = Some(saved.producer(&mut checkpoint.notes, "torch.save")?);
    let reading = Reading {
        file,
        record: PICKLE,
        storages: ("data/", ""),
        prefix: &[],
        registered: unscripted(),
        loader: Loader::Torch,
        one_of_many: false,
    };
    saved.fill(checkpoint, &reading)?;
    saved.note_oddities(checkpoint)
}
