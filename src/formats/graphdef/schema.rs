//! The fields of a graph's text that are read, with their numbers.

use super::super::tensorflow::dtypes;
use crate::wire::textproto::{Field, Kind};

const fn field(name: &'static str, number: u32, kind: Kind) -> Field {
    Field { name, number, kind }
}

pub(super) static GRAPH: [Field; 3] = [
    field("node", 1, Kind::Message(&NODE)),
    field("library", 2, Kind::Message(&LIBRARY)),
    field("versions", 4, Kind::Message(&VERSIONS)),
];

static VERSIONS: [Field; 2] = [field("producer", 1, Kind::Whole), field("min_consumer", 2, Kind::Whole)];

static LIBRARY: [Field; 1] = [field("function", 1, Kind::Message(&FUNCTION))];

static FUNCTION: [Field; 2] =
    [field("signature", 1, Kind::Message(&SIGNATURE)), field("node_def", 3, Kind::Message(&NODE))];

static SIGNATURE: [Field; 1] = [field("name", 1, Kind::Text)];

static NODE: [Field; 3] =
    [field("name", 1, Kind::Text), field("op", 2, Kind::Text), field("attr", 5, Kind::Message(&ATTRIBUTE))];

static ATTRIBUTE: [Field; 2] = [field("key", 1, Kind::Text), field("value", 2, Kind::Message(&VALUE))];

static VALUE: [Field; 3] = [
    field("list", 1, Kind::Message(&LIST)),
    field("tensor", 8, Kind::Message(&TENSOR)),
    field("func", 10, Kind::Message(&CALL)),
];

static LIST: [Field; 2] = [field("tensor", 8, Kind::Message(&TENSOR)), field("func", 9, Kind::Message(&CALL))];

static CALL: [Field; 1] = [field("attr", 2, Kind::Message(&ATTRIBUTE))];

static TENSOR: [Field; 15] = [
    field("dtype", 1, Kind::Enum(dtypes::by_word)),
    field("tensor_shape", 2, Kind::Message(&SHAPE)),
    field("tensor_content", 4, Kind::Text),
    field("float_val", 5, Kind::Float),
    field("double_val", 6, Kind::Double),
    field("int_val", 7, Kind::Whole),
    field("string_val", 8, Kind::Text),
    field("scomplex_val", 9, Kind::Float),
    field("int64_val", 10, Kind::Whole),
    field("bool_val", 11, Kind::Whole),
    field("dcomplex_val", 12, Kind::Double),
    field("half_val", 13, Kind::Whole),
    field("uint32_val", 16, Kind::Whole),
    field("uint64_val", 17, Kind::Whole),
    field("float8_val", 18, Kind::Text),
];

static SHAPE: [Field; 2] = [field("dim", 2, Kind::Message(&DIMENSION)), field("unknown_rank", 3, Kind::Whole)];

static DIMENSION: [Field; 1] = [field("size", 1, Kind::Whole)];
