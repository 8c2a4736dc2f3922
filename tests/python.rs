//! The lines that read a tensor in Python, for files that Python's own libraries wrote. These lines were run there and gave what
//! is shown here; but torchao's, which was not at hand.

mod common;

use common::archives::{saved, tensor_call, text};
use common::tests_folder;
use paramscope::formats;
use paramscope::model::Checkpoint;
use paramscope::source::{Files, files_from_paths};
use paramscope::view::python;
use std::rc::Rc;

fn lines(checkpoint: &Checkpoint, name: &str) -> Option<String> {
    let tensor = checkpoint.tensors.iter().find(|tensor| tensor.name == name);
    python::lines(checkpoint, tensor.unwrap_or_else(|| panic!("there is no {name}")))
}

fn lines_in(fixture: &str, name: &str) -> Option<String> {
    let path = tests_folder().join("fixtures").join(fixture).to_str().unwrap().to_owned();
    lines(&formats::open(&files_from_paths(&[path]).unwrap()).unwrap(), name)
}

#[test]
fn the_last_line_leads_to_the_tensor() {
    for (fixture, name, last) in [
        ("torch/whole_module.pt", "fc1.weight", r#"tensor = checkpoint.state_dict()["fc1.weight"]"#),
        ("torch/module_kinds.pt", "bn.running_mean", r#"tensor = checkpoint.state_dict()["bn.running_mean"]"#),
        // A buffer that the state dict leaves out.
        ("torch/module_kinds.pt", "tmp", "tensor = checkpoint.tmp"),
        ("torch/python_objects.pt", "simple_ns.t", r#"tensor = checkpoint["simple_ns"].t"#),
        ("torch/torchao_int8.pt", "0.weight.qdata", r#"tensor = checkpoint["0.weight"].qdata"#),
        ("torch/torch_package.pt", "w", r#"tensor = importer.load_pickle("weights", "state.pkl")["w"]"#),
        ("torch/torchscript_scripted.pt", "fc1.weight", r#"tensor = module.state_dict()["fc1.weight"]"#),
        ("keras/functional.keras", "mha/key/kernel", "array = model.get_weights()[10]"),
        ("keras/keras2_simplenn.h5", "dense_1/kernel:0", "array = model.get_weights()[2]"),
        // It stands behind two small weights that are not in the file.
        ("keras/sgd_momentum_lora.keras", "head/kernel", "array = model.get_weights()[4]"),
        ("keras/simplenn.keras", "adam/iteration", r#"    array = f["optimizer/vars/0"][()]"#),
        // Keras would need the class of one of its layers.
        ("keras/custom_layer.keras", "dense/kernel", r#"    array = f["layers/dense/vars/0"][()]"#),
        ("keras/sharded_weights", "sequential/dense_1/bias", r#"    array = f["layers/dense_1/vars/1"][()]"#),
        ("pickle/sklearn_logreg.joblib", "coef_", r#"array = joblib.load("sklearn_logreg.joblib").coef_"#),
        ("pickle/sklearn_logreg.pkl", "coef_", "    array = pickle.load(f).coef_"),
        (
            "tensorflow/full_int8.tflite",
            "arith.constant",
            r#"tensor = interpreter.get_tensor(*places["arith.constant"])"#,
        ),
        ("tensorflow/subgraphs.tflite", "while/Const", r#"tensor = interpreter.get_tensor(*places["while/Const"])"#),
        ("tensorflow/frozen_graph.pb", "Const", r#"array = tf.make_ndarray(node.attr["value"].tensor)"#),
        ("tensorflow/graph_consts.pbtxt", "typed/int", r#"array = tf.make_ndarray(node.attr["value"].tensor)"#),
        ("pickle/python2_numpy116.pkl", "W", r#"    array = pickle.load(f, encoding="latin1")["W"]"#),
    ] {
        let lines = lines_in(fixture, name).unwrap();
        assert_eq!(lines.lines().last(), Some(last), "{fixture}");
    }
}

#[test]
fn graphs_in_text_are_read_as_text() {
    let lines = |fixture| lines_in(fixture, "typed/int").unwrap();
    assert!(lines("tensorflow/graph_consts.pbtxt").contains("text_format.Parse("));
    assert!(lines("tensorflow/graph_consts.pb").contains("graph.ParseFromString("));
}

#[test]
fn what_no_line_is_known_to_reach_has_none() {
    for (fixture, name) in [
        // A class in C, whose objects have no attribute of this name.
        ("pickle/sklearn_forest.joblib", "estimators_.0.tree_.nodes"),
        // A named tuple and a class that is called look the same.
        ("torch/python_objects.pt", "namedtuple.1"),
        ("pickle/two_in_one.pkl", "1.b"),
    ] {
        assert_eq!(lines_in(fixture, name), None, "{fixture}");
    }
}

#[test]
fn says_why_a_file_is_refused() {
    let refused = |fixture, name| lines_in(fixture, name).unwrap().lines().nth(1).unwrap().to_owned();
    let because = "# weights_only=True refuses it because of __main__.SimpleNN; ";
    assert!(refused("torch/whole_module.pt", "fc1.weight").starts_with(because));
    assert!(!lines_in("torch/simplenn_state_dict.pt", "fc1.weight").unwrap().contains('#'));
}

#[test]
fn the_version_of_keras_that_loads_a_model_is_imported() {
    let first = |fixture, name| lines_in(fixture, name).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(first("keras/simplenn.h5", "sequential/dense/bias"), "import keras");
    assert_eq!(first("keras/keras2_simplenn.keras", "dense/bias:0"), "import tf_keras");
    let bfloat16 = lines_in("keras/bfloat16.weights.h5", "sequential/dense/bias").unwrap();
    assert!(bfloat16.ends_with(".view(ml_dtypes.bfloat16)"), "{bfloat16}");
}

#[test]
fn packed_pickles_are_opened_by_the_module_of_their_kind() {
    let path = tests_folder().join("fixtures/pickle/gzip.pkl.gz").to_str().unwrap().to_owned();
    let checkpoint = formats::open(&files_from_paths(&[path]).unwrap()).unwrap();
    let lines = python::lines(&checkpoint, &checkpoint.tensors[0]).unwrap();
    assert!(lines.starts_with("import gzip\n") && lines.contains("with gzip.open(\"gzip.pkl.gz\", \"rb\")"), "{lines}");
}

/// Opens a file around the pickle of a module: an object whose attributes are these.
fn module(attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let pairs: Vec<u8> = attributes.iter().flat_map(|(key, value)| [text(key), value.to_vec()].concat()).collect();
    [b"c__main__\nNet\n)\x81}(", pairs.as_slice(), b"ub"].concat()
}

#[test]
fn a_module_that_another_one_does_not_register_is_an_attribute() {
    let weight = tensor_call("0", b"K\x02", b"K\x02\x85", b"K\x01\x85");
    let parameters = [b"}".as_slice(), &text("weight"), &weight, b"s"].concat();
    let inner = module(&[("_parameters", &parameters), ("_buffers", b"}"), ("_modules", b"}")]);
    let modules = [b"}".as_slice(), &text("own"), &inner, b"s"].concat();
    let listed = [b"(".as_slice(), &inner, b"l"].concat();
    let parts = [("_parameters", b"}".as_slice()), ("_buffers", b"}"), ("_modules", &modules)];
    let outer = module(&[parts.as_slice(), &[("teacher", &inner), ("listed", &listed)]].concat());
    let file = saved(&[b"\x80\x02".as_slice(), &outer, b"."].concat());
    let checkpoint = formats::open(&Files::one("model.pt", Rc::new(file))).unwrap();
    for (name, way) in [
        ("own.weight", r#".state_dict()["own.weight"]"#),
        ("teacher.weight", ".teacher.weight"),
        ("listed.0.weight", ".listed[0].weight"),
    ] {
        let lines = lines(&checkpoint, name).unwrap();
        assert!(lines.ends_with(&format!("tensor = checkpoint{way}")), "{lines}");
    }
}
