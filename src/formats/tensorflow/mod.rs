//! TensorFlow: checkpoints of both versions and SavedModel folders.
//!
//! A checkpoint of version 2, a "tensor bundle", is a table (`name.index`) of names and what is told of each tensor, and the
//! bytes of the tensors in one or more other files (`name.data-00000-of-00001`). One of version 1 is a table that has the elements
//! as well. A text file `checkpoint` beside them names the latest. A SavedModel is a folder with the graph (`saved_model.pb`) and a
//! checkpoint of version 2 (`variables/variables.index`).
//!
//! Sources: `tensorflow/core/util/tensor_bundle/tensor_bundle.cc`, `tensorflow/core/protobuf/tensor_bundle.proto`,
//! `tensorflow/core/util/saved_tensor_slice.proto`, `tensorflow/core/protobuf/saved_model.proto`.

mod bundle;
pub(super) mod dtypes;
mod graph;
mod intact;
mod keras;
pub(super) mod messages;
mod roles;
mod saved_model;
mod shards;
mod slices;
mod state;
mod v1;

use super::Format;

use {saved_model::open as open_saved_model, state::open as open_checkpoint, v1::open as open_v1};

/// A folder with a graph and its variables.
pub(super) const SAVED_MODEL: Format = Format {
    id: "tf-savedmodel",
    label: "TensorFlow SavedModel",
    extensions: &[],
    reads: "the folder: variables, signatures, tags, versions, layers of Keras",
    probe: |file| is_saved_model(file.head()),
    open: open_saved_model,
};

/// Whether a message begins with a small version and goes on with a message that begins with one.
fn is_saved_model(head: &[u8]) -> bool {
    let [0x08, 0..0x80, 0x12, rest @ ..] = head else { return false };
    let len = rest.iter().take(5).take_while(|byte| **byte >= 0x80).count();
    rest.get(len + 1) == Some(&0x0a)
}

/// A checkpoint of version 2, or the text file that names the latest.
pub(super) const CHECKPOINT: Format = Format {
    id: "tf-checkpoint",
    label: "TensorFlow checkpoint",
    extensions: &["index"],
    reads: "an index with its data shards: every dtype, partitioned variables put together, names of the object graph, checksums; the `checkpoint` file tells the latest",
    probe: |file| names_checkpoints(file.head()) || first_value(file.head()).is_some_and(is_header),
    open: open_checkpoint,
};

/// Those of before 2017.
pub(super) const V1: Format = Format {
    id: "tf-checkpoint-v1",
    label: "TensorFlow checkpoint V1",
    extensions: &[],
    reads: "one file or a numbered set, slices put together",
    probe: |file| is_v1(file.head()),
    open: open_v1,
};

/// Whether a file begins as a table does whose first value is one message in another: what is told of all tensors.
fn is_v1(head: &[u8]) -> bool {
    let Some(([0, 0], rest)) = head.split_first_chunk() else { return false };
    let number = |bytes: &[u8]| {
        let len = bytes.iter().take(5).position(|byte| *byte < 0x80)? + 1;
        let value = bytes[..len].iter().rev().fold(0u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
        Some((value, len))
    };
    let Some((outer, skip)) = number(rest) else { return false };
    let Some([0x0a, inner @ ..]) = rest.get(skip..) else { return false };
    number(inner)
        .is_some_and(|(len, skip)| outer == 1 + skip as u64 + len && matches!(inner.get(skip), Some(0x0a | 0x12)))
}

/// Whether a file is the text that names checkpoints.
fn names_checkpoints(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"model_checkpoint_path:")
}

/// What a table begins with: the value of the empty key. It has to lie in the head, and to be short.
fn first_value(head: &[u8]) -> Option<&[u8]> {
    match head {
        [0, 0, len @ 1..0x80, value @ ..] => value.get(..usize::from(*len)),
        _ => None,
    }
}

/// Whether it is the header of a bundle: how many shards, which order of bytes, and last which version.
fn is_header(mut value: &[u8]) -> bool {
    for key in [0x08, 0x10] {
        if value.first() == Some(&key) {
            let len = value[1..].iter().take_while(|byte| **byte >= 0x80).count();
            value = value.get(len + 2..).unwrap_or_default();
        }
    }
    matches!(value, [0x1a, len, version @ ..] if usize::from(*len) == version.len())
}
