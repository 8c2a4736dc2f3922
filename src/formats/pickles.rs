//! Pickles of their own: what `pickle.dump` and `joblib.dump` write, packed or not.
//!
//! Specification: `Lib/pickletools.py` of CPython, `joblib/numpy_pickle.py`.

use super::contents::{self, OnlyArrays, Place};
use super::referred::{self, Loader};
use super::{Candidate, Format};
use crate::error::{Error, Kind, Result};
use crate::limits;
use crate::model::{Checkpoint, Key, Note};
use crate::source::{FileId, Files, Memory, Pages, ReadAt};
use crate::wire::packed::packing;
use crate::wire::pickle::modules::Registered;
use crate::wire::pickle::{Global, Pickle, opcodes, run_at, run_joblib};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

pub(super) const FORMAT: Format = Format {
    id: "pickle",
    label: "Python pickle",
    extensions: &["pkl", "pickle", "p"],
    reads: "NumPy arrays and other values at any depth, protocols 0 to 5, several pickles behind each other; nothing is run",
    probe: |file| !file.has_extension(JOBLIB.extensions) && (looks_like_one(file.head()) || is_packed(file)),
    open,
};

pub(super) const JOBLIB: Format = Format {
    id: "joblib",
    label: "joblib",
    extensions: &["joblib"],
    reads: "the same as joblib writes it, scikit-learn's models among them, packed with gzip, zlib, bzip2, xz, lzma or LZ4 or not",
    probe: |file| file.has_extension(JOBLIB.extensions) && (looks_like_one(file.head()) || is_packed(file)),
    open,
};

/// Whether a file begins as a pickle does. Protocols 0 and 1 have no mark: their first opcodes are letters and brackets, so it
/// is followed for a few steps.
pub(super) fn looks_like_one(head: &[u8]) -> bool {
    match head {
        [opcodes::PROTO, 0..=5, ..] => true,
        [b'(' | b'}' | b']' | b'c', ..] => begins_as_text(head),
        _ => false,
    }
}

/// Whether the start of a file is that of a pickle of protocol 0 or 1.
fn begins_as_text(head: &[u8]) -> bool {
    let pickle = crate::wire::pickle::run(head.to_vec());
    pickle.root.is_some() || pickle.opcodes.len() > 5 && pickle.end * 2 > head.len() as u64
}

/// Opens the pickles of a file, one after another.
pub(super) fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let format = if lead.has_extension(JOBLIB.extensions) { JOBLIB.id } else { FORMAT.id };
    let mut checkpoint = Checkpoint::new(Files::new(), format);
    let mut file = checkpoint.files.add(&given.name, given.source.clone());
    if let Some(packing) = packing(lead.head()).filter(|_| is_packed(lead)) {
        let likely = given.source.size().saturating_mul(limits::PICKLE_RATIO).saturating_add(limits::UNPACKED_SMALL);
        let bytes = packing.unpack(&*given.source, likely.min(limits::UNPACKED))?;
        if !looks_like_one(&bytes[..bytes.len().min(4096)]) {
            let message = format!(
                "The file is packed with {}, and there is no pickle inside; unpack it and open what is inside.",
                packing.name
            );
            return Err(Error::unsupported(message));
        }
        checkpoint.packed = Some(packing.name);
        checkpoint.producer = Some(format!("packed with {}", packing.name));
        file = checkpoint.files.add_part(file, &given.name, Rc::new(Memory::new(bytes)));
    }
    add(&mut checkpoint, file)?;
    Ok(checkpoint)
}

/// The endings of pickles that are packed.
const PACKED: &[&str] = &["pkl", "pickle", "p", "joblib", "gz", "pkl.gz", "z", "bz2", "xz", "lzma", "lz4"];

/// Whether a file is packed and has a name of pickles that are.
fn is_packed(file: &Candidate<'_>) -> bool {
    file.has_extension(PACKED) && packing(file.head()).is_some()
}

/// Adds what the pickles of a file hold.
fn add(checkpoint: &mut Checkpoint, file: FileId) -> Result<()> {
    let source = checkpoint.files.get(file).source.clone();
    let name = checkpoint.files.get(file).base_name().to_owned();
    let pages = Pages::new(&*source);
    let pickle = run_joblib(&pages, 0);
    referred::add(checkpoint, &pickle, &*source, 0, &name, Loader::Other);
    add_plain(checkpoint, &pickle, &pages, 0, &name);
    if referred::root(checkpoint, &pickle, &name)?.is_none() {
        return Ok(());
    }
    // One is held while the next one is followed: whether there are several decides what the keys begin with.
    let (mut at, mut index, mut last) = (pickle.end, 0, (0, pickle));
    while at < source.size() && index + 1 < limits::PICKLES_FOLLOWED {
        let pickle = run_joblib(&pages, at);
        if pickle.root.is_none() && pickle.globals.is_empty() && index == 0 && !is_begun(&pickle) {
            break;
        }
        let place = format!("{name}, a second pickle at byte {at}");
        referred::add(checkpoint, &pickle, &*source, at, &place, Loader::Other);
        add_plain(checkpoint, &pickle, &pages, at, &place);
        if let Some(problem) = &pickle.problem {
            let message = format!("A second pickle begins at byte {at} and breaks off: {problem}");
            checkpoint.note(Note::warning(message));
            at = source.size();
            break;
        }
        checkpoint.note(Note::info(format!("A second pickle follows at byte {at}; pickle.load reads one at a time.")));
        fill(checkpoint, &last.1, (file, last.0), &[numbered(index)])?;
        (index, last) = (index + 1, (at, pickle));
        at += last.1.end;
    }
    if at < source.size() {
        let message =
            format!("{} bytes follow the end of the pickle, at byte {at}; they are not read.", source.size() - at);
        checkpoint.note(Note::warning(message));
    }
    let prefix: Vec<Key> = (index > 0).then(|| numbered(index)).into_iter().collect();
    fill(checkpoint, &last.1, (file, last.0), &prefix)
}

/// No index of anything in Python: each takes a `load` of its own.
fn numbered(index: usize) -> Key {
    Key::Nth(i64::try_from(index).unwrap_or(i64::MAX))
}

/// Reports a pickle of joblib's as `pickle.load` reads it, too, where that refers to more: what joblib takes for the elements of
/// an array can be opcodes for others.
fn add_plain(checkpoint: &mut Checkpoint, pickle: &Pickle, source: &dyn ReadAt, base: u64, place: &str) {
    if !pickle.joblib {
        return;
    }
    let plain = run_at(source, base);
    let known: HashSet<&Global> = pickle.globals.iter().map(|name| &name.global).collect();
    let not_followed = plain.problem.as_ref().is_some_and(|problem| problem.kind == Kind::TooLarge);
    if not_followed || plain.globals.iter().any(|name| !known.contains(&name.global)) {
        let message = "pickle.load takes bytes of an array, which joblib.load passes over, for a part of the pickle.";
        checkpoint.note(Note::warning(message).about(place));
        let place = format!("{place}, as pickle.load reads it");
        referred::add(checkpoint, &plain, source, base, &place, Loader::Other);
    }
}

/// Whether a pickle went on for some opcodes before it broke off.
fn is_begun(pickle: &Pickle) -> bool {
    pickle.opcodes.len() > 1
}

fn fill(checkpoint: &mut Checkpoint, pickle: &Pickle, (file, base): (FileId, u64), prefix: &[Key]) -> Result<()> {
    let root = pickle.root.ok_or_else(|| Error::malformed("The pickle describes nothing."))?;
    let registered: HashMap<String, Registered> = HashMap::new();
    let place = Place { file, base, prefix, registered: &registered, attributes: true };
    contents::fill(checkpoint, pickle, root, &mut OnlyArrays, &place)
}
