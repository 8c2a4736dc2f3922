//! TensorFlow files written by hand: many shards, slices, packed tables, several checkpoints, what is missing, what is damaged.

mod common;

use common::bundles::{PLAIN, Told, Way, bundle, header, table};
use common::{Sparse, counted, tests_folder, warned};
use paramscope::analysis::{Study, Wants, sha256};
use paramscope::decode::{Cell, Shown};
use paramscope::error::Kind;
use paramscope::formats;
use paramscope::model::{Checkpoint, Layout, Role, Tensor};
use paramscope::source::{Files, Memory, files_from_paths};
use std::rc::Rc;

const F32: u64 = 1;

/// Whole numbers as float32.
fn floats(values: std::ops::Range<u16>) -> Vec<u8> {
    values.flat_map(|value| f32::from(value).to_le_bytes()).collect()
}

fn shown(checkpoint: &Checkpoint, tensor: &Tensor) -> Vec<Cell> {
    let mut shown = Shown::new(&checkpoint.files, tensor).unwrap();
    let count = shown.count();
    shown.read(0, count).unwrap()
}

fn entry(name: &str, told: &Told) -> (Vec<u8>, Vec<u8>) {
    (name.as_bytes().to_vec(), told.written())
}

/// Two boxes of a tensor of 2 × 6: columns 0 to 1 in the first shard, columns 2 to 5 in the second one.
fn sliced(packed: bool) -> Files {
    let left: Vec<u8> = [floats(0..2), floats(6..8)].concat();
    let right: Vec<u8> = [floats(2..6), floats(8..12)].concat();
    let mut whole = Told::dense(F32, &[2, 6], 0, 0, &[]);
    whole.slices = vec![vec![(0, 2), (0, 2)], vec![(0, 2), (2, 4)]];
    // `0`, the name, its end, two dimensions, and the first index and the length of each.
    let key = |at: u8, len: u8| [b"\0w\0\x01\x01\x02\x80\x82".as_slice(), &[0x80 + at, 0x80 + len]].concat();
    let entries = [
        header(2, false),
        (key(0, 2), Told::dense(F32, &[2, 2], 0, 0, &left).written()),
        (key(2, 4), Told::dense(F32, &[2, 4], 1, 4, &right).written()),
        entry("w", &whole),
    ];
    bundle(&entries, Way { packed, ..PLAIN }, &[left, [vec![9; 4], right].concat()])
}

#[test]
fn slices_are_put_together_across_shards_and_out_of_packed_tables() {
    for packed in [false, true] {
        let checkpoint = formats::open(&sliced(packed)).unwrap();
        let [tensor] = checkpoint.tensors.as_slice() else { panic!("one tensor") };
        assert_eq!((tensor.name.as_str(), tensor.shape.as_slice()), ("w", &[2, 6][..]));
        let values: Vec<Cell> = (0..12).map(|value| Cell::Float(value.into())).collect();
        assert_eq!(shown(&checkpoint, tensor), values);
        assert!(!warned(&checkpoint), "{:?}", checkpoint.notes);
    }
}

#[test]
fn a_shard_that_is_missing_leaves_the_names() {
    let files = sliced(false).filtered(|_, file| !file.name.contains("00001-of"));
    let checkpoint = formats::open(&files).unwrap();
    let file = "ckpt.data-00001-of-00002";
    assert_eq!(checkpoint.tensors[0].layout, Layout::Absent { file: file.to_owned() });
    assert_eq!(checkpoint.notes[0].place.as_deref(), Some(file));
    let files = files.filtered(|_, file| file.name.contains("data"));
    assert!(formats::open(&files).unwrap_err().message.contains(".index"));
}

#[test]
fn a_packed_index_of_small_blocks_is_read() {
    let names: Vec<String> = (0..1000).map(|index| format!("layer/{index:04}/kernel")).collect();
    let bytes = floats(0..2);
    let told = Told::dense(F32, &[2], 0, 0, &bytes);
    let entries: Vec<_> = [header(1, false)].into_iter().chain(names.iter().map(|name| entry(name, &told))).collect();
    for packed in [false, true] {
        let checkpoint =
            formats::open(&bundle(&entries, Way { block: 1 << 10, packed }, std::slice::from_ref(&bytes))).unwrap();
        assert!(checkpoint.tensors.iter().map(|tensor| &tensor.name).eq(&names));
    }
}

#[test]
fn big_endian_elements_are_turned_around() {
    let bytes: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|value| value.to_be_bytes()).collect();
    let entries = [header(1, true), entry("w", &Told::dense(F32, &[2], 0, 0, &bytes))];
    let checkpoint = formats::open(&bundle(&entries, PLAIN, &[bytes])).unwrap();
    assert_eq!(shown(&checkpoint, &checkpoint.tensors[0]), [Cell::Float(1.5), Cell::Float(-2.0)]);
    assert!(!warned(&checkpoint));
}

/// Studies a tensor to its end.
fn study(checkpoint: &Checkpoint, tensor: &Tensor) -> paramscope::error::Result<()> {
    Study::whole(&Wants::USUAL, checkpoint, tensor).map(drop)
}

#[test]
fn sums_are_compared_when_a_whole_tensor_was_read() {
    // More than opening looks at, and more than one chunk of a study.
    let sound = floats(0..u16::MAX).repeat(40);
    let told = Told::dense(F32, &[sound.len() as u64 / 4], 0, 0, &sound);
    let entries = [header(1, false), entry("w", &told)];
    for (at, fits) in [(None, true), (Some(9_000_000), false), (Some(100_000), false)] {
        let mut bytes = sound.clone();
        if let Some(at) = at {
            bytes[at] ^= 1;
        }
        let checkpoint = formats::open(&bundle(&entries, PLAIN, &[bytes])).unwrap();
        assert!(!warned(&checkpoint));
        let studied = study(&checkpoint, &checkpoint.tensors[0]);
        assert_eq!(studied.is_ok(), fits, "{at:?}");
        if let Err(error) = studied {
            assert_eq!(error.kind, Kind::Malformed);
            assert!(error.to_string().starts_with("ckpt.data-00000-of-00001: The checksum"), "{error}");
        }
    }
}

#[test]
fn sums_of_slices_are_compared_too() {
    let files = sliced(false);
    let checkpoint = formats::open(&files).unwrap();
    study(&checkpoint, &checkpoint.tensors[0]).unwrap();
    let mut damaged = Files::new();
    for (_, file) in files.iter() {
        let mut bytes = paramscope::source::read_vec(&*file.source, 0, file.source.size()).unwrap();
        if file.name.contains("00001-of") {
            *bytes.last_mut().unwrap() ^= 1;
        }
        damaged.add(&file.name, Rc::new(Memory::new(bytes)));
    }
    let checkpoint = formats::open(&damaged).unwrap();
    assert!(warned(&checkpoint));
    assert!(study(&checkpoint, &checkpoint.tensors[0]).is_err());
}

/// A checkpoint of one value under this name.
fn add_checkpoint(files: &mut Files, name: &str, value: f32) {
    let bytes = value.to_le_bytes();
    let entries = [header(1, false), entry("w", &Told::dense(F32, &[], 0, 0, &bytes))];
    files.add(format!("run/{name}.index"), Rc::new(Memory::new(table(&entries, PLAIN))));
    files.add(format!("run/{name}.data-00000-of-00001"), Rc::new(Memory::new(bytes)));
}

#[test]
fn of_several_checkpoints_the_latest_is_opened_and_the_others_are_told() {
    let mut files = Files::new();
    for (name, value) in [("ckpt-1", 1.0), ("ckpt-10", 10.0), ("ckpt-9", 9.0)] {
        add_checkpoint(&mut files, name, value);
    }
    let value = |files: &Files| {
        let checkpoint = formats::open(files).unwrap();
        let others = checkpoint.notes.iter().filter_map(|note| note.place.clone()).collect::<Vec<_>>();
        (shown(&checkpoint, &checkpoint.tensors[0]), others)
    };
    let (latest, others) = value(&files);
    assert_eq!(latest, [Cell::Float(10.0)]);
    assert_eq!(others, ["run/ckpt-1.index", "run/ckpt-9.index"]);
    // What the file says counts more than the number.
    let text = "model_checkpoint_path: \"/home/u/run/ckpt-9\"\nall_model_checkpoint_paths: \"ckpt-1\"\n";
    files.add("run/checkpoint", Rc::new(Memory::new(text)));
    let (latest, others) = value(&files);
    assert_eq!(latest, [Cell::Float(9.0)]);
    assert_eq!(others, ["run/ckpt-1.index", "run/ckpt-10.index"]);
    // Without the latest another one that it names is better than nothing.
    let without = files.filtered(|_, file| !file.name.contains("ckpt-9") && !file.name.contains("ckpt-10"));
    assert_eq!(value(&without).0, [Cell::Float(1.0)]);
    let alone = files.filtered(|_, file| file.name.ends_with("/checkpoint"));
    let error = formats::open(&alone).unwrap_err();
    assert_eq!(error.kind, Kind::Missing);
    assert!(error.message.contains("\"ckpt-9.index\""), "{error}");
}

#[test]
fn an_index_brings_its_own_shards_only() {
    let index = tests_folder().join("fixtures/tensorflow/ckpt_manager/ckpt-3.index");
    let files = files_from_paths(&[index]).unwrap();
    let names: Vec<&str> = files.iter().map(|(_, file)| file.name.as_str()).collect();
    assert_eq!(names, ["ckpt-3.index", "ckpt-3.data-00000-of-00001"]);
}

#[test]
fn graphs_tell_names_and_optimizers() {
    let folder = tests_folder().join("fixtures/tensorflow/ckpt_simplenn");
    let checkpoint = formats::open(&files_from_paths(&[folder]).unwrap()).unwrap();
    let told = |name: &str| {
        let name = format!("{name}/.ATTRIBUTES/VARIABLE_VALUE");
        let tensor = checkpoint.tensors.iter().find(|tensor| tensor.name == name).unwrap();
        (tensor.role, tensor.more.as_ref().and_then(|more| more.alias.as_deref()))
    };
    assert_eq!(told("model/fc1_w"), (None, Some("fc1/weight")));
    assert_eq!(told("optimizer/_variables/3"), (Some(Role::Optimizer), Some("Adam/m/fc1/weight")));
    assert_eq!(told("optimizer/_iterations"), (Some(Role::Optimizer), Some("iteration")));
    assert_eq!(told("save_counter"), (Some(Role::Other), Some("save_counter")));
    assert!(checkpoint.files.iter().any(|(_, file)| file.name.ends_with("/checkpoint")));
}

#[test]
fn a_saved_model_tells_its_variables_without_their_files() {
    let folder = tests_folder().join("fixtures/tensorflow/savedmodel_keras2");
    let whole = formats::open(&files_from_paths(&[&folder]).unwrap()).unwrap();
    let role = |name: &str| whole.tensors.iter().find(|tensor| tensor.name.starts_with(name)).unwrap().role;
    assert_eq!(role("layer_with_weights-0/kernel"), Some(Role::Parameter));
    assert_eq!(role("optimizer/_variables/1"), Some(Role::Optimizer));
    // Keras's get_weights() gives the first layer's kernel and bias, then those of the second.
    let layers: Vec<_> = whole
        .layers
        .iter()
        .map(|layer| {
            let weights: Vec<_> = layer.weights.iter().map(|weight| (weight.name.as_str(), weight.index)).collect();
            (layer.name.as_str(), layer.class.as_str(), layer.trainable, weights)
        })
        .collect();
    assert_eq!(
        layers,
        [
            ("dense_2", "Dense", Some(true), vec![("kernel", Some(0)), ("bias", Some(1))]),
            ("dense_3", "Dense", Some(true), vec![("kernel", Some(2)), ("bias", Some(3))]),
        ]
    );
    let graph =
        Files::one("saved_model.pb", Rc::new(Memory::new(std::fs::read(folder.join("saved_model.pb")).unwrap())));
    let alone = formats::open(&graph).unwrap();
    assert!(warned(&alone));
    let kernel = alone.tensors.iter().find(|tensor| tensor.name == "dense_2/kernel").unwrap();
    assert_eq!((kernel.shape.as_slice(), kernel.role), (&[10, 5][..], Some(Role::Parameter)));
    assert_eq!(kernel.layout, Layout::Absent { file: "variables/variables.index".to_owned() });
}

#[test]
fn an_index_of_200_000_names_is_read_fast_and_in_few_reads() {
    let bytes = floats(0..2);
    let names = (0..200_000 - 1).map(|index| format!("model/layer-{index:06}/kernel/.ATTRIBUTES/VARIABLE_VALUE"));
    let told = Told::dense(F32, &[2], 0, 0, &bytes);
    let entries: Vec<_> = [header(1, false)].into_iter().chain(names.map(|name| entry(&name, &told))).collect();
    for (way, most) in [(PLAIN, 100), (Way { block: 4096, packed: false }, 400)] {
        let (files, counts) = counted(&bundle(&entries, way, std::slice::from_ref(&bytes)));
        let start = std::time::Instant::now();
        let checkpoint = formats::open(&files).unwrap();
        let (seconds, read, reads) = (start.elapsed().as_secs_f64(), counts.bytes.get(), counts.reads.get());
        let size: u64 = files.iter().map(|(_, file)| file.source.size()).sum();
        println!("200 000 names: {seconds:.2} s, {read} of {size} bytes in {reads} reads");
        assert_eq!(checkpoint.tensors.len(), 199_999);
        assert!(seconds < 10.0 && reads <= most && read <= size + (64 << 10), "{reads} reads, {read} bytes");
    }
}

#[test]
fn opening_100_gb_in_100_shards_reads_the_index() {
    let each: u64 = 1 << 30;
    let mut entries = vec![header(100, false)];
    let mut files = Files::new();
    for shard in 0..100 {
        let told = Told { size: each, ..Told::dense(F32, &[each / 4], shard, 0, &[]) };
        entries.push(entry(&format!("layer-{shard:03}/kernel"), &told));
        let mut file = Sparse::default();
        file.skip(each);
        files.add(format!("big.data-{shard:05}-of-00100"), Rc::new(file));
    }
    let index = table(&entries, PLAIN);
    let size = index.len() as u64;
    files.add("big.index", Rc::new(Memory::new(index)));
    let (files, counts) = counted(&files);
    let checkpoint = formats::open(&files).unwrap();
    let (bytes, reads) = (counts.bytes.get(), counts.reads.get());
    println!("100 GB in 100 shards: {bytes} bytes in {reads} reads, the index takes {size}");
    assert_eq!(checkpoint.tensors.len(), 100);
    // Each file is looked at to tell its format: 4 KiB.
    assert!(bytes <= size + 100 * 4096 + (64 << 10) && reads <= 2 * 101, "{bytes} bytes in {reads} reads");
}

#[test]
fn hashes_do_not_depend_on_how_a_tensor_is_cut() {
    let checkpoint = formats::open(&sliced(false)).unwrap();
    let whole = floats(0..12);
    let entries = [header(1, false), entry("w", &Told::dense(F32, &[2, 6], 0, 0, &whole))];
    let uncut = formats::open(&bundle(&entries, PLAIN, &[whole])).unwrap();
    let hash = |checkpoint: &Checkpoint| sha256(&checkpoint.files, &checkpoint.tensors[0]).unwrap();
    assert_eq!(hash(&checkpoint), hash(&uncut));
}
