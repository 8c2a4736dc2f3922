//! What a pickle holds, sorted into the tensors and the other values of a checkpoint.

use super::numpy;
use super::room::{self, Room};
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, ParameterGroup, Role, Tensor, Value, dotted};
use crate::source::FileId;
use crate::wire::pickle::arrays::{self, NumpyArray, NumpyType};
use crate::wire::pickle::modules::{self, Registered};
use crate::wire::pickle::{Id, Node, Part, Pickle, Step, Walk, plain};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What a node is to a format.
pub(super) enum Found {
    /// A tensor, and the attributes that came with it.
    Tensor(Tensor, Vec<(Key, Id)>),
    /// Several tensors and values that stand for one: those of a subclass that wraps them.
    Members {
        /// What it stands for: its class, its shape and its type.
        text: String,
        /// The members by their names.
        members: Vec<(Key, Id)>,
    },
}

/// What a format makes tensors of, beside NumPy's arrays.
pub(super) trait Tensors {
    /// Whether a node is one.
    fn is_tensor(pickle: &Pickle, id: Id) -> bool;

    /// The tensor that a node is.
    ///
    /// # Errors
    ///
    /// For what keeps the others from being shown, too.
    fn tensor(&mut self, checkpoint: &mut Checkpoint, pickle: &Pickle, id: Id, name: String) -> Result<Found>;

    /// Takes note that a tensor is told of and not listed.
    fn pass_over(&mut self, pickle: &Pickle, id: Id);

    /// How many tensors are in the pickle without a way to them.
    fn not_reached(&self, pickle: &Pickle) -> usize;

    /// The most tensors there may be.
    fn most(pickle: &Pickle) -> usize;
}

/// The tensors of a format that has none beside NumPy's arrays.
pub(super) struct OnlyArrays;

impl Tensors for OnlyArrays {
    fn is_tensor(_: &Pickle, _: Id) -> bool {
        false
    }

    fn tensor(&mut self, _: &mut Checkpoint, _: &Pickle, _: Id, _: String) -> Result<Found> {
        unreachable!("nothing is one")
    }

    fn pass_over(&mut self, _: &Pickle, _: Id) {}

    fn not_reached(&self, _: &Pickle) -> usize {
        0
    }

    fn most(_: &Pickle) -> usize {
        0
    }
}

/// Where a pickle lies, and how its contents are told.
pub(super) struct Place<'a> {
    /// The file, or the view into one, that the pickle is in.
    pub file: FileId,
    /// Its first byte there.
    pub base: u64,
    /// What the keys of all it holds begin with.
    pub prefix: &'a [Key],
    /// What the code of scripted classes says of them.
    pub registered: &'a HashMap<String, Registered>,
    /// Whether tensors that are attributes of objects of any class are tensors of the checkpoint. In PyTorch those of a module
    /// are by other means; what else an object keeps to itself is not what its owner calls a parameter.
    pub attributes: bool,
}

/// Sorts what lies below a node.
///
/// # Errors
///
/// As [`Tensors::tensor`].
pub(super) fn fill<T: Tensors>(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle,
    top: Id,
    tensors: &mut T,
    place: &Place<'_>,
) -> Result<()> {
    let is_leaf = |pickle: &Pickle, id: Id| match pickle.node(id) {
        Node::Object(_) | Node::Persistent(_) => {
            T::is_tensor(pickle, id) || arrays::is_array(pickle, id) || plain::is_plain(pickle, id)
        }
        _ => plain::is_plain(pickle, id),
    };
    let mut walk = Walk::new(pickle, top, place.registered, is_leaf);
    let room = Room::new(pickle.stream.len(), checkpoint.listed);
    // Growing to as many would take half as much again for a moment.
    checkpoint.tensors.reserve_exact(T::most(pickle).min(room.tensors()));
    let mut filler = Filler {
        checkpoint,
        pickle,
        tensors,
        place,
        room,
        transient: Vec::new(),
        inside: None,
        left_out: LeftOut::default(),
        not_understood: HashSet::new(),
    };
    while let Some(step) = walk.next_step() {
        filler.take_in(&mut walk, step)?;
    }
    let Filler { checkpoint, transient, left_out, tensors, room, .. } = filler;
    checkpoint.listed += room.taken();
    checkpoint.tensors.extend(transient);
    let all = !walk.capped && left_out.tensors == 0;
    let beside = if all { tensors.not_reached(pickle) } else { 0 };
    left_out.note(checkpoint, &walk, beside);
    for key in walk.duplicates.iter().take(limits::NOTES) {
        let key = plain::leaf(pickle, *key).1.to_string();
        let message = format!(
            "A dictionary has the duplicate key {:?}; its last value is shown, as Python has it.",
            quoted(&key)
        );
        checkpoint.note(Note::warning(message).about(quoted(&key)));
    }
    Ok(())
}

struct Filler<'f, T> {
    checkpoint: &'f mut Checkpoint,
    pickle: &'f Pickle,
    tensors: &'f mut T,
    place: &'f Place<'f>,
    room: Room,
    /// Buffers that a state dict leaves out come behind all others of their module, as `named_buffers` has them.
    transient: Vec<Tensor>,
    /// The outermost module that is being walked, by the number of keys to it.
    inside: Option<usize>,
    left_out: LeftOut,
    /// Arrays that were looked at in vain: they may stand in many places.
    not_understood: HashSet<Id>,
}

/// What is there and not listed.
#[derive(Default)]
struct LeftOut {
    tensors: u64,
    values: u64,
    attributes: u64,
    /// What persistent ids stand for.
    outside: u64,
}

/// How many members of members are taken apart: a subclass that wraps one that wraps others.
const MEMBERS: usize = 64;

impl<T: Tensors> Filler<'_, T> {
    fn take_in(&mut self, walk: &mut Walk<'_>, step: Step) -> Result<()> {
        let module = walk.module();
        if module != self.inside {
            self.checkpoint.tensors.append(&mut self.transient);
            self.inside = module;
        }
        let id = step.id();
        let pickle = self.pickle;
        if let Step::Object(_) = step {
            let class = modules::class(pickle, id).map(crate::wire::pickle::Global::dotted).unwrap_or_default();
            let kind = if class.starts_with("__torch__.") {
                "ScriptModule"
            } else if walk.is_module(id) {
                "nn.Module"
            } else {
                "object"
            };
            self.entry_here(walk, class.into(), Value::Text(kind.to_owned()));
            return Ok(());
        }
        let registered = matches!(walk.part(), Part::Parameter | Part::Buffer | Part::Transient);
        if registered && pickle.node(id) == Node::None {
            return Ok(());
        }
        let may_be_tensor = matches!(pickle.node(id), Node::Object(_) | Node::Persistent(_));
        let is_array = may_be_tensor && arrays::is_array(pickle, id);
        if !(is_array || may_be_tensor && T::is_tensor(pickle, id)) {
            self.left_out.outside += u64::from(matches!(pickle.node(id), Node::Persistent(_)));
            // Before anything is copied: one text may stand in many places.
            let room =
                self.checkpoint.metadata.len() < limits::METADATA_ENTRIES && self.room.take(plain::weight(pickle, id));
            if !room {
                self.left_out.values += 1;
                return Ok(());
            }
            let (kind, value) = match walk.path_to(id) {
                Some([]) => (plain::leaf(pickle, id).0, Value::Text("the root itself".to_owned())),
                Some(path) => (plain::leaf(pickle, id).0, Value::Text(format!("{} itself", dotted(path)))),
                None => {
                    self.list_parameters(walk, id);
                    plain::leaf(pickle, id)
                }
            };
            self.entry_here(walk, kind, value);
            return Ok(());
        }
        let kept = walk.part() == Part::Attribute && !self.place.attributes && !is_open(pickle, walk);
        if kept {
            self.left_out.attributes += 1;
            self.tensors.pass_over(pickle, id);
            let text = if is_array { "an array" } else { "a tensor" };
            self.entry_here(walk, Cow::Borrowed(""), Value::Text(format!("{text}, kept by the object")));
            return Ok(());
        }
        // Before anything is copied: the keys may be many times what the tensor takes.
        let new = walk.new_keys();
        if !self.room.take_tensor(walk.path(), new) {
            self.left_out.tensors += 1;
            return Ok(());
        }
        let mut path = self.path(walk);
        // A module's tensors have one name, as its state dict has it.
        if let Some(depth) = module.filter(|_| walk.in_state_dict()) {
            let name = dotted(&path.split_off(self.place.prefix.len() + depth));
            path.push(Key::State(name.into()));
        }
        let role = match walk.part() {
            Part::Parameter => Some(Role::Parameter),
            Part::Buffer | Part::Transient => Some(Role::Buffer),
            Part::Item | Part::Attribute if walk.in_optimizer() => Some(Role::Optimizer),
            Part::Attribute if module.is_some() => Some(Role::Other),
            Part::Item | Part::Attribute => None,
        };
        self.add(id, path, role, walk.part() == Part::Transient)
    }

    /// The keys to what came last.
    fn path(&self, walk: &Walk<'_>) -> Vec<Key> {
        [self.place.prefix, walk.path()].concat()
    }

    /// Keeps the numbers of an optimizer's parameters, of which the entry tells the first only.
    fn list_parameters(&mut self, walk: &Walk<'_>, id: Id) {
        let [.., groups, Key::Index(_), params] = walk.path() else { return };
        let (Node::List(place), true) = (self.pickle.node(id), groups.text() == Some("param_groups")) else { return };
        let members = self.pickle.children(place);
        if params.text() != Some("params") || !self.room.take(members.len() * size_of::<i64>()) {
            return;
        }
        let number = |member: &Id| match plain::leaf(self.pickle, *member).1 {
            Value::Int(number) => Some(number),
            _ => None,
        };
        let numbers = members.iter().filter_map(number).collect();
        let mut optimizer = self.path(walk);
        optimizer.truncate(optimizer.len() - 3);
        self.checkpoint.groups.push(ParameterGroup { optimizer, numbers });
    }

    /// An entry for what came last.
    fn entry_here(&mut self, walk: &Walk<'_>, kind: Cow<'static, str>, value: Value) {
        if self.has_room(room::path_size(walk.path()) + kind.len()) {
            let path = self.path(walk);
            self.checkpoint.metadata.push(Entry { path, kind, value });
        } else {
            self.left_out.values += 1;
        }
    }

    /// Whether one more entry may be listed that takes so many bytes.
    fn has_room(&mut self, bytes: usize) -> bool {
        self.checkpoint.metadata.len() < limits::METADATA_ENTRIES && self.room.take(bytes + size_of::<Entry>())
    }

    /// An entry for a value that is known by its node: before anything of it is copied.
    fn entry_of(&mut self, path: &[Key], key: Key, id: Id) {
        if self.room.take(plain::weight(self.pickle, id)) {
            let (kind, value) = plain::leaf(self.pickle, id);
            self.entry([path, &[key]].concat(), kind, value);
        } else {
            self.left_out.values += 1;
        }
    }

    fn entry(&mut self, path: Vec<Key>, kind: Cow<'static, str>, value: Value) {
        if self.has_room(room::path_size(&path) + kind.len()) {
            self.checkpoint.metadata.push(Entry { path, kind, value });
        } else {
            self.left_out.values += 1;
        }
    }

    /// Adds the tensor that a node is, or those that it is made of.
    fn add(&mut self, id: Id, path: Vec<Key>, role: Option<Role>, transient: bool) -> Result<()> {
        let mut waiting = vec![(path, id)];
        for _ in 0..MEMBERS {
            let Some((path, id)) = waiting.pop() else { return Ok(()) };
            let name = dotted(&path);
            let found = if arrays::is_array(self.pickle, id) {
                self.array(id, name)?
            } else if T::is_tensor(self.pickle, id) {
                Some(self.tensors.tensor(self.checkpoint, self.pickle, id, name)?)
            } else {
                let mut path = path;
                if let Some(key) = path.pop() {
                    self.entry_of(&path, key, id);
                }
                continue;
            };
            match found {
                None => self.left_out.tensors += 1,
                Some(Found::Tensor(mut tensor, attributes)) => {
                    // They were told already, however many of them are listed.
                    self.room.take(attributes.len() * size_of::<(Key, Id)>());
                    for (key, id) in attributes.into_iter().take(MEMBERS) {
                        self.entry_of(&path, key, id);
                    }
                    self.room.take(tensor.shape.len() * 16);
                    tensor.path = path;
                    tensor.role = tensor.role.or(role);
                    if transient { &mut self.transient } else { &mut self.checkpoint.tensors }.push(tensor);
                }
                Some(Found::Members { text, members }) => {
                    self.room.take(text.len());
                    let (kind, text) = text.split_once(' ').unwrap_or(("", &text));
                    self.entry(path.clone(), kind.to_owned().into(), Value::Text(text.to_owned()));
                    let members = members.into_iter().rev();
                    for (key, id) in members {
                        let key = if let Key::Text(name) = key { Key::Attribute(name) } else { key };
                        if self.room.take_tensor(&path, path.len()) {
                            waiting.push(([path.as_slice(), &[key]].concat(), id));
                        } else {
                            self.left_out.tensors += 1;
                        }
                    }
                }
            }
        }
        self.left_out.tensors += waiting.len() as u64;
        Ok(())
    }

    /// NumPy's array; `None` for one that has no room or is not understood.
    fn array(&mut self, id: Id, name: String) -> Result<Option<Found>> {
        if self.not_understood.contains(&id) {
            return Ok(None);
        }
        let Some(array) = NumpyArray::of(self.pickle, id) else {
            self.not_understood.insert(id);
            let message = "An array is described in a way that is not known here; it is not shown.";
            self.checkpoint.note(Note::warning(message).about(&name));
            return Ok(None);
        };
        let described = array.kind.parts() * size_of::<NumpyType>();
        if !self.room.take(array.data.copied() + described) {
            return Ok(None);
        }
        let tensor = numpy::inside(self.checkpoint, (self.place.file, self.place.base), name, array)?;
        Ok(Some(Found::Tensor(tensor, Vec::new())))
    }
}

/// Whether what came last is an attribute of an object that is nothing but its attributes.
fn is_open(pickle: &Pickle, walk: &Walk<'_>) -> bool {
    let class = walk.holder().and_then(|holder| modules::class(pickle, holder));
    class.is_some_and(|class| {
        class.module.starts_with("__torch__")
            || matches!(
                (class.module.as_str(), class.name.as_str()),
                // The last stands for what C++ keeps: the packed weight and the bias of a quantised module.
                ("argparse", "Namespace") | ("types", "SimpleNamespace") | ("torch", "ScriptObject")
            )
    })
}

impl LeftOut {
    /// Notes what the pickle holds and the tables do not.
    fn note(&self, checkpoint: &mut Checkpoint, walk: &Walk<'_>, beside: usize) {
        let LeftOut { tensors, values, attributes, outside } = self;
        if walk.capped {
            let message = "The pickle's containers are shared so often that not all ways through them are shown.";
            checkpoint.note(Note::warning(message));
        }
        if walk.too_deep {
            let message =
                format!("The pickle's containers nest more than {} deep; not all is shown.", limits::PICKLE_DEPTH);
            checkpoint.note(Note::warning(message));
        }
        if *tensors > 0 {
            let message = format!(
                "{tensors} more tensors are not listed: their names or texts take many times the pickle's bytes, or they are not understood."
            );
            checkpoint.note(Note::warning(message));
        }
        if beside > 0 {
            let (what, is) =
                if beside == 1 { ("tensor", "is given to an object") } else { ("tensors", "are given to objects") };
            let message =
                format!("{beside} {what} {is} that only running the pickle would make, or to nothing; not listed.");
            checkpoint.note(Note::warning(message));
        }
        if *outside > 0 {
            let (values, are) = if *outside == 1 { ("value is", "it is") } else { ("values are", "they are") };
            let message = format!(
                "{outside} {values} kept outside of the pickle, by a persistent id that is no storage; {are} not shown."
            );
            checkpoint.note(Note::warning(message));
        }
        if *attributes > 0 {
            let message = if *attributes == 1 {
                "1 tensor belongs to an object that is no module; it is told under Metadata, not listed.".to_owned()
            } else {
                format!(
                    "{attributes} tensors belong to objects that are no modules; they are told under Metadata, not listed."
                )
            };
            checkpoint.note(Note::info(message));
        }
        if *values > 0 {
            checkpoint.note(Note::info(format!("{values} more values beside the tensors are not listed.")));
        }
    }
}
