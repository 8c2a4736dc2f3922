//! What the machine works on: the stream, the stack with its marks, the memo and the arena.

use super::nodes::{Global, Id, Node, Object, Pickle};
use crate::error::{Error, Result};
use crate::limits;
use std::borrow::Cow;
use std::collections::HashMap;

/// The machine's state.
pub(super) struct Machine<'a> {
    pub pickle: Pickle<'a>,
    pub at: usize,
    pub stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    pub marks: Vec<u32>,
    pub memo: Memo,
    /// Names as the stream spells them, with their nodes.
    pub names: HashMap<Global, Id>,
    /// The byte behind the frame that is being read, while there is one.
    pub frame_end: Option<usize>,
    /// The most objects, and the most things on the stack, in the memo and in containers.
    pub most: usize,
    /// Small constants, kept once each: `None`, the truth values, the empty tuple, then 0 to 255.
    constants: [Option<Id>; CONSTANTS],
}

const CONSTANTS: usize = 4 + 256;

/// What was memoised. Real pickles number from 0 on without gaps.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Id>,
    sparse: HashMap<u64, Id>,
}

impl Memo {
    pub fn put(&mut self, key: u64, id: Id) {
        match usize::try_from(key) {
            Ok(place) if place < self.dense.len() => self.dense[place] = id,
            Ok(place) if place == self.dense.len() => self.dense.push(id),
            _ => {
                self.sparse.insert(key, id);
            }
        }
    }

    pub fn get(&self, key: u64) -> Option<Id> {
        let dense = usize::try_from(key).ok().and_then(|place| self.dense.get(place));
        dense.or_else(|| self.sparse.get(&key)).copied()
    }

    pub fn len(&self) -> u64 {
        (self.dense.len() + self.sparse.len()) as u64
    }
}

/// The error of a stream that is wrong.
pub(super) fn damaged(what: &str) -> Error {
    Error::malformed(format!("The pickle is damaged: {what}."))
}

impl<'a> Machine<'a> {
    /// A machine at the start of a stream.
    pub fn new(stream: &'a [u8]) -> Self {
        Machine {
            pickle: Pickle::new(stream),
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            names: HashMap::new(),
            frame_end: None,
            most: limits::PICKLE_NODES + stream.len() / 6,
            constants: [None; CONSTANTS],
        }
    }

    pub fn owned(&mut self, text: Vec<u8>) -> Result<Id> {
        self.pickle.texts.push(text);
        self.node(Node::Owned(narrow(self.pickle.texts.len() - 1)))
    }

    pub fn node(&mut self, node: Node) -> Result<Id> {
        let constant = match node {
            Node::None => Some(0),
            Node::Bool(truth) => Some(1 + usize::from(truth)),
            Node::Tuple(Node::EMPTY) => Some(3),
            Node::Int(number @ 0..256) => usize::try_from(number).ok().map(|number| number + 4),
            _ => None,
        };
        if let Some(known) = constant.and_then(|place| self.constants[place]) {
            return Ok(known);
        }
        self.check_room(self.described(), "describes")?;
        let id = self.pickle.nodes.push(node);
        if let Some(place) = constant {
            self.constants[place] = Some(id);
        }
        Ok(id)
    }

    /// Puts a call's object on the stack.
    pub fn object(&mut self, object: Object) -> Result<()> {
        let place = self.pickle.objects.push(object);
        self.push(Node::Object(place))
    }

    /// How many objects are kept. A list, a call and a name take more than their nodes.
    fn described(&self) -> usize {
        let Pickle { nodes, objects, items, globals, .. } = &self.pickle;
        nodes.len() + items.len() + 2 * objects.len() + 12 * globals.len()
    }

    /// Whether one more is within the cap: without it, bytes that copy and drop cost many times their number.
    fn check_room(&self, held: usize, verb: &str) -> Result<()> {
        if held < self.most {
            return Ok(());
        }
        Err(Error::too_large(format!(
            "The pickle {verb} more than {} objects; at most so many are followed.",
            self.most
        )))
    }

    /// Puts a node that is there on the stack.
    pub fn put(&mut self, id: Id) -> Result<()> {
        self.check_room(self.stack.len(), "stacks")?;
        self.stack.push(id);
        Ok(())
    }

    /// Puts a new node on the stack.
    pub fn push(&mut self, node: Node) -> Result<()> {
        let id = self.node(node)?;
        self.put(id)
    }

    /// Memoises what is on top of the stack.
    pub fn memoise(&mut self, key: u64) -> Result<()> {
        let top = self.top()?;
        self.check_room(usize::try_from(self.memo.len()).unwrap_or(usize::MAX), "memoises")?;
        self.memo.put(key, top);
        Ok(())
    }

    pub fn mark(&mut self) -> Result<()> {
        self.check_room(self.marks.len(), "stacks")?;
        self.marks.push(narrow(self.stack.len()));
        Ok(())
    }

    /// Where a list of these children is kept.
    pub fn list(&mut self, children: &[Id]) -> Result<u32> {
        if children.is_empty() {
            return Ok(Node::EMPTY);
        }
        self.check_room(self.pickle.items.kept() / 4, "puts into containers")?;
        Ok(self.pickle.items.add(children))
    }

    /// The same list with more children behind; a new one for the place of none.
    pub fn longer(&mut self, place: u32, more: &[Id]) -> Result<u32> {
        if place == Node::EMPTY || more.is_empty() {
            return if more.is_empty() { Ok(place) } else { self.list(more) };
        }
        self.check_room(self.pickle.items.kept() / 4, "puts into containers")?;
        self.pickle.items.extend(place, more);
        Ok(place)
    }

    /// Everything above the last mark.
    pub fn above_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| damaged("a MARK is missing"))?;
        Ok(self.stack.split_off(mark as usize))
    }

    /// Whether so many things lie above the last mark.
    pub fn check_height(&self, count: usize) -> Result<()> {
        let floor = self.marks.last().map_or(0, |mark| *mark as usize);
        if self.stack.len() < floor + count {
            Err(damaged("its stack is empty where something is taken"))
        } else {
            Ok(())
        }
    }

    pub fn top(&self) -> Result<Id> {
        self.check_height(1)?;
        Ok(self.stack[self.stack.len() - 1])
    }

    pub fn pop(&mut self) -> Result<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.pickle.stream[self.at..].first_chunk();
        let bytes = *bytes.ok_or_else(|| {
            Error::malformed("The pickle is cut off; the file may not have been copied or downloaded whole.")
        })?;
        self.at += N;
        Ok(bytes)
    }

    /// The next `len` bytes, not yet taken.
    pub fn remaining(&self, len: u64) -> Result<&'a [u8]> {
        let stream: &'a [u8] = self.pickle.stream;
        let rest = &stream[self.at..];
        usize::try_from(len).ok().and_then(|len| rest.get(..len)).ok_or_else(|| {
            Error::malformed(format!(
                "The pickle is cut off: a length says that {len} bytes follow, {} are left to its end; the file may not have been copied or downloaded whole.",
                rest.len()
            ))
        })
    }

    /// The bytes up to the end of the line.
    pub fn line(&mut self) -> Result<&'a [u8]> {
        let stream: &'a [u8] = self.pickle.stream;
        let rest = &stream[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("a line is cut off"))?;
        self.at += len + 1;
        Ok(&rest[..len])
    }

    /// A line as text; bytes that are not UTF-8 as U+FFFD.
    pub fn text_line(&mut self) -> Result<Cow<'a, str>> {
        self.line().map(String::from_utf8_lossy)
    }

    /// Begins a frame: opcodes stay within it.
    pub fn begin_frame(&mut self, len: u64) -> Result<()> {
        if self.frame_end.is_some() {
            return Err(damaged("a FRAME begins inside another"));
        }
        self.frame_end = Some(self.at + self.remaining(len)?.len());
        Ok(())
    }

    /// Whether the opcode just read stayed within its frame.
    pub fn check_frame(&mut self) -> Result<()> {
        match self.frame_end {
            Some(end) if self.at > end => Err(damaged("an opcode crosses the end of its FRAME")),
            Some(end) if self.at == end => {
                self.frame_end = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Places in the arena fit: each takes at least a byte of a stream that is below 4 GiB.
pub(super) fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("below the length of the stream")
}
