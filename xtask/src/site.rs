//! The static site.

use crate::config::Config;
use crate::module;
use crate::run::{Outcome, root, run};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What counts as the page: everything else is fetched only when it is asked for.
const PAGE: [&str; 4] = ["html", "css", "js", "wasm"];

/// Where the page's modules and those that wasm-bindgen wrote stand beside each other, to be put together.
const SOURCE: &str = "target/site-source";

/// What esbuild tells of the scripts that it wrote.
const SCRIPTS: &str = "target/site-scripts.json";

/// Builds the site and prints its weight; returns its folder.
pub fn build() -> Outcome<PathBuf> {
    let config = Config::read()?;
    module::bindgen_version()?;
    let built = module::build(&config)?;
    let (source, site) = (root().join(SOURCE), root().join(&config.site.output));
    let _ = fs::remove_dir_all(&source);
    let _ = fs::remove_dir_all(&site);
    copy_folder(&root().join(&config.site.source), &source, &|path| !is_types(path))?;
    for module in &config.modules {
        copy_folder(&built.join(&module.name), &source.join(&config.build.folder), &|path| !is_types(path))?;
    }
    put_together(&config, &source, &site)?;
    copy_folder(&source, &site, &|path| !is_put_together(path))?;
    for file in &config.site.example_files {
        let name = Path::new(file).file_name().ok_or_else(|| format!("wasm-pack.toml: {file} is no file."))?;
        copy(&root().join(file), &site.join(&config.site.examples).join(name))?;
    }
    weigh(&site, &config, &begun_with(&config)?)?;
    Ok(site)
}

/// Writes scripts and styles without what only a reader of them needs, each with all that it imports: fetching every module would
/// cost a page a request.
fn put_together(config: &Config, source: &Path, site: &Path) -> Outcome<()> {
    let entries = config.site.scripts.iter().chain(&config.site.styles);
    let mut arguments: Vec<OsString> = entries.map(|entry| source.join(entry).into_os_string()).collect();
    let settings = [
        "--bundle",
        "--splitting",
        "--format=esm",
        "--minify",
        "--target=es2022",
        "--charset=utf8",
        "--chunk-names=[name]-[hash]",
    ];
    arguments.extend(settings.map(OsString::from));
    arguments.extend([("--outbase=", source), ("--outdir=", site)].map(|(name, path)| {
        let mut argument = OsString::from(name);
        argument.push(path);
        argument
    }));
    arguments.push("--log-level=warning".into());
    arguments.push(format!("--metafile={SCRIPTS}").into());
    let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    run("node_modules/.bin/esbuild", &arguments, &[], &root())
}

fn is_put_together(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "js" || ending == "css")
}

/// Types and their settings are for developing only.
fn is_types(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".d.ts") && name != "types.d.ts" || name == "tsconfig.json"
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("{} cannot be copied: {error}.", from.display());
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
    fs::copy(from, to).map(|_| ()).map_err(failed)
}

fn copy_folder(from: &Path, to: &Path, wanted: &dyn Fn(&Path) -> bool) -> Outcome<()> {
    for path in files_below(from)? {
        if wanted(&path) {
            copy(&path, &to.join(path.strip_prefix(from).expect("below it")))?;
        }
    }
    Ok(())
}

/// All files below a folder, sorted.
fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}.", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Prints every file's size, raw and compressed; fails if the page is too heavy.
fn weigh(site: &Path, config: &Config, scripts: &BTreeSet<String>) -> Outcome<()> {
    let limit_kib = config.limits.page_gzip_kib;
    let (mut raw, mut packed) = (0, 0);
    println!("{:>10} {:>10}  {}", "bytes", "gzip", site.strip_prefix(root()).unwrap_or(site).display());
    for path in files_below(site)? {
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}.", path.display()))?;
        let gzip = gzip(&bytes);
        let kind = path.extension().is_some_and(|ending| PAGE.iter().any(|kind| ending == *kind));
        let page = kind && !is_for_later(&path, config, scripts);
        let mark = if page { "" } else { "  (when asked for)" };
        println!("{:>10} {gzip:>10}  {}{mark}", bytes.len(), path.strip_prefix(site).expect("below it").display());
        if page {
            raw += bytes.len();
            packed += gzip;
        }
    }
    println!(
        "{raw:>10} {packed:>10}  the page: {:.1} KiB of at most {limit_kib} KiB",
        f64::from(u32::try_from(packed).unwrap_or(u32::MAX)) / 1024.0
    );
    if packed > limit_kib * 1024 { Err(format!("The page is heavier than {limit_kib} KiB.")) } else { Ok(()) }
}

/// Whether a page fetches a file only when it needs it: `NAME_bg.wasm` of such a module, or a script that is imported by a call.
fn is_for_later(path: &Path, config: &Config, scripts: &BTreeSet<String>) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.extension().is_some_and(|ending| ending == "js") {
        return !scripts.contains(&*name);
    }
    let later = config.modules.iter().filter(|module| module.when_asked_for);
    later.map(|module| format!("{}_bg.wasm", module.name)).any(|module| module == name)
}

/// The names of the scripts that a page begins with, as esbuild tells them: those of the site, and what they import but by a call.
fn begun_with(config: &Config) -> Outcome<BTreeSet<String>> {
    let told = fs::read_to_string(root().join(SCRIPTS)).map_err(|error| format!("{SCRIPTS}: {error}."))?;
    let told: Value = serde_json::from_str(&told).map_err(|error| format!("{SCRIPTS}: {error}."))?;
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let outputs = told["outputs"].as_object().into_iter().flatten();
    let imports: BTreeMap<String, Vec<String>> = outputs
        .map(|(path, output)| {
            let imports = output["imports"].as_array().into_iter().flatten();
            let from_the_start = imports.filter(|import| import["kind"] == "import-statement");
            (name(path), from_the_start.filter_map(|import| import["path"].as_str().map(name)).collect())
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut waiting: Vec<String> = config.site.scripts.iter().map(|script| name(script)).collect();
    while let Some(script) = waiting.pop() {
        if found.insert(script.clone()) {
            waiting.extend(imports.get(&script).into_iter().flatten().cloned());
        }
    }
    Ok(found)
}

fn gzip(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a vector takes all").len()
}
