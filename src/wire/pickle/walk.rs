//! A way through nested containers, without recursion.

use super::keys;
use super::nodes::{Id, Node, Pickle};
use crate::limits;
use crate::model::Key;
use std::collections::{HashMap, HashSet};
use std::vec::IntoIter;

/// The leaves below a node, in the order of the pickle.
///
/// Containers that are shared are walked on each way to them; one that contains itself is a leaf there. A pickle of a few
/// bytes can describe more ways than there are atoms, so their number is capped.
pub struct Walk<'a> {
    pickle: &'a Pickle<'a>,
    stop_at: fn(&Pickle<'_>, Id) -> bool,
    /// Containers that are being walked, with what is still to come of them.
    open: Vec<(Id, Vec<Children>)>,
    on_path: HashSet<Id>,
    path: Vec<Key>,
    steps: usize,
    start: Option<Id>,
    /// Whether the cap was reached.
    pub capped: bool,
    /// Whether something lies deeper than is walked.
    pub too_deep: bool,
    /// Keys that a dictionary sets twice, by their nodes, once each; the last value counts.
    pub duplicates: HashSet<Id>,
}

/// Children of one kind that are still to come.
enum Children {
    /// Those of a list, by its place, from an index on.
    Numbered(u32, usize),
    /// Keys and values.
    Named(IntoIter<(Id, Id)>),
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
            too_deep: false,
            duplicates: HashSet::new(),
        }
    }

    /// The next leaf; [`Walk::path`] tells the way to it.
    pub fn next_leaf(&mut self) -> Option<Id> {
        if let Some(start) = self.start.take()
            && !self.enter(start)
        {
            return Some(start);
        }
        loop {
            if self.capped {
                return None;
            }
            let depth = self.open.len();
            let (container, groups) = self.open.last_mut()?;
            self.path.truncate(depth - 1);
            let Some((key, id)) = next_child(self.pickle, groups) else {
                self.on_path.remove(container);
                self.open.pop();
                continue;
            };
            self.path.push(key);
            if !self.enter(id) {
                return Some(id);
            }
        }
    }

    /// The keys that lead to the leaf that came last, outermost first.
    pub fn path(&self) -> &[Key] {
        &self.path
    }

    /// Goes into a container; `false` for what is a leaf.
    fn enter(&mut self, id: Id) -> bool {
        if (self.stop_at)(self.pickle, id) || self.on_path.contains(&id) {
            return false;
        }
        let (groups, count) = self.children(id);
        // All children are paid for at once: they take memory while their container is open.
        self.steps += 1 + count;
        self.capped = self.steps > limits::PICKLE_STEPS;
        self.too_deep |= count > 0 && self.open.len() == limits::PICKLE_DEPTH;
        if count == 0 || self.open.len() == limits::PICKLE_DEPTH {
            return false;
        }
        self.on_path.insert(id);
        self.open.push((id, groups));
        true
    }

    /// What a container holds, last group first, and how many children that are.
    fn children(&mut self, id: Id) -> (Vec<Children>, usize) {
        let mut groups = Vec::new();
        match self.pickle.node(id) {
            Node::List(place) | Node::Tuple(place) | Node::Set(place) => groups.push(Children::Numbered(place, 0)),
            Node::Dict(place) => groups.push(self.pairs(self.pickle.children(place))),
            Node::Object(_) => self.object_children(id, &mut groups),
            _ => {}
        }
        groups.reverse();
        let count = groups.iter().map(|group| match group {
            Children::Numbered(place, _) => self.pickle.children(*place).len(),
            Children::Named(pairs) => pairs.len(),
        });
        let count = count.sum();
        (groups, count)
    }

    /// The items of a dictionary's or a list's kin, then the attributes of its state.
    fn object_children(&mut self, id: Id, groups: &mut Vec<Children>) {
        let pickle = self.pickle;
        let Some(object) = pickle.object(id) else { return };
        let call = pickle.call(id);
        let collection = call.is_some_and(|(global, _)| global.module == "collections");
        // OrderedDict([(key, value), …]), as old pickles have it; Counter({…}).
        if let Some((_, [only])) = call.filter(|_| collection) {
            match pickle.node(*only) {
                Node::Dict(place) => groups.push(self.pairs(pickle.children(place))),
                Node::List(place) => groups.extend(self.listed_pairs(pickle.children(place))),
                _ => {}
            }
        }
        groups.push(self.pairs(pickle.children(object.pairs)));
        groups.push(Children::Numbered(object.items, 0));
        // An ordered dictionary's attributes are PyTorch's bookkeeping (`_metadata`).
        if collection {
            return;
        }
        // The state is the attributes, or a pair of them and those in slots.
        let states = match object.state.map(|state| (state, pickle.node(state))) {
            Some((state, Node::Dict(_))) => vec![state],
            Some((_, Node::Tuple(place))) if pickle.children(place).len() == 2 => pickle.children(place).to_vec(),
            _ => Vec::new(),
        };
        for state in states {
            if let Node::Dict(place) = pickle.node(state) {
                groups.push(self.pairs(pickle.children(place)));
            }
        }
    }

    /// A list of pairs; `None` if it is none.
    fn listed_pairs(&mut self, list: &[Id]) -> Option<Children> {
        let mut flat = Vec::with_capacity(list.len() * 2);
        for pair in list {
            let pair @ [_, _] = self.pickle.sequence(*pair)? else { return None };
            flat.extend(pair);
        }
        Some(self.pairs(&flat))
    }

    /// Keys and values in turn; of a key that is set twice the last value, at its first place.
    fn pairs(&mut self, flat: &[Id]) -> Children {
        let mut pairs: Vec<(Id, Id)> = Vec::with_capacity(flat.len() / 2);
        let mut known = HashMap::with_capacity(flat.len() / 2);
        for [key, value] in flat.as_chunks::<2>().0 {
            let identity = keys::identity(self.pickle, *key);
            self.steps += identity.weight() / 64;
            if self.steps > limits::PICKLE_STEPS {
                break;
            }
            let place = *known.entry(identity).or_insert(pairs.len());
            if let Some(pair) = pairs.get_mut(place) {
                pair.1 = *value;
                self.duplicates.insert(pair.0);
            } else {
                pairs.push((*key, *value));
            }
        }
        Children::Named(pairs.into_iter())
    }
}

/// The next child of a container and the key that leads to it.
fn next_child(pickle: &Pickle<'_>, groups: &mut Vec<Children>) -> Option<(Key, Id)> {
    loop {
        let child = match groups.last_mut()? {
            Children::Named(pairs) => pairs.next().map(|(key, id)| (keys::key(pickle, key), id)),
            Children::Numbered(place, index) => pickle.children(*place).get(*index).map(|id| {
                *index += 1;
                (Key::Index(i64::try_from(*index - 1).unwrap_or(i64::MAX)), *id)
            }),
        };
        if child.is_some() {
            return child;
        }
        groups.pop();
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
