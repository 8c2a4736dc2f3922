//! safetensors files of `torch.distributed.checkpoint`: each rank writes its boxes of the tensors into files of its own, and
//! where they belong into the metadata, `DCP_SHARDING_INFO`: `{name: {"saved_offsets": [row, column, …]}}`.
//!
//! Source: `torch/distributed/checkpoint/hf_storage.py`.

use super::super::pairs::Pairs;
use crate::error::quoted;
use crate::model::{Checkpoint, Layout, Note, Piece, Tensor, Value};
use crate::source::{File, Files};
use std::collections::HashMap;

const VERSION: &str = "DCP_VERSION";
const SHARDING: &str = "DCP_SHARDING_INFO";

#[derive(serde::Deserialize)]
struct Offsets {
    saved_offsets: Vec<u64>,
}

/// The files that ranks wrote beside `lead`: `shard-00002-model-00001-of-00001.safetensors`.
pub(super) fn ranks(files: &Files, lead: &File) -> Option<Vec<File>> {
    let folder = lead.folder();
    let of_a_rank = |name: &str| {
        let rest = name.strip_prefix(folder).and_then(|base| base.strip_prefix("shard-"));
        rest.is_some_and(|rest| !rest.contains('/') && rest.ends_with(".safetensors"))
    };
    let set: Vec<File> = files.iter().filter(|(_, file)| of_a_rank(&file.name)).map(|(_, file)| file.clone()).collect();
    (of_a_rank(&lead.name) && set.len() > 1).then_some(set)
}

/// Puts the boxes of tensors together that several files hold.
pub(super) fn assemble(checkpoint: &mut Checkpoint) {
    let value = |entry: &crate::model::Entry, key: &str| match &entry.value {
        Value::Text(text) if entry.key() == key => Some(text.clone()),
        _ => None,
    };
    if !checkpoint.metadata.iter().any(|entry| value(entry, VERSION).is_some()) {
        return;
    }
    // What each file says of a name, in the order of the files.
    let mut offsets: HashMap<String, Vec<Vec<u64>>> = HashMap::new();
    for text in checkpoint.metadata.iter().filter_map(|entry| value(entry, SHARDING)).collect::<Vec<_>>() {
        match serde_json::from_str::<Pairs<Offsets>>(&text) {
            Ok(pairs) => {
                pairs.0.into_iter().for_each(|(name, at)| offsets.entry(name).or_default().push(at.saved_offsets));
            }
            Err(_) => checkpoint
                .note(Note::warning(format!("{SHARDING} in the metadata does not say where parts of tensors belong."))),
        }
    }
    let mut groups: Vec<Vec<Tensor>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for mut tensor in std::mem::take(&mut checkpoint.tensors) {
        // What it gathers it writes from the CPU's memory.
        tensor.device = Some("cpu".into());
        let place = *places.entry(tensor.name.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(tensor),
            None => groups.push(vec![tensor]),
        }
    }
    for group in groups {
        let at = offsets.remove(&group[0].name).unwrap_or_default();
        if group.len() == 1 && at.iter().flatten().all(|offset| *offset == 0) {
            checkpoint.tensors.extend(group);
            continue;
        }
        let whole = whole(&group, &at);
        match whole {
            Some(tensor) => checkpoint.tensors.push(tensor),
            None => {
                let message = "Its parts in several files do not say where they belong; each is shown.";
                checkpoint.note(Note::warning(message).about(quoted(&group[0].name)));
                checkpoint.tensors.extend(group);
            }
        }
    }
}

/// One tensor of its parts; `None` where they do not fit together.
fn whole(parts: &[Tensor], at: &[Vec<u64>]) -> Option<Tensor> {
    let first = parts.first()?;
    let same = |part: &Tensor| part.dtype == first.dtype && part.shape.len() == first.shape.len();
    if parts.len() != at.len() || !parts.iter().all(same) || at.iter().any(|at| at.len() != first.shape.len()) {
        return None;
    }
    let mut shape = vec![0; first.shape.len()];
    let mut pieces = Vec::with_capacity(parts.len());
    for (part, at) in parts.iter().zip(at) {
        for ((size, offset), part) in shape.iter_mut().zip(at).zip(&part.shape) {
            *size = (*size).max(offset.checked_add(*part)?);
        }
        let Layout::Dense(range) = part.layout else { return None };
        pieces.push(Piece { at: at.clone(), shape: part.shape.clone(), range });
    }
    Some(Tensor { shape, layout: Layout::Pieces(pieces.into()), ..first.clone() })
}
