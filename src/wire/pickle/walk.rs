//! A way through nested containers, without recursion.

use super::arrays::NumpyArray;
use super::nodes::{Id, Node, Pickle};
use crate::error::quoted;
use crate::limits;
use crate::model::{Key, Value};
use std::collections::HashSet;

/// Something that a walk does not go into.
#[derive(Debug)]
pub struct Leaf {
    /// The keys that lead to it.
    pub path: Vec<Key>,
    /// What it is.
    pub id: Id,
}

/// The leaves below a node, in the order of the pickle.
///
/// Containers that are shared are walked on each way to them; one that contains itself is a leaf there. A pickle of a few
/// bytes can describe more ways than there are atoms, so their number is capped.
pub struct Walk<'a> {
    pickle: &'a Pickle<'a>,
    stop_at: fn(&Pickle<'_>, Id) -> bool,
    /// Containers that are being walked: their children still to come, last first.
    open: Vec<(Id, Vec<(Key, Id)>)>,
    on_path: HashSet<Id>,
    path: Vec<Key>,
    steps: usize,
    start: Option<Id>,
    /// Whether the cap was reached.
    pub capped: bool,
    /// Keys that a dictionary sets twice; the last value counts.
    pub duplicates: Vec<String>,
}

impl<'a> Walk<'a> {
    /// A walk from `start` on that takes what `stop_at` says for a leaf.
    pub fn new(pickle: &'a Pickle<'a>, start: Id, stop_at: fn(&Pickle<'_>, Id) -> bool) -> Self {
        Walk {
            pickle,
            stop_at,
            open: Vec::new(),
            on_path: HashSet::new(),
            path: Vec::new(),
            steps: 0,
            start: Some(start),
            capped: false,
            duplicates: Vec::new(),
        }
    }

    /// Goes into a container; `false` for what is a leaf.
    fn enter(&mut self, id: Id) -> bool {
        if (self.stop_at)(self.pickle, id) || self.on_path.contains(&id) || self.open.len() == limits::PICKLE_DEPTH {
            return false;
        }
        let Some(mut children) = self.children(id) else { return false };
        children.reverse();
        self.on_path.insert(id);
        self.open.push((id, children));
        true
    }

    /// What a container holds; `None` for what is none, and for empty ones.
    fn children(&mut self, id: Id) -> Option<Vec<(Key, Id)>> {
        let children = match self.pickle.node(id) {
            Node::List(place) | Node::Tuple(place) | Node::Set(place) => numbered(self.pickle.children(place)),
            Node::Dict(place) => self.pairs(self.pickle.children(place)),
            Node::Object(_) => self.object_children(id),
            _ => return None,
        };
        (!children.is_empty()).then_some(children)
    }

    /// The items of a dictionary's or a list's kin, then the attributes of its state.
    fn object_children(&mut self, id: Id) -> Vec<(Key, Id)> {
        let pickle = self.pickle;
        let Some(object) = pickle.object(id) else { return Vec::new() };
        let mut children = Vec::new();
        // OrderedDict([(key, value), …]), as old pickles have it.
        if let Some((global, [only])) = pickle.call(id)
            && global.module == "collections"
            && let Some(pairs) = pickle.sequence(*only)
        {
            let flat: Vec<Id> = pairs.iter().filter_map(|pair| pickle.sequence(*pair)).flatten().copied().collect();
            if flat.len() == pairs.len() * 2 {
                children.extend(self.pairs(&flat));
            }
        }
        children.extend(self.pairs(pickle.children(object.pairs)));
        children.extend(numbered(pickle.children(object.items)));
        // The state is the attributes, or a pair of them and those in slots.
        let states = match object.state.map(|state| (state, pickle.node(state))) {
            Some((state, Node::Dict(_))) => vec![state],
            Some((_, Node::Tuple(place))) => pickle.children(place).to_vec(),
            _ => Vec::new(),
        };
        // An ordered dictionary's attributes are PyTorch's bookkeeping (`_metadata`).
        let bookkeeping = pickle.call(id).is_some_and(|(global, _)| global.module == "collections");
        for state in states.into_iter().filter(|_| !bookkeeping) {
            if let Node::Dict(place) = pickle.node(state) {
                children.extend(self.pairs(pickle.children(place)));
            }
        }
        children
    }

    /// Keys and values in turn; of a key that is set twice the last value, at its first place.
    fn pairs(&mut self, flat: &[Id]) -> Vec<(Key, Id)> {
        let mut pairs: Vec<(Key, Id)> = Vec::with_capacity(flat.len() / 2);
        let mut known = std::collections::HashMap::with_capacity(flat.len() / 2);
        for pair in flat.as_chunks::<2>().0 {
            let key = key(self.pickle, pair[0]);
            match known.entry(key.clone()) {
                std::collections::hash_map::Entry::Occupied(place) => {
                    let place: usize = *place.get();
                    pairs[place].1 = pair[1];
                    self.duplicates.push(dotted(std::slice::from_ref(&key)));
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(pairs.len());
                    pairs.push((key, pair[1]));
                }
            }
        }
        pairs
    }
}

impl Iterator for Walk<'_> {
    type Item = Leaf;

    fn next(&mut self) -> Option<Leaf> {
        if let Some(start) = self.start.take()
            && !self.enter(start)
        {
            return Some(Leaf { path: Vec::new(), id: start });
        }
        loop {
            let depth = self.open.len();
            let (container, children) = self.open.last_mut()?;
            let Some((key, id)) = children.pop() else {
                self.on_path.remove(container);
                self.open.pop();
                self.path.truncate(self.open.len().saturating_sub(1));
                continue;
            };
            self.path.truncate(depth - 1);
            self.path.push(key);
            self.steps += 1;
            if self.steps > limits::PICKLE_STEPS {
                self.capped = true;
                return None;
            }
            if !self.enter(id) {
                return Some(Leaf { path: self.path.clone(), id });
            }
        }
    }
}

fn numbered(items: &[Id]) -> Vec<(Key, Id)> {
    items.iter().enumerate().map(|(index, id)| (Key::Index(i64::try_from(index).unwrap_or(i64::MAX)), *id)).collect()
}

/// A dictionary's key as its name shows it.
fn key(pickle: &Pickle<'_>, id: Id) -> Key {
    match pickle.node(id) {
        Node::Int(number) => Key::Index(number),
        Node::Text(..) | Node::Owned(_) => Key::Text(pickle.text(id).unwrap_or_default().into_owned()),
        Node::Tuple(place) => {
            let parts: Vec<String> = pickle.children(place).iter().map(|part| shown(pickle, *part)).collect();
            Key::Text(format!("({})", parts.join(", ")))
        }
        _ => Key::Text(shown(pickle, id)),
    }
}

/// Anything in a few characters, as Python prints it where that is simple.
fn shown(pickle: &Pickle<'_>, id: Id) -> String {
    match value(pickle, id) {
        Value::Text(text) if pickle.text(id).is_some() => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// A leaf as a value: what has no short form is described.
pub fn value(pickle: &Pickle<'_>, id: Id) -> Value {
    match pickle.node(id) {
        Node::None => Value::Null,
        Node::Bool(truth) => Value::Bool(truth),
        Node::Int(number) => Value::Int(number),
        Node::Float(number) => Value::Float(number),
        Node::Text(..) | Node::Owned(_) | Node::BigInt(_) => {
            Value::Text(pickle.text(id).unwrap_or_default().into_owned())
        }
        Node::Bytes(_, len) => Value::Text(format!("{len} bytes")),
        Node::List(_) => Value::Text("[]".to_owned()),
        Node::Tuple(_) => Value::Text("()".to_owned()),
        Node::Set(_) => Value::Text("set()".to_owned()),
        Node::Dict(_) => Value::Text("{}".to_owned()),
        Node::Global(_) => Value::Text(pickle.global(id).map(super::Global::dotted).unwrap_or_default()),
        Node::Object(_) => {
            let name = pickle.object(id).and_then(|object| pickle.global(object.callable));
            Value::Text(
                name.map_or_else(|| "an object".to_owned(), |global| format!("{}(…)", quoted(&global.dotted()))),
            )
        }
        Node::Persistent(_) => Value::Text("something outside of the pickle".to_owned()),
        Node::Unknown => Value::Text("unknown".to_owned()),
    }
}

/// The keys joined by dots.
pub fn dotted(path: &[Key]) -> String {
    let keys: Vec<String> = path
        .iter()
        .map(|key| match key {
            Key::Text(text) => text.clone(),
            Key::Index(number) => number.to_string(),
        })
        .collect();
    keys.join(".")
}

/// Whether a node is one of NumPy's arrays.
pub fn is_array(pickle: &Pickle<'_>, id: Id) -> bool {
    NumpyArray::of(pickle, id).is_some()
}
