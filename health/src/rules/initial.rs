//! Rules about values that training has not changed.

use super::Case;
use crate::anatomy::{Leaf, parted};
use crate::draws::{ENOUGH, drawn};
use crate::finding::{Found, Place};
use crate::subject::Element;

pub fn untouched(case: &Case<'_>) -> Vec<Found> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    for (index, subject, vital) in case.studied() {
        let Element::Float { bits, .. } = subject.element else { continue };
        let Some(fans) = subject.fans().filter(|_| subject.is_trained() && vital.finite >= ENOUGH) else { continue };
        looked_at += 1;
        let rounding = if bits > 16 { 0.0 } else { 1.0 / 256.0 };
        if let Some((draw, scale)) = drawn(vital, fans, subject.is_embedding(), rounding) {
            let message = format!("Its values are distributed as {} draws them, with a scale of {scale:.4}.", draw.id);
            let found_one = Found::new(index, message).at(Place::Rule(draw.id)).figure(scale);
            found.push(found_one.harmless(!draw.is_told_by(vital.finite)));
        }
    }
    // A model of which most is so was saved before it was trained.
    let fresh = found.len() * 2 > looked_at;
    found.into_iter().map(|one| Found { harmless: one.harmless || fresh, ..one }).collect()
}

pub fn norm_initial(case: &Case<'_>) -> Vec<Found> {
    let norms: Vec<(bool, Vec<usize>)> = case.anatomy.modules.iter().filter_map(|module| norm(case, module)).collect();
    let fresh = norms.iter().filter(|(initial, _)| *initial).count() * 2 > norms.len();
    let initial = norms.into_iter().filter(|(initial, _)| *initial);
    let found = initial.map(|(_, tensors)| {
        let also = tensors[1..].iter().map(|index| case.patient.subjects[*index].name.clone()).collect();
        let message = format!("All {} tensors of this normalisation have their first values.", tensors.len());
        Found::new(tensors[0], message).at(Place::Also(also)).count(tensors.len() as u64).harmless(fresh)
    });
    found.collect()
}

/// Whether a normalisation has its first values, and its tensors; `None` for other modules.
fn norm(case: &Case<'_>, module: &[usize]) -> Option<(bool, Vec<usize>)> {
    let subjects = &case.patient.subjects;
    let mut own: Vec<(usize, Leaf)> = Vec::new();
    for index in module {
        let subject = &subjects[*index];
        let leaf = subject.leaf();
        match subject.shape[..] {
            [_] if leaf != Leaf::Other => own.push((*index, leaf)),
            // The count of batches.
            [] => {}
            _ => return None,
        }
    }
    let has = |wanted: Leaf| own.iter().any(|(_, leaf)| *leaf == wanted);
    let (path, _) = parted(&subjects[*module.first()?].name);
    let called = path.rsplit(['.', '/']).next().unwrap_or_default().to_lowercase();
    let named = ["norm", "bn", "ln"].iter().any(|name| called.contains(name));
    // A scale of its own is no normalisation.
    if !has(Leaf::Weight) || !(has(Leaf::Bias) || has(Leaf::Variance) || named) {
        return None;
    }
    let mut initial = true;
    for (index, leaf) in &own {
        let vital = case.vitals.get(index)?;
        let wanted = if matches!(leaf, Leaf::Weight | Leaf::Variance) { 1.0 } else { 0.0 };
        initial &= vital.all() > 1 && vital.constant() == Some(wanted);
    }
    own.sort_by_key(|(index, leaf)| (*leaf != Leaf::Weight, *index));
    Some((initial, own.into_iter().map(|(index, _)| index).collect()))
}
