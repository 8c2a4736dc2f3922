//! Every fixture reads as its framework reads it: format, names, order, shapes, types, statistics, histogram, elements.

mod common;

use common::{entry, goldens, warned};
use paramscope::analysis::{Study, sha256};
use paramscope::formats;
use paramscope::model::{Checkpoint, Key, Layout, Tensor, Value as Plain};
use paramscope::source::files_from_paths;
use paramscope::view::report::{Report, first};
use serde_json::{Value, json};

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
    if names(ours) != names(theirs) {
        wrong.push(format!("names {:?}", names(ours)));
        return wrong;
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        let found = tensor_differences(ours, theirs);
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", theirs["name"])));
    }
    wrong.extend(checkpoint.tensors.iter().zip(theirs).filter_map(|(ours, theirs)| wrong_place(ours, theirs)));
    wrong.extend(golden["tree"].as_array().into_iter().flatten().filter_map(|leaf| wrong_value(&checkpoint, leaf)));
    wrong
}

/// What is wrong with the keys that lead to a tensor, or with its place in its storage.
fn wrong_place(ours: &Tensor, theirs: &Value) -> Option<String> {
    let path: Value = ours.path.iter().map(json_key).collect();
    if !ours.path.is_empty() && path != theirs["path"] {
        return Some(format!("{}: path {path}", ours.name));
    }
    let Layout::Strided { storage, start, .. } = &ours.layout else { return None };
    let place = json!([start, storage.len]);
    let golden = json!([theirs["storage"]["offset"], theirs["storage"]["storage_nbytes"]]);
    (golden[0].is_u64() && place != golden).then(|| format!("{}: offset and storage {place}", ours.name))
}

fn json_key(key: &Key) -> Value {
    match key {
        Key::Text(text) => text.as_str().into(),
        Key::Index(index) => (*index).into(),
    }
}

/// What is wrong with a value beside the tensors; those of plain types have to be there just so.
fn wrong_value(checkpoint: &Checkpoint, leaf: &Value) -> Option<String> {
    let plain = ["int", "float", "bool", "NoneType", "str"].contains(&leaf["type"].as_str()?);
    let text = |key: &Value| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
    let name = leaf["path"].as_array()?.iter().map(text).collect::<Vec<_>>().join(".");
    let found = checkpoint.metadata.iter().find(|(key, _)| *key == name).map(|(_, value)| match value {
        Plain::Null => Value::Null,
        Plain::Bool(truth) => (*truth).into(),
        Plain::Int(number) => (*number).into(),
        Plain::Float(number) => (*number).into(),
        Plain::Text(text) => text.as_str().into(),
    });
    (plain && found.as_ref() != Some(&leaf["value"])).then(|| format!("{name}: {found:?}, expected {}", leaf["value"]))
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
    let mut study = Study::new(50, None);
    while study.step(&checkpoint.files, tensor).ok()? < 1.0 {}
    study.findings()
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
