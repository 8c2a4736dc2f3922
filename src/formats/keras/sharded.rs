//! Weights that Keras 3 cuts into several files: `model.weights.json` and `model_00000.weights.h5`, `model_00001.weights.h5` …
//!
//! The index maps groups of variables to the files that hold them: `{"weight_map": {"/layers/dense/vars": ["model_00000.weights.h5"]}}`.

use super::super::Candidate;
use super::super::hdf5::Hdf5;
use super::super::pairs::Pairs;
use super::SHARDED;
use super::model::{Saved, fill};
use super::read;
use super::store::Store;
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Dtype, Entry, Key, Layout, Note, Tensor, Value};
use crate::source::{Files, read_vec};
use std::collections::BTreeSet;

#[derive(serde::Deserialize)]
struct Index {
    #[serde(default)]
    metadata: Option<Pairs<serde_json::Value>>,
    weight_map: Pairs<Names>,
}

/// One file or several.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    More(Vec<String>),
}

impl Names {
    fn all(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::More(names) => names,
        }
    }
}

pub(super) fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let size = given.source.size();
    if size > limits::SHARD_INDEX {
        let cap = limits::SHARD_INDEX;
        return Err(Error::too_large(format!("The index has {size} bytes, at most {cap} are read.")));
    }
    let index: Index = serde_json::from_slice(&read_vec(&given.source, 0, size)?)
        .map_err(|error| Error::malformed(format!("The index has no weight_map of groups and files: {error}.")))?;
    let folder = given.folder();
    let mut checkpoint = Checkpoint::new(Files::one(&given.name, given.source.clone()), SHARDED.id);
    for (key, value) in index.metadata.map(|pairs| pairs.0).unwrap_or_default() {
        checkpoint.metadata.push(Entry::plain(key, Value::from_json(value)));
    }
    let shards: BTreeSet<&str> =
        index.weight_map.0.iter().flat_map(|(_, names)| names.all()).map(String::as_str).collect();
    if shards.len() > limits::SHARDS {
        let cap = limits::SHARDS;
        return Err(Error::too_large(format!("The index names {} files, at most {cap} are read.", shards.len())));
    }
    let mut store = Store::new();
    let mut missing = BTreeSet::new();
    for shard in shards {
        let Some(file) = files.find(folder, shard) else {
            missing.insert(shard);
            let message = format!("The shard {:?} was not given; drop it together with the others.", quoted(shard));
            checkpoint.note(Note::warning(message).about(shard));
            continue;
        };
        let id = checkpoint.files.add(&file.name, file.source.clone());
        let read = Hdf5::open(&file.source).and_then(|hdf5| read::add(&mut store, &mut checkpoint, files, (id, &hdf5)));
        read.map_err(|error| error.in_file(&file.name))?;
    }
    fill(&mut checkpoint, store, &Saved::default());
    // Of what is in a file that was not given only the group is known.
    for (group, names) in &index.weight_map.0 {
        for name in names.all().iter().filter(|name| missing.contains(name.as_str())) {
            let dtype = Dtype::Unknown { name: "unknown".to_owned(), bits: None };
            let group = group.trim_start_matches('/');
            let mut tensor = Tensor::new(group, dtype, vec![0], Layout::Absent { file: name.clone() });
            tensor.path = group.split('/').map(|key| Key::Text(key.into())).collect();
            checkpoint.tensors.push(tensor);
        }
    }
    Ok(checkpoint)
}
