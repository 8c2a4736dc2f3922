//! The order of names.

use std::cmp::Ordering;

/// The order in which a person counts: `layers.2` before `layers.10`.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let same = same_start(a, b);
    let (mut a, mut b) = (&a[same..], &b[same..]);
    loop {
        let (x, y) = match (a.chars().next(), b.chars().next()) {
            (Some(x), Some(y)) => (x, y),
            (x, y) => return x.is_some().cmp(&y.is_some()),
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (first, rest_a) = digits(a);
            let (second, rest_b) = digits(b);
            let order = first.len().cmp(&second.len()).then_with(|| first.cmp(second));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else if x == y {
            (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
}

/// How many bytes both begin with, up to a number or a character that they may share only in part: names of one model
/// differ at their ends.
fn same_start(a: &str, b: &str) -> usize {
    let (a_bytes, b_bytes) = (a.as_bytes(), b.as_bytes());
    let mut same = a_bytes.iter().zip(b_bytes).take_while(|(x, y)| x == y).count();
    while same > 0 && (a_bytes[same - 1].is_ascii_digit() || !a.is_char_boundary(same) || !b.is_char_boundary(same)) {
        same -= 1;
    }
    same
}

/// The number at the start of a text without its leading zeros, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_a_person_does() {
        let rising = ["", "a", "a1", "a2.z", "a2b", "a10", "a10.2", "a10.11", "b", "é1", "é12", "ê"];
        for (index, first) in rising.iter().enumerate() {
            for (other, second) in rising.iter().enumerate() {
                assert_eq!(natural(first, second), index.cmp(&other), "{first} {second}");
            }
        }
        assert_eq!(natural("a007", "a7"), Ordering::Equal);
    }
}
