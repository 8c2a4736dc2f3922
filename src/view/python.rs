//! The lines that read a tensor in Python.

use crate::error::is_hidden;
use crate::model::{Checkpoint, Key, Layout, Role, Tensor};
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
    Recipe { format: "pytorch-zip", lines: torch_load },
    Recipe { format: "pytorch-sharded", lines: torch_load },
    Recipe { format: "pytorch-legacy", lines: torch_load },
    Recipe { format: "pytorch-tar", lines: torch_load },
    Recipe {
        format: "pytorch-dcp",
        lines: |_, tensor| {
            format!(
                "import torch\nfrom torch.distributed.checkpoint.format_utils import dcp_to_torch_save\n# The folder with .metadata in it.\ndcp_to_torch_save(\".\", \"whole.pt\")\ntensor = torch.load(\"whole.pt\", map_location=\"cpu\", weights_only=True){}",
                keys(tensor)
            )
        },
    },
    Recipe {
        format: "torchscript",
        lines: |file, tensor| {
            let name = literal(&tensor.name);
            let parts = if tensor.role == Some(Role::Buffer) { "named_buffers" } else { "named_parameters" };
            format!(
                "import torch\nmodule = torch.jit.load({file}, map_location=\"cpu\")\ntensor = dict(module.{parts}(remove_duplicate=False))[{name}]"
            )
        },
    },
    Recipe {
        format: "pytorch-export",
        lines: |file, tensor| {
            let part = if tensor.role == Some(Role::Other) { "constants" } else { "state_dict" };
            format!(
                "import torch\nprogram = torch.export.load({file})\ntensor = program.{part}[{}]",
                literal(&tensor.name)
            )
        },
    },
    Recipe {
        format: "torch-package",
        lines: |file, tensor| {
            format!(
                "from torch.package import PackageImporter\n# The names of the package and the resource are those of the pickle.\nimporter = PackageImporter({file})\ntensor = importer.load_pickle(\"PACKAGE\", \"RESOURCE.pkl\"){}",
                keys(tensor)
            )
        },
    },
    Recipe {
        format: "pickle",
        lines: |file, tensor| {
            format!(
                "import pickle\n# Loading a pickle runs it: only from whom you trust.\nwith open({file}, \"rb\") as f:\n    array = pickle.load(f){}",
                keys(tensor)
            )
        },
    },
    Recipe {
        format: "joblib",
        lines: |file, tensor| {
            format!(
                "import joblib\n# Loading a pickle runs it: only from whom you trust.\narray = joblib.load({file}){}",
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

fn torch_load(file: &str, tensor: &Tensor) -> String {
    format!(
        "import torch\ncheckpoint = torch.load({file}, map_location=\"cpu\", weights_only=True)\ntensor = checkpoint{}",
        keys(tensor)
    )
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
            odd if odd.is_control() || is_hidden(odd) => {
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
    use crate::model::{ByteRange, Dtype, Number};
    use crate::source::{Files, Memory};
    use std::rc::Rc;

    #[test]
    fn every_format_has_a_recipe() {
        for format in FORMATS {
            assert!(RECIPES.iter().any(|recipe| recipe.format == format.id), "{}", format.id);
        }
    }

    fn lines_of(format: &'static str, name: &str, path: &[Key]) -> Option<String> {
        let mut files = Files::new();
        let file = files.add("folder/my \"file\"", Rc::new(Memory::new(vec![0; 4])));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len: 4 });
        let mut tensor = Tensor::new(name, Dtype::Number(Number::F32), vec![], layout);
        tensor.path = path.to_vec();
        let mut checkpoint = Checkpoint::new(files, format);
        checkpoint.tensors.push(tensor);
        lines(&checkpoint, &checkpoint.tensors[0])
    }

    #[test]
    fn reads_this_very_tensor() {
        let keys = [Key::Text("state".into()), Key::Index(-1), Key::Text("fc1.weight".into())];
        for (format, name, path, last) in [
            ("safetensors", "a", &[][..], r#"    tensor = f.get_tensor("a")"#),
            ("safetensors-sharded", "a", &[], r#"    tensor = f.get_tensor("a")"#),
            ("pytorch-zip", "state.-1.fc1.weight", &keys, r#"tensor = checkpoint["state"][-1]["fc1.weight"]"#),
            ("pytorch-zip", "tensor", &[], "tensor = checkpoint"),
            ("npy", "array", &[], r#"array = np.load("my \"file\"")"#),
            ("npz", "a/b", &[], r#"array = np.load("my \"file\"")["a/b"]"#),
        ] {
            let lines = lines_of(format, name, path).unwrap();
            assert_eq!(lines.lines().last(), Some(last));
            assert!(lines.contains(r#"("my \"file\""#), "{lines}");
        }
        assert!(lines_of("pytorch-zip", "a", &[]).unwrap().contains("weights_only=True"));
        assert_eq!(lines_of("unknown", "a", &[]), None);
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(literal("a\"]; import os #\n\u{202e}"), "\"a\\\"]; import os #\\n\\u202e\"");
    }
}
