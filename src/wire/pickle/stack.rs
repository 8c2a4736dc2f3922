//! What the machine works on: the stream, the stack with its marks, the memo and the arena.

use super::nodes::{Global, Id, Node, Object, Pickle, Run};
use crate::error::{Error, Result};
use crate::limits;
use crate::source::{ReadAt, read_vec};
use std::collections::HashMap;

/// The machine's state.
pub(super) struct Machine<'a> {
    pub pickle: Pickle,
    /// The place in the part of the stream that is kept.
    pub at: usize,
    /// Where more of the stream comes from, and the first byte that was not yet read.
    unread: Option<(&'a dyn ReadAt, u64)>,
    /// The first byte of the stream in its source.
    base: u64,
    pub stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    pub marks: Vec<u32>,
    pub memo: Memo,
    /// Names as the stream spells them, and whether those of Python 2 count, with their nodes.
    pub names: HashMap<(Global, bool), Id>,
    /// The bytes of these names: they may be many times those of the stream.
    pub spelled: usize,
    /// The names that were put together on the stack, by their parts.
    pub assembled: HashMap<(Id, Id, bool), Id>,
    /// The byte behind the frame that is being read, while there is one.
    pub frame_end: Option<u64>,
    /// What is wrong with the frame at the opcode just read.
    pub odd_frame: Option<&'static str>,
    /// The first opcode that was wrong about its frame: what is described is then not taken for granted.
    pub out_of_frame: Option<Error>,
    /// What waits while a pickle inside this one is followed.
    pub outer: Option<Waiting>,
    /// Whether the elements of arrays stand between the opcodes.
    pub joblib: bool,
    /// How many more types of arrays are looked at.
    pub types: usize,
    /// The most objects, and the most things on the stack, in the memo and in containers.
    pub most: usize,
    /// Small constants, kept once each: `None`, the truth values, the empty tuple, then 0 to 255.
    constants: [Option<Id>; CONSTANTS],
}

const CONSTANTS: usize = 4 + 256;

/// The state of a pickle that waits for the end of one that stands inside it.
pub(super) struct Waiting {
    pub stack: Vec<Id>,
    pub marks: Vec<u32>,
    pub memo: Memo,
    pub frame_end: Option<u64>,
    pub protocol: u8,
}

/// How much of the source is read first: many pickles are short and stand between elements.
const FIRST: u64 = 1 << 10;

/// The most that is read at a time.
const STEP: u64 = 32 << 10;

/// Longer runs of bytes are passed over, not kept: they are the elements of arrays.
const FAR: u64 = 64 << 10;

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
            Ok(place) if place == self.dense.len() => {
                self.dense.push(id);
                // What was memoised out of order is in line now. Each counts once: `MEMOIZE` goes by their number.
                self.sparse.remove(&key);
                while let Some(next) = self.sparse.remove(&(self.dense.len() as u64)) {
                    self.dense.push(next);
                }
            }
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
    /// A machine at the start of a stream in memory.
    pub fn new(stream: Vec<u8>) -> Self {
        let len = stream.len();
        Self::with(stream, None, 0, len)
    }

    /// A machine at byte `start` of a source, of which only the part is read that is not an array's elements.
    pub fn at(source: &'a dyn ReadAt, start: u64) -> Self {
        let most = source.size().saturating_sub(start).min(limits::METADATA_RECORD);
        Self::with(Vec::new(), Some((source, start)), start, usize::try_from(most).expect("below the cap"))
    }

    fn with(stream: Vec<u8>, unread: Option<(&'a dyn ReadAt, u64)>, base: u64, len: usize) -> Self {
        Machine {
            pickle: Pickle::new(stream),
            at: 0,
            unread,
            base,
            odd_frame: None,
            out_of_frame: None,
            outer: None,
            joblib: false,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            names: HashMap::new(),
            spelled: 0,
            assembled: HashMap::new(),
            frame_end: None,
            types: limits::PICKLE_NODES,
            most: limits::PICKLE_NODES + len / 6,
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
        nodes.len() + items.len() + 2 * objects.len() + 12 * globals.len() + 2 * self.assembled.len() + self.spelled / 4
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

    /// How far the machine is in the whole stream.
    pub fn place(&self) -> u64 {
        self.pickle.place(self.at)
    }

    /// Sees to it that `want` bytes from here on are kept, as far as there are so many.
    fn load(&mut self, want: usize) -> Result<()> {
        let Some((source, next)) = self.unread else { return Ok(()) };
        let kept = self.pickle.stream.len();
        let missing = (want as u64).saturating_sub((kept - self.at) as u64);
        let len = missing.max((kept as u64).clamp(FIRST, STEP)).min(source.size().saturating_sub(next));
        if missing == 0 || len == 0 {
            return Ok(());
        }
        if kept as u64 + len > limits::METADATA_RECORD {
            let cap = limits::METADATA_RECORD >> 20;
            return Err(Error::too_large(format!(
                "The pickle has more than {cap} MiB beside its arrays; it is not read on."
            )));
        }
        self.pickle.stream.extend(read_vec(source, next, len)?);
        self.unread = Some((source, next + len));
        Ok(())
    }

    /// How many bytes of the stream are left, kept or not.
    fn left(&self) -> u64 {
        let unread = self.unread.map_or(0, |(source, next)| source.size().saturating_sub(next));
        (self.pickle.stream.len() - self.at) as u64 + unread
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.load(N)?;
        let bytes = self.pickle.stream[self.at..].first_chunk();
        let bytes = *bytes.ok_or_else(|| {
            Error::malformed(
                "The pickle is cut off before its STOP; the file may not have been copied or downloaded whole.",
            )
        })?;
        self.at += N;
        Ok(bytes)
    }

    /// Whether so many bytes follow.
    pub fn expect(&self, len: u64) -> Result<()> {
        let left = self.left();
        if len <= left {
            return Ok(());
        }
        Err(Error::malformed(format!(
            "The pickle is cut off: a length says that {len} bytes follow, {left} are left to its end; the file may not have been copied or downloaded whole."
        )))
    }

    /// Takes the next `len` bytes; returns their place in what is kept.
    pub fn take(&mut self, len: u64) -> Result<(u32, u32)> {
        self.expect(len)?;
        let len = usize::try_from(len).map_err(|_| Error::too_large("The pickle holds a text of more than 4 GiB."))?;
        self.load(len)?;
        let start = self.at;
        self.at += len;
        Ok((narrow(start), narrow(len)))
    }

    /// Takes the next `len` bytes without keeping them where they are many and can be had again.
    pub fn take_bytes(&mut self, len: u64) -> Result<Node> {
        if len <= FAR || self.unread.is_none() {
            let (start, len) = self.take(len)?;
            return Ok(Node::Bytes(start, len));
        }
        let run = self.pass(len)?;
        self.pickle.far.push(run);
        Ok(Node::Far(narrow(self.pickle.far.len() - 1)))
    }

    /// Passes over the next `len` bytes; returns their place in the stream.
    pub fn pass(&mut self, len: u64) -> Result<Run> {
        self.expect(len)?;
        let start = self.place();
        let kept = (self.pickle.stream.len() - self.at) as u64;
        match &mut self.unread {
            Some((_, next)) if len > kept => {
                // What was read of them already is dropped, and so the places of all that follows are counted on.
                self.pickle.stream.truncate(self.at);
                *next = self.base + start + len;
                let before = self.pickle.gaps.last().map_or(0, |(_, left_out)| *left_out);
                self.pickle.gaps.push((self.at, before + len));
            }
            _ => self.at += usize::try_from(len).expect("they are kept"),
        }
        Ok(Run { start, len })
    }

    /// The place of the bytes up to the end of the line.
    pub fn line(&mut self) -> Result<(u32, u32)> {
        let mut seen = 0;
        loop {
            let rest = &self.pickle.stream[self.at..];
            if let Some(more) = rest[seen..].iter().position(|byte| *byte == b'\n') {
                let (start, len) = (narrow(self.at), narrow(seen + more));
                self.at += seen + more + 1;
                return Ok((start, len));
            }
            seen = rest.len();
            self.load(seen + 1)?;
            if self.pickle.stream.len() - self.at == seen {
                return Err(damaged("a line is cut off"));
            }
        }
    }

    /// A line as text; bytes that are not UTF-8 as U+FFFD.
    pub fn text_line(&mut self) -> Result<String> {
        let (start, len) = self.line()?;
        Ok(String::from_utf8_lossy(self.pickle.span(start, len)).into_owned())
    }

    /// Begins a frame: opcodes stay within it. Python's reader in C does not mind where they do not, so the rest is followed.
    pub fn begin_frame(&mut self, len: u64) -> Result<()> {
        if self.frame_end.is_some() {
            self.odd_frame = Some("a FRAME begins inside another");
        }
        self.expect(len)?;
        self.frame_end = Some(self.place() + len);
        Ok(())
    }

    /// Notes an opcode that did not stay within its frame.
    pub fn check_frame(&mut self) {
        let Some(end) = self.frame_end else { return };
        if self.place() > end {
            self.odd_frame = Some("an opcode crosses the end of its FRAME");
        }
        if self.place() >= end {
            self.frame_end = None;
        }
    }
}

/// Places in the arena fit: each takes at least a byte of what is kept of a stream.
pub(super) fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("below the length of the stream")
}
