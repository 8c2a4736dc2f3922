//! A way through nested containers, without recursion.

use super::keys;
use super::modules::{self, Registered};
use super::nodes::{Id, Node, Pickle};
use super::plain;
use crate::limits;
use crate::model::Key;
use std::collections::{HashMap, HashSet};
use std::vec::IntoIter;

/// As many bytes of text are looked at in the time of one step.
const WEIGHT: usize = 64;

/// What a walk comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// What holds nothing that is gone into.
    Leaf(Id),
    /// An object of a class; what it holds follows.
    Object(Id),
}

impl Step {
    /// The node.
    pub fn id(self) -> Id {
        match self {
            Step::Leaf(id) | Step::Object(id) => id,
        }
    }
}

/// How something hangs on what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// In a container: by a key or an index.
    Item,
    /// As an attribute of an object.
    Attribute,
    /// A module's parameter.
    Parameter,
    /// A module's buffer.
    Buffer,
    /// A module's buffer that its state dict leaves out.
    Transient,
}

/// How Python comes from what holds something to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `holder[key]`.
    Item,
    /// `holder.key`.
    Attribute,
    /// The code of the holder's class would have to tell.
    Unknown,
}

impl Way {
    /// The key as a step on this way.
    fn step(self, key: Key) -> Key {
        match (self, key) {
            (Way::Attribute, Key::Text(name)) => Key::Attribute(name),
            (Way::Item, key) => key,
            (_, Key::Index(index)) => Key::Nth(index),
            (_, Key::Text(text)) => Key::Shown(text),
            (_, key) => key,
        }
    }
}

/// The leaves and the objects below a node, in the order of the pickle.
///
/// Containers that are shared are walked on each way to them; one that contains itself is a leaf there. A pickle of a few
/// bytes can describe more ways than there are atoms, so their number is capped.
pub struct Walk<'a> {
    pickle: &'a Pickle,
    stop_at: fn(&Pickle, Id) -> bool,
    /// What the code of scripted classes says of them.
    registered: &'a HashMap<String, Registered>,
    /// Containers that are being walked.
    open: Vec<Open>,
    on_path: HashSet<Id>,
    path: Vec<Key>,
    /// How many of its first keys were kept with what came before.
    kept: usize,
    part: Part,
    steps: usize,
    start: Option<Id>,
    /// The places of the modules among the open containers.
    modules: Vec<usize>,
    /// How many optimizers' state dicts are open.
    optimizers: usize,
    /// Whether the cap was reached.
    pub capped: bool,
    /// Whether something lies deeper than is walked.
    pub too_deep: bool,
    /// Keys that a dictionary sets twice, by their nodes, once each; the last value counts.
    pub duplicates: HashSet<Id>,
}

/// A container that is being walked, with what is still to come of it.
struct Open {
    id: Id,
    groups: Vec<Children>,
    module: bool,
    /// Whether the state dict of the outermost module around it has what it registers.
    registered: bool,
    optimizer: bool,
}

/// Children of one kind that are still to come.
enum Children {
    /// Those of a list, by its place, from an index on.
    Numbered(u32, usize, Part, Way),
    /// Keys and values, and how many keys that look alike were passed.
    Named(IntoIter<(Id, Id)>, Part, Way, usize),
}

impl<'a> Walk<'a> {
    /// A walk from `start` on that takes what `stop_at` says for a leaf.
    pub fn new(
        pickle: &'a Pickle,
        start: Id,
        registered: &'a HashMap<String, Registered>,
        stop_at: fn(&Pickle, Id) -> bool,
    ) -> Self {
        Walk {
            pickle,
            stop_at,
            registered,
            open: Vec::new(),
            on_path: HashSet::new(),
            path: Vec::new(),
            kept: 0,
            part: Part::Item,
            steps: 0,
            start: Some(start),
            modules: Vec::new(),
            optimizers: 0,
            capped: false,
            too_deep: false,
            duplicates: HashSet::new(),
        }
    }

    /// The next leaf or object; [`Walk::path`] tells the way to it.
    pub fn next_step(&mut self) -> Option<Step> {
        if let Some(start) = self.start.take()
            && let Some(step) = self.enter(start)
        {
            return Some(step);
        }
        loop {
            if self.capped {
                return None;
            }
            let depth = self.open.len();
            let open = self.open.last_mut()?;
            self.path.truncate(depth - 1);
            self.kept = self.kept.min(depth - 1);
            let Some((key, id, part)) = next_child(self.pickle, &mut open.groups) else {
                self.on_path.remove(&open.id);
                self.optimizers -= usize::from(open.optimizer);
                if open.module {
                    self.modules.pop();
                }
                self.open.pop();
                continue;
            };
            self.path.push(key);
            self.part = part;
            if let Some(step) = self.enter(id) {
                return Some(step);
            }
        }
    }

    /// The keys that lead to what came last, outermost first.
    pub fn path(&self) -> &[Key] {
        &self.path
    }

    /// How many of the last keys to what came last were not keys to anything that this was asked of before.
    pub fn new_keys(&mut self) -> usize {
        self.path.len() - std::mem::replace(&mut self.kept, self.path.len())
    }

    /// How what came last hangs on what holds it.
    pub fn part(&self) -> Part {
        self.part
    }

    /// How many keys lead to the outermost module around what came last.
    pub fn module(&self) -> Option<usize> {
        // What came last may itself be the innermost open container.
        self.modules.first().copied().filter(|depth| *depth < self.path.len())
    }

    /// Whether what came last belongs to an optimizer's state dict.
    pub fn in_optimizer(&self) -> bool {
        self.optimizers > 0
    }

    /// Whether the state dict of the outermost module around what came last has it.
    pub fn in_state_dict(&self) -> bool {
        let holder = self.path.len().checked_sub(1).and_then(|depth| self.open.get(depth));
        holder.is_some_and(|open| open.registered) && matches!(self.part, Part::Parameter | Part::Buffer)
    }

    /// What holds what came last.
    pub fn holder(&self) -> Option<Id> {
        self.open.get(self.path.len().checked_sub(1)?).map(|open| open.id)
    }

    /// Whether what came last is a module that is gone into.
    pub fn is_module(&self, id: Id) -> bool {
        self.open.last().is_some_and(|open| open.id == id && open.module)
    }

    /// The keys that lead to a container that is being walked: one that contains itself.
    pub fn path_to(&self, id: Id) -> Option<&[Key]> {
        let depth = self.open.iter().position(|open| open.id == id)?;
        Some(&self.path[..depth])
    }

    /// Goes into a container; what is told of it is its being a leaf or an object.
    fn enter(&mut self, id: Id) -> Option<Step> {
        let id = modules::untagged(self.pickle, id);
        self.steps += plain::weight(self.pickle, id) / WEIGHT;
        if self.steps > limits::PICKLE_STEPS {
            self.capped = true;
            return Some(Step::Leaf(id));
        }
        if (self.stop_at)(self.pickle, id) || self.on_path.contains(&id) {
            return Some(Step::Leaf(id));
        }
        if !matches!(
            self.pickle.node(id),
            Node::List(_) | Node::Tuple(_) | Node::Set(_) | Node::Dict(_) | Node::Object(_)
        ) {
            self.steps += 1;
            self.capped = self.steps > limits::PICKLE_STEPS;
            return Some(Step::Leaf(id));
        }
        let (groups, module) = self.children(id);
        let count: usize = groups.iter().map(|group| self.count(group)).sum();
        // All children are paid for at once: they take memory while their container is open.
        self.steps += 1 + count;
        self.capped = self.steps > limits::PICKLE_STEPS;
        self.too_deep |= count > 0 && self.open.len() == limits::PICKLE_DEPTH;
        if count == 0 || self.open.len() == limits::PICKLE_DEPTH {
            return Some(Step::Leaf(id));
        }
        self.on_path.insert(id);
        let optimizer = modules::is_optimizer(self.pickle, id);
        self.optimizers += usize::from(optimizer);
        let registered = module && self.is_registered(id);
        if module {
            self.modules.push(self.open.len());
        }
        self.open.push(Open { id, groups, module, registered, optimizer });
        let class = modules::class(self.pickle, id).is_some_and(|class| !modules::is_collection(class));
        class.then_some(Step::Object(id))
    }

    /// Whether the module that is gone into is the outermost one, or known by its name to those around it.
    fn is_registered(&self, id: Id) -> bool {
        self.modules.is_empty()
            || self.open.last().is_some_and(|around| around.registered)
                && (self.part == Part::Item || modules::is_scripted(self.pickle, id))
    }

    fn count(&self, group: &Children) -> usize {
        match group {
            Children::Numbered(place, ..) => self.pickle.children(*place).len(),
            Children::Named(pairs, ..) => pairs.len(),
        }
    }

    /// What a container holds, last group first, and whether it is a module.
    fn children(&mut self, id: Id) -> (Vec<Children>, bool) {
        let mut groups = Vec::new();
        let mut module = false;
        match self.pickle.node(id) {
            Node::List(place) | Node::Tuple(place) => groups.push(Children::Numbered(place, 0, Part::Item, Way::Item)),
            Node::Set(place) => groups.push(Children::Numbered(place, 0, Part::Item, Way::Unknown)),
            Node::Dict(place) => groups.push(self.items(place)),
            Node::Object(_) => module = self.object_children(id, &mut groups),
            _ => {}
        }
        groups.reverse();
        (groups, module)
    }

    /// The items of a dictionary's or a list's kin, then the attributes of its state; whether it is a module.
    fn object_children(&mut self, id: Id, groups: &mut Vec<Children>) -> bool {
        let pickle = self.pickle;
        if let Some((members, weight)) = modules::members(pickle, id, self.registered) {
            self.steps += weight / WEIGHT;
            for (flat, part) in members {
                let group = self.pairs(&flat, part, way_in(pickle, id));
                groups.push(group);
            }
            return true;
        }
        let Some(object) = pickle.object(id) else { return false };
        let call = pickle.call(id);
        let collection = call.is_some_and(|(global, _)| modules::is_collection(global));
        // OrderedDict([(key, value), …]), as old pickles have it; Counter({…}); deque([…], 3).
        if let Some((_, [first, ..])) = call.filter(|_| collection) {
            match pickle.node(*first) {
                Node::Dict(place) => groups.push(self.items(place)),
                Node::List(place) => match self.listed_pairs(pickle.children(place)) {
                    Some(pairs) => groups.push(pairs),
                    None => groups.push(Children::Numbered(place, 0, Part::Item, Way::Item)),
                },
                _ => {}
            }
        }
        let reconstructed = modules::reconstructed(pickle, id);
        match reconstructed.map(|[.., value]| pickle.node(value)) {
            Some(Node::Dict(place)) => groups.push(self.items(place)),
            Some(Node::List(place) | Node::Tuple(place)) => {
                groups.push(Children::Numbered(place, 0, Part::Item, Way::Item));
            }
            _ => {}
        }
        groups.push(self.items(object.pairs));
        groups.push(Children::Numbered(object.items, 0, Part::Item, Way::Item));
        // An ordered dictionary's attributes are PyTorch's bookkeeping (`_metadata`).
        if collection {
            return false;
        }
        let before: usize = groups.iter().map(|group| self.count(group)).sum();
        // What only has arguments, such as a named tuple, is made of them.
        if object.state.is_none() && before == 0 && reconstructed.is_none() {
            if let Node::Tuple(place) | Node::List(place) = pickle.node(object.args) {
                groups.push(Children::Numbered(place, 0, Part::Item, Way::Unknown));
            }
            return false;
        }
        let way = way_in(pickle, id);
        for state in modules::states(pickle, object) {
            if let Some(flat) = modules::flat(pickle, state) {
                groups.push(self.pairs(flat, Part::Attribute, way));
            }
        }
        if let Some(place) = modules::listed_state(pickle, object) {
            groups.push(Children::Numbered(place, 0, Part::Attribute, Way::Unknown));
        }
        false
    }

    /// A list of pairs; `None` if it is none.
    fn listed_pairs(&mut self, list: &[Id]) -> Option<Children> {
        let mut flat = Vec::with_capacity(list.len() * 2);
        for pair in list {
            let pair @ [_, _] = self.pickle.sequence(*pair)? else { return None };
            flat.extend(pair);
        }
        Some(self.pairs(&flat, Part::Item, Way::Item))
    }

    /// The items of a dictionary, by its place.
    fn items(&mut self, place: u32) -> Children {
        self.pairs(self.pickle.children(place), Part::Item, Way::Item)
    }

    /// Keys and values in turn; of a key that is set twice the last value, at its first place.
    fn pairs(&mut self, flat: &[Id], part: Part, way: Way) -> Children {
        let mut pairs: Vec<(Id, Id)> = Vec::with_capacity(flat.len() / 2);
        let mut known = HashMap::with_capacity(flat.len() / 2);
        for [key, value] in flat.as_chunks::<2>().0 {
            let identity = keys::identity(self.pickle, *key);
            self.steps += keys::weight(self.pickle, *key) / WEIGHT;
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
        Children::Named(pairs.into_iter(), part, way, 0)
    }
}

/// How Python comes to the attributes of an object. They are what its state says if it was made without arguments; else its
/// class makes of the state what it likes, as those that are written in C do.
fn way_in(pickle: &Pickle, id: Id) -> Way {
    let in_c = modules::class(pickle, id).is_some_and(|class| {
        class.module.starts_with("__torch__.torch.classes") || class.module == "torch" && class.name == "ScriptObject"
    });
    let Some(object) = pickle.object(id).filter(|_| !in_c) else { return Way::Unknown };
    let bare = pickle.sequence(object.args).is_some_and(<[Id]>::is_empty) || modules::is_made_whole(pickle, id);
    let plain = modules::states(pickle, object).iter().all(|state| is_dict_or_none(pickle, *state));
    if bare && plain { Way::Attribute } else { Way::Unknown }
}

/// Whether Python itself would have written this as a part of an object's state.
fn is_dict_or_none(pickle: &Pickle, state: Id) -> bool {
    matches!(pickle.node(state), Node::Dict(_) | Node::None)
}

/// The next child of a container, the key that leads to it, and how it hangs on it.
fn next_child(pickle: &Pickle, groups: &mut Vec<Children>) -> Option<(Key, Id, Part)> {
    loop {
        let child = match groups.last_mut()? {
            Children::Named(pairs, part, way, alike) => {
                pairs.next().map(|(key, id)| (way.step(keys::told_apart(pickle, key, alike)), id, *part))
            }
            Children::Numbered(place, index, part, way) => pickle.children(*place).get(*index).map(|id| {
                *index += 1;
                (way.step(Key::Index(i64::try_from(*index - 1).unwrap_or(i64::MAX))), *id, *part)
            }),
        };
        if child.is_some() {
            return child;
        }
        groups.pop();
    }
}
