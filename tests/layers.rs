//! Layers go one way: each uses only those before it.

mod common;

use common::files_below;
use std::path::Path;

/// Each layer may use those before it.
const LAYERS: [&str; 12] =
    ["error", "limits", "decimal", "sort", "source", "model", "wire", "formats", "decode", "analysis", "view", "web"];

/// Crates that only one layer may name.
const OWN_CRATES: [(&str, &str); 3] = [("wasm_bindgen", "web"), ("js_sys", "web"), ("serde_wasm_bindgen", "web")];

fn layer_of(path: &Path) -> Option<usize> {
    let first = path.components().next()?.as_os_str().to_string_lossy().into_owned();
    LAYERS.iter().position(|layer| first.trim_end_matches(".rs") == *layer)
}

#[test]
fn no_layer_uses_one_after_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files_below(&source) {
        let short = path.strip_prefix(&source).unwrap();
        let Some(layer) = layer_of(short) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        // Tests inside a file may use what they like.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            for part in line.split("crate::").skip(1) {
                let name: String =
                    part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                let used = LAYERS.iter().position(|layer| *layer == name);
                seen += usize::from(used.is_some());
                if used.is_some_and(|used| used > layer) {
                    wrong.push(format!("{}: {}", short.display(), line.trim()));
                }
            }
            let stranger =
                OWN_CRATES.iter().find(|(name, owner)| line.contains(&format!("{name}::")) && LAYERS[layer] != *owner);
            if let Some((name, owner)) = stranger {
                wrong.push(format!("{}: only {owner} may name {name}", short.display()));
            }
        }
    }
    assert!(seen > 100, "the uses were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
