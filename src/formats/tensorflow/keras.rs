//! The layers of a Keras model that was saved as a SavedModel: `keras_metadata.pb` has a JSON for each.
//! Source: `keras/protobuf/saved_metadata.proto`.

use super::graph::Graph;
use crate::error::Result;
use crate::limits;
use crate::model::{Checkpoint, Layer, Weight};
use crate::sort;
use crate::source::{Pages, ReadAt};
use crate::wire::protobuf::Message;

/// The name of the file.
pub(super) const METADATA: &str = "keras_metadata.pb";

/// What stands behind the way to a variable in its key.
const VALUE: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

/// What the JSON of a layer is asked for.
#[derive(serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    class_name: String,
    #[serde(default)]
    trainable: Option<bool>,
}

/// Adds the layers that have weights. Tensors are in the order of their names.
///
/// # Errors
///
/// `Malformed` where the file is damaged, `TooLarge` beyond a cap of [`limits`].
pub(super) fn add_layers(model: &mut Checkpoint, source: &dyn ReadAt, objects: &Graph) -> Result<()> {
    let pages = Pages::new(source);
    for node in Message::new(&pages) {
        let node = node?;
        if node.number != 1 {
            continue;
        }
        let (mut path, mut kind, mut json) = (String::new(), String::new(), Vec::new());
        for field in node.message()? {
            let field = field?;
            match field.number {
                3 => path = field.text(limits::METADATA_RECORD)?,
                4 => kind = field.text(limits::METADATA_RECORD)?,
                5 => json = field.bytes(limits::METADATA_RECORD)?,
                _ => {}
            }
        }
        // `root.layer_with_weights-0`; models and metrics are of other kinds.
        let Some(path) = path.strip_prefix("root.").filter(|_| kind == "_tf_keras_layer") else { continue };
        let Ok(metadata) = serde_json::from_slice::<Metadata>(&json) else { continue };
        let begin = format!("{}/", path.replace('.', "/"));
        let from = model.tensors.partition_point(|tensor| tensor.name.as_str() < begin.as_str());
        let below =
            model.tensors.iter().enumerate().skip(from).take_while(|(_, tensor)| tensor.name.starts_with(&begin));
        let mut weights: Vec<Weight> = below
            .filter_map(|(position, tensor)| {
                let name = tensor.name.strip_prefix(&begin)?.strip_suffix(VALUE)?;
                Some(Weight { tensor: position, name: name.to_owned(), index: objects.place(&tensor.name) })
            })
            .collect();
        // In a layer as in the model: the trained ones first.
        sort::by_key(&mut weights, |weight| weight.index.unwrap_or(usize::MAX));
        if !weights.is_empty() {
            let Metadata { name, class_name: class, trainable } = metadata;
            model.layers.push(Layer { name, class, output: None, trainable, weights });
        }
    }
    Ok(())
}
