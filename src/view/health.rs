//! What the rules of health are told of a checkpoint.

use super::tied::Sharing;
use crate::limits;
use crate::model::{Checkpoint, Class, Dtype, Key, Number, Role, Tensor, Value, dotted};
use paramscope_health::{Element, Listed, Part, Patient, Subject};
use std::collections::BTreeMap;

/// All that headers tell and a rule needs.
pub fn patient(checkpoint: &Checkpoint) -> Patient {
    let tied = Sharing::new(&checkpoint.tensors).tied(&checkpoint.tensors);
    let (places, listed) = listed(checkpoint);
    let subjects = checkpoint.tensors.iter().zip(tied).map(|(tensor, tied)| Subject {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        element: element(tensor),
        part: match tensor.role {
            Some(Role::Optimizer) => Part::Optimizer,
            Some(Role::Buffer) => Part::Buffer,
            Some(Role::Parameter | Role::Other) | None => Part::Model,
        },
        tied,
        parameter: parameter(tensor, &places),
    });
    Patient { subjects: subjects.collect(), listed }
}

fn element(tensor: &Tensor) -> Element {
    let Dtype::Number(number) = tensor.dtype else { return Element::Other };
    match number.class() {
        // An exponent alone: the scale of a block.
        Class::Float if number == Number::F8E8m0fnu => Element::Whole,
        Class::Float => Element::Float {
            bits: u32::try_from(number.bits()).unwrap_or(u32::MAX),
            wide: matches!(number, Number::Bf16 | Number::F32 | Number::F64 | Number::F80),
        },
        Class::Complex => Element::Other,
        Class::Bool | Class::Unsigned | Class::Signed => Element::Whole,
    }
}

/// PyTorch's optimizers list their parameters by number in `param_groups`: the keys that lead to each optimizer with its place in
/// the list, and the numbers.
fn listed(checkpoint: &Checkpoint) -> (BTreeMap<String, usize>, Vec<Listed>) {
    let mut optimizers: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    // Of a list that was cut off, no number is known not to be in it.
    if checkpoint.metadata.len() < limits::METADATA_ENTRIES {
        for group in &checkpoint.groups {
            optimizers.entry(dotted(&group.optimizer)).or_default().extend(&group.numbers);
        }
        for entry in &checkpoint.metadata {
            let [optimizer @ .., groups, Key::Index(_), params, Key::Index(_)] = &entry.path[..] else { continue };
            let (Some("param_groups"), Some("params"), Value::Int(number)) =
                (groups.text(), params.text(), &entry.value)
            else {
                continue;
            };
            optimizers.entry(dotted(optimizer)).or_default().push(*number);
        }
    }
    let mut places = BTreeMap::new();
    let listed = optimizers.into_iter().enumerate().map(|(place, (optimizer, mut numbers))| {
        places.insert(optimizer, place);
        numbers.sort_unstable();
        Listed { numbers }
    });
    let listed = listed.collect();
    (places, listed)
}

/// The optimizer, and the number of the parameter, that a tensor in its `state` is about.
fn parameter(tensor: &Tensor, places: &BTreeMap<String, usize>) -> Option<(usize, i64)> {
    let at = tensor.path.iter().position(|key| key.text() == Some("state"))?;
    let Some(Key::Index(number)) = tensor.path.get(at + 1) else { return None };
    Some((*places.get(&dotted(&tensor.path[..at]))?, *number))
}
