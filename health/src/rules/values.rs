//! Rules about single values.

use super::Case;
use crate::anatomy::{Leaf, parted};
use crate::finding::{Found, Place};
use crate::subject::{Element, Part, Subject};
use crate::vital::Vital;

/// The share of values that a cast may make zero before it is told: training leaves some values near zero in any large tensor.
const LOST: f64 = 0.01;

/// Fewer elements lose nothing that matters.
const FEW: u64 = 64;

/// A finding of single values with the index of the first of them, where that is known.
fn single(found: Found, subject: &Subject, first: Option<u64>) -> Found {
    match first {
        None => found,
        Some(first) => {
            let index = index_of(first, &subject.shape);
            Found { message: format!("{} The first is at {index:?}.", found.message), ..found }.at(Place::Index(index))
        }
    }
}

/// The index of the element at a place, row-major.
fn index_of(mut place: u64, shape: &[u64]) -> Vec<u64> {
    let mut index = vec![0; shape.len()];
    for (at, size) in index.iter_mut().zip(shape).rev() {
        *at = place % size.max(&1);
        place /= size.max(&1);
    }
    index
}

/// `1 value is`, `2 values are`.
fn are(count: u64) -> String {
    if count == 1 { "1 value is".to_owned() } else { format!("{count} values are") }
}

pub fn nan(case: &Case<'_>) -> Vec<Found> {
    let found = case.studied().filter(|(_, _, vital)| vital.nan > 0);
    let found = found.map(|(index, subject, vital)| {
        let found = Found::new(index, format!("{} NaN.", are(vital.nan))).count(vital.nan);
        single(found, subject, vital.first.nan)
    });
    found.collect()
}

pub fn infinite(case: &Case<'_>) -> Vec<Found> {
    let found =
        case.studied().filter(|(_, subject, vital)| vital.pos_inf + vital.neg_inf > 0 && !is_mask(subject, vital));
    let found = found.map(|(index, subject, vital)| {
        let count = vital.pos_inf + vital.neg_inf;
        single(Found::new(index, format!("{} infinite.", are(count))).count(count), subject, vital.first.infinite)
    });
    found.collect()
}

/// What is added to scores so that some of them count for nothing.
fn is_mask(subject: &Subject, vital: &Vital) -> bool {
    let one_value = vital.limits.is_none_or(|(min, max)| min == max && (min == 0.0 || min == 1.0));
    vital.pos_inf == 0 && vital.nan == 0 && (one_value && subject.shape.len() > 1 || subject.name.contains("mask"))
}

pub fn negative_variance(case: &Case<'_>) -> Vec<Found> {
    let found = case.studied().filter_map(|(index, subject, vital)| {
        let (min, _) = vital.limits.filter(|(min, _)| *min < 0.0)?;
        if subject.leaf() != Leaf::Variance || !subject.is_float() || subject.part == Part::Optimizer {
            return None;
        }
        let count = vital.negative.max(1);
        let found = Found::new(index, format!("{} below zero, the lowest of them {min:.4e}.", are(count))).count(count);
        Some(match vital.first.min {
            None => found,
            Some(lowest) => found.at(Place::Index(index_of(lowest, &subject.shape))),
        })
    });
    found.collect()
}

pub fn all_zero(case: &Case<'_>) -> Vec<Found> {
    let found = case.studied().filter(|(_, subject, vital)| {
        // Biases begin with zeros, and many models keep them there.
        subject.is_trained() && subject.shape.len() > 1 && vital.all() > 1 && vital.constant() == Some(0.0)
    });
    let found = found.map(|(index, subject, vital)| {
        let found = Found::new(index, format!("All {} elements are zero.", vital.finite)).count(vital.finite);
        found.harmless(begins_with_zeros(subject))
    });
    found.collect()
}

/// The second matrix of an adapter of low rank, and projections that a method begins with zeros.
fn begins_with_zeros(subject: &Subject) -> bool {
    let (module, _) = parted(&subject.name);
    ["lora_B", "lora_up", "zero_conv", "lora_embedding_A"].iter().any(|part| module.contains(part))
}

pub fn constant(case: &Case<'_>) -> Vec<Found> {
    let found = case.studied().filter_map(|(index, subject, vital)| {
        let value = vital.constant().filter(|value| *value != 0.0)?;
        // A scale of ones is how each one begins: norm-initial tells of those that ought to have changed.
        let usual = value == 1.0 && subject.shape.len() < 2;
        if !subject.is_trained() || vital.all() < 8 || usual || matches!(subject.leaf(), Leaf::Variance | Leaf::Mean) {
            return None;
        }
        let same = |other: usize| case.vitals.get(&other).is_some_and(|other| other.constant() == Some(value));
        let others = case.anatomy.others(index).map(|(_, other)| other);
        let (same, all) =
            others.fold((0, 0), |(same_so_far, all), other| (same_so_far + usize::from(same(other)), all + 1));
        let message = format!("All {} elements are {value}.", vital.finite);
        // What is so in all layers is by design.
        Some(Found::new(index, message).figure(value).harmless(all > 1 && same == all))
    });
    found.collect()
}

pub fn beyond_float16(case: &Case<'_>) -> Vec<Found> {
    let found =
        case.studied().filter(|(_, subject, vital)| castable(subject) && vital.beyond_half > 0 && !vital.two_valued());
    let found = found.map(|(index, subject, vital)| {
        let (min, max) = vital.limits.unwrap_or_default();
        let most = if -min > max { min } else { max };
        let message = format!("{} beyond ±65504; the farthest is {most}.", are(vital.beyond_half));
        single(Found::new(index, message).count(vital.beyond_half), subject, vital.first.beyond_half)
    });
    found.collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of values")]
pub fn below_float16(case: &Case<'_>) -> Vec<Found> {
    let found = case.studied().filter(|(_, subject, vital)| {
        castable(subject) && vital.below_half as f64 > LOST * (vital.finite - vital.zeros) as f64
    });
    let found = found.map(|(index, subject, vital)| {
        let share = vital.below_half as f64 / (vital.finite - vital.zeros) as f64 * 100.0;
        let message = format!(
            "{} nearer to zero than float16 tells apart: {share:.2} % of those that are not zero.",
            are(vital.below_half)
        );
        let found = single(Found::new(index, message).count(vital.below_half), subject, vital.first.below_half);
        // What is left of a bias that nothing depends on.
        found.harmless(subject.shape.len() < 2 || vital.all() < FEW)
    });
    found.collect()
}

/// Whether one might think of a cast: an optimizer's numbers are small as they are, and a model has no need of them.
fn castable(subject: &Subject) -> bool {
    matches!(subject.element, Element::Float { wide: true, .. }) && subject.is_trained()
}
