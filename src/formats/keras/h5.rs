//! Keras's files that are HDF5 files themselves.

use super::super::Candidate;
use super::super::hdf5::Hdf5;
use super::model::{Saved, fill, parse};
use super::read;
use super::store::{Store, joined};
use crate::error::Result;
use crate::model::{Checkpoint, Entry, Value};
use crate::source::Files;
use crate::wire::hdf5::Kind;

/// Whether a file lists layers, and the group of one lists its weights.
pub(super) fn lists_layers(hdf5: &Hdf5) -> bool {
    let first = |path: &str, name: &str| {
        let list = hdf5.attribute(path, name).or_else(|| hdf5.attribute(path, &format!("{name}0")))?;
        match list.value(&hdf5.file, 1).ok()? {
            serde_json::Value::Array(mut names) => names.pop()?.as_str().map(str::to_owned),
            _ => None,
        }
    };
    ["model_weights", ""].iter().any(|group| {
        let first = first(group, "layer_names").map(|layer| joined(group, &layer));
        let has = |name| first.as_ref().is_some_and(|first| hdf5.attribute(first, name).is_some());
        has("weight_names") || has("weight_names0")
    })
}

/// Whether a file has the numbered variables of Keras 3.
pub(super) fn numbers_variables(hdf5: &Hdf5) -> bool {
    let first = |path: &str| path == "vars/0" || path.ends_with("/vars/0");
    hdf5.tree.objects.iter().any(|object| matches!(object.kind, Kind::Dataset(_)) && first(&object.path))
}

/// Opens either kind, as the format of this id.
pub(super) fn open(given: &Files, lead: &Candidate<'_>, format: &'static str) -> Result<Checkpoint> {
    let hdf5 = lead.require_hdf5()?;
    let mut checkpoint = Checkpoint::new(Files::new(), format);
    let id = checkpoint.files.add(&lead.file.name, lead.file.source.clone());
    checkpoint.producer = Some(hdf5.version());
    let mut saved = Saved {
        // A whole model has them in its root, weights alone in the group that lists the layers, which is the same.
        version: hdf5.text("", "keras_version").or_else(|| hdf5.text("model_weights", "keras_version")),
        backend: hdf5.text("", "backend").or_else(|| hdf5.text("model_weights", "backend")),
        ..Saved::default()
    };
    for (key, value) in [("keras_version", &saved.version), ("backend", &saved.backend)] {
        if let Some(value) = value {
            checkpoint.metadata.push(Entry::plain(key, Value::Text(value.clone())));
        }
    }
    checkpoint.metadata.push(Entry::plain("superblock", Value::Int(hdf5.file.superblock.version.into())));
    let mut told = |name| hdf5.text("", name).and_then(|text| parse(&mut checkpoint, name, text.as_bytes()));
    saved.config = told("model_config");
    saved.training = told("training_config");
    let mut store = Store::new();
    read::add(&mut store, &mut checkpoint, given, (id, hdf5))?;
    fill(&mut checkpoint, store, &saved);
    Ok(checkpoint)
}
