//! Rules about two tensors.

use super::Case;
use crate::finding::Found;
use crate::limits;
use crate::subject::Subject;
use crate::vital::{Print, Vital};
use std::collections::HashMap;

/// Fewer elements may be equal by chance.
const MANY: u64 = 64;

/// How far apart two tensors may be, in parts of their deviation, before they are two.
const APART: f64 = 0.05;

/// By how much the norms of two such tensors differ at most.
const NORMS: f64 = 1.0 + 2.0 * APART;

/// The trained tensors that have contents to compare.
fn compared<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Subject, &'a Vital, &'a Print)> {
    let studied = case.studied().filter(|(_, subject, vital)| {
        subject.is_trained() && vital.finite >= MANY && vital.constant().is_none() && !vital.two_valued()
    });
    studied.filter_map(|(index, subject, vital)| Some((index, subject, vital, vital.print.as_ref()?)))
}

pub fn identical(case: &Case<'_>) -> Vec<Found> {
    let mut groups: HashMap<_, Vec<(usize, &Vital)>> = HashMap::new();
    for (index, subject, vital, print) in compared(case) {
        groups.entry((print.content, &subject.shape, subject.element_bits())).or_default().push((index, vital));
    }
    let mut found = Vec::new();
    for group in groups.values() {
        let (first, _) = group[0];
        let siblings = group.iter().skip(1).filter(|(index, _)| case.anatomy.are_siblings(first, *index)).count();
        // A table that all layers have is by design.
        let all = siblings > 1 && siblings == case.anatomy.others(first).count();
        found.extend(group.iter().skip(1).map(|(index, vital)| {
            let message = format!("All {} elements are those of another tensor.", vital.all());
            let found = Found { other: Some(first), ..Found::new(*index, message) }.count(vital.all());
            found.harmless(all || !case.anatomy.are_siblings(first, *index))
        }));
    }
    found
}

pub fn near_duplicate(case: &Case<'_>) -> Vec<Found> {
    let norm = |vital: &Vital| vital.shape.map_or(0.0, |shape| shape.l2);
    let matrices = compared(case).filter(|(_, subject, ..)| subject.shape.len() > 1);
    let mut sorted: Vec<_> = matrices.filter(|(_, _, vital, _)| norm(vital) > 0.0).collect();
    sorted.sort_by(|a, b| a.1.shape.cmp(&b.1.shape).then(norm(a.2).total_cmp(&norm(b.2))).then(a.0.cmp(&b.0)));
    let mut found = Vec::new();
    for (at, a) in sorted.iter().enumerate() {
        let next = sorted[at + 1..].iter().take(limits::NEIGHBOURS);
        for b in next.take_while(|b| b.1.shape == a.1.shape && norm(b.2) <= norm(a.2) * NORMS) {
            let (first, second) = if a.0 < b.0 { (a, b) } else { (b, a) };
            let Some(apart) = apart(second, first).filter(|apart| *apart < APART) else { continue };
            if a.3.content == b.3.content {
                continue;
            }
            let message = format!("It differs from another tensor by {:.2} % of that one's deviation.", apart * 100.0);
            let found_one = Found { other: Some(first.0), ..Found::new(second.0, message) }.figure(apart);
            // Averages, teachers and copies for later are kept under names that differ in more than a number.
            found.push(found_one.harmless(!case.anatomy.are_siblings(first.0, second.0)));
        }
    }
    found
}

/// The norm of the difference over that of the other's deviation from its mean, by the samples of both.
fn apart(a: &(usize, &Subject, &Vital, &Print), b: &(usize, &Subject, &Vital, &Print)) -> Option<f64> {
    let (ours, theirs) = (&a.3.sample, &b.3.sample);
    if ours.len() != theirs.len() || ours.len() < 16 {
        return None;
    }
    let mean = b.2.shape?.mean;
    let mut sums = (0.0, 0.0);
    for (ours, theirs) in ours.iter().zip(theirs) {
        let (ours, theirs) = (f64::from(*ours), f64::from(*theirs));
        sums.0 += (ours - theirs).powi(2);
        sums.1 += (theirs - mean).powi(2);
    }
    let apart = (sums.0 / sums.1).sqrt();
    apart.is_finite().then_some(apart)
}
