//! The abstract machine: what each opcode does.

use super::nodes::{Global, Id, Node, Object, Pickle, Reference};
use super::opcodes as op;
use super::stack::{Machine, Waiting, damaged, narrow};
use super::{escapes, joblib, python2};
use crate::decimal;
use crate::error::{Error, Result};
use crate::source::ReadAt;
use std::borrow::Cow;

/// Follows one pickle from the start of `stream` to its `STOP`.
///
/// A stream that breaks off or is not one gives what was found so far, with [`Pickle::problem`].
pub fn run(stream: Vec<u8>) -> Pickle {
    // Places in the stream are kept in 32 bits; what is longer is not metadata.
    let fits = u32::try_from(stream.len()).is_ok();
    finish(Machine::new(stream), fits)
}

/// Follows one pickle that begins at byte `start` of a source: the elements of arrays in it are passed over, so it may be
/// larger than memory. Places in the result count from `start`.
pub fn run_at(source: &dyn ReadAt, start: u64) -> Pickle {
    finish(Machine::at(source, start), true)
}

/// Likewise, as `joblib.load` reads it: it takes the bytes behind an object that stands for an array for its elements, where
/// every other reader takes them for opcodes.
pub fn run_joblib(source: &dyn ReadAt, start: u64) -> Pickle {
    let mut machine = Machine::at(source, start);
    machine.joblib = true;
    finish(machine, true)
}

fn finish(mut machine: Machine<'_>, fits: bool) -> Pickle {
    let outcome = if fits { machine.follow() } else { Err(Error::too_large("The pickle is larger than 4 GiB.")) };
    let end = machine.place();
    let Machine { mut pickle, out_of_frame, .. } = machine;
    pickle.end = end;
    match (outcome, out_of_frame) {
        (_, Some(error)) => pickle.problem = Some(error),
        (Ok(root), None) => pickle.root = Some(root),
        (Err(error), None) => pickle.problem = Some(error.at(end)),
    }
    pickle
}

/// The longest text that is kept where it may be the elements of an array.
const LONG_TEXT: u64 = 64 << 10;

impl Machine<'_> {
    /// Follows opcodes up to `STOP`.
    fn follow(&mut self) -> Result<Id> {
        loop {
            let start = self.at;
            let [code] = self.array()?;
            let place = self.pickle.place(start);
            self.pickle.opcodes.entry(code).or_insert(place);
            if code == op::STOP {
                let root = self.pop()?;
                let Some(outer) = self.outer.take() else { return Ok(root) };
                self.go_on(outer, root);
                continue;
            }
            // An opcode that fails is told at its own place.
            let followed = self.step(code, start).map(|()| self.check_frame()).and_then(|()| self.read_behind(code));
            followed.map_err(|error| {
                self.at = start;
                during(code, error)
            })?;
            if let Some(what) = self.odd_frame.take() {
                self.out_of_frame.get_or_insert_with(|| during(code, damaged(what)).at(place));
            }
        }
    }

    /// Goes on with the pickle around one that ended: what that one describes stands in the place of what called for it.
    fn go_on(&mut self, outer: Waiting, result: Id) {
        let Waiting { stack, marks, memo, frame_end, protocol } = outer;
        (self.stack, self.marks, self.memo, self.frame_end) = (stack, marks, memo, frame_end);
        // It decides how names are spelled.
        self.pickle.protocol = protocol;
        if let Some(top) = self.stack.last_mut() {
            *top = result;
        }
    }

    fn step(&mut self, code: u8, start: usize) -> Result<()> {
        match code {
            op::PROTO => {
                let [protocol] = self.array()?;
                if protocol > 5 {
                    return Err(Error::unsupported(format!("The pickle is of protocol {protocol}; 0 to 5 are read.")));
                }
                self.pickle.protocol = protocol;
                Ok(())
            }
            op::FRAME => {
                let len = u64::from_le_bytes(self.array()?);
                self.begin_frame(len)
            }
            op::MARK => self.mark(),
            op::POP if self.marks.last().is_some_and(|mark| *mark as usize == self.stack.len()) => {
                self.marks.pop();
                Ok(())
            }
            op::POP => self.pop().map(|_| ()),
            op::POP_MARK => self.above_mark().map(|_| ()),
            op::DUP => self.top().and_then(|top| self.put(top)),
            op::GET | op::BINGET | op::LONG_BINGET | op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => {
                self.memory(code)
            }
            op::NONE
            | op::NEWTRUE
            | op::NEWFALSE
            | op::INT
            | op::LONG
            | op::FLOAT
            | op::BININT
            | op::BININT1
            | op::BININT2
            | op::LONG1
            | op::LONG4
            | op::BINFLOAT => self.number(code),
            op::STRING | op::UNICODE => self.quoted_text(code),
            op::BINSTRING
            | op::SHORT_BINSTRING
            | op::BINUNICODE
            | op::SHORT_BINUNICODE
            | op::BINUNICODE8
            | op::BINBYTES
            | op::SHORT_BINBYTES
            | op::BINBYTES8
            | op::BYTEARRAY8 => self.run_of_bytes(code),
            op::EMPTY_LIST
            | op::EMPTY_DICT
            | op::EMPTY_TUPLE
            | op::EMPTY_SET
            | op::LIST
            | op::DICT
            | op::TUPLE
            | op::FROZENSET
            | op::TUPLE1
            | op::TUPLE2
            | op::TUPLE3 => self.container(code),
            op::APPEND | op::APPENDS | op::ADDITEMS | op::SETITEM | op::SETITEMS => self.fill(code),
            op::GLOBAL | op::STACK_GLOBAL => self.name(code, start),
            op::REDUCE | op::NEWOBJ | op::NEWOBJ_EX | op::INST | op::OBJ | op::BUILD => self.call(code, start),
            op::PERSID => {
                let (start, len) = self.line()?;
                let text = self.owned(self.pickle.span(start, len).to_vec())?;
                self.push(Node::Persistent(text))
            }
            op::BINPERSID => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))
            }
            op::EXT1 => self.array::<1>().and_then(|_| self.extension(code, start)),
            op::EXT2 => self.array::<2>().and_then(|_| self.extension(code, start)),
            op::EXT4 => self.array::<4>().and_then(|_| self.extension(code, start)),
            op::NEXT_BUFFER => Err(Error::unsupported(
                "The pickle takes a buffer that was kept beside it; only its writer can give that.",
            )),
            op::READONLY_BUFFER => self.top().map(|_| ()),
            other => Err(damaged(&format!("0x{other:02x} is no opcode"))),
        }
    }

    fn memory(&mut self, code: u8) -> Result<()> {
        let key = match code {
            op::GET | op::PUT => {
                // As Python reads it, `1_0` is ten.
                let line = self.text_line()?.replace('_', "");
                line.trim().parse().map_err(|_| damaged("a memo has no whole number"))?
            }
            op::BINGET | op::BINPUT => u64::from(self.array::<1>()?[0]),
            op::LONG_BINGET | op::LONG_BINPUT => u32::from_le_bytes(self.array()?).into(),
            _ => self.memo.len(),
        };
        if let op::GET | op::BINGET | op::LONG_BINGET = code {
            let id = self.memo.get(key).ok_or_else(|| damaged(&format!("memo {key} was never set")))?;
            self.put(id)
        } else {
            self.memoise(key)
        }
    }

    fn number(&mut self, code: u8) -> Result<()> {
        let node = match code {
            op::NONE => Node::None,
            op::NEWTRUE => Node::Bool(true),
            op::NEWFALSE => Node::Bool(false),
            op::BININT => Node::Int(i32::from_le_bytes(self.array()?).into()),
            op::BININT1 => Node::Int(self.array::<1>()?[0].into()),
            op::BININT2 => Node::Int(u16::from_le_bytes(self.array()?).into()),
            op::BINFLOAT => Node::Float(f64::from_be_bytes(self.array()?)),
            op::FLOAT => {
                Node::Float(decimal::parse(self.text_line()?.trim()).ok_or_else(|| damaged("a line is no number"))?)
            }
            op::LONG1 | op::LONG4 => {
                let len = if code == op::LONG1 {
                    u64::from(self.array::<1>()?[0])
                } else {
                    u64::try_from(i32::from_le_bytes(self.array()?)).map_err(|_| damaged("a length is negative"))?
                };
                let (start, len) = self.take(len)?;
                self.little_endian(start, len)
            }
            _ => {
                let line = self.text_line()?;
                self.digits(code, line.trim())?
            }
        };
        self.push(node)
    }

    /// A number in decimal digits; `00` and `01` are truth values in an `INT`.
    fn digits(&mut self, code: u8, line: &str) -> Result<Node> {
        let digits = if code == op::LONG { line.strip_suffix('L').unwrap_or(line) } else { line };
        match digits {
            "00" if code == op::INT => return Ok(Node::Bool(false)),
            "01" if code == op::INT => return Ok(Node::Bool(true)),
            _ => {}
        }
        if let Ok(number) = digits.parse() {
            return Ok(Node::Int(number));
        }
        let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
        // Python reads these lines as its own source: `0x10`, `1_000`.
        let plain = unsigned.replace('_', "").to_ascii_lowercase();
        let based = [("0x", 16), ("0o", 8), ("0b", 2), ("", 10)]
            .iter()
            .find_map(|(mark, base)| Some((plain.strip_prefix(mark)?, *base)))
            .filter(|(digits, _)| digits.bytes().all(|digit| digit.is_ascii_alphanumeric()))
            .and_then(|(digits, base)| i64::from_str_radix(digits, base).ok());
        if let Some(number) = based {
            return Ok(Node::Int(if digits.starts_with('-') { -number } else { number }));
        }
        if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(damaged("a line is no whole number"));
        }
        // More than Python itself converts: the first ones tell enough.
        if unsigned.len() > 4300 {
            return Ok(self.big(format!("{}… ({} digits)", &digits[..33], unsigned.len())));
        }
        Ok(self.big(digits.to_owned()))
    }

    /// A two's complement number of any length.
    fn little_endian(&mut self, start: u32, len: u32) -> Node {
        let bytes = self.pickle.span(start, len);
        let negative = bytes.last().is_some_and(|byte| byte >> 7 == 1);
        if bytes.len() <= 8 {
            let mut wide = [if negative { 0xff } else { 0 }; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            return Node::Int(i64::from_le_bytes(wide));
        }
        if bytes.len() <= 16 {
            let mut wide = [if negative { 0xff } else { 0 }; 16];
            wide[..bytes.len()].copy_from_slice(bytes);
            let digits = i128::from_le_bytes(wide).to_string();
            return self.big(digits);
        }
        // Decimal digits of a large number cost time that grows with the square of its length.
        let hex: Vec<String> = bytes.iter().rev().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.big(format!("0x{}… (an integer of {len} bytes)", hex.concat()))
    }

    fn big(&mut self, digits: String) -> Node {
        self.pickle.texts.push(digits.into_bytes());
        Node::BigInt(narrow(self.pickle.texts.len() - 1))
    }

    /// Text of protocol 0.
    fn quoted_text(&mut self, code: u8) -> Result<()> {
        let (start, len) = self.line()?;
        let line = self.pickle.span(start, len);
        let text = if code == op::STRING {
            escapes::string(line.trim_ascii_end())
                .ok_or_else(|| damaged("a text lacks its quotes or half an escape"))?
        } else {
            escapes::unicode(line).ok_or_else(|| damaged("a text has half an escape"))?.into_bytes()
        };
        let id = self.owned(text)?;
        self.put(id)
    }

    fn run_of_bytes(&mut self, code: u8) -> Result<()> {
        let len = match code {
            op::SHORT_BINSTRING | op::SHORT_BINUNICODE | op::SHORT_BINBYTES => u64::from(self.array::<1>()?[0]),
            op::BINSTRING => {
                u64::try_from(i32::from_le_bytes(self.array()?)).map_err(|_| damaged("a length is negative"))?
            }
            op::BINUNICODE | op::BINBYTES => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        match code {
            // Python 2 wrote the elements of arrays as its byte strings.
            op::BINSTRING if len > LONG_TEXT => self.take_bytes(len).and_then(|node| self.push(node)),
            op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 => self.take_bytes(len).and_then(|node| self.push(node)),
            op::BYTEARRAY8 => {
                self.take_bytes(len).and_then(|node| self.push(node))?;
                let top = self.top()?;
                self.pickle.mutable.insert(top);
                Ok(())
            }
            _ => {
                let (start, len) = self.take(len)?;
                if code != op::BINSTRING && code != op::SHORT_BINSTRING {
                    self.check_text(code, start, len);
                }
                self.push(Node::Text(start, len))
            }
        }
    }

    /// Notes the first text that is not UTF-8. Python lets halves of surrogate pairs pass.
    fn check_text(&mut self, code: u8, start: u32, len: u32) {
        let bytes = self.pickle.span(start, len);
        let mut rest = bytes;
        while let Err(error) = std::str::from_utf8(rest) {
            let at = error.valid_up_to();
            if !matches!(rest[at..], [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]) {
                let place = self.pickle.place(start as usize);
                self.pickle.not_utf8.get_or_insert((code, place));
                return;
            }
            rest = &rest[at + 3..];
        }
    }

    fn container(&mut self, code: u8) -> Result<()> {
        let items = match code {
            op::LIST | op::DICT | op::TUPLE | op::FROZENSET => self.above_mark()?,
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let count = usize::from(code - op::TUPLE1) + 1;
                self.check_height(count)?;
                self.stack.split_off(self.stack.len() - count)
            }
            _ => Vec::new(),
        };
        if code == op::DICT && items.len() % 2 == 1 {
            return Err(damaged("a dictionary has a key without a value"));
        }
        let place = self.list(&items)?;
        self.push(match code {
            op::EMPTY_LIST | op::LIST => Node::List(place),
            op::EMPTY_DICT | op::DICT => Node::Dict(place),
            op::EMPTY_SET | op::FROZENSET => Node::Set(place),
            _ => Node::Tuple(place),
        })
    }

    fn fill(&mut self, code: u8) -> Result<()> {
        let more = match code {
            op::APPEND => vec![self.pop()?],
            op::SETITEM => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.above_mark()?,
        };
        let pairs = matches!(code, op::SETITEM | op::SETITEMS);
        if pairs && more.len() % 2 == 1 {
            return Err(damaged("a dictionary has a key without a value"));
        }
        let target = self.top()?;
        let old = match self.pickle.nodes[target] {
            Node::List(place) if !pairs && code != op::ADDITEMS => place,
            Node::Set(place) if code == op::ADDITEMS => place,
            Node::Dict(place) if pairs => place,
            Node::Object(object) if pairs => self.pickle.objects[object].pairs,
            Node::Object(object) => self.pickle.objects[object].items,
            // Python calls a method of whatever it is: `sys.path.append`, `sys.modules[…] = …`, `list[0] = …`.
            Node::Unknown
            | Node::Persistent(_)
            | Node::Global(_)
            | Node::List(_)
            | Node::Set(_)
            | Node::Bytes(..)
            | Node::Far(_) => {
                self.pickle.put_otherwise.get_or_insert(code);
                return Ok(());
            }
            _ => return Err(damaged("items are put into something that holds none")),
        };
        let new = self.longer(old, &more)?;
        match &mut self.pickle.nodes[target] {
            Node::List(place) | Node::Set(place) | Node::Dict(place) => *place = new,
            Node::Object(object) if pairs => self.pickle.objects[*object].pairs = new,
            Node::Object(object) => self.pickle.objects[*object].items = new,
            _ => {}
        }
        Ok(())
    }

    /// An extension code stands for a name in a registry that only the writer has.
    fn extension(&mut self, code: u8, start: usize) -> Result<()> {
        let node = self.global(Global::UNKNOWN.into(), Global::UNKNOWN.into(), (code, start))?;
        self.put(node)
    }

    fn name(&mut self, code: u8, start: usize) -> Result<()> {
        let (module, name) = if code == op::GLOBAL {
            (self.name_line(code)?, self.name_line(code)?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            // One long text may be the module of many names.
            let both = (module, name, self.pickle.protocol < 3);
            if let Some(id) = self.assembled.get(&both) {
                return self.put(*id);
            }
            // Either may be what a call returns.
            let text = |id| self.pickle.text(id).map_or_else(|| Global::UNKNOWN.to_owned(), Cow::into_owned);
            let (module, name) = (text(module), text(name));
            let node = self.global(module, name, (code, start))?;
            self.assembled.insert(both, node);
            return self.put(node);
        };
        let node = self.global(module, name, (code, start))?;
        self.put(node)
    }

    /// A line of a name; one that is not UTF-8 is noted.
    fn name_line(&mut self, code: u8) -> Result<String> {
        let (start, len) = self.line()?;
        self.check_text(code, start, len);
        Ok(String::from_utf8_lossy(self.pickle.span(start, len)).into_owned())
    }

    /// The node of a name, as Python 3 spells it; a name has one node.
    fn global(&mut self, module: String, name: String, (opcode, start): (u8, usize)) -> Result<Id> {
        let global = Global { module, name };
        let renamed = self.pickle.protocol < 3;
        if let Some(id) = self.names.get(&(global.clone(), renamed)) {
            return Ok(*id);
        }
        self.spelled += global.module.len() + global.name.len();
        let id = self.node(Node::Global(narrow(self.pickle.globals.len())))?;
        self.names.insert((global.clone(), renamed), id);
        let known = renamed.then(|| python2::renamed(&global)).flatten().unwrap_or_else(|| global.clone());
        let spelled = (known != global).then_some(global);
        let at = self.pickle.place(start);
        self.pickle.globals.push(Reference { global: known, spelled, at, opcode });
        Ok(id)
    }

    fn call(&mut self, code: u8, start: usize) -> Result<()> {
        if code == op::BUILD {
            let state = self.pop()?;
            let built = self.top()?;
            match self.pickle.nodes[built] {
                Node::Object(object) => self.pickle.objects[object].state = Some(state),
                _ => {
                    self.pickle.put_otherwise.get_or_insert(code);
                }
            }
            return Ok(());
        }
        let mut keywords = None;
        let (callable, args) = match code {
            op::INST => {
                let (module, name) = (self.name_line(code)?, self.name_line(code)?);
                let args = self.above_mark()?;
                let global = self.global(module, name, (code, start))?;
                let place = self.list(&args)?;
                (global, self.node(Node::Tuple(place))?)
            }
            op::OBJ => {
                let parts = self.above_mark()?;
                let [class, args @ ..] = parts.as_slice() else { return Err(damaged("an object has no class")) };
                let place = self.list(args)?;
                (*class, self.node(Node::Tuple(place))?)
            }
            _ => {
                if code == op::NEWOBJ_EX {
                    keywords = Some(self.pop()?);
                }
                let args = self.pop()?;
                (self.pop()?, args)
            }
        };
        let object = Object { callable, args, keywords, state: None, pairs: Node::EMPTY, items: Node::EMPTY };
        self.object(object)
    }

    /// Joblib writes the elements of an array behind the `BUILD` of the object that stands for it, and behind its frame.
    fn read_behind(&mut self, code: u8) -> Result<()> {
        // A pickle inside another one is read by Python's own reader.
        if code != op::BUILD || !self.joblib || self.outer.is_some() {
            return Ok(());
        }
        let built = self.top()?;
        match joblib::what_follows(&self.pickle, built, &mut self.types)? {
            None => Ok(()),
            Some(joblib::Behind::Pickle) => {
                let (stack, marks) = (std::mem::take(&mut self.stack), std::mem::take(&mut self.marks));
                let (memo, frame_end) = (std::mem::take(&mut self.memo), self.frame_end.take());
                let protocol = std::mem::take(&mut self.pickle.protocol);
                self.outer = Some(Waiting { stack, marks, memo, frame_end, protocol });
                self.pickle.joblib = true;
                Ok(())
            }
            Some(joblib::Behind::Elements { len, padded }) => {
                if padded {
                    let [padding] = self.array()?;
                    self.take(padding.into())?;
                }
                let run = self.pass(len)?;
                self.pickle.behind.insert(built, run);
                self.pickle.joblib = true;
                Ok(())
            }
        }
    }
}

/// The error with the name of the opcode that met it.
fn during(code: u8, mut error: Error) -> Error {
    if let Some(name) = op::name(code)
        && let Some(sentence) = error.message.strip_suffix('.')
    {
        error.message = format!("{sentence} (opcode {name}).");
    }
    error
}

impl Pickle {
    /// What the stream describes.
    ///
    /// # Errors
    ///
    /// Why it stopped before its end.
    pub fn root_or_problem(&self) -> Result<Id> {
        match (&self.root, &self.problem) {
            (Some(root), _) => Ok(*root),
            (None, Some(problem)) => Err(problem.clone()),
            (None, None) => Err(damaged("it describes nothing")),
        }
    }
}
