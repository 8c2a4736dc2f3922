//! The text file `checkpoint`, which tells the latest of the checkpoints beside it, and which of several is opened.
//! Source: `tensorflow/python/training/checkpoint_state.proto`, written in protobuf's text form.

use super::{bundle, names_checkpoints};
use crate::error::{Error, Result, quoted};
use crate::formats::Candidate;
use crate::limits;
use crate::model::{Checkpoint, Entry, Note, Value};
use crate::source::{File, Files, read_vec};

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
    let folder = folder_of(lead.file);
    let state_file = match names_checkpoints(lead.head()) {
        true => Some(lead.file),
        false => find(files, &format!("{folder}checkpoint")),
    };
    let state = state_file.map(read).transpose();
    let mut model = Checkpoint::new(Files::new(), super::CHECKPOINT.id);
    let state = match (state, names_checkpoints(lead.head())) {
        (Err(error), true) => return Err(error),
        (Err(error), false) => {
            model.note(Note::from(&error));
            None
        }
        (Ok(state), _) => state,
    };
    let named = |path: &str| find(files, &format!("{folder}{}{}", last_part(path), bundle::INDEX));
    let latest = state.as_ref().and_then(|state| named(&state.latest));
    let index = match (latest, names_checkpoints(lead.head())) {
        (Some(index), _) => index,
        (None, false) => newest(files, lead.file, folder),
        (None, true) => {
            let other = state.iter().flat_map(|state| &state.all).rev().find_map(|path| named(path));
            let name = last_part(state.as_ref().map_or("", |state| &state.latest));
            let what = format!(
                "The latest checkpoint is {:?}, of which {:?} was not given; drop it together with its files {:?} and so on.",
                quoted(name),
                quoted(&format!("{name}.index")),
                quoted(&format!("{name}.data-00000-of-00001")),
            );
            match other {
                Some(other) => {
                    model.note(Note::warning(what).about(name));
                    other
                }
                None => return Err(Error::missing(what)),
            }
        }
    };
    bundle::add(&mut model, files, index).map_err(|error| error.in_file(&index.name))?;
    if let (Some(state), Some(file)) = (state, state_file) {
        model.files.add(&file.name, file.source.clone());
        model.metadata.push(Entry::plain("model_checkpoint_path", Value::Text(state.latest)));
        for path in state.all {
            model.metadata.push(Entry::plain("all_model_checkpoint_paths", Value::Text(path)));
        }
    }
    Ok(model)
}

/// The folder of a file, with the slash behind it.
fn folder_of(file: &File) -> &str {
    file.name.strip_suffix(file.base_name()).unwrap_or_default()
}

fn find<'a>(files: &'a Files, name: &str) -> Option<&'a File> {
    files.iter().map(|(_, file)| file).find(|file| file.name == name)
}

/// What stands behind the last slash: paths of the machine that wrote them mean nothing here.
fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Of the checkpoints in a folder that are named as `lead` is but for a number at the end, that of the highest number.
fn newest<'a>(files: &'a Files, lead: &'a File, folder: &str) -> &'a File {
    let numbered = |file: &File| {
        let stem = file.name.strip_prefix(folder)?.strip_suffix(bundle::INDEX)?;
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

fn read(file: &File) -> Result<State> {
    let size = file.source.size();
    if size > limits::CHECKPOINT_STATE {
        let cap = limits::CHECKPOINT_STATE;
        return Err(Error::too_large(format!("The list of checkpoints has {size} bytes, at most {cap} are read."))
            .in_file(&file.name));
    }
    let bytes = read_vec(&*file.source, 0, size)?;
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

/// One field a line; fields that are not needed are passed over.
fn parse(text: &str) -> State {
    let mut state = State::default();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let Some(value) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else { continue };
        match name.trim() {
            "model_checkpoint_path" => state.latest = unescaped(value),
            "all_model_checkpoint_paths" => state.all.push(unescaped(value)),
            _ => {}
        }
    }
    state
}

/// Protobuf's text form writes bytes beyond ASCII as three octal digits each.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        match (byte, rest.peek().copied()) {
            (b'\\', Some(b'0'..=b'7')) => {
                let mut code = 0u32;
                for _ in 0..3 {
                    let Some(digit) = rest.next_if(|next| (b'0'..=b'7').contains(next)) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                }
                bytes.push(u8::try_from(code & 0xff).expect("one byte"));
            }
            (b'\\', Some(next)) => {
                rest.next();
                bytes.push(match next {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    plain => plain,
                });
            }
            (plain, _) => bytes.push(plain),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_latest_and_all() {
        let text = "model_checkpoint_path: \"/a b/\\346\\250\\241-2\"\nall_model_checkpoint_paths: \"ckpt-1\"\nall_model_checkpoint_paths: \"a\\\"b\"\nall_model_checkpoint_timestamps: 1.5\n";
        let state = parse(text);
        assert_eq!(state.latest, "/a b/模-2");
        assert_eq!(state.all, ["ckpt-1", "a\"b"]);
        assert_eq!(last_part(&state.latest), "模-2");
        assert_eq!(last_part("C:\\a\\ckpt-3"), "ckpt-3");
    }
}
