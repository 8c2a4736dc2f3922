//! HDF5 files written for a test: structures of the latest version, put together by hand.

use super::Sparse;
use paramscope::wire::hdf5::lookup3;

/// Where the elements of a dataset are to lie.
#[derive(Clone, Copy)]
pub enum Place {
    /// In one run behind the header, all zeros.
    Run,
    /// In chunks of so many elements, none of which was ever written.
    Chunks(u32),
}

/// A file of float32 datasets in its root group, each header before its elements, and what its headers take. All are zeros.
pub fn datasets(count: u64, elements: u64, place: Place) -> (Sparse, u64) {
    let mut file = Sparse::default();
    // The superblock's place; the root group comes last, when all addresses are known.
    file.skip(48);
    let mut links = Vec::new();
    for index in 0..count {
        links.extend(link(&format!("layer_{index}"), file.len()));
        let data = |header: usize| file.len() + header as u64;
        let len = float_dataset(elements, place, 0).len();
        let header = float_dataset(elements, place, data(len));
        file.push(&header);
        file.skip(if let Place::Run = place { 4 * elements } else { 0 });
    }
    let root = file.len();
    file.push(&header(&links));
    let end = file.len();
    file.put(0, &superblock(end, root));
    let data = if let Place::Run = place { count * 4 * elements } else { 0 };
    (file, end - data)
}

/// A file that is written structure by structure.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// The superblock's bytes, which come last.
    const HEAD: usize = 48;

    /// Appends a structure, and tells its address.
    pub fn push(&mut self, bytes: &[u8]) -> u64 {
        self.0.resize(self.0.len().max(Self::HEAD), 0);
        let at = self.0.len() as u64;
        self.0.extend(bytes);
        at
    }

    /// The file, with these messages in its root group.
    pub fn finish(mut self, root: &[u8]) -> Vec<u8> {
        let root = self.push(&header(root));
        let head = superblock(self.0.len() as u64, root);
        self.0[..head.len()].copy_from_slice(&head);
        self.0
    }
}

fn superblock(end: u64, root: u64) -> Vec<u8> {
    let mut superblock = b"\x89HDF\r\n\x1a\n\x03\x08\x08\x00".to_vec();
    for address in [0, u64::MAX, end, root] {
        superblock.extend(address.to_le_bytes());
    }
    summed(superblock)
}

/// The object header of a dataset, of the bytes of its messages of dataspace, datatype and layout, and of more messages.
pub fn dataset(space: &[u8], kind: &[u8], layout: &[u8], more: &[u8]) -> Vec<u8> {
    header(&[&message(1, space), &message(3, kind), &message(8, layout), more].concat())
}

/// A layout message of chunks behind a version 1 B-tree.
pub fn chunked(chunk: &[u32], element: u32, tree: u64) -> Vec<u8> {
    let sizes = chunk.iter().chain([&element]).flat_map(|size| size.to_le_bytes());
    let head = [&[3, 2, u8::try_from(chunk.len() + 1).unwrap()], tree.to_le_bytes().as_slice()].concat();
    head.into_iter().chain(sizes).collect()
}

/// The object header of a dataset whose elements are at `data`.
fn float_dataset(elements: u64, place: Place, data: u64) -> Vec<u8> {
    let space = [b"\x02\x01\x00\x01".as_slice(), &elements.to_le_bytes()].concat();
    // Little-endian IEEE: the sign's bit, then where exponent and fraction are, and the bias.
    let float = b"\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00";
    let layout = match place {
        Place::Run => [b"\x03\x01".as_slice(), &data.to_le_bytes(), &(4 * elements).to_le_bytes()].concat(),
        Place::Chunks(chunk) => chunked(&[chunk], 4, u64::MAX),
    };
    dataset(&space, float, &layout, &[])
}

/// A message of an object header of version 2.
pub fn message(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap().to_le_bytes();
    [&[kind], len.as_slice(), &[0], bytes].concat()
}

/// The message of a hard link.
pub fn link(name: &str, at: u64) -> Vec<u8> {
    let len = u8::try_from(name.len()).unwrap();
    message(6, &[&[1, 0, len], name.as_bytes(), &at.to_le_bytes()].concat())
}

/// An object header of version 2 around messages.
pub fn header(messages: &[u8]) -> Vec<u8> {
    let len = u32::try_from(messages.len()).unwrap().to_le_bytes();
    summed([b"OHDR\x02\x02".as_slice(), &len, messages].concat())
}

/// Bytes with their checksum behind them.
pub fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = lookup3(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}
