//! Everything that is tested.

use crate::config::Config;
use crate::run::{Outcome, cargo, root, run_text};
use crate::setup::{self, CHROMEDRIVER};
use crate::{module, site};
use std::time::Instant;

/// A part of the tests and its steps.
struct Part {
    name: &'static str,
    /// What its steps need. That of all parts is set up first, so that what cannot be is told at once.
    needs: &'static [Need],
    steps: &'static [Step],
}

/// Sets something up, unless it is there.
type Need = fn() -> Outcome<()>;

/// What a step is called, and what it does.
type Step = (&'static str, fn() -> Outcome<()>);

const PARTS: &[Part] = &[
    Part {
        name: "lint",
        needs: &[setup::lint_tools, setup::wasm_target, setup::npm_packages],
        steps: &[
            ("formatting", formatting),
            ("clippy", clippy),
            ("clippy for wasm32", clippy_wasm),
            ("types of the page", types),
        ],
    },
    Part { name: "native", needs: &[], steps: &[("native tests", native)] },
    Part {
        name: "wasm",
        needs: &[setup::wasm_target, setup::chromium],
        steps: &[("the test runner", || test_runner().map(|_| ())), ("wasm tests in a worker", wasm)],
    },
    Part {
        name: "browser",
        needs: &[setup::wasm_target, setup::npm_packages, setup::chromium],
        steps: &[
            ("the site", || site::build().map(|_| ())),
            ("types of the boundary", boundary),
            ("end to end in Chromium", browser),
        ],
    },
];

/// Runs the parts that are named, or all.
pub fn test(names: &[String]) -> Outcome<()> {
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        return Err(format!("There is no part {unknown:?}; there are lint, native, wasm and browser."));
    }
    let chosen = || PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name));
    let start = Instant::now();
    timed("set-up", || chosen().flat_map(|part| part.needs).try_for_each(|need| need()))?;
    for (name, step) in chosen().flat_map(|part| part.steps) {
        timed(name, step)?;
    }
    println!("── all of it: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a step between its name and its time.
fn timed(name: &str, step: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    println!("── {name}");
    let start = Instant::now();
    step()?;
    println!("── {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn formatting() -> Outcome<()> {
    run_text(&cargo(), &["fmt", "--all", "--check"], &[]).map_err(|why| format!("{why} `cargo fmt --all` mends it."))
}

fn clippy() -> Outcome<()> {
    run_text(&cargo(), &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])
}

fn clippy_wasm() -> Outcome<()> {
    let config = Config::read()?;
    let decoders = ["clippy", "--quiet", "--lib", "--features", "decoders", "--", "-D", "warnings"];
    module::cargo_for_wasm(&config, "paramscope-unpack", &decoders, &[])?;
    let rules = ["clippy", "--quiet", "--lib", "--features", "module", "--", "-D", "warnings"];
    module::cargo_for_wasm(&config, "paramscope-health", &rules, &[])?;
    for package in ["paramscope-plots", "paramscope-spectrum"] {
        module::cargo_for_wasm(&config, package, &["clippy", "--quiet", "--lib", "--", "-D", "warnings"], &[])?;
    }
    let core = ["clippy", "--quiet", "--lib", "--test", "web", "--", "-D", "warnings"];
    module::cargo_for_wasm(&config, "paramscope", &core, &[])
}

fn types() -> Outcome<()> {
    // The page knows no Node, the tests do.
    ["www", "tests/browser"].iter().try_for_each(|folder| tsc(folder))
}

/// What the page is told of the module, against what wasm-bindgen made.
fn boundary() -> Outcome<()> {
    tsc("tests/boundary")
}

fn tsc(folder: &str) -> Outcome<()> {
    run_text("node_modules/.bin/tsc", &["--project", folder], &[])
}

fn native() -> Outcome<()> {
    run_text(&cargo(), &["test", "--workspace", "--no-fail-fast"], &[])
}

fn test_runner() -> Outcome<String> {
    setup::test_runner(&module::bindgen_version()?)
}

fn wasm() -> Outcome<()> {
    let variables = [
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &*test_runner()?),
        ("CHROMEDRIVER", CHROMEDRIVER),
        ("WASM_BINDGEN_TEST_TIMEOUT", "120"),
    ];
    module::cargo_for_wasm(&Config::read()?, "paramscope", &["test", "--test", "web"], &variables)
}

fn browser() -> Outcome<()> {
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
