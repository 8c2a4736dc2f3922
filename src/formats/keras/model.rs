//! What a Keras file says, as a checkpoint: weights by layers, then the optimizer's variables, then whatever else is there.

use super::config::Spec;
use super::optimizer::{self, Trained};
use super::store::Store;
use super::walk::{Walk, walk};
use super::{legacy, notes};
use crate::error::quoted;
use crate::limits;
use crate::model::{Checkpoint, Entry, Key, Note, Role, Tensor, Value, Weight};
use serde_json::Value as Json;

/// What stands beside the arrays.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// The version of Keras that wrote it.
    pub version: Option<String>,
    /// The backend that it ran on.
    pub backend: Option<String>,
    /// The model.
    pub config: Option<Json>,
    /// How it was trained.
    pub training: Option<Json>,
}

impl Saved {
    /// Whether Keras 1 or 2 wrote it.
    pub fn is_keras2(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.starts_with("1.") || version.starts_with("2."))
    }

    /// The optimizer, as the file tells it: `.keras` and `.h5` have it under keys of their own.
    fn optimizer(&self) -> Option<Spec<'_>> {
        let training = self.training.as_ref()?;
        Spec::new(training.get("optimizer").or_else(|| training.get("optimizer_config"))?)
    }
}

/// Adds what a file holds.
pub(super) fn fill(checkpoint: &mut Checkpoint, mut store: Store, saved: &Saved) {
    store.arrange();
    let keras2 = saved.is_keras2();
    let by_layers = legacy::weights_group(&store);
    let config = saved.config.as_ref();
    let found = match by_layers {
        Some(group) => legacy::read(&store, group, config, keras2),
        None => walk(&store, config, keras2),
    };
    let optimizer = match by_layers {
        _ if keras2 => Vec::new(),
        Some(_) => legacy_optimizer(&store),
        None => numbered_optimizer(&store, &found, saved),
    };
    describe(checkpoint, saved);
    notes::add(checkpoint, &store, &found, saved, by_layers.is_some());
    take(checkpoint, store, found, optimizer);
}

/// Names for arrays of the optimizer: an array, and what the framework calls it.
type Named = Vec<(usize, String)>;

/// What Keras 3 reads back of the optimizer in a `.h5` file is called as it calls it; the rest only the file has.
fn legacy_optimizer(store: &Store) -> Named {
    let Some(group) = store.child(0, "optimizer_weights") else { return Vec::new() };
    let inside = store.groups[group].groups.iter().flat_map(|group| &store.groups[*group].arrays);
    let restored = inside.filter(|array| matches!(store.arrays[**array].name(), "iteration" | "learning_rate"));
    restored.map(|array| (*array, store.arrays[*array].path["optimizer_weights/".len()..].to_owned())).collect()
}

/// The names of numbered variables, if as many of such shapes are there as the optimizer makes.
fn numbered_optimizer(store: &Store, found: &Walk, saved: &Saved) -> Named {
    let Some(spec) = saved.optimizer() else { return Vec::new() };
    let Some(group) = store.child(0, "optimizer") else { return Vec::new() };
    let Some(vars) = store.child(group, "vars") else { return Vec::new() };
    let shape = |array: usize| store.arrays[array].tensor.shape.as_slice();
    let label = |vars: usize| store.groups[vars].label.as_deref();
    let stepped = found.weights.iter().filter(|weight| !weight.overwritten);
    let mut weights: Vec<Trained<'_>> = Vec::new();
    for weight in stepped {
        match weight.trained {
            Some(true) => weights.push((&weight.name, weight.array.map(shape))),
            Some(false) => {}
            None => return Vec::new(),
        }
    }
    // Each optimizer has five for a weight at most.
    if weights.iter().map(|(name, _)| 5 * name.len()).sum::<usize>() > store.room() {
        return Vec::new();
    }
    let name = label(vars).unwrap_or(spec.name);
    // Training in half precision wraps the optimizer into one that scales the loss, which the config does not tell.
    let inner = store.child(group, "inner_optimizer").and_then(|inner| store.child(inner, "vars"));
    let inner_spec = spec.config.get("inner_optimizer").and_then(Spec::new);
    let (mut variables, own, spec) = match inner {
        Some(vars) => {
            let spec = inner_spec.unwrap_or(spec);
            (optimizer::loss_scale(spec.config, name), label(vars).unwrap_or(spec.name), spec)
        }
        None => (Vec::new(), name, spec),
    };
    let Some(theirs) = optimizer::variables(&spec, own, &weights) else { return Vec::new() };
    variables.extend(theirs);
    let arrays = &store.groups[vars].arrays;
    let fits =
        |(array, (_, expected)): (&usize, &optimizer::Variable<'_>)| expected.is_none_or(|it| it == shape(*array));
    if arrays.len() != variables.len() || !arrays.iter().zip(&variables).all(fits) {
        return Vec::new();
    }
    arrays.iter().copied().zip(variables.into_iter().map(|(name, _)| name)).collect()
}

/// Moves the tensors into the checkpoint: weights in the order of `get_weights()`, what else has a name, the rest as it stands.
fn take(checkpoint: &mut Checkpoint, store: Store, found: Walk, optimizer: Named) {
    let is_optimizers: Vec<bool> = store.arrays.iter().map(|array| array.path.starts_with("optimizer")).collect();
    let mut tensors: Vec<Option<(String, Tensor)>> =
        store.arrays.into_iter().map(|array| Some((array.path, array.tensor))).collect();
    let mut add = |checkpoint: &mut Checkpoint, array: usize, name: Option<String>, role, trained| {
        let (path, mut tensor) = tensors[array].take()?;
        tensor.path = path.split('/').map(|key| Key::Text(key.into())).collect();
        tensor.name = name.unwrap_or(path);
        tensor.role = role;
        tensor.requires_grad = trained;
        checkpoint.tensors.push(tensor);
        Some(checkpoint.tensors.len() - 1)
    };
    let mut layers = found.layers;
    for (index, weight) in found.weights.into_iter().enumerate() {
        let Some(array) = weight.array else { continue };
        let tensor = add(checkpoint, array, Some(weight.name), weight.role, weight.trained);
        if let (Some(tensor), Some(layer)) = (tensor, layers.get_mut(weight.layer)) {
            let index = weight.placed.then_some(index);
            layer.weights.push(Weight { tensor, name: weight.inside, index });
        }
    }
    checkpoint.layers.extend(layers);
    for (array, name) in optimizer {
        add(checkpoint, array, Some(name), Some(Role::Optimizer), None);
    }
    for (array, optimizers) in is_optimizers.into_iter().enumerate() {
        let role = if optimizers { Role::Optimizer } else { Role::Other };
        add(checkpoint, array, None, Some(role), None);
    }
}

/// The most entries that the training's config gives, and how deep they may be in it.
const TRAINING_ENTRIES: usize = 200;
const TRAINING_DEPTH: usize = 8;

/// Says what wrote the file, what the model is, and how it was trained.
fn describe(checkpoint: &mut Checkpoint, saved: &Saved) {
    if let Some(version) = &saved.version {
        let backend = saved.backend.as_ref().map(|backend| match backend.as_str() {
            "tensorflow" => ", TensorFlow backend".to_owned(),
            "jax" => ", JAX backend".to_owned(),
            "torch" => ", PyTorch backend".to_owned(),
            other => format!(", {} backend", quoted(other)),
        });
        checkpoint.producer = Some(format!("Keras {}{}", quoted(version), backend.unwrap_or_default()));
    }
    if let Some(model) = saved.config.as_ref().and_then(Spec::new) {
        checkpoint.metadata.push(entry(&["model", "class_name"], Value::Text(model.class.to_owned())));
        if !model.name.is_empty() {
            checkpoint.metadata.push(entry(&["model", "name"], Value::Text(model.name.to_owned())));
        }
        let dtype = model.config.get("dtype");
        let policy = dtype.and_then(|dtype| dtype.get("config")?.get("name").or(Some(dtype)?.get("name")));
        if let Some(policy) = policy.or(dtype.filter(|dtype| dtype.is_string())) {
            checkpoint.metadata.push(entry(&["model", "dtype"], Value::from_json(policy.clone())));
        }
    }
    // What is told of a class's instance are its class and what it was made with.
    let mut open: Vec<(Vec<Key>, &Json)> =
        saved.training.iter().map(|training| (vec![Key::Text("training".into())], training)).collect();
    let mut left = TRAINING_ENTRIES;
    while let Some((path, value)) = open.pop() {
        let Json::Object(fields) = value else {
            let long = value.is_array() || value.is_null();
            if (!long || value.as_array().is_some_and(|list| !list.is_empty())) && left > 0 {
                left -= 1;
                checkpoint.metadata.push(Entry { path, kind: "".into(), value: Value::from_json(value.clone()) });
            }
            continue;
        };
        let shown = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "module" | "registered_name"));
        let shown = shown.take(if path.len() < TRAINING_DEPTH { TRAINING_ENTRIES } else { 0 });
        let mut inside: Vec<(Vec<Key>, &Json)> = Vec::new();
        inside.extend(shown.map(|(key, value)| {
            let key = Key::Text(key.as_str().into());
            (path.iter().cloned().chain(Some(key)).collect(), value)
        }));
        open.extend(inside.into_iter().rev());
    }
}

fn entry(path: &[&str], value: Value) -> Entry {
    Entry { path: path.iter().map(|key| Key::Text((*key).into())).collect(), kind: "".into(), value }
}

/// Parses a config; one that cannot be read is told, and the weights are shown without it.
pub(super) fn parse(checkpoint: &mut Checkpoint, what: &str, text: &[u8]) -> Option<Json> {
    let values = text.iter().filter(|byte| b",:[{".contains(byte)).count();
    if values > limits::KERAS_VALUES.saturating_add(text.len() / 25) {
        let message = format!("{what} has more values than are read; the weights are shown by the file's own names.");
        checkpoint.note(Note::warning(message));
        return None;
    }
    match serde_json::from_slice(text) {
        Ok(config) => Some(config),
        Err(error) => {
            let why = if error.to_string().contains("recursion limit") {
                "it is nested too deep".to_owned()
            } else {
                format!("{}", quoted(&error.to_string()))
            };
            let message = format!("{what} is not valid JSON: {why}; the weights are shown by the file's own names.");
            checkpoint.note(Note::warning(message));
            None
        }
    }
}
