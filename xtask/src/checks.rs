//! Everything that is tested.

use crate::config::Config;
use crate::run::{Outcome, cargo, root, run_text};
use crate::setup::{self, CHROMEDRIVER, WASM};
use crate::{module, site};
use std::time::Instant;

/// A part of the tests and its steps.
struct Part {
    name: &'static str,
    steps: &'static [Step],
}

/// What a step is called, and what it does.
type Step = (&'static str, fn() -> Outcome<()>);

const PARTS: &[Part] = &[
    Part {
        name: "lint",
        steps: &[
            ("formatting", formatting),
            ("clippy", clippy),
            ("clippy for wasm32", clippy_wasm),
            ("types of the page", types),
        ],
    },
    Part { name: "native", steps: &[("native tests", native)] },
    Part { name: "wasm", steps: &[("wasm tests in a worker", wasm)] },
    Part { name: "browser", steps: &[("the site", || site::build().map(|_| ())), ("end to end in Chromium", browser)] },
];

/// Runs the parts that are named, or all.
pub fn test(names: &[String]) -> Outcome<()> {
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        return Err(format!("There is no part {unknown:?}; there are lint, native, wasm and browser."));
    }
    let start = Instant::now();
    for part in PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name)) {
        for (name, step) in part.steps {
            println!("── {name}");
            let start = Instant::now();
            step()?;
            println!("── {name}: {:.1} s", start.elapsed().as_secs_f64());
        }
    }
    println!("── all of it: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn formatting() -> Outcome<()> {
    setup::lint_tools()?;
    run_text(&cargo(), &["fmt", "--all", "--check"], &[]).map_err(|why| format!("{why} `cargo fmt --all` mends it."))
}

fn clippy() -> Outcome<()> {
    run_text(&cargo(), &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])
}

fn clippy_wasm() -> Outcome<()> {
    setup::wasm_target()?;
    let arguments = [
        "clippy",
        "--quiet",
        "--package",
        "paramscope",
        "--target",
        WASM,
        "--lib",
        "--test",
        "web",
        "--",
        "-D",
        "warnings",
    ];
    run_text(&cargo(), &arguments, &[])
}

fn types() -> Outcome<()> {
    setup::npm_packages()?;
    // The page knows no Node, the tests do.
    ["www", "tests/browser"]
        .iter()
        .try_for_each(|folder| run_text("node_modules/.bin/tsc", &["--project", folder], &[]))
}

fn native() -> Outcome<()> {
    run_text(&cargo(), &["test", "--workspace", "--no-fail-fast"], &[])
}

fn wasm() -> Outcome<()> {
    setup::wasm_target()?;
    setup::chromium()?;
    let runner = setup::test_runner(&module::bindgen_version()?)?;
    let variables = [
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner.as_str()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", &Config::read()?.rustflags()),
        ("CHROMEDRIVER", CHROMEDRIVER),
        ("WASM_BINDGEN_TEST_TIMEOUT", "120"),
    ];
    run_text(&cargo(), &["test", "--package", "paramscope", "--target", WASM, "--test", "web"], &variables)
}

fn browser() -> Outcome<()> {
    setup::npm_packages()?;
    setup::chromium()?;
    let mut tests: Vec<String> = std::fs::read_dir(root().join("tests/browser"))
        .map_err(|error| format!("tests/browser: {error}."))?
        .flatten()
        .map(|entry| format!("tests/browser/{}", entry.file_name().to_string_lossy()))
        .filter(|path| path.ends_with(".test.js"))
        .collect();
    tests.sort();
    let mut arguments = vec!["--test", "--test-concurrency=1", "--test-reporter=spec"];
    arguments.extend(tests.iter().map(String::as_str));
    run_text("node", &arguments, &[])
}
