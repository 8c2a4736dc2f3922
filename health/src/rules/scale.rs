//! Rules about a layer's scale beside that of the others.

use super::Case;
use crate::finding::Found;

/// How many times as strong or as weak: layers of trained models differ by less than ten times.
const FACTOR: f64 = 30.0;

/// The fewest other layers that have a median.
const OTHERS: usize = 3;

/// How many times farther than the others are from their median, as logarithms.
const APART: f64 = 4.0;

/// Root mean squares that are far from those of the same weight in the other layers: tensors and ratios.
fn ratios<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (usize, f64, usize)> + use<'a> {
    case.anatomy.siblings.iter().filter(|group| group.len() > OTHERS).flat_map(move |group| {
        let rms = |index: usize| {
            let subject = &case.patient.subjects[index];
            let matrix = subject.is_trained() && subject.shape.len() > 1 && subject.tied.is_none();
            case.vitals.get(&index).filter(|_| matrix)?.rms().filter(|rms| *rms > 0.0)
        };
        let mut known: Vec<(usize, f64)> = group.iter().filter_map(|(_, index)| Some((*index, rms(*index)?))).collect();
        known.sort_by(|a, b| a.1.total_cmp(&b.1));
        let count = known.len();
        // The median of all others: the list without one has it at a place that follows from that one's.
        let without =
            move |at: usize, place: usize, known: &[(usize, f64)]| known[if place < at { place } else { place + 1 }].1;
        let mut far = Vec::new();
        if count > OTHERS {
            let typical = known[count / 2].1;
            let mut distances: Vec<f64> = known.iter().map(|(_, rms)| (rms / typical).ln().abs()).collect();
            distances.sort_by(f64::total_cmp);
            let spread = distances[count / 2];
            for (at, (index, rms)) in known.iter().enumerate() {
                let others = count - 1;
                let median = f64::midpoint(without(at, (others - 1) / 2, &known), without(at, others / 2, &known));
                let ratio = rms / median;
                let distance = ratio.ln().abs();
                if distance > FACTOR.ln() && distance > APART * spread {
                    far.push((*index, ratio, others));
                }
            }
        }
        far.into_iter()
    })
}

pub fn exploding(case: &Case<'_>) -> Vec<Found> {
    let strong = ratios(case).filter(|(_, ratio, _)| *ratio > 1.0);
    let found = strong.map(|(index, ratio, others)| {
        let message =
            format!("Its root mean square is {ratio:.1} times the median of the same weight in {others} other layers.");
        Found::new(index, message).figure(ratio)
    });
    found.collect()
}

pub fn vanishing(case: &Case<'_>) -> Vec<Found> {
    let weak = ratios(case).filter(|(_, ratio, _)| *ratio < 1.0);
    let found = weak.map(|(index, ratio, others)| {
        let message =
            format!("Its root mean square is {ratio:.2e} of the median of the same weight in {others} other layers.");
        Found::new(index, message).figure(ratio)
    });
    found.collect()
}
