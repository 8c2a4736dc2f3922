//! Throughput beside its baselines.

use crate::run::{Outcome, cargo, run_text};
use crate::setup;

/// What the bench makes: the files, and Python's packages.
const FOLDER: &str = "target/bench";

/// Builds what is measured and measures it in turn with the baselines.
pub fn bench() -> Outcome<()> {
    let python = setup::python_packages(FOLDER, &["h5py", "numpy"])?;
    run_text(&cargo(), &["build", "--quiet", "--release", "--example", "throughput"], &[])?;
    let (script, files) = ("tests/bench/throughput.py", format!("{FOLDER}/files"));
    run_text(&python, &[script, "target/release/examples/throughput", &files], &[])
}
