//! TorchScript: the archive of `torch.save` with code beside the pickle.
//!
//! | record | what |
//! | --- | --- |
//! | `<root>/data.pkl` | the module: objects of classes below `__torch__`, with their attributes |
//! | `<root>/code/__torch__/….py` | those classes; `__parameters__` and `__buffers__` name what they register |
//! | `<root>/constants.pkl` | a tuple of the constants that the code uses; their storages are `constants/<key>` |
//! | `<root>/bytecode.pkl` | in files for mobile devices |
//!
//! Source: `torch/csrc/jit/serialization/` of PyTorch.

use super::super::referred::Loader;
use super::super::{Candidate, Format};
use super::archive::{PICKLE, Reading, Saved, unscripted};
use super::{only_root, root_of};
use crate::error::Result;
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, Role, Tensor, Value};
use crate::source::Files;
use crate::wire::pickle::modules::Registered;
use std::collections::HashMap;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "torchscript",
    label: "TorchScript",
    extensions: &["ptl"],
    reads: "scripted, traced and mobile modules: parameters and buffers as their code registers them, constants",
    probe,
    open,
};

fn probe(file: &Candidate<'_>) -> bool {
    let Some(archive) = file.archive() else { return false };
    let root = archive.entries.iter().find_map(|entry| root_of(&entry.name));
    root.is_some_and(|root| archive.find(&format!("{root}constants.pkl")).is_some())
}

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let archive = lead.require_archive()?;
    let saved = Saved { source: &given.source, archive, root: only_root(archive)? };
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&given.name, given.source.clone());
    checkpoint.producer = Some(saved.producer(&mut checkpoint.notes, "TorchScript")?);
    let registered = registered(&mut checkpoint, &saved);
    let module = Reading {
        file,
        record: PICKLE,
        storages: ("data/", ""),
        prefix: &[],
        registered: &registered,
        loader: Loader::Other,
        one_of_many: false,
    };
    saved.fill(&mut checkpoint, &module)?;
    // As `named_parameters` and then `named_buffers` give them.
    let (parameters, others): (Vec<Tensor>, Vec<Tensor>) =
        std::mem::take(&mut checkpoint.tensors).into_iter().partition(|tensor| tensor.role == Some(Role::Parameter));
    let (buffers, others): (Vec<Tensor>, Vec<Tensor>) =
        others.into_iter().partition(|tensor| tensor.role == Some(Role::Buffer));
    checkpoint.tensors = parameters.into_iter().chain(buffers).chain(others).collect();
    let prefix = [Key::Shown("CONSTANTS".into())];
    let constants = Reading {
        record: "constants.pkl",
        storages: ("constants/", ""),
        prefix: &prefix,
        registered: unscripted(),
        ..module
    };
    if let Err(error) = saved.fill(&mut checkpoint, &constants) {
        checkpoint.note(Note::from(&error));
    }
    let code = archive.entries.iter().filter(|entry| entry.name.rsplit('.').next() == Some("py")).count();
    let value = Value::Text(format!("{code} files"));
    checkpoint.metadata.push(Entry { path: vec![Key::Text("code".into())], kind: "".into(), value });
    saved.note_oddities(&mut checkpoint)?;
    Ok(checkpoint)
}

/// What each class registers, by its full name. Code that cannot be read leaves its classes out: their tensors are then shown
/// without a role.
fn registered(checkpoint: &mut Checkpoint, saved: &Saved<'_>) -> HashMap<String, Registered> {
    let mut classes = HashMap::new();
    let mut left = limits::METADATA_RECORD;
    for entry in &saved.archive.entries {
        let module = entry.name.strip_prefix(saved.root).and_then(|name| name.strip_prefix("code/"));
        let Some(module) = module.and_then(|name| name.strip_suffix(".py")) else { continue };
        if entry.size > left {
            checkpoint
                .note(Note::warning("There is more code than is read; not all classes are known.").about(&entry.name));
            break;
        }
        left -= entry.size;
        match saved.read(entry) {
            Ok(code) => parse(&module.replace('/', "."), &String::from_utf8_lossy(&code), &mut classes),
            Err(error) => checkpoint.note(Note::from(&error.in_file(&entry.name))),
        }
    }
    classes
}

/// Reads the lists at the heads of the classes of a module.
fn parse(module: &str, code: &str, classes: &mut HashMap<String, Registered>) {
    let mut class: Option<&mut Registered> = None;
    for line in code.lines() {
        if let Some(rest) = line.strip_prefix("class ") {
            let name = rest.split(['(', ':']).next().unwrap_or_default();
            class = Some(classes.entry(format!("{module}.{name}")).or_default());
        } else if let Some(class) = &mut class {
            if let Some(list) = line.strip_prefix("  __parameters__ = ") {
                class.parameters = texts(list);
            } else if let Some(list) = line.strip_prefix("  __buffers__ = ") {
                class.buffers = texts(list);
            }
        }
    }
}

/// The texts of a list: `["a", "b", ]`.
fn texts(list: &str) -> std::collections::HashSet<String> {
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_say_what_they_register() {
        let mut classes = HashMap::new();
        let code = "class A(Module):\n  __parameters__ = [\"w\", \"b\", ]\n  __buffers__ = []\n  w : Tensor\nclass B(Module):\n  __buffers__ = [\"mean\", ]\n";
        parse("__torch__.x", code, &mut classes);
        assert!(classes["__torch__.x.A"].parameters.contains("b") && classes["__torch__.x.A"].buffers.is_empty());
        assert!(classes["__torch__.x.B"].buffers.contains("mean"));
    }
}
