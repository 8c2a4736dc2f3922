//! The buffers of a model: in the file, or in files beside it.

use crate::error::{Error, Result, quoted};
use crate::formats::others::Others;
use crate::model::ByteRange;
use crate::source::{FileId, Files, ReadAt, require};
use crate::wire::flatbuffer::{Table, Tables};
use std::collections::HashMap;

/// Where the elements of the buffers are.
pub(super) struct Buffers<'a> {
    file: FileId,
    source: &'a dyn ReadAt,
    tables: Tables<'a>,
    /// What is known of them by now: many tensors may share one.
    known: HashMap<u32, Stored>,
}

/// What there is of a tensor's elements.
#[derive(Clone, Debug)]
pub(super) enum Stored {
    /// Nothing: they are computed.
    Nothing,
    /// These bytes.
    Bytes(ByteRange),
    /// Bytes of a file that was not given.
    Elsewhere(String),
    /// They should be there and are not.
    Lost(Error),
}

impl<'a> Buffers<'a> {
    pub fn new(file: FileId, source: &'a dyn ReadAt, tables: Tables<'a>) -> Self {
        Buffers { file, source, tables, known: HashMap::new() }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.tables.count()
    }

    /// What the buffer of this index holds.
    pub fn get(&mut self, index: u32) -> Stored {
        if let Some(known) = self.known.get(&index) {
            return known.clone();
        }
        let found = self.find(index).unwrap_or_else(Stored::Lost);
        self.known.insert(index, found.clone());
        found
    }

    fn find(&self, index: u32) -> Result<Stored> {
        let buffer = self.tables.get(index.into())?.ok_or_else(|| {
            Error::malformed(format!("There are {} buffers, none has the number {index}.", self.tables.count()))
        })?;
        // Files of more than 2 GB have their bytes behind the tables; an offset of 1 only keeps the place of one.
        let (offset, len) = match buffer.u64(1)? {
            0 | 1 => buffer.list(0, 1)?.map_or((0, 0), |list| (list.offset, list.len)),
            offset => (offset, buffer.u64(2)?),
        };
        require(self.source, offset, len)?;
        Ok(if len == 0 { Stored::Nothing } else { Stored::Bytes(ByteRange { file: self.file, offset, len }) })
    }
}

/// Buffers in files beside the model, by their numbers.
pub(super) struct External<'a> {
    others: Others<'a>,
    groups: Tables<'a>,
    buffers: HashMap<u32, Table<'a>>,
}

impl<'a> External<'a> {
    /// `files` are those that were given.
    pub fn new(files: &'a Files, groups: Tables<'a>, buffers: Tables<'a>) -> Result<Self> {
        let mut known = HashMap::new();
        for buffer in buffers.iter() {
            let buffer = buffer?;
            known.insert(buffer.u32(0)?, buffer);
        }
        Ok(External { others: Others::new(files), groups, buffers: known })
    }

    /// What the external buffer of this number holds; its file becomes one of those that are used.
    pub fn find(&mut self, number: u32, used: &mut Files) -> Result<Stored> {
        let buffer = self.buffers.get(&number);
        let group = buffer.map(|buffer| self.groups.get(buffer.u32(1)?.into())).transpose()?.flatten();
        let (Some(buffer), Some(group)) = (buffer, group) else {
            return Err(Error::malformed(format!("There is no external buffer of the number {number}.")));
        };
        if let Some(packing) = buffer.text(4)?.filter(|packing| !packing.is_empty()) {
            let packing = quoted(&packing);
            return Err(Error::unsupported(format!("External buffers that are packed as {packing:?} are not read.")));
        }
        let name = group.text(0)?.unwrap_or_default();
        let Some(file) = self.others.find(&name, used) else { return Ok(Stored::Elsewhere(name)) };
        let (offset, len) = (buffer.u64(2)?, buffer.u64(3)?);
        let given = used.get(file);
        require(&*given.source, offset, len).map_err(|error| error.in_file(&given.name))?;
        Ok(Stored::Bytes(ByteRange { file, offset, len }))
    }
}
