//! What the page shows of an open checkpoint before any element is read. Counts are float64, as JavaScript counts.

use super::layers::LayerFact;
use super::pickles::PickleFact;
use super::report::{self, Note, Report};
use super::storage::{Member, Place, Quantization, chunked_in, layout_text, members, quantization};
use super::tied::{SHOWN_SHARES, by_storage, tied};
use crate::decode::Matrix;
use crate::formats::{FORMATS, Format};
use crate::model::{Checkpoint, Entry, Key, Layout, Role, Tensor};
use crate::view::table::Tree;
use serde::Serialize;

/// The header of the page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The format.
    pub format: report::Format,
    /// What wrote it, as far as the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// The files that it consists of.
    pub files: Vec<FileFact>,
    /// What the file says beside its tensors.
    pub metadata: Vec<MetadataFact>,
    /// What was skipped or is odd.
    pub notes: Vec<Note>,
    /// The pickles, and what they refer to.
    pub pickles: Vec<PickleFact>,
    /// The layers of the model in their order.
    pub layers: Vec<LayerFact>,
    /// How many tensors there are.
    pub tensors: f64,
    /// The elements of all that may be parameters; a storage that several tensors show whole is counted once.
    pub parameters: f64,
    /// The elements of what is known to be none, by its role.
    pub beside: Vec<RoleCount>,
    /// The bytes of all tensors, likewise.
    pub bytes: f64,
    /// Bytes of the files.
    pub file_bytes: f64,
    /// Types by their bytes, largest first.
    pub dtypes: Vec<Share>,
}

/// The elements of one role.
#[derive(Serialize)]
#[expect(missing_docs, reason = "the role's name, and how many elements are of it")]
pub struct RoleCount {
    pub role: &'static str,
    pub elements: f64,
}

/// One entry of the metadata.
#[derive(Serialize)]
pub struct MetadataFact {
    /// The keys that lead to it.
    pub path: Vec<Step>,
    /// The name of its type; empty for formats without types.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value as text.
    pub value: String,
}

impl MetadataFact {
    fn new(entry: &Entry) -> Self {
        let path = entry.path.iter().map(Step::new).collect();
        MetadataFact { path, kind: entry.kind.to_string(), value: entry.value.to_string() }
    }
}

/// One key of a path.
#[derive(Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "text, or a whole number as JavaScript counts")]
pub enum Step {
    Text(String),
    Index(f64),
}

impl Step {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    fn new(key: &Key) -> Self {
        match key {
            Key::Index(index) | Key::Nth(index) => Step::Index(*index as f64),
            key => Step::Text(key.text().unwrap_or_default().to_owned()),
        }
    }
}

/// One file.
#[derive(Serialize)]
#[expect(missing_docs, reason = "the file's path as given, and its length")]
pub struct FileFact {
    pub name: String,
    pub bytes: f64,
}

/// How much of the bytes one type takes.
#[derive(Serialize)]
#[expect(missing_docs, reason = "the type's name, its bytes, and their share between 0 and 1")]
pub struct Share {
    pub dtype: String,
    pub bytes: f64,
    pub share: f64,
}

/// One tensor's row.
#[derive(Serialize)]
pub struct TensorFact {
    /// Its place in the file's order.
    pub index: f64,
    /// Its name; text from the file.
    pub name: String,
    /// The part of its name below its module.
    pub label: String,
    /// The name of its type.
    pub dtype: String,
    /// Outermost dimension first.
    pub shape: Vec<f64>,
    /// The product of the shape.
    pub elements: f64,
    /// Bytes of one dense copy.
    pub bytes: f64,
    /// Rows and columns as a matrix of real numbers, for a tensor that has at least two axes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<[f64; 2]>,
    /// The device that the file records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// In elements, for a view of a storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strides: Option<Vec<f64>>,
    /// The indices of other tensors on the same storage, at most [`SHOWN_SHARES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<f64>,
    /// The file that holds its elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The record of the file, such as an entry of an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Whether its first byte is counted from the start of the record: it may be compressed there.
    pub within: bool,
    /// The byte at which its first element begins there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// The file that holds it and was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// Why its elements cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What it is to its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// Another name that the file has for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether gradients are computed for it.
    #[serde(rename = "requiresGrad", skip_serializing_if = "Option::is_none")]
    pub requires_grad: Option<bool>,
    /// The index of the first tensor that shows the very same elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tied: Option<f64>,
    /// Bytes of the storage that it is a view of.
    #[serde(rename = "storageBytes", skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<f64>,
    /// Where it begins in the storage, in elements.
    #[serde(rename = "storageOffset", skip_serializing_if = "Option::is_none")]
    pub storage_offset: Option<f64>,
    /// How it is stored, where it is not a plain view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// The stored parts of which it is made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// What its codes stand for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantization: Option<Quantization>,
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64; no file has 2^53 bytes")]
pub(super) fn js(count: u64) -> f64 {
    count as f64
}

impl Facts {
    /// What the headers say.
    pub fn new(checkpoint: &Checkpoint) -> Self {
        let Report { format, producer, notes, files, pickles, layers, .. } = Report::without_tensors(checkpoint);
        let metadata = checkpoint.metadata.iter();
        let metadata = metadata.map(MetadataFact::new).collect();
        let tied = tied(&checkpoint.tensors);
        let (mut parameters, mut bytes) = (0.0, 0.0);
        let mut dtypes: Vec<Share> = Vec::new();
        let mut beside: Vec<RoleCount> = Vec::new();
        for (index, tensor) in checkpoint.tensors.iter().enumerate() {
            if tied[index].is_some() {
                continue;
            }
            let elements = js(tensor.elements());
            bytes += js(tensor.bytes());
            // Texts and records are no parameters, whatever they belong to; of a type that is not told nothing is known.
            let texts = tensor.dtype.number().is_none() && elements > 0.0;
            let beside_parameters = tensor.role.filter(|role| *role != Role::Parameter);
            match beside_parameters.or(texts.then_some(Role::Other)).map(Role::name) {
                None => parameters += elements,
                // An optimizer's state is often twice as large as its model.
                Some(role) => match beside.iter_mut().find(|count| count.role == role) {
                    Some(count) => count.elements += elements,
                    None => beside.push(RoleCount { role, elements }),
                },
            }
            // A program or an object graph that stands among the tensors is none.
            if tensor.role == Some(Role::Other) && tensor.dtype.number().is_none() {
                continue;
            }
            match dtypes.iter_mut().find(|share| share.dtype == tensor.dtype.name()) {
                Some(share) => share.bytes += js(tensor.bytes()),
                None => {
                    dtypes.push(Share { dtype: tensor.dtype.name().to_owned(), bytes: js(tensor.bytes()), share: 0.0 });
                }
            }
        }
        dtypes.retain(|share| share.bytes > 0.0);
        let typed: f64 = dtypes.iter().map(|share| share.bytes).sum();
        for share in &mut dtypes {
            share.share = share.bytes / typed;
        }
        dtypes.sort_unstable_by(|a, b| b.bytes.total_cmp(&a.bytes));
        let file_bytes = files.iter().map(|file| js(file.bytes)).sum();
        let files = files.into_iter().map(|file| FileFact { name: file.name, bytes: js(file.bytes) }).collect();
        let tensors = js(checkpoint.tensors.len() as u64);
        Facts {
            format,
            producer,
            files,
            metadata,
            notes,
            pickles,
            layers,
            tensors,
            parameters,
            beside,
            bytes,
            file_bytes,
            dtypes,
        }
    }
}

/// The rows of all tensors, in the order of the file.
pub fn tensors(checkpoint: &Checkpoint, tree: &Tree) -> Vec<TensorFact> {
    let storages = by_storage(&checkpoint.tensors);
    let tied = tied(&checkpoint.tensors);
    let outputs_last = checkpoint.outputs_last();
    let fact = |(index, tensor): (usize, &Tensor)| {
        let range = tensor.layout.storage();
        let shares = range.and_then(|range| storages.get(&range)).map_or(&[][..], Vec::as_slice);
        let shares = shares.iter().filter(|other| **other != index).take(SHOWN_SHARES);
        let inner = match &tensor.layout {
            Layout::Quantized(quantized) => &quantized.codes,
            layout => layout,
        };
        let (strides, start, view) = match inner {
            Layout::Strided { strides, start, storage, .. } => {
                (Some(strides.iter().map(|stride| js(*stride)).collect()), *start, Some(storage))
            }
            _ => (None, 0, None),
        };
        let before = start * tensor.dtype.bits().unwrap_or(0) / 8;
        let place = range.map(|range| Place::new(&checkpoint.files, range, before));
        let (absent, problem) = report::trouble(&tensor.layout);
        TensorFact {
            index: js(index as u64),
            name: tensor.name.clone(),
            label: tree.labels[index].clone(),
            dtype: tensor.dtype.name().to_owned(),
            shape: tensor.shape.iter().map(|size| js(*size)).collect(),
            elements: js(tensor.elements()),
            bytes: js(tensor.bytes()),
            matrix: Matrix::sides(tensor, outputs_last).map(|(rows, columns)| [js(rows), js(columns)]),
            device: tensor.device.as_deref().map(str::to_owned),
            strides,
            shares: shares.map(|other| js(*other as u64)).collect(),
            within: place.as_ref().is_some_and(|place| place.within),
            offset: place.as_ref().and_then(|place| place.offset).map(js),
            record: place.as_ref().and_then(|place| place.record.clone()),
            file: place.map(|place| place.file).or_else(|| chunked_in(&checkpoint.files, inner)),
            absent,
            problem,
            role: tensor.role.map(Role::name),
            alias: tensor.more.as_ref().and_then(|more| more.alias.as_deref()).map(str::to_owned),
            requires_grad: tensor.requires_grad,
            tied: tied[index].map(|first| js(first as u64)),
            storage_bytes: view.map(|range| js(range.len)),
            storage_offset: view.map(|_| js(start)),
            layout: layout_text(&tensor.layout),
            members: members(&checkpoint.files, tensor),
            quantization: quantization(tensor),
        }
    };
    checkpoint.tensors.iter().enumerate().map(fact).collect()
}

/// One format of the registry, for the empty page.
#[derive(Serialize)]
#[expect(missing_docs, reason = "as in the registry")]
pub struct FormatFact {
    pub id: &'static str,
    pub label: &'static str,
    pub extensions: &'static [&'static str],
    pub reads: &'static str,
}

/// All formats that are read.
pub fn formats() -> Vec<FormatFact> {
    let fact = |format: &&Format| {
        let Format { id, label, extensions, reads, .. } = **format;
        FormatFact { id, label, extensions, reads }
    };
    FORMATS.iter().map(fact).collect()
}
