//! Models in several files of `torch.save`, as transformers writes them: `pytorch_model.bin.index.json`, or numbered names alone.

use super::super::shards::Shards;
use super::super::{Candidate, Format};
use crate::error::Result;
use crate::model::{Checkpoint, Note};
use crate::source::{File, Files};

pub(in crate::formats) const FORMAT: Format = Format {
    id: SHARDS.format,
    label: "sharded PyTorch",
    extensions: &["bin.index.json"],
    reads: "an index with its files, or files by their numbered names; missing ones are named",
    probe: |file| SHARDS.probe(file),
    open: |files, lead| SHARDS.open(files, lead),
};

pub(super) const SHARDS: Shards =
    Shards { format: "pytorch-sharded", index: "bin.index.json", ending: ".bin", add: add_shard };

/// Adds what one file holds: an archive, or a stream of before 1.6.
fn add_shard(model: &mut Checkpoint, file: &File) -> Result<()> {
    let mut alone = Files::new();
    let id = alone.add(&file.name, file.source.clone());
    let candidate = Candidate::new(id, file)?;
    let (pickles, notes) = (model.pickles.len(), model.notes.len());
    if super::legacy::is_one(&candidate) {
        super::legacy::add(model, file)?;
    } else {
        super::add(model, file, candidate.require_archive()?)?;
    }
    // The pickles of all files have the same name.
    for pickle in &mut model.pickles[pickles..] {
        let place = format!("{}, {}", file.base_name(), pickle.place);
        let same = |note: &&mut Note| note.place.as_ref() == Some(&pickle.place);
        model.notes[notes..].iter_mut().filter(same).for_each(|note| note.place = Some(place.clone()));
        pickle.place = place;
    }
    Ok(())
}
