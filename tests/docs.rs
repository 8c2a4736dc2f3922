//! What the documents say and the code must keep true.

use paramscope::formats::{Candidate, FORMATS};
use paramscope::source::{Files, Memory};
use std::fs;
use std::path::Path;
use std::rc::Rc;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_readmes_table_is_the_registry() {
    let rows: Vec<String> = FORMATS
        .iter()
        .map(|format| {
            let endings: Vec<String> = format.extensions.iter().map(|ending| format!(".{ending}")).collect();
            format!("| {} | {} | {} |", format.label, endings.join(" "), format.reads)
        })
        .collect();
    let table = format!("| format | files | what of it |\n| --- | --- | --- |\n{}\n", rows.join("\n"));
    assert!(document("README.md").contains(&table), "README.md should have this table:\n{table}");
}

#[test]
fn ids_and_labels_of_formats_are_their_own() {
    for (index, format) in FORMATS.iter().enumerate() {
        let others = FORMATS[..index].iter();
        assert!(others.clone().all(|other| other.id != format.id && other.label != format.label), "{}", format.id);
        assert!(format.extensions.iter().all(|ending| *ending == ending.to_lowercase() && !ending.starts_with('.')));
    }
}

/// The worked example of `docs/adding-a-format.md`, as a file outside of the crate.
#[path = "guide/demo_format.rs"]
mod demo_format;

#[test]
fn the_worked_example_is_the_code_that_is_tested() {
    let text = document("docs/adding-a-format.md");
    let code = text.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    // Only the way to the names differs, and with it the order of the lines that bring them in.
    let code = code.replace("crate::", "paramscope::").replace("use super::", "use paramscope::formats::");
    let code = code.replace("pub(super) ", "pub ");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&code), sorted(&document("tests/guide/demo_format.rs")));
}

#[test]
fn the_worked_example_opens_its_file() {
    let bytes = [b"DEMO".as_slice(), &2u32.to_le_bytes(), &1f32.to_le_bytes(), &2f32.to_le_bytes()].concat();
    let files = Files::one("a.demo", Rc::new(Memory::new(bytes)));
    let (id, file) = files.iter().next().unwrap();
    let candidate = Candidate::new(id, file).unwrap();
    assert!((demo_format::FORMAT.probe)(&candidate));
    let checkpoint = (demo_format::FORMAT.open)(&files, &candidate).unwrap();
    assert_eq!(checkpoint.tensors[0].elements(), 2);
}
