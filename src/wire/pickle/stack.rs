//! What the machine works on: the stream, the stack with its marks, the memo and the arena.

use super::nodes::{Global, Id, Node, Pickle};
use crate::error::{Error, Result};
use crate::limits;
use std::collections::HashMap;

/// The machine's state.
pub(super) struct Machine<'a> {
    pub pickle: Pickle<'a>,
    pub at: usize,
    pub stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    pub marks: Vec<usize>,
    pub memo: Memo,
    pub names: HashMap<Global, u32>,
    pub most_nodes: usize,
}

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
            most_nodes: limits::PICKLE_NODES + stream.len() / 8,
        }
    }

    pub fn owned(&mut self, text: String) -> Result<Id> {
        self.pickle.texts.push(text);
        self.node(Node::Owned(narrow(self.pickle.texts.len() - 1)))
    }

    pub fn node(&mut self, node: Node) -> Result<Id> {
        if self.pickle.nodes.len() == self.most_nodes {
            return Err(Error::too_large(format!("The pickle describes more than {} objects.", self.most_nodes)));
        }
        self.pickle.nodes.push(node);
        Ok(narrow(self.pickle.nodes.len() - 1))
    }

    pub fn push(&mut self, node: Node) -> Result<()> {
        let id = self.node(node)?;
        self.stack.push(id);
        Ok(())
    }

    /// Everything above the last mark.
    pub fn above_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| damaged("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    /// Whether so many things lie above the last mark.
    pub fn check_height(&self, count: usize) -> Result<()> {
        let floor = self.marks.last().copied().unwrap_or(0);
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
                "The pickle is cut off: {len} bytes are to follow, there are {}; the file may not have been copied or downloaded whole.",
                rest.len()
            ))
        })
    }

    /// Text up to the end of the line.
    pub fn line(&mut self) -> Result<String> {
        let rest = &self.pickle.stream[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("a line is cut off"))?;
        let line = String::from_utf8_lossy(&rest[..len]).into_owned();
        self.at += len + 1;
        Ok(line)
    }
}

/// Places in the arena fit: each takes at least a byte of a stream that is below 4 GiB.
pub(super) fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("below the length of the stream")
}
