//! What no converter at hand writes: models of more than 2 GB, elements in other files, and tables that lie.

mod common;

use common::flatbuffers::{Node, file, numbers, text};
use common::{Sparse, counted, warned};
use paramscope::formats;
use paramscope::model::{Checkpoint, Layout, Scale, Tensor};
use paramscope::source::{Files, Memory, ReadAt};
use paramscope::view::report::first;
use serde_json::json;
use std::rc::Rc;

const FLOAT32: u8 = 0;
const INT8: u8 = 9;

/// A tensor of this type and shape in this buffer, with other fields.
fn tensor(name: &str, kind: u8, shape: &[i32], buffer: u32, more: Vec<(usize, Node)>) -> Node {
    let mut fields = vec![(0, numbers(shape)), (1, Node::U8(kind)), (2, Node::U32(buffer)), (3, text(name))];
    fields.extend(more);
    Node::Table(fields)
}

/// A model of one graph with these tensors and buffers.
fn model(tensors: Vec<Node>, buffers: Vec<Node>, more: Vec<(usize, Node)>) -> Vec<u8> {
    let graph = Node::Table(vec![(0, Node::Tables(tensors)), (4, text("main"))]);
    let mut fields = vec![(0, Node::U32(3)), (2, Node::Tables(vec![graph])), (4, Node::Tables(buffers))];
    fields.extend(more);
    file(*b"TFL3", Node::Table(fields))
}

fn bytes(bytes: &[u8]) -> Node {
    Node::Table(vec![(0, Node::List(1, bytes.to_vec()))])
}

fn empty() -> Node {
    Node::Table(Vec::new())
}

fn open(bytes: Vec<u8>) -> Checkpoint {
    formats::open(&Files::one("model.tflite", Rc::new(Memory::new(bytes)))).unwrap()
}

fn shown(checkpoint: &Checkpoint, index: usize) -> serde_json::Value {
    serde_json::to_value(first(&checkpoint.files, &checkpoint.tensors[index]).unwrap()).unwrap()
}

fn names(tensors: &[Tensor]) -> Vec<&str> {
    tensors.iter().map(|tensor| tensor.name.as_str()).collect()
}

#[test]
fn elements_behind_2_gb_are_found_by_their_offset() {
    let (each, count) = (1u64 << 30, 50u64);
    let layers = |base: u64| {
        let tensors = (0..count).map(|index| {
            let buffer = u32::try_from(index + 1).unwrap();
            tensor(&format!("layer{index}"), FLOAT32, &[1 << 14, 1 << 14], buffer, Vec::new())
        });
        let held = (0..count).map(|index| Node::Table(vec![(1, Node::U64(base + index * each)), (2, Node::U64(each))]));
        // An offset of 1 only keeps the place of one.
        let nothing = Node::Table(vec![(1, Node::U64(1))]);
        model(tensors.collect(), std::iter::once(nothing).chain(held).collect(), Vec::new())
    };
    let base = layers(0).len() as u64;
    let mut whole = Sparse::default();
    whole.push(&layers(base));
    whole.skip((count - 1) * each);
    whole.push(&1.5f32.to_le_bytes());
    whole.skip(each - 4);
    let (files, counts) = counted(&Files::one("model.tflite", Rc::new(whole)));
    let checkpoint = formats::open(&files).unwrap();
    assert_eq!((checkpoint.tensors.len() as u64, warned(&checkpoint)), (count, false));
    assert!(counts.bytes.get() <= base + (64 << 10) && counts.reads.get() < 2 * count, "{counts:?}");
    assert_eq!(shown(&checkpoint, 49)[0], 1.5);

    // The table is there, the elements of the last layers are not.
    let mut cut = Sparse::default();
    cut.push(&layers(base));
    cut.skip((count - 2) * each);
    let cut = formats::open(&Files::one("model.tflite", Rc::new(cut))).unwrap();
    let lost = |tensor: &&Tensor| matches!(tensor.layout, Layout::Unreadable { .. });
    assert_eq!((cut.tensors.len(), cut.tensors.iter().filter(lost).count(), warned(&cut)), (50, 2, true));
}

#[test]
fn what_has_no_elements_is_no_tensor_but_told() {
    let variable = || vec![(5, Node::U8(1))];
    let checkpoint = open(model(
        vec![
            tensor("state", FLOAT32, &[1, 2], 0, variable()),
            tensor("activation", FLOAT32, &[1, 2], 0, Vec::new()),
            tensor("begun", FLOAT32, &[1], 1, variable()),
        ],
        vec![empty(), bytes(&2f32.to_le_bytes())],
        Vec::new(),
    ));
    assert_eq!((names(&checkpoint.tensors), warned(&checkpoint)), (vec!["begun"], false));
    let told = checkpoint.metadata.iter().find(|entry| entry.key().ends_with("variables without values")).unwrap();
    assert_eq!(told.value.to_string(), "state: f32 [1, 2]");
}

#[test]
fn elements_in_another_file_are_asked_for() {
    let group = Node::Table(vec![(0, text("weights.bin"))]);
    let external = Node::Table(vec![(0, Node::U32(7)), (1, Node::U32(0)), (2, Node::U64(4)), (3, Node::U64(8))]);
    let bytes = model(
        vec![
            tensor("w", FLOAT32, &[2], 0, vec![(10, Node::U32(7))]),
            tensor("v", FLOAT32, &[2], 0, vec![(10, Node::U32(8))]),
        ],
        vec![empty()],
        vec![(8, Node::Tables(vec![group])), (9, Node::Tables(vec![external]))],
    );
    let alone = open(bytes.clone());
    assert_eq!(alone.tensors[0].layout, Layout::Absent { file: "weights.bin".to_owned() });
    assert!(matches!(alone.tensors[1].layout, Layout::Unreadable { .. }) && warned(&alone));
    let asked = alone.notes.iter().find(|note| note.place.as_deref() == Some("weights.bin")).unwrap();
    assert!(
        asked.message.contains("was not given; drop it") && asked.message.contains("1 of the tensors"),
        "{asked:?}"
    );
    let mut files = Files::one("a/model.tflite", Rc::new(Memory::new(bytes)));
    files.add("a/weights.bin", Rc::new(Memory::new([0f32, 1.0, 2.0].map(f32::to_le_bytes).concat())));
    assert_eq!(shown(&formats::open(&files).unwrap(), 0), json!([1.0, 2.0]));
}

#[test]
fn matrices_that_are_stored_sparsely_are_read() {
    let list = |numbers: &[i32]| Node::Table(vec![(0, common::flatbuffers::numbers(numbers))]);
    let dense = |size: u32| Node::Table(vec![(1, Node::U32(size))]);
    let compressed = |segments: &[i32], indices: &[i32]| {
        Node::Table(vec![(0, Node::U8(1)), (2, Node::U8(1)), (3, list(segments)), (4, Node::U8(1)), (5, list(indices))])
    };
    let sparsity = |order: &[i32], blocks: &[i32], dimensions| {
        let fields = vec![(0, numbers(order)), (1, numbers(blocks)), (2, Node::Tables(dimensions))];
        vec![(6, Node::Table(fields))]
    };
    let values = |values: &[f32]| bytes(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    let checkpoint = open(model(
        vec![
            tensor(
                "rows",
                FLOAT32,
                &[2, 3],
                0,
                sparsity(&[0, 1], &[], vec![dense(2), compressed(&[0, 1, 3], &[1, 0, 2])]),
            ),
            tensor(
                "blocks",
                FLOAT32,
                &[2, 4],
                1,
                sparsity(&[0, 1, 2, 3], &[0, 1], vec![dense(1), compressed(&[0, 1], &[1]), dense(2), dense(2)]),
            ),
            tensor(
                "columns",
                FLOAT32,
                &[2, 3],
                0,
                sparsity(&[1, 0], &[], vec![dense(3), compressed(&[0, 1, 2, 3], &[1, 0, 1])]),
            ),
        ],
        vec![values(&[1.0, 2.0, 3.0]), values(&[1.0, 2.0, 3.0, 4.0])],
        Vec::new(),
    ));
    assert_eq!(shown(&checkpoint, 0), json!([0.0, 1.0, 0.0, 2.0, 0.0, 3.0]));
    assert_eq!(shown(&checkpoint, 1), json!([0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 4.0]));
    assert!(matches!(checkpoint.tensors[2].layout, Layout::Unreadable { .. }) && warned(&checkpoint));
}

#[test]
fn scales_that_do_not_fit_leave_the_codes() {
    let quantised = |scales: usize, zeros: usize, axis: u32| {
        let scales = Node::List(4, [0.5f32.to_le_bytes()].repeat(scales).concat());
        let zeros = Node::List(8, [3i64.to_le_bytes()].repeat(zeros).concat());
        vec![(4, Node::Table(vec![(2, scales), (3, zeros), (6, Node::U32(axis))]))]
    };
    let codes = |name, parameters| tensor(name, INT8, &[2, 3], 1, parameters);
    let checkpoint = open(model(
        vec![
            codes("one", quantised(1, 1, 0)),
            codes("one, no zero", quantised(1, 0, 0)),
            codes("each", quantised(3, 3, 1)),
            codes("each, one zero", quantised(3, 1, 1)),
            codes("each, no zero", quantised(2, 0, 0)),
            codes("none", quantised(0, 0, 0)),
            codes("other axis", quantised(3, 3, 0)),
            codes("no axis", quantised(3, 3, u32::MAX)),
            codes("other zeros", quantised(3, 2, 1)),
        ],
        vec![empty(), bytes(&[1, 2, 3, 4, 5, 6])],
        Vec::new(),
    ));
    let read: Vec<_> = checkpoint
        .tensors
        .iter()
        .map(|tensor| {
            tensor
                .dequantized()
                .map(|tensor| serde_json::to_value(first(&checkpoint.files, &tensor).unwrap()).unwrap()[0].clone())
        })
        .collect();
    let (lower, same) = (Some(json!(-1.0)), Some(json!(0.5)));
    assert_eq!(read, [lower.clone(), same.clone(), lower.clone(), lower, same, None, None, None, None]);
    assert!(matches!(checkpoint.tensors[0].scale.as_deref(), Some(Scale::PerTensor { zero_point: 3, .. })));
    assert_eq!((shown(&checkpoint, 8), checkpoint.notes.len()), (json!([1, 2, 3, 4, 5, 6]), 3));
}

#[test]
fn shapes_and_buffers_that_lie_are_told() {
    let checkpoint = open(model(
        vec![
            tensor("negative", FLOAT32, &[-1], 1, Vec::new()),
            tensor("short", FLOAT32, &[2], 1, Vec::new()),
            tensor("long", FLOAT32, &[], 2, Vec::new()),
            tensor("huge", FLOAT32, &[i32::MAX, i32::MAX, i32::MAX], 1, Vec::new()),
            tensor("no buffer", FLOAT32, &[1], 9, Vec::new()),
            tensor("resource", 13, &[1], 1, Vec::new()),
            tensor("new", 99, &[1], 1, Vec::new()),
        ],
        vec![empty(), bytes(&[0; 4]), bytes(&[0; 8])],
        Vec::new(),
    ));
    let read = |tensor: &&Tensor| matches!(tensor.layout, Layout::Dense(_));
    assert_eq!(checkpoint.tensors.iter().filter(read).map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(), ["long"]);
    assert_eq!((checkpoint.tensors.len(), checkpoint.notes.len()), (7, 7));
}

#[test]
fn a_file_whose_every_byte_may_be_another_opens_or_is_refused() {
    let good = std::fs::read(common::tests_folder().join("fixtures/tensorflow/types_handmade.tflite")).unwrap();
    for at in 0..good.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            let source: Rc<dyn ReadAt> = Rc::new(Memory::new(bad));
            if let Ok(checkpoint) = formats::open(&Files::one("model.tflite", source)) {
                for tensor in &checkpoint.tensors {
                    let _ = first(&checkpoint.files, tensor);
                    let _ = tensor.dequantized().map(|tensor| first(&checkpoint.files, &tensor));
                }
            }
        }
    }
}

#[test]
fn texts_are_those_that_the_interpreter_gives() {
    let bytes = std::fs::read(common::tests_folder().join("fixtures/tensorflow/strings.tflite")).unwrap();
    let checkpoint = open(bytes);
    assert_eq!(shown(&checkpoint, 0), json!(["abc", "é", "", "long long text"]));
}

#[test]
fn codes_stand_for_what_the_schema_says() {
    let mut checked = 0;
    for golden in common::goldens().iter().filter(|golden| golden["format"] == "tflite") {
        let path = common::entry(golden);
        let bytes = std::fs::read(path).unwrap();
        let checkpoint = open(bytes);
        for (tensor, golden) in checkpoint.tensors.iter().zip(golden["tensors"].as_array().unwrap()) {
            let quant = &golden["extra"]["quant"];
            assert_eq!(tensor.dequantized().is_some(), quant.is_object(), "{}", tensor.name);
            let (Some(codes), Some(values)) = (golden["values"].as_array(), tensor.dequantized()) else { continue };
            let of = |list: &str, channel: usize| {
                let list = quant[list].as_array().unwrap();
                list[channel % list.len()].as_f64().unwrap()
            };
            let inside: u64 =
                tensor.shape[usize::try_from(quant["axis"].as_u64().unwrap()).unwrap() + 1..].iter().product();
            let channels = quant["scale"].as_array().unwrap().len();
            let expected: Vec<f64> = codes
                .iter()
                .enumerate()
                .map(|(place, code)| {
                    let channel = place / usize::try_from(inside).unwrap() % channels;
                    let value = of("scale", channel) * (code.as_f64().unwrap() - of("zero_point", channel));
                    #[expect(clippy::cast_possible_truncation, reason = "TFLite rounds so")]
                    f64::from(value as f32)
                })
                .collect();
            let start = vec![0; values.shape.len()];
            let found = paramscope::view::values::values(&checkpoint.files, &values, &start, &values.shape).unwrap();
            assert_eq!(serde_json::to_value(found).unwrap(), json!(expected), "{}", tensor.name);
            checked += 1;
        }
    }
    assert!(checked > 5, "{checked}");
}
