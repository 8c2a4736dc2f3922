//! The files of Keras 1 and 2, which Keras 3 still writes as `.h5`: a group for each layer, and its weights by their names.
//!
//! The attribute `layer_names` lists the layers, `weight_names` of a layer's group its weights: what is trained, then what is
//! not. In that `get_weights()` differs, which goes through nested models layer by layer.

use super::classes::{Kind, class, kind_of};
use super::config::{DEPTH, Spec};
use super::store::{Store, joined};
use super::walk::{Found, Walk};
use crate::model::{Class, Layer, Number, Role};
use serde_json::Value;
use std::collections::HashMap;

/// The group of what belongs to no layer.
const TOP: &str = "top_level_model_weights";

/// The group that lists the layers: a whole model has its weights in one of their own.
pub(super) fn weights_group(store: &Store) -> Option<usize> {
    let whole = store.child(0, "model_weights").filter(|group| store.names(*group, "layer_names").is_some());
    whole.or_else(|| store.names(0, "layer_names").is_some().then_some(0))
}

/// The weights that the groups of layers list, by the model's config if there is one.
pub(super) fn read(store: &Store, group: usize, config: Option<&Value>, keras2: bool) -> Walk {
    let model = config.and_then(Spec::new);
    let layers = model.and_then(|model| model.layers()).unwrap_or_default();
    let specs: HashMap<&str, Spec<'_>> = layers.iter().map(|layer| (layer.name, *layer)).collect();
    let by_path = store.by_path();
    let prefix = if group == 0 { String::new() } else { store.groups[group].name.clone() };
    let mut names = store.names(group, "layer_names").unwrap_or_default();
    // Keras 3 lists a model's own weights before those of its layers, Keras 2 after them.
    names.insert(if keras2 { names.len() } else { 0 }, TOP.to_owned());
    let mut walk = Walk { named: true, ..Walk::default() };
    for name in names {
        let Some(folder) = store.below(group, &name) else { continue };
        let weights = store.names(folder, "weight_names").unwrap_or_default();
        let own = name == TOP;
        if own && weights.is_empty() {
            continue;
        }
        let spec = specs.get(name.as_str()).copied();
        let trained = spec.map(|spec| model.and_then(|model| model.trainable()) != Some(false) && is_trained(&spec));
        let inner = spec.map(|spec| leaves(&spec)).unwrap_or_default();
        let mut found: Vec<(usize, Found)> = Vec::new();
        for weight in &weights {
            let path = joined(&joined(&prefix, &name), weight);
            let Some(array) = by_path.get(path.as_str()).copied() else { continue };
            let inner_at = inner.iter().rposition(|leaf| owner(weight).split('/').any(|part| part == leaf.spec.name));
            let leaf = inner_at.map(|at| &inner[at]);
            let spec = leaf.map_or(spec, |leaf| Some(leaf.spec));
            let kind = kind(store, array, weight, spec);
            let trained = leaf.map_or(trained, |leaf| trained.map(|trained| trained && leaf.trained));
            found.push((
                inner_at.map_or(0, |at| at + 1),
                Found {
                    array: Some(array),
                    name: if keras2 { weight.clone() } else { loaded_name(weight, leaf, spec).to_owned() },
                    inside: inside(weight, leaf.map_or(name.as_str(), |leaf| leaf.spec.name)).to_owned(),
                    layer: 0,
                    trained: match kind {
                        Some(Kind::State | Kind::Frozen) => Some(false),
                        Some(Kind::Trained) => trained,
                        None => trained.filter(|trained| !trained),
                    },
                    role: kind.map(|kind| if kind == Kind::State { Role::Buffer } else { Role::Parameter }),
                    placed: true,
                    overwritten: kind == Some(Kind::Frozen),
                },
            ));
        }
        if found.iter().any(|(_, weight)| weight.inside.contains("lora_")) {
            hold_merged(&mut found);
        }
        regroup(&mut found, keras2);
        // A row for the layer, or for each layer of a nested model.
        let first = walk.layers.len();
        if inner.is_empty() {
            walk.layers.push(Layer {
                name: if own { model.map_or("", |model| model.name).to_owned() } else { name.clone() },
                class: spec.map_or("", |spec| spec.class).to_owned(),
                output: None,
                trainable: trained,
                weights: Vec::new(),
            });
        }
        walk.layers.extend(inner.iter().map(|leaf| Layer {
            name: joined(&name, &leaf.within),
            class: leaf.spec.class.to_owned(),
            output: None,
            trainable: trained.map(|trained| trained && leaf.trained),
            weights: Vec::new(),
        }));
        walk.weights
            .extend(found.into_iter().map(|(at, found)| Found { layer: first + at.saturating_sub(1), ..found }));
    }
    walk
}

/// A layer of a nested model.
struct Leaf<'a> {
    spec: Spec<'a>,
    /// Its name, with those of the models in between.
    within: String,
    trained: bool,
    /// The name of the innermost model around it that makes its layers while it is read.
    alone: Option<&'a str>,
}

/// The layers of a nested model, in its order; none of what is no model.
fn leaves<'a>(model: &Spec<'a>) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    let mut open = vec![(*model, String::new(), is_trained(model), None, 0)];
    while let Some((spec, within, trained, alone, depth)) = open.pop() {
        match spec.layers() {
            Some(layers) if depth < DEPTH => {
                let built = depth > 0 && spec.config.get("build_input_shape").is_some();
                let alone = if built { Some(spec.name) } else { alone };
                open.extend(layers.into_iter().rev().map(|layer| {
                    (layer, joined(&within, layer.name), trained && is_trained(&layer), alone, depth + 1)
                }));
            }
            _ if depth > 0 => found.push(Leaf { spec, within, trained, alone }),
            _ => {}
        }
    }
    found
}

fn is_trained(spec: &Spec<'_>) -> bool {
    spec.trainable() != Some(false)
}

/// The layers around a weight: all of its name but the last part.
fn owner(weight: &str) -> &str {
    weight.rsplit_once('/').map_or("", |(owner, _)| owner)
}

/// What a weight is called inside of a layer.
fn inside<'w>(weight: &'w str, layer: &str) -> &'w str {
    match weight.find(layer) {
        Some(at) if !layer.is_empty() => weight[at + layer.len()..].trim_start_matches('/'),
        _ => weight,
    }
}

/// What Keras 3 calls a weight when it has loaded it: what is wrapped or nested is made before what is around it, so its name
/// begins the weight's.
fn loaded_name<'w>(weight: &'w str, leaf: Option<&Leaf<'_>>, spec: Option<Spec<'_>>) -> &'w str {
    let Some(spec) = spec else { return weight };
    let mut alone: Vec<&str> = Vec::new();
    let mut wrapped = vec![spec];
    while let (Some(around), true) = (wrapped.pop(), alone.len() < DEPTH) {
        let single = ["layer", "backward_layer", "cell"].iter().filter_map(|key| around.config.get(*key));
        let cells = around.config.get("cells").and_then(Value::as_array).into_iter().flatten();
        let inside: Vec<Spec<'_>> = single.chain(cells).filter_map(Spec::new).collect();
        alone.extend(inside.iter().filter(|layer| layer.is_built_alone()).map(|layer| layer.name));
        wrapped.extend(inside);
    }
    alone.extend(leaf.and_then(|leaf| leaf.alone));
    let starts = alone.iter().filter_map(|name| weight.rfind(&format!("/{name}/")));
    starts.max().map_or(weight, |at| &weight[at + 1..])
}

/// What a weight is, by its name and its type.
fn kind(store: &Store, array: usize, weight: &str, spec: Option<Spec<'_>>) -> Option<Kind> {
    let known = spec.is_none_or(|spec| class(spec.class).is_some());
    let last = weight.rsplit('/').next().unwrap_or(weight);
    let last = last.split_once(':').map_or(last, |(name, _)| name);
    let tensor = &store.arrays[array].tensor;
    let number = tensor.dtype.number().map(Number::class);
    // That of 8-bit floats is one number, and is trained.
    if last == "kernel_scale" && tensor.shape.is_empty() && known {
        return Some(Kind::Trained);
    }
    match kind_of(last).filter(|_| known)? {
        Kind::Trained if matches!(number, Some(Class::Signed | Class::Unsigned)) => Some(Kind::Frozen),
        kind => Some(kind),
    }
}

/// Where a layer has LoRA's small weights its kernel is not trained, and still comes first.
fn hold_merged(found: &mut [(usize, Found)]) {
    let owners: Vec<String> = found
        .iter()
        .filter(|(_, weight)| weight.inside.contains("lora_"))
        .map(|(_, weight)| owner(&weight.name).to_owned())
        .collect();
    let merged = |weight: &Found| {
        let last = weight.inside.rsplit('/').next().unwrap_or_default();
        matches!(last, "kernel" | "embeddings") && owners.iter().any(|owned| owned == owner(&weight.name))
    };
    for (_, weight) in found.iter_mut().filter(|(_, weight)| merged(weight)) {
        weight.trained = Some(false);
    }
    // One of whole numbers is a state, and stays behind.
    found.sort_by_key(|(_, weight)| !(merged(weight) && !weight.overwritten));
}

/// Brings the weights of one top-level layer into the order of `get_weights()`: of a nested model layer by layer; Keras 3 goes
/// through the parts of any layer so.
fn regroup(found: &mut Vec<(usize, Found)>, keras2: bool) {
    let mut owners: HashMap<String, usize> = HashMap::new();
    let ranks: Vec<usize> = found
        .iter()
        .map(|(_, weight)| {
            let next = owners.len();
            if keras2 { 0 } else { *owners.entry(owner(&weight.name).to_owned()).or_insert(next) }
        })
        .collect();
    let mut ranked: Vec<_> = ranks.into_iter().zip(std::mem::take(found)).collect();
    ranked.sort_by_key(|(rank, (leaf, _))| (*leaf, *rank));
    found.extend(ranked.into_iter().map(|(_, weight)| weight));
}
