//! PyTorch files written by hand: what of them is listed, what is told, what is left out.

mod common;

use common::archives::{ZipWriter, saved, tensor_call, text, whole};
use common::{files_below, tests_folder};
use paramscope::error::Result;
use paramscope::formats;
use paramscope::model::{Checkpoint, Layout, Level, Role, Value};
use paramscope::source::{Files, Memory, ReadAt};
use paramscope::wire::zip::Archive;
use std::rc::Rc;

fn open(file: impl ReadAt + 'static) -> Result<Checkpoint> {
    formats::open(&Files::one("model.pt", Rc::new(file)))
}

/// Opens a file around the pickle of a dictionary; each value is given as its opcodes.
fn dictionary(pairs: &[(&str, &[u8])]) -> Checkpoint {
    let pairs: Vec<u8> = pairs.iter().flat_map(|(key, value)| [text(key), value.to_vec()].concat()).collect();
    pickled(&[b"}(".as_slice(), &pairs, b"u"].concat())
}

/// Opens a file around a pickle of protocol 2.
fn pickled(opcodes: &[u8]) -> Checkpoint {
    open(saved(&[b"\x80\x02", opcodes, b"."].concat())).unwrap()
}

/// Two float32.
fn tensor() -> Vec<u8> {
    tensor_call("0", b"K\x02", b"K\x02\x85", b"K\x01\x85")
}

fn names(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect()
}

/// The level of the first note that has these words.
fn told(checkpoint: &Checkpoint, words: &str) -> Option<Level> {
    checkpoint.notes.iter().find(|note| note.message.contains(words)).map(|note| note.level)
}

#[test]
fn tensors_on_one_storage_share_its_bytes() {
    let checkpoint = dictionary(&[("a", &tensor()), ("b", &tensor())]);
    let places: Vec<_> = checkpoint.tensors.iter().map(|tensor| tensor.layout.storage().unwrap()).collect();
    assert_eq!(places[0], places[1]);
    assert_eq!(checkpoint.files.get(places[0].file).name, "model/data/0");
    assert_eq!(checkpoint.tensors[0].device.as_deref(), Some("cpu"));
    assert!(checkpoint.notes.is_empty());
}

#[test]
fn a_name_in_escapes_is_told_for_what_it_is() {
    let hidden = dictionary(&[("a", &tensor()), ("b", b"Vo\\u0073\nS'\\x73ystem'\n\x93)R")]);
    assert_eq!(names(&hidden), ["a"]);
    assert_eq!(told(&hidden, "os.system"), Some(Level::Danger));
}

#[test]
fn a_name_that_the_file_does_not_tell_is_a_danger() {
    assert_eq!(told(&dictionary(&[("a", b"\x82\x07)R")]), "only running it would tell"), Some(Level::Danger));
    assert_eq!(told(&dictionary(&[("a", b"K\x01K\x02\x93")]), "only running it would tell"), Some(Level::Danger));
}

#[test]
fn a_pickle_that_breaks_off_is_refused_with_the_names_before() {
    let error = open(saved(b"\x80\x02}(cmypackage\nThing\n\xff")).unwrap_err();
    assert!(error.message.ends_with("Before, it refers to mypackage.Thing; nothing of it was run."), "{error}");
}

#[test]
fn a_pickle_that_breaks_off_behind_a_name_that_runs_code_opens_with_its_report() {
    let checkpoint = open(saved(b"\x80\x02}(cmypackage\nThing\ncposix\nsystem\n\xff")).unwrap();
    let [pickle] = checkpoint.pickles.as_slice() else { panic!("{:?}", checkpoint.pickles) };
    let names: Vec<&str> = pickle.names.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(names, ["mypackage.Thing", "posix.system"]);
    assert_eq!(pickle.stopped.as_ref().and_then(|error| error.offset), Some(35));
    assert_eq!(told(&checkpoint, "posix.system"), Some(Level::Danger));
    assert_eq!(told(&checkpoint, "nothing of it is shown but the names"), Some(Level::Warning));
    assert!(checkpoint.tensors.is_empty());
}

#[test]
fn bytes_behind_the_pickle_are_told() {
    let checkpoint = open(saved(b"\x80\x02N.cos\nsystem\n.")).unwrap();
    assert_eq!(told(&checkpoint, "at byte 4, a second pickle follows"), Some(Level::Warning));
    assert_eq!(told(&checkpoint, "os.system"), Some(Level::Danger));
    let checkpoint = open(saved(b"\x80\x02N.\xff\xff")).unwrap();
    assert_eq!(told(&checkpoint, "2 bytes follow the end of the pickle"), Some(Level::Warning));
}

#[test]
fn a_tensor_that_cannot_be_followed_hides_no_other() {
    let quantised = [b"ctorch._utils\n_rebuild_qtensor\n(".as_slice(), &tensor(), b"tR"].concat();
    let checkpoint = dictionary(&[("q", &quantised), ("w", &tensor())]);
    assert_eq!(names(&checkpoint), ["q", "w"]);
    assert!(matches!(checkpoint.tensors[0].layout, Layout::Unreadable { .. }));
    assert_eq!(told(&checkpoint, "torch._utils._rebuild_qtensor"), Some(Level::Warning));
    assert_eq!(checkpoint.notes.len(), 1, "{:?}", checkpoint.notes);
}

#[test]
fn tensors_that_only_code_would_reach_are_counted() {
    let point = [b"c__main__\nPoint\n".as_slice(), &tensor(), b"\x85\x81}b"].concat();
    let checkpoint = dictionary(&[("p", &point), ("w", &tensor())]);
    assert_eq!(names(&checkpoint), ["w"]);
    assert_eq!(told(&checkpoint, "1 tensor is given to an object"), Some(Level::Warning));
}

#[test]
fn a_tensor_that_an_object_keeps_is_told_once() {
    let parameter = [b"ctorch._utils\n_rebuild_parameter\n".as_slice(), &tensor(), b"\x89}\x87R"].concat();
    let kept = [b"c__main__\nPoint\n)\x81}(".as_slice(), &text("mean"), &parameter, b"ub"].concat();
    let checkpoint = dictionary(&[("p", &kept), ("w", &tensor())]);
    assert_eq!(names(&checkpoint), ["w"]);
    assert_eq!(told(&checkpoint, "1 tensor belongs to an object that is no module"), Some(Level::Info));
    assert_eq!(told(&checkpoint, "only running the pickle would make"), None);
}

#[test]
fn parameters_and_subclasses_are_the_tensor_inside() {
    let parameter = [b"ctorch._utils\n_rebuild_parameter\n".as_slice(), &tensor(), b"\x89}\x87R"].concat();
    let arguments = tensor();
    let (function, arguments) = arguments[..arguments.len() - 1].split_at(b"ctorch._utils\n_rebuild_tensor_v2\n".len());
    let subclass =
        [b"ctorch._tensor\n_rebuild_from_type_v2\n(".as_slice(), function, b"c__main__\nTagged\n", arguments, b"}tR"]
            .concat();
    let checkpoint = dictionary(&[("p", &parameter), ("s", &subclass)]);
    assert_eq!(names(&checkpoint), ["p", "s"]);
    for tensor in &checkpoint.tensors {
        assert!(matches!(tensor.layout, Layout::Strided { .. }), "{tensor:?}");
    }
}

#[test]
fn a_parameter_of_a_class_of_its_own_is_a_parameter() {
    let arguments = tensor();
    let function = b"ctorch._utils\n_rebuild_tensor_v2\n".as_slice();
    let arguments = &arguments[function.len()..arguments.len() - 1];
    let state = [b"}".as_slice(), &text("_is_param"), b"\x88s"].concat();
    let start = [b"ctorch._tensor\n_rebuild_from_type_v2\n(".as_slice(), function, b"c__main__\nTagged\n"].concat();
    let checkpoint = dictionary(&[("p", &[start.as_slice(), arguments, &state, b"tR"].concat())]);
    assert_eq!(checkpoint.tensors[0].role, Some(Role::Parameter));
    assert!(checkpoint.metadata.is_empty(), "{:?}", checkpoint.metadata);
}

#[test]
fn a_jagged_tensor_is_its_parts() {
    let parts =
        [b"}(".as_slice(), &text("values"), &tensor(), &text("offsets"), &tensor(), &text("lengths"), b"Nu\x85"]
            .concat();
    let function = b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch.nested._internal.nested_tensor\n_rebuild_njt\n";
    let class = b"ctorch.nested._internal.nested_tensor\nNestedTensor\n";
    let checkpoint = dictionary(&[("j", &[function.as_slice(), class, &parts, b"}tR"].concat())]);
    assert_eq!(names(&checkpoint), ["j.values", "j.offsets"]);
    assert_eq!(checkpoint.metadata[0].value, Value::Text("nested tensor, jagged".to_owned()));
    assert_eq!(told(&checkpoint, "only running the pickle would make"), None);
}

#[test]
fn an_optimizer_that_was_saved_whole_has_a_name_for_each_tensor() {
    let moment = [b"}".as_slice(), &text("exp_avg"), &tensor(), b"s"].concat();
    let parameter = [b"ctorch._utils\n_rebuild_parameter\n".as_slice(), &tensor(), b"\x88}\x87R"].concat();
    let state = [b"}(".as_slice(), &parameter, &moment, &parameter, &moment, b"u"].concat();
    let attributes = [b"}(".as_slice(), &text("state"), &state, &text("param_groups"), b"]ub"].concat();
    let checkpoint = pickled(&[b"ctorch.optim.adam\nAdam\n)\x81".as_slice(), &attributes].concat());
    assert_eq!(names(&checkpoint), ["state.object 0.exp_avg", "state.object 1.exp_avg"]);
    assert!(checkpoint.tensors.iter().all(|tensor| tensor.role == Some(Role::Optimizer)));
}

#[test]
fn a_module_that_was_traced_is_a_module() {
    let parameters = [b"}".as_slice(), &text("w"), &tensor(), b"s"].concat();
    let attributes =
        [b"}(".as_slice(), &text("_parameters"), &parameters, &text("_buffers"), b"}", &text("_modules"), b"}u"];
    let function = b"ctorch.fx.graph_module\nreduce_graph_module\n".as_slice();
    let checkpoint = pickled(&[function, &attributes.concat(), &text("import torch"), b"\x86R"].concat());
    assert_eq!(names(&checkpoint), ["w"]);
    assert_eq!(checkpoint.tensors[0].role, Some(Role::Parameter));
    assert_eq!(told(&checkpoint, "torch.fx.graph_module.reduce_graph_module"), Some(Level::Danger));
}

#[test]
fn packed_parameters_of_a_quantised_module_are_tensors() {
    let packed = [b"ctorch\nScriptObject\n)\x81".as_slice(), &tensor(), b"N\x86b"].concat();
    let parts = [text("_parameters"), b"}".to_vec(), text("_buffers"), b"}".to_vec(), text("_modules"), b"}".to_vec()];
    let attributes = [parts.concat(), text("_packed_params"), packed, text("_private"), tensor()].concat();
    let class = b"ctorch.ao.nn.quantized.modules.linear\nLinearPackedParams\n)\x81}(".as_slice();
    let checkpoint = pickled(&[class, &attributes, b"ub"].concat());
    assert_eq!(names(&checkpoint), ["_packed_params.0"]);
}

#[test]
fn lazy_views_carry_their_flags() {
    let plain = tensor();
    let flags = [b"}(".as_slice(), &text("conj"), b"\x88", &text("neg"), b"\x89u"].concat();
    let flagged = [&plain[..plain.len() - 2], &flags, b"tR"].concat();
    let checkpoint = dictionary(&[("z", &flagged)]);
    let Layout::Strided { conjugated, negated, .. } = checkpoint.tensors[0].layout else { panic!("not strided") };
    assert!(conjugated && !negated);
}

#[test]
fn a_dtype_that_is_an_argument_counts_more_than_an_untyped_storage() {
    let storage =
        [text("storage"), b"ctorch.storage\nUntypedStorage\n".to_vec(), text("0"), text("cuda:1"), whole(8)].concat();
    let call = [
        b"ctorch._utils\n_rebuild_tensor_v3\n((".as_slice(),
        &storage,
        b"tQK\x00K\x04\x85K\x01\x85\x89}ctorch\nuint16\n}tR",
    ];
    let checkpoint = dictionary(&[("u", &call.concat())]);
    assert_eq!((checkpoint.tensors[0].dtype.name(), checkpoint.tensors[0].device.as_deref()), ("u16", Some("cuda:1")));
}

#[test]
fn a_size_of_too_many_dimensions_is_not_kept() {
    let size = [b"(".as_slice(), &b"K\x01".repeat(1000), b"t"].concat();
    let checkpoint = dictionary(&[("w", &tensor_call("0", b"K\x02", &size, &size))]);
    assert_eq!(checkpoint.tensors[0].shape, [0]);
    assert_eq!(told(&checkpoint, "1000 dimensions"), Some(Level::Warning));
}

#[test]
fn none_and_its_name_are_two_keys() {
    let checkpoint = pickled(&[b"}(N".as_slice(), &tensor(), &text("None"), &tensor(), b"u"].concat());
    assert_eq!(names(&checkpoint), ["None", "None"]);
    assert_eq!(told(&checkpoint, "duplicate"), None);
}

#[test]
fn what_holds_itself_is_shown_once() {
    let checkpoint = pickled(&[b"}q\x00(".as_slice(), &text("self"), b"h\x00", &text("w"), &tensor(), b"u"].concat());
    assert_eq!(names(&checkpoint), ["w"]);
    assert_eq!(checkpoint.metadata[0].key(), "self");
}

#[test]
fn scalars_of_numpy_are_values() {
    let scalar = b"cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08\0\0\0\0\0\0\xe0?\x86R";
    let checkpoint = dictionary(&[("best", scalar)]);
    let values: Vec<_> = checkpoint.metadata.iter().map(|entry| (entry.key(), entry.value.clone())).collect();
    assert_eq!(values, [("best".to_owned(), Value::Float(0.5))]);
    assert!(checkpoint.notes.is_empty(), "{:?}", checkpoint.notes);
}

#[test]
fn a_storage_without_a_record_is_absent_by_name() {
    let checkpoint = dictionary(&[("w", &tensor_call("9", b"K\x02", b"K\x02\x85", b"K\x01\x85"))]);
    assert_eq!(checkpoint.tensors[0].layout, Layout::Absent { file: "model/data/9".to_owned() });
    assert_eq!(told(&checkpoint, "data/9"), Some(Level::Warning));
}

#[test]
fn the_parameters_of_a_scripted_lstm_are_listed_once() {
    let kept = [tensor(), b"q\x01".to_vec()].concat();
    let attributes = [text("w"), kept, text("_flat_weights"), b"]h\x01a".to_vec()].concat();
    let pickle = [b"\x80\x02c__torch__.net\nLSTM\n)\x81}(".as_slice(), &attributes, b"ub."].concat();
    let mut archive = ZipWriter::default();
    archive.add("model/data.pkl", &pickle);
    archive.add("model/constants.pkl", b"\x80\x02).");
    archive.add("model/code/__torch__/net.py", b"class LSTM(Module):\n  __parameters__ = [\"w\", ]\n");
    archive.add_zeros("model/data/0", 8);
    let checkpoint = open(archive.finish()).unwrap();
    assert_eq!(names(&checkpoint), ["w"]);
    assert_eq!(checkpoint.tensors[0].role, Some(Role::Parameter));
}

#[test]
fn the_newest_types_of_exported_programs_are_read() {
    let newest = [(33, "f8_e8m0fnu"), (34, "u32"), (35, "u64")];
    let payloads = newest.map(|(code, name)| {
        let meta = format!(
            r#"{{"dtype":{code},"sizes":[{{"as_int":1}}],"strides":[{{"as_int":1}}],"storage_offset":{{"as_int":0}}}}"#
        );
        format!(r#""{name}":{{"path_name":"weight_0","is_param":false,"use_pickle":false,"tensor_meta":{meta}}}"#)
    });
    let mut archive = ZipWriter::default();
    archive.add("model/archive_format", b"pt2");
    archive.add(
        "model/data/weights/model_weights_config.json",
        format!(r#"{{"config":{{{}}}}}"#, payloads.join(",")).as_bytes(),
    );
    archive.add_zeros("model/data/weights/weight_0", 8);
    let checkpoint = open(archive.finish()).unwrap();
    let read: Vec<_> = checkpoint.tensors.iter().map(|tensor| (tensor.dtype.name(), tensor.name.as_str())).collect();
    assert_eq!(read, newest.map(|(_, name)| (name, name)));
}

#[test]
fn two_pickles_are_one_too_many() {
    let mut archive = ZipWriter::default();
    archive.add("a/data.pkl", b"N.");
    archive.add("b/data.pkl", b"N.");
    let error = open(archive.finish()).unwrap_err();
    assert!(error.message.contains("more than one data.pkl"), "{error}");
}

/// The pickles of the fixtures, each once.
fn pickles() -> Vec<Vec<u8>> {
    let files = files_below(&tests_folder().join("fixtures/torch"));
    let mut pickles: Vec<Vec<u8>> = files
        .iter()
        .filter_map(|path| {
            let source: Rc<dyn ReadAt> = Rc::new(Memory::new(std::fs::read(path).unwrap()));
            let archive = Archive::read(&source).ok()?;
            let entry = archive.entries.iter().find(|entry| entry.name.ends_with("/data.pkl"))?;
            Some(entry.read_all(&source, 1 << 20).unwrap())
        })
        .collect();
    pickles.sort();
    pickles.dedup();
    assert!(pickles.len() > 10, "the fixtures are missing");
    pickles
}

/// Opens a file around a damaged pickle; what is said has to be a sentence.
fn open_damaged(pickle: &[u8]) -> bool {
    match open(saved(pickle)) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.message.ends_with('.') && error.message.len() < 700, "{error}");
            false
        }
    }
}

#[test]
fn a_pickle_cut_anywhere_in_a_whole_archive_is_refused() {
    for pickle in pickles() {
        for len in 0..pickle.len() {
            assert!(!open_damaged(&pickle[..len]), "cut at byte {len} of {}", pickle.len());
        }
    }
}

#[test]
fn a_pickle_with_any_byte_changed_opens_or_is_refused_in_words() {
    for mut pickle in pickles() {
        for at in 0..pickle.len() {
            let byte = pickle[at];
            for changed in [byte ^ 1, byte ^ 0x80, b'2', b'R'] {
                pickle[at] = changed;
                open_damaged(&pickle);
            }
            pickle[at] = byte;
        }
    }
}
