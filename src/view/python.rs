//! The lines that read a tensor in Python.

use crate::model::{Checkpoint, Key, Layout, Tensor};
use std::fmt::Write;

/// How a tensor of one format is read in Python.
struct Recipe {
    /// The id of the format.
    format: &'static str,
    lines: fn(file: &str, tensor: &Tensor) -> String,
}

const RECIPES: &[Recipe] = &[
    Recipe { format: "safetensors", lines: safetensors },
    Recipe { format: "safetensors-sharded", lines: safetensors },
    Recipe {
        format: "pytorch-zip",
        lines: |file, tensor| {
            format!(
                "import torch\ncheckpoint = torch.load({file}, map_location=\"cpu\", weights_only=True)\ntensor = checkpoint{}",
                keys(tensor)
            )
        },
    },
    Recipe {
        format: "npy",
        lines: |file, tensor| {
            if tensor.path.is_empty() {
                return format!("import numpy as np\narray = np.load({file})");
            }
            // A wrapped dictionary is a pickle: loading it runs it.
            format!("import numpy as np\narray = np.load({file}, allow_pickle=True).item(){}", keys(tensor))
        },
    },
    Recipe {
        format: "npz",
        lines: |file, tensor| format!("import numpy as np\narray = np.load({file})[{}]", literal(&tensor.name)),
    },
];

/// The lines that read this very tensor, as its framework reads it; `None` for one whose elements no file holds.
pub fn lines(checkpoint: &Checkpoint, tensor: &Tensor) -> Option<String> {
    let storage = match &tensor.layout {
        Layout::Absent { .. } => return None,
        layout => layout.storage(),
    };
    let file = match storage {
        Some(range) => checkpoint.files.given(range.file),
        None => checkpoint.files.iter().next()?.1,
    };
    let recipe = RECIPES.iter().find(|recipe| recipe.format == checkpoint.format)?;
    Some((recipe.lines)(&literal(file.base_name()), tensor))
}

fn safetensors(file: &str, tensor: &Tensor) -> String {
    let name = literal(&tensor.name);
    format!(
        "from safetensors import safe_open\nwith safe_open({file}, framework=\"pt\") as f:\n    tensor = f.get_tensor({name})"
    )
}

/// `["model"]["fc1.weight"]`.
fn keys(tensor: &Tensor) -> String {
    let mut text = String::new();
    for key in &tensor.path {
        let _ = match key {
            Key::Text(key) => write!(text, "[{}]", literal(key)),
            Key::Index(index) => write!(text, "[{index}]"),
        };
    }
    text
}

/// A text as a Python literal.
fn literal(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            '\n' => quoted.push_str("\\n"),
            odd if odd.is_control()
                || matches!(odd, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(quoted, "\\u{:04x}", u32::from(odd));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::FORMATS;

    #[test]
    fn every_format_has_a_recipe() {
        for format in FORMATS {
            assert!(RECIPES.iter().any(|recipe| recipe.format == format.id), "{}", format.id);
        }
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(literal("a\"]; import os #\n\u{202e}"), "\"a\\\"]; import os #\\n\\u202e\"");
    }
}
