//! Graphs that no framework at hand writes: constants of functions and of attributes, lists of every length, large and deep ones.

mod common;

use common::{Sparse, counted, warned};
use paramscope::analysis::{Study, Wants};
use paramscope::error::{Kind, Result};
use paramscope::formats;
use paramscope::model::{Checkpoint, Layout};
use paramscope::source::{Files, Memory, ReadAt};
use paramscope::view::report::first;
use serde_json::{Value, json};
use std::rc::Rc;

fn open(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Checkpoint> {
    let source: Rc<dyn ReadAt> = Rc::new(Memory::new(bytes));
    formats::open(&Files::one(name, source))
}

/// A graph of constants of these names and fields.
fn text(constants: &[(&str, &str)]) -> String {
    let node = |(name, tensor): &(&str, &str)| {
        format!("node {{ name: '{name}' op: 'Const' attr {{ key: 'value' value {{ tensor {{ {tensor} }} }} }} }}\n")
    };
    constants.iter().map(node).chain(["versions { producer: 9 }".to_owned()]).collect()
}

fn shown(checkpoint: &Checkpoint) -> Vec<(&str, Value)> {
    let tensors = checkpoint.tensors.iter();
    let shown = tensors.map(|tensor| {
        let elements = first(&checkpoint.files, tensor).map(|first| serde_json::to_value(first).unwrap());
        (tensor.name.as_str(), elements.unwrap_or(Value::Null))
    });
    shown.collect()
}

const THREE: &str = "tensor_shape { dim { size: 3 } }";

#[test]
fn lists_of_every_length_are_read() {
    let of = |fields: &str| format!("{THREE} {fields}");
    let constants = [
        ("short", of("dtype: DT_INT64 int64_val: [-5, 6]")),
        ("long", of("dtype: DT_UINT8 int_val: [1, 2, 255, 4]")),
        ("one", of("dtype: DT_BOOL bool_val: true")),
        ("none", of("dtype: DT_DOUBLE")),
        ("other list", of("dtype: DT_INT32 float_val: 1.5")),
        ("complex", of("dtype: DT_COMPLEX128 dcomplex_val: [1, 2, 3]")),
        ("half", of("dtype: DT_BFLOAT16 half_val: [16256, 49152]")),
        ("bytes", of("dtype: DT_FLOAT8_E5M2 float8_val: '<\\300'")),
        ("unsigned", of("dtype: DT_UINT64 uint64_val: 18446744073709551615")),
        ("texts", of("dtype: DT_STRING string_val: ['a', '\\377']")),
        ("no texts", of("dtype: DT_STRING")),
        ("texts in a row", of("dtype: DT_STRING tensor_content: '\\001\\000\\002abc'")),
        ("quantised", of("dtype: DT_QINT8 tensor_content: '\\377\\000\\001'")),
    ];
    let constants: Vec<(&str, &str)> = constants.iter().map(|(name, fields)| (*name, fields.as_str())).collect();
    let checkpoint = open("graph.pbtxt", text(&constants)).unwrap();
    let expected = [
        ("short", json!([-5, 6, 6])),
        ("long", json!([1, 2, 255])),
        ("one", json!([true, true, true])),
        ("none", json!([0.0, 0.0, 0.0])),
        ("other list", json!([0, 0, 0])),
        ("complex", json!([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])),
        ("half", json!([1.0, -2.0, -2.0])),
        ("bytes", json!([1.0, -2.0, -2.0])),
        ("unsigned", json!(["18446744073709551615", "18446744073709551615", "18446744073709551615"])),
        ("texts", json!(["a", {"hex": "ff"}, {"hex": "ff"}])),
        ("no texts", json!(["", "", ""])),
        ("texts in a row", json!(["a", "", "bc"])),
        ("quantised", json!([-1, 0, 1])),
    ];
    assert_eq!(shown(&checkpoint), expected);
    assert!(!warned(&checkpoint), "{:?}", checkpoint.notes);
}

#[test]
fn what_cannot_be_read_is_listed_and_told() {
    let huge = "dim { size: 9000000000 }".repeat(3);
    let checkpoint = open(
        "graph.pbtxt",
        text(&[
            ("content", &format!("dtype: DT_FLOAT {THREE} tensor_content: 'abc'")),
            ("size", "dtype: DT_FLOAT tensor_shape { dim { size: -1 } }"),
            ("rank", "dtype: DT_FLOAT tensor_shape { unknown_rank: true }"),
            ("count", &format!("dtype: DT_FLOAT tensor_shape {{ {huge} }}")),
            ("type", "dtype: 77"),
            ("handle", "dtype: DT_RESOURCE"),
            ("texts", "dtype: DT_STRING tensor_content: '\\005a'"),
            ("many texts", "dtype: DT_STRING tensor_shape { dim { size: 9000000000 } }"),
        ]),
    )
    .unwrap();
    let lost = checkpoint.tensors.iter().filter(|tensor| matches!(tensor.layout, Layout::Unreadable { .. })).count();
    assert_eq!((checkpoint.tensors.len(), lost, checkpoint.notes.len()), (8, 8, 8), "{:?}", checkpoint.notes);
}

#[test]
fn one_value_fills_any_shape_without_being_held_so_often() {
    let shape = "tensor_shape { dim { size: 1048576 } dim { size: 1048576 } }";
    let checkpoint = open(
        "graph.pbtxt",
        text(&[
            ("one", &format!("dtype: DT_FLOAT {shape} float_val: 2.5")),
            ("two", &format!("dtype: DT_FLOAT {shape} float_val: [1, 2]")),
        ]),
    )
    .unwrap();
    assert_eq!(shown(&checkpoint)[1].1, json!([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]));
    let found = Study::whole(&Wants::USUAL, &checkpoint, &checkpoint.tensors[0]).unwrap().unwrap();
    assert_eq!((found.counts.finite, found.limits), (1 << 40, Some((2.5, 2.5))));
}

#[test]
fn functions_and_attributes_have_constants_too() {
    let tensor = "tensor { dtype: DT_INT32 int_val: 7 }";
    let constant = |name: &str| format!("name: '{name}' op: 'Const' attr {{ key: 'value' value {{ {tensor} }} }}");
    let graph = format!(
        "# A graph\nnode {{ name: 'n' op: 'Custom' attr {{ key: 'init' value {{ {tensor} }} }}
         attr {{ key: 'all' value {{ list {{ {tensor} {tensor} }} }} }}
         attr {{ key: 'f' value {{ func {{ name: 'g' attr {{ key: 'c' value {{ {tensor} }} }} }} }} }} }}
         node {{ attr {{ key: 'value' value {{ {tensor} }} }} op: 'Const' name: 'late' }}
         library {{ function {{ signature {{ name: 'fun' }} node_def {{ {} }} }} }}
         versions {{ producer: 27 min_consumer: 12 }}",
        constant("inner")
    );
    let checkpoint = open("graph.txt", graph).unwrap();
    let names: Vec<&str> = checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["n/init", "n/all/0", "n/all/1", "n/f/c", "late", "fun/inner"]);
    assert!(shown(&checkpoint).iter().all(|(_, elements)| *elements == json!([7])));
    let told = |key: &str| checkpoint.metadata.iter().find(|entry| entry.key() == key).unwrap().value.to_string();
    let told =
        ["form", "versions.producer", "versions.min_consumer", "nodes", "functions", "operators.Const"].map(told);
    assert_eq!(told, ["text", "27", "12", "3", "1", "2"]);
    assert_eq!((checkpoint.producer.as_deref(), warned(&checkpoint)), (Some("TensorFlow, graph version 27"), false));
}

#[test]
fn a_text_that_is_cut_shows_what_was_whole() {
    let whole = text(&[("a", "dtype: DT_INT32 int_val: 1"), ("b", "dtype: DT_INT32 int_val: 2")]);
    let cut = open("graph.pbtxt", &whole.as_bytes()[..whole.find("'b'").unwrap()]).unwrap();
    assert_eq!((shown(&cut), warned(&cut)), (vec![("a", json!([1]))], true));
    let deep = format!("node {{ name: 'a' op: 'Const' {}", "attr { value { func { ".repeat(100_000));
    assert_eq!(open("graph.pbtxt", deep).unwrap_err().kind, Kind::TooLarge);
}

/// A field of bytes, without them.
fn key(number: u8, mut len: u64) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    while len >= 0x80 {
        bytes.push(len.to_le_bytes()[0] | 0x80);
        len >>= 7;
    }
    bytes.push(len.to_le_bytes()[0]);
    bytes
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [key(number, content.len() as u64), content.to_vec()].concat()
}

#[test]
fn opening_100_gb_reads_what_stands_between_the_elements() {
    let each: u64 = 1 << 30;
    let mut file = Sparse::default();
    for index in 0..100 {
        let shape = field(2, &[field(2, b"\x08\x80\x80\x01"), field(2, b"\x08\x80\x80\x01")].concat());
        let before = [b"\x08\x01".as_slice(), &shape, &key(4, each)].concat();
        // From the inside out: what each message has before the elements.
        let mut messages = vec![before];
        for (number, front) in [
            (8, Vec::new()),
            (2, field(1, b"value")),
            (5, [field(1, format!("w{index}").as_bytes()), field(2, b"Const")].concat()),
        ] {
            let inner = messages.last().unwrap();
            let len = inner.len() as u64 + each;
            messages.push([front, key(number, len), inner.clone()].concat());
        }
        let node = messages.pop().unwrap();
        file.push(&[key(1, node.len() as u64 + each), node].concat());
        file.skip(each);
        let small = [field(1, b"add"), field(2, b"AddV2"), field(3, b"input")].concat();
        file.push(&field(1, &small).repeat(20));
    }
    file.push(b"\x22\x02\x08\x1b");
    let headers = file.len() - 100 * each;
    let (files, counts) = counted(&Files::one("graph.pb", Rc::new(file)));
    let checkpoint = formats::open(&files).unwrap();
    assert_eq!((checkpoint.tensors.len(), warned(&checkpoint)), (100, false));
    assert_eq!(checkpoint.tensors[99].shape, [1 << 14, 1 << 14]);
    let (bytes, reads) = (counts.bytes.get(), counts.reads.get());
    println!("100 GB of a graph: {bytes} bytes in {reads} reads, headers take {headers}");
    assert!(bytes <= 2 * headers + 100 * 512 + (64 << 10) && reads <= 16 + 4 * 100, "{bytes} bytes in {reads} reads");
}

#[test]
fn a_small_file_of_many_constants_is_bounded() {
    let node = [
        field(1, b"a"),
        field(2, b"Const"),
        field(5, &[field(1, b"value"), field(2, &field(8, b"\x08\x01"))].concat()),
    ];
    let node = field(1, &node.concat());
    let checkpoint = open("graph.pb", node.repeat(200_000)).unwrap();
    assert!(checkpoint.tensors.len() > 50_000 && checkpoint.tensors.len() < 150_000 && warned(&checkpoint));
}

#[test]
fn what_only_begins_as_one_is_no_graph() {
    for bytes in [
        &b"\x0a\x05hello"[..],
        b"\x0a\x08\x0a\x01a\x12\x03add",
        b"\x0a\x04\x0a\x02a\x00",
        b"node {",
        b"node { name: 'a' }",
    ] {
        assert!(open("file", bytes).is_err(), "{bytes:?}");
    }
    // By its name alone, but of other fields.
    assert!(open("file.pb", *b"\x08\x01\x32\x00").is_err());
    assert!(open("file.pb", [field(1, &[field(1, b"a"), field(2, b"Add")].concat()), field(9, b"")].concat()).is_err());
}

#[test]
fn a_graph_whose_every_byte_may_be_another_opens_or_is_refused() {
    for fixture in ["graph_consts.pb", "frozen_graph.pb"] {
        let good = std::fs::read(common::tests_folder().join("fixtures/tensorflow").join(fixture)).unwrap();
        for at in 0..good.len() {
            for value in [0, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                if let Ok(checkpoint) = open("graph.pb", bad) {
                    shown(&checkpoint);
                }
            }
        }
    }
}
