//! TFLite (LiteRT): a FlatBuffers file whose tables describe the graphs and whose buffers hold the constants.

mod buffers;
mod metadata;
mod operators;
mod reader;
mod sparse;
mod tensors;

use super::Format;
use reader::open;

pub(super) const FORMAT: Format = Format {
    id: "tflite",
    label: "TFLite",
    extensions: &["tflite"],
    reads: "the constants of all subgraphs, also beyond 2 GB; quantised ones as codes and as the values they stand for; operators, signatures, metadata",
    probe: |file| file.head().get(4..8) == Some(b"TFL3"),
    open,
};
