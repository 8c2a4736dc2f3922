//! Models in several files: by an index, or by their numbered names alone.

use super::super::{Candidate, Format, lookalikes};
use super::header::Pairs;
use super::{Contents, read_header};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Dtype, Entry, Layout, Note, Tensor, Value};
use crate::source::{File, FileId, Files, read_vec};
use std::collections::HashSet;

/// An index JSON that maps names of tensors to files, as transformers writes it.
pub(in crate::formats) const FORMAT: Format = Format {
    id: "safetensors-sharded",
    label: "sharded safetensors",
    extensions: &["safetensors.index.json"],
    reads: "an index with its shards, or shards by their numbered names; missing ones are named",
    probe,
    open,
};

fn probe(file: &Candidate<'_>) -> bool {
    file.has_extension(FORMAT.extensions) && file.head().trim_ascii_start().starts_with(b"{")
}

#[derive(serde::Deserialize)]
struct Index {
    #[serde(default)]
    metadata: Option<Pairs<serde_json::Value>>,
    weight_map: Pairs<String>,
}

fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let index = read_index(given)?;
    let folder = given.name.strip_suffix(given.base_name()).unwrap_or_default();
    let mut model = Checkpoint::new(Files::one(&given.name, given.source.clone()), FORMAT.id);
    for (key, value) in index.metadata.map(|pairs| pairs.0).unwrap_or_default() {
        model.metadata.push(Entry::plain(key, Value::from_json(value)));
    }
    let mut missing = HashSet::new();
    for shard in shard_names(&index.weight_map)? {
        match files.iter().find(|(_, file)| file.name.strip_prefix(folder) == Some(shard)) {
            Some((_, file)) => add_shard(&mut model, file)?,
            None => {
                missing.insert(shard);
                let count = index.weight_map.0.iter().filter(|(_, file)| file == shard).count();
                model.note(shard_not_given(shard, &format!("It holds {count} of the tensors.")));
            }
        }
    }
    compare_with_index(&mut model, &index.weight_map, &missing);
    Ok(model)
}

fn read_index(file: &File) -> Result<Index> {
    let size = file.source.size();
    if size > limits::SHARD_INDEX {
        let cap = limits::SHARD_INDEX;
        return Err(Error::too_large(format!("The index has {size} bytes, at most {cap} are read.")));
    }
    serde_json::from_slice(&read_vec(&file.source, 0, size)?)
        .map_err(|error| Error::malformed(format!("The index has no weight_map of names and files: {error}.")))
}

/// The files that the index names, once each, in the order of their names.
fn shard_names(weight_map: &Pairs<String>) -> Result<Vec<&str>> {
    let mut names: Vec<&str> = weight_map.0.iter().map(|(_, file)| file.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > limits::SHARDS {
        let cap = limits::SHARDS;
        return Err(Error::too_large(format!("The index names {} files, at most {cap} are read.", names.len())));
    }
    match names.iter().find(|name| name.is_empty() || name.contains(['/', '\\', ':', '\0']) || name.contains("..")) {
        Some(name) => Err(Error::malformed(format!(
            "The index names {:?}, which is not a plain file name; nothing outside the chosen files is read.",
            quoted(name)
        ))),
        None => Ok(names),
    }
}

fn shard_not_given(shard: &str, what: &str) -> Note {
    Note::warning(format!("The shard {:?} was not given; drop it together with the others. {what}", quoted(shard)))
        .about(shard)
}

/// Adds what one shard's header says; metadata that another shard gave too is not repeated.
fn add_shard(model: &mut Checkpoint, file: &File) -> Result<()> {
    let id = model.files.add(&file.name, file.source.clone());
    let Contents { tensors, metadata, notes } =
        read_header(id, &*file.source).map_err(|error| what_it_is(id, file, error).in_file(&file.name))?;
    model.tensors.extend(tensors);
    for entry in metadata {
        if !model.metadata.contains(&entry) {
            model.metadata.push(entry);
        }
    }
    for note in notes {
        model.note(note);
    }
    Ok(())
}

/// A shard that is no shard, such as a Git LFS pointer, is told by what it is.
fn what_it_is(id: FileId, file: &File, error: Error) -> Error {
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
        let dtype = Dtype::Unknown { name: "unknown".to_owned(), bits: None };
        model.tensors.push(Tensor::new(name, dtype, vec![0], Layout::Absent { file: shard.clone() }));
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

fn numbered(name: &str) -> Option<Numbered<'_>> {
    let (rest, of) = name.strip_suffix(".safetensors")?.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(number) && digits(of)).then(|| Numbered { stem, number: number.parse().unwrap_or(0), of })
}

/// The files of the same numbered set as `lead`, in the order of their numbers; `None` if it is not one of a set.
pub(super) fn siblings(files: &Files, lead: &File) -> Option<Vec<File>> {
    let Numbered { stem, of, .. } = numbered(&lead.name)?;
    let mut set: Vec<(u32, File)> = files
        .iter()
        .filter_map(|(_, file)| {
            let other = numbered(&file.name)?;
            (other.stem == stem && other.of == of).then(|| (other.number, file.clone()))
        })
        .collect();
    set.sort_by_key(|(number, _)| *number);
    Some(set.into_iter().map(|(_, file)| file).collect())
}

/// Opens a numbered set that came without its index.
pub(super) fn open_numbered(set: &[File]) -> Result<Checkpoint> {
    let mut model = Checkpoint::new(Files::new(), FORMAT.id);
    for file in set {
        add_shard(&mut model, file)?;
    }
    let Some(Numbered { stem, of, .. }) = set.first().and_then(|file| numbered(&file.name)) else {
        return Ok(model);
    };
    let there: HashSet<u32> = set.iter().filter_map(|file| numbered(&file.name)).map(|shard| shard.number).collect();
    for number in 1..=of.parse().unwrap_or(0).min(u32::try_from(limits::SHARDS).unwrap_or(u32::MAX)) {
        if !there.contains(&number) {
            let name = format!("{stem}-{number:0width$}-of-{of}.safetensors", width = of.len());
            model.note(shard_not_given(&name, "What it holds is not known without it."));
        }
    }
    Ok(model)
}
