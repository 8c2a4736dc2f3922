//! What the report says of names, held against picklescan: its tables, and its verdicts on the damaged files.

mod common;

use common::{json, tests_folder};
use paramscope::formats;
use paramscope::model::{Checkpoint, Meaning};
use paramscope::source::{Files, Memory, files_from_paths};
use serde_json::Value;
use std::rc::Rc;

/// What a name means in the report of a pickle that refers to it, and why.
fn told(module: &str, name: &str) -> (Meaning, &'static str) {
    let text = |text: &str| [b"\x8c", [u8::try_from(text.len()).unwrap()].as_slice(), text.as_bytes()].concat();
    let pickle = [b"\x80\x04".as_slice(), &text(module), &text(name), b"\x93."].concat();
    let checkpoint = formats::open(&Files::one("a.pkl", Rc::new(Memory::new(pickle)))).unwrap();
    let [name] = checkpoint.pickles[0].names.as_slice() else { panic!("{:?}", checkpoint.pickles) };
    (name.meaning, name.reason)
}

/// The names of one of picklescan's tables; of a whole module some that it may have.
fn listed(part: &str) -> Vec<(String, String)> {
    let table = json(&tests_folder().join("picklescan.json"));
    let modules = table[part].as_object().unwrap();
    let names = modules.iter().flat_map(|(module, names)| {
        names.as_array().unwrap().iter().flat_map(move |name| match name.as_str().unwrap() {
            "*" => [(module.clone(), "anything"), (module.clone(), "any.thing"), (format!("{module}.below"), "x")]
                .map(|(module, name)| (module, name.to_owned()))
                .to_vec(),
            name => vec![(module.clone(), name.to_owned())],
        })
    });
    names.collect()
}

#[test]
fn what_picklescan_calls_dangerous_can_run_code() {
    let names = listed("dangerous");
    assert!(names.len() > 100, "the table is missing");
    let wrong: Vec<_> = names.iter().filter(|(module, name)| told(module, name).0 != Meaning::RunsCode).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn where_picklescan_is_stricter_the_table_says_why() {
    assert_eq!(told("uuid", "UUID"), (Meaning::NotKnown, "only makes a value, though its module can do more"));
    assert_eq!(told("uuid", "getnode").0, Meaning::RunsCode);
}

#[test]
fn what_picklescan_calls_innocuous_is_known() {
    for (module, name) in listed("innocuous") {
        let (meaning, reason) = told(&module, &name);
        assert!(matches!(meaning, Meaning::InTorchsList | Meaning::NumpyBuilder), "{module}.{name}: {reason}");
    }
}

/// The gravest that a checkpoint's pickles refer to, and all their names as the pickles spell them.
fn found(checkpoint: &Checkpoint) -> (Option<Meaning>, Vec<String>) {
    let names = checkpoint.pickles.iter().flat_map(|pickle| &pickle.names);
    let spelled = names.clone().map(|name| name.spelled.clone().unwrap_or_else(|| name.name.clone()));
    (names.map(|name| name.meaning).min(), spelled.collect())
}

#[test]
fn the_damaged_files_are_reported_at_least_as_strictly_as_by_picklescan() {
    let folder = tests_folder().join("malformed");
    let manifest = json(&folder.join("manifest.json"));
    let mut judged = 0;
    for record in manifest["files"].as_array().unwrap() {
        let Some(verdict) = record["reference"]["picklescan"].as_str() else { continue };
        let most = match verdict.split([':', ' ']).next() {
            Some("dangerous") => Meaning::Hidden,
            Some("suspicious") => Meaning::NotKnown,
            _ => continue,
        };
        judged += 1;
        let file = record["file"].as_str().unwrap();
        let names: Vec<&str> = record["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        match formats::open(&files_from_paths(&[folder.join(file)]).unwrap()) {
            Ok(checkpoint) => {
                let (gravest, found) = found(&checkpoint);
                assert!(gravest.is_some_and(|gravest| gravest <= most), "{file}: {gravest:?}, picklescan: {verdict}");
                for name in names.iter().filter(|name| !name.contains("unknown")) {
                    assert!(found.iter().any(|found| found == name), "{file}: {name} is not in {found:?}");
                }
            }
            // A refusal has the gravest names in its sentence.
            Err(error) => assert!(names.iter().any(|name| error.message.contains(name)), "{file}: {error}"),
        }
    }
    assert!(judged > 20, "the verdicts are missing");
}
