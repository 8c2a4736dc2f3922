//! Tensors: the calls of `torch._utils` that would rebuild them.

use super::super::contents::{Found, Tensors};
use super::super::numpy;
use super::compound;
use super::storage::{Storage, Storages, named_dtype};
use super::views::{sizes, view};
use crate::error::{Result, quoted};
use crate::model::{Checkpoint, Dtype, Key, Layout, Note, Role, Tensor};
use crate::source::FileId;
use crate::wire::pickle::arrays::NumpyArray;
use crate::wire::pickle::{Global, Id, Node, Object, Pickle};
use std::collections::HashSet;

/// How a function's arguments describe a tensor.
#[derive(Clone, Copy)]
enum Kind {
    /// `(storage, offset, size, stride, requires_grad, …)`; the flags of lazy views and the type of an untyped storage are at
    /// these places.
    View { dtype: Option<usize>, flags: Option<usize>, requires_grad: Option<usize> },
    /// `(tensor, requires_grad, …, state)`: a parameter.
    Parameter,
    /// `(tensor, dtype, device, requires_grad)`.
    OnDevice,
    /// `(function, class, arguments, state)`.
    FromType,
    /// `(dtype, size, stride, requires_grad)`: without elements.
    Meta,
    /// `(storage, offset, size, stride, scheme, …)`.
    Quantized,
    /// `(layout, parts)`.
    Sparse,
    /// `(buffer, sizes, strides, offsets)`.
    Nested,
    /// `(arguments)`: a dictionary of the values and of what says where each component begins.
    Jagged,
    /// `(class, dtype, size, …)`, the parts in the state of the call around it.
    Wrapper,
    /// `(array, dtype, device, requires_grad)`.
    Numpy,
}

const fn a_view(dtype: Option<usize>, flags: Option<usize>, requires_grad: Option<usize>) -> Kind {
    Kind::View { dtype, flags, requires_grad }
}

/// The functions that rebuild tensors.
const FUNCTIONS: &[(&str, &str, Kind)] = &[
    ("torch._utils", "_rebuild_tensor", a_view(None, None, None)),
    ("torch._utils", "_rebuild_tensor_v2", a_view(None, Some(6), Some(4))),
    ("torch._utils", "_rebuild_tensor_v3", a_view(Some(6), Some(7), Some(4))),
    ("torch._utils", "_rebuild_parameter", Kind::Parameter),
    ("torch._utils", "_rebuild_parameter_with_state", Kind::Parameter),
    ("torch._tensor", "_rebuild_from_type_v2", Kind::FromType),
    ("torch._utils", "_rebuild_meta_tensor_no_storage", Kind::Meta),
    ("torch._utils", "_rebuild_qtensor", Kind::Quantized),
    ("torch._utils", "_rebuild_sparse_tensor", Kind::Sparse),
    ("torch._utils", "_rebuild_sparse_csr_tensor", Kind::Sparse),
    ("torch._utils", "_rebuild_nested_tensor", Kind::Nested),
    ("torch.nested._internal.nested_tensor", "_rebuild_njt", Kind::Jagged),
    ("torch._utils", "_rebuild_wrapper_subclass", Kind::Wrapper),
    ("torch._utils", "_rebuild_device_tensor_from_numpy", Kind::Numpy),
    ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", Kind::OnDevice),
    ("torch._utils", "_rebuild_xla_tensor", Kind::Numpy),
    ("torch._utils", "_rebuild_hpu_tensor", Kind::Numpy),
];

fn kind(pickle: &Pickle, callable: Id) -> Option<Kind> {
    let global = pickle.global(callable)?;
    FUNCTIONS.iter().find(|(module, name, _)| global.name == *name && global.module == *module).map(|row| row.2)
}

/// The most calls around one tensor: a parameter of a subclass of a tensor takes three.
const WRAPPERS: usize = 16;

/// What the calls around a tensor say of it.
#[derive(Default)]
struct Around {
    role: Option<Role>,
    requires_grad: Option<bool>,
    attributes: Vec<(Key, Id)>,
    device: Option<String>,
    /// The parts of a subclass that wraps them.
    parts: Option<Id>,
}

/// Rebuilds the tensors of one pickle.
pub(super) struct Rebuilder<'a> {
    storages: Storages<'a>,
    /// The file that the pickle lies in, and its first byte there: it may hold the elements of NumPy's arrays.
    home: (FileId, u64),
    /// The tuples of arguments of the calls that were followed.
    reached: HashSet<Id>,
    /// How many tensors there are around the part that is being rebuilt.
    depth: usize,
}

/// The parts of a jagged tensor: its components behind each other, where each begins, and how long each is where gaps are left.
const JAGGED: [&str; 3] = ["values", "offsets", "lengths"];

/// How many nodes of a tensor are looked at for those that it is made of.
const INSIDE: usize = 256;

/// How deep tensors are made of tensors: a quantised one of a sparse one's values is more than is known.
const DEPTH: usize = 4;

impl<'a> Rebuilder<'a> {
    pub(super) fn new(storages: Storages<'a>, home: (FileId, u64)) -> Self {
        Rebuilder { storages, home, reached: HashSet::new(), depth: 0 }
    }

    fn storage(&mut self, checkpoint: &mut Checkpoint, pickle: &Pickle, id: Id) -> Result<Option<Storage>> {
        match pickle.node(id) {
            Node::Persistent(about) => self.storages.storage(checkpoint, pickle, about),
            _ => Ok(None),
        }
    }

    /// A tensor that is part of another one.
    fn part(&mut self, checkpoint: &mut Checkpoint, pickle: &Pickle, id: Id, name: &str) -> Result<Option<Tensor>> {
        if self.depth == DEPTH || !Self::is_tensor(pickle, id) || pickle.object(id).is_none() {
            return Ok(None);
        }
        self.depth += 1;
        let found = self.rebuilt(checkpoint, pickle, id, name.to_owned(), Around::default());
        self.depth -= 1;
        match found? {
            Found::Tensor(tensor, _) => Ok(Some(tensor)),
            Found::Members { .. } => Ok(None),
        }
    }

    fn parts(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle,
        ids: &[Id],
        names: &[&str],
    ) -> Result<Option<Vec<Tensor>>> {
        let parts = names.iter().zip(ids).map(|(name, id)| self.part(checkpoint, pickle, *id, name));
        let parts: Vec<Option<Tensor>> = parts.collect::<Result<_>>()?;
        Ok(parts.into_iter().collect())
    }

    /// A whole storage that stands where tensors do.
    fn whole_storage(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle,
        about: Id,
        name: String,
    ) -> Result<Found> {
        let storage = self.storages.storage(checkpoint, pickle, about)?;
        let Some(Storage { dtype, place, device }) = storage else {
            return Ok(not_followed(
                checkpoint,
                name,
                "It is kept outside of the pickle in a way that is not known here.",
            ));
        };
        let dtype = dtype.unwrap_or(Dtype::Number(crate::model::Number::U8));
        let (layout, len) = match place {
            Ok(range) => (Layout::Dense(range), range.len),
            Err(layout) => (layout, 0),
        };
        let count = len * 8 / dtype.bits().unwrap_or(8).max(1);
        let mut tensor = Tensor::new(name, dtype, vec![count], layout);
        tensor.device = Some(device);
        tensor.order = self.storages.order;
        if let Layout::Dense(range) = &mut tensor.layout {
            let strides = vec![1];
            tensor.layout = Layout::Strided { storage: *range, start: 0, strides, conjugated: false, negated: false };
        }
        Ok(Found::Tensor(tensor, Vec::new()))
    }

    /// The tensor that a call would rebuild, whatever calls are around it.
    fn rebuilt(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle,
        id: Id,
        name: String,
        mut around: Around,
    ) -> Result<Found> {
        let object = pickle.object(id).expect("a call");
        let (mut callable, mut args) = (object.callable, object.args);
        for _ in 0..WRAPPERS {
            self.reached.insert(args);
            let values = pickle.sequence(args).unwrap_or_default();
            let Some(kind) = kind(pickle, callable) else { break };
            match (kind, values) {
                (Kind::Parameter | Kind::OnDevice, [inner, rest @ ..]) if pickle.object(*inner).is_some() => {
                    if let Kind::Parameter = kind {
                        around.role = Some(Role::Parameter);
                        around.requires_grad = rest.first().map(|flag| pickle.node(*flag) == Node::Bool(true));
                        around.attributes.extend(rest.get(2).into_iter().flat_map(|state| attributes(pickle, *state)));
                    } else {
                        around.device = rest.get(1).and_then(|device| pickle.short(*device));
                    }
                    let inner = pickle.object(*inner).expect("just seen");
                    (callable, args) = (inner.callable, inner.args);
                }
                (Kind::FromType, [function, class, inner, rest @ ..]) => {
                    let state: Vec<_> = rest.iter().flat_map(|state| attributes(pickle, *state)).collect();
                    if flag(&state, pickle, "_is_buffer") {
                        around.role = Some(Role::Buffer);
                    } else if flag(&state, pickle, "_is_param")
                        || pickle.global(*class).is_some_and(|class| class.name == "Parameter")
                    {
                        around.role = Some(Role::Parameter);
                    }
                    around.parts = rest.first().copied();
                    let bookkeeping = |key: &Key| matches!(key, Key::Text(key) if BOOKKEEPING.contains(&&**key));
                    around.attributes.extend(state.into_iter().filter(|(key, _)| !bookkeeping(key)));
                    (callable, args) = (*function, *inner);
                }
                _ => match self.innermost(checkpoint, pickle, (kind, values), &name, &around)? {
                    Some(Found::Tensor(mut tensor, _)) => {
                        tensor.role = around.role.or(tensor.role);
                        tensor.requires_grad = around.requires_grad.or(tensor.requires_grad.filter(|flag| *flag));
                        if let Some(device) = &around.device {
                            tensor.device = Some(self.storages.shared(device));
                        }
                        return Ok(Found::Tensor(tensor, around.attributes));
                    }
                    Some(members) => return Ok(members),
                    None => break,
                },
            }
        }
        let function = pickle.global(callable).map(|global| quoted(&global.dotted()).into());
        let function: String = function.unwrap_or_else(|| "a function".to_owned());
        // What stands inside is not lost: it belongs to this one.
        self.reach(pickle, args);
        Ok(not_followed(checkpoint, name, &format!("It is rebuilt by {function} from what is not understood here.")))
    }

    /// The tensor of the innermost call; `None` for arguments that the function does not have.
    fn innermost(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle,
        (kind, values): (Kind, &[Id]),
        name: &str,
        around: &Around,
    ) -> Result<Option<Found>> {
        let truth = |place: Option<&Id>| place.map(|flag| pickle.node(*flag) == Node::Bool(true));
        let name = name.to_owned();
        let mut tensor = match (kind, values) {
            (Kind::View { dtype, flags, requires_grad }, [storage, offset, size, stride, ..]) => {
                let Some(storage) = self.storage(checkpoint, pickle, *storage)? else { return Ok(None) };
                let dtype = dtype.and_then(|place| values.get(place)).and_then(|dtype| named_dtype(pickle, *dtype));
                let dtype = dtype.map(Dtype::Number).or(storage.dtype.clone());
                let mut tensor = view(checkpoint, pickle, name, storage, dtype, [*offset, *size, *stride]);
                let flags = flags.and_then(|place| values.get(place)).map(|flags| attributes(pickle, *flags));
                if let (Some(flags), Layout::Strided { conjugated, negated, .. }) = (flags, &mut tensor.layout) {
                    (*conjugated, *negated) = (flag(&flags, pickle, "conj"), flag(&flags, pickle, "neg"));
                }
                tensor.requires_grad = truth(requires_grad.and_then(|place| values.get(place)));
                tensor
            }
            (Kind::Meta, [dtype, size, _, rest @ ..]) => {
                let dtype = named_dtype(pickle, *dtype).map_or_else(Dtype::untold, Dtype::Number);
                let why = "It is a meta tensor: it has a shape and no elements.".to_owned();
                let shape = sizes(pickle, *size).unwrap_or_else(|_| vec![0]);
                let mut tensor = Tensor::new(name, dtype, shape, Layout::Unreadable { why });
                tensor.device = Some(self.storages.shared("meta"));
                tensor.requires_grad = truth(rest.first());
                tensor
            }
            (Kind::Quantized, [storage, offset, size, stride, scheme, ..]) => {
                let Some(storage) = self.storage(checkpoint, pickle, *storage)? else { return Ok(None) };
                let dtype = storage.dtype.clone();
                let tensor = view(checkpoint, pickle, name, storage, dtype, [*offset, *size, *stride]);
                let scheme = pickle.sequence(*scheme).unwrap_or_default();
                let parts = match scheme {
                    [_, scales, zero_points, _] => {
                        self.parts(checkpoint, pickle, &[*scales, *zero_points], &["scales", "zero_points"])?
                    }
                    _ => None,
                };
                compound::quantized(checkpoint, pickle, tensor, scheme, parts)
            }
            (Kind::Sparse, [layout, parts]) => {
                let Some(found) = self.sparse(checkpoint, pickle, *layout, *parts, name)? else { return Ok(None) };
                found
            }
            (Kind::Nested, [parts @ .., _]) if parts.len() == 3 => {
                let names = ["buffer", "sizes", "strides", "offsets"];
                let Some(parts) = self.parts(checkpoint, pickle, values, &names)? else { return Ok(None) };
                let [buffer, sizes, strides, offsets] = <[Tensor; 4]>::try_from(parts).expect("four");
                compound::nested(checkpoint, name, &buffer, &[sizes, strides, offsets])
            }
            (Kind::Jagged, [arguments]) => {
                // Beside its parts it may keep the shortest and the longest length.
                self.reach(pickle, *arguments);
                let parts = attributes(pickle, *arguments).into_iter();
                // Its attributes have other names.
                let members = parts.filter_map(|(key, id)| {
                    let name = key.text().filter(|name| JAGGED.contains(name))?;
                    Some((Key::Shown(name.into()), id))
                });
                let text = "torch.nested nested tensor, jagged".to_owned();
                return Ok(Some(Found::Members { text, members: members.collect() }));
            }
            (Kind::Wrapper, [class, rest @ ..]) => {
                let class = pickle.global(*class).map(Global::dotted).unwrap_or_default();
                return self.wrapper(checkpoint, pickle, &class, rest, name, around);
            }
            (Kind::Numpy, [array, dtype, device, rest @ ..]) => {
                let Some(array) = NumpyArray::of(pickle, *array) else { return Ok(None) };
                let mut tensor = numpy::inside(checkpoint, self.home, name, array)?;
                if let Some(wanted) = named_dtype(pickle, *dtype) {
                    compound::cast(checkpoint, &mut tensor, wanted)?;
                }
                tensor.device = pickle.short(*device).map(|device| self.storages.shared(&device));
                tensor.requires_grad = truth(rest.first());
                tensor
            }
            _ => return Ok(None),
        };
        if !matches!(kind, Kind::Numpy) {
            tensor.order = self.storages.order;
        }
        Ok(Some(Found::Tensor(tensor, Vec::new())))
    }

    fn sparse(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle,
        layout: Id,
        parts: Id,
        name: String,
    ) -> Result<Option<Tensor>> {
        let layout = pickle.call(layout).and_then(|(_, args)| pickle.text(*args.first()?)).unwrap_or_default();
        let Some(kind) = compound::sparse_kind(&layout) else { return Ok(None) };
        let (parts, size) = match (pickle.sequence(parts).unwrap_or_default(), kind) {
            ([indices, values, size, ..], crate::model::SparseKind::Coo) => {
                (self.parts(checkpoint, pickle, &[*indices, *values], &["indices", "values"])?, *size)
            }
            ([first, second, values, size], _) => {
                let names = compound::member_names(kind);
                (self.parts(checkpoint, pickle, &[*first, *second, *values], &names)?, *size)
            }
            _ => return Ok(None),
        };
        let Some(parts) = parts else { return Ok(None) };
        Ok(compound::sparse(checkpoint, kind, name, parts, &sizes(pickle, size)))
    }

    /// Takes note of a tensor, and of those that it is made of.
    fn reach(&mut self, pickle: &Pickle, id: Id) {
        let mut waiting = vec![id];
        for _ in 0..INSIDE {
            let Some(id) = waiting.pop() else { return };
            match (pickle.object(id), pickle.node(id)) {
                (Some(call), _) => {
                    self.reached.insert(call.args);
                    waiting.push(call.args);
                    waiting.extend(call.state);
                }
                (None, Node::List(place) | Node::Tuple(place) | Node::Dict(place)) => {
                    waiting.extend(pickle.children(place).iter().take(INSIDE));
                }
                _ => {}
            }
        }
    }

    /// A subclass that wraps tensors: its parts, which its state names.
    fn wrapper(
        &mut self,
        checkpoint: &mut Checkpoint,
        pickle: &Pickle,
        class: &str,
        about: &[Id],
        name: String,
        around: &Around,
    ) -> Result<Option<Found>> {
        let Some(state) = around.parts else { return Ok(None) };
        let members = attributes(pickle, state);
        let shape = about.get(1).and_then(|size| sizes(pickle, *size).ok());
        let shape: Vec<String> = shape.unwrap_or_default().iter().map(u64::to_string).collect();
        let shape =
            if let [only] = shape.as_slice() { format!("({only},)") } else { format!("({})", shape.join(", ")) };
        let local = members.iter().find(|(key, _)| *key == Key::Text("_local_tensor".into()));
        if let (true, Some((_, local))) = (class.starts_with("torch.distributed") && class.ends_with("DTensor"), local)
        {
            let Some(mut tensor) = self.part(checkpoint, pickle, *local, &name)? else { return Ok(None) };
            let message = format!("It is this rank's part of a distributed tensor of shape {shape}.");
            checkpoint.note(Note::info(message).about(&name));
            tensor.name = name;
            return Ok(Some(Found::Tensor(tensor, Vec::new())));
        }
        let dtype = about.first().and_then(|dtype| pickle.global(*dtype)).map(Global::dotted).unwrap_or_default();
        Ok(Some(Found::Members { text: format!("{class} subclass {shape} {dtype}"), members }))
    }
}

/// A tensor that cannot be read, with a note that says so.
fn not_followed(checkpoint: &mut Checkpoint, name: String, why: &str) -> Found {
    checkpoint.note(Note::warning(why).about(&name));
    Found::Tensor(Tensor::new(name, Dtype::untold(), vec![0], Layout::Unreadable { why: why.to_owned() }), Vec::new())
}

impl Tensors for Rebuilder<'_> {
    fn is_tensor(pickle: &Pickle, id: Id) -> bool {
        match pickle.node(id) {
            Node::Persistent(about) => pickle
                .sequence(about)
                .and_then(|about| about.first())
                .is_some_and(|kind| pickle.is_ascii(*kind, "storage")),
            Node::Object(_) => pickle.object(id).is_some_and(|object| kind(pickle, object.callable).is_some()),
            _ => false,
        }
    }

    fn tensor(&mut self, checkpoint: &mut Checkpoint, pickle: &Pickle, id: Id, name: String) -> Result<Found> {
        match pickle.node(id) {
            Node::Persistent(about) => self.whole_storage(checkpoint, pickle, about, name),
            _ => self.rebuilt(checkpoint, pickle, id, name, Around::default()),
        }
    }

    fn pass_over(&mut self, pickle: &Pickle, id: Id) {
        self.reach(pickle, id);
    }

    fn not_reached(&self, pickle: &Pickle) -> usize {
        calls(pickle).filter(|call| !self.reached.contains(&call.args)).count()
    }

    fn most(pickle: &Pickle) -> usize {
        calls(pickle).count()
    }
}

/// The calls that would rebuild tensors.
fn calls(pickle: &Pickle) -> impl Iterator<Item = &Object> {
    pickle.objects.iter().filter(|call| kind(pickle, call.callable).is_some())
}

/// The attributes that say what a tensor is to its module: `torch/nn/parameter.py`.
const BOOKKEEPING: [&str; 3] = ["_is_buffer", "_is_param", "persistent"];

/// The most attributes of a tensor that are looked at.
const ATTRIBUTES: usize = 256;

/// The attributes in a state: a dictionary, or a pair of one and of those in slots.
fn attributes(pickle: &Pickle, state: Id) -> Vec<(Key, Id)> {
    let dicts = match pickle.node(state) {
        Node::Dict(_) => vec![state],
        Node::Tuple(place) => pickle.children(place).to_vec(),
        _ => return Vec::new(),
    };
    let pairs = dicts.iter().flat_map(|dict| match pickle.node(*dict) {
        Node::Dict(place) => pickle.children(place).as_chunks::<2>().0,
        _ => &[],
    });
    let short =
        pairs.take(ATTRIBUTES).filter(|[key, _]| crate::wire::pickle::keys::weight(pickle, *key) <= Pickle::SHORT);
    short.map(|[key, value]| (crate::wire::pickle::keys::key(pickle, *key), *value)).collect()
}

/// Whether a flag of this name is set.
fn flag(flags: &[(Key, Id)], pickle: &Pickle, name: &str) -> bool {
    flags
        .iter()
        .any(|(key, value)| matches!(key, Key::Text(key) if **key == *name) && pickle.node(*value) == Node::Bool(true))
}
