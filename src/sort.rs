//! Sorting at the weight of one sort: the standard library's is compiled anew for each type and order, at 4 KiB each.
//!
//! For what is sorted once, or is short. The numbers of tensors are left to the standard library, which is twice as fast.

use std::cmp::Ordering;

/// Sorts; equal items keep their order.
pub fn by<T>(items: &mut [T], mut order: impl FnMut(&T, &T) -> Ordering) {
    let mut places = sorted(items.len(), &mut |a, b| order(&items[a], &items[b]));
    // Each round of items that take each other's places, one after another.
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

/// Sorts by what `key` makes of an item; items of equal keys keep their order.
pub fn by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    by(items, |a, b| key(a).cmp(&key(b)));
}

/// Where the items are from first to last.
#[inline(never)]
fn sorted(len: usize, order: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library_does(keys in prop::collection::vec(0u8..9, 0..200)) {
            let mut items: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            by_key(&mut items, |(key, _)| *key);
            prop_assert_eq!(&items, &expected);
            expected.sort_by_key(|item| std::cmp::Reverse(item.0));
            by(&mut items, |a, b| b.0.cmp(&a.0));
            prop_assert_eq!(&items, &expected);
        }
    }
}
