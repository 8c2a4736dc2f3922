//! The files that hold the bytes of a bundle: `name.data-00000-of-00002`.

use crate::error::{Error, Result};
use crate::limits;
use crate::model::Checkpoint;
use crate::source::{File, FileId, Files, base_name};
use std::collections::{BTreeMap, HashMap};

/// The ending of an index.
pub(super) const INDEX: &str = ".index";

/// The shards of one bundle.
pub(super) struct Shards {
    /// The name of the index without its ending.
    prefix: String,
    pub count: u64,
    given: HashMap<u64, (FileId, u64)>,
    /// How many tensors, or parts of them, are in shards that were not given.
    pub missing: BTreeMap<u64, usize>,
}

impl Shards {
    /// Finds those of `count` shards that were given, and adds them to the files that are used.
    pub fn new(model: &mut Checkpoint, files: &Files, index: &File, count: i64) -> Result<Self> {
        let most = limits::SHARDS as u64;
        let count = match u64::try_from(count) {
            Ok(count) if count > most => {
                let message = format!("The checkpoint is said to have {count} shards, at most {most} are read.");
                return Err(Error::too_large(message));
            }
            Ok(count) if count > 0 => count,
            _ => return Err(Error::malformed(format!("The checkpoint is said to have {count} shards."))),
        };
        let prefix = index.name.strip_suffix(INDEX).unwrap_or(&index.name).to_owned();
        let mut shards = Shards { prefix, count, given: HashMap::new(), missing: BTreeMap::new() };
        let by_name: HashMap<&str, &File> = files
            .iter()
            .filter(|(_, file)| file.name.starts_with(&shards.prefix))
            .map(|(_, file)| (file.name.as_str(), file))
            .collect();
        for shard in 0..count {
            if let Some(file) = by_name.get(shards.path(shard).as_str()) {
                let id = model.files.add(&file.name, file.source.clone());
                shards.given.insert(shard, (id, file.source.size()));
            }
        }
        Ok(shards)
    }

    /// The file of a shard and how many bytes it has; `None` if it was not given.
    pub fn get(&self, shard: u64) -> Option<(FileId, u64)> {
        self.given.get(&shard).copied()
    }

    fn path(&self, shard: u64) -> String {
        format!("{}.data-{shard:05}-of-{:05}", self.prefix, self.count)
    }

    /// The name without its folders.
    pub fn name(&self, shard: u64) -> String {
        let path = self.path(shard);
        base_name(&path).to_owned()
    }
}
