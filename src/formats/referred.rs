//! The report of a pickle: what loading it in Python would refer to, as far as it can be followed.

use super::names::{A_VALUE, meaning};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{Checkpoint, Level, Meaning, Note, PickleFacts, Referred, Verdict};
use crate::sort;
use crate::source::{Memory, ReadAt, read_vec};
use crate::wire::pickle::arrays::encoded;
use crate::wire::pickle::opcodes as op;
use crate::wire::pickle::{Global, Id, Node, Object, Pickle, Reference, run, run_at};

/// Who reads a pickle in Python.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loader {
    /// `torch.load`.
    Torch,
    /// Something else, which runs it.
    Other,
}

/// Reports a pickle, those that stand in byte strings of it, and notes the names that a person should know.
///
/// `source` is where long byte strings are read from; the pickle begins at its byte `base`.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle,
    source: &dyn ReadAt,
    base: u64,
    place: &str,
    loader: Loader,
) {
    let facts = facts(checkpoint, pickle, place, loader);
    note(checkpoint, &facts);
    if let Some((code, at)) = pickle.not_utf8 {
        let message = format!(
            "A text of the pickle, at byte {at} (opcode {}), is not UTF-8: Python refuses it; it is shown as far as it can be.",
            op::name(code).unwrap_or_default()
        );
        checkpoint.note(Note::warning(message).about(place));
    }
    checkpoint.pickles.push(facts);
    nested(checkpoint, pickle, source, base, place);
}

/// Reports what stands behind the end of a pickle, as far as it is one; says how many bytes are behind all.
pub(super) fn add_following(checkpoint: &mut Checkpoint, source: &dyn ReadAt, mut from: u64, place: &str) {
    let size = source.size();
    for _ in 0..limits::PICKLES_FOLLOWED {
        if from >= size {
            return;
        }
        let pickle = run_at(source, from);
        if pickle.root.is_none() && pickle.globals.is_empty() {
            break;
        }
        let where_ = format!("{place}, a second pickle at byte {from}");
        let message = format!(
            "Behind the end of the pickle, at byte {from}, a second pickle follows{}; Python may load it, too.",
            if pickle.problem.is_some() { ", which breaks off" } else { "" }
        );
        checkpoint.note(Note::warning(message).about(place));
        add(checkpoint, &pickle, source, from, &where_, Loader::Other);
        if pickle.problem.is_some() {
            return;
        }
        from += pickle.end;
    }
    if from < size {
        let message = format!("{} bytes follow the end of the pickle, at byte {from}; they are not read.", size - from);
        checkpoint.note(Note::warning(message).about(place));
    }
}

/// Likewise, for a pickle that is in memory as a whole.
pub(super) fn add_rest(checkpoint: &mut Checkpoint, pickle: &Pickle, place: &str) {
    let end = usize::try_from(pickle.end).unwrap_or(usize::MAX);
    if end < pickle.stream.len() {
        let source = Memory::new(pickle.stream.clone());
        add_following(checkpoint, &source, pickle.end, place);
    }
}

/// Whether a pickle breaks off, or refers to a name that `torch.load(weights_only=True)` does not know.
pub(super) fn is_odd(pickle: &Pickle) -> bool {
    pickle.problem.is_some() || pickle.globals.iter().any(|name| meaning(&name.global).0 != Meaning::InTorchsList)
}

fn facts(checkpoint: &Checkpoint, pickle: &Pickle, place: &str, loader: Loader) -> PickleFacts {
    let before: usize = checkpoint.pickles.iter().map(|pickle| pickle.names.len()).sum();
    let names = listed(pickle, limits::PICKLE_NAMES.min((limits::PICKLES_NAMES.saturating_sub(before)).max(TOLD)));
    PickleFacts {
        place: place.to_owned(),
        protocol: pickle.protocol,
        stopped: pickle.problem.clone(),
        more: pickle.globals.len() - names.len(),
        names,
        verdict: (loader == Loader::Torch && pickle.problem.is_none()).then(|| verdict(pickle)),
    }
}

/// At most so many names, in the order of the pickle: all, or the worst. Harmless ones in front must not hide another.
fn listed(pickle: &Pickle, most: usize) -> Vec<Referred> {
    let mut worst: Vec<&Reference> = pickle.globals.iter().collect();
    if worst.len() > most {
        let mut by_level: Vec<(Meaning, u64, &Reference)> =
            worst.iter().map(|name| (meaning(&name.global).0, name.at, *name)).collect();
        sort::by_key(&mut by_level, |(level, at, _)| (*level, *at));
        by_level.truncate(most);
        sort::by_key(&mut by_level, |(_, at, _)| *at);
        worst = by_level.into_iter().map(|(.., name)| name).collect();
    }
    worst.into_iter().map(referred).collect()
}

fn referred(reference: &Reference) -> Referred {
    let Reference { global, spelled, at, opcode } = reference;
    let (meaning, reason) = meaning(global);
    let opcode = op::name(*opcode).unwrap_or_default();
    Referred { name: global.dotted(), spelled: spelled.as_ref().map(Global::dotted), at: *at, opcode, meaning, reason }
}

/// The opcodes that the unpickler of `torch.load(weights_only=True)` knows.
const TORCHS_OPCODES: [u8; 34] = [
    op::PROTO,
    op::STOP,
    op::GLOBAL,
    op::NEWOBJ,
    op::REDUCE,
    op::BUILD,
    op::APPEND,
    op::APPENDS,
    op::SETITEM,
    op::SETITEMS,
    op::MARK,
    op::TUPLE,
    op::TUPLE1,
    op::TUPLE2,
    op::TUPLE3,
    op::NONE,
    op::NEWTRUE,
    op::NEWFALSE,
    op::EMPTY_TUPLE,
    op::EMPTY_LIST,
    op::EMPTY_DICT,
    op::EMPTY_SET,
    op::BININT,
    op::BININT1,
    op::BININT2,
    op::BINFLOAT,
    op::BINUNICODE,
    op::SHORT_BINSTRING,
    op::BINPERSID,
    op::BINGET,
    op::LONG_BINGET,
    op::BINPUT,
    op::LONG_BINPUT,
    op::LONG1,
];

/// Names of its list whose results are of no type of the list, so that it gives them no state.
const NO_STATE: [&str; 2] = ["encode", "_get_layout"];

/// What `torch.load(weights_only=True)` would do: refuse at the first opcode or name that it does not know, or for what it
/// does not do with those that it knows.
fn verdict(pickle: &Pickle) -> Verdict {
    let opcode = pickle.opcodes.iter().filter(|(code, _)| !TORCHS_OPCODES.contains(code));
    let opcode = opcode.map(|(code, at)| (*at, format!("opcode {}", op::name(*code).unwrap_or("unknown"))));
    let listed = |reference: &&Reference| meaning(&reference.global).0 != Meaning::InTorchsList;
    let name = pickle.globals.iter().filter(listed).map(|reference| (reference.at, reference.global.dotted()));
    if let Some((_, why)) = opcode.chain(name).min_by_key(|(at, _)| *at) {
        return Verdict::Refuses(why);
    }
    if let Some(code) = pickle.put_otherwise {
        let name = op::name(code).unwrap_or_default();
        return Verdict::Refuses(format!("opcode {name} for what it does not fill"));
    }
    let ordered = |name: &str| ["OrderedDict", "Counter"].contains(&name);
    for object in pickle.objects.iter() {
        let class = pickle.global(object.callable);
        match class {
            None => return Verdict::Refuses("a call of what is no name".to_owned()),
            Some(class) if object.pairs != Node::EMPTY && !ordered(&class.name) => {
                return Verdict::Refuses(format!("items that are set in a {}", class.dotted()));
            }
            Some(class) if object.items != Node::EMPTY => {
                return Verdict::Refuses(format!("items that are appended to a {}", class.dotted()));
            }
            Some(class) if object.state.is_some() && NO_STATE.contains(&class.name.as_str()) => {
                return Verdict::Refuses(format!("a state that is given to what {} returns", class.dotted()));
            }
            Some(_) => {}
        }
    }
    for node in pickle.nodes.iter() {
        if let Node::Persistent(about) = node {
            let tuple = matches!(pickle.node(*about), Node::Tuple(_)).then_some(*about);
            let storage = tuple.and_then(|tuple| pickle.short(*pickle.sequence(tuple)?.first()?));
            let whole = matches!(pickle.node(*about), Node::Int(_) | Node::BigInt(_));
            if storage.as_deref() != Some("storage") && !whole {
                return Verdict::Refuses("a persistent id that is no storage".to_owned());
            }
        }
    }
    Verdict::Accepts
}

/// The most names that one note tells.
const TOLD: usize = 3;

/// Notes the names that loading the pickle in Python would refer to, where a person should know them.
fn note(checkpoint: &mut Checkpoint, facts: &PickleFacts) {
    let refused = if facts.verdict.is_some() { ", and torch.load(weights_only=True) would refuse" } else { "" };
    for (meaning, one, several) in [
        (
            Meaning::RunsCode,
            "which can run code when the file is loaded in Python".to_owned(),
            "that can run code when the file is loaded in Python".to_owned(),
        ),
        (
            Meaning::Hidden,
            "which only running it would tell; it may run code when the file is loaded in Python".to_owned(),
            "that only running it would tell; they may run code when the file is loaded in Python".to_owned(),
        ),
        (
            Meaning::NotKnown,
            format!("which is not known here{refused}{}", if refused.is_empty() { "" } else { " it" }),
            format!("that are not known here{refused}{}", if refused.is_empty() { "" } else { " them" }),
        ),
    ] {
        let names: Vec<&Referred> = facts.names.iter().filter(|name| name.meaning == meaning).collect();
        let Some(first) = names.first() else { continue };
        let told = |name: &&Referred| format!("{} (byte {})", quoted(&name.name), name.at);
        let message = if names.len() == 1 {
            format!("The pickle refers to {}, {one}. It was not run here.", told(first))
        } else {
            let list: Vec<String> = names.iter().take(TOLD).map(told).collect();
            let rest = match names.len().saturating_sub(TOLD) + facts.more {
                0 => String::new(),
                rest => format!(" and {rest} more"),
            };
            let count = names.len() + facts.more;
            format!(
                "The pickle refers to {count} names {several}: {}{rest}. None of them was run here.",
                list.join(", ")
            )
        };
        let usual = meaning == Meaning::NotKnown && names.iter().all(|name| is_usual(name));
        let level = match meaning {
            Meaning::RunsCode | Meaning::Hidden => Level::Danger,
            _ if usual => Level::Info,
            _ => Level::Warning,
        };
        checkpoint.note(Note::new(level, message).about(&facts.place));
    }
}

/// Whether a name that is not known here is of PyTorch's own classes, or of those that a script brings: what such files are made
/// of. Or one that only makes a value.
fn is_usual(name: &Referred) -> bool {
    name.name.starts_with("torch.") || name.name.starts_with("__torch__.") || name.reason == A_VALUE
}

/// How deep pickles stand in byte strings of pickles in byte strings.
const NESTED: usize = 8;

/// The most bytes of them that are followed, beyond twice those of the pickle around.
const NESTED_BYTES: usize = 1 << 20;

/// Follows the pickles that stand in byte strings of a pickle: what is given to a function that loads them, and what looks
/// like one; and those in the byte strings of these.
fn nested(checkpoint: &mut Checkpoint, pickle: &Pickle, source: &dyn ReadAt, base: u64, place: &str) {
    let mut left = limits::PICKLES_FOLLOWED.saturating_sub(checkpoint.pickles.len());
    // Where each begins in its own pickle, and how deep it stands. What waits is part of what its pickle holds.
    let mut waiting = Vec::new();
    let mut room = NESTED_BYTES + 2 * pickle.stream.len();
    let mut all = true;
    for bytes in &pickle.far {
        let at = base + bytes.start;
        let head = read_vec(source, at, bytes.len.min(HEAD)).unwrap_or_default();
        // Elements of an array may pass for opcodes for a while: they are followed only if they soon refer to a name.
        let follow = begins_with_protocol(&head) || looks_like_one(&head) && !run(head).globals.is_empty();
        if !follow {
            continue;
        }
        let inner = run_at(source, at);
        let place = format!("{place}, a pickle in a byte string at byte {}", bytes.start);
        if !add_nested(checkpoint, &inner, &mut left, place.clone()) {
            return;
        }
        all &= put_aside(&mut waiting, &inner, &place, 2, &mut room);
    }
    all &= put_aside(&mut waiting, pickle, place, 1, &mut room);
    while let Some((bytes, place, depth)) = waiting.pop() {
        let inner = run(bytes);
        if !begins_with_protocol(&inner.stream) && (inner.root.is_none() || inner.globals.is_empty()) {
            continue;
        }
        if !add_nested(checkpoint, &inner, &mut left, place.clone()) {
            return;
        }
        all &= depth < NESTED && put_aside(&mut waiting, &inner, &place, depth + 1, &mut room);
    }
    if !all {
        checkpoint.note(Note::warning(MORE_NESTED).about(place));
    }
}

/// How much of a long byte string is looked at to tell whether it is a pickle.
const HEAD: u64 = 512;

const MORE_NESTED: &str = "More may stand in its byte strings than is followed: pickles in pickles.";

/// Reports a pickle of a byte string, as far as it is one; `false` if no more are followed.
fn add_nested(checkpoint: &mut Checkpoint, inner: &Pickle, left: &mut usize, place: String) -> bool {
    if inner.root.is_none() && inner.globals.is_empty() {
        return true;
    }
    if *left == 0 {
        checkpoint.note(Note::warning(MORE_NESTED).about(place));
        return false;
    }
    *left -= 1;
    let facts = facts(checkpoint, inner, &place, Loader::Other);
    note(checkpoint, &facts);
    checkpoint.pickles.push(facts);
    true
}

/// Byte strings that may be pickles, with their places and how deep they stand.
type Waiting = Vec<(Vec<u8>, String, usize)>;

/// Puts the byte strings of a pickle aside that may be pickles, the last one first, as far as there is room. Protocols 0 to 2
/// have bytes as Latin-1 text and a call. Whether all had room.
fn put_aside(waiting: &mut Waiting, pickle: &Pickle, place: &str, depth: usize, room: &mut usize) -> bool {
    let mut all = true;
    let from = waiting.len();
    for node in pickle.nodes.iter() {
        let (at, bytes) = match *node {
            Node::Bytes(start, len) if looks_like_one(pickle.span(start, len)) => {
                if len as usize > *room {
                    all = false;
                    continue;
                }
                (Some(pickle.place(start as usize)), pickle.span(start, len).to_vec())
            }
            Node::Object(object) => {
                let Object { callable, args, .. } = pickle.objects[object];
                let encode = pickle.global(callable).is_some_and(|name| name.module == "_codecs");
                let text = pickle.sequence(args).filter(|_| encode).and_then(|args| args.first());
                // One text may be given to many calls.
                let Some(text) = text else { continue };
                if pickle.text_len(*text) > *room {
                    all = false;
                    continue;
                }
                (None, encoded(pickle, &[*text], *room).unwrap_or_default())
            }
            _ => continue,
        };
        *room = room.saturating_sub(bytes.len());
        if !looks_like_one(&bytes) {
            continue;
        }
        let place = match at {
            Some(at) => format!("{place}, a pickle in a byte string at byte {at}"),
            None => format!("{place}, a pickle in a text"),
        };
        waiting.push((bytes, place, depth));
    }
    waiting[from..].reverse();
    all
}

fn begins_with_protocol(bytes: &[u8]) -> bool {
    matches!(bytes, [op::PROTO, 0..=5, ..])
}

/// Whether bytes begin as a pickle does, or could be one of a text protocol that refers to a name: a line of a module.
fn looks_like_one(bytes: &[u8]) -> bool {
    begins_with_protocol(bytes)
        || bytes.len() > 6 && bytes.contains(&b'\n') && bytes.iter().any(|byte| matches!(byte, b'c' | b'i'))
}

/// The error of a pickle that breaks off, with the names that it refers to before, the worst first: they may be why one
/// looks.
pub(super) fn with_those_found(mut error: Error, pickle: &Pickle) -> Error {
    let mut odd: Vec<_> = pickle
        .globals
        .iter()
        .map(|reference| (meaning(&reference.global).0, &reference.global))
        .filter(|(meaning, _)| !matches!(meaning, Meaning::InTorchsList | Meaning::NumpyBuilder))
        .collect();
    sort::by_key(&mut odd, |(meaning, _)| *meaning);
    let shown: Vec<String> = odd.iter().take(TOLD).map(|(_, global)| quoted(&global.dotted()).to_string()).collect();
    if !shown.is_empty() {
        error.message = format!("{} Before, it refers to {}; nothing of it was run.", error.message, shown.join(", "));
    }
    error
}

/// The root of a pickle. One that breaks off has none: if it refers before to what can run code, that is a warning, so that its
/// report can be seen.
///
/// # Errors
///
/// Why it stopped before its end, with the names found so far.
pub(super) fn root(checkpoint: &mut Checkpoint, pickle: &Pickle, place: &str) -> Result<Option<Id>> {
    let error = match pickle.root_or_problem() {
        Ok(root) => return Ok(Some(root)),
        Err(error) => error,
    };
    let runs_code = |name: &Reference| meaning(&name.global).0 <= Meaning::Hidden;
    if !pickle.globals.iter().any(runs_code) {
        return Err(with_those_found(error, pickle).in_file(place));
    }
    let at = error.offset.map_or(String::new(), |at| format!(" at byte {at}"));
    let message = format!(
        "{} It was followed no further{at}; nothing of it is shown but the names that it refers to.",
        error.message
    );
    checkpoint.note(Note::warning(message).about(place));
    Ok(None)
}
