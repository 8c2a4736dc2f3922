//! `wasm-pack.toml`, the build description.

use crate::run::{Outcome, root};
use serde::Deserialize;

/// The whole file; a key that is not here is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub build: Build,
    #[serde(rename = "module")]
    pub modules: Vec<Module>,
    pub wasm_opt: WasmOpt,
    pub site: Site,
    pub limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Build {
    pub profile: String,
    pub target_features: Vec<String>,
    pub codegen: Vec<String>,
    pub folder: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Module {
    pub package: String,
    #[serde(default)]
    pub features: Vec<String>,
    pub name: String,
    /// Whether a page fetches it only when it needs it.
    #[serde(default)]
    pub when_asked_for: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WasmOpt {
    pub flags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Site {
    pub source: String,
    pub output: String,
    pub scripts: Vec<String>,
    pub styles: Vec<String>,
    pub examples: String,
    pub example_files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    pub page_gzip_kib: usize,
}

impl Config {
    pub fn read() -> Outcome<Self> {
        let path = root().join("wasm-pack.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}.", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Flags for rustc when it compiles for WebAssembly, as `CARGO_ENCODED_RUSTFLAGS` has them: no other setting of
    /// flags, on this machine or in its environment, comes before that one.
    pub fn rustflags(&self) -> String {
        let features = self.build.target_features.iter().map(|feature| format!("-Ctarget-feature={feature}"));
        let codegen = self.build.codegen.iter().map(|option| format!("-C{option}"));
        features.chain(codegen).collect::<Vec<_>>().join("\x1f")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_its_first_line_who_reads_it() {
        let text = std::fs::read_to_string(root().join("wasm-pack.toml")).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("# wasm-pack does not read this file"), "{first}");
    }

    #[test]
    fn refuses_a_key_that_nothing_reads() {
        let text = std::fs::read_to_string(root().join("wasm-pack.toml")).unwrap();
        let refused = toml::from_str::<Config>(&format!("{text}\nspare = 1\n")).err().unwrap().to_string();
        assert!(refused.contains("unknown field `spare`"), "{refused}");
    }

    #[test]
    fn agrees_with_what_wasm_pack_reads() {
        let config = Config::read().unwrap();
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        let profile = &manifest["package"]["metadata"]["wasm-pack"]["profile"][config.build.profile.as_str()];
        let flags: Vec<&str> =
            profile["wasm-opt"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
        assert_eq!(flags, config.wasm_opt.flags);
    }
}
