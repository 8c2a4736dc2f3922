//! Goes through the nodes of a graph and of its functions.

use super::super::Candidate;
use super::schema::GRAPH;
use super::tensor::Holder;
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, Value};
use crate::source::{Ahead, Files, Memory, ReadAt, read_vec};
use crate::wire::protobuf::{Field, Message};
use crate::wire::textproto;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The longest name that is read.
const NAME: u64 = 64 << 10;

/// How deep functions that are given as attributes nest.
const DEPTH: usize = 16;

pub(super) fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let mut checkpoint = Checkpoint::new(Files::new(), super::FORMAT.id);
    let mut file = checkpoint.files.add(&given.name, given.source.clone());
    let mut source = given.source.clone();
    let mut whole = Ok(());
    let text = super::is_text(lead) || lead.has_extension(&["pbtxt"]);
    if text {
        let (len, cap) = (source.size(), limits::GRAPH_TEXT);
        if len > cap {
            return Err(Error::too_large(format!("The text of the graph has {len} bytes, at most {cap} are read.")));
        }
        let (binary, done) = textproto::to_binary(&read_vec(&*source, 0, len)?, &GRAPH);
        (source, whole) = (Rc::new(Memory::new(binary)), done);
        file = checkpoint.files.add_part(file, "the text in binary", source.clone());
    }
    let ahead = Ahead::new(&*source);
    let holder = Holder { source: &ahead, file, room: limits::GRAPH_VALUES };
    let mut reader = Reader {
        checkpoint,
        holder,
        counts: Counts::default(),
        left: limits::GRAPH_CONSTANTS + source.size() / limits::GRAPH_CONSTANT,
    };
    if let Err(error) = reader.graph(Message::new(&ahead)).and(whole) {
        if reader.counts.nodes == 0 && !text {
            let message =
                format!("The file is no graph of TensorFlow, as its name suggests, or damaged: {}", error.message);
            return Err(Error { message, ..error });
        }
        // Of a file that was cut the nodes before are there.
        if reader.checkpoint.tensors.is_empty() {
            return Err(error);
        }
        reader.checkpoint.note(Note::from(&error));
    }
    let Reader { mut checkpoint, counts, .. } = reader;
    counts.tell(&mut checkpoint, text);
    Ok(checkpoint)
}

/// What is counted on the way.
#[derive(Default)]
struct Counts {
    nodes: i64,
    functions: i64,
    /// How many nodes there are of each operator.
    operators: BTreeMap<String, i64>,
    producer: Option<i64>,
    min_consumer: Option<i64>,
    /// Constants that are not listed.
    more: u64,
}

impl Counts {
    fn tell(self, checkpoint: &mut Checkpoint, text: bool) {
        let mut tell = |keys: &[&str], value| {
            let path = keys.iter().map(|key| Key::Text((*key).into())).collect();
            checkpoint.metadata.push(Entry { path, kind: Cow::Borrowed(""), value });
        };
        tell(&["form"], Value::Text(if text { "text" } else { "binary" }.to_owned()));
        for (key, version) in [("producer", self.producer), ("min_consumer", self.min_consumer)] {
            if let Some(version) = version {
                tell(&["versions", key], Value::Int(version));
            }
        }
        tell(&["nodes"], Value::Int(self.nodes));
        tell(&["functions"], Value::Int(self.functions));
        for (operator, count) in &self.operators {
            tell(&["operators", operator], Value::Int(*count));
        }
        if self.more > 0 {
            let message =
                format!("{} more constants are not listed: there are too many for a file of its size.", self.more);
            checkpoint.note(Note::warning(message));
        }
        match self.producer {
            Some(producer) => checkpoint.producer = Some(format!("TensorFlow, graph version {producer}")),
            None => checkpoint.note(Note::warning(
                "The graph does not tell which version wrote it, as TensorFlow does at its end: it was written by something else, or is not whole.",
            )),
        }
    }
}

struct Reader<'a> {
    checkpoint: Checkpoint,
    holder: Holder<'a>,
    counts: Counts,
    /// How many constants may still be listed.
    left: u64,
}

impl Reader<'_> {
    fn graph(&mut self, graph: Message<'_>) -> Result<()> {
        for field in graph {
            let field = field?;
            match field.number {
                1 => self.node(field.message()?, None)?,
                2 => {
                    for function in field.message()? {
                        let function = function?;
                        if function.number == 1 {
                            self.function(&function.message()?)?;
                        }
                    }
                }
                // The one number that there was before.
                3 | 5 => {}
                4 => {
                    for version in field.message()? {
                        let version = version?;
                        match version.number {
                            1 => self.counts.producer = Some(version.signed()?),
                            2 => self.counts.min_consumer = Some(version.signed()?),
                            _ => {}
                        }
                    }
                    // A message without fields has only zeros.
                    self.counts.producer.get_or_insert(0);
                }
                other => {
                    let message = format!("Field {other} is none of a graph; the file is another one, or damaged.");
                    return Err(Error::malformed(message).at(field.at));
                }
            }
        }
        Ok(())
    }

    fn function(&mut self, function: &Message<'_>) -> Result<()> {
        self.counts.functions += 1;
        let name = |field: Field<'_>| -> Result<Option<String>> {
            field.message()?.last(1)?.map(|name| name.text(NAME)).transpose()
        };
        let mut known = None;
        for field in function.clone() {
            let field = field?;
            match field.number {
                1 => known = name(field)?,
                3 => {
                    if known.is_none() {
                        known = function.clone().last(1)?.map(name).transpose()?.flatten();
                    }
                    self.node(field.message()?, Some(known.get_or_insert_default()))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A node, of the graph itself or of a function.
    fn node(&mut self, node: Message<'_>, function: Option<&str>) -> Result<()> {
        self.counts.nodes += 1;
        let (mut name, mut operator) = (None, None);
        // Attributes stand behind the name and the operator, unless somebody else wrote them.
        let mut late = false;
        for field in node.clone() {
            let field = field?;
            match (field.number, &name, &operator) {
                (1, ..) => name = Some(field.text(NAME)?),
                (2, ..) => operator = Some(field.text(NAME)?),
                (5, Some(name), Some(operator)) if !late => self.attribute(&field, name, operator, function)?,
                (5, ..) => late = true,
                _ => {}
            }
        }
        let (name, operator) = (name.unwrap_or_default(), operator.unwrap_or_default());
        if late {
            for field in node {
                let field = field?;
                if field.number == 5 {
                    self.attribute(&field, &name, &operator, function)?;
                }
            }
        }
        if self.counts.operators.len() < limits::METADATA_ENTRIES || self.counts.operators.contains_key(&operator) {
            *self.counts.operators.entry(operator).or_default() += 1;
        }
        Ok(())
    }

    /// The tensors in an attribute of a node.
    fn attribute(&mut self, entry: &Field<'_>, node: &str, operator: &str, function: Option<&str>) -> Result<()> {
        let around: Vec<Key> = function.into_iter().chain([node]).map(|name| Key::Text(name.into())).collect();
        let outermost = around.len();
        // Attributes that are still to be looked at, and the names around them: a function that is given as one has its own.
        let mut open = vec![(entry.message()?, around)];
        while let Some((entry, mut path)) = open.pop() {
            let Some(value) = entry.clone().last(2)? else { continue };
            let key = entry.last(1)?.map(|key| key.text(NAME)).transpose()?.unwrap_or_default();
            // A constant is called as its node.
            if operator != "Const" || key != "value" || path.len() > outermost {
                path.push(Key::Text(key.into()));
            }
            for field in value.message()? {
                let field = field?;
                match field.number {
                    8 => self.tensor(&field, path.clone())?,
                    10 => given(&field, &path, &mut open)?,
                    1 => {
                        for (index, item) in (0..).zip(field.message()?) {
                            let (item, mut path) = (item?, path.clone());
                            path.push(Key::Index(index));
                            match item.number {
                                8 => self.tensor(&item, path)?,
                                9 => given(&item, &path, &mut open)?,
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn tensor(&mut self, field: &Field<'_>, path: Vec<Key>) -> Result<()> {
        let message = field.message()?;
        let Some(left) = self.left.checked_sub(1) else {
            self.counts.more += 1;
            return Ok(());
        };
        self.left = left;
        let steps = path.iter().map(|key| match key {
            Key::Index(index) => index.to_string(),
            key => key.text().unwrap_or_default().to_owned(),
        });
        let name = steps.collect::<Vec<_>>().join("/");
        let (mut tensor, why) = self.holder.tensor(&mut self.checkpoint.files, name, message)?;
        if let Some(why) = why {
            let message = format!("Constant {:?} cannot be read: {why}", quoted(&tensor.name));
            self.checkpoint.note(Note::warning(message).about(&tensor.name));
        }
        tensor.path = path;
        self.checkpoint.tensors.push(tensor);
        Ok(())
    }
}

/// Adds the attributes of a function that is given as one.
fn given<'a>(function: &Field<'a>, path: &[Key], open: &mut Vec<(Message<'a>, Vec<Key>)>) -> Result<()> {
    for field in function.message()? {
        let field = field?;
        if field.number == 2 && path.len() < DEPTH && open.len() < limits::METADATA_ENTRIES {
            open.push((field.message()?, path.to_vec()));
        }
    }
    Ok(())
}
