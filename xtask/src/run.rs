//! Running other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A result whose error is a sentence for whoever ran the command.
pub type Outcome<T> = Result<T, String>;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository").to_owned()
}

/// The cargo that runs this.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs a program with its output on this one's, and these variables set.
pub fn run(program: &str, arguments: &[&OsStr], variables: &[(&str, &str)], folder: &Path) -> Outcome<()> {
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(folder)
        .status()
        .map_err(|error| format!("{program} cannot be run: {error}."))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed ({status}).", shown(program, arguments))) }
}

/// [`run`] with plain text.
pub fn run_text(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<()> {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    run(program, &arguments, variables, &root())
}

/// What a program prints, or `None` if it cannot be run or fails.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn shown(program: &str, arguments: &[&OsStr]) -> String {
    let words = arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
