//! The text file `checkpoint`, which tells the latest of the checkpoints beside it, and which of several is opened.
//! Source: `tensorflow/python/training/checkpoint_state.proto`, written in protobuf's text form.

use super::saved_model::add_versions;
use super::shards::INDEX;
use super::{bundle, names_checkpoints, v1};
use crate::error::{Error, Result, quoted};
use crate::formats::Candidate;
use crate::limits;
use crate::model::{Checkpoint, Entry, Note, Value};
use crate::source::{File, Files, Pages, base_name, read_vec};
use crate::wire::protobuf::Message;
use crate::wire::textproto::{Field, Kind, to_binary};

/// What the file says.
#[derive(Debug, Default, PartialEq)]
struct State {
    /// The latest checkpoint.
    latest: String,
    /// All that are kept.
    all: Vec<String>,
}

/// Opens the checkpoint that `lead` is, or the latest of those beside it.
pub(super) fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let folder = lead.file.folder();
    let alone = names_checkpoints(lead.head());
    let file = if alone { Some(lead.file) } else { files.find(folder, "checkpoint") };
    let (state, unread) = match file.map(read).transpose() {
        Ok(read) => read.map_or((None, None), |(state, wrong)| (Some(state), wrong.as_ref().map(Note::from))),
        Err(error) if alone => return Err(error),
        Err(error) => (None, Some(Note::from(&error))),
    };
    let mut missing = None;
    let latest = state.as_ref().and_then(|state| Found::of(files, folder, &state.latest));
    let found = match (latest, &state) {
        (Some(found), _) => found,
        (None, Some(state)) if alone => {
            let name = base_name(&state.latest);
            let message = format!(
                "The latest checkpoint is {:?}, whose files were not given; drop them too: {:?}, {:?} and so on.",
                quoted(name),
                quoted(&format!("{name}.index")),
                quoted(&format!("{name}.data-00000-of-00001")),
            );
            match state.all.iter().rev().find_map(|path| Found::of(files, folder, path)) {
                Some(other) => {
                    missing = Some(Note::warning(message).about(name));
                    other
                }
                None => return Err(Error::missing(message)),
            }
        }
        _ => Found::Index(newest(files, lead.file, folder)),
    };
    let mut model = found.open(files)?;
    for note in unread.into_iter().chain(missing) {
        model.note(note);
    }
    if let Some(file) = found.prefix().and_then(|prefix| files.find(prefix, ".meta")) {
        model.files.add(&file.name, file.source.clone());
        if let Err(error) = add_versions(&mut model, Message::new(&Pages::new(&*file.source))) {
            model.note(Note::from(&error.in_file(&file.name)));
        }
    }
    if let (Some(state), Some(file)) = (state, file) {
        model.files.add(&file.name, file.source.clone());
        model.metadata.push(Entry::plain("model_checkpoint_path", Value::Text(state.latest)));
        for path in state.all {
            model.metadata.push(Entry::plain("all_model_checkpoint_paths", Value::Text(path)));
        }
    }
    Ok(model)
}

/// A checkpoint that is there.
#[derive(Clone, Copy)]
enum Found<'a> {
    /// The index of one of version 2.
    Index(&'a File),
    /// A file of one of version 1.
    V1(&'a File),
}

impl<'a> Found<'a> {
    /// The checkpoint in `folder` that is told by this path, whose folders are those of another machine.
    fn of(files: &'a Files, folder: &str, path: &str) -> Option<Self> {
        let name = base_name(path);
        if let Some(index) = files.find(folder, &format!("{name}{INDEX}")) {
            return Some(Found::Index(index));
        }
        // A set of files is told by question marks in the place of their numbers.
        let (begin, end) = name.split_once("?????").unwrap_or((name, ""));
        let set = begin.len() < name.len();
        let fits = |file: &File| {
            let number = file.name.strip_prefix(folder).and_then(|name| name.strip_prefix(begin)?.strip_suffix(end));
            number.is_some_and(|number| number.len() == if set { 5 } else { 0 })
        };
        files.iter().map(|(_, file)| file).find(|file| fits(file)).map(Found::V1)
    }

    fn open(self, files: &Files) -> Result<Checkpoint> {
        match self {
            Found::Index(index) => {
                let mut model = Checkpoint::new(Files::new(), super::CHECKPOINT.id);
                bundle::add(&mut model, files, index).map_err(|error| error.in_file(&index.name))?;
                Ok(model)
            }
            Found::V1(file) => v1::open_file(files, file).map_err(|error| error.in_file(&file.name)),
        }
    }

    /// What the names of all its files begin with.
    fn prefix(self) -> Option<&'a str> {
        match self {
            Found::Index(index) => index.name.strip_suffix(INDEX),
            Found::V1(file) => Some(&file.name),
        }
    }
}

/// Of the checkpoints in a folder that are named as `lead` is but for a number at the end, that of the highest number.
fn newest<'a>(files: &'a Files, lead: &'a File, folder: &str) -> &'a File {
    let numbered = |file: &File| {
        let stem = file.name.strip_prefix(folder)?.strip_suffix(INDEX)?;
        let (name, number) = stem.rsplit_once('-')?;
        Some((name.to_owned(), number.parse::<u64>().ok()?))
    };
    let Some((name, _)) = numbered(lead) else { return lead };
    let others = files.iter().filter_map(|(_, file)| Some((numbered(file)?, file)));
    others
        .filter(|((other, _), _)| *other == name)
        .max_by_key(|((_, number), _)| *number)
        .map_or(lead, |(_, file)| file)
}

/// The fields of a `CheckpointState` that are read.
static STATE: [Field; 2] = [
    Field { name: "model_checkpoint_path", number: 1, kind: Kind::Text },
    Field { name: "all_model_checkpoint_paths", number: 2, kind: Kind::Text },
];

/// What the file says, and what is wrong with it behind that.
fn read(file: &File) -> Result<(State, Option<Error>)> {
    let size = file.source.size();
    if size > limits::CHECKPOINT_STATE {
        let cap = limits::CHECKPOINT_STATE;
        return Err(Error::too_large(format!("The list of checkpoints has {size} bytes, at most {cap} are read."))
            .in_file(&file.name));
    }
    let (state, wrong) = parse(&read_vec(&*file.source, 0, size)?)?;
    Ok((state, wrong.map(|wrong| wrong.in_file(&file.name))))
}

fn parse(text: &[u8]) -> Result<(State, Option<Error>)> {
    let (binary, whole) = to_binary(text, &STATE);
    let mut state = State::default();
    for field in Message::new(&binary.as_slice()) {
        let field = field?;
        match field.number {
            1 => state.latest = field.text(limits::CHECKPOINT_STATE)?,
            _ => state.all.push(field.text(limits::CHECKPOINT_STATE)?),
        }
    }
    Ok((state, whole.err()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_latest_and_all() {
        let text = "model_checkpoint_path: \"/a b/\\346\\250\\241-2\"\nall_model_checkpoint_paths: \"ckpt-1\"\nall_model_checkpoint_paths: \"a\\\"b\"\nall_model_checkpoint_timestamps: 1.5\n";
        let (state, wrong) = parse(text.as_bytes()).unwrap();
        assert!(wrong.is_none());
        assert_eq!(state.latest, "/a b/模-2");
        assert_eq!(state.all, ["ckpt-1", "a\"b"]);
        assert_eq!(base_name(&state.latest), "模-2");
        // Cut off within a name: what stands before counts.
        let (state, wrong) = parse(&text.as_bytes()[..text.len() - 60]).unwrap();
        assert_eq!((state.latest.as_str(), state.all.len()), ("/a b/模-2", 1));
        assert!(wrong.is_some());
        assert_eq!(base_name("C:\\a\\ckpt-3"), "ckpt-3");
    }
}
