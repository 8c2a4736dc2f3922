//! What the page shows of an open checkpoint before any element is read. Counts are float64, as JavaScript counts.

use super::layers::LayerFact;
use super::pickles::PickleFact;
use super::report::{self, Note, Report};
use crate::formats::{FORMATS, Format};
use crate::model::{Checkpoint, Entry, Key, Role};
use crate::sort;
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
    /// How many different roles there are, that of none among them.
    pub roles: f64,
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

#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64; no file has 2^53 bytes")]
pub(super) fn js(count: u64) -> f64 {
    count as f64
}

impl Facts {
    /// What the headers say.
    pub fn new(checkpoint: &Checkpoint, tree: &Tree) -> Self {
        let Report { format, producer, notes, files, pickles, layers, .. } = Report::without_tensors(checkpoint);
        let metadata = checkpoint.metadata.iter();
        let metadata = metadata.map(MetadataFact::new).collect();
        let (mut parameters, mut bytes) = (0.0, 0.0);
        let mut dtypes: Vec<Share> = Vec::new();
        let mut beside: Vec<RoleCount> = Vec::new();
        for (index, tensor) in checkpoint.tensors.iter().enumerate() {
            if tree.tied[index].is_some() {
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
        sort::by(&mut dtypes, |a, b| b.bytes.total_cmp(&a.bytes));
        let mut roles: Vec<Option<Role>> = Vec::new();
        for tensor in &checkpoint.tensors {
            if !roles.contains(&tensor.role) {
                roles.push(tensor.role);
            }
        }
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
            roles: js(roles.len() as u64),
            bytes,
            file_bytes,
            dtypes,
        }
    }
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
