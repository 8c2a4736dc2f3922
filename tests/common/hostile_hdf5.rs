//! HDF5 files that describe more than they are worth.

use super::hdf5::{Writer, chunked, dataset, header, link, message, summed};
use paramscope::source::{Files, Memory};
use std::io::Write;
use std::rc::Rc;

const FLOAT: &[u8] = b"\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00";
const BYTE: &[u8] = b"\x10\x00\x00\x00\x01\x00\x00\x00\x00\x00\x08\x00";

/// Files, each with what it is.
pub fn files() -> Vec<(&'static str, Files)> {
    [
        ("an implicit index of chunks beyond the limits of its dataset", limits_below_the_shape()),
        ("two million empty messages", messages()),
        ("100 000 boxes of a dataset with a long list of filter parameters", one_source()),
        ("200 datasets of 100 000 boxes each", many_boxes()),
        ("100 000 blocks with names of a megabyte", long_block_names()),
        ("a selection of two million dimensions", dimensions()),
        ("two million boxes in a list", listed_boxes()),
        ("a type of 5000 members, 2000 times", shared_type()),
        ("16 million records of a byte", small_records()),
        ("4000 links along a deep path", deep_links()),
        ("4000 boxes of one packed chunk", packed_chunk()),
        ("names of layers that are eight million numbers", numbers_for_names()),
        ("a thousand collections of a heap that lie in each other", nested_collections()),
    ]
    .map(|(what, bytes)| (what, Files::one("a.h5", Rc::new(Memory::new(bytes)))))
    .into()
}

fn space(shape: &[u64], most: Option<&[u64]>) -> Vec<u8> {
    let sizes = shape.iter().chain(most.unwrap_or_default()).flat_map(|size| size.to_le_bytes());
    [2, u8::try_from(shape.len()).unwrap(), most.is_some().into(), 1].into_iter().chain(sizes).collect()
}

fn limits_below_the_shape() -> Vec<u8> {
    let mut file = Writer::default();
    let data = file.push(&[0; 64]);
    let layout = [b"\x04\x02\x00\x02\x01\x01\x01\x02".as_slice(), &data.to_le_bytes()].concat();
    let set = file.push(&dataset(&space(&[1 << 60], Some(&[1])), BYTE, &layout, &[]));
    file.finish(&link("a", set))
}

fn messages() -> Vec<u8> {
    let mut file = Writer::default();
    let all = message(5, b"").repeat(2_000_000);
    let group = file.push(&header(&all));
    file.finish(&link("a", group))
}

/// A collection of the global heap with one object, and its layout message.
fn collection(file: &mut Writer, object: &[u8]) -> Vec<u8> {
    let padded = object.len().next_multiple_of(8);
    let len = 16 + 16 + padded as u64;
    let mut bytes = [b"GCOL\x01\0\0\0".as_slice(), &len.to_le_bytes(), b"\x01\0\0\0\0\0\0\0"].concat();
    bytes.extend((object.len() as u64).to_le_bytes());
    bytes.extend(object);
    bytes.resize(32 + padded, 0);
    let at = file.push(&bytes);
    [b"\x04\x03".as_slice(), &at.to_le_bytes(), &1u32.to_le_bytes()].concat()
}

/// A selection of regular blocks: start, stride, count and length in each dimension.
fn regular(dimensions: &[[u64; 4]]) -> Vec<u8> {
    let numbers = dimensions.iter().flatten().flat_map(|number| number.to_le_bytes());
    let rank = u32::try_from(dimensions.len()).unwrap().to_le_bytes();
    [b"\x02\0\0\0\x03\0\0\0\x01\x08".as_slice(), &rank].concat().into_iter().chain(numbers).collect()
}

fn mappings(parts: &[Vec<u8>]) -> Vec<u8> {
    [b"\0".as_slice(), &(parts.len() as u64).to_le_bytes(), &parts.concat()].concat()
}

fn mapping(name: &str, from: &[u8], to: &[u8]) -> Vec<u8> {
    [b".\0", name.as_bytes(), b"\0", from, to].concat()
}

fn one_source() -> Vec<u8> {
    let mut file = Writer::default();
    let parameters = 16_000u16.to_le_bytes();
    let filters = [b"\x02\x01\x05\0\x01\0".as_slice(), &parameters, &vec![0; 64_000]].concat();
    let layout = chunked(&[1 << 10], 4, u64::MAX);
    let source = file.push(&dataset(&space(&[1 << 20], None), FLOAT, &layout, &message(11, &filters)));
    let all: Vec<Vec<u8>> = (0..50_000)
        .map(|at| {
            let one = regular(&[[at, 1, 1, 1]]);
            mapping("s", &one, &one)
        })
        .collect();
    let layout = collection(&mut file, &mappings(&all));
    let set = file.push(&dataset(&space(&[1 << 20], None), FLOAT, &layout, &[]));
    file.finish(&[link("s", source), link("v", set)].concat())
}

fn packed_chunk() -> Vec<u8> {
    const LEN: u32 = 4 << 20;
    let mut file = Writer::default();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![7; usize::try_from(LEN).unwrap()]).unwrap();
    let packed = encoder.finish().unwrap();
    let data = file.push(&packed);
    let sizes = [LEN.to_le_bytes(), 1u32.to_le_bytes()].concat();
    let stored = (packed.len() as u64).to_le_bytes();
    let layout = [b"\x04\x02\x02\x02\x04", sizes.as_slice(), b"\x01", &stored, &[0; 4], &data.to_le_bytes()].concat();
    let deflated = message(11, b"\x02\x01\x01\0\0\0\x01\0\x06\0\0\0");
    let source = file.push(&dataset(&space(&[LEN.into()], None), BYTE, &layout, &deflated));
    let every_other = regular(&[[0, 2, 4000, 1]]);
    let layout = collection(&mut file, &mappings(&[mapping("s", &every_other, &every_other)]));
    let set = file.push(&dataset(&space(&[8000], None), BYTE, &layout, &[]));
    file.finish(&[link("s", source), link("v", set)].concat())
}

fn many_boxes() -> Vec<u8> {
    let mut file = Writer::default();
    let source = file.push(&dataset(&space(&[1 << 20], None), FLOAT, &chunked(&[1 << 10], 4, u64::MAX), &[]));
    let every_other = regular(&[[0, 2, 100_000, 1]]);
    let layout = collection(&mut file, &mappings(&[mapping("s", &every_other, &every_other)]));
    let mut links = link("s", source);
    for index in 0..200 {
        let set = file.push(&dataset(&space(&[1 << 20], None), FLOAT, &layout, &[]));
        links.extend(link(&format!("v{index}"), set));
    }
    file.finish(&links)
}

fn long_block_names() -> Vec<u8> {
    let mut file = Writer::default();
    let source = file.push(&dataset(&space(&[1 << 20], None), FLOAT, &chunked(&[1 << 10], 4, u64::MAX), &[]));
    let name = format!("{}%b", "/".repeat(1 << 20));
    let one = regular(&[[0, 1, 1, 1]]);
    let layout = collection(&mut file, &mappings(&[mapping(&name, &one, &regular(&[[0, 1, u64::MAX, 1]]))]));
    let set = file.push(&dataset(&space(&[100_000], None), FLOAT, &layout, &[]));
    let numbers: Vec<u8> = (0..3000).flat_map(|index| link(&index.to_string(), source)).collect();
    file.finish(&[link("s", source), numbers, link("v", set)].concat())
}

fn dimensions() -> Vec<u8> {
    let selection = [b"\x02\0\0\0\x03\0\0\0\x01\x02".as_slice(), &2_000_000u32.to_le_bytes()].concat();
    selected(&[selection, b"\0\0\x01\0\x01\0\x01\0".repeat(2_000_000)].concat())
}

fn listed_boxes() -> Vec<u8> {
    let selection =
        [b"\x02\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0".as_slice(), &2_000_000u32.to_le_bytes()].concat();
    selected(&[selection, vec![0; 16_000_000]].concat())
}

/// A virtual dataset with a selection.
fn selected(selection: &[u8]) -> Vec<u8> {
    let mut file = Writer::default();
    let layout = collection(&mut file, &mappings(&[mapping("s", selection, selection)]));
    let set = file.push(&dataset(&space(&[1 << 20], None), FLOAT, &layout, &[]));
    file.finish(&link("v", set))
}

fn shared_type() -> Vec<u8> {
    let mut file = Writer::default();
    let members = 5000u16.to_le_bytes();
    // Each an object reference of one byte at the start.
    let kind =
        [&[0x36, members[0], members[1], 0, 1, 0, 0, 0], b"\0\0\x37\0\0\0\x01\0\0\0".repeat(5000).as_slice()].concat();
    let named = file.push(&header(&message(3, &kind)));
    let shared = [b"\x03\x02".as_slice(), &named.to_le_bytes()].concat();
    let mut messages = message(1, &space(&[1], None));
    messages.extend([&[3, 10, 0, 2], shared.as_slice()].concat());
    messages.extend(message(8, &[b"\x03\x01".as_slice(), &[0xff; 8], &[0; 8]].concat()));
    let mut links = Vec::new();
    for index in 0..2000 {
        let set = file.push(&header(&messages));
        links.extend(link(&format!("v{index}"), set));
    }
    file.finish(&links)
}

fn small_records() -> Vec<u8> {
    const LEAVES: u8 = 250;
    const RECORDS: u16 = u16::MAX;
    let mut file = Writer::default();
    let leaf = summed([b"BTLF\0\x05".as_slice(), &vec![0; RECORDS.into()]].concat());
    let leaves: Vec<u64> = (0..LEAVES).map(|_| file.push(&leaf)).collect();
    let mut root = [b"BTIN\0\x05".as_slice(), &vec![0; usize::from(LEAVES) - 1]].concat();
    for leaf in leaves {
        root.extend(leaf.to_le_bytes());
        root.extend(RECORDS.to_le_bytes());
    }
    let root = file.push(&summed(root));
    let mut tree = [b"BTHD\0\x05".as_slice(), &(u32::from(RECORDS) + 10).to_le_bytes(), b"\x01\0\x01\0\0\0"].concat();
    tree.extend(root.to_le_bytes());
    tree.extend([LEAVES - 1, 0]);
    tree.extend((u64::from(LEAVES) * u64::from(RECORDS) + u64::from(LEAVES) - 1).to_le_bytes());
    let tree = file.push(&summed(tree));
    // A fractal heap without objects.
    let mut heap = b"FRHP\0\x07\0\0\0\0\0\x10\0\0".to_vec();
    heap.extend([0; 8]);
    heap.extend([0xff; 8]);
    heap.extend([0; 8]);
    heap.extend([0xff; 8]);
    heap.extend([0; 64]);
    heap.extend(4u16.to_le_bytes());
    heap.extend(512u64.to_le_bytes());
    heap.extend(512u64.to_le_bytes());
    heap.extend([32, 0, 0, 0]);
    heap.extend([0xff; 8]);
    heap.extend([0, 0]);
    let heap = file.push(&summed(heap));
    file.finish(&message(2, &[b"\0\0".as_slice(), &heap.to_le_bytes(), &tree.to_le_bytes()].concat()))
}

fn deep_links() -> Vec<u8> {
    const DEPTH: usize = 1500;
    let mut file = Writer::default();
    let mut group = file.push(&header(&message(2, &[b"\0\0".as_slice(), &[0xff; 16]].concat())));
    for _ in 0..DEPTH {
        group = file.push(&header(&link("a", group)));
    }
    let target = format!("{}/b", "/a".repeat(DEPTH));
    let len = u16::try_from(target.len()).unwrap().to_le_bytes();
    let mut links = link("a", group);
    for index in 0..4000 {
        let name = format!("l{index}");
        let head = [1, 8, 1, u8::try_from(name.len()).unwrap()];
        links.extend(message(6, &[&head, name.as_bytes(), &len, target.as_bytes()].concat()));
    }
    file.finish(&links)
}

fn numbers_for_names() -> Vec<u8> {
    const LEN: u32 = 8 << 20;
    let mut file = Writer::default();
    let layout = collection(&mut file, &vec![0; LEN as usize]);
    let place = [&LEN.to_le_bytes(), &layout[2..]].concat();
    let list = [b"\x19\0\0\0\x10\0\0\0".as_slice(), BYTE].concat();
    let names = attribute("layer_names", &list, &[1], &place);
    let unwritten = [b"\x03\x01".as_slice(), &[0xff; 8], &[0; 8]].concat();
    let set = file.push(&dataset(&space(&[1], None), FLOAT, &unwritten, &[]));
    file.finish(&[names, link("vars/0", set)].concat())
}

/// The message of an attribute.
fn attribute(name: &str, kind: &[u8], shape: &[u64], bytes: &[u8]) -> Vec<u8> {
    let shape = space(shape, None);
    let lens = [name.len() + 1, kind.len(), shape.len()].map(|len| u16::try_from(len).unwrap().to_le_bytes()).concat();
    message(12, &[b"\x03\0".as_slice(), &lens, b"\0", name.as_bytes(), b"\0", kind, &shape, bytes].concat())
}

fn nested_collections() -> Vec<u8> {
    const COUNT: u64 = 1000;
    const LEN: u32 = 4 << 20;
    let mut file = Writer::default();
    // Each has an object of 8 bytes and another one, in which the others lie.
    let mut bytes = Vec::new();
    for index in 0..COUNT {
        let len = u64::from(LEN) - 56 * index;
        bytes.extend(b"GCOL\x01\0\0\0");
        bytes.extend(len.to_le_bytes());
        bytes.extend(b"\x01\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0");
        bytes.extend([b'a'; 8]);
        bytes.extend(b"\x02\0\0\0\0\0\0\0");
        bytes.extend((len - 56).to_le_bytes());
    }
    bytes.resize(usize::try_from(LEN).unwrap(), 0);
    let first = file.push(&bytes);
    let places: Vec<u8> = (0..3000)
        .flat_map(|index| {
            [b"\x01\0\0\0".as_slice(), &(first + index % COUNT * 56).to_le_bytes(), b"\x01\0\0\0"].concat()
        })
        .collect();
    let text = [b"\x19\x01\0\0\x10\0\0\0".as_slice(), BYTE].concat();
    let shape = space(&[3000], None);
    let data = file.push(&places);
    let layout = [b"\x03\x01".as_slice(), &data.to_le_bytes(), &(places.len() as u64).to_le_bytes()].concat();
    let set = file.push(&dataset(&shape, &text, &layout, &attribute("t", &text, &[3000], &places)));
    file.finish(&link("layer_names", set))
}
