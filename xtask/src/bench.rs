//! The viewer's speed beside its baselines.

use crate::run::{Outcome, cargo, run_text};
use crate::{setup, site};

/// What the bench makes: the files, and Python's packages.
const FOLDER: &str = "target/bench";

/// Builds what is measured, makes the files, and measures. `--quick` takes an eighth of the size; words choose rows.
pub fn bench(arguments: &[String]) -> Outcome<()> {
    let (flags, words): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| argument.starts_with('-'));
    let (files, divisor) = match flags[..] {
        [] => (format!("{FOLDER}/files"), "1"),
        ["--quick"] => (format!("{FOLDER}/quick"), "8"),
        _ => return Err("usage: cargo xtask bench [--quick] [WORD...]".to_owned()),
    };
    setup::wasm_target()?;
    setup::npm_packages()?;
    setup::chromium()?;
    let python = setup::python_packages(FOLDER, &["h5py", "numpy", "safetensors"])?;
    site::build()?;
    run_text(&cargo(), &["build", "--quiet", "--release", "--example", "throughput", "--example", "kernels"], &[])?;
    run_text(&python, &["tests/bench/files.py", &files, divisor], &[])?;
    run_text("node", &[&["tests/bench/bench.js", &python, &files], &words[..]].concat(), &[])
}
