//! Writes FlatBuffers files: every table before what it refers to.

/// What stands in a field or in a list.
pub enum Node {
    U8(u8),
    U32(u32),
    U64(u64),
    /// The bytes of a list of elements of this size, or of a text.
    List(u32, Vec<u8>),
    /// Fields by their numbers.
    Table(Vec<(usize, Node)>),
    Tables(Vec<Node>),
    /// A list of so many references to one table.
    Shared(Box<Node>, usize),
}

/// A text.
pub fn text(text: &str) -> Node {
    Node::List(1, text.as_bytes().to_vec())
}

/// A list of whole numbers.
pub fn numbers(numbers: &[i32]) -> Node {
    Node::List(4, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}

/// A file with this root table.
pub fn file(name: [u8; 4], root: Node) -> Vec<u8> {
    let mut bytes = [[0; 4], name].concat();
    // What is still to be written, and where its offset stands.
    let mut waiting = std::collections::VecDeque::from([(0, root)]);
    while let Some((from, node)) = waiting.pop_front() {
        match node {
            Node::Table(fields) => {
                let table = place(&mut bytes, &fields);
                patch(&mut bytes, from, table);
                let mut at = table + 4;
                for (_, node) in fields {
                    let width = width(&node);
                    match node {
                        Node::U8(value) => bytes[at] = value,
                        Node::U32(value) => bytes[at..at + 4].copy_from_slice(&value.to_le_bytes()),
                        Node::U64(value) => bytes[at..at + 8].copy_from_slice(&value.to_le_bytes()),
                        other => waiting.push_back((at, other)),
                    }
                    at += width;
                }
            }
            Node::Tables(nodes) => {
                let at = bytes.len();
                patch(&mut bytes, from, at);
                bytes.extend(u32::try_from(nodes.len()).unwrap().to_le_bytes());
                for node in nodes {
                    waiting.push_back((bytes.len(), node));
                    bytes.extend([0; 4]);
                }
            }
            Node::Shared(node, count) => {
                let at = bytes.len();
                patch(&mut bytes, from, at);
                bytes.extend(u32::try_from(count).unwrap().to_le_bytes());
                // The table follows at once, behind its vtable.
                let end = bytes.len() + 4 * count;
                let mut inner = file(*b"PART", *node);
                let table = usize::try_from(u32::from_le_bytes(*inner.first_chunk().unwrap())).unwrap();
                let begin = end + table - 8;
                for index in 0..count {
                    bytes.extend(u32::try_from(begin - (at + 4 + 4 * index)).unwrap().to_le_bytes());
                }
                bytes.extend(inner.drain(8..));
            }
            Node::List(size, list) => {
                let at = bytes.len();
                patch(&mut bytes, from, at);
                bytes.extend((u32::try_from(list.len()).unwrap() / size).to_le_bytes());
                bytes.extend(list);
            }
            Node::U8(_) | Node::U32(_) | Node::U64(_) => panic!("a number is no root"),
        }
    }
    bytes
}

fn width(node: &Node) -> usize {
    match node {
        Node::U8(_) => 1,
        Node::U64(_) => 8,
        _ => 4,
    }
}

/// Appends the vtable of these fields and room for them; returns where the table begins.
fn place(bytes: &mut Vec<u8>, fields: &[(usize, Node)]) -> usize {
    let count = fields.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    let (mut places, mut size) = (vec![0u16; count], 4);
    for (number, node) in fields {
        places[*number] = size;
        size += u16::try_from(width(node)).unwrap();
    }
    let vtable = u16::try_from(4 + 2 * count).unwrap();
    bytes.extend(vtable.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(places.iter().flat_map(|place| place.to_le_bytes()));
    let table = bytes.len();
    bytes.extend(i32::from(vtable).to_le_bytes());
    bytes.resize(table + usize::from(size), 0);
    table
}

fn patch(bytes: &mut [u8], from: usize, to: usize) {
    bytes[from..from + 4].copy_from_slice(&u32::try_from(to - from).unwrap().to_le_bytes());
}
