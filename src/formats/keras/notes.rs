//! What is good to know before one loads a Keras file, each only where it is true of this one.
//!
//! Tried with Keras 3.15 and with tf_keras 2.21.

use super::config::{Spec, foreign};
use super::model::Saved;
use super::store::{Store, last_part};
use super::walk::Walk;
use crate::error::quoted;
use crate::model::{Checkpoint, Note, Number};
use serde_json::Value;
use std::collections::HashSet;

/// Adds the notes.
pub(super) fn add(checkpoint: &mut Checkpoint, store: &Store, found: &Walk, saved: &Saved, by_layers: bool) {
    if let Some(config) = &saved.config {
        code(checkpoint, config);
        versions(checkpoint, config, saved, by_layers);
    }
    if let (true, Some(training)) = (by_layers, &saved.training) {
        short_losses(checkpoint, training);
    }
    if by_layers
        && !saved.is_keras2()
        && store.child(0, "optimizer_weights").is_some_and(|group| has_slots(store, group))
    {
        checkpoint.note(Note::info(
            "Of the optimizer's variables Keras 3 reads back the iteration and the learning rate from a file of this kind; the others begin anew.",
        ));
    }
    if saved.config.is_none() && !by_layers && found.weights.iter().any(|weight| weight.placed) {
        checkpoint.note(Note::info(
            "The file has no config of the model: layers stand in the order in which they were written, which is the model's unless another program wrote the file again.",
        ));
    }
    if !found.named {
        let count = found.weights.iter().filter(|weight| weight.name.contains("/vars/")).count();
        checkpoint.note(Note::info(format!(
            "{count} variables are called by their places: what they are called stands only in the code of their layers' classes."
        )));
    }
    if found.weights.iter().any(|weight| !weight.placed) {
        checkpoint.note(Note::info(
            "The order of some layers, or of what they hold in attributes, is not in the file: their weights have no number in get_weights().",
        ));
    }
    let missing = found.weights.iter().filter(|weight| weight.array.is_none()).count();
    if missing > 0 {
        checkpoint.note(Note::info(format!(
            "{missing} weights of LoRA are not in the file: they are merged into the kernels when a model is saved. They count in get_weights()."
        )));
    }
    packed(checkpoint, store, found);
    if store.child(0, "optimizer").is_some_and(|group| store.child(group, "inner_optimizer").is_some()) {
        checkpoint.note(Note::info(
            "The model was trained in half precision: its optimizer is inside of one that scales the loss, and its variables are in the file twice.",
        ));
    }
}

/// What Keras would run.
fn code(checkpoint: &mut Checkpoint, config: &Value) {
    let foreign = foreign(config);
    if let Some(first) = foreign.lambdas.first() {
        let more = foreign.lambdas.len() - 1;
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        checkpoint.note(
            Note::danger(format!(
                "The Lambda layer {:?}{others} may bring Python code of its own, which Keras runs if the model is loaded with safe_mode=False. Nothing of it is decoded or run here.",
                quoted(first)
            ))
            .about(first),
        );
    }
    if let Some(first) = foreign.custom.first() {
        let more = foreign.custom.len() - 1;
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        checkpoint.note(Note::info(format!(
            "Keras loads the model only where the class {:?}{others} is defined and registered.",
            quoted(first)
        )));
    }
}

/// What another version of Keras does not load.
fn versions(checkpoint: &mut Checkpoint, config: &Value, saved: &Saved, by_layers: bool) {
    if !saved.is_keras2() {
        return;
    }
    if !by_layers {
        checkpoint.note(Note::info(
            "Keras 2 wrote this model; Keras 3 does not load .keras files of Keras 2. The package tf_keras does.",
        ));
    } else if has_key(config, "time_major") {
        checkpoint.note(Note::info(
            "Keras 2 wrote this model; Keras 3 does not load its recurrent layers, which tell of time_major. The package tf_keras does.",
        ));
    }
}

/// Short names of losses, which Keras 3 writes into a `.h5` file and does not find again.
const SHORT: [&str; 7] = ["mse", "mae", "mape", "msle", "bce", "kld", "logcosh"];

fn short_losses(checkpoint: &mut Checkpoint, training: &Value) {
    let losses: Vec<&Value> = match &training["loss"] {
        Value::Array(losses) => losses.iter().collect(),
        Value::Object(losses) => losses.values().collect(),
        one => vec![one],
    };
    let short = losses.into_iter().filter_map(Value::as_str);
    if let Some(loss) = short.into_iter().find(|loss| SHORT.contains(&loss.to_lowercase().as_str())) {
        checkpoint.note(Note::info(format!(
            "Keras 3 does not find the loss {:?} when it loads the model; load_model with compile=False does without it.",
            quoted(loss)
        )));
    }
}

/// Kernels of 4 bits, two to a byte.
fn packed(checkpoint: &mut Checkpoint, store: &Store, found: &Walk) {
    let is_packed = |array: usize| {
        let tensor = &store.arrays[array].tensor;
        matches!(tensor.dtype.number(), Some(Number::I8 | Number::U8))
    };
    // Only those have a list of groups beside their scale.
    let grouped = found.weights.iter().filter(|weight| weight.inside.ends_with("g_idx"));
    let of_four: HashSet<usize> = grouped.map(|weight| weight.layer).collect();
    let first = found.weights.iter().find(|weight| {
        let last = last_part(&weight.inside);
        matches!(last, "kernel" | "embeddings" | "quantized_kernel")
            && weight.array.is_some_and(is_packed)
            && of_four.contains(&weight.layer)
    });
    if let Some(first) = first {
        checkpoint.note(
            Note::info(
                "The kernels are quantised to 4 bits: each of their bytes holds two values, the first in its low half.",
            )
            .about(&first.name),
        );
    }
}

/// Whether the optimizer's group holds more than what is read back.
fn has_slots(store: &Store, group: usize) -> bool {
    let inside = store.groups[group].groups.iter().flat_map(|group| &store.groups[*group].arrays);
    inside.into_iter().any(|array| !matches!(store.arrays[*array].name(), "iteration" | "learning_rate"))
}

/// Whether any layer of a config was made with a key.
fn has_key(config: &Value, key: &str) -> bool {
    let mut open: Vec<Spec<'_>> = Spec::new(config).into_iter().collect();
    while let Some(spec) = open.pop() {
        if spec.config.get(key).is_some() {
            return true;
        }
        open.extend(spec.layers().into_iter().flatten());
        open.extend(["layer", "backward_layer"].iter().filter_map(|key| Spec::new(spec.config.get(*key)?)));
    }
    false
}
