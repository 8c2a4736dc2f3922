//! The lines that read a tensor in Python.

mod hdf5;
mod pickles;
mod tensorflow;

use crate::model::{Checkpoint, Key, Layout, Role, Tensor};
use hdf5::{hdf5, in_archive, keras, stored};
use paramscope_text::is_hidden;
use pickles::{joblib, numpy, package, pickle, torch_load};
use std::fmt::Write;

/// How a tensor of one format is read in Python.
struct Recipe {
    /// The id of the format.
    format: &'static str,
    /// `None` where no line would be known to be right.
    lines: fn(&Asked<'_>) -> Option<String>,
}

/// What the lines are for.
struct Asked<'a> {
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    /// The name of the file, as a literal.
    file: String,
}

const RECIPES: &[Recipe] = &[
    Recipe { format: "safetensors", lines: SAFETENSORS },
    Recipe { format: "safetensors-sharded", lines: SAFETENSORS },
    Recipe { format: "pytorch-zip", lines: torch_load },
    Recipe { format: "pytorch-sharded", lines: torch_load },
    Recipe { format: "pytorch-legacy", lines: torch_load },
    Recipe { format: "pytorch-tar", lines: torch_load },
    Recipe {
        format: "pytorch-dcp",
        lines: |asked| {
            let tensor =
                reached("torch.load(\"whole.pt\", map_location=\"cpu\", weights_only=True)", &asked.tensor.path)?;
            Some(format!(
                "import torch\nfrom torch.distributed.checkpoint.format_utils import dcp_to_torch_save\n# The folder with .metadata in it.\ndcp_to_torch_save(\".\", \"whole.pt\")\ntensor = {tensor}"
            ))
        },
    },
    Recipe {
        format: "torchscript",
        lines: |Asked { file, tensor, .. }| {
            let tensor = reached("module", &tensor.path)?;
            Some(format!("import torch\nmodule = torch.jit.load({file}, map_location=\"cpu\")\ntensor = {tensor}"))
        },
    },
    Recipe {
        format: "pytorch-export",
        lines: |Asked { file, tensor, .. }| {
            let part = if tensor.role == Some(Role::Other) { "constants" } else { "state_dict" };
            let name = literal(&tensor.name);
            Some(format!("import torch\nprogram = torch.export.load({file})\ntensor = program.{part}[{name}]"))
        },
    },
    Recipe { format: "torch-package", lines: package },
    Recipe { format: "tf-checkpoint", lines: tensorflow::checkpoint },
    Recipe { format: "tf-savedmodel", lines: tensorflow::checkpoint },
    Recipe { format: "tf-checkpoint-v1", lines: tensorflow::checkpoint },
    Recipe { format: "keras", lines: |asked| keras(asked).or_else(|| in_archive(asked)) },
    Recipe { format: "keras-h5", lines: |asked| keras(asked).or_else(|| stored(asked)) },
    Recipe { format: "keras-weights-h5", lines: stored },
    Recipe { format: "keras-weights-sharded", lines: stored },
    Recipe { format: "pickle", lines: pickle },
    Recipe { format: "joblib", lines: joblib },
    Recipe { format: "hdf5", lines: hdf5 },
    Recipe {
        format: "npy",
        lines: |asked| match asked.tensor.path.as_slice() {
            [] => numpy(asked, "", &[]),
            inside => numpy(asked, ".item()", inside),
        },
    },
    Recipe {
        format: "npz",
        lines: |asked| match asked.tensor.path.as_slice() {
            [Key::Text(name), inside @ ..] => numpy(asked, &format!("[{}].item()", literal(name)), inside),
            _ => numpy(asked, &format!("[{}]", literal(&asked.tensor.name)), &[]),
        },
    },
    Recipe { format: "tflite", lines: tensorflow::tflite },
    Recipe { format: "tf-graphdef", lines: tensorflow::graph },
];

const SAFETENSORS: fn(&Asked<'_>) -> Option<String> = |Asked { tensor, file, .. }| {
    let name = literal(&tensor.name);
    Some(format!(
        "from safetensors import safe_open\nwith safe_open({file}, framework=\"pt\") as f:\n    tensor = f.get_tensor({name})"
    ))
};

/// The lines that read this very tensor, as its framework reads it; `None` for one whose elements no file holds, and for one
/// that no line is known to reach.
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
    (recipe.lines)(&Asked { checkpoint, tensor, file: literal(file.base_name()) })
}

/// `holder["model"].layers[0]`: the way from what is loaded to the tensor; `None` where a key is no step that Python knows.
fn reached(holder: &str, path: &[Key]) -> Option<String> {
    let mut text = holder.to_owned();
    for key in path {
        text = match key {
            Key::Text(key) => format!("{text}[{}]", literal(key)),
            Key::Index(index) => format!("{text}[{index}]"),
            Key::Attribute(name) if is_identifier(name) => format!("{text}.{name}"),
            Key::Attribute(name) => format!("getattr({text}, {})", literal(name)),
            Key::State(name) => format!("{text}.state_dict()[{}]", literal(name)),
            Key::Shown(_) | Key::Nth(_) => return None,
        };
    }
    Some(text)
}

/// Python's keywords, which look like identifiers and cannot follow a dot.
const KEYWORDS: &str = " False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield ";

/// Whether a name can follow a dot as it is. Others than ASCII's may become another one when Python reads them.
fn is_identifier(name: &str) -> bool {
    let plain = name.chars().all(|character| character == '_' || character.is_ascii_alphanumeric());
    plain
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !KEYWORDS.contains(&format!(" {name} "))
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
    use crate::error::quoted;
    use crate::formats::FORMATS;
    use crate::model::{ByteRange, Dtype, Meaning, Number, PickleFacts, Referred, Verdict};
    use crate::source::{Files, Memory};
    use std::rc::Rc;

    #[test]
    fn every_format_has_a_recipe() {
        for format in FORMATS {
            assert!(RECIPES.iter().any(|recipe| recipe.format == format.id), "{}", format.id);
        }
    }

    /// A checkpoint of one tensor.
    fn holding(format: &'static str, name: &str, path: &[Key]) -> Checkpoint {
        let mut files = Files::new();
        let file = files.add("folder/my \"file\"", Rc::new(Memory::new(vec![0; 4])));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len: 4 });
        let mut tensor = Tensor::new(name, Dtype::Number(Number::F32), vec![], layout);
        tensor.path = path.to_vec();
        let mut checkpoint = Checkpoint::new(files, format);
        checkpoint.tensors.push(tensor);
        checkpoint
    }

    fn lines_in(checkpoint: &Checkpoint) -> Option<String> {
        lines(checkpoint, &checkpoint.tensors[0])
    }

    fn lines_of(format: &'static str, name: &str, path: &[Key]) -> Option<String> {
        lines_in(&holding(format, name, path))
    }

    /// A pickle that refers to one name.
    fn referring(place: &str, name: &str, meaning: Meaning, verdict: Option<Verdict>) -> PickleFacts {
        let name = Referred { name: name.into(), spelled: None, at: 0, opcode: "GLOBAL", meaning, reason: "" };
        PickleFacts { place: place.into(), protocol: 4, stopped: None, names: vec![name], more: 0, verdict }
    }

    #[test]
    fn reads_this_very_tensor() {
        let keys = [Key::Text("state".into()), Key::Index(-1), Key::Text("fc1.weight".into())];
        let module = [Key::Text("model".into()), Key::State("0.weight".into()), Key::Attribute("qdata".into())];
        let object = [Key::Attribute("class".into()), Key::Attribute("_a1".into()), Key::Attribute("0\"".into())];
        let wrapped = [Key::Text("a/b".into()), Key::Index(0)];
        for (format, name, path, last) in [
            ("safetensors", "a", &[][..], r#"    tensor = f.get_tensor("a")"#),
            ("safetensors-sharded", "a", &[], r#"    tensor = f.get_tensor("a")"#),
            ("pytorch-zip", "state.-1.fc1.weight", &keys, r#"tensor = checkpoint["state"][-1]["fc1.weight"]"#),
            ("pytorch-zip", "tensor", &[], "tensor = checkpoint"),
            ("pytorch-zip", "a", &module, r#"tensor = checkpoint["model"].state_dict()["0.weight"].qdata"#),
            ("torchscript", "a", &module[1..2], r#"tensor = module.state_dict()["0.weight"]"#),
            ("joblib", "a", &object, r#"array = getattr(getattr(joblib.load("my \"file\""), "class")._a1, "0\"")"#),
            ("hdf5", "a/kernel:0", &[], r#"    array = f["a/kernel:0"][()]"#),
            ("npy", "array", &[], r#"array = np.load("my \"file\"")"#),
            ("tflite", "a", &[], "tensor = interpreter.get_tensor(*places[\"a\"])"),
            ("npz", "a/b", &[], r#"array = np.load("my \"file\"")["a/b"]"#),
            ("npz", "a/b.0", &wrapped, r#"array = np.load("my \"file\"", allow_pickle=True)["a/b"].item()[0]"#),
        ] {
            let lines = lines_of(format, name, path).unwrap();
            assert_eq!(lines.lines().last(), Some(last));
            assert!(lines.contains(r#"("my \"file\""#), "{lines}");
        }
        assert!(lines_of("pytorch-zip", "a", &[]).unwrap().contains("weights_only=True"));
        assert_eq!(lines_of("unknown", "a", &[]), None);
    }

    #[test]
    fn what_no_line_is_known_to_reach_has_none() {
        for format in ["pytorch-zip", "torchscript", "pytorch-dcp", "pickle", "joblib", "npy"] {
            assert_eq!(lines_of(format, "a", &[Key::Text("a".into()), Key::Shown("(1, 2)".into())]), None);
            assert_eq!(lines_of(format, "a", &[Key::Nth(1), Key::Text("a".into())]), None);
        }
    }

    #[test]
    fn runs_a_refused_pickle_only_where_that_is_not_known_to_do_harm() {
        let refuses = |name: &str| Some(Verdict::Refuses(name.to_owned()));
        let mut checkpoint = holding("pytorch-zip", "a", &[]);
        let net = "__main__.Net\nimport os";
        checkpoint.pickles.push(referring("data.pkl", net, Meaning::NotKnown, refuses(net)));
        let lines = lines_in(&checkpoint).unwrap();
        assert_eq!(
            lines.lines().nth(1),
            Some(
                r"# weights_only=True refuses it because of __main__.Net\nimport os; False runs what the pickle says: only for files that you trust."
            )
        );
        assert!(lines.contains("weights_only=False)"), "{lines}");
        for (name, meaning) in [("os.system\n", Meaning::RunsCode), ("a name", Meaning::Hidden)] {
            checkpoint.pickles.truncate(1);
            checkpoint.pickles.push(referring("data.pkl, a pickle", name, meaning, None));
            let lines = lines_in(&checkpoint).unwrap();
            let comment = format!("it refers to {}: loading it otherwise runs what the pickle says.", quoted(name));
            assert!(lines.lines().nth(1).unwrap().ends_with(&comment), "{lines}");
            assert!(lines.contains("weights_only=True)") && lines.lines().count() == 4, "{lines}");
        }
        // What is accepted is loaded as it is, whatever stands in its byte strings.
        checkpoint.pickles[0].verdict = Some(Verdict::Accepts);
        assert!(!lines_in(&checkpoint).unwrap().contains('#'));
    }

    #[test]
    fn tar_archives_are_refused_whatever_is_in_them() {
        let mut checkpoint = holding("pytorch-tar", "a", &[]);
        let lines = lines_in(&checkpoint).unwrap();
        assert!(lines.contains("refuses tar archives;") && lines.contains("weights_only=False)"), "{lines}");
        checkpoint.pickles.push(referring("pickle", "os.system", Meaning::RunsCode, Some(Verdict::Accepts)));
        assert!(lines_in(&checkpoint).unwrap().contains("weights_only=True)"));
    }

    #[test]
    fn packages_are_asked_for_the_pickle_of_the_tensor() {
        let mut checkpoint = holding("torch-package", "w", &[Key::Text("w".into())]);
        checkpoint.pickles.push(referring("my/models/m.pkl", "torch.a", Meaning::InTorchsList, None));
        let last = |checkpoint: &Checkpoint| lines_in(checkpoint).unwrap().lines().last().unwrap().to_owned();
        assert_eq!(last(&checkpoint), r#"tensor = importer.load_pickle("my.models", "m.pkl")["w"]"#);
        checkpoint.pickles.push(referring("b/n.pkl", "torch.a", Meaning::InTorchsList, None));
        checkpoint.tensors[0].path.insert(0, Key::Shown("b/n.pkl".into()));
        assert_eq!(last(&checkpoint), r#"tensor = importer.load_pickle("b", "n.pkl")["w"]"#);
    }

    #[test]
    fn packed_pickles_are_unpacked() {
        let mut checkpoint = holding("pickle", "a", &[]);
        for way in paramscope_unpack::WAYS {
            checkpoint.packed = Some(way);
            assert!(lines_in(&checkpoint).is_some(), "{way}");
        }
        let plain = "pickle.load(f)";
        for (packed, module, opens, loads) in [
            (None, "pickle", "open", plain),
            (Some("gzip"), "gzip", "gzip.open", plain),
            (Some("xz"), "lzma", "lzma.open", plain),
            (Some("zlib"), "zlib", "open", "pickle.loads(zlib.decompress(f.read()))"),
        ] {
            checkpoint.packed = packed;
            let lines = lines_in(&checkpoint).unwrap();
            assert!(lines.starts_with(&format!("import {module}\n")), "{lines}");
            assert!(lines.contains(&format!("with {opens}(")) && lines.ends_with(&format!(" = {loads}")), "{lines}");
        }
        let wrapper = "joblib.numpy_pickle.NumpyArrayWrapper";
        checkpoint.pickles.push(referring("a", wrapper, Meaning::NumpyBuilder, None));
        assert!(lines_in(&checkpoint).unwrap().contains("joblib.load("));
    }

    #[test]
    fn python_2_wrote_elements_as_text() {
        let mut checkpoint = holding("pickle", "a", &[]);
        checkpoint.pickles.push(referring("a", "numpy.dtype", Meaning::NumpyBuilder, None));
        assert!(!lines_in(&checkpoint).unwrap().contains("encoding"));
        checkpoint.pickles[0].protocol = 2;
        assert!(lines_in(&checkpoint).unwrap().ends_with("pickle.load(f, encoding=\"latin1\")"));
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(literal("a\"]; import os #\n\u{202e}"), "\"a\\\"]; import os #\\n\\u202e\"");
    }
}
