//! What tensors are to their model, as far as their names tell.

use super::graph;
use crate::model::{Role, Tensor};

/// What optimizers of TensorFlow 1 add to the name of a variable for what they keep of it.
const SLOTS: &[&str] = &[
    "Adadelta",
    "Adagrad",
    "AdagradDA",
    "Adam",
    "AdaMax",
    "ExponentialMovingAverage",
    "Ftrl",
    "Momentum",
    "RMSProp",
    "gradient_accumulator",
    "gradient_squared_accumulator",
];

/// Variables that belong to no variable.
const BESIDE: &[(&str, Role)] = &[
    ("beta1_power", Role::Optimizer),
    ("beta2_power", Role::Optimizer),
    ("global_step", Role::Other),
    (graph::KEY, Role::Other),
    ("save_counter/.ATTRIBUTES/VARIABLE_VALUE", Role::Other),
];

/// What a tensor is by its name, where that tells; `tensors` are in the order of their names.
pub(super) fn by_name(tensors: &[Tensor], name: &str) -> Option<Role> {
    if let Some((_, role)) = BESIDE.iter().find(|(known, _)| *known == name) {
        return Some(*role);
    }
    // Of several slots of one kind the second is numbered: `w/Adam`, `w/Adam_1`.
    let (variable, slot) = name.rsplit_once('/')?;
    let slot = slot.rsplit_once('_').filter(|(_, number)| number.parse::<u32>().is_ok()).map_or(slot, |(slot, _)| slot);
    let there = || tensors.binary_search_by(|tensor| tensor.name.as_str().cmp(variable)).is_ok();
    (SLOTS.contains(&slot) && there()).then_some(Role::Optimizer)
}
