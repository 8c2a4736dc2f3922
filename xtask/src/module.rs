//! The WebAssembly modules: cargo, wasm-bindgen, wasm-opt.

use crate::config::{Config, Module};
use crate::run::{Outcome, cargo, root, run, run_text};
use crate::setup::{self, WASM};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// Where the finished modules are; `tests/boundary` reads the types that wasm-bindgen wrote there.
const FOLDER: &str = "target/site-module";

/// Where cargo builds them.
const BUILDS: &str = "target/modules";

/// Builds the modules; returns the folder with `NAME.js` and `NAME_bg.wasm` of each. What is up to date is left alone.
pub fn build(config: &Config) -> Outcome<PathBuf> {
    setup::wasm_target()?;
    setup::npm_packages()?;
    let folder = root().join(FOLDER);
    for module in &config.modules {
        build_one(config, module, &folder.join(&module.name))?;
    }
    Ok(folder)
}

fn build_one(config: &Config, module: &Module, folder: &Path) -> Outcome<()> {
    let (profile, features) = (&config.build.profile, module.features.join(","));
    // Asked for here and not in the manifest: as a library of another module it would be linked, too, to the same place.
    let command = ["rustc", "--profile", profile, "--lib", "--no-default-features", "--features", &features];
    // Two builds of one package with other features have files of the same names: each would undo the other's.
    let target = root().join(BUILDS).join(&module.name);
    let target_text = target.to_string_lossy();
    let command = [&command[..], &["--target-dir", &target_text, "--crate-type", "cdylib"]].concat();
    cargo_for_wasm(config, &module.package, &command, &[])?;
    let library = module.package.replace('-', "_");
    let compiled = target.join(WASM).join(profile).join(format!("{library}.wasm"));
    let file = format!("{}_bg.wasm", module.name);
    let inputs = [compiled.as_path(), &root().join("wasm-pack.toml"), &root().join("package-lock.json")];
    if inputs.iter().all(|input| is_newer(&folder.join(&file), input)) {
        return Ok(());
    }
    // Finished elsewhere and moved here whole: what an interrupted build leaves must not be taken for up to date.
    let unfinished = folder.with_extension("unfinished");
    let _ = std::fs::remove_dir_all(&unfinished);
    Bindgen::new()
        .input_path(&compiled)
        .web(true)
        .and_then(|bindgen| bindgen.out_name(&module.name).typescript(true).generate(&unfinished))
        .map_err(|error| format!("wasm-bindgen: {error:#}."))?;
    optimise(config, &unfinished.join(&file))?;
    let _ = std::fs::remove_dir_all(folder);
    std::fs::rename(&unfinished, folder).map_err(|error| format!("{}: {error}.", folder.display()))
}

/// Runs a command of cargo on a package as it is built for WebAssembly, with the same flags each time.
pub fn cargo_for_wasm(config: &Config, package: &str, command: &[&str], variables: &[(&str, &str)]) -> Outcome<()> {
    let (name, rest) = command.split_first().expect("a command has a name");
    let arguments = [&[*name, "--package", package, "--target", WASM], rest].concat();
    let flags = config.rustflags();
    run_text(&cargo(), &arguments, &[variables, &[("CARGO_ENCODED_RUSTFLAGS", &flags)]].concat())
}

/// Replaces a module by what wasm-opt makes of it.
fn optimise(config: &Config, module: &Path) -> Outcome<()> {
    let mut arguments: Vec<&OsStr> = config.wasm_opt.flags.iter().map(OsStr::new).collect();
    arguments.extend([module.as_os_str(), OsStr::new("-o"), module.as_os_str()]);
    run("node_modules/.bin/wasm-opt", &arguments, &[], &root())
}

/// Whether the first file is there and not older than the second.
fn is_newer(file: &Path, than: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
    matches!((time(file), time(than)), (Some(file), Some(than)) if file >= than)
}

/// The version of wasm-bindgen in Cargo.lock, which the tools have to share.
pub fn bindgen_version() -> Outcome<String> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}."))?;
    let lock: toml::Table = toml::from_str(&text).map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let version = |name: &str| {
        let found = packages.clone().find(|package| package.get("name").and_then(toml::Value::as_str) == Some(name));
        found.and_then(|package| package.get("version")?.as_str().map(str::to_owned))
    };
    match (version("wasm-bindgen"), version("wasm-bindgen-cli-support")) {
        (Some(library), Some(tool)) if library == tool => Ok(library),
        (library, tool) => Err(format!(
            "wasm-bindgen is {library:?}, wasm-bindgen-cli-support {tool:?} in Cargo.lock; they must be the same version."
        )),
    }
}
