//! From the groups of a Keras file to the weights in the order of `get_weights()`.
//!
//! Keras 3 walks through a model and makes a group `…/vars` for each layer: `layers/conv2d_1/vars/0`. Layers in a list are called
//! after their classes, others after the attribute that holds them; what a person calls a layer is noted beside its variables.
//! `get_weights()` lists the same variables in another order: what is trained before what is not, the parts of a layer as it
//! made them.

mod variables;

use super::classes::{Class, Part, class, class_called};
use super::config::{DEPTH, Spec, group_names, output_shapes};
use super::store::{Store, joined};
use crate::model::{Layer, Role};
use serde_json::Value;
use std::collections::HashMap;

/// A weight, in the order of `get_weights()`.
#[derive(Debug)]
pub(super) struct Found {
    /// Which array of the store holds it; `None` for one that no file holds.
    pub array: Option<usize>,
    /// The framework's name of it, or as much of it as the file tells.
    pub name: String,
    /// What it is called inside its layer.
    pub inside: String,
    /// Which layer it belongs to.
    pub layer: usize,
    /// Whether it is trained.
    pub trained: Option<bool>,
    /// What it is to the model.
    pub role: Option<Role>,
    /// Whether its place among the weights is known.
    pub placed: bool,
    /// Whether optimizers pass it over: it is overwritten, not stepped.
    pub overwritten: bool,
}

/// What a walk finds.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub weights: Vec<Found>,
    pub layers: Vec<Layer>,
    /// Whether each weight is called as its framework calls it.
    pub named: bool,
}

/// A layer on the way.
#[derive(Clone, Debug)]
struct Visit<'a> {
    /// Its group, if the file has one.
    group: Option<usize>,
    spec: Option<Spec<'a>>,
    /// Its class, as far as that is known.
    class: &'a str,
    /// What its variables' names begin with.
    scope: String,
    /// Its name below the models around it.
    within: String,
    /// What its variables' names begin with inside the layer that it is a part of.
    inside: String,
    /// The layer that it is a part of.
    layer: Option<usize>,
    /// What decides which variables it has.
    config: &'a Value,
    trained: Option<bool>,
    output: Option<String>,
    placed: bool,
    depth: usize,
}

/// Walks through the groups below the root, by the model's config if there is one.
pub(super) fn walk(store: &Store, config: Option<&Value>, keras2: bool) -> Walk {
    let spec = config.and_then(Spec::new);
    let label = store.child(0, "vars").and_then(|vars| store.groups[vars].label.clone());
    let scope = spec.map(|spec| spec.name.to_owned()).or(label).unwrap_or_default();
    let found = Walk { named: true, ..Walk::default() };
    let mut walker = Walker { store, keras2, found, left: store.room() };
    let root = Visit {
        group: Some(0),
        spec,
        class: spec.map_or("", |spec| spec.class),
        scope: if keras2 { String::new() } else { scope },
        within: String::new(),
        inside: String::new(),
        layer: None,
        config: spec.map_or(&Value::Null, |spec| spec.config),
        trained: spec.and_then(|spec| spec.trainable()).or(Some(true)).filter(|_| spec.is_some()),
        output: None,
        placed: true,
        depth: 0,
    };
    walker.visit(&root);
    walker.found
}

struct Walker<'a> {
    store: &'a Store,
    keras2: bool,
    found: Walk,
    /// How many more bytes of names may be kept: what is beyond is called as the file calls it.
    left: usize,
}

/// What holds the layers of a model; the second is Keras 2.12's.
const LISTS: [&str; 2] = ["layers", "_layer_checkpoint_dependencies"];

/// Groups of a model that are no layers which an attribute holds.
const PASSED: [&str; 5] = [LISTS[0], LISTS[1], "optimizer", "metrics", "vars"];

impl<'a> Walker<'a> {
    fn visit(&mut self, visit: &Visit<'a>) {
        let names = 2 * visit.scope.len() + 2 * visit.within.len() + visit.inside.len();
        if visit.depth > DEPTH || self.left < names {
            return;
        }
        self.left -= names;
        let list = visit.group.and_then(|group| LISTS.iter().find_map(|name| self.store.child(group, name)));
        let layers = visit.spec.and_then(|spec| spec.layers());
        let is_root = visit.depth == 0;
        match (layers, list) {
            (Some(layers), list) => {
                self.own_variables(visit);
                self.listed(visit, &layers, list);
            }
            // Without a config: what keeps its layers in a list and is no layer of another kind.
            (None, Some(list)) if is_root || class(visit.class).is_none_or(|class| class.parts.is_empty()) => {
                let besides = self.store.groups[visit.group.unwrap_or(0)].groups.iter();
                let apart = |group: &&usize| !PASSED.contains(&self.store.groups[**group].name.as_str());
                // Of what attributes hold besides the order is not known.
                let alone = !besides.filter(apart).any(|group| self.store.holds_arrays(*group));
                let visit = &Visit { placed: visit.placed && alone, ..visit.clone() };
                self.own_variables(visit);
                self.unlisted(visit, list);
                self.others(visit, &[], &PASSED);
            }
            (None, _) if is_root => {
                self.own_variables(visit);
                self.others(visit, &[], &PASSED);
            }
            (None, _) => {
                let mut visit = visit.clone();
                visit.layer.get_or_insert_with(|| {
                    self.found.layers.push(Layer {
                        name: visit.within.clone(),
                        class: visit.class.to_owned(),
                        output: visit.output.clone(),
                        trainable: visit.trained,
                        weights: Vec::new(),
                    });
                    self.found.layers.len() - 1
                });
                let own = self.found.weights.len();
                self.own_variables(&visit);
                let part = self.found.weights.len();
                let parts: &'static [Part] = class(visit.class).map_or(&[], |class| class.parts);
                self.parts(&visit, parts);
                if visit.class == "SpectralNormalization" && part > own {
                    self.unite(own, part);
                }
                let cells = self.cells(&visit);
                self.others(&visit, parts, if cells { &["vars", "cells"] } else { &["vars"] });
            }
        }
    }

    /// The layers of a model with a config.
    fn listed(&mut self, visit: &Visit<'a>, layers: &[Spec<'a>], list: Option<usize>) {
        let model = visit.spec.expect("it told the layers");
        let outputs = output_shapes(&model, layers);
        for ((layer, group), output) in layers.iter().zip(group_names(layers)).zip(outputs) {
            let around = if model.is_functional() || self.keras2 || layer.is_built_alone() { "" } else { &visit.scope };
            let group = list.and_then(|list| self.store.child(list, &group));
            // Layers of other classes need not tell their names.
            let label = group.and_then(|group| self.store.label(group)).unwrap_or_default();
            let name = if layer.name.is_empty() { label } else { layer.name };
            self.visit(&Visit {
                group,
                spec: Some(*layer),
                class: layer.class,
                scope: joined(around, name),
                within: joined(&visit.within, name),
                inside: String::new(),
                layer: None,
                config: layer.config,
                // What is inside of something frozen is frozen.
                trained: layer.trainable().or(Some(true)).map(|trained| trained && visit.trained != Some(false)),
                output,
                placed: visit.placed,
                depth: visit.depth + 1,
            });
        }
    }

    /// The layers of a model without a config, in the order in which they were written.
    fn unlisted(&mut self, visit: &Visit<'a>, list: usize) {
        let mut layers = self.store.groups[list].groups.clone();
        // Where layers without variables stand decides nothing.
        let held: Vec<usize> = (0..layers.len()).filter(|place| self.store.holds_arrays(layers[*place])).collect();
        let names: Vec<&str> = held.iter().map(|place| self.store.groups[layers[*place]].name.as_str()).collect();
        let turns = in_turn(&names);
        let placed = visit.placed && turns.is_none();
        if let Some(turns) = turns {
            let turned: Vec<usize> = turns.into_iter().map(|turn| layers[held[turn]]).collect();
            held.into_iter().zip(turned).for_each(|(place, layer)| layers[place] = layer);
        }
        // Only models whose layers are connected one by one count their inputs as layers.
        let functional = layers.iter().any(|layer| self.store.groups[*layer].name.starts_with("input_layer"));
        let around = if functional { "" } else { visit.scope.as_str() };
        for layer in layers {
            let group = &self.store.groups[layer];
            let name = self.store.label(layer).unwrap_or(&group.name).to_owned();
            let known = class_called(&group.name);
            self.visit(&Visit {
                group: Some(layer),
                class: known.map_or("", |class| class.name),
                scope: joined(around, &name),
                within: joined(&visit.within, &name),
                placed,
                depth: visit.depth + 1,
                ..visit.clone()
            });
        }
    }

    /// What a layer of a known class is made of, in the order of its class.
    fn parts(&mut self, visit: &Visit<'a>, parts: &'static [Part]) {
        for part in parts {
            let Some(group) = self.part_group(visit, part) else { continue };
            // Keras 2 makes the layer that goes backward from the one that goes forward, and tells only of that.
            let keys = [part.key, if part.group == "backward_layer" { "layer" } else { "" }];
            let spec = keys.iter().find_map(|key| Spec::new(visit.config.get(*key)?));
            let class = match (spec, part.class) {
                (Some(spec), _) => spec.class,
                (None, "") => self.class_by_label(group, part).map_or("", |class| class.name),
                (None, class) => class,
            };
            let label = self.store.label(group).map(str::to_owned);
            let name = label.or_else(|| spec.map(|spec| self.keras2_name(visit.class, part, spec.name)));
            let own = match part.class {
                // Keras 2 builds it under the name of what it is in.
                "ConvLSTMCell" if self.keras2 => "",
                _ if part.name.is_empty() => part.group,
                _ => part.name,
            };
            let name = name.unwrap_or_else(|| own.to_owned());
            let alone = spec.is_some_and(|spec| spec.is_built_alone()) && !self.keras2;
            self.visit(&Visit {
                group: Some(group),
                spec,
                class,
                scope: joined(if alone { "" } else { &visit.scope }, &name),
                inside: joined(&visit.inside, &name),
                // Cells and projections are made with what the whole was made with.
                config: spec.map_or(visit.config, |spec| spec.config),
                trained: visit.trained.map(|trained| trained && spec.and_then(|spec| spec.trainable()) != Some(false)),
                depth: visit.depth + 1,
                ..visit.clone()
            });
        }
    }

    /// The cells that are stacked in one, if the config tells them.
    fn cells(&mut self, visit: &Visit<'a>) -> bool {
        let told = visit.config.get("cells").and_then(Value::as_array).filter(|_| visit.class == "StackedRNNCells");
        let list = visit.group.and_then(|group| self.store.child(group, "cells"));
        let (Some(told), Some(list)) = (told, list) else { return false };
        let cells: Vec<Spec<'a>> = told.iter().filter_map(Spec::new).collect();
        for (cell, group) in cells.iter().zip(group_names(&cells)) {
            let alone = cell.is_built_alone() && !self.keras2;
            self.visit(&Visit {
                group: self.store.child(list, &group),
                spec: Some(*cell),
                class: cell.class,
                scope: joined(if alone { "" } else { &visit.scope }, cell.name),
                inside: joined(&visit.inside, cell.name),
                config: cell.config,
                depth: visit.depth + 1,
                ..visit.clone()
            });
        }
        true
    }

    /// What wraps a layer to keep its kernel's norm saves that kernel as its own first, and with the layer again.
    fn unite(&mut self, own: usize, part: usize) {
        if part < self.found.weights.len() {
            let again = self.found.weights.remove(part);
            let kernel = &mut self.found.weights[own];
            (kernel.name, kernel.inside) = (again.name, again.inside);
        }
    }

    /// The name of a part that only a config tells, which is how it is in files of Keras 2.
    fn keras2_name(&self, around: &str, part: &Part, name: &str) -> String {
        match (self.keras2, around, part.group) {
            // It builds what it wraps under its own name.
            (true, "TimeDistributed", _) => String::new(),
            (true, "Bidirectional", "forward_layer") => format!("forward_{name}"),
            (true, "Bidirectional", _) => format!("backward_{name}"),
            _ => name.to_owned(),
        }
    }

    /// The group of a part: an attribute, with or without an underscore before it.
    fn part_group(&self, visit: &Visit<'a>, part: &Part) -> Option<usize> {
        let children = &self.store.groups[visit.group?].groups;
        children.iter().copied().find(|child| {
            let name = &self.store.groups[*child].name;
            name.strip_prefix('_').unwrap_or(name) == part.group
        })
    }

    /// What stands below a layer and is no part that its class tells, in the order in which it was written.
    fn others(&mut self, visit: &Visit<'a>, parts: &[Part], passed: &[&str]) {
        let Some(group) = visit.group else { return };
        let is_part = |name: &str| parts.iter().any(|part| name.strip_prefix('_').unwrap_or(name) == part.group);
        let children: Vec<usize> = self.store.groups[group]
            .groups
            .iter()
            .copied()
            .filter(|child| {
                let name = self.store.groups[*child].name.as_str();
                !is_part(name) && !passed.contains(&name) && !name.contains("seed_generator")
            })
            .collect();
        // Attributes are written in the order of the alphabet, weights are listed as a layer made them: of several of them the
        // order is not known. What is in a list keeps its order.
        let holding = children.iter().filter(|child| self.store.holds_arrays(**child)).count();
        let in_list = self.store.is_list(group) && visit.depth > 0;
        for child in children {
            let store = self.store;
            let name = store.groups[child].name.as_str();
            let placed = visit.placed && (holding < 2 || in_list);
            let deeper = Visit { group: Some(child), spec: None, placed, depth: visit.depth + 1, ..visit.clone() };
            if self.store.is_list(child) {
                // A list has no name of its own.
                self.list(&deeper);
                continue;
            }
            let label = self.store.label(child);
            let class = if in_list { class_called(name) } else { label.and_then(class_called) };
            let called = label.unwrap_or(name);
            let (within, inside) = match visit.layer {
                Some(_) => (visit.within.clone(), joined(&visit.inside, called)),
                None => (joined(&visit.within, called), String::new()),
            };
            self.visit(&Visit {
                class: class.map_or("", |class| class.name),
                scope: joined(&visit.scope, called),
                within,
                inside,
                config: &Value::Null,
                ..deeper
            });
        }
    }

    /// The layers in a list that an attribute holds.
    fn list(&mut self, visit: &Visit<'a>) {
        if visit.depth <= DEPTH {
            self.others(visit, &[], &[]);
        }
    }

    /// The class that a part has by the name that Keras gave it.
    fn class_by_label(&self, group: usize, part: &Part) -> Option<&'static Class> {
        let label = self.store.label(group)?;
        let direction = part.group.strip_suffix("_layer").map(|direction| format!("{direction}_"));
        class_called(direction.and_then(|direction| label.strip_prefix(&direction)).unwrap_or(label))
    }
}

/// The order of layers that their numbers tell, where it is not that in which they stand in the file: what a large file needs no more
/// makes room in which later layers are written. Between those of one class there may then be any of the others.
fn in_turn(names: &[&str]) -> Option<Vec<usize>> {
    let mut classes: HashMap<&str, Vec<(u64, usize)>> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        let numbered = name.rsplit_once('_').and_then(|(class, number)| Some((class, number.parse().ok()?)));
        let (class, number) = numbered.unwrap_or((name, 0));
        classes.entry(class).or_default().push((number, place));
    }
    // Behind all with smaller numbers.
    let mut turns: Vec<(usize, u64, usize)> = Vec::new();
    for mut class in classes.into_values() {
        class.sort_unstable();
        let mut furthest = 0;
        turns.extend(class.into_iter().map(|(number, place)| {
            furthest = place.max(furthest);
            (furthest, number, place)
        }));
    }
    turns.sort_unstable();
    let changed = turns.iter().any(|(turn, _, place)| turn != place);
    changed.then(|| turns.into_iter().map(|(_, _, place)| place).collect())
}

#[cfg(test)]
mod tests {
    use super::in_turn;

    #[test]
    fn layers_come_in_the_turn_of_their_numbers() {
        assert_eq!(in_turn(&["input_layer", "dense", "relu", "dense_1", "relu_1", "dense_10"]), None);
        let names = ["dense", "relu", "dense_2", "relu_2", "dense_1", "relu_1"];
        assert_eq!(in_turn(&names), Some(vec![0, 1, 4, 2, 5, 3]));
    }
}
