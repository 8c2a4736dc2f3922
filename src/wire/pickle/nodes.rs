//! What a pickle describes, as a graph in an arena: it may share and contain itself, and nothing here recurses.

use super::arena::Arena;
use super::lists::Lists;
use crate::error::Error;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A node, by its place in the arena.
pub type Id = u32;

/// One object that a pickle describes. Children lie elsewhere in the arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number of up to 64 bits.
    Int(i64),
    /// A larger whole number, as text: see [`Pickle::text`].
    BigInt(u32),
    /// A floating point number.
    Float(f64),
    /// Text that stands in the stream: its place and its length.
    Text(u32, u32),
    /// Text that is written otherwise in the stream, by its place in [`Pickle::texts`].
    Owned(u32),
    /// Bytes that stand in the stream: their place and their length.
    Bytes(u32, u32),
    /// A long run of bytes that was passed over, by its place in [`Pickle::far`].
    Far(u32),
    /// A list, by its place in [`Pickle::items`]; [`Node::EMPTY`] for one that has none yet.
    List(u32),
    /// A tuple, likewise.
    Tuple(u32),
    /// A set, likewise.
    Set(u32),
    /// A dictionary: keys and values in turn, in the order in which they were set; a key may be set twice.
    Dict(u32),
    /// A module-level name, by its place in [`Pickle::globals`].
    Global(u32),
    /// What a call would return, by its place in [`Pickle::objects`].
    Object(u32),
    /// A persistent id: something kept outside of the pickle.
    Persistent(Id),
    /// Something that the stream does not tell: an extension code, or an out-of-band buffer.
    Unknown,
}

impl Node {
    /// The place of the items of a container that has none.
    pub const EMPTY: u32 = u32::MAX;
}

/// A module-level name that the stream refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Global {
    /// As Python 3 spells it.
    pub module: String,
    /// The name in the module.
    pub name: String,
}

impl Global {
    /// Stands for what only running the pickle would tell: an extension code, or a name that a call returns.
    pub const UNKNOWN: &str = "unknown";

    /// `module.name`.
    pub fn dotted(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// What a call would return, and what is then put into it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// What would be called.
    pub callable: Id,
    /// The tuple of arguments.
    pub args: Id,
    /// The dictionary of keyword arguments, where there are any.
    pub keywords: Option<Id>,
    /// The state that `BUILD` gives it.
    pub state: Option<Id>,
    /// The items of `SETITEM`: keys and values in turn; a place in [`Pickle::items`].
    pub pairs: u32,
    /// The items of `APPEND`; a place in [`Pickle::items`].
    pub items: u32,
}

/// A name that the stream refers to, where it does so first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// As Python 3 spells it.
    pub global: Global,
    /// As the stream spells it, where that differs.
    pub spelled: Option<Global>,
    /// The byte of the opcode.
    pub at: u64,
    /// The opcode.
    pub opcode: u8,
}

/// A run of bytes, counted from the start of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first byte.
    pub start: u64,
    /// How many.
    pub len: u64,
}

/// A pickle that was followed to its end, or as far as it goes.
#[derive(Debug)]
pub struct Pickle {
    /// The stream, without the runs that were passed over.
    pub stream: Vec<u8>,
    /// Long runs of bytes that were passed over: elements of arrays.
    pub far: Vec<Run>,
    /// Where in [`Pickle::stream`] runs are left out, with how many bytes are up to there.
    pub(super) gaps: Vec<(usize, u64)>,
    /// The bytes that joblib writes behind the object that stands for an array, by that object.
    pub(super) behind: HashMap<Id, Run>,
    /// Whether bytes were taken for elements that only joblib takes for such.
    pub joblib: bool,
    /// The first opcode that puts items or a state into what is no container and no call's result.
    pub put_otherwise: Option<u8>,
    /// The first text that is not UTF-8: its opcode and its byte. Python refuses it.
    pub not_utf8: Option<(u8, u64)>,
    /// The bytes that are a `bytearray`.
    pub mutable: HashSet<Id>,
    /// The byte at which each opcode stands first.
    pub opcodes: BTreeMap<u8, u64>,
    /// The protocol that it announces; 0 if it does not.
    pub protocol: u8,
    /// What it describes as a whole; `None` if it ends before.
    pub root: Option<Id>,
    /// Why it stopped before its end.
    pub problem: Option<Error>,
    /// The first byte behind it.
    pub end: u64,
    /// Every name that it refers to, once for each spelling; also those that it drops again.
    /// [`Global::UNKNOWN`] stands for a module or a name that only running it would tell.
    pub globals: Vec<Reference>,
    /// All nodes.
    pub nodes: Arena<Node>,
    /// The children of containers.
    pub items: Lists,
    /// Calls.
    pub objects: Arena<Object>,
    /// Texts that do not stand in the stream as they are: UTF-8, or what Python 2 took for text.
    pub texts: Vec<Vec<u8>>,
}

impl Pickle {
    /// The longest short text, in bytes.
    pub const SHORT: usize = 1024;

    /// Nothing yet.
    pub(super) fn new(stream: Vec<u8>) -> Self {
        Pickle {
            stream,
            far: Vec::new(),
            gaps: Vec::new(),
            behind: HashMap::new(),
            joblib: false,
            put_otherwise: None,
            not_utf8: None,
            mutable: HashSet::new(),
            opcodes: BTreeMap::new(),
            protocol: 0,
            root: None,
            problem: None,
            end: 0,
            globals: Vec::new(),
            nodes: Arena::default(),
            items: Lists::default(),
            objects: Arena::default(),
            texts: Vec::new(),
        }
    }

    /// Where what stands at a place of [`Pickle::stream`] stands in the whole one.
    pub fn place(&self, at: usize) -> u64 {
        let before = self.gaps.partition_point(|(gap, _)| *gap <= at);
        at as u64 + before.checked_sub(1).map_or(0, |last| self.gaps[last].1)
    }

    /// A node.
    pub fn node(&self, id: Id) -> Node {
        self.nodes[id]
    }

    /// The children in a place of [`Pickle::items`].
    pub fn children(&self, place: u32) -> &[Id] {
        self.items.get(place)
    }

    /// The text of a text node, or the digits of a large number.
    pub fn text(&self, id: Id) -> Option<Cow<'_, str>> {
        match self.node(id) {
            Node::Text(start, len) => Some(String::from_utf8_lossy(self.span(start, len))),
            Node::Owned(place) | Node::BigInt(place) => Some(String::from_utf8_lossy(&self.texts[place as usize])),
            _ => None,
        }
    }

    /// Whether a node is this text. Costs nothing where the lengths differ, however long the text is.
    pub fn is_text(&self, id: Id, text: &str) -> bool {
        match self.node(id) {
            Node::Text(start, len) => self.span(start, len) == text.as_bytes(),
            Node::Owned(place) => self.texts[place as usize] == text.as_bytes(),
            _ => false,
        }
    }

    /// Whether a node is this text, or bytes that are: what was text in Python 2 is bytes for some.
    pub fn is_ascii(&self, id: Id, text: &str) -> bool {
        match self.node(id) {
            Node::Bytes(start, len) => self.span(start, len) == text.as_bytes(),
            _ => self.is_text(id, text),
        }
    }

    /// Whether a node is a text that begins with this byte.
    pub fn begins(&self, id: Id, byte: u8) -> bool {
        match self.node(id) {
            Node::Text(start, len) => self.span(start, len).first() == Some(&byte),
            Node::Owned(place) => self.texts[place as usize].first() == Some(&byte),
            _ => false,
        }
    }

    /// How many bytes the text of a text node takes; 0 for anything else.
    pub fn text_len(&self, id: Id) -> usize {
        match self.node(id) {
            Node::Text(_, len) => len as usize,
            Node::Owned(place) | Node::BigInt(place) => self.texts[place as usize].len(),
            _ => 0,
        }
    }

    /// Bytes of the stream.
    pub fn span(&self, start: u32, len: u32) -> &[u8] {
        &self.stream[start as usize..][..len as usize]
    }

    /// Bytes of the stream by their place in the whole of it; `None` for those that were not kept.
    pub fn kept(&self, run: Run) -> Option<&[u8]> {
        let before = self.gaps.partition_point(|(gap, left_out)| *gap as u64 + left_out <= run.start);
        let left_out = before.checked_sub(1).map_or(0, |last| self.gaps[last].1);
        let start = usize::try_from(run.start.checked_sub(left_out)?).ok()?;
        self.stream.get(start..start.checked_add(usize::try_from(run.len).ok()?)?)
    }

    /// Text, or bytes that are ASCII text: what was text in Python 2 is bytes for some.
    pub fn ascii(&self, id: Id) -> Option<String> {
        match self.node(id) {
            Node::Bytes(start, len) => String::from_utf8(self.span(start, len).to_vec()).ok(),
            _ => self.text(id).map(Cow::into_owned),
        }
    }

    /// Likewise, if it is short, as names of devices and records are: one long text may stand in millions of places.
    pub fn short(&self, id: Id) -> Option<String> {
        let len = match self.node(id) {
            Node::Bytes(_, len) => len as usize,
            _ => self.text_len(id),
        };
        if len <= Self::SHORT { self.ascii(id) } else { None }
    }

    /// A whole number.
    pub fn int(&self, id: Id) -> Option<i64> {
        match self.node(id) {
            Node::Int(number) => Some(number),
            Node::Bool(truth) => Some(truth.into()),
            _ => None,
        }
    }

    /// The members of a tuple or a list.
    pub fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(place) | Node::List(place) => Some(self.children(place)),
            _ => None,
        }
    }

    /// A module-level name.
    pub fn global(&self, id: Id) -> Option<&Global> {
        match self.node(id) {
            Node::Global(place) => Some(&self.globals[place as usize].global),
            _ => None,
        }
    }

    /// A call.
    pub fn object(&self, id: Id) -> Option<&Object> {
        match self.node(id) {
            Node::Object(place) => Some(&self.objects[place]),
            _ => None,
        }
    }

    /// A call of a module-level name: the name and its arguments.
    pub fn call(&self, id: Id) -> Option<(&Global, &[Id])> {
        let object = self.object(id)?;
        Some((self.global(object.callable)?, self.sequence(object.args)?))
    }
}
