//! Models in several files: by an index, or by their numbered names alone.

mod index;

use super::pairs::Pairs;
use super::{Candidate, lookalikes};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Note, Tensor};
use crate::sort;
use crate::source::{File, Files};
pub(super) use index::{Index, plain_names, shard_not_given};
use std::collections::HashSet;

/// How the models of one format are cut into files.
pub(super) struct Shards {
    /// The id of the format in several files.
    pub format: &'static str,
    /// The ending of the index's name, without the leading dot.
    pub index: &'static str,
    /// The ending of the files' names.
    pub ending: &'static str,
    /// Adds what one file holds.
    pub add: fn(&mut Checkpoint, &File) -> Result<()>,
}

impl Shards {
    /// Whether a file is an index.
    pub(super) fn probe(&self, file: &Candidate<'_>) -> bool {
        file.has_extension(&[self.index]) && file.head().trim_ascii_start().starts_with(b"{")
    }

    /// Opens the files that an index names.
    ///
    /// # Errors
    ///
    /// `Malformed` or `TooLarge` for the index; as [`Shards::add`] for a file.
    pub(super) fn open(&self, files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
        let given = lead.file;
        let index: Index<String> = Index::read(given)?;
        let folder = given.folder();
        let mut model = Checkpoint::new(Files::one(&given.name, given.source.clone()), self.format);
        model.metadata.extend(index.metadata());
        let mut missing = HashSet::new();
        for (shard, count) in plain_names(index.weight_map.0.iter().map(|(_, file)| file.as_str()))? {
            match files.find(folder, shard) {
                Some(file) => self.add_shard(&mut model, file)?,
                None => {
                    missing.insert(shard);
                    model.note(shard_not_given(shard, &format!("It holds {count} of the tensors.")));
                }
            }
        }
        compare_with_index(&mut model, &index.weight_map, &missing);
        Ok(model)
    }

    /// Adds one file; metadata that another one gave too is not repeated.
    fn add_shard(&self, model: &mut Checkpoint, file: &File) -> Result<()> {
        let before = model.metadata.len();
        (self.add)(model, file).map_err(|error| what_it_is(file, error).in_file(&file.name))?;
        let new = model.metadata.split_off(before);
        for entry in new {
            if !model.metadata.contains(&entry) {
                model.metadata.push(entry);
            }
        }
        Ok(())
    }

    /// The files of the same numbered set as `lead`, in the order of their numbers; `None` if it is not one of a set.
    pub(super) fn siblings(&self, files: &Files, lead: &File) -> Option<Vec<File>> {
        let Numbered { stem, of, .. } = self.numbered(&lead.name)?;
        let mut set: Vec<(u32, File)> = files
            .iter()
            .filter_map(|(_, file)| {
                let other = self.numbered(&file.name)?;
                (other.stem == stem && other.of == of).then(|| (other.number, file.clone()))
            })
            .collect();
        sort::by_key(&mut set, |(number, _)| *number);
        Some(set.into_iter().map(|(_, file)| file).collect())
    }

    /// Opens a numbered set that came without its index.
    ///
    /// # Errors
    ///
    /// As [`Shards::add`].
    pub(super) fn open_numbered(&self, set: &[File]) -> Result<Checkpoint> {
        let mut model = Checkpoint::new(Files::new(), self.format);
        for file in set {
            self.add_shard(&mut model, file)?;
        }
        let Some(Numbered { stem, of, .. }) = set.first().and_then(|file| self.numbered(&file.name)) else {
            return Ok(model);
        };
        let there: HashSet<u32> =
            set.iter().filter_map(|file| self.numbered(&file.name)).map(|shard| shard.number).collect();
        for number in 1..=of.parse().unwrap_or(0).min(u32::try_from(limits::SHARDS).unwrap_or(u32::MAX)) {
            if !there.contains(&number) {
                let name = format!("{stem}-{number:0width$}-of-{of}{}", self.ending, width = of.len());
                model.note(shard_not_given(&name, "What it holds is not known without it."));
            }
        }
        Ok(model)
    }

    fn numbered<'a>(&self, name: &'a str) -> Option<Numbered<'a>> {
        let (rest, of) = name.strip_suffix(self.ending)?.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let digits = |text: &str| !text.is_empty() && text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits(number) && digits(of)).then(|| Numbered { stem, number: number.parse().unwrap_or(0), of })
    }
}

/// A shard that is no shard, such as a Git LFS pointer, is told by what it is.
fn what_it_is(file: &File, error: Error) -> Error {
    let mut alone = Files::new();
    let id = alone.add(&file.name, file.source.clone());
    Candidate::new(id, file).ok().and_then(|candidate| lookalikes::find(&candidate)).unwrap_or(error)
}

/// Adds the tensors that only the index knows, and tells where it and the shards disagree.
fn compare_with_index(model: &mut Checkpoint, weight_map: &Pairs<String>, missing: &HashSet<&str>) {
    let names: HashSet<&str> = model.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let listed: HashSet<&str> = weight_map.0.iter().map(|(name, _)| name.as_str()).collect();
    let unlisted = names.difference(&listed).count();
    let repeated = model.tensors.len() - names.len();
    let absent: Vec<&(String, String)> =
        weight_map.0.iter().filter(|(name, _)| !names.contains(name.as_str())).collect();
    for (name, shard) in absent {
        model.tensors.push(Tensor::only_named(name, shard));
        if !missing.contains(shard.as_str()) {
            let message = format!("The index lists {:?} in {:?}, which does not have it.", quoted(name), quoted(shard));
            model.note(Note::warning(message).about(name));
        }
    }
    if unlisted > 0 {
        model.note(Note::info(format!("{unlisted} tensors of the shards are not in the index.")));
    }
    if repeated > 0 {
        model.note(Note::warning(format!("{repeated} tensors are in more than one shard, under the same name.")));
    }
}

/// `model-00002-of-00003.safetensors` taken apart.
struct Numbered<'a> {
    stem: &'a str,
    number: u32,
    of: &'a str,
}
