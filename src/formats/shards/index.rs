//! What says which file holds what: `{"metadata": …, "weight_map": {name: file}}`.

use crate::error::{Error, Result, quoted};
use crate::formats::pairs::Pairs;
use crate::limits;
use crate::model::{Entry, Note, Value};
use crate::source::{File, read_vec};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// An index; `F` is what it has for a name: a file, or several.
#[derive(serde::Deserialize)]
pub(in crate::formats) struct Index<F> {
    #[serde(default = "Option::default")]
    metadata: Option<Pairs<serde_json::Value>>,
    /// What is in which file.
    pub weight_map: Pairs<F>,
}

impl<F: DeserializeOwned> Index<F> {
    /// Reads an index.
    ///
    /// # Errors
    ///
    /// `TooLarge` beyond the cap, `Malformed` for what is none.
    pub fn read(file: &File) -> Result<Self> {
        let size = file.source.size();
        if size > limits::SHARD_INDEX {
            let cap = limits::SHARD_INDEX;
            return Err(Error::too_large(format!("The index has {size} bytes, at most {cap} are read.")));
        }
        serde_json::from_slice(&read_vec(&file.source, 0, size)?)
            .map_err(|error| Error::malformed(format!("The index has no weight_map of names and files: {error}.")))
    }

    /// What it says beside its names.
    pub fn metadata(&self) -> impl Iterator<Item = Entry> {
        let pairs = self.metadata.iter().flat_map(|pairs| &pairs.0);
        pairs.map(|(key, value)| Entry::plain(key, Value::from_json(value.clone())))
    }
}

/// The files that an index names, each with how often it does, in the order of their names.
///
/// # Errors
///
/// `TooLarge` for too many, `Malformed` for one that is no plain name.
pub(in crate::formats) fn plain_names<'a>(files: impl Iterator<Item = &'a str>) -> Result<BTreeMap<&'a str, usize>> {
    let mut names = BTreeMap::new();
    for name in files {
        *names.entry(name).or_default() += 1;
    }
    if names.len() > limits::SHARDS {
        let cap = limits::SHARDS;
        return Err(Error::too_large(format!("The index names {} files, at most {cap} are read.", names.len())));
    }
    match names.keys().find(|name| name.is_empty() || name.contains(['/', '\\', ':', '\0']) || name.contains("..")) {
        Some(name) => Err(Error::malformed(format!(
            "The index names {:?}, which is not a plain file name; nothing outside the chosen files is read.",
            quoted(name)
        ))),
        None => Ok(names),
    }
}

/// That a shard is missing, and what is known of it.
pub(in crate::formats) fn shard_not_given(shard: &str, what: &str) -> Note {
    Note::warning(format!("The shard {:?} was not given; drop it together with the others. {what}", quoted(shard)))
        .about(shard)
}
