//! `torch.export`: tensors told by a JSON text, in a zip archive.
//!
//! | record | what |
//! | --- | --- |
//! | `<root>/archive_format` | `pt2` |
//! | `<root>/data/weights/…_weights_config.json` | the parameters and buffers: names, shapes, strides, records |
//! | `<root>/data/weights/weight_0` | the bytes of one storage |
//! | `<root>/data/constants/…_constants_config.json`, `tensor_0` | likewise the constants |
//! | `serialized_state_dict.pt`, `serialized_constants.pt` | the same in files of before PyTorch 2.8: archives of `torch.save` |
//!
//! Source: `torch/export/pt2_archive/`, `torch/_export/serde/schema.py`.

use super::super::pairs::Pairs;
use super::super::{Candidate, Format};
use super::archive::{Saved, add_nested};
use super::views::{strided, unreadable};
use crate::error::{Error, Result, quoted};
use crate::model::{ByteOrder, ByteRange, Checkpoint, Dtype, Entry, Key, Note, Number, Role, Tensor, Value};
use crate::source::{FileId, Files};
use crate::wire::zip::Archive;
use serde::Deserialize;
use std::collections::HashMap;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "pytorch-export",
    label: "torch.export",
    extensions: &["pt2"],
    reads: "parameters, buffers and constants of exported programs, tied ones once",
    probe: |file| file.archive().is_some_and(|archive| root_of(archive).is_some() || is_old(archive)),
    open,
};

/// The records of the files of before PyTorch 2.8.
const OLD: [(&str, Option<Role>); 2] =
    [("serialized_state_dict.pt", None), ("serialized_constants.pt", Some(Role::Other))];

fn is_old(archive: &Archive) -> bool {
    archive.find(OLD[0].0).is_some() && archive.find("serialized_exported_program.json").is_some()
}

/// The root folder, with its slash, of an archive that says that it is one.
fn root_of(archive: &Archive) -> Option<&str> {
    let mut roots = archive.entries.iter().filter_map(|entry| entry.name.strip_suffix("archive_format"));
    roots.find(|root| root.strip_suffix('/').is_some_and(|folder| !folder.contains('/')))
}

/// What a config says of its tensors.
#[derive(Deserialize)]
struct Config {
    config: Pairs<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    path_name: String,
    #[serde(default)]
    is_param: bool,
    #[serde(default)]
    use_pickle: bool,
    tensor_meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    dtype: u64,
    sizes: Vec<Int>,
    #[serde(default)]
    requires_grad: bool,
    device: Option<Device>,
    strides: Vec<Int>,
    storage_offset: Int,
}

#[derive(Deserialize)]
struct Int {
    as_int: Option<u64>,
}

#[derive(Deserialize)]
struct Device {
    #[serde(rename = "type")]
    kind: String,
    index: Option<u64>,
}

/// The numbers that stand for types: `torch._export.serde.schema.ScalarType`.
fn number(code: u64) -> Option<Number> {
    Some(match code {
        1 => Number::U8,
        2 => Number::I8,
        3 => Number::I16,
        4 => Number::I32,
        5 => Number::I64,
        6 => Number::F16,
        7 => Number::F32,
        8 => Number::F64,
        9 => Number::C32,
        10 => Number::C64,
        11 => Number::C128,
        12 => Number::Bool,
        13 => Number::Bf16,
        28 => Number::U16,
        29 => Number::F8E4m3fn,
        30 => Number::F8E5m2,
        31 => Number::F8E4m3fnuz,
        32 => Number::F8E5m2fnuz,
        33 => Number::F8E8m0fnu,
        34 => Number::U32,
        35 => Number::U64,
        _ => return None,
    })
}

/// The longest config that is read.
const CONFIG: u64 = 64 << 20;

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let archive = lead.require_archive()?;
    let root = root_of(archive).unwrap_or_default();
    let saved = Saved { source: &given.source, archive, root };
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&given.name, given.source.clone());
    checkpoint.producer = Some("torch.export".to_owned());
    if root.is_empty() {
        for (record, role) in OLD {
            let Some(entry) = archive.find(record) else { continue };
            let part = checkpoint.files.add_part(file, record, entry.open(&given.source));
            let before = checkpoint.tensors.len();
            add_nested(&mut checkpoint, part, &[])?;
            checkpoint.tensors[before..].iter_mut().for_each(|tensor| tensor.role = tensor.role.or(role));
        }
        saved.note_oddities(&mut checkpoint)?;
        return Ok(checkpoint);
    }
    let order = saved.byte_order()?;
    for record in ["archive_format", "archive_version"] {
        if let Some(text) = saved.text(record)? {
            checkpoint.metadata.push(Entry::plain(record, Value::Text(text)));
        }
    }
    for (folder, ending) in [("data/weights/", "_weights_config.json"), ("data/constants/", "_constants_config.json")] {
        let inside = format!("{root}{folder}");
        let configs: Vec<_> = archive
            .entries
            .iter()
            .filter(|entry| entry.name.starts_with(&inside) && entry.name.ends_with(ending))
            .collect();
        for entry in &configs {
            let text = entry.read_all(&given.source, CONFIG)?;
            let config: Config = serde_json::from_slice(&text).map_err(|error| {
                Error::malformed(format!("{:?} does not tell of tensors: {error}.", quoted(&entry.name)))
            })?;
            // The names of one model need no prefix to tell them apart.
            let model = entry.name.strip_prefix(&inside).and_then(|name| name.strip_suffix(ending)).unwrap_or_default();
            let prefix = if configs.len() > 1 { vec![Key::Text(model.into())] } else { Vec::new() };
            let place = Place { saved: &saved, file, folder, order, prefix: &prefix };
            add_all(&mut checkpoint, &place, config)?;
        }
    }
    saved.note_oddities(&mut checkpoint)?;
    Ok(checkpoint)
}

/// Where the storages of a config are.
struct Place<'a> {
    saved: &'a Saved<'a>,
    file: FileId,
    folder: &'a str,
    order: ByteOrder,
    prefix: &'a [Key],
}

fn add_all(checkpoint: &mut Checkpoint, place: &Place<'_>, config: Config) -> Result<()> {
    let mut parts: HashMap<String, Option<FileId>> = HashMap::new();
    for (name, payload) in config.config.0 {
        let record = format!("{}{}{}", place.saved.root, place.folder, payload.path_name);
        let part = *parts.entry(record.clone()).or_insert_with(|| {
            let entry = place.saved.archive.find(&record)?;
            Some(checkpoint.files.add_part(place.file, &record, entry.open(place.saved.source)))
        });
        let path = [place.prefix, &[Key::Text(name.as_str().into())]].concat();
        let Some(part) = part else {
            let message = format!("The record {:?} is not in the file.", quoted(&record));
            checkpoint.note(Note::warning(message).about(&name));
            checkpoint.tensors.push(Tensor::only_named(name, record));
            continue;
        };
        match payload.tensor_meta {
            Some(meta) if !payload.use_pickle => {
                let mut tensor = tensor(checkpoint, part, name, &meta);
                tensor.order = place.order;
                tensor.role = Some(match (payload.is_param, place.folder) {
                    (true, _) => Role::Parameter,
                    (false, "data/weights/") => Role::Buffer,
                    _ => Role::Other,
                });
                tensor.path = path;
                checkpoint.tensors.push(tensor);
            }
            Some(_) => add_nested(checkpoint, part, &path)?,
            None => {
                let message = "It is an object that only running code would make; it is not shown.";
                checkpoint.note(Note::info(message).about(&name));
            }
        }
    }
    Ok(())
}

fn tensor(checkpoint: &mut Checkpoint, part: FileId, name: String, meta: &Meta) -> Tensor {
    let size = checkpoint.files.get(part).source.size();
    let whole = |list: &[Int]| list.iter().map(|int| int.as_int).collect::<Option<Vec<u64>>>();
    let dtype = number(meta.dtype)
        .map_or_else(|| Dtype::Unknown { name: format!("ScalarType {}", meta.dtype), bits: None }, Dtype::Number);
    let (shape, strides, start) = (whole(&meta.sizes), whole(&meta.strides), meta.storage_offset.as_int);
    let storage = ByteRange { file: part, offset: 0, len: size };
    let layout = match (&shape, strides, start) {
        (Some(shape), Some(strides), Some(start)) if dtype.number().is_some() => {
            strided(storage, &dtype, shape, start, strides)
        }
        _ => Err("its shape or its type is not one that can be shown.".to_owned()),
    };
    let layout = layout.unwrap_or_else(|why| unreadable(checkpoint, &name, why));
    let mut tensor = Tensor::new(name, dtype, shape.unwrap_or_else(|| vec![0]), layout);
    tensor.requires_grad = Some(meta.requires_grad);
    tensor.device = meta.device.as_ref().map(|device| match device.index {
        Some(index) => format!("{}:{index}", device.kind).into(),
        None => device.kind.as_str().into(),
    });
    tensor
}
