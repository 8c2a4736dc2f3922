//! What a model says beside its tensors.

use super::buffers::{Buffers, Stored};
use super::operators;
use super::reader::{model, subgraph};
use super::tensors::Described;
use crate::error::Result;
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, Value};
use crate::source::{Pages, Window, read_vec};
use crate::wire::flatbuffer::{Flatbuffer, Table, Tables};
use std::borrow::Cow;

/// A subgraph.
#[derive(Default)]
pub(super) struct Graph {
    name: String,
    /// All of its tensors, in their order: others refer to them by their numbers.
    pub tensors: Vec<Described>,
    inputs: Vec<i32>,
    outputs: Vec<i32>,
    /// For each of its operators which kind it is.
    operators: Vec<u32>,
}

impl Graph {
    /// Reads what stands beside the tensors.
    pub fn read(&mut self, table: &Table<'_>) -> Result<()> {
        self.name = table.text(subgraph::NAME)?.unwrap_or_default();
        self.inputs = table.i32s(subgraph::INPUTS)?;
        self.outputs = table.i32s(subgraph::OUTPUTS)?;
        for operator in table.tables(subgraph::OPERATORS)?.iter() {
            let operator = operator?;
            self.operators.push(operator.u32(0)?);
            // What it reads and writes is not shown, but has to be there in a whole file.
            for list in [1, 2] {
                operator.list(list, 4)?;
            }
        }
        Ok(())
    }

    /// The labels of the tensors of these numbers.
    fn labels(&self, numbers: &[i32]) -> String {
        let labels: Vec<&str> = numbers
            .iter()
            .take(limits::METADATA_ENTRIES)
            .map(|number| self.tensor(i64::from(*number)).map_or("?", |tensor| &tensor.label))
            .collect();
        labels.join("; ")
    }

    fn tensor(&self, number: i64) -> Option<&Described> {
        self.tensors.get(usize::try_from(number).ok()?)
    }
}

/// Adds what the tables say to a checkpoint.
pub(super) fn fill(
    checkpoint: &mut Checkpoint,
    root: &Table<'_>,
    graphs: &[Graph],
    buffers: &mut Buffers<'_>,
) -> Result<()> {
    tell(checkpoint, &["version"], Value::Int(root.u32(model::VERSION)?.into()));
    if let Some(description) = root.text(model::DESCRIPTION)? {
        tell(checkpoint, &["description"], Value::Text(description));
    }
    for entry in root.tables(model::METADATA)?.iter() {
        let entry = entry?;
        let (name, buffer) = (entry.text(0)?.unwrap_or_default(), entry.u32(1)?);
        if let Err(error) = metadata(checkpoint, &name, buffers.get(buffer)) {
            checkpoint.note(Note::from(&error).about(&name));
        }
    }
    tell(checkpoint, &["buffers"], buffers.count().try_into().map_or(Value::Null, Value::Int));
    operators(checkpoint, root, graphs)?;
    for (index, graph) in (0..).zip(graphs) {
        let path = |what: &str| vec![Key::Text("subgraphs".into()), Key::Index(index), Key::Text(what.into())];
        let variables: Vec<&str> =
            graph.tensors.iter().filter(|tensor| tensor.empty_variable).map(|tensor| tensor.label.as_str()).collect();
        for (what, value) in [
            ("name", Value::Text(graph.name.clone())),
            ("tensors", count(graph.tensors.len())),
            ("operators", count(graph.operators.len())),
            ("inputs", Value::Text(graph.labels(&graph.inputs))),
            ("outputs", Value::Text(graph.labels(&graph.outputs))),
            ("variables without values", Value::Text(variables.join("; "))),
        ] {
            if value != Value::Text(String::new()) {
                tell_at(checkpoint, path(what), value);
            }
        }
    }
    for signature in root.tables(model::SIGNATURES)?.iter() {
        let signature = signature?;
        let key = signature.text(2)?.unwrap_or_default();
        let graph = usize::try_from(signature.u32(4)?).ok().and_then(|index| graphs.get(index));
        for (field, what) in [(0, "inputs"), (1, "outputs")] {
            signature_names(checkpoint, &key, what, signature.tables(field)?, graph)?;
        }
    }
    Ok(())
}

fn count(count: usize) -> Value {
    i64::try_from(count).map_or(Value::Null, Value::Int)
}

/// Adds a value below these keys.
fn tell(checkpoint: &mut Checkpoint, keys: &[&str], value: Value) {
    tell_at(checkpoint, keys.iter().map(|key| Key::Text((*key).into())).collect(), value);
}

fn tell_at(checkpoint: &mut Checkpoint, path: Vec<Key>, value: Value) {
    if checkpoint.metadata.len() < limits::METADATA_ENTRIES {
        checkpoint.metadata.push(Entry { path, kind: Cow::Borrowed(""), value });
    }
}

/// The longest metadata that is shown as text.
const TEXT: u64 = 64;

/// One buffer of metadata: what is known is told, of others only how long they are.
fn metadata(checkpoint: &mut Checkpoint, name: &str, stored: Stored) -> Result<()> {
    let range = match stored {
        Stored::Bytes(range) => range,
        Stored::Lost(error) => return Err(error),
        Stored::Nothing | Stored::Elsewhere(_) => return Ok(()),
    };
    let source = checkpoint.files.get(range.file).source.clone();
    match name {
        "min_runtime_version" if range.len <= TEXT => {
            let bytes = read_vec(&*source, range.offset, range.len)?;
            let text = String::from_utf8_lossy(&bytes);
            tell(checkpoint, &[name], Value::Text(text.trim_end_matches('\0').to_owned()));
        }
        // Source: `tensorflow/compiler/mlir/lite/schema/conversion_metadata.fbs`.
        "CONVERSION_METADATA" => {
            let window = Window::new(source, range.offset, range.len)?;
            let pages = Pages::of(&window, 512);
            let tables = Flatbuffer::new(&pages);
            let environment = tables.root()?.table(0)?;
            let version = environment.map(|environment| environment.text(0)).transpose()?.flatten();
            if let Some(version) = version {
                checkpoint.producer = Some(format!("TensorFlow {version}"));
                tell(checkpoint, &[name, "tensorflow_version"], Value::Text(version));
            }
        }
        _ => tell(checkpoint, &["metadata", name], Value::Text(format!("{} bytes", range.len))),
    }
    Ok(())
}

/// The kinds of operators, with their versions and how many of each the graphs have.
fn operators(checkpoint: &mut Checkpoint, root: &Table<'_>, graphs: &[Graph]) -> Result<()> {
    let codes = root.tables(model::OPERATOR_CODES)?;
    let mut used = vec![0u64; usize::try_from(codes.count()).unwrap_or(0)];
    for kind in graphs.iter().flat_map(|graph| &graph.operators) {
        if let Some(count) = usize::try_from(*kind).ok().and_then(|kind| used.get_mut(kind)) {
            *count += 1;
        }
    }
    for (code, times) in codes.iter().zip(used) {
        let code = code?;
        // Numbers from 127 on stand in the newer field; the older one then has 127.
        let number = code.u32(3)?.max(code.u8(0)?.into());
        let name = match operators::name(number) {
            Some(_) if number == operators::CUSTOM => code.text(1)?.unwrap_or_default(),
            Some(name) => name.to_owned(),
            None => format!("operator {number}"),
        };
        let version = code.u32(2)?.max(1);
        tell(checkpoint, &["operators", &name], Value::Text(format!("{times} of version {version}")));
    }
    Ok(())
}

/// The names that a signature gives to tensors of a graph.
fn signature_names(
    checkpoint: &mut Checkpoint,
    key: &str,
    what: &str,
    names: Tables<'_>,
    graph: Option<&Graph>,
) -> Result<()> {
    for entry in names.iter() {
        let entry = entry?;
        let name = entry.text(0)?.unwrap_or_default();
        let tensor = graph.and_then(|graph| graph.tensor(entry.u32(1).ok()?.into()));
        let tensor = tensor.map_or(String::new(), |tensor| tensor.name.clone());
        tell(checkpoint, &["signatures", key, what, &name], Value::Text(tensor));
    }
    Ok(())
}
