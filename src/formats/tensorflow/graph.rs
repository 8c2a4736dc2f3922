//! The objects of a program whose variables were saved. Source: `tensorflow/core/protobuf/trackable_object_graph.proto`.
//!
//! A key of the checkpoint is the way from the root to a variable, by the names of attributes: `model/fc1_w/.ATTRIBUTES/VARIABLE_VALUE`.
//! The graph has the variable's own name, and tells which objects are optimizers.

use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteRange, Role};
use crate::source::{ReadAt, read_vec};
use crate::wire::protobuf::{Message, varint};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// The key of the graph, which is stored as a text among the variables.
pub(super) const KEY: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// What is known of the keys.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The names that variables have in the program.
    full_names: HashMap<String, Rc<str>>,
    /// Keys of what optimizers keep of single variables.
    slots: HashSet<String>,
    /// What the keys of all that belongs to optimizers begin with.
    optimizers: Vec<String>,
    /// Keys with their places in the list `variables` of the root: of a Keras model what its `get_weights()` gives.
    listed: HashMap<String, usize>,
}

/// Attributes that tell an optimizer: the counts of its steps, and how fast it learns.
const STEPS: [&str; 3] = ["iter", "_iterations", "iterations"];
const RATE: [&str; 2] = ["learning_rate", "_learning_rate"];

/// How deep an optimizer is looked for below the root.
const DEPTH: usize = 32;

/// How many optimizers are told apart: a program has one for each of its models.
const OPTIMIZERS: usize = 32;

impl Graph {
    /// The name that the variable under a key has in the program.
    pub fn full_name(&self, key: &str) -> Option<Rc<str>> {
        self.full_names.get(key).cloned()
    }

    /// The place of a key in the list of the root's variables.
    pub fn place(&self, key: &str) -> Option<usize> {
        self.listed.get(key).copied()
    }

    /// What a tensor is to its model, where the graph tells.
    pub fn role(&self, key: &str) -> Option<Role> {
        let kept = self.slots.contains(key)
            || key.contains("/.OPTIMIZER_SLOT/")
            || self.optimizers.iter().any(|begin| key.starts_with(begin));
        kept.then_some(Role::Optimizer)
    }
}

/// Reads the graph that is stored as a text: its length, a sum of 4 bytes, the graph.
///
/// # Errors
///
/// `Malformed` where it is damaged; `TooLarge` beyond caps of [`limits`].
pub(super) fn read(source: &dyn ReadAt, range: ByteRange) -> Result<Graph> {
    if range.len > limits::METADATA_RECORD {
        let (len, cap) = (range.len, limits::METADATA_RECORD);
        return Err(Error::too_large(format!("The object graph has {len} bytes, at most {cap} are read.")));
    }
    let bytes = read_vec(source, range.offset, range.len)?;
    let mut rest = bytes.as_slice();
    let len = varint(&mut rest)?;
    let graph = rest.get(4..).filter(|graph| graph.len() as u64 == len);
    let graph =
        graph.ok_or_else(|| Error::malformed("The object graph does not have the length that is told of it."))?;
    parse(Message::new(&graph)).map_err(|error| {
        // Its places are those in a text, not in the file.
        let message =
            format!("The object graph cannot be read, so names of variables are not shown: {}", error.message);
        Error { message, offset: None, ..error }
    })
}

/// One object, as far as it is needed.
struct Object<'a> {
    message: Message<'a>,
    /// The object by which it was first reached from the root, and the field that names it there.
    from: Option<(u32, u32)>,
    seen: bool,
}

fn parse(graph: Message<'_>) -> Result<Graph> {
    let mut objects = objects(graph)?;
    let mut known = Graph::default();
    let Found { slots, optimizers } = walk(&mut objects, &mut known.full_names)?;
    for slot in slots {
        let object = usize::try_from(slot).ok().and_then(|slot| objects.get(slot));
        known.slots.extend(object.map(keys).transpose()?.unwrap_or_default());
    }
    for number in optimizers.into_iter().take(OPTIMIZERS) {
        known.optimizers.extend(path(&objects, number)?);
    }
    known.listed = listed(&objects)?;
    Ok(known)
}

fn objects(graph: Message<'_>) -> Result<Vec<Object<'_>>> {
    let mut objects = Vec::new();
    for field in graph {
        let field = field?;
        if field.number == 1 {
            if objects.len() == limits::GRAPH_OBJECTS {
                let most = limits::GRAPH_OBJECTS;
                return Err(Error::too_large(format!("It has more than {most} objects.")));
            }
            objects.push(Object { message: field.message()?, from: None, seen: false });
        }
    }
    Ok(objects)
}

/// What a walk through the objects finds.
#[derive(Default)]
struct Found {
    /// The objects that optimizers keep of single variables.
    slots: Vec<u64>,
    /// The objects that are optimizers.
    optimizers: Vec<usize>,
}

/// Goes through what the root reaches, breadth first, as TensorFlow names what it saves.
fn walk(objects: &mut [Object<'_>], full_names: &mut HashMap<String, Rc<str>>) -> Result<Found> {
    let mut found = Found::default();
    let mut queue = VecDeque::new();
    if let Some(root) = objects.first_mut() {
        root.seen = true;
        queue.push_back(0);
    }
    while let Some(number) = queue.pop_front() {
        let (mut steps, mut rate, mut has_slots) = (false, false, false);
        for (field, nth) in objects[number].message.clone().zip(0..) {
            let field = field?;
            match field.number {
                1 => {
                    let (child, name) = reference(field.message()?)?;
                    steps |= STEPS.contains(&name.as_str());
                    rate |= RATE.contains(&name.as_str());
                    if let Some(object) = objects.get_mut(child).filter(|object| !object.seen) {
                        object.seen = true;
                        object.from = u32::try_from(number).ok().map(|number| (number, nth));
                        queue.push_back(child);
                    }
                }
                2 => {
                    let (full_name, key) = attribute(field.message()?)?;
                    if !full_name.is_empty() {
                        full_names.insert(key, full_name.into());
                    }
                }
                3 => {
                    has_slots = true;
                    if let Some(slot) = field.message()?.last(3)? {
                        found.slots.push(slot.unsigned()?);
                    }
                }
                _ => {}
            }
        }
        if has_slots || (steps && rate) {
            found.optimizers.push(number);
        }
    }
    Ok(found)
}

/// The keys of the variables in the root's list `variables`, with their places in it.
fn listed(objects: &[Object<'_>]) -> Result<HashMap<String, usize>> {
    let mut listed = HashMap::new();
    let list = objects.first().map(|root| child(root, "variables")).transpose()?.flatten();
    for field in list.and_then(|list| objects.get(list)).into_iter().flat_map(|list| list.message.clone()) {
        let field = field?;
        if field.number != 1 {
            continue;
        }
        let (variable, name) = reference(field.message()?)?;
        if let (Ok(place), Some(variable)) = (name.parse(), objects.get(variable)) {
            listed.extend(keys(variable)?.into_iter().map(|key| (key, place)));
        }
    }
    Ok(listed)
}

/// The keys under which the values of an object are stored.
fn keys(object: &Object<'_>) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for field in object.message.clone() {
        let field = field?;
        if field.number == 2 {
            keys.push(attribute(field.message()?)?.1);
        }
    }
    Ok(keys)
}

/// The number of the child of this name.
fn child(object: &Object<'_>, wanted: &str) -> Result<Option<usize>> {
    for field in object.message.clone() {
        let field = field?;
        if field.number == 1 {
            let (child, name) = reference(field.message()?)?;
            if name == wanted {
                return Ok(Some(child));
            }
        }
    }
    Ok(None)
}

/// The number of a child, and the attribute that it is.
fn reference(message: Message<'_>) -> Result<(usize, String)> {
    let (mut child, mut name) = (0, String::new());
    for field in message {
        let field = field?;
        match field.number {
            1 => child = usize::try_from(field.unsigned()?).unwrap_or(usize::MAX),
            2 => name = field.text(u64::MAX)?,
            _ => {}
        }
    }
    Ok((child, name))
}

/// The full name and the key of a stored attribute.
fn attribute(message: Message<'_>) -> Result<(String, String)> {
    let mut found = (String::new(), String::new());
    for field in message {
        let field = field?;
        match field.number {
            2 => found.0 = field.text(u64::MAX)?,
            3 => found.1 = field.text(u64::MAX)?,
            _ => {}
        }
    }
    Ok(found)
}

/// What the keys of all below an object begin with; `None` for the root, and for what lies deep.
fn path(objects: &[Object<'_>], mut number: usize) -> Result<Option<String>> {
    let mut steps = Vec::new();
    while let Some((from, nth)) = objects[number].from {
        if steps.len() == DEPTH {
            return Ok(None);
        }
        number = usize::try_from(from).expect("the number of an object");
        let nth = usize::try_from(nth).expect("the number of a field");
        if let Some(field) = objects[number].message.clone().nth(nth) {
            let (_, name) = reference(field?.message()?)?;
            // As TensorFlow escapes them.
            steps.push(name.replace('.', "..").replace('/', ".S"));
        }
    }
    steps.reverse();
    Ok((!steps.is_empty()).then(|| format!("{}/", steps.join("/"))))
}
