//! Every fixture reads as its framework reads it: format, names, order, shapes, types, statistics, histogram, elements.

mod common;

use common::{entry, goldens, warned};
use paramscope::analysis::{Study, Wants, sha256};
use paramscope::formats;
use paramscope::model::{
    ByteOrder, ByteRange, Checkpoint, Dtype, Key, Layer, Layout, Note, Number, Role, Tensor, Value as Plain, Verdict,
};
use paramscope::source::{Files, Memory, files_from_paths};
use paramscope::view::report::{Report, first};
use paramscope::view::rows::tensors;
use paramscope::view::table::Tree;
use serde_json::{Value, json};
use std::rc::Rc;

#[test]
fn every_fixture_reads_as_its_framework_reads_it() {
    let wrong: Vec<String> = goldens()
        .iter()
        .filter(|golden| golden["outcome"] == "ok")
        .flat_map(|golden| {
            let name = golden["fixture"].as_str().unwrap();
            differences(golden).into_iter().map(move |what| format!("{name}: {what}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_wrong_file_is_refused_in_words_or_opens_with_a_warning() {
    let wrong = goldens().into_iter().filter(|golden| golden["outcome"] == "error");
    for golden in wrong {
        match files_from_paths(&[entry(&golden)]).and_then(|files| formats::open(&files)) {
            Ok(checkpoint) => assert!(warned(&checkpoint), "{} opens without a warning", golden["fixture"]),
            Err(error) => assert!(error.message.ends_with('.'), "{}: {error}", golden["fixture"]),
        }
    }
}

#[test]
fn the_bytes_of_a_tensor_are_where_they_are_told_to_be() {
    let (mut checked, mut in_records) = (0, 0);
    for golden in goldens().iter().filter(|golden| golden["outcome"] == "ok" && golden["kind"] == "file") {
        let path = entry(golden);
        let checkpoint = formats::open(&files_from_paths(&[&path]).unwrap()).unwrap();
        let file = std::fs::read(&path).unwrap();
        let tree = Tree::new(&checkpoint.tensors);
        let facts = tensors(&checkpoint, &tree);
        for ((tensor, fact), theirs) in checkpoint.tensors.iter().zip(facts).zip(golden["tensors"].as_array().unwrap())
        {
            let dense = match &tensor.layout {
                Layout::Dense(_) => true,
                Layout::Strided { conjugated: false, negated: false, .. } => theirs["storage"]["contiguous"] == true,
                _ => false,
            };
            // NumPy has no such types: their goldens are of wider ones.
            let wider = ["c32", "bc32", "f4_e2m1fn_x2"].contains(&tensor.dtype.name());
            let whole =
                !wider && tensor.dtype.bits().is_some_and(|bits| bits % 8 == 0) && tensor.order == ByteOrder::Little;
            let (true, true, false, Some(offset), Some(hash)) =
                (dense, whole, fact.within, fact.offset, theirs["sha256"].as_str())
            else {
                continue;
            };
            let from = usize::try_from(offset).unwrap();
            let bytes = &file[from..from + usize::try_from(tensor.bytes()).unwrap()];
            assert_eq!(sha256_hex(bytes), hash, "{}: {}", golden["fixture"], tensor.name);
            checked += 1;
            in_records += usize::from(fact.record.is_some());
        }
    }
    assert!(checked > 500 && in_records > 250, "only {checked} places, {in_records} of them in records");
}

/// The SHA-256 of bytes, by the way that hashes tensors.
fn sha256_hex(bytes: &[u8]) -> String {
    let mut files = Files::new();
    let file = files.add("bytes", Rc::new(Memory::new(bytes)));
    let layout = Layout::Dense(ByteRange { file, offset: 0, len: bytes.len() as u64 });
    sha256(&files, &Tensor::new("", Dtype::Number(Number::U8), vec![bytes.len() as u64], layout)).unwrap()
}

fn differences(golden: &Value) -> Vec<String> {
    let checkpoint = match files_from_paths(&[entry(golden)]).and_then(|files| formats::open(&files)) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return vec![error.to_string()],
    };
    let report = serde_json::to_value(full_report(&checkpoint)).unwrap();
    let mut wrong = Vec::new();
    if report["format"]["id"] != golden["format"] {
        wrong.push(format!("format {}", report["format"]["id"]));
    }
    let (ours, theirs) = (report["tensors"].as_array().unwrap(), golden["tensors"].as_array().unwrap());
    let names = |tensors: &[Value]| -> Vec<Value> { tensors.iter().map(|tensor| tensor["name"].clone()).collect() };
    let told =
        |(ours, theirs): (&Value, &Value)| ours["name"] == theirs["name"] || by_its_place(&checkpoint, ours, theirs);
    if ours.len() != theirs.len() || !ours.iter().zip(theirs).all(told) {
        wrong.push(format!("names {:?}", names(ours)));
        return wrong;
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        let found = tensor_differences(ours, theirs);
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", theirs["name"])));
    }
    wrong.extend(checkpoint.tensors.iter().zip(theirs).filter_map(|(ours, theirs)| wrong_place(ours, theirs)));
    wrong.extend(wrong_pickles(&checkpoint, golden));
    wrong.extend(wrong_layers(&checkpoint, golden));
    wrong.extend(wrong_report(&checkpoint, &report));
    wrong.extend(wrong_links(&checkpoint, golden));
    wrong.extend(golden["tree"].as_array().into_iter().flatten().filter_map(|leaf| wrong_value(&checkpoint, leaf)));
    wrong
}

/// Whether a variable of Keras is called by its place in the file, which holds no name of it, and a note says so.
fn by_its_place(checkpoint: &Checkpoint, ours: &Value, theirs: &Value) -> bool {
    let ours = ours["name"].as_str().unwrap();
    let place = theirs["extra"]["h5_path"].as_str().unwrap_or_default();
    let (Some((layer, number)), Some((theirs, _))) =
        (ours.rsplit_once("/vars/"), theirs["name"].as_str().unwrap().rsplit_once('/'))
    else {
        return false;
    };
    let note = |note: &Note| note.message.contains("variables are called by their places");
    layer == theirs && place.ends_with(&format!("/vars/{number}")) && checkpoint.notes.iter().any(note)
}

/// What is wrong with the layers, and with what is told of their weights.
fn wrong_layers(checkpoint: &Checkpoint, golden: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    // Of each tensor its layer and its place among the weights.
    let mut places: Vec<(Option<&str>, Option<usize>)> = vec![(None, None); checkpoint.tensors.len()];
    for layer in &checkpoint.layers {
        for weight in &layer.weights {
            places[weight.tensor] = (layer.name.split('/').next(), weight.index);
        }
    }
    for (at, (tensor, theirs)) in checkpoint.tensors.iter().zip(golden["tensors"].as_array().unwrap()).enumerate() {
        let extra = &theirs["extra"];
        if extra["kind"].is_null() {
            continue;
        }
        let mut same = |what: &str, ours: Value, theirs: &Value| {
            if !theirs.is_null() && ours != *theirs {
                wrong.push(format!("{}: {what} {ours}, expected {theirs}", tensor.name));
            }
        };
        let (layer, index) = places[at];
        same("index", index.into(), &extra["index"]);
        if extra["kind"] == "weight" {
            same("layer", layer.into(), &extra["layer"]);
            // It is in a model's config and in its layers' classes; some files have neither.
            if let Some(ours) = tensor.requires_grad {
                same("trainable", ours.into(), &extra["trainable"]);
            }
        } else {
            let role = if extra["kind"] == "optimizer" { Role::Optimizer } else { Role::Other };
            same("role", tensor.role.map(Role::name).into(), &role.name().into());
        }
    }
    for layer in golden["facts"]["layers"].as_array().into_iter().flatten() {
        let (name, class) = (layer["name"].as_str().unwrap(), layer["class"].as_str().unwrap());
        let inside = format!("{name}/");
        let found = |ours: &Layer| {
            // A model in the model is told by its layers, and without a config a class by those of Keras that there are.
            ours.name.starts_with(&inside) || ours.name == name && (ours.class == class || ours.class.is_empty())
        };
        if !checkpoint.layers.iter().any(found) {
            wrong.push(format!("no layer {name} of class {class}"));
        }
    }
    wrong
}

/// What is wrong with the keys that lead to a tensor, or with its place in its storage.
fn wrong_place(ours: &Tensor, theirs: &Value) -> Option<String> {
    let path: Value = ours.path.iter().map(json_key).collect();
    if !ours.path.is_empty() && !theirs["path"].is_null() && path != theirs["path"] {
        return Some(format!("{}: path {path}", ours.name));
    }
    let Layout::Strided { storage, start, .. } = &ours.layout else { return None };
    let place = json!([start, storage.len]);
    let golden = json!([theirs["storage"]["offset"], theirs["storage"]["storage_nbytes"]]);
    (golden[0].is_u64() && place != golden).then(|| format!("{}: offset and storage {place}", ours.name))
}

/// What the report lacks of the values beside the tensors and of the pickles.
fn wrong_report(checkpoint: &Checkpoint, report: &Value) -> Option<String> {
    let keys = |entry: &Value| if entry["path"].is_array() { entry["path"].clone() } else { json!([entry["key"]]) };
    let told: Vec<Value> = report["metadata"].as_array()?.iter().map(keys).collect();
    let own = |path: &[Key]| match path {
        [Key::Index(index) | Key::Nth(index)] => json!([index.to_string()]),
        [] => json!([""]),
        path => path.iter().map(json_key).collect(),
    };
    let held: Vec<Value> = checkpoint.metadata.iter().map(|entry| own(&entry.path)).collect();
    let names = |pickle: &Value| pickle["names"].as_array().map_or(0, Vec::len);
    let listed: usize = report["pickle"].as_array().into_iter().flatten().map(names).sum();
    let referred: usize = checkpoint.pickles.iter().map(|pickle| pickle.names.len()).sum();
    (told != held || listed != referred).then(|| format!("the report tells {told:?} and {listed} names"))
}

fn json_key(key: &Key) -> Value {
    match key {
        Key::Index(index) | Key::Nth(index) => (*index).into(),
        key => key.text().into(),
    }
}

/// What is wrong with a value beside the tensors: its keys, its type, its text.
fn wrong_value(checkpoint: &Checkpoint, leaf: &Value) -> Option<String> {
    let key = |key: &Value| match key {
        Value::Object(shown) => shown["repr"].clone(),
        plain => plain.clone(),
    };
    let path: Vec<Value> = leaf["path"].as_array()?.iter().map(key).collect();
    let Some(found) = checkpoint.metadata.iter().find(|entry| entry.path.iter().map(json_key).eq(path.iter().cloned()))
    else {
        return Some(format!("{path:?} is missing, expected {leaf}"));
    };
    let (kind, text) = (leaf["type"].as_str()?, leaf["value"].as_str().unwrap_or_default());
    let same = match kind {
        // What stands for a name is told as the name; what it names only Python knows.
        "function" | "type" | "builtins.type" | "builtin_function_or_method" => {
            let last = found.value.to_string().rsplit('.').next().unwrap_or_default().to_owned();
            found.kind == "name" && text.contains(&last)
        }
        "ScriptModule" => found.value == Plain::Text(kind.to_owned()) && found.kind.ends_with(text),
        // The member of an enumeration is told by its value, its name stands in the class.
        // Nor what a generator of random numbers is.
        "__main__.Color" | "numpy.random.mtrand.RandomState" => found.kind == kind,
        "__main__.Opaque" => found.kind == kind && found.value == Plain::Text("object".to_owned()),
        "attribute" => found.kind == kind && same_attribute(&found.value, leaf),
        // Of a long list of numbers the first are told, and how many there are.
        "list" | "tuple" if text != "empty" => {
            let shown = found.value.to_string();
            found.kind == kind && shown.split_once(", …").is_some_and(|(first, _)| text.starts_with(first))
        }
        _ if text == "empty" => {
            found.kind == kind && ["{}", "[]", "()", "set()"].contains(&found.value.to_string().as_str())
        }
        _ => found.kind == kind && plain(&found.value) == expected(leaf),
    };
    (!same).then(|| format!("{path:?}: {} {:?}, expected {leaf}", found.kind, found.value))
}

/// Whether an attribute of HDF5 is as h5py gives it: lists flat and their first 64 elements only, texts of a fixed length as
/// bytes.
fn same_attribute(ours: &Plain, leaf: &Value) -> bool {
    let theirs = &leaf["value"];
    let as_text = |value: &Value| match value["hex"].as_str() {
        Some(hex) => {
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            String::from_utf8((0..hex.len()).step_by(2).map(byte).collect()).unwrap().into()
        }
        None => numbers(value),
    };
    let (Value::Array(list), Plain::Text(text)) = (theirs, ours) else {
        return match (theirs, ours) {
            (Value::Object(fields), Plain::Text(text)) if !fields.contains_key("hex") => {
                serde_json::from_str::<Value>(text).is_ok_and(|ours| numbers(&ours) == numbers(theirs))
            }
            _ => numbers(&plain(ours)) == as_text(theirs),
        };
    };
    // What is not shown of a long one is counted behind it.
    let text = text.split_once(", …").map_or(text.clone(), |(shown, _)| format!("{shown}]"));
    let mut flat = Vec::new();
    let mut rest = vec![serde_json::from_str::<Value>(&text).unwrap()];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(items) => rest.extend(items.into_iter().rev()),
            value => flat.push(numbers(&value)),
        }
    }
    flat == list.iter().map(as_text).collect::<Vec<_>>()
}

/// What is wrong with the links that are no objects of their own.
fn wrong_links(checkpoint: &Checkpoint, golden: &Value) -> Vec<String> {
    let links = golden["facts"]["links"].as_array().into_iter().flatten();
    let is_dataset = |link: &&Value| {
        golden["tensors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tensor| link["path"].as_str().is_some_and(|path| tensor["name"] == path.trim_start_matches('/')))
    };
    let wrong = links.filter(|link| !is_dataset(link)).filter(|link| {
        let target = link["target"].as_str().unwrap();
        let target = link["file"].as_str().map_or(target.to_owned(), |file| format!("{file}: {target}"));
        let kind = format!("{} link", link["kind"].as_str().unwrap());
        !checkpoint.metadata.iter().any(|entry| {
            entry.path.iter().map(json_key).eq([link["path"].clone()])
                && entry.kind == kind
                && entry.value == Plain::Text(target.clone())
        })
    });
    wrong.map(|link| format!("the link {link} is not told")).collect()
}

fn plain(value: &Plain) -> Value {
    match value {
        Plain::Null => Value::Null,
        Plain::Bool(truth) => (*truth).into(),
        Plain::Int(number) => (*number).into(),
        Plain::Float(number) if number.is_nan() => "NaN".into(),
        Plain::Float(number) if number.is_infinite() => "Infinity".into(),
        Plain::Float(number) => (*number).into(),
        Plain::Text(text) => text.as_str().into(),
    }
}

/// A golden's value as it is shown: bytes and complex numbers as Python prints them.
fn expected(leaf: &Value) -> Value {
    match &leaf["value"] {
        Value::Object(bytes) if bytes.contains_key("hex") => {
            let hex = bytes["hex"].as_str().unwrap();
            let pairs: Vec<&str> = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap()).collect();
            let escaped = format!("\\x{}", pairs.join("\\x"));
            format!("b'{escaped}'").into()
        }
        Value::Array(parts) => match (parts[0].as_f64().unwrap(), parts[1].as_f64().unwrap()) {
            (0.0, imaginary) => format!("{imaginary}j").into(),
            (real, imaginary) => format!("({real}+{imaginary}j)").into(),
        },
        other => other.clone(),
    }
}

/// What is wrong with the report of the pickles: their names, their protocol, and what `torch.load` says.
fn wrong_pickles(checkpoint: &Checkpoint, golden: &Value) -> Vec<String> {
    let facts = &golden["facts"];
    let record =
        ["pickle:data.pkl", "pickle:object"].into_iter().map(|key| &facts[key]).find(|facts| facts.is_object());
    let (about, first) = match (record, checkpoint.pickles.first()) {
        (Some(about), Some(first)) => (about, first),
        _ if facts["globals"].is_array() && !checkpoint.pickles.is_empty() => (facts, &checkpoint.pickles[0]),
        _ => return Vec::new(),
    };
    let mut wrong = Vec::new();
    let mut names: Vec<String> =
        first.names.iter().map(|name| name.spelled.clone().unwrap_or_else(|| name.name.clone())).collect();
    names.sort();
    let expected: Vec<String> =
        about["globals"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    if names != expected {
        wrong.push(format!("names {names:?}, expected {expected:?}"));
    }
    if about["protocol"].is_u64() && about["protocol"] != first.protocol {
        wrong.push(format!("protocol {}", first.protocol));
    }
    // Importing torchao allows its own classes; a file alone cannot tell who imports it.
    let allows_more = names.iter().any(|name| name.starts_with("torchao."));
    if let (Some(accepts), false) = (facts["weights_only"].as_bool(), allows_more) {
        let verdict = first.verdict.as_ref();
        if verdict.is_none_or(|verdict| (*verdict == Verdict::Accepts) != accepts) {
            wrong.push(format!("weights_only {verdict:?}, expected {accepts}"));
        }
    }
    wrong
}

fn full_report(checkpoint: &Checkpoint) -> Report {
    let mut report = Report::new(checkpoint);
    for (tensor, entry) in checkpoint.tensors.iter().zip(&mut report.tensors) {
        entry.first = first(&checkpoint.files, tensor).ok();
        entry.sha256 = sha256(&checkpoint.files, tensor).ok();
        if let Some(findings) = study(checkpoint, tensor) {
            entry.set_findings(&findings);
        }
    }
    report
}

fn study(checkpoint: &Checkpoint, tensor: &Tensor) -> Option<paramscope::analysis::Findings> {
    Study::whole(&Wants::USUAL, checkpoint, tensor).ok()?
}

fn tensor_differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, ours: &Value, theirs: &Value| {
        if ours != theirs && !theirs.is_null() {
            wrong.push(format!("{what} {ours}, expected {theirs}"));
        }
    };
    same("shape", &ours["shape"], &theirs["shape"]);
    same("dtype", &ours["dtype"], &theirs["canon"]);
    same("elements", &ours["elements"], &theirs["numel"]);
    same("bytes", &ours["bytes"], &theirs["nbytes"]);
    same("device", &ours["device"], &theirs["storage"]["device"]);
    if theirs["storage"]["layout"] == "strided" && !ours["strides"].is_null() {
        same("strides", &ours["strides"], &theirs["storage"]["strides"]);
    }
    same("sha256", &ours["sha256"], &theirs["sha256"]);
    if !ours["first"].is_null() {
        same("first", &numbers(&ours["first"]), &numbers(&theirs["first"]));
    }
    if theirs["stats"].is_object() {
        wrong.extend(summary_differences(ours, &theirs["stats"]));
    }
    wrong
}

/// Whole floats and integers are the same number in JSON.
fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(numbers).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), numbers(value))).collect(),
        other => other.clone(),
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

fn close(ours: Option<f64>, theirs: Option<f64>, relative: f64) -> bool {
    match (ours, theirs) {
        (Some(a), Some(b)) => a == b || (a - b).abs() <= relative * a.abs().max(b.abs()),
        (a, b) => a.is_none() == b.is_none(),
    }
}

fn summary_differences(ours: &Value, stats: &Value) -> Vec<String> {
    let summary = &ours["summary"];
    let mut wrong = Vec::new();
    for (mine, golden) in
        [("finite", "finite"), ("nan", "nan"), ("pos_inf", "posinf"), ("neg_inf", "neginf"), ("zeros", "zeros")]
    {
        if summary[mine] != stats[golden] {
            wrong.push(format!("{mine} {}, expected {}", summary[mine], stats[golden]));
        }
    }
    for (key, relative) in [("min", 0.0), ("max", 0.0), ("mean", 1e-9), ("std", 1e-9), ("l2", 1e-9)] {
        // What NumPy's rounding spoils is not in the golden but beside it, see `true_statistics`.
        if stats["ill_conditioned"] == true && stats[key].is_null() {
            continue;
        }
        let (a, b) = (real(&summary[key]), real(&stats[key]));
        // A mean close to zero is as exact as the values that it came from.
        let near_zero =
            key == "mean" && a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 1e-12 * real(&stats["l2"]).unwrap_or(0.0));
        if !close(a, b, relative) && !near_zero {
            wrong.push(format!("{key} {}, expected {}", summary[key], stats[key]));
        }
    }
    let histogram = &stats["hist"];
    if histogram.is_object() {
        if ours["histogram"]["counts"] != histogram["counts"] {
            wrong.push(format!("counts {}, expected {}", ours["histogram"]["counts"], histogram["counts"]));
        }
        let edges = |value: &Value| -> Vec<Option<f64>> { value.as_array().into_iter().flatten().map(real).collect() };
        let (a, b) = (edges(&ours["histogram"]["edges"]), edges(&histogram["edges"]));
        if a.len() != b.len() || !a.into_iter().zip(b).all(|(a, b)| close(a, b, 1e-15)) {
            wrong.push("the histogram's edges".to_owned());
        }
    }
    wrong
}
