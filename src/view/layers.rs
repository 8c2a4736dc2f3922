//! The layers of a model, for the report and for the page.

use crate::model::{Checkpoint, Layer};
use serde::Serialize;

/// One layer, in the order of the model.
#[derive(Serialize)]
pub struct LayerFact {
    /// Its name.
    pub name: String,
    /// Its class; empty if the file does not tell.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub class: String,
    /// The shape that it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Whether it is trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trainable: Option<bool>,
    /// Its weights, in its own order.
    pub weights: Vec<WeightFact>,
}

/// One weight of a layer.
#[derive(Serialize)]
pub struct WeightFact {
    /// The tensor's place in the list of all.
    pub tensor: u32,
    /// Its name in the layer.
    pub name: String,
    /// Its place in `get_weights()`, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
}

/// All layers of a checkpoint.
pub fn layers(checkpoint: &Checkpoint) -> Vec<LayerFact> {
    let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let fact = |layer: &Layer| {
        let weights = layer.weights.iter().map(|weight| WeightFact {
            tensor: place(weight.tensor),
            name: weight.name.clone(),
            index: weight.index.map(place),
        });
        LayerFact {
            name: layer.name.clone(),
            class: layer.class.clone(),
            output: layer.output.clone(),
            trainable: layer.trainable,
            weights: weights.collect(),
        }
    };
    checkpoint.layers.iter().map(fact).collect()
}
