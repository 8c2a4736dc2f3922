//! The files of Keras 1 and 2, which Keras 3 still writes as `.h5`: a group for each layer, and its weights by their names.
//!
//! The attribute `layer_names` lists the layers, `weight_names` of a layer's group its weights: what is trained, then what is
//! not. In that `get_weights()` differs, which goes through nested models layer by layer.

use super::classes::{Kind, class, kind_of};
use super::config::{DEPTH, Spec, output_shapes};
use super::store::{Store, joined, last_part};
use super::walk::{Found, Walk};
use crate::model::{Class, Layer, Number, Role, Tensor};
use crate::sort;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

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
    let outputs = model.map(|model| output_shapes(&model, &layers)).unwrap_or_default();
    let mut outputs: HashMap<&str, Option<String>> = layers.iter().map(|layer| layer.name).zip(outputs).collect();
    let frozen = model.is_some_and(|model| !is_trained(&model));
    let by_path = store.by_path();
    let mut names = store.names(group, "layer_names").unwrap_or_default();
    // Keras 3 lists a model's own weights before those of its layers, Keras 2 after them.
    names.insert(if keras2 { names.len() } else { 0 }, TOP.to_owned());
    let mut walk = Walk { named: true, ..Walk::default() };
    let mut left = store.room();
    let (mut read, mut taken) = (HashSet::new(), HashSet::new());
    for name in names {
        let folder = store.child(group, &name).filter(|folder| read.insert(*folder));
        let Some(folder) = folder else { continue };
        let weights = store.names(folder, "weight_names").unwrap_or_default();
        let own = name == TOP;
        if own && weights.is_empty() {
            continue;
        }
        let spec = specs.get(name.as_str()).copied();
        let layer = Listed {
            name: &name,
            spec,
            trained: spec.map(|spec| !frozen && is_trained(&spec)),
            alone: spec.map(|spec| built_alone(&spec)).unwrap_or_default(),
            leaves: spec.map(|spec| leaves(&spec, &mut left)).unwrap_or_default(),
            keras2,
        };
        let mut found =
            layer.find(store, folder, weights, |path| by_path.get(path).copied().filter(|array| taken.insert(*array)));
        hold_merged(&mut found);
        regroup(&mut found, &layer);
        let first = walk.layers.len();
        let shown = if own { model.map_or("", |model| model.name) } else { &name };
        walk.layers.extend(layer.rows(shown, outputs.remove(name.as_str()).flatten()));
        walk.weights
            .extend(found.into_iter().map(|(at, found)| Found { layer: first + at.saturating_sub(1), ..found }));
    }
    // A model that is in several others is listed by each of them; that it is one is told by a config alone.
    let mut names = HashSet::new();
    if model.is_none() && !walk.weights.iter().all(|weight| names.insert(weight.name.as_str())) {
        walk.weights.iter_mut().for_each(|weight| weight.placed = false);
    }
    walk
}

/// A layer that a file lists.
struct Listed<'a> {
    name: &'a str,
    spec: Option<Spec<'a>>,
    trained: Option<bool>,
    /// The names of the layers in it that are made before it.
    alone: HashSet<&'a str>,
    /// The layers of a nested model.
    leaves: Vec<Leaf<'a>>,
    keras2: bool,
}

impl<'a> Listed<'a> {
    /// The place of each layer of a nested model, by its name.
    fn places(&self) -> HashMap<&'a str, usize> {
        self.leaves.iter().enumerate().map(|(place, leaf)| (leaf.spec.name, place)).collect()
    }

    /// Those of its weights that `array` finds by their paths; each with 0, or 1 and more for the layers of a nested model.
    fn find(
        &self,
        store: &Store,
        folder: usize,
        weights: Vec<String>,
        mut array: impl FnMut(&str) -> Option<usize>,
    ) -> Vec<(usize, Found)> {
        let places = self.places();
        let mut found = Vec::new();
        for weight in weights {
            let Some(array) = array(&joined(&store.groups[folder].path, &weight)) else { continue };
            let leaf = owner(&weight).split('/').filter_map(|part| places.get(part)).max();
            let tensor = &store.arrays[array].tensor;
            let weight = self.weight(&weight, leaf.map(|leaf| &self.leaves[*leaf]), tensor);
            found.push((leaf.map_or(0, |leaf| leaf + 1), Found { array: Some(array), ..weight }));
        }
        found
    }

    /// A row for the layer, or for each layer of a nested model.
    fn rows(&self, shown: &str, output: Option<String>) -> Vec<Layer> {
        let row = |name: String, class: &str, output, trainable| Layer {
            name,
            class: class.to_owned(),
            output,
            trainable,
            weights: Vec::new(),
        };
        if self.leaves.is_empty() {
            return vec![row(shown.to_owned(), self.spec.map_or("", |spec| spec.class), output, self.trained)];
        }
        let leaf = |leaf: &Leaf<'_>| {
            let trained = self.trained.map(|trained| trained && leaf.trained);
            row(joined(self.name, &leaf.within), leaf.spec.class, None, trained)
        };
        self.leaves.iter().map(leaf).collect()
    }

    /// One of its weights, which may be in a layer of a nested model.
    fn weight(&self, weight: &str, leaf: Option<&Leaf<'_>>, tensor: &Tensor) -> Found {
        let spec = leaf.map(|leaf| leaf.spec).or(self.spec);
        let trained = self.trained.map(|trained| trained && leaf.is_none_or(|leaf| leaf.trained));
        let kind = kind(tensor, weight, spec);
        let name = if self.keras2 {
            weight
        } else {
            let alone = leaf.map_or(&self.alone, |leaf| &leaf.alone);
            from_last(weight, |part| alone.contains(part)).unwrap_or(weight)
        };
        let around = leaf.map_or(self.name, |leaf| leaf.spec.name);
        // Behind the layer's own name; the whole where it does not stand in it.
        let behind = from_last(owner(weight), |part| part == around)
            .map_or(0, |from| owner(weight).len() - from.len() + around.len() + 1);
        Found {
            array: None,
            name: name.to_owned(),
            inside: weight[behind..].to_owned(),
            layer: 0,
            trained: match kind {
                Some(Kind::Trained) => trained,
                Some(_) => Some(false),
                None => trained.filter(|trained| !trained),
            },
            role: kind.map(|kind| if kind == Kind::State { Role::Buffer } else { Role::Parameter }),
            placed: true,
            overwritten: kind == Some(Kind::Frozen),
        }
    }
}

/// A layer of a nested model.
struct Leaf<'a> {
    spec: Spec<'a>,
    /// Its name, with those of the models in between.
    within: String,
    trained: bool,
    /// The names of what is made before what is around it: the innermost model that makes its layers while it is read, and
    /// layers in this one.
    alone: HashSet<&'a str>,
}

/// The layers of a nested model, in its order; none of what is no model. `left` bounds the memory for their names.
fn leaves<'a>(model: &Spec<'a>, left: &mut usize) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    let mut open = vec![(*model, String::new(), is_trained(model), None, 0)];
    while let Some((spec, within, trained, around, depth)) = open.pop() {
        match spec.layers() {
            Some(layers) if depth < DEPTH => {
                let names = layers.iter().map(|layer| 2 * (within.len() + layer.name.len())).sum();
                let Some(rest) = left.checked_sub(names) else { continue };
                *left = rest;
                let built = depth > 0 && spec.config.get("build_input_shape").is_some();
                let around = if built { Some(spec.name) } else { around };
                open.extend(layers.into_iter().rev().map(|layer| {
                    (layer, joined(&within, layer.name), trained && is_trained(&layer), around, depth + 1)
                }));
            }
            _ if depth > 0 => {
                let mut alone = built_alone(&spec);
                alone.extend(around);
                found.push(Leaf { spec, within, trained, alone });
            }
            _ => {}
        }
    }
    found
}

/// The names of the layers in a wrapper that are made before it, as Keras 3 does with those that are told in full.
fn built_alone<'a>(spec: &Spec<'a>) -> HashSet<&'a str> {
    let mut alone = HashSet::new();
    let mut open = vec![(*spec, 0)];
    while let Some((around, depth)) = open.pop() {
        let single = ["layer", "backward_layer", "cell"].iter().filter_map(|key| around.config.get(*key));
        let cells = around.config.get("cells").and_then(Value::as_array).into_iter().flatten();
        for layer in single.chain(cells).filter_map(Spec::new).filter(|_| depth < DEPTH) {
            alone.extend(layer.is_built_alone().then_some(layer.name));
            open.push((layer, depth + 1));
        }
    }
    alone
}

/// A path from the last of its parts on for which this is so.
fn from_last(path: &str, is: impl Fn(&str) -> bool) -> Option<&str> {
    let parts = path.rmatch_indices('/').map(|(at, _)| at + 1).chain(Some(0));
    let mut end = path.len();
    for from in parts {
        if is(&path[from..end]) {
            return Some(&path[from..]);
        }
        end = from.saturating_sub(1);
    }
    None
}

fn is_trained(spec: &Spec<'_>) -> bool {
    spec.trainable() != Some(false)
}

/// The layers around a weight: all of its name but the last part.
fn owner(weight: &str) -> &str {
    weight.rsplit_once('/').map_or("", |(owner, _)| owner)
}

/// What a weight is, by its name and its type.
fn kind(tensor: &Tensor, weight: &str, spec: Option<Spec<'_>>) -> Option<Kind> {
    let known = spec.is_none_or(|spec| class(spec.class).is_some());
    let last = last_part(weight);
    let last = last.split_once(':').map_or(last, |(name, _)| name);
    // That of 8-bit floats is one number, and is trained.
    if last == "kernel_scale" && tensor.shape.is_empty() && known {
        return Some(Kind::Trained);
    }
    match (kind_of(last).filter(|_| known)?, tensor.dtype.number().map(Number::class)) {
        (Kind::Trained, Some(Class::Signed | Class::Unsigned)) => Some(Kind::Frozen),
        (kind, _) => Some(kind),
    }
}

/// Where a layer has LoRA's small weights its kernel is not trained, and still comes first, unless it is one of whole numbers.
fn hold_merged(found: &mut [(usize, Found)]) {
    let small = found.iter().filter(|(_, weight)| weight.inside.contains("lora_"));
    let owners: HashSet<String> = small.map(|(_, weight)| owner(&weight.name).to_owned()).collect();
    if owners.is_empty() {
        return;
    }
    let merged = |weight: &Found| {
        matches!(last_part(&weight.inside), "kernel" | "embeddings") && owners.contains(owner(&weight.name))
    };
    for (_, weight) in found.iter_mut().filter(|(_, weight)| merged(weight)) {
        weight.trained = Some(false);
    }
    found.sort_by_cached_key(|(_, weight)| !merged(weight) || weight.overwritten);
}

/// Brings the weights of one top-level layer into the order of `get_weights()`: of a nested model layer by layer; Keras 3 goes
/// through the parts of any layer so.
fn regroup(found: &mut Vec<(usize, Found)>, layer: &Listed<'_>) {
    let top = |weight: &Found| weight.name.split('/').next().unwrap_or_default().to_owned();
    // Keras 2 begins the names of weights with those of their layers, but not with a model's.
    let nested = !found.iter().any(|(_, weight)| top(weight) == layer.name);
    let mut ranks: HashMap<String, usize> = HashMap::new();
    let mut ranked: Vec<_> = std::mem::take(found)
        .into_iter()
        .map(|(leaf, weight)| {
            let spec = leaf.checked_sub(1).map_or(layer.spec, |leaf| Some(layer.leaves[leaf].spec));
            let spectral = spec.is_some_and(|spec| spec.class == "SpectralNormalization");
            let around = match (layer.keras2, nested) {
                (false, _) if spectral => String::new(),
                (false, _) => owner(&weight.name).to_owned(),
                (true, true) => top(&weight),
                (true, false) => String::new(),
            };
            // It holds the kernel of the layer in it, and a vector; then comes what else that layer has.
            let within = match weight.name.rsplit('/').next() {
                _ if layer.keras2 || !spectral => 0,
                Some("kernel" | "embeddings") => 0,
                Some("vector_u") => 1,
                _ => 2,
            };
            let next = ranks.len();
            ((leaf, *ranks.entry(around).or_insert(next), within), (leaf, weight))
        })
        .collect();
    sort::by_key(&mut ranked, |(rank, _)| *rank);
    found.extend(ranked.into_iter().map(|(_, weight)| weight));
}
