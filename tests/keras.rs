//! Keras's files where something is missing, or is not as Keras puts it.

mod common;

use common::archives::ZipWriter;
use common::{entry, goldens, tests_folder, warned};
use paramscope::analysis::{Study, Wants};
use paramscope::error::{Kind, Result};
use paramscope::formats;
use paramscope::model::{Checkpoint, Layout, Level};
use paramscope::source::{Files, files_from_paths};
use std::path::PathBuf;
use std::rc::Rc;

fn fixture(name: &str) -> PathBuf {
    tests_folder().join("fixtures/keras").join(name)
}

fn open(path: PathBuf) -> Checkpoint {
    formats::open(&files_from_paths(&[path]).unwrap()).unwrap()
}

/// Opens an archive of these records.
fn archive(records: &[(&str, &[u8])]) -> Result<Checkpoint> {
    let mut zip = ZipWriter::default();
    for (name, bytes) in records {
        zip.add(name, bytes);
    }
    formats::open(&Files::one("model.keras", Rc::new(zip.finish())))
}

#[test]
fn kernels_have_a_channel_for_each_output() {
    let checkpoint = open(fixture("functional.h5"));
    let kernel = checkpoint.tensors.iter().find(|tensor| tensor.name == "stem_conv/kernel").unwrap();
    assert_eq!(kernel.shape, [3, 3, 3, 4]);
    let channels = Study::whole(&Wants::USUAL, &checkpoint, kernel).unwrap().unwrap().channels.unwrap();
    assert_eq!((channels.rows.l2.len(), channels.columns.l2.len()), (27, 4));
}

#[test]
fn a_shard_that_was_not_given_is_asked_for_and_its_groups_are_named() {
    let given = ["model.weights.json", "model_00000.weights.h5"].map(|name| fixture("sharded_weights").join(name));
    let files = files_from_paths(&given).unwrap().filtered(|_, file| file.name != "model_00001.weights.h5");
    let checkpoint = formats::open(&files).unwrap();
    let names: Vec<&str> = checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["sequential/dense/kernel", "sequential/dense/bias", "layers/dense_1/vars"]);
    assert!(matches!(&checkpoint.tensors[2].layout, Layout::Absent { file } if file == "model_00001.weights.h5"));
    let asked = |text: &str| text.contains("model_00001.weights.h5") && text.contains("not given");
    assert!(checkpoint.notes.iter().any(|note| note.level == Level::Warning && asked(&note.message)));
}

#[test]
fn weights_are_shown_by_the_files_own_names_where_there_is_no_config() {
    let h5 = std::fs::read(fixture("simplenn.weights.h5")).unwrap();
    let checkpoint = archive(&[("model.weights.h5", &h5)]).unwrap();
    assert!(warned(&checkpoint));
    assert_eq!(checkpoint.tensors[2].name, "sequential/dense_1/kernel");
    assert_eq!(
        checkpoint.layers.iter().flat_map(|layer| &layer.weights).filter_map(|weight| weight.index).max(),
        Some(3)
    );
}

#[test]
fn weights_in_numpys_format_are_refused_with_the_way_to_them() {
    let (config, metadata) = (b"{}".as_slice(), br#"{"keras_version": "3.0.0"}"#.as_slice());
    let records = [("config.json", config), ("metadata.json", metadata), ("model.weights.npz", b"PK")];
    let error = archive(&records).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert!(error.message.contains("model.weights.npz"), "{error}");
}

#[test]
fn a_lambda_is_told_as_a_danger_and_never_decoded() {
    let h5 = std::fs::read(fixture("simplenn_uncompiled.h5")).unwrap();
    let layer = r#"{"class_name": "Lambda", "config": {"name": "twice", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}}"#;
    let config = format!(r#"{{"class_name": "Sequential", "config": {{"name": "m", "layers": [{layer}]}}}}"#);
    let metadata = br#"{"keras_version": "3.15.1"}"#.as_slice();
    let records = [("config.json", config.as_bytes()), ("metadata.json", metadata), ("model.weights.h5", &h5)];
    let checkpoint = archive(&records).unwrap();
    let dangers: Vec<_> = checkpoint.notes.iter().filter(|note| note.level == Level::Danger).collect();
    assert_eq!(dangers.len(), 1);
    assert!(dangers[0].message.contains("Lambda layer \"twice\" may bring"), "{}", dangers[0].message);
}

#[test]
fn every_weight_has_its_number_once() {
    let mut numbered = 0;
    for golden in goldens().iter().filter(|golden| golden["facts"]["get_weights"].is_array()) {
        let checkpoint = open(entry(golden));
        let mut numbers: Vec<usize> =
            checkpoint.layers.iter().flat_map(|layer| &layer.weights).filter_map(|weight| weight.index).collect();
        numbers.sort_unstable();
        let told = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), told, "{}", golden["fixture"]);
        // Small weights of LoRA are listed there and in no file.
        assert!(numbers.iter().all(|number| *number < golden["facts"]["get_weights"].as_array().unwrap().len()));
        numbered += told;
    }
    assert!(numbered > 200, "only {numbered}");
}

/// Written by tf_keras: `inner` is in two models of a third, which has 6 weights and lists 8.
#[test]
fn weights_that_two_models_share_have_no_number_without_a_config() {
    let checkpoint = open(fixture("keras2_shared_weights.h5"));
    let weights: Vec<_> = checkpoint.layers.iter().flat_map(|layer| &layer.weights).collect();
    assert_eq!(weights.len(), 8);
    assert!(weights.iter().all(|weight| weight.index.is_none()));
    assert!(checkpoint.notes.iter().any(|note| note.message.contains("no number in get_weights()")));
}
