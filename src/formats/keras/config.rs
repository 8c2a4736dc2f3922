//! What a model's config says of its layers. Configs are JSON, whose parser bounds how deep they nest.

use super::classes::snake_case;
use crate::limits;
use crate::wire::literal::tuple;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// How deep layers are followed into each other: what the parser of JSON lets through is shallower.
pub(super) const DEPTH: usize = 64;

/// One layer, or a whole model, as a config tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec<'a> {
    /// The name of its class.
    pub class: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it was made with.
    pub config: &'a Value,
    /// All that is told of it.
    pub whole: &'a Value,
}

impl<'a> Spec<'a> {
    /// `None` for what is not told as a layer is.
    pub fn new(whole: &'a Value) -> Option<Self> {
        let (class, config) = (whole.get("class_name")?.as_str()?, whole.get("config")?);
        // Keras exports one class under another name than it has.
        let class = if class == "GroupQueryAttention" { "GroupedQueryAttention" } else { class };
        let name = config.get("name").or_else(|| whole.get("name")).and_then(Value::as_str);
        let name = name.filter(|name| name.len() <= limits::KERAS_NAME).unwrap_or_default();
        Some(Spec { class, name, config, whole })
    }

    /// Its layers, if it is a model: those that it lists itself.
    pub fn layers(&self) -> Option<Vec<Spec<'a>>> {
        // Old files have a Sequential's layers in the place of its config.
        let layers = self.config.as_array().or_else(|| self.config.get("layers")?.as_array())?;
        let layers: Vec<Spec<'a>> = layers.iter().filter_map(Spec::new).collect();
        // A Sequential does not count its input as a layer.
        let counted = |layer: &Spec<'a>| self.is_functional() || layer.class != "InputLayer";
        Some(layers.into_iter().filter(counted).collect())
    }

    /// Whether its layers are connected one by one, and so have names of their own: those of a Sequential begin with its name.
    pub fn is_functional(&self) -> bool {
        self.config.get("input_layers").is_some()
    }

    /// Whether it makes its variables while it is read, before whatever is around it: their names begin with its own.
    pub fn is_built_alone(&self) -> bool {
        self.whole.get("build_config").is_some_and(Value::is_object)
    }

    /// Whether it is trained, if it tells.
    pub fn trainable(&self) -> Option<bool> {
        self.config.get("trainable")?.as_bool()
    }

    /// Whether its weights have small ones beside them that no file of weights holds.
    pub fn has_lora(&self) -> bool {
        self.config.get("lora_rank").is_some_and(Value::is_number)
    }
}

/// The groups that layers have in a list: called after their classes, and numbered.
pub(super) fn group_names(layers: &[Spec<'_>]) -> Vec<String> {
    let mut used: HashMap<String, usize> = HashMap::new();
    layers
        .iter()
        .map(|layer| {
            let name = snake_case(layer.class);
            match used.get_mut(&name) {
                Some(count) => {
                    *count += 1;
                    format!("{name}_{count}")
                }
                None => {
                    used.insert(name.clone(), 0);
                    name
                }
            }
        })
        .collect()
}

/// The shapes that the layers of a model give, as far as its config tells: by the inputs of those that take them.
pub(super) fn output_shapes(model: &Spec<'_>, layers: &[Spec<'_>]) -> Vec<Option<String>> {
    let mut shapes: Vec<Option<Vec<Value>>> = vec![None; layers.len()];
    let places: HashMap<&str, usize> = layers.iter().enumerate().map(|(place, layer)| (layer.name, place)).collect();
    for layer in layers {
        let mut open: Vec<&Value> = layer.whole.get("inbound_nodes").into_iter().collect();
        while let Some(value) = open.pop() {
            let tensor = value.get("config").filter(|_| value["class_name"] == "__keras_tensor__");
            if let Some(tensor) = tensor {
                // The first of several outputs.
                let history = tensor.get("keras_history").and_then(Value::as_array);
                let from = history.filter(|history| history.get(2).is_none_or(|output| output == 0));
                let from = from.and_then(|history| places.get(history.first()?.as_str()?));
                if let (Some(from), Some(shape)) = (from, tensor.get("shape").and_then(Value::as_array)) {
                    shapes[*from].get_or_insert_with(|| shape.clone());
                }
                continue;
            }
            open.extend(value.as_array().into_iter().flatten());
            open.extend(value.as_object().into_iter().flat_map(|fields| fields.values()));
        }
    }
    let list = |value: &Value| value.as_array().cloned();
    let input = |layer: &Spec<'_>| layer.whole.get("build_config").and_then(|built| list(built.get("input_shape")?));
    let stated =
        |layer: &Spec<'_>| ["batch_shape", "batch_input_shape"].iter().find_map(|key| list(layer.config.get(*key)?));
    let mut flowing = input(model).or_else(|| {
        let listed = model.config.as_array().or_else(|| model.config.get("layers")?.as_array())?;
        stated(&Spec::new(listed.first()?)?)
    });
    for place in 0..layers.len() {
        let layer = &layers[place];
        if layer.class == "InputLayer" {
            shapes[place] = shapes[place].take().or_else(|| stated(layer));
        }
        // In a row each takes what the one before gives.
        if !model.is_functional() {
            let taken = input(layer).or_else(|| flowing.take());
            let next = layers.get(place + 1).and_then(input);
            shapes[place] = next.or_else(|| given(layer, taken));
            flowing.clone_from(&shapes[place]);
        } else if shapes[place].is_none() {
            shapes[place] = given(layer, input(layer));
        }
    }
    let size = |size: &Value| if size.is_null() { "None".to_owned() } else { size.to_string() };
    shapes.into_iter().map(|shape| Some(tuple(&shape?.iter().map(size).collect::<Vec<_>>()))).collect()
}

/// What a layer gives for an input of a shape, where its class alone tells.
fn given(layer: &Spec<'_>, input: Option<Vec<Value>>) -> Option<Vec<Value>> {
    let mut shape = input?;
    match layer.class {
        "Dense" => *shape.last_mut()? = layer.config.get("units")?.clone(),
        "Activation" | "ReLU" | "Softmax" | "Dropout" | "BatchNormalization" | "LayerNormalization" => {}
        _ => return None,
    }
    Some(shape)
}

/// The classes of a config for which Keras runs code that the file brings or that is not Keras's own.
pub(super) struct Foreign {
    /// The names of layers with a function's code in the file.
    pub lambdas: Vec<String>,
    /// The classes that have to be there before the model can be loaded.
    pub custom: Vec<String>,
}

/// Looks through a whole config.
pub(super) fn foreign(config: &Value) -> Foreign {
    let mut found = Foreign { lambdas: Vec::new(), custom: Vec::new() };
    let mut known = HashSet::new();
    let mut open = vec![config];
    while let Some(value) = open.pop() {
        if let Some(class) = value.get("class_name").and_then(Value::as_str) {
            if class == "Lambda" || class == "__lambda__" {
                let name = Spec::new(value).map_or(class, |spec| if spec.name.is_empty() { class } else { spec.name });
                // A layer's own code is part of it.
                if class == "Lambda" || found.lambdas.is_empty() {
                    found.lambdas.push(name.to_owned());
                    if class == "Lambda" {
                        continue;
                    }
                }
            }
            let registered = value.get("registered_name").and_then(Value::as_str);
            let own = value.get("module").and_then(Value::as_str).is_none_or(|module| {
                let top = module.split('.').next().unwrap_or_default();
                top == "keras" || top == "tf_keras" || top == "builtins"
            });
            if let (Some(registered), false) = (registered, own)
                && known.insert(registered)
            {
                found.custom.push(registered.to_owned());
            }
        }
        match value {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(fields) => open.extend(fields.values().rev()),
            _ => {}
        }
    }
    found
}
