//! TensorFlow graphs, frozen ones above all: their constants are the weights. In binary (`.pb`) or as text (`.pbtxt`).
//!
//! Sources: `graph.proto`, `node_def.proto`, `attr_value.proto`, `function.proto` and `tensor.proto` in
//! `tensorflow/core/framework`.

mod reader;
mod schema;
mod tensor;

use super::{Candidate, Format};

use reader::open;

pub(super) const FORMAT: Format = Format {
    id: "tf-graphdef",
    label: "TensorFlow graph",
    extensions: &["pb", "pbtxt"],
    reads: "the constants of a frozen graph and of its functions, in every encoding; versions and operators",
    probe: |file| begins_with_node(file.head()) || is_text(file),
    open,
};

/// Whether the first field is a node, which is a name and then an operator.
fn begins_with_node(head: &[u8]) -> bool {
    let Some((0x0a, rest)) = head.split_first().map(|(key, rest)| (*key, rest)) else { return false };
    let length = rest.iter().take(5).take_while(|byte| **byte >= 0x80).count() + 1;
    let name = rest.get(length..).and_then(|node| text(node, 0x0a));
    let operator = name.and_then(|(_, rest)| text(rest, 0x12));
    let plain = |text: &[u8]| text.iter().all(u8::is_ascii_graphic);
    match (name, operator) {
        (Some((name, _)), Some((operator, _))) => {
            // Operators of TensorFlow's own are in camel case.
            plain(name)
                && plain(operator)
                && operator.first().is_some_and(|first| first.is_ascii_uppercase() || *first == b'_')
        }
        _ => false,
    }
}

/// The short text of a field with this key, and what stands behind it.
fn text(bytes: &[u8], key: u8) -> Option<(&[u8], &[u8])> {
    match bytes {
        [found, len @ 1..0x80, rest @ ..] if *found == key => rest.split_at_checked(usize::from(*len)),
        _ => None,
    }
}

/// Whether a file is the text of a graph: it begins with a node that has an operator.
fn is_text(file: &Candidate<'_>) -> bool {
    let mut text = file.head().trim_ascii_start();
    while text.starts_with(b"#") {
        let line = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
        text = text[line..].trim_ascii_start();
    }
    let node = text.strip_prefix(b"node").map(<[u8]>::trim_ascii_start);
    let node = node.is_some_and(|rest| rest.starts_with(b"{") || rest.starts_with(b": {"));
    node && text.windows(4).any(|four| four == b" op:")
}
