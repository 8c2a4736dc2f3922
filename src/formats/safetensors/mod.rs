//! safetensors, one file or the shards of one model.
//!
//! | offset | bytes | meaning |
//! | --- | --- | --- |
//! | 0 | 8 | `n`, the header's length, little-endian |
//! | 8 | `n` | JSON: name → `{"dtype", "shape", "data_offsets": [begin, end]}`, and `__metadata__` of strings |
//! | 8 + `n` | … | the elements, row-major and little-endian, without gaps |
//!
//! Specification: <https://github.com/huggingface/safetensors#format>. The safetensors crate supplies the names and widths
//! of the element types and is the tests' oracle; its header types count in `usize`, which is 32 bits in WebAssembly,
//! and refuse a whole file for one unknown type, so the header is read here.

mod distributed;
mod header;

use super::shards::Shards;
use super::{Candidate, Format};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{self, ByteRange, Checkpoint, Dtype, Layout, Note, Number, Tensor, element_count};
use crate::sort;
use crate::source::{File, FileId, Files, Pages, ReadAt, read_vec};
use header::{Entry, Header};

pub(super) const FORMAT: Format = Format {
    id: "safetensors",
    label: "safetensors",
    extensions: &["safetensors"],
    reads: "every dtype down to 4 bits, `__metadata__`",
    probe,
    open,
};

fn probe(file: &Candidate<'_>) -> bool {
    let text = file.head().get(8..).unwrap_or_default();
    let length = file.head().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    // Neither a JSON file (its first byte is text, so the length is absurd) nor one whose first bytes merely fit.
    text.trim_ascii_start().starts_with(b"{") && length <= limits::SAFETENSORS_HEADER && length > 0
}

fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    if let Some(set) = distributed::ranks(files, lead.file).or_else(|| SHARDS.siblings(files, lead.file)) {
        let mut checkpoint = SHARDS.open_numbered(&set)?;
        distributed::assemble(&mut checkpoint);
        return Ok(checkpoint);
    }
    let given = lead.file;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let id = checkpoint.files.add(&given.name, given.source.clone());
    let Contents { tensors, metadata, notes } = read_header(id, &*given.source)?;
    checkpoint.tensors = tensors;
    checkpoint.metadata = metadata;
    for note in notes {
        checkpoint.note(note);
    }
    Ok(checkpoint)
}

/// An index JSON that maps names of tensors to files, as transformers writes it.
pub(super) const SHARDED: Format = Format {
    id: SHARDS.format,
    label: "sharded safetensors",
    extensions: &["safetensors.index.json"],
    reads: "an index with its shards, or shards by their numbered names; missing ones are named; parts of tensors are put together",
    probe: |file| SHARDS.probe(file),
    open: |files, lead| {
        let mut checkpoint = SHARDS.open(files, lead)?;
        distributed::assemble(&mut checkpoint);
        Ok(checkpoint)
    },
};

const SHARDS: Shards =
    Shards { format: "safetensors-sharded", index: "safetensors.index.json", ending: ".safetensors", add: add_shard };

/// Adds what one shard's header says.
fn add_shard(model: &mut Checkpoint, file: &File) -> Result<()> {
    let id = model.files.add(&file.name, file.source.clone());
    let Contents { tensors, metadata, notes } = read_header(id, &*file.source)?;
    model.tensors.extend(tensors);
    model.metadata.extend(metadata);
    for note in notes {
        model.note(note);
    }
    Ok(())
}

/// What one file's header says.
struct Contents {
    tensors: Vec<Tensor>,
    metadata: Vec<model::Entry>,
    notes: Vec<Note>,
}

/// Reads and checks the header of one file; its elements are not touched.
fn read_header(id: FileId, source: &dyn ReadAt) -> Result<Contents> {
    let size = source.size();
    let cut = "it may not have been copied or downloaded whole";
    if size < 8 {
        return Err(Error::malformed(format!("The file has {size} bytes, too few for the header's length; {cut}.")));
    }
    let pages = Pages::new(source);
    let mut length = [0; 8];
    pages.read_at(0, &mut length)?;
    let length = u64::from_le_bytes(length);
    if length > size - 8 {
        return Err(Error::malformed(format!(
            "The header is said to be {length} bytes long, but the file ends at byte {size}; {cut}."
        ))
        .at(0));
    }
    if length > limits::SAFETENSORS_HEADER {
        let cap = limits::SAFETENSORS_HEADER;
        return Err(Error::too_large(format!("The header is {length} bytes long, at most {cap} are read.")).at(0));
    }
    let Header { entries, metadata, mut notes } =
        header::parse(&read_vec(&pages, 8, length)?).map_err(|error| error.shifted(8))?;
    let data = ByteRange { file: id, offset: 8 + length, len: size - 8 - length };
    notes.extend(check_order(&entries, data.len)?);
    let mut cut_off = Vec::new();
    let mut tensors = Vec::with_capacity(entries.len());
    for entry in entries {
        if entry.end > data.len {
            cut_off.push(entry.name.clone());
        }
        tensors.push(tensor(entry, data, &mut notes)?);
    }
    if let Some(first) = cut_off.first() {
        let others = match cut_off.len() - 1 {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        notes.push(
            Note::warning(format!(
                "The file ends before tensor {:?}{others} is complete; {cut}, what is missing cannot be shown.",
                quoted(first)
            ))
            .about(first),
        );
    }
    Ok(Contents { tensors, metadata, notes })
}

/// Refuses overlaps; gaps between tensors and bytes after the last one are told.
fn check_order(entries: &[Entry], data_len: u64) -> Result<Vec<Note>> {
    let mut by_place: Vec<&Entry> = entries.iter().filter(|entry| entry.begin < entry.end).collect();
    sort::by_key(&mut by_place, |entry| (entry.begin, entry.end));
    let mut notes = Vec::new();
    let mut covered = 0;
    let mut before: Option<&Entry> = None;
    for entry in by_place {
        if entry.begin < covered {
            let other = before.map_or("", |entry| &entry.name);
            return Err(Error::malformed(format!(
                "Tensors {:?} and {:?} overlap at byte {} of the data; the file contradicts itself.",
                quoted(other),
                quoted(&entry.name),
                entry.begin
            )));
        }
        if entry.begin > covered {
            let gap = entry.begin - covered;
            notes.push(
                Note::warning(format!("A gap of {gap} bytes before tensor {:?} belongs to none.", quoted(&entry.name)))
                    .about(&entry.name),
            );
        }
        covered = entry.end;
        before = Some(entry);
    }
    if covered < data_len {
        notes.push(Note::warning(format!("{} bytes after the last tensor belong to none.", data_len - covered)));
    }
    Ok(notes)
}

/// One entry of the header as a tensor of the file whose elements lie in `data`.
fn tensor(entry: Entry, data: ByteRange, notes: &mut Vec<Note>) -> Result<Tensor> {
    let elements = element_count(&entry.shape).ok_or_else(|| {
        let name = quoted(&entry.name);
        Error::malformed(format!("The shape of tensor {name:?} has more elements than can be counted."))
    })?;
    let bytes = entry.end - entry.begin;
    let range = ByteRange { file: data.file, offset: data.offset.saturating_add(entry.begin), len: bytes };
    let (dtype, layout) = match number(&entry.dtype) {
        Some(number) => {
            check_length(&entry, number, elements)?;
            let layout = if entry.end > data.len {
                Layout::Unreadable { why: "The file ends before this tensor is complete.".to_owned() }
            } else {
                Layout::Dense(range)
            };
            (Dtype::Number(number), layout)
        }
        None => {
            let why = format!("{:?} is no element type that is known here.", quoted(&entry.dtype));
            let name = quoted(&entry.name);
            notes.push(Note::warning(format!("Tensor {name:?} cannot be read: {why}")).about(&entry.name));
            let bits = u128::from(bytes) * 8;
            let bits = (elements > 0 && bits % u128::from(elements) == 0).then(|| bits / u128::from(elements));
            let bits = bits.and_then(|bits| u64::try_from(bits).ok());
            (Dtype::Unknown { name: entry.dtype, bits }, Layout::Unreadable { why })
        }
    };
    Ok(Tensor::new(entry.name, dtype, entry.shape, layout))
}

/// Checks that the shape and the type take just the bytes that the offsets give.
fn check_length(entry: &Entry, number: Number, elements: u64) -> Result<()> {
    let bits = u128::from(elements) * u128::from(number.bits());
    let bytes = entry.end - entry.begin;
    if bits % 8 == 0 && bits / 8 == u128::from(bytes) {
        return Ok(());
    }
    let name = quoted(&entry.name);
    if bits % 8 != 0 {
        return Err(Error::malformed(format!(
            "Tensor {name:?} has {elements} elements of {}, which do not fill whole bytes.",
            entry.dtype
        )));
    }
    Err(Error::malformed(format!(
        "The shape of tensor {name:?} takes {} bytes of {}, its offsets give {bytes}; the file contradicts itself.",
        bits / 8,
        entry.dtype
    )))
}

/// The element type by the format's name for it.
fn number(name: &str) -> Option<Number> {
    use safetensors::Dtype as Known;
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name);
    Some(match serde::Deserialize::deserialize(name).ok()? {
        Known::BOOL => Number::Bool,
        Known::U8 => Number::U8,
        Known::I8 => Number::I8,
        Known::U16 => Number::U16,
        Known::I16 => Number::I16,
        Known::U32 => Number::U32,
        Known::I32 => Number::I32,
        Known::U64 => Number::U64,
        Known::I64 => Number::I64,
        Known::F16 => Number::F16,
        Known::BF16 => Number::Bf16,
        Known::F32 => Number::F32,
        Known::F64 => Number::F64,
        Known::C64 => Number::C64,
        Known::F8_E4M3 => Number::F8E4m3fn,
        Known::F8_E4M3FNUZ => Number::F8E4m3fnuz,
        Known::F8_E5M2 => Number::F8E5m2,
        Known::F8_E5M2FNUZ => Number::F8E5m2fnuz,
        Known::F8_E8M0 => Number::F8E8m0fnu,
        Known::F6_E2M3 => Number::F6E2m3fn,
        Known::F6_E3M2 => Number::F6E3m2fn,
        Known::F4 => Number::F4E2m1fn,
        _ => return None,
    })
}
