//! What is a pickle, or has pickles in it.

use super::{Asked, literal, reached};
use crate::error::quoted;
use crate::model::{Checkpoint, Dtype, Key, Meaning, Verdict};

const RUNS_IT: &str = "# Loading a pickle runs it: only from whom you trust.\n";

/// What a pickle refers to where joblib wrote arrays behind it.
const JOBLIBS: &str = "joblib.numpy_pickle.";

/// What is behind a step into the file. Objects are pickled, what is wrapped in an array among them.
pub(super) fn numpy(Asked { tensor, file, .. }: &Asked<'_>, step: &str, inside: &[Key]) -> Option<String> {
    let pickled = !tensor.path.is_empty() || tensor.dtype == Dtype::Object;
    let (comment, allow) = if pickled { (RUNS_IT, ", allow_pickle=True") } else { ("", "") };
    let array = reached(&format!("np.load({file}{allow}){step}"), inside)?;
    Some(format!("import numpy as np\n{comment}array = {array}"))
}

pub(super) fn torch_load(asked: &Asked<'_>) -> Option<String> {
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
pub(super) fn package(asked: &Asked<'_>) -> Option<String> {
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

pub(super) fn pickle(asked: &Asked<'_>) -> Option<String> {
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

/// It unpacks by itself.
pub(super) fn joblib(Asked { tensor, file, .. }: &Asked<'_>) -> Option<String> {
    let array = reached(&format!("joblib.load({file})"), &tensor.path)?;
    Some(format!("import joblib\n{RUNS_IT}array = {array}"))
}
