//! Objects of PyTorch's classes: what they hold, without their code.
//!
//! A pickled `nn.Module` is its attributes, and those of its base class say what it holds: `_parameters`, `_buffers`,
//! `_modules`. A scripted one has attributes only; which of them are parameters stands in the code of its class.

use super::nodes::{Global, Id, Node, Object, Pickle};
use super::walk::Part;
use std::collections::{HashMap, HashSet};

/// What the code of a scripted class registers.
#[derive(Debug, Default)]
pub struct Registered {
    /// The names of its parameters.
    pub parameters: HashSet<String>,
    /// The names of its buffers.
    pub buffers: HashSet<String>,
}

/// Keys and values in turn, with how they hang on the module.
type Members = Vec<(Vec<Id>, Part)>;

/// The class, its base and the base's own value that protocols 0 and 1 make an object of.
pub(super) fn reconstructed(pickle: &Pickle, id: Id) -> Option<[Id; 3]> {
    let (global, args) = pickle.call(id)?;
    (global.module == "copyreg" && global.name == "_reconstructor").then_some(args.try_into().ok()?)
}

/// What a call's object is one of. Old PyTorch pickled the classes of modules with their source text, as persistent ids.
pub fn class(pickle: &Pickle, id: Id) -> Option<&Global> {
    if let Some([class, ..]) = reconstructed(pickle, id) {
        return pickle.global(class);
    }
    let callable = pickle.object(id)?.callable;
    match pickle.node(callable) {
        Node::Persistent(about) => match pickle.sequence(about)? {
            [kind, class, ..] if pickle.is_text(*kind, "module") => pickle.global(*class),
            _ => None,
        },
        _ => pickle.global(callable),
    }
}

/// Whether an object's class is TorchScript's.
pub(super) fn is_scripted(pickle: &Pickle, id: Id) -> bool {
    class(pickle, id).is_some_and(|class| class.module.starts_with("__torch__"))
}

/// Whether the arguments of an object's call say no more than that it is one of its class, with these attributes.
pub(super) fn is_made_whole(pickle: &Pickle, id: Id) -> bool {
    reconstructed(pickle, id).is_some() || traced(pickle, id).is_some()
}

/// What TorchScript wraps with the name of its type.
pub(super) fn untagged(pickle: &Pickle, id: Id) -> Id {
    match pickle.call(id) {
        Some((global, [inner, ..])) if global.module == "torch.jit._pickle" => *inner,
        _ => id,
    }
}

/// The dictionaries of an object's state: its attributes, or a pair of them and those in slots.
pub(super) fn states(pickle: &Pickle, object: &Object) -> Vec<Id> {
    let is_dict = |id: &Id| matches!(pickle.node(*id), Node::Dict(_));
    match object.state.map(|state| (state, pickle.node(state))) {
        Some((state, Node::Dict(_))) => vec![state],
        Some((_, Node::Tuple(place))) => match pickle.children(place) {
            pair @ [_, _] if pair.iter().any(is_dict) => pair.to_vec(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The place of the list that an object's state is, where it is no attributes: what its class writes and reads by itself.
pub(super) fn listed_state(pickle: &Pickle, object: &Object) -> Option<u32> {
    match pickle.node(object.state?) {
        Node::Tuple(place) | Node::List(place) if states(pickle, object).is_empty() => Some(place),
        _ => None,
    }
}

/// The classes of `collections` whose objects are their items. `UserDict` and its kin keep theirs in an attribute.
const ITEMS_ONLY: [&str; 4] = ["OrderedDict", "defaultdict", "Counter", "deque"];

/// Whether objects of a class are their items and nothing else that is of interest.
pub(super) fn is_collection(class: &Global) -> bool {
    class.module == "collections" && ITEMS_ONLY.contains(&class.name.as_str())
}

/// Keys and values in turn of a dictionary, or of an ordered one.
pub fn flat(pickle: &Pickle, id: Id) -> Option<&[Id]> {
    match pickle.node(id) {
        Node::Dict(place) => Some(pickle.children(place)),
        Node::Object(place) => {
            let ordered = pickle.global(pickle.objects[place].callable)?;
            is_collection(ordered).then(|| pickle.children(pickle.objects[place].pairs))
        }
        _ => None,
    }
}

/// The value under a key of text, among keys and values in turn.
fn find(pickle: &Pickle, flat: &[Id], key: &str) -> Option<Id> {
    let pairs = flat.as_chunks::<2>().0;
    pairs.iter().rev().find(|[name, _]| pickle.is_text(*name, key)).map(|[_, value]| *value)
}

/// Keys that are looked for, of a dictionary of this many keys at most: an optimizer's state dict and a module have few.
const FEW: usize = 256;

/// Whether a dictionary is what `optimizer.state_dict()` gives, or an object is an optimizer.
pub(super) fn is_optimizer(pickle: &Pickle, id: Id) -> bool {
    let dict = match pickle.object(id) {
        Some(object) => states(pickle, object).first().copied(),
        None => Some(id),
    };
    let Some(Node::Dict(place)) = dict.map(|dict| pickle.node(dict)) else { return false };
    let flat = pickle.children(place);
    flat.len() <= 16 && find(pickle, flat, "param_groups").is_some() && find(pickle, flat, "state").is_some()
}

/// What a module holds, in the order of its state dict, and how much more than that it takes to tell, in bytes; `None` for
/// anything but a module.
pub(super) fn members(pickle: &Pickle, id: Id, registered: &HashMap<String, Registered>) -> Option<(Members, usize)> {
    let object = pickle.object(id)?;
    let state = traced(pickle, id).or_else(|| states(pickle, object).first().copied())?;
    let state = flat(pickle, state)?;
    let scripted = class(pickle, id).filter(|_| is_scripted(pickle, id));
    match scripted {
        Some(class) => Some((scripted_members(pickle, state, registered.get(&class.dotted())), 0)),
        None if state.len() <= 2 * FEW => module_members(pickle, state),
        None => None,
    }
}

/// The attributes of a module that `torch.fx` traced: they are given to the function that compiles its code.
fn traced(pickle: &Pickle, id: Id) -> Option<Id> {
    let (global, args) = pickle.call(id)?;
    let rebuilt = global.module == "torch.fx.graph_module" && global.name.starts_with("reduce_");
    args.iter().copied().find(|part| rebuilt && matches!(pickle.node(*part), Node::Dict(_)))
}

fn module_members(pickle: &Pickle, state: &[Id]) -> Option<(Members, usize)> {
    let part = |name| find(pickle, state, name).and_then(|part| flat(pickle, part));
    let (parameters, buffers, modules) = (part("_parameters")?, part("_buffers")?, part("_modules")?);
    let (left_out, weight) = left_out(pickle, state);
    let (mut kept, mut transient) = (Vec::new(), Vec::new());
    for [name, buffer] in buffers.as_chunks::<2>().0 {
        let is_left_out = pickle.short(*name).is_some_and(|name| left_out.contains(&name));
        if is_left_out { &mut transient } else { &mut kept }.extend([*name, *buffer]);
    }
    let plain = state
        .as_chunks::<2>()
        .0
        .iter()
        .filter(|[name, _]| !pickle.begins(*name, b'_') || pickle.is_text(*name, PACKED));
    let members = vec![
        (parameters.to_vec(), Part::Parameter),
        (kept, Part::Buffer),
        (transient, Part::Transient),
        (modules.to_vec(), Part::Item),
        (plain.flatten().copied().collect(), Part::Attribute),
    ];
    Some((members, weight))
}

/// Where a recurrent module keeps its parameters a second time, as a list.
const FLAT: &str = "_flat_weights";

/// Where a quantised module keeps its weight and its bias; what else begins with `_` is the module's own bookkeeping.
const PACKED: &str = "_packed_params";

/// The most names of a set that are looked at.
const NAMES: usize = 1 << 12;

/// The names of a module's buffers that its state dict leaves out, and how much it takes to tell them, in bytes.
fn left_out(pickle: &Pickle, state: &[Id]) -> (HashSet<String>, usize) {
    let Some(set) = find(pickle, state, "_non_persistent_buffers_set") else { return (HashSet::new(), 0) };
    let names = names(pickle, set);
    let weight = names.iter().map(|name| name.len() + 64).sum();
    (names, weight)
}

/// The short texts of a set: a node of its own, or a call of `set`.
fn names(pickle: &Pickle, set: Id) -> HashSet<String> {
    let members = match pickle.node(set) {
        Node::Set(place) => pickle.children(place),
        _ => match pickle.call(set) {
            Some((_, [list])) => pickle.sequence(*list).unwrap_or_default(),
            _ => &[],
        },
    };
    members.iter().take(NAMES).filter_map(|name| pickle.short(*name)).collect()
}

fn scripted_members(pickle: &Pickle, state: &[Id], registered: Option<&Registered>) -> Members {
    let mut members: Members =
        vec![(Vec::new(), Part::Parameter), (Vec::new(), Part::Buffer), (Vec::new(), Part::Attribute)];
    for [name, value] in state.as_chunks::<2>().0 {
        let text = pickle.text(*name).unwrap_or_default();
        if text == FLAT {
            continue;
        }
        let place = match registered {
            Some(registered) if registered.parameters.contains(&*text) => 0,
            Some(registered) if registered.buffers.contains(&*text) => 1,
            _ => 2,
        };
        members[place].0.extend([*name, *value]);
    }
    members
}
