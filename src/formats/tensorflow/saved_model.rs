//! SavedModel folders: the graph in `saved_model.pb`, the variables in a checkpoint of version 2 beside it.
//!
//! Of the graph only what tells of the model is read: tags, signatures, versions, the variables of its objects. Nodes and
//! functions, which may be most of it, are passed over. Sources: `tensorflow/core/protobuf/saved_model.proto`,
//! `meta_graph.proto`, `saved_object_graph.proto`.

use super::messages::{read_shape, read_versions};
use super::{bundle, dtypes, keras};
use crate::error::{Error, Result};
use crate::formats::Candidate;
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Layout, Note, Role, Tensor, Value};
use crate::source::{Files, Pages};
use crate::wire::literal::tuple;
use crate::wire::protobuf::Message;
use std::collections::HashMap;

/// Where the variables are, below the folder.
const VARIABLES: &str = "variables/variables.index";

/// Opens the folder that the graph is in.
pub(super) fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let folder = lead.file.folder();
    let mut model = Checkpoint::new(Files::one(&lead.file.name, lead.file.source.clone()), super::SAVED_MODEL.id);
    let pages = Pages::new(&*lead.file.source);
    let mut variables = Vec::new();
    let mut graphs = 0;
    for field in Message::new(&pages) {
        let field = field?;
        match field.number {
            1 => model.metadata.push(Entry::plain("saved_model_schema_version", Value::Int(field.signed()?))),
            2 => {
                // What tells several graphs apart is their tags.
                let path = if graphs == 0 { Vec::new() } else { vec![text("meta_graphs"), Key::Index(graphs)] };
                meta_graph(&mut model, field.message()?, &path, &mut variables)?;
                graphs += 1;
            }
            _ => {}
        }
    }
    if graphs == 0 {
        let message = "The file has no graph in it; it may not have been copied or downloaded whole.";
        return Err(Error::malformed(message));
    }
    for name in ["fingerprint.pb", keras::METADATA] {
        if let Some(file) = files.find(folder, name) {
            model.files.add(&file.name, file.source.clone());
        }
    }
    match files.find(folder, VARIABLES) {
        Some(index) => {
            let objects = bundle::add(&mut model, files, index).map_err(|error| error.in_file(&index.name))?;
            set_roles(&mut model, &variables);
            if let Some(file) = files.find(folder, keras::METADATA)
                && let Err(error) = keras::add_layers(&mut model, &file.source, &objects)
            {
                model.note(Note::from(&error.in_file(&file.name)));
            }
        }
        None if variables.is_empty() => {}
        None => {
            let count = variables.len();
            model.note(
                Note::warning(format!(
                    "The values of {count} variables are in {VARIABLES:?} and the files beside it, which were not given; drop the whole folder."
                ))
                .about(VARIABLES),
            );
            model.tensors.extend(variables.into_iter().map(Variable::absent));
        }
    }
    Ok(model)
}

/// What the graph tells of a variable.
struct Variable {
    name: String,
    dtype: u64,
    shape: Result<Vec<u64>, String>,
    trainable: bool,
}

impl Variable {
    fn role(&self) -> Role {
        if self.trainable { Role::Parameter } else { Role::Buffer }
    }

    /// The tensor of a variable whose values were not given.
    fn absent(self) -> Tensor {
        let dtype = dtypes::dtype(self.dtype, true);
        let role = self.role();
        let layout = Layout::Absent { file: VARIABLES.to_owned() };
        let mut tensor = Tensor::new(self.name, dtype, self.shape.unwrap_or_else(|_| vec![0]), layout);
        tensor.role = Some(role);
        tensor
    }
}

/// What measures training is stored with the model and is none of it.
const METRICS: &str = "keras_api/metrics/";

/// Which tensors are trained, by the names that their variables have in the program, where each tells one thing only.
fn set_roles(model: &mut Checkpoint, variables: &[Variable]) {
    let mut roles: HashMap<&str, Option<Role>> = HashMap::new();
    for variable in variables {
        let role = Some(variable.role());
        let known = roles.entry(&variable.name).or_insert(role);
        if *known != role {
            *known = None;
        }
    }
    for tensor in &mut model.tensors {
        let alias = tensor.more.as_ref().and_then(|more| more.alias.as_deref());
        let by_name = || alias.and_then(|alias| roles.get(alias).copied().flatten());
        let metric = tensor.name.starts_with(METRICS).then_some(Role::Other);
        tensor.role = tensor.role.or(metric).or_else(by_name);
    }
}

fn text(key: &str) -> Key {
    Key::Text(key.into())
}

/// Adds what a `MetaGraphDef` tells, and puts its variables into `variables`.
fn meta_graph(model: &mut Checkpoint, graph: Message<'_>, path: &[Key], variables: &mut Vec<Variable>) -> Result<()> {
    for field in graph {
        let field = field?;
        match field.number {
            1 => info(model, field.message()?, path)?,
            2 => versions(model, &field.message()?, path)?,
            5 => signature(model, field.message()?, path)?,
            7 => read_variables(field.message()?, variables)?,
            _ => {}
        }
    }
    Ok(())
}

/// Adds the versions in a graph beside a checkpoint (`.meta`), a `MetaGraphDef` of its own.
pub(super) fn add_versions(model: &mut Checkpoint, graph: Message<'_>) -> Result<()> {
    for field in graph {
        let field = field?;
        match field.number {
            1 => info(model, field.message()?, &[])?,
            2 => return versions(model, &field.message()?, &[]),
            _ => {}
        }
    }
    Ok(())
}

/// The longest name of a tensor, a tag or a version that is kept.
const NAME: u64 = 64 << 10;

fn add(model: &mut Checkpoint, path: &[Key], keys: &[&str], value: Value) {
    if model.metadata.len() < limits::METADATA_ENTRIES {
        let path = path.iter().cloned().chain(keys.iter().map(|key| text(key))).collect();
        model.metadata.push(Entry { path, kind: "".into(), value });
    }
}

/// `MetaInfoDef`: tags, and which TensorFlow wrote it.
fn info(model: &mut Checkpoint, info: Message<'_>, path: &[Key]) -> Result<()> {
    let mut tags = Vec::new();
    for field in info {
        let field = field?;
        match field.number {
            4 if tags.len() < limits::RANK => tags.push(field.text(NAME)?),
            5 => {
                let version = field.text(NAME)?;
                model.producer = Some(format!("TensorFlow {version}"));
                add(model, path, &["tensorflow_version"], Value::Text(version));
            }
            6 => add(model, path, &["tensorflow_git_version"], Value::Text(field.text(NAME)?)),
            7 => add(model, path, &["stripped_default_attrs"], Value::Bool(field.unsigned()? != 0)),
            _ => {}
        }
    }
    if !tags.is_empty() {
        add(model, path, &["tags"], Value::Text(tags.join(", ")));
    }
    Ok(())
}

/// `GraphDef.versions`. It is the last field, behind all nodes, through which nobody wants to walk: there may be millions.
fn versions(model: &mut Checkpoint, graph: &Message<'_>, path: &[Key]) -> Result<()> {
    // Its key, its length, and at most two numbers of five bytes with a key each and a few more.
    let tail = graph.tail(32)?;
    let found = (0..tail.len()).find_map(|at| {
        let [0x22, len, rest @ ..] = &tail[at..] else { return None };
        (usize::from(*len) == rest.len() && rest.first() == Some(&0x08))
            .then(|| read_versions(Message::new(&rest)).ok())?
    });
    if let Some((producer, least)) = found {
        let number = |number: u64| Value::Int(number.cast_signed());
        add(model, path, &["versions", "producer"], number(producer));
        add(model, path, &["versions", "min_consumer"], number(least));
    }
    Ok(())
}

/// A signature with its name: what goes in, what comes out.
fn signature(model: &mut Checkpoint, pair: Message<'_>, path: &[Key]) -> Result<()> {
    let (name, body) = key_and_value(pair)?;
    let Some(body) = body else { return Ok(()) };
    for field in body {
        let field = field?;
        match field.number {
            1 | 2 => {
                let side = if field.number == 1 { "inputs" } else { "outputs" };
                let (argument, info) = key_and_value(field.message()?)?;
                let value = info.map_or(Ok(String::new()), tensor_info)?;
                add(model, path, &["signatures", &name, side, &argument], Value::Text(value));
            }
            3 => {
                let method = field.text(NAME)?;
                if !method.is_empty() {
                    add(model, path, &["signatures", &name, "method_name"], Value::Text(method));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// An entry of a map.
fn key_and_value(pair: Message<'_>) -> Result<(String, Option<Message<'_>>)> {
    let (mut key, mut value) = (String::new(), None);
    for field in pair {
        let field = field?;
        match field.number {
            1 => key = field.text(NAME)?,
            2 => value = Some(field.message()?),
            _ => {}
        }
    }
    Ok((key, value))
}

/// `float32 (None, 10)`: a `TensorInfo`, its shape as TensorFlow prints it.
fn tensor_info(info: Message<'_>) -> Result<String> {
    let (mut dtype, mut shape) = (0, String::new());
    for field in info {
        let field = field?;
        match field.number {
            2 => dtype = field.unsigned()?,
            3 => shape = signature_shape(field.message()?)?,
            _ => {}
        }
    }
    // What only runs, such as what loads tables of words, gives none.
    Ok(if dtype == 0 { "no tensor".to_owned() } else { format!("{} {shape}", dtypes::name(dtype)) })
}

/// A shape whose dimensions may be left open.
fn signature_shape(shape: Message<'_>) -> Result<String> {
    let mut sizes = Vec::new();
    for field in shape {
        let field = field?;
        match field.number {
            2 if sizes.len() < limits::RANK => {
                let size = field.message()?.last(1)?.map_or(Ok(0), |size| size.signed())?;
                sizes.push(if size < 0 { "None".to_owned() } else { size.to_string() });
            }
            3 if field.unsigned()? != 0 => return Ok("of any shape".to_owned()),
            _ => {}
        }
    }
    Ok(tuple(&sizes))
}

/// The variables of a `SavedObjectGraph`.
fn read_variables(graph: Message<'_>, into: &mut Vec<Variable>) -> Result<()> {
    for node in graph {
        let node = node?;
        if node.number != 1 {
            continue;
        }
        let Some(variable) = node.message()?.last(7)? else { continue };
        if into.len() == limits::MEMBERS {
            return Ok(());
        }
        let mut found = Variable { name: String::new(), dtype: 0, shape: Ok(Vec::new()), trainable: false };
        for field in variable.message()? {
            let field = field?;
            match field.number {
                1 => found.dtype = field.unsigned()?,
                2 => found.shape = read_shape(field.message()?)?,
                3 => found.trainable = field.unsigned()? != 0,
                6 => found.name = field.text(NAME)?,
                _ => {}
            }
        }
        into.push(found);
    }
    Ok(())
}
