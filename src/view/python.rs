//! The lines that read a tensor in Python.

use crate::error::{is_hidden, quoted};
use crate::model::{Checkpoint, Dtype, Key, Layout, Meaning, Number, Role, Tensor, Verdict};
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
    Recipe { format: "tf-checkpoint", lines: tensorflow },
    Recipe { format: "tf-savedmodel", lines: tensorflow },
    Recipe { format: "tf-checkpoint-v1", lines: tensorflow },
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
    Recipe { format: "tflite", lines: tflite },
    Recipe { format: "tf-graphdef", lines: graph },
];

/// By its path; what third parties' filters packed needs their package.
fn hdf5(Asked { checkpoint, tensor, .. }: &Asked<'_>) -> Option<String> {
    // LZF, 32000, is h5py's own.
    let foreign = |tensor: &Tensor| match &tensor.layout {
        Layout::Tiled(tiled) => tiled.filters.iter().any(|filter| filter.id > 32_000),
        _ => false,
    };
    let packed = match &tensor.layout {
        Layout::Encoded(encoded) => foreign(&encoded.stored),
        Layout::Mosaic(mosaic) => mosaic.patches.iter().any(|patch| foreign(&patch.source)),
        _ => foreign(tensor),
    };
    let plugin = if packed { "import hdf5plugin\n" } else { "" };
    // Elements may lie in other files, which h5py finds by itself.
    let file = literal(checkpoint.files.iter().next()?.1.base_name());
    let name = literal(&tensor.name);
    Some(h5py(plugin, &file, &format!("f[{name}][()]")))
}

/// The lines for a dataset, with what has to be imported for it.
fn h5py(import: &str, file: &str, dataset: &str) -> String {
    format!("import h5py\n{import}with h5py.File({file}) as f:\n    array = {dataset}")
}

const SAFETENSORS: fn(&Asked<'_>) -> Option<String> = |Asked { tensor, file, .. }| {
    let name = literal(&tensor.name);
    Some(format!(
        "from safetensors import safe_open\nwith safe_open({file}, framework=\"pt\") as f:\n    tensor = f.get_tensor({name})"
    ))
};

const RUNS_IT: &str = "# Loading a pickle runs it: only from whom you trust.\n";

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

/// A checkpoint is asked for by the name that its files begin with.
fn tensorflow(Asked { checkpoint, tensor, .. }: &Asked<'_>) -> Option<String> {
    let mut names = checkpoint.files.iter().map(|(_, file)| file.base_name());
    let prefix = match checkpoint.format {
        "tf-checkpoint" => names.find_map(|name| name.strip_suffix(".index"))?,
        "tf-savedmodel" => "variables/variables",
        // Of a numbered set of the first version what all names begin with.
        _ => names.next().map(|name| {
            name.rsplit_once("-of-").and_then(|(name, _)| name.rsplit_once('-')).map_or(name, |(name, _)| name)
        })?,
    };
    let prefix = literal(prefix);
    let name = literal(&tensor.name);
    Some(format!(
        "import tensorflow as tf\ncheckpoint = tf.train.load_checkpoint({prefix})\ntensor = checkpoint.get_tensor({name})"
    ))
}

/// What is behind a step into the file. Objects are pickled, what is wrapped in an array among them.
fn numpy(Asked { tensor, file, .. }: &Asked<'_>, step: &str, inside: &[Key]) -> Option<String> {
    let pickled = !tensor.path.is_empty() || tensor.dtype == Dtype::Object;
    let (comment, allow) = if pickled { (RUNS_IT, ", allow_pickle=True") } else { ("", "") };
    let array = reached(&format!("np.load({file}{allow}){step}"), inside)?;
    Some(format!("import numpy as np\n{comment}array = {array}"))
}

fn torch_load(asked: &Asked<'_>) -> Option<String> {
    let Asked { checkpoint, tensor, file } = asked;
    let (comment, weights_only) = refusal(checkpoint).unwrap_or((String::new(), "True"));
    let tensor = reached("checkpoint", &tensor.path)?;
    Some(format!(
        "import torch\n{comment}checkpoint = torch.load({file}, map_location=\"cpu\", weights_only={weights_only})\ntensor = {tensor}"
    ))
}

/// What to say of a file that `weights_only=True` refuses, and what to give instead. What may do harm is not told how to.
fn refusal(checkpoint: &Checkpoint) -> Option<(String, &'static str)> {
    let because = checkpoint.pickles.iter().find_map(|pickle| match &pickle.verdict {
        Some(Verdict::Refuses(because)) => Some(format!("it because of {}", quoted(because))),
        _ => None,
    });
    let because = if checkpoint.format == "pytorch-tar" { "tar archives".to_owned() } else { because? };
    let names = checkpoint.pickles.iter().flat_map(|pickle| &pickle.names);
    let worst = names.filter(|name| name.meaning <= Meaning::Hidden).min_by_key(|name| name.meaning);
    Some(match worst {
        Some(worst) => {
            let name = quoted(&worst.name);
            let comment = format!(
                "# It will be refused, and it refers to {name}: loading it otherwise runs what the pickle says.\n"
            );
            (comment, "True")
        }
        None => {
            let comment = format!(
                "# weights_only=True refuses {because}; False runs what the pickle says: only for files that you trust.\n"
            );
            (comment, "False")
        }
    })
}

/// One of the pickles of a package: its record is the package's name with slashes, and the resource's.
fn package(asked: &Asked<'_>) -> Option<String> {
    let Asked { checkpoint, tensor, file } = asked;
    let mut records = checkpoint.pickles.iter().map(|pickle| pickle.place.as_str());
    let (record, inside) = match tensor.path.as_slice() {
        // Of several pickles each has its record before its keys.
        [Key::Shown(record), inside @ ..] if records.any(|place| *place == **record) => (&**record, inside),
        inside => (checkpoint.pickles.first()?.place.as_str(), inside),
    };
    let (package, resource) = record.rsplit_once('/')?;
    let (package, resource) = (literal(&package.replace('/', ".")), literal(resource));
    let tensor = reached(&format!("importer.load_pickle({package}, {resource})"), inside)?;
    Some(format!(
        "from torch.package import PackageImporter\nimporter = PackageImporter({file})\n# Loading from a package runs its code: only from whom you trust.\ntensor = {tensor}"
    ))
}

fn pickle(asked: &Asked<'_>) -> Option<String> {
    let Asked { checkpoint, tensor, file } = asked;
    // Joblib writes arrays behind the opcodes, which pickle.load would take for more of them.
    if checkpoint.pickles.iter().flat_map(|pickle| &pickle.names).any(|name| name.name.starts_with(JOBLIBS)) {
        return joblib(asked);
    }
    let (module, open, load) = match checkpoint.packed {
        None => ("", "open", "pickle.load(f"),
        Some("gzip") => ("gzip\nimport ", "gzip.open", "pickle.load(f"),
        Some("bzip2") => ("bz2\nimport ", "bz2.open", "pickle.load(f"),
        Some("xz" | "lzma") => ("lzma\nimport ", "lzma.open", "pickle.load(f"),
        Some("LZ4") => ("lz4.frame\nimport ", "lz4.frame.open", "pickle.load(f"),
        Some("zlib") => ("zlib\nimport ", "open", "pickle.loads(zlib.decompress(f.read())"),
        Some(_) => return None,
    };
    // Python 2 wrote these, and elements as text with them; where Python 3 did, nothing changes.
    let old = checkpoint.pickles.first().is_some_and(|pickle| pickle.protocol <= 2);
    let encoding = if old { ", encoding=\"latin1\"" } else { "" };
    let array = reached(&format!("{load}{encoding})"), &tensor.path)?;
    Some(format!("import {module}pickle\n{RUNS_IT}with {open}({file}, \"rb\") as f:\n    array = {array}"))
}

/// By its name, which the file has to give to no other.
fn tflite(Asked { checkpoint, tensor, file }: &Asked<'_>) -> Option<String> {
    if checkpoint.tensors.iter().filter(|other| other.name == tensor.name).count() > 1 {
        return None;
    }
    let name = literal(&tensor.name);
    Some(format!(
        "import tensorflow as tf\ninterpreter = tf.lite.Interpreter({file})\ngraphs = range(interpreter.num_subgraphs())\nplaces = {{about[\"name\"]: (about[\"index\"], graph) for graph in graphs for about in interpreter.get_tensor_details(graph)}}\ntensor = interpreter.get_tensor(*places[{name}])"
    ))
}

/// A constant of the graph itself, not of a function in it.
fn graph(Asked { checkpoint, tensor, file }: &Asked<'_>) -> Option<String> {
    let [Key::Text(name)] = tensor.path.as_slice() else { return None };
    let text = checkpoint.metadata.iter().any(|entry| entry.key() == "form" && entry.value.to_string() == "text");
    let (import, mode, parse) = if text {
        ("from google.protobuf import text_format\n", "r", "text_format.Parse(f.read(), graph)")
    } else {
        ("", "rb", "graph.ParseFromString(f.read())")
    };
    let name = literal(name);
    Some(format!(
        "import tensorflow as tf\n{import}graph = tf.compat.v1.GraphDef()\nwith open({file}, \"{mode}\") as f:\n    {parse}\nnode = next(node for node in graph.node if node.name == {name})\narray = tf.make_ndarray(node.attr[\"value\"].tensor)"
    ))
}

/// What a pickle refers to where joblib wrote arrays behind it.
const JOBLIBS: &str = "joblib.numpy_pickle.";

/// The weights of a model that Keras loads, by their places in `get_weights()`. Only of one whose layers are all Keras's own and
/// bring no code: others need what is in no file, or run what is in this one.
fn keras(Asked { checkpoint, tensor, file }: &Asked<'_>) -> Option<String> {
    let layers = || checkpoint.layers.iter();
    let whole = checkpoint.metadata.iter().any(|entry| entry.key() == "model.class_name");
    let own = layers().flat_map(|layer| &layer.weights).all(|weight| checkpoint.tensors[weight.tensor].role.is_some());
    if !whole || !own || layers().any(|layer| layer.class == "Lambda") {
        return None;
    }
    let this = |index: usize| std::ptr::eq(*tensor, &raw const checkpoint.tensors[index]);
    let weight = layers().flat_map(|layer| &layer.weights).find(|weight| this(weight.tensor))?;
    let index = weight.index?;
    // Keras 3 does not load all that Keras 2 wrote; the package that goes on with Keras 2 does.
    let by = checkpoint.producer.as_deref().unwrap_or_default();
    let old = ["Keras 1.", "Keras 2."].iter().any(|version| by.starts_with(version));
    let keras = if old { "tf_keras" } else { "keras" };
    Some(format!(
        "import {keras}\nmodel = {keras}.models.load_model({file}, compile=False)\narray = model.get_weights()[{index}]"
    ))
}

/// By its path in the HDF5 file: what Keras itself does not give.
fn stored(asked: &Asked<'_>) -> Option<String> {
    let (import, array) = dataset(asked)?;
    Some(h5py(import, &asked.file, &array))
}

/// The same in the HDF5 file of a Keras archive.
fn in_archive(asked: &Asked<'_>) -> Option<String> {
    let (import, array) = dataset(asked)?;
    let file = &asked.file;
    Some(format!(
        "import io, zipfile\nimport h5py\n{import}with zipfile.ZipFile({file}) as z:\n    f = h5py.File(io.BytesIO(z.read(\"model.weights.h5\")), \"r\")\n    array = {array}"
    ))
}

/// What a dataset is in h5py, and what has to be imported for it. Types that NumPy does not have come as bytes without a meaning.
fn dataset(Asked { tensor, .. }: &Asked<'_>) -> Option<(&'static str, String)> {
    let keys: Option<Vec<&str>> = tensor.path.iter().map(Key::text).collect();
    let path = literal(&keys.filter(|keys| !keys.is_empty())?.join("/"));
    Some(match tensor.dtype.number() {
        Some(Number::Bf16) => ("import ml_dtypes\n", format!("f[{path}][()].view(ml_dtypes.bfloat16)")),
        _ => ("", format!("f[{path}][()]")),
    })
}

/// It unpacks by itself.
fn joblib(Asked { tensor, file, .. }: &Asked<'_>) -> Option<String> {
    let array = reached(&format!("joblib.load({file})"), &tensor.path)?;
    Some(format!("import joblib\n{RUNS_IT}array = {array}"))
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
    use crate::formats::FORMATS;
    use crate::model::{ByteRange, PickleFacts, Referred};
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
