//! What the tests share: where the fixtures are, and sources that watch what is read.

#![allow(dead_code, reason = "every test file uses its own part")]

pub mod archives;
pub mod bundles;
pub mod flatbuffers;
pub mod hdf5;
pub mod hostile;
pub mod hostile_hdf5;

use paramscope::error::Result;
use paramscope::model::{Checkpoint, Level};
use paramscope::source::{Files, ReadAt};
use serde_json::Value;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The folder of the tests.
pub fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// All plain files below a folder, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The goldens: what the frameworks say of each fixture.
pub fn goldens() -> Vec<Value> {
    let goldens = documents("ckpt-golden/1");
    assert!(goldens.len() > 100, "the goldens are missing");
    goldens
}

/// The goldens' companions with the statistics as they truly are.
pub fn true_statistics() -> Vec<Value> {
    let statistics = documents("ckpt-statistics/1");
    assert!(statistics.len() > 50, "the statistics are missing");
    statistics
}

/// The documents of one schema among the goldens.
fn documents(schema: &str) -> Vec<Value> {
    let all = files_below(&tests_folder().join("golden"));
    all.iter().map(|path| json(path)).filter(|document| document["schema"] == schema).collect()
}

/// The faults that were planted into a fixture, as the generator's README tells them.
pub fn planted(fixture: &str) -> Vec<Value> {
    let path = tests_folder().join("golden").join(format!("{fixture}.planted.json"));
    json(&path).as_array().expect("a list of faults").clone()
}

/// The path that a golden's reader opens: where it is one of several files, their folder.
pub fn entry(golden: &Value) -> PathBuf {
    let name = if golden["kind"] == "dir" { &golden["fixture"] } else { &golden["entry"] };
    tests_folder().join("fixtures").join(name.as_str().unwrap())
}

/// A JSON file.
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether a checkpoint opened with a warning or worse.
pub fn warned(checkpoint: &Checkpoint) -> bool {
    checkpoint.notes.iter().any(|note| note.level >= Level::Warning)
}

/// Counts what is read of another source.
#[derive(Debug)]
pub struct Counting {
    inner: Rc<dyn ReadAt>,
    counts: Rc<Counts>,
}

/// What a [`Counting`] counted.
#[derive(Debug, Default)]
pub struct Counts {
    pub bytes: Cell<u64>,
    pub reads: Cell<u64>,
}

impl ReadAt for Counting {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.counts.bytes.set(self.counts.bytes.get() + buf.len() as u64);
        self.counts.reads.set(self.counts.reads.get() + 1);
        self.inner.read_at(offset, buf)
    }
}

/// The same files, all counted together.
pub fn counted(files: &Files) -> (Files, Rc<Counts>) {
    let counts = Rc::new(Counts::default());
    let mut watched = Files::new();
    for (_, file) in files.iter() {
        watched.add(&file.name, Rc::new(Counting { inner: file.source.clone(), counts: counts.clone() }));
    }
    (watched, counts)
}

/// A file of any size that is zero but for a few parts.
#[derive(Debug, Default)]
pub struct Sparse {
    size: u64,
    parts: Vec<(u64, Vec<u8>)>,
}

impl Sparse {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.parts.push((self.size, bytes.to_vec()));
        self.size += bytes.len() as u64;
    }

    /// Appends zeros.
    pub fn skip(&mut self, len: u64) {
        self.size += len;
    }

    /// Writes over bytes that were skipped before all that were appended.
    pub fn put(&mut self, offset: u64, bytes: &[u8]) {
        self.parts.insert(0, (offset, bytes.to_vec()));
    }

    /// How many bytes were appended.
    pub fn len(&self) -> u64 {
        self.size
    }
}

impl ReadAt for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        paramscope::source::require(self, offset, buf.len() as u64)?;
        buf.fill(0);
        let end = offset + buf.len() as u64;
        // Parts are in the order of the file.
        let first = self.parts.partition_point(|(start, bytes)| start + bytes.len() as u64 <= offset);
        for (start, bytes) in self.parts[first..].iter().take_while(|(start, _)| *start < end) {
            let (from, to) = (offset.max(*start), end.min(start + bytes.len() as u64));
            if from < to {
                let within = usize::try_from(from - start).unwrap()..usize::try_from(to - start).unwrap();
                let place = usize::try_from(from - offset).unwrap();
                buf[place..place + within.len()].copy_from_slice(&bytes[within]);
            }
        }
        Ok(())
    }
}
