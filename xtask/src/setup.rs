//! What has to be on the machine. Each part is set up when it is first needed, and says in a sentence where it cannot be.

use crate::run::{Outcome, output, root, run_text};
use std::path::Path;

/// The target of the viewer's module.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Rust's standard library for WebAssembly.
pub fn wasm_target() -> Outcome<()> {
    let sysroot = output("rustc", &["--print", "sysroot"]).unwrap_or_default();
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM).join("lib").is_dir() {
        return Ok(());
    }
    run_text("rustup", &["target", "add", WASM], &[])
        .map_err(|why| format!("{why} The target {WASM} is needed: install rustup, then run this again."))
}

/// rustfmt and clippy.
pub fn lint_tools() -> Outcome<()> {
    for (tool, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if output(tool, &["--version"]).is_none() {
            run_text("rustup", &["component", "add", component], &[])
                .map_err(|why| format!("{why} The component {component} is needed."))?;
        }
    }
    Ok(())
}

/// The packages of package-lock.json, installed anew when that file changed.
pub fn npm_packages() -> Outcome<()> {
    let major = output("node", &["--version"])
        .and_then(|version| version.trim().strip_prefix('v')?.split('.').next()?.parse::<u32>().ok());
    match major {
        Some(20..) => {}
        Some(old) => return Err(format!("node 20 or newer is needed, this is node {old}.")),
        None => return Err("node is needed: install Node.js 20 or newer with npm, then run this again.".to_owned()),
    }
    let lock =
        std::fs::read(root().join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}."))?;
    let stamp = root().join("node_modules/.installed-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run_text("npm", &["ci", "--no-fund", "--no-audit"], &[])?;
    std::fs::write(&stamp, lock).map_err(|error| format!("{}: {error}.", stamp.display()))
}

/// Packages of PyPI in an environment of their own below a folder; returns its Python.
pub fn python_packages(folder: &str, packages: &[&str]) -> Outcome<String> {
    let environment = root().join(folder).join("python");
    let python = environment.join("bin/python").to_string_lossy().into_owned();
    let imports = format!("import {}", packages.join(", "));
    if output(&python, &["-c", &imports]).is_none() {
        run_text("python3", &["-m", "venv", &environment.to_string_lossy()], &[])
            .map_err(|why| format!("{why} Python 3 with venv is needed (Debian: python3-venv)."))?;
        run_text(&python, &[&["-m", "pip", "install", "--quiet"], packages].concat(), &[])?;
    }
    Ok(python)
}

/// Where Debian's Chromium and its driver are.
pub const CHROMIUM: &str = "/usr/bin/chromium";
/// See [`CHROMIUM`].
pub const CHROMEDRIVER: &str = "/usr/bin/chromedriver";

/// Chromium and its driver, from Debian's packages.
pub fn chromium() -> Outcome<()> {
    let there = || [CHROMIUM, CHROMEDRIVER].iter().all(|path| Path::new(path).exists());
    if there() {
        return Ok(());
    }
    let needed = format!(
        "The browser tests need {CHROMIUM} and {CHROMEDRIVER}: install Debian's packages chromium and chromium-driver, then run this again."
    );
    // Asking for a password in the middle of the tests would be a surprise.
    if output("apt-get", &["--version"]).is_none() || output("id", &["-u"]).is_none_or(|user| user.trim() != "0") {
        return Err(format!("{needed} Run as root, on a system with apt-get, it installs them itself."));
    }
    let apt = |arguments: &[&str]| run_text("apt-get", arguments, &[("DEBIAN_FRONTEND", "noninteractive")]);
    apt(&["update", "-qq"])
        .and_then(|()| {
            apt(&[
                "install",
                "-y",
                "-qq",
                "--no-install-recommends",
                "chromium",
                "chromium-driver",
                "fonts-dejavu-core",
            ])
        })
        .map_err(|why| format!("{why} {needed}"))?;
    if there() { Ok(()) } else { Err(needed) }
}

/// wasm-bindgen's test runner, of the version that the module is built with; compiled once.
pub fn test_runner(version: &str) -> Outcome<String> {
    let runner = root().join("target/tools/bin/wasm-bindgen-test-runner");
    let runner = runner.to_string_lossy().into_owned();
    if output(&runner, &["--version"]).is_some_and(|said| said.trim().ends_with(version)) {
        return Ok(runner);
    }
    println!("compiling wasm-bindgen's test runner {version}, once: about three minutes");
    let arguments =
        ["install", "wasm-bindgen-cli", "--version", version, "--root", "target/tools", "--force", "--quiet"];
    run_text(
        &crate::run::cargo(),
        &arguments,
        &[
            ("CARGO_TARGET_DIR", "target/tools/build"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ],
    )?;
    Ok(runner)
}
