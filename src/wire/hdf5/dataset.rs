//! Datasets: what their messages say of their elements and of where these lie.

use super::cursor::Cursor;
use super::file::File;
use super::header::{Header, Message, kind};
use super::links::text;
use super::selection::{Selection, too_many};
use super::space::Space;
use super::types::Type;
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{ChunkIndex, ChunkIndexKind, Filter};

/// A dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its shape.
    pub space: Space,
    /// What its elements are, or why that cannot be told.
    pub kind: Result<Type>,
    /// Where its elements lie, or why that cannot be told.
    pub storage: Result<Storage>,
    /// What its chunks went through, in that order, or why that cannot be told.
    pub filters: Result<Vec<Filter>>,
    /// One element of what was never written.
    pub fill: Option<Vec<u8>>,
}

/// Where the elements of a dataset lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Storage {
    /// In the header: an address and bytes.
    Compact(u64, u64),
    /// In one run: its address, or `None` while nothing was written, and its bytes where they are told.
    Contiguous(Option<u64>, Option<u64>),
    /// In other files, one part after the other.
    External(Vec<External>),
    /// In chunks.
    Chunked {
        /// The shape of a chunk.
        chunk: Vec<u64>,
        /// Bytes of an element in it.
        element: u64,
        /// What tells where they are.
        index: ChunkIndex,
    },
    /// In other datasets.
    Virtual(Vec<Mapping>),
}

/// A part of a dataset's elements in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The name of the file.
    pub file: String,
    /// Where the part begins.
    pub offset: u64,
    /// How many bytes it has; `None` for all that follow.
    pub len: Option<u64>,
}

/// A part of a virtual dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The file it is in, `.` for the same one.
    pub file: String,
    /// The path of the dataset it is in.
    pub dataset: String,
    /// Which of that dataset's elements.
    pub from: Selection,
    /// Which elements of the virtual dataset they are.
    pub to: Selection,
}

impl File {
    /// What an object header says of a dataset.
    pub(super) fn dataset(&self, header: &Header, name: &str) -> Result<Dataset> {
        let missing =
            |what: &str| self.wrong(header.at, format!("The dataset {:?} has no {what} message.", quoted(name)));
        let mut spaces = header.all(kind::SPACE);
        let space = spaces.next().ok_or_else(|| missing("dataspace"))?;
        if spaces.next().is_some() {
            let name = quoted(name);
            return Err(self.wrong(header.at, format!("The dataset {name:?} has a second dataspace message.")));
        }
        let space = self.resolved(space)?;
        let space = Space::read(self.cursor("dataspace message", space.at, &space.bytes))?;
        let message = self.resolved(header.find(kind::TYPE).ok_or_else(|| missing("datatype"))?)?;
        let kind = later(Type::read(&mut self.cursor("datatype message", message.at, &message.bytes)))?;
        if let Ok(kind) = &kind
            && space.elements().checked_mul(kind.size).is_none()
        {
            let name = quoted(name);
            return Err(self.wrong(
                header.at,
                format!("The dataspace and the datatype of {name:?} tell of more bytes than can be counted."),
            ));
        }
        let filters = match header.find(kind::FILTERS) {
            Some(message) => later(self.resolved(message).and_then(|message| self.filters(&message)))?,
            None => Ok(Vec::new()),
        };
        let storage = header.find(kind::LAYOUT).ok_or_else(|| missing("layout"))?;
        let mut storage = later(self.storage(storage, &space))?;
        if let Some(message) = header.find(kind::EXTERNAL) {
            storage = later(self.external(message).map(Storage::External))?;
        }
        let fill = self.fill(header)?;
        Ok(Dataset { space, kind, storage, filters, fill })
    }

    /// The fill value.
    fn fill(&self, header: &Header) -> Result<Option<Vec<u8>>> {
        if let Some(message) = header.find(kind::FILL) {
            let message = self.resolved(message)?;
            let mut cursor = self.cursor("fill value message", message.at, &message.bytes);
            let version = cursor.version(1..=3)?;
            let defined = if version == 3 {
                cursor.u8()? & 0x20 != 0
            } else {
                cursor.skip(2)?;
                cursor.u8()? != 0 || version == 1
            };
            if !defined {
                return Ok(None);
            }
            // Version 1 has -1 here where nothing is defined.
            let len = cursor.u32()?;
            let len = if len == u32::MAX { 0 } else { len };
            let bytes = cursor.take_long(len.into())?;
            return Ok((!bytes.is_empty()).then(|| bytes.to_vec()));
        }
        let Some(message) = header.find(kind::OLD_FILL) else { return Ok(None) };
        let message = self.resolved(message)?;
        let mut cursor = self.cursor("fill value message", message.at, &message.bytes);
        let len = cursor.u32()?;
        let bytes = cursor.take_long(len.into())?;
        Ok((!bytes.is_empty()).then(|| bytes.to_vec()))
    }

    pub(super) fn filters(&self, message: &Message) -> Result<Vec<Filter>> {
        /// The most filters that HDF5 has in one pipeline.
        const MOST: u8 = 32;
        /// Those below have no name in version 2.
        const REGISTERED: u16 = 256;
        let mut cursor = self.cursor("filter pipeline message", message.at, &message.bytes);
        let version = cursor.version(1..=2)?;
        let count = cursor.u8()?;
        if count > MOST {
            return Err(cursor.wrong(format_args!("counts {count} filters, HDF5 stops at {MOST}")));
        }
        cursor.skip(if version == 1 { 6 } else { 0 })?;
        let mut filters = Vec::new();
        for _ in 0..count {
            let id = cursor.u16()?;
            let name_len = if version == 1 || id >= REGISTERED { cursor.u16()? } else { 0 };
            let optional = cursor.u16()? & 1 != 0;
            let values = cursor.u16()?;
            let from = cursor.taken();
            let name = cursor.take(name_len.into())?;
            if version == 1 {
                cursor.pad(from);
            }
            let name = text(name.split(|byte| *byte == 0).next().unwrap_or_default());
            let mut filter = Filter { id, name, optional, values: Vec::new() };
            for _ in 0..values {
                filter.values.push(cursor.u32()?);
            }
            if version == 1 && values % 2 == 1 {
                cursor.skip(4)?;
            }
            filters.push(filter);
        }
        Ok(filters)
    }

    fn storage(&self, message: &Message, space: &Space) -> Result<Storage> {
        let mut cursor = self.cursor("layout message", message.at, &message.bytes);
        let version = cursor.version(1..=5)?;
        if version < 3 {
            return self.old_storage(cursor, space);
        }
        match cursor.u8()? {
            0 => {
                let len = cursor.u16()?.into();
                self.compact(&mut cursor, len)
            }
            1 => Ok(Storage::Contiguous(cursor.address()?, Some(cursor.length()?))),
            2 if version == 3 => {
                let rank = cursor.u8()?;
                let address = cursor.address()?;
                let shape = chunk(&mut cursor, rank, 4, space)?;
                Ok(self.chunked(space, shape, ChunkIndexKind::Btree1, address, false))
            }
            2 => {
                let flags = cursor.u8()?;
                let rank = cursor.u8()?;
                let width = cursor.u8()?;
                if !(1..=8).contains(&width) {
                    return Err(cursor.wrong(format_args!("tells of a chunk's sizes in {width} bytes each")));
                }
                let shape = chunk(&mut cursor, rank, width, space)?;
                let kind = index_kind(&mut cursor, flags)?;
                let address = cursor.address()?;
                Ok(self.chunked(space, shape, kind, address, flags & 1 != 0))
            }
            3 => match cursor.address()? {
                Some(collection) => self.mappings(collection, cursor.u32()?).map(Storage::Virtual),
                None => Ok(Storage::Virtual(Vec::new())),
            },
            other => Err(cursor.unknown(format_args!("is of class {other}, which is not known here"))),
        }
    }

    /// Versions 1 and 2.
    fn old_storage(&self, mut cursor: Cursor<'_>, space: &Space) -> Result<Storage> {
        let (rank, class) = (cursor.u8()?, cursor.u8()?);
        cursor.skip(5)?;
        let address = if class == 0 { None } else { cursor.address()? };
        match class {
            0 => {
                cursor.skip(4 * usize::from(rank))?;
                let len = cursor.u32()?.into();
                self.compact(&mut cursor, len)
            }
            1 => Ok(Storage::Contiguous(address, None)),
            2 => {
                let shape = chunk(&mut cursor, rank, 4, space)?;
                Ok(self.chunked(space, shape, ChunkIndexKind::Btree1, address, false))
            }
            other => Err(cursor.unknown(format_args!("is of class {other}, which is not known here"))),
        }
    }

    fn compact(&self, cursor: &mut Cursor<'_>, len: u64) -> Result<Storage> {
        let at = cursor.place() - self.superblock.base;
        cursor.take_long(len)?;
        Ok(Storage::Compact(at, len))
    }

    fn chunked(
        &self,
        space: &Space,
        (chunk, element): (Vec<u64>, u64),
        kind: ChunkIndexKind,
        address: Option<u64>,
        edges_unfiltered: bool,
    ) -> Storage {
        let index = ChunkIndex {
            kind,
            address,
            offset_size: self.sizes().offset,
            length_size: self.sizes().length,
            most: space.most.clone(),
            edges_unfiltered,
        };
        Storage::Chunked { chunk, element, index }
    }

    /// The other files that hold the elements.
    fn external(&self, message: &Message) -> Result<Vec<External>> {
        let mut cursor = self.cursor("external data files message", message.at, &message.bytes);
        cursor.version(1..=1)?;
        cursor.skip(5)?;
        let count = cursor.u16()?;
        let heap = cursor.address()?.ok_or_else(|| cursor.wrong("tells of no names"))?;
        let mut files = Vec::new();
        for _ in 0..count {
            let name = cursor.length()?;
            let (offset, len) = (cursor.length()?, cursor.length()?);
            let all = u64::MAX >> (64 - 8 * u32::from(self.sizes().length));
            files.push(External { file: self.heap_name(heap, name)?, offset, len: (len != all).then_some(len) });
        }
        Ok(files)
    }

    /// What a virtual dataset is put together from.
    fn mappings(&self, collection: u64, index: u32) -> Result<Vec<Mapping>> {
        let bytes = self.global(collection, index)?;
        let mut cursor = self.cursor("list of a virtual dataset's parts", collection, &bytes);
        cursor.version(0..=0)?;
        let count = cursor.length()?;
        let (mut mappings, mut boxes) = (Vec::new(), 0);
        for _ in 0..count {
            let mapping = Mapping {
                file: text(cursor.until_nul()?),
                dataset: text(cursor.until_nul()?),
                from: Selection::read(&mut cursor)?,
                to: Selection::read(&mut cursor)?,
            };
            boxes += mapping.from.listed().max(mapping.to.listed());
            if boxes > limits::HDF5_PATCHES {
                return Err(too_many());
            }
            mappings.push(mapping);
        }
        Ok(mappings)
    }
}

/// The shape of a chunk and the bytes of an element, which stand behind each other.
fn chunk(cursor: &mut Cursor<'_>, rank: u8, width: u8, space: &Space) -> Result<(Vec<u64>, u64)> {
    if usize::from(rank) != space.shape.len() + 1 {
        return Err(cursor.wrong(format_args!(
            "tells of chunks of {} dimensions, the dataspace of {}",
            i32::from(rank) - 1,
            space.shape.len()
        )));
    }
    let mut shape = Vec::new();
    for _ in 0..rank {
        shape.push(cursor.number(width)?);
    }
    if shape.contains(&0) {
        return Err(cursor.wrong(format_args!("tells of chunks of shape {shape:?}, which hold nothing")));
    }
    let element = shape.pop().unwrap_or(1);
    Ok((shape, element))
}

/// The kind of chunk index of layout version 4 and later, without what its own header says again.
fn index_kind(cursor: &mut Cursor<'_>, flags: u8) -> Result<ChunkIndexKind> {
    Ok(match cursor.u8()? {
        1 => {
            let filtered = if flags & 2 == 0 { None } else { Some((cursor.length()?, cursor.u32()?)) };
            ChunkIndexKind::Single { filtered }
        }
        2 => ChunkIndexKind::Implicit,
        3 => {
            cursor.skip(1)?;
            ChunkIndexKind::FixedArray
        }
        4 => {
            cursor.skip(5)?;
            ChunkIndexKind::ExtensibleArray
        }
        5 => {
            cursor.skip(6)?;
            ChunkIndexKind::Btree2
        }
        other => return Err(cursor.unknown(format_args!("tells of a chunk index of type {other}"))),
    })
}

/// What a later version of the format may explain keeps nothing else from being shown; what is damaged is passed on.
fn later<T>(found: Result<T>) -> Result<Result<T>> {
    match found {
        Err(error) if error.kind == crate::error::Kind::Malformed => Err(error),
        found => Ok(found),
    }
}
