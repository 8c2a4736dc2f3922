//! The stream of `torch.save` before version 1.6: five pickles, then the storages.
//!
//! | what | kept as |
//! | --- | --- |
//! | the magic number, the protocol, facts about the machine | three pickles |
//! | whatever was saved, storages as persistent ids | a pickle |
//! | the keys of the storages | a pickle of a list |
//! | for each key: the number of elements, then they | a 64-bit integer, then bytes, little-endian on every machine |
//!
//! Source: `torch/serialization.py`, `_legacy_save` and `_legacy_load`.

use super::super::contents::{self, Place};
use super::super::referred::{self, Loader};
use super::super::{Candidate, Format, pickles};
use super::archive::unscripted;
use super::dtypes;
use super::rebuild::Rebuilder;
use super::storage::{Records, Storages};
use crate::error::{Error, Result, quoted};
use crate::model::{ByteOrder, ByteRange, Checkpoint, Note};
use crate::source::{File, FileId, Files, Pages, ReadAt, read_vec};
use crate::wire::pickle::{Id, Node, Pickle, run_at};
use std::collections::HashMap;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "pytorch-legacy",
    label: "PyTorch before 1.6",
    extensions: &["pt", "pth", "bin", "pth.tar"],
    reads: "state dicts, checkpoints and whole modules, storage views",
    probe: |file| is_one(file) || (is_pickle(file.head()) && file.has_extension(super::FORMAT.extensions)),
    open,
};

/// The magic number, as the digits of its pickle.
const MAGIC: &str = "119547037146038801333356";

/// The protocol of the stream.
const PROTOCOL: i64 = 1001;

/// Whether a file begins with the pickle of a number as long as the magic one.
pub(super) fn is_one(file: &Candidate<'_>) -> bool {
    matches!(file.head(), [0x80, 2..=3, 0x8a, 0x0a, ..] | [0x80, 4..=5, 0x95, ..])
        && file.head().windows(2).take(16).any(|pair| pair == [0x8a, 0x0a])
}

fn is_pickle(head: &[u8]) -> bool {
    matches!(head, [0x80, 2..=5, ..])
}

fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let source = Pages::of(&*lead.file.source, AROUND);
    let first = run_at(&source, 0);
    if first.problem.is_none() && !is_magic(&first) {
        // What `pickle.dump` wrote under such a name is shown as what it is.
        let mut checkpoint = pickles::open(files, lead)?;
        let message = "The file is a pickle without PyTorch's magic number: torch.load would refuse it.";
        checkpoint.note(Note::warning(message));
        return Ok(checkpoint);
    }
    add(&mut checkpoint, lead.file)?;
    Ok(checkpoint)
}

fn is_magic(pickle: &Pickle) -> bool {
    pickle.root.and_then(|root| pickle.text(root)).as_deref() == Some(MAGIC)
}

/// The pickles that come before the one with the tensors, in their order.
const HEAD: [&str; 3] = ["the magic number", "the protocol", "the facts about the machine"];

/// Adds what one stream holds.
///
/// # Errors
///
/// `Malformed` where the pickles or the list of storages are damaged.
pub(super) fn add(checkpoint: &mut Checkpoint, given: &File) -> Result<()> {
    let file = checkpoint.files.add(&given.name, given.source.clone());
    let source = Pages::of(&*given.source, AROUND);
    let mut at = 0;
    for (index, what) in HEAD.iter().enumerate() {
        let (pickle, root) = next(&source, &mut at, what)?;
        if !pickle.globals.is_empty() {
            referred::add(checkpoint, &pickle, &source, at - pickle.end, what, Loader::Torch);
        }
        check_head(checkpoint, &pickle, root, index)?;
    }
    let start = at;
    let pickle = run_at(&source, start);
    referred::add(checkpoint, &pickle, &source, start, "the pickle", Loader::Torch);
    let top = referred::root(checkpoint, &pickle, &given.name).map_err(|error| error.shifted(start))?;
    let Some(top) = top else { return Ok(()) };
    at += pickle.end;
    let records = storages(checkpoint, &pickle, file, &*given.source, at)?;
    let sources = pickle.nodes.iter().filter(|node| is_source(&pickle, **node)).count();
    if sources > 0 {
        let message =
            format!("The pickle holds the source text of its classes ({sources}), with the paths of their files.");
        checkpoint.note(Note::info(message));
    }
    checkpoint.producer = Some("torch.save of before 1.6".to_owned());
    let mut rebuilder = Rebuilder::new(Storages::new(records, ByteOrder::Little), (file, start));
    let place = Place { file, base: start, prefix: &[], registered: unscripted(), attributes: false };
    contents::fill(checkpoint, &pickle, top, &mut rebuilder, &place)
}

/// Whether a node is a class with its source text.
fn is_source(pickle: &Pickle, node: Node) -> bool {
    let Node::Persistent(about) = node else { return false };
    pickle.sequence(about).and_then(|about| about.first()).is_some_and(|kind| pickle.is_ascii(*kind, "module"))
}

/// The next pickle of the stream and its root.
pub(super) fn next(source: &dyn ReadAt, at: &mut u64, what: &str) -> Result<(Pickle, Id)> {
    let pickle = run_at(source, *at);
    let root = pickle.root_or_problem().map_err(|error| {
        let message = format!("{} ({what}).", error.message.trim_end_matches('.'));
        referred::with_those_found(Error { message, ..error }, &pickle).shifted(*at)
    })?;
    *at += pickle.end;
    Ok((pickle, root))
}

/// Checks one of the pickles before the one of interest.
fn check_head(checkpoint: &mut Checkpoint, pickle: &Pickle, root: Id, index: usize) -> Result<()> {
    match index {
        0 if !is_magic(pickle) => Err(Error::malformed("The file does not begin with PyTorch's magic number.").at(0)),
        1 if pickle.int(root) != Some(PROTOCOL) => {
            let found = pickle.int(root).map_or_else(|| "no number".to_owned(), |number| number.to_string());
            Err(Error::malformed(format!("The protocol of the stream is {found}; it must be {PROTOCOL}.")))
        }
        2 => {
            let Node::Dict(place) = pickle.node(root) else { return Ok(()) };
            let pairs = pickle.children(place).as_chunks::<2>().0;
            let little = pairs.iter().find(|[key, _]| pickle.is_ascii(*key, "little_endian"));
            if little.is_some_and(|[_, little]| pickle.node(*little) == Node::Bool(false)) {
                let message = "It was written on a big-endian machine; PyTorch writes this stream little-endian all the same, and so it is read.";
                checkpoint.note(Note::warning(message));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The storages of a stream, by their keys.
struct Stream(HashMap<String, ByteRange>);

impl Records for Stream {
    fn name(&self, key: &str) -> String {
        format!("storage {key}")
    }

    fn find(&mut self, _: &mut Checkpoint, key: &str, _: &str) -> Option<ByteRange> {
        self.0.get(key).copied()
    }
}

/// How many bytes an element takes of each storage that the pickle refers to.
fn widths(pickle: &Pickle) -> HashMap<String, u64> {
    let mut widths = HashMap::new();
    for node in pickle.nodes.iter() {
        let Node::Persistent(about) = *node else { continue };
        let Some(&[kind, class, key, ..]) = pickle.sequence(about) else { continue };
        if !pickle.is_ascii(kind, "storage") {
            continue;
        }
        // A storage is of the type under which it is used first.
        if let (Some(class), Some(key)) = (pickle.global(class), pickle.short(key)) {
            widths.entry(key).or_insert_with(|| dtypes::of_storage(&class.name).map_or(1, dtypes::width));
        }
    }
    widths
}

/// How much is read at a time of the short pickles.
const AROUND: u64 = 4 << 10;

/// How much is read at a time for the counts between storages.
const COUNTS: u64 = 64;

/// Where the storages lie: the list of their keys at `at`, then they, one after another.
fn storages(
    checkpoint: &mut Checkpoint,
    pickle: &Pickle,
    file: FileId,
    source: &dyn ReadAt,
    mut at: u64,
) -> Result<Stream> {
    let mut found = HashMap::new();
    let size = source.size();
    if at == size {
        let message = "The file ends before the list of storages; it may not have been copied or downloaded whole.";
        checkpoint.note(Note::warning(message));
        return Ok(Stream(found));
    }
    let start = at;
    let (list, root) = next(source, &mut at, "the list of storages")?;
    if !list.globals.is_empty() {
        referred::add(checkpoint, &list, source, start, "the list of storages", Loader::Torch);
    }
    let keys = match list.node(root) {
        Node::List(place) => list.children(place),
        _ => return Err(Error::malformed("The list of storages is not a list.").at(at)),
    };
    let widths = widths(pickle);
    // A count stands before each storage: only a little is read around it.
    let counts = Pages::of(source, COUNTS);
    for key in keys {
        let key =
            list.short(*key).ok_or_else(|| Error::malformed("The list of storages holds what is no key.").at(at))?;
        let Some(width) = widths.get(&key) else {
            let message = format!("The list of storages names {:?}, to which nothing refers.", quoted(&key));
            return Err(Error::malformed(message).at(at));
        };
        let Some(data) = at.checked_add(8).filter(|data| *data <= size) else { break };
        let count = read_vec(&counts, at, 8)?;
        let count = i64::from_le_bytes(count.try_into().expect("eight bytes"));
        let bytes = u64::try_from(count).ok().and_then(|count| count.checked_mul(*width));
        let Some(len) = bytes.filter(|len| *len <= i64::MAX.unsigned_abs()) else {
            let message = format!("The storage {:?} is said to have {count} elements.", quoted(&key));
            return Err(Error::malformed(message).at(at));
        };
        at = data.saturating_add(len);
        if at > size {
            let message = format!(
                "The storage {:?} is cut off: {} of its {len} bytes are there; the file may not have been copied or downloaded whole.",
                quoted(&key),
                size - data
            );
            checkpoint.note(Note::warning(message));
            return Ok(Stream(found));
        }
        if found.insert(key.clone(), ByteRange { file, offset: data, len }).is_some() {
            let message = format!("The list of storages has a duplicate {:?}; the last one is read.", quoted(&key));
            checkpoint.note(Note::warning(message));
        }
    }
    if at < size {
        let message = format!("{} bytes stand after the last storage; they are not read.", size - at);
        checkpoint.note(Note::warning(message));
    }
    Ok(Stream(found))
}
