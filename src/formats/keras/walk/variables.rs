//! The variables that a layer holds itself.

use super::{Found, Visit, Walker};
use crate::formats::keras::classes::{Kind, class};
use crate::formats::keras::store::joined;
use crate::model::{Layer, Role, Tensor};
use crate::sort;

impl<'a> Walker<'a> {
    /// Adds the variables that a layer holds itself: what is trained, then what is not.
    pub(super) fn own_variables(&mut self, visit: &Visit<'a>) {
        let Some(vars) = visit.group.and_then(|group| self.store.child(group, "vars")) else { return };
        let arrays = &self.store.groups[vars].arrays;
        let tensors: Vec<&Tensor> = arrays.iter().map(|array| &self.store.arrays[*array].tensor).collect();
        let class = class(visit.class);
        let variables = class.and_then(|class| class.variables(&tensors, visit.config));
        let Some(variables) = variables else {
            for array in arrays {
                self.unnamed(visit, *array, None, None);
            }
            return;
        };
        let lora = visit.spec.is_some_and(|spec| spec.has_lora());
        let merged = |name: &str| lora && (name == "kernel" || name == "embeddings");
        let weights = arrays.iter().zip(&variables).filter(|(_, variable)| variable.kind != Kind::Constant);
        let (state, mut trained): (Vec<_>, Vec<_>) = weights.partition(|(_, variable)| variable.kind != Kind::Trained);
        // A layer of 8-bit floats that is made by its config makes their scales first.
        if visit.spec.is_some() && trained.iter().any(|(_, variable)| variable.name == "inputs_scale") {
            sort::by_key(&mut trained, |(_, variable)| matches!(variable.name, "kernel" | "bias"));
        }
        for (array, variable) in trained {
            let steps = if merged(variable.name) { Some(false) } else { visit.trained };
            self.add(visit, Some(*array), variable.name, steps, Role::Parameter);
        }
        if let Some(of) = variables.iter().find(|variable| merged(variable.name)) {
            for part in ["a", "b"] {
                self.add(visit, None, &format!("lora_{}_{part}", of.name), visit.trained, Role::Parameter);
            }
        }
        for (array, variable) in state {
            let role = if variable.kind == Kind::Frozen { Role::Parameter } else { Role::Buffer };
            self.add(visit, Some(*array), variable.name, visit.trained.and(Some(false)), role);
        }
    }

    /// Adds a variable whose name is in no file: it is called by its place.
    fn unnamed(&mut self, visit: &Visit<'a>, array: usize, trained: Option<bool>, role: Option<Role>) {
        let name = self.store.arrays[array].name();
        let place = if name.bytes().all(|byte| byte.is_ascii_digit()) {
            self.found.named = false;
            format!("vars/{name}")
        } else {
            name.to_owned()
        };
        self.push(visit, Some(array), &place, trained, role);
    }

    fn add(&mut self, visit: &Visit<'a>, array: Option<usize>, name: &str, trained: Option<bool>, role: Role) {
        // What decides whether it is a state is the class, whatever is known of the layer.
        let trained = if role == Role::Buffer { Some(false) } else { trained };
        if let ("", Some(array)) = (name, array) {
            self.unnamed(visit, array, trained, Some(role));
            return;
        }
        let old = self.keras2 && name == "kernel" && visit.class.starts_with("Depthwise");
        self.push(visit, array, if old { "depthwise_kernel" } else { name }, trained, Some(role));
    }

    fn push(&mut self, visit: &Visit<'a>, array: Option<usize>, name: &str, trained: Option<bool>, role: Option<Role>) {
        let kept = 2 * (visit.scope.len() + visit.inside.len() + name.len());
        let Some(left) = self.left.checked_sub(kept) else { return };
        self.left = left;
        let layer = visit.layer.unwrap_or_else(|| {
            self.found.layers.push(Layer {
                name: if visit.within.is_empty() { visit.scope.clone() } else { visit.within.clone() },
                class: visit.class.to_owned(),
                output: None,
                trainable: visit.trained,
                weights: Vec::new(),
            });
            self.found.layers.len() - 1
        });
        let suffix = if self.keras2 && role.is_some() && !name.starts_with("vars/") { ":0" } else { "" };
        let overwritten = ["inputs_", "kernel_amax", "outputs_grad_"].iter().any(|begin| name.starts_with(begin))
            || name == "kernel_scale" && role == Some(Role::Parameter);
        self.found.weights.push(Found {
            array,
            name: format!("{}{suffix}", joined(&visit.scope, name)),
            inside: joined(&visit.inside, name),
            layer,
            trained,
            role,
            placed: visit.placed,
            overwritten,
        });
    }
}
