//! Rules about rows and columns.

use super::Case;
use crate::finding::{Found, Place};
use crate::subject::Subject;
use crate::vital::{Lines, Vital};

/// A row or a column of fewer elements may be zero by chance, or be all that there is of its kind.
const LONG: u64 = 4;

/// In smaller matrices a line of zeros means nothing.
const ELEMENTS: u64 = 64;

/// The fewest lines that have a median worth comparing with.
const MANY: u64 = 8;

/// The trained matrices that are not all zero.
fn matrices<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Subject, &'a Vital, &'a Lines, &'a Lines)> {
    let studied = case
        .studied()
        .filter(|(_, subject, vital)| subject.is_trained() && vital.all() >= ELEMENTS && !vital.two_valued());
    let matrices = studied.filter(|(_, _, vital)| vital.limits.is_some_and(|limits| limits != (0.0, 0.0)));
    matrices.filter_map(|(index, subject, vital)| {
        Some((index, subject, vital, vital.rows.as_ref()?, vital.columns.as_ref()?))
    })
}

pub fn dead_rows(case: &Case<'_>) -> Vec<Found> {
    let found = matrices(case).filter(|(.., rows, columns)| rows.dead > 0 && columns.count >= LONG);
    let found = found.map(|(index, subject, _, rows, _)| {
        let message =
            format!("{} of {} rows are all zero, the first at {:?}.", rows.dead, rows.count, rows.first_dead[0]);
        let found = Found::new(index, message).at(Place::Rows(rows.first_dead.clone())).count(rows.dead);
        found.harmless(subject.is_embedding() && is_padding(rows))
    });
    found.collect()
}

/// One vector that stands for nothing, or those at the end that make the number of vectors a round one.
fn is_padding(rows: &Lines) -> bool {
    let at_end = rows.last_dead + 1 == rows.count && rows.last_dead + 1 - rows.first_dead[0] == rows.dead;
    rows.dead == 1 || at_end
}

pub fn dead_columns(case: &Case<'_>) -> Vec<Found> {
    let found = matrices(case).filter(|(.., rows, columns)| columns.dead > 0 && rows.count >= LONG);
    let found = found.map(|(index, _, _, _, columns)| {
        let first = columns.first_dead[0];
        let message = format!("{} of {} columns are all zero, the first at {first}.", columns.dead, columns.count);
        Found::new(index, message).at(Place::Columns(columns.first_dead.clone())).count(columns.dead)
    });
    found.collect()
}

pub fn outliers(case: &Case<'_>) -> Vec<Found> {
    let found = matrices(case).filter_map(|(index, _, _, rows, columns)| {
        let told = |lines: &Lines, across: u64| {
            // Where many are so, they are no outliers.
            lines.outliers > 0 && lines.count >= MANY && across >= LONG && lines.outliers <= (lines.count / 10).max(1)
        };
        let (lines, name, place): (_, _, fn(Vec<u64>) -> Place) = if told(rows, columns.count) {
            (rows, "row", Place::Rows)
        } else if told(columns, rows.count) {
            (columns, "column", Place::Columns)
        } else {
            return None;
        };
        let strongest = lines.first_outliers.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let ratio = strongest.1 / lines.median;
        let message = format!("The norm of {name} {} is {ratio:.1} times the median.", strongest.0);
        let at = lines.first_outliers.iter().map(|(at, _)| *at).collect();
        Some(Found::new(index, message).at(place(at)).figure(ratio))
    });
    found.collect()
}
