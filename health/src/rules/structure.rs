//! Rules that need no values.

use super::Case;
use crate::anatomy::plain;
use crate::finding::{Found, Place};
use crate::subject::{Part, Subject};
use std::collections::{HashMap, HashSet};

/// The fewest layers that make a shape the usual one.
const USUAL: usize = 3;

pub fn odd_shape(case: &Case<'_>) -> Vec<Found> {
    let subjects = &case.patient.subjects;
    let shape = |index: usize| &subjects[index].shape;
    // Of each group with one odd shape among many the usual one.
    let usual: Vec<Option<&Vec<u64>>> = case.anatomy.siblings.iter().map(|group| usual(subjects, group)).collect();
    let mut found = Vec::new();
    for (group, usual) in case.anatomy.siblings.iter().zip(&usual) {
        let Some(wanted) = usual else { continue };
        let first = group.iter().map(|(number, _)| *number).min();
        for (number, index) in group.iter().filter(|(_, index)| shape(*index) != *wanted) {
            // The first layer takes what comes from outside; and a layer of which all is of another shape is another layer.
            let of_family = |other: &usize| case.anatomy.family[*other];
            let usual_companion = |other: &usize| {
                let own = of_family(other).filter(|family| Some(*family) != of_family(index));
                own.is_some_and(|family| case.anatomy.siblings[family].len() > USUAL && agrees(case, family, *other))
            };
            let layer = case.anatomy.layers.get(&case.anatomy.layer[*index]);
            if Some(*number) == first || !layer.is_some_and(|layer| layer.iter().any(usual_companion)) {
                continue;
            }
            let count = group.len() - 1;
            let message = format!("Its shape is {:?}; in {count} other layers it is {wanted:?}.", shape(*index));
            found.push(Found::new(*index, message).at(Place::Usual((*wanted).clone())).count(count as u64));
        }
    }
    found
}

/// Whether a tensor has the shape of most of its family.
fn agrees(case: &Case<'_>, family: usize, index: usize) -> bool {
    let shape = &case.patient.subjects[index].shape;
    let same = case.anatomy.siblings[family].iter().filter(|(_, other)| &case.patient.subjects[*other].shape == shape);
    // The group is looked at once for each odd tensor, of which there is one at most in a family.
    same.take(USUAL).count() == USUAL
}

/// The shape that all of a group have but one.
fn usual<'a>(subjects: &'a [Subject], group: &[(u64, usize)]) -> Option<&'a Vec<u64>> {
    let mut counts: HashMap<&Vec<u64>, usize> = HashMap::new();
    for (_, index) in group {
        *counts.entry(&subjects[*index].shape).or_default() += 1;
    }
    let (usual, count) = counts.iter().max_by_key(|(_, count)| **count)?;
    (counts.len() == 2 && *count >= USUAL && *count + 1 == group.len()).then_some(*usual)
}

pub fn tied(case: &Case<'_>) -> Vec<Found> {
    let mut sharers: HashMap<usize, u64> = HashMap::new();
    let tied = || case.patient.subjects.iter().enumerate().filter_map(|(index, subject)| Some((index, subject.tied?)));
    for (_, other) in tied() {
        *sharers.entry(other).or_insert(1) += 1;
    }
    let found = tied().map(|(index, other)| {
        let count = sharers[&other];
        let message = format!("{count} tensors are the same stored elements.");
        Found { other: Some(other), ..Found::new(index, message) }.count(count)
    });
    found.collect()
}

pub fn orphan(case: &Case<'_>) -> Vec<Found> {
    let subjects = &case.patient.subjects;
    let mut found = by_number(case);
    // Slots of optimizers that are called after their parameters.
    let names: HashSet<&str> =
        subjects.iter().filter(|subject| subject.part != Part::Optimizer).map(|subject| plain(&subject.name)).collect();
    let slots = subjects.iter().enumerate().filter(|(_, subject)| {
        subject.part == Part::Optimizer
            && subject.parameter.is_none()
            && !subject.shape.is_empty()
            && subject.name.contains('/')
    });
    let (with, without): (Vec<_>, Vec<_>) =
        slots.partition(|(_, subject)| suffixes(&subject.name).any(|name| names.contains(name)));
    // Where most have none, slots are called otherwise.
    if with.len() > without.len() {
        let prefixes: HashSet<&str> = with.iter().filter_map(|(_, subject)| prefix(&subject.name, &names)).collect();
        found.extend(without.into_iter().filter_map(|(index, subject)| {
            let name = &subject.name;
            let prefix =
                prefixes.iter().filter(|prefix| name.starts_with(**prefix)).max_by_key(|prefix| prefix.len())?;
            Some(orphaned(index, &name[prefix.len()..]))
        }));
    }
    found
}

/// The ends of a name that begin after a slash, the longest first.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    let name = plain(name);
    name.match_indices('/').map(move |(at, _)| &name[at + 1..])
}

/// What stands before the name of the parameter.
fn prefix<'a>(name: &'a str, names: &HashSet<&str>) -> Option<&'a str> {
    let parameter = suffixes(name).find(|name| names.contains(name))?;
    plain(name).strip_suffix(parameter)
}

fn by_number(case: &Case<'_>) -> Vec<Found> {
    let numbered = case.patient.subjects.iter().enumerate().filter_map(|(index, subject)| {
        let (group, number) = subject.parameter?;
        let listed = case.patient.listed.get(group)?;
        listed.numbers.binary_search(&number).is_err().then(|| orphaned(index, &number.to_string()))
    });
    numbered.collect()
}

fn orphaned(index: usize, parameter: &str) -> Found {
    Found::new(index, "The parameter that it belongs to is not in the checkpoint.")
        .at(Place::Parameter(parameter.to_owned()))
}
