//! TensorFlow: checkpoints of both versions and SavedModel folders.
//!
//! A checkpoint of version 2, a "tensor bundle", is a table (`name.index`) of names and what is told of each tensor, and the
//! bytes of the tensors in one or more other files (`name.data-00000-of-00001`). One of version 1 is a table that has the elements
//! as well. A text file `checkpoint` beside them names the latest. A SavedModel is a folder with the graph (`saved_model.pb`) and a
//! checkpoint of version 2 (`variables/variables.index`).
//!
//! Sources: `tensorflow/core/util/tensor_bundle/tensor_bundle.cc`, `tensorflow/core/protobuf/tensor_bundle.proto`,
//! `tensorflow/core/util/saved_tensor_slice.proto`, `tensorflow/core/protobuf/saved_model.proto`.

#[cfg(feature = "tensorflow")]
mod bundle;
#[cfg(feature = "tensorflow")]
pub(super) mod dtypes;
#[cfg(feature = "tensorflow")]
mod graph;
#[cfg(feature = "tensorflow")]
mod intact;
#[cfg(feature = "tensorflow")]
mod slices;
#[cfg(feature = "tensorflow")]
mod state;

use super::Format;

#[cfg(not(feature = "tensorflow"))]
use super::elsewhere as open_checkpoint;
#[cfg(feature = "tensorflow")]
use state::open as open_checkpoint;

/// A checkpoint of version 2, or the text file that names the latest.
pub(super) const CHECKPOINT: Format = Format {
    id: "tf-checkpoint",
    label: "TensorFlow checkpoint",
    extensions: &["index"],
    reads: "an index with its data shards: every dtype, partitioned variables put together, names of the object graph, checksums; the `checkpoint` file tells the latest",
    probe: |file| names_checkpoints(file.head()) || first_value(file.head()).is_some_and(is_header),
    open: open_checkpoint,
};

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
