//! The tar archives that `torch.save` wrote before version 0.1.10.
//!
//! | file | what |
//! | --- | --- |
//! | `storages` | a pickle of their number; for each a pickle of its key, device and class, the number of its elements as a 64-bit integer, and they; then a pickle of views: key, key of the whole, offset, number |
//! | `tensors` | a pickle of their number; for each a pickle of its key, its storage's key and its class, the number of its dimensions in 32 bits and 4 bytes more, sizes, strides and offset in 64 bits each |
//! | `pickle` | whatever was saved; tensors and storages as persistent ids, their keys in digits |
//!
//! Source: `torch/serialization.py`, `legacy_load` in `_legacy_load`.

use super::super::contents::{self, Found, Place, Tensors};
use super::super::referred::{self, Loader};
use super::super::{Candidate, Format};
use super::archive::unscripted;
use super::views::strided;
use super::{dtypes, legacy};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Layout, Note, Tensor};
use crate::source::{FileId, Files, Pages, ReadAt, Window, read_vec};
use crate::wire::pickle::{Id, Node, Pickle, run_at};
use crate::wire::tar::{Member, is_tar, members};
use std::collections::HashMap;
use std::rc::Rc;

pub(in crate::formats) const FORMAT: Format = Format {
    id: "pytorch-tar",
    label: "PyTorch before 0.1.10",
    extensions: &["pt", "pth"],
    reads: "tar archives of its first versions",
    probe: |file| {
        is_tar(file.head())
            && members(&*file.file.source).is_ok_and(|(members, _)| find(&members, "storages").is_some())
    },
    open,
};

fn find<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| member.name.trim_start_matches("./") == name)
}

/// The file of the archive that has to have this name.
fn require<'a>(members: &'a [Member], name: &str) -> Result<&'a Member> {
    find(members, name).ok_or_else(|| {
        Error::malformed(format!(
            "The tar archive has no file {name:?}; it was not written by torch.save, or not whole."
        ))
    })
}

/// How much is read at a time.
const AROUND: u64 = 4 << 10;

/// A storage by its key: its bytes, its class and its device.
struct Storage {
    range: ByteRange,
    dtype: Dtype,
    device: Rc<str>,
}

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let (members, ended) = members(&*given.source)?;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&given.name, given.source.clone());
    checkpoint.producer = Some("torch.save of before 0.1.10".to_owned());
    let storages = Reader::over(&mut checkpoint, file, &members, "storages", |mut reader| reader.storages())?;
    let tensors = Reader::over(&mut checkpoint, file, &members, "tensors", |mut reader| reader.tensors(&storages))?;
    let Member { offset: base, size, .. } = *require(&members, "pickle")?;
    let source = Window::new(given.source.clone(), base, size)?;
    let pickle = run_at(&source, 0);
    referred::add(&mut checkpoint, &pickle, &source, 0, "pickle", Loader::Torch);
    let Some(top) = referred::root(&mut checkpoint, &pickle, "pickle")? else { return Ok(checkpoint) };
    let place = Place { file, base, prefix: &[], registered: unscripted(), attributes: false };
    let mut saved = Saved { tensors, reached: 0 };
    contents::fill(&mut checkpoint, &pickle, top, &mut saved, &place)?;
    if !ended {
        let message = "The tar archive lacks its end; the file may not have been copied or downloaded whole.";
        checkpoint.note(Note::warning(message));
    }
    let message = "It is a tar archive of PyTorch's first versions; torch.load of today may refuse it.";
    checkpoint.note(Note::info(message));
    Ok(checkpoint)
}

/// The tensors of the archive, by their keys.
struct Saved {
    tensors: HashMap<String, Tensor>,
    reached: usize,
}

impl Tensors for Saved {
    fn is_tensor(pickle: &Pickle, id: Id) -> bool {
        matches!(pickle.node(id), Node::Persistent(_))
    }

    fn tensor(&mut self, checkpoint: &mut Checkpoint, pickle: &Pickle, id: Id, name: String) -> Result<Found> {
        let Node::Persistent(key) = pickle.node(id) else { unreachable!("it is one") };
        let key = key_text(pickle, key);
        let tensor = match self.tensors.get(&key) {
            Some(tensor) => {
                self.reached += 1;
                Tensor { name, ..tensor.clone() }
            }
            None => {
                let why = format!("The archive has no tensor {:?}.", quoted(&key));
                checkpoint.note(Note::warning(&why).about(&name));
                Tensor::new(name, Dtype::untold(), vec![0], Layout::Unreadable { why })
            }
        };
        Ok(Found::Tensor(tensor, Vec::new()))
    }

    fn pass_over(&mut self, _: &Pickle, _: Id) {
        self.reached += 1;
    }

    fn not_reached(&self, _: &Pickle) -> usize {
        self.tensors.len().saturating_sub(self.reached)
    }

    fn most(_: &Pickle) -> usize {
        0
    }
}

/// Reads one file of the archive forward.
struct Reader<'c> {
    checkpoint: &'c mut Checkpoint,
    file: FileId,
    name: &'static str,
    source: &'c dyn ReadAt,
    /// Its first byte in the archive.
    base: u64,
    at: u64,
}

impl Reader<'_> {
    /// Reads a file of the archive. What stands between elements is short: only a little is read around it.
    fn over<T>(
        checkpoint: &mut Checkpoint,
        file: FileId,
        members: &[Member],
        name: &'static str,
        read: impl FnOnce(Reader<'_>) -> Result<T>,
    ) -> Result<T> {
        let Member { offset: base, size, .. } = *require(members, name)?;
        let whole = checkpoint.files.get(file).source.clone();
        let window = Window::new(whole, base, size)?;
        read(Reader { checkpoint, file, name, source: &Pages::of(&window, AROUND), base, at: 0 })
    }

    /// The next pickle.
    fn pickle(&mut self) -> Result<(Pickle, Id)> {
        let start = self.at;
        let (pickle, root) =
            legacy::next(self.source, &mut self.at, self.name).map_err(|error| error.shifted(self.base))?;
        if referred::is_odd(&pickle) {
            referred::add(self.checkpoint, &pickle, self.source, start, self.name, Loader::Torch);
        }
        Ok((pickle, root))
    }

    /// The next pickle, of a whole number: how many things follow.
    fn count(&mut self) -> Result<u64> {
        let (pickle, root) = self.pickle()?;
        let count = pickle.int(root).and_then(|count| u64::try_from(count).ok());
        // Each takes more than ten bytes.
        count
            .filter(|count| *count <= self.source.size() / 10)
            .ok_or_else(|| self.wrong("does not say how many follow"))
    }

    fn wrong(&self, what: &str) -> Error {
        Error::malformed(format!("The file {:?} of the tar archive {what}.", self.name)).at(self.base + self.at)
    }

    fn integers(&mut self, count: usize) -> Result<Vec<u64>> {
        let bytes = read_vec(self.source, self.at, count as u64 * 8).map_err(|_| self.wrong("is cut off"))?;
        self.at += bytes.len() as u64;
        Ok(bytes.as_chunks().0.iter().map(|raw| u64::from_le_bytes(*raw)).collect())
    }

    fn storages(&mut self) -> Result<HashMap<String, Storage>> {
        let mut storages = HashMap::new();
        for _ in 0..self.count()? {
            let (pickle, root) = self.pickle()?;
            let Some(&[key, device, class]) = pickle.sequence(root) else {
                return Err(self.wrong("has a storage without a key, a device and a class"));
            };
            let class = pickle.global(class).map(|class| class.name.clone()).unwrap_or_default();
            let number = dtypes::of_storage(&class);
            let count = self.integers(1)?[0];
            let len =
                count.checked_mul(number.map_or(1, dtypes::width)).filter(|len| *len <= self.source.size() - self.at);
            let len = len.ok_or_else(|| self.wrong("has a storage of more bytes than follow"))?;
            let range = ByteRange { file: self.file, offset: self.base + self.at, len };
            self.at += len;
            let dtype = number.map_or(Dtype::Unknown { name: class, bits: None }, Dtype::Number);
            let device = pickle.short(device).unwrap_or_default().into();
            storages.insert(key_text(&pickle, key), Storage { range, dtype, device });
        }
        let (pickle, root) = self.pickle()?;
        for view in pickle.sequence(root).unwrap_or_default() {
            let Some(&[key, whole, offset, count]) = pickle.sequence(*view) else { continue };
            let Some(Storage { range, dtype, device }) = storages.get(&key_text(&pickle, whole)) else { continue };
            let width = dtype.bits().unwrap_or(8) / 8;
            let bytes = |count| pickle.int(count).and_then(|count| u64::try_from(count).ok()?.checked_mul(width));
            let part = bytes(offset).zip(bytes(count));
            let part = part.filter(|(offset, len)| offset.checked_add(*len).is_some_and(|end| end <= range.len));
            let (offset, len) = part.ok_or_else(|| self.wrong("has a view that reaches past its storage"))?;
            let range = ByteRange { offset: range.offset + offset, len, ..*range };
            storages.insert(key_text(&pickle, key), Storage { range, dtype: dtype.clone(), device: device.clone() });
        }
        Ok(storages)
    }

    fn tensors(&mut self, storages: &HashMap<String, Storage>) -> Result<HashMap<String, Tensor>> {
        let mut tensors = HashMap::new();
        for _ in 0..self.count()? {
            let (pickle, root) = self.pickle()?;
            let Some(&[key, storage, _]) = pickle.sequence(root) else {
                return Err(self.wrong("has a tensor without a key, a storage and a class"));
            };
            let key = key_text(&pickle, key);
            let rank = read_vec(self.source, self.at, 8).map_err(|_| self.wrong("is cut off"))?;
            self.at += 8;
            let rank = u32::from_le_bytes([rank[0], rank[1], rank[2], rank[3]]) as usize;
            if rank > limits::RANK {
                return Err(self.wrong(&format!("has a tensor of {rank} dimensions")));
            }
            let (shape, strides) = (self.integers(rank)?, self.integers(rank)?);
            let start = self.integers(1)?[0];
            let Some(Storage { range, dtype, device }) = storages.get(&key_text(&pickle, storage)) else {
                return Err(self.wrong("has a tensor on a storage that is not there"));
            };
            let layout = strided(*range, dtype, &shape, start, strides).map_err(|why| {
                self.wrong(&format!("has the tensor {:?}, which cannot be read: {why}", quoted(&key)))
            })?;
            let mut tensor = Tensor::new(key.as_str(), dtype.clone(), shape, layout);
            tensor.device = Some(device.clone());
            tensors.insert(key, tensor);
        }
        Ok(tensors)
    }
}

/// A key: a whole number, or its digits.
fn key_text(pickle: &Pickle, id: Id) -> String {
    pickle.int(id).map(|key| key.to_string()).or_else(|| pickle.short(id)).unwrap_or_default()
}
