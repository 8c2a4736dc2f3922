//! Weights that Keras 3 cuts into several files: `model.weights.json` and `model_00000.weights.h5`, `model_00001.weights.h5` …
//!
//! The index maps groups of variables to the files that hold them: `{"weight_map": {"/layers/dense/vars": ["model_00000.weights.h5"]}}`.

use super::super::Candidate;
use super::super::hdf5::Hdf5;
use super::super::shards::{Index, plain_names, shard_not_given};
use super::SHARDED;
use super::model::{Saved, fill};
use super::read;
use super::store::Store;
use crate::error::Result;
use crate::model::{Checkpoint, Key, Tensor};
use crate::source::Files;
use std::collections::BTreeSet;

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
    let index: Index<Names> = Index::read(given)?;
    let folder = given.folder();
    let mut checkpoint = Checkpoint::new(Files::one(&given.name, given.source.clone()), SHARDED.id);
    checkpoint.metadata.extend(index.metadata());
    let named = index.weight_map.0.iter().flat_map(|(_, names)| names.all()).map(String::as_str);
    let mut store = Store::new();
    let mut missing = BTreeSet::new();
    for (shard, count) in plain_names(named)? {
        let Some(file) = files.find(folder, shard) else {
            missing.insert(shard);
            checkpoint.note(shard_not_given(shard, &format!("It holds the variables of {count} of the groups.")));
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
            let group = group.trim_start_matches('/');
            let mut tensor = Tensor::only_named(group, name);
            tensor.path = group.split('/').map(|key| Key::Text(key.into())).collect();
            checkpoint.tensors.push(tensor);
        }
    }
    Ok(checkpoint)
}
