//! What must hold of every summary, whatever the values.

use paramscope::analysis::{Edges, Extent, Histogram, Spread, Summary};
use proptest::prelude::*;

/// Values of all sizes and kinds.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -10.0..10.0f64,
        2 => any::<f64>(),
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => any::<f32>().prop_map(f64::from),
    ]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(value(), 0..200)
}

fn of<S: Summary + Clone>(fresh: &S, values: &[f64]) -> S {
    let mut summary = fresh.clone();
    summary.add(values, 1);
    summary
}

fn merged<S: Summary + Clone>(first: &S, later: &S) -> S {
    let mut summary = first.clone();
    summary.merge(later);
    summary
}

fn near(a: Option<f64>, b: Option<f64>, scale: f64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || (a - b).abs() <= 1e-15 * scale.max(a.abs()).max(b.abs()),
        (a, b) => a == b,
    }
}

fn same_extent(a: &Extent, b: &Extent) -> bool {
    let counts = |extent: &Extent| (extent.finite, extent.nan, extent.pos_inf, extent.neg_inf, extent.zeros);
    let largest = a.min.abs().max(a.max.abs());
    counts(a) == counts(b) && a.limits() == b.limits() && near(a.mean(), b.mean(), largest)
}

fn same_spread(a: &Spread, b: &Spread, count: u64) -> bool {
    let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-14 * a.abs().max(b.abs());
    near(a.l2(), b.l2()) && (count == 0 || near(a.std(count), b.std(count)))
}

proptest! {
    #[test]
    fn an_extent_is_the_same_however_it_is_put_together(a in values(), b in values(), c in values()) {
        let fresh = Extent::default();
        let (x, y, z) = (of(&fresh, &a), of(&fresh, &b), of(&fresh, &c));
        prop_assert!(same_extent(&merged(&x, &fresh), &x));
        prop_assert!(same_extent(&merged(&fresh, &x), &x));
        prop_assert!(same_extent(&merged(&merged(&x, &y), &z), &merged(&x, &merged(&y, &z))));
        prop_assert!(same_extent(&of(&x, &b), &merged(&x, &y)));
    }

    #[test]
    fn a_spread_is_the_same_however_it_is_put_together(a in values(), b in values(), c in values()) {
        let all = of(&Extent::default(), &[a.clone(), b.clone(), c.clone()].concat());
        if let Some(fresh) = Spread::around(&all) {
            let (x, y, z) = (of(&fresh, &a), of(&fresh, &b), of(&fresh, &c));
            prop_assert!(same_spread(&merged(&x, &fresh), &x, all.finite));
            prop_assert!(same_spread(&merged(&merged(&x, &y), &z), &merged(&x, &merged(&y, &z)), all.finite));
            prop_assert!(same_spread(&of(&x, &b), &merged(&x, &y), all.finite));
        }
    }

    #[test]
    fn a_histogram_is_the_same_however_it_is_put_together(a in values(), b in values(), bins in 1usize..60) {
        let fresh = Histogram::new(Edges::new(bins, -3.0, 5.0).unwrap());
        let (x, y) = (of(&fresh, &a), of(&fresh, &b));
        prop_assert_eq!(&merged(&x, &fresh), &x);
        prop_assert_eq!(of(&x, &b), merged(&x, &y));
        let whole = merged(&x, &y);
        let finite = a.iter().chain(&b).filter(|value| value.is_finite()).count() as u64;
        prop_assert_eq!(whole.counts.iter().sum::<u64>() + whole.below + whole.above, finite);
    }

    #[test]
    fn every_value_lies_between_the_edges_of_its_bin(values in prop::collection::vec(-1e6..1e6f64, 1..100), bins in 1usize..80) {
        let extent = of(&Extent::default(), &values);
        let Ok(edges) = Edges::new(bins, extent.min, extent.max) else { return Ok(()) };
        for value in values {
            let one = of(&Histogram::new(edges.clone()), &[value]);
            let bin = one.counts.iter().position(|count| *count == 1).expect("inside the range");
            let (low, high) = (edges.as_slice()[bin], edges.as_slice()[bin + 1]);
            prop_assert!(low <= value && (value < high || bin + 1 == bins), "{value} in {low} … {high}");
        }
    }

    #[test]
    fn a_value_that_stands_many_times_counts_as_often(values in values(), times in 1usize..50) {
        let repeated: Vec<f64> = values.iter().flat_map(|value| std::iter::repeat_n(*value, times)).collect();
        let mut once = Extent::default();
        once.add(&values, times as u64);
        prop_assert!(same_extent(&once, &of(&Extent::default(), &repeated)));
    }

    #[test]
    fn means_and_deviations_agree_with_exact_arithmetic(values in prop::collection::vec(-1i32..=1, 1..500)) {
        // 1e8 ± 1: a sum of squares in plain float64 has no digit of the deviation left.
        let shifted: Vec<f64> = values.iter().map(|value| 1e8 + f64::from(*value)).collect();
        let extent = of(&Extent::default(), &shifted);
        let spread = of(&Spread::around(&extent).unwrap(), &shifted);
        let (count, sum) = (f64::from(u32::try_from(values.len()).unwrap()), values.iter().sum::<i32>());
        let squares: i32 = values.iter().map(|value| value * value).sum();
        let mean = 1e8 + f64::from(sum) / count;
        let variance = f64::from(squares) / count - (f64::from(sum) / count).powi(2);
        prop_assert!((extent.mean().unwrap() - mean).abs() <= 1e-12 * mean);
        prop_assert!((spread.std(extent.finite).powi(2) - variance).abs() <= 1e-14);
    }
}
