//! TensorFlow and TFLite.

use super::{Asked, literal};
use crate::model::Key;

/// A checkpoint is asked for by the name that its files begin with.
pub(super) fn checkpoint(Asked { checkpoint, tensor, .. }: &Asked<'_>) -> Option<String> {
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

/// By its name, which the file has to give to no other.
pub(super) fn tflite(Asked { checkpoint, tensor, file }: &Asked<'_>) -> Option<String> {
    if checkpoint.tensors.iter().filter(|other| other.name == tensor.name).count() > 1 {
        return None;
    }
    let name = literal(&tensor.name);
    Some(format!(
        "import tensorflow as tf\ninterpreter = tf.lite.Interpreter({file})\ngraphs = range(interpreter.num_subgraphs())\nplaces = {{about[\"name\"]: (about[\"index\"], graph) for graph in graphs for about in interpreter.get_tensor_details(graph)}}\ntensor = interpreter.get_tensor(*places[{name}])"
    ))
}

/// A constant of the graph itself, not of a function in it.
pub(super) fn graph(Asked { checkpoint, tensor, file }: &Asked<'_>) -> Option<String> {
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
