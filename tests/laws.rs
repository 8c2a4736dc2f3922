//! What must hold of every summary, whatever the values, and however they are cut.

use paramscope::analysis::{
    Central, Depth, Edges, Findings, First, Histogram, Moments, PERCENTILES, Run, Second, Summary, Wants,
};
use paramscope::decode::numbers;
use paramscope::model::Number;
use proptest::prelude::*;

/// Values of all sizes and kinds.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -10.0..10.0f64,
        2 => any::<f64>(),
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::MIN_POSITIVE / 3.0),
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

fn largest(values: &[f64]) -> f64 {
    values.iter().filter(|value| value.is_finite()).fold(0.0, |largest, value| value.abs().max(largest))
}

fn near(a: f64, b: f64, relative: f64, absolute: f64) -> bool {
    a == b || (a - b).abs() <= absolute + relative * a.abs().max(b.abs())
}

/// Whether moments of values up to `largest` are the same but for the last digits.
fn same_moments(a: Option<Moments>, b: Option<Moments>, largest: f64) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let tails = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => near(a, b, 1e-9, 1e-9),
        // A deviation of nothing but rounding has no tails to speak of.
        _ => near(a.unwrap_or(0.0), b.unwrap_or(0.0), f64::INFINITY, 0.0),
    };
    near(a.mean, b.mean, 1e-15, 1e-15 * largest)
        && near(a.std, b.std, 1e-12, 1e-15 * largest)
        && near(a.l2, b.l2, 1e-13, 0.0)
        && near(a.abs_mean, b.abs_mean, 1e-13, 0.0)
        && tails(a.skewness, b.skewness)
        && tails(a.kurtosis, b.kurtosis)
}

proptest! {
    #[test]
    fn moments_are_the_same_however_they_are_put_together(a in values(), b in values(), c in values()) {
        let fresh = Central::default();
        let (x, y, z) = (of(&fresh, &a), of(&fresh, &b), of(&fresh, &c));
        prop_assert_eq!(&merged(&x, &fresh), &x);
        prop_assert_eq!(&merged(&fresh, &x), &x);
        let most = largest(&[a, b.clone(), c].concat());
        let (left, right) = (merged(&merged(&x, &y), &z), merged(&x, &merged(&y, &z)));
        prop_assert!(same_moments(left.moments(), right.moments(), most), "{:?} {:?}", left.moments(), right.moments());
        prop_assert_eq!(of(&x, &b), merged(&x, &y));
    }

    #[test]
    fn moments_of_values_that_stand_many_times_are_those_of_as_many(values in values(), times in 1usize..50) {
        let repeated: Vec<f64> = values.iter().flat_map(|value| std::iter::repeat_n(*value, times)).collect();
        let mut once = Central::default();
        once.add(&values, times as u64);
        let (once, repeated) = (once.moments(), of(&Central::default(), &repeated).moments());
        prop_assert!(same_moments(once, repeated, largest(&values)), "{once:?} {repeated:?}");
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
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (value.min(low), value.max(high)));
        let Ok(edges) = Edges::new(bins, low, high) else { return Ok(()) };
        for value in values {
            let one = of(&Histogram::new(edges.clone()), &[value]);
            let bin = one.counts.iter().position(|count| *count == 1).expect("inside the range");
            let (low, high) = (edges.as_slice()[bin], edges.as_slice()[bin + 1]);
            prop_assert!(low <= value && (value < high || bin + 1 == bins), "{value} in {low} … {high}");
        }
    }

    #[test]
    fn means_and_deviations_agree_with_exact_arithmetic(values in prop::collection::vec(-1i32..=1, 1..500)) {
        // 1e8 ± 1: a sum of squares in plain float64 has no digit of the deviation left.
        let shifted: Vec<f64> = values.iter().map(|value| 1e8 + f64::from(*value)).collect();
        let moments = of(&Central::default(), &shifted).moments().unwrap();
        let (count, sum) = (f64::from(u32::try_from(values.len()).unwrap()), values.iter().sum::<i32>());
        let squares: i32 = values.iter().map(|value| value * value).sum();
        let mean = 1e8 + f64::from(sum) / count;
        let variance = f64::from(squares) / count - (f64::from(sum) / count).powi(2);
        prop_assert!((moments.mean - mean).abs() <= 1e-12 * mean);
        prop_assert!((moments.std.powi(2) - variance).abs() <= 1e-14);
    }
}

/// Elements of one type, in bytes.
#[derive(Clone, Debug)]
struct Elements {
    number: Number,
    bytes: Vec<u8>,
    count: usize,
}

impl Elements {
    fn values(&self) -> Vec<f64> {
        let mut values = Vec::new();
        numbers(self.number, &self.bytes, self.count, &mut values);
        values
    }

    fn run(&self, from: usize, to: usize) -> Run<'_> {
        let bits = usize::try_from(self.number.bits()).unwrap();
        let bytes = &self.bytes[from * bits / 8..(to * bits).div_ceil(8)];
        Run { number: self.number, bytes, count: to - from, start: Some(from as u64), times: 1 }
    }

    /// What is found if they are cut at these places and the parts are made apart.
    fn findings(&self, wants: &Wants, matrix: Option<(u64, u64)>, cuts: &[usize]) -> Findings {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (self.count + 1) / 8 * 8).collect();
        places.extend([0, self.count]);
        places.sort_unstable();
        let mut first = First::new(wants, matrix);
        for pair in places.windows(2) {
            let mut part = First::new(wants, matrix);
            part.take(&self.run(pair[0], pair[1]));
            first.merge(&sent(&part));
        }
        let mut second = first.second();
        while let Some(fresh) = &second {
            let mut whole = fresh.clone();
            for pair in places.windows(2) {
                let mut part: Second = sent(fresh);
                part.take(&self.run(pair[0], pair[1]));
                whole.merge(&sent(&part));
            }
            match whole.next() {
                Some(next) => second = Some(next),
                None => return first.findings(Some(&whole)),
            }
        }
        first.findings(None)
    }
}

/// What arrives of a part that another worker sends.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(part: &T) -> T {
    postcard::from_bytes(&postcard::to_allocvec(part).unwrap()).unwrap()
}

/// Numbers of every class of kernels, among them packed ones, special ones, and the largest whole ones.
fn elements() -> impl Strategy<Value = Elements> {
    let types = [
        Number::F32,
        Number::F64,
        Number::F16,
        Number::Bf16,
        Number::I64,
        Number::U64,
        Number::I32,
        Number::I8,
        Number::Bool,
        Number::F8E4m3fn,
        Number::F8E5m2fnuz,
        Number::F6E2m3fn,
        Number::I4,
        Number::U2,
        Number::C64,
    ];
    let real = prop::collection::vec(value(), 0..600);
    let raw = prop::collection::vec(
        prop_oneof![2 => any::<u8>(), 1 => Just(0), 1 => Just(255), 1 => Just(127), 1 => Just(128)],
        0..2000,
    );
    // Few values many times, and many about one, lead the search for percentiles through all of its passes.
    let alike = prop::collection::vec(prop_oneof![Just(1.5), 1.0..1.001f64], 0..20_000);
    prop_oneof![
        2 => real.prop_map(|values| Elements { number: Number::F64, count: values.len(), bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect() }),
        1 => alike.prop_map(|values| {
            #[expect(clippy::cast_possible_truncation)]
            let bytes = values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
            Elements { number: Number::F32, count: values.len(), bytes }
        }),
        6 => (prop::sample::select(types.to_vec()), raw).prop_map(|(number, mut bytes)| {
            let bits = usize::try_from(number.bits()).unwrap();
            let count = bytes.len() * 8 / bits;
            bytes.truncate((count * bits).div_ceil(8));
            Elements { number, bytes, count }
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_found_does_not_depend_on_the_cuts(elements in elements(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(elements.count + 1)).collect();
        let matrix = Some((elements.count.div_ceil(7) as u64, 7));
        let wants = Wants { bins: 9, ..Wants::USUAL };
        let (whole, parts) = (elements.findings(&wants, matrix, &[]), elements.findings(&wants, matrix, &cuts));
        prop_assert_eq!(&whole.counts, &parts.counts);
        prop_assert_eq!(&whole.limits, &parts.limits);
        prop_assert_eq!(&whole.places, &parts.places);
        prop_assert_eq!(&whole.histogram, &parts.histogram);
        prop_assert_eq!(&whole.percentiles, &parts.percentiles);
        prop_assert_eq!(&whole.magnitudes, &parts.magnitudes);
        prop_assert!(same_moments(whole.moments, parts.moments, largest(&elements.values())), "{whole:?} {parts:?}");
        let (a, b) = (whole.channels.unwrap(), parts.channels.unwrap());
        prop_assert_eq!((&a.rows.min, &a.rows.max, &a.columns.min, &a.columns.max), (&b.rows.min, &b.rows.max, &b.columns.min, &b.columns.max));
        prop_assert!(a.rows.l2.iter().zip(&b.rows.l2).all(|(a, b)| near(*a, *b, 1e-14, 0.0)));
        prop_assert!(a.columns.l2.iter().zip(&b.columns.l2).all(|(a, b)| near(*a, *b, 1e-14, 0.0)));
        let sample = |findings: Option<paramscope::analysis::Print>| findings.map(|print| format!("{:?}", print.sample));
        // Parts that begin within a block have no print of the content.
        if let Some(print) = parts.print {
            prop_assert_eq!(sample(whole.print), sample(Some(print)));
        }
    }

    #[test]
    fn what_is_found_is_what_sorting_and_the_plain_rules_find(elements in elements()) {
        let wants = Wants { bins: 9, ..Wants::USUAL };
        let found = elements.findings(&wants, None, &[elements.count / 2]);
        let values = elements.values();
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        prop_assert_eq!(found.counts.finite, sorted.len() as u64);
        prop_assert_eq!(found.counts.nan, values.iter().filter(|value| value.is_nan()).count() as u64);
        prop_assert_eq!(found.counts.zeros, values.iter().filter(|value| **value == 0.0).count() as u64);
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return Ok(()) };
        prop_assert_eq!(found.limits, Some((low + 0.0, high + 0.0)));
        let place = |of: &dyn Fn(f64) -> bool| values.iter().position(|value| of(*value)).map(|at| at as u64);
        prop_assert_eq!(found.places.min, place(&|value| value == *low));
        prop_assert_eq!(found.places.max, place(&|value| value == *high));
        prop_assert_eq!(found.places.nan, place(&f64::is_nan));
        prop_assert_eq!(found.places.pos_inf, place(&|value| value == f64::INFINITY));
        // Half way from float16's largest number to the next one, and from zero to its smallest.
        prop_assert_eq!(found.places.beyond_half, place(&|value| value.is_finite() && value.abs() >= 65520.0));
        prop_assert_eq!(found.places.below_half, place(&|value| value != 0.0 && value.abs() <= 2f64.powi(-25)));
        prop_assert_eq!(found.histogram.unwrap(), Edges::new(9, *low, *high).map(|edges| of(&Histogram::new(edges), &values)));
        let count = u32::try_from(sorted.len() - 1).unwrap();
        for (percent, ours) in PERCENTILES.iter().zip(found.percentiles.unwrap()) {
            let place = f64::from(count) * (percent / 100.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let below = place.floor() as usize;
            let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
            prop_assert!(low <= ours && ours <= high, "{percent} %: {ours} not from {low} to {high}");
            let (part, size) = (place.fract(), low.abs() + high.abs());
            let plain = low * (1.0 - part) + high * part;
            prop_assert!(near(ours, plain, 1e-12, 1e-15 * size + 1e-323), "{percent} %: {ours}, {part} of the way from {low} to {high}");
        }
        let sized = sorted.iter().filter(|value| **value != 0.0).count() as u64;
        prop_assert_eq!(found.magnitudes.unwrap().counts.iter().sum::<u64>(), sized);
    }

    #[test]
    fn rows_and_columns_are_those_of_the_plain_rule(
        number in prop::sample::select(vec![Number::F32, Number::F16, Number::Bf16, Number::I8, Number::U16]),
        (rows, columns) in prop_oneof![(1usize..40, 1usize..60), (1usize..5, 900usize..2300)],
        seed in any::<u64>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut state = seed;
        let mut bits = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()
        };
        let count = rows * columns;
        let width = usize::try_from(number.bits()).unwrap() / 8;
        let mut bytes: Vec<u8> = (0..count).flat_map(|_| bits().into_iter().take(width)).collect();
        // Finite floats: no exponent of all ones.
        if !matches!(number, Number::I8 | Number::U16) {
            bytes.iter_mut().skip(width - 1).step_by(width).for_each(|top| *top &= 0xbf);
        }
        let elements = Elements { number, bytes, count };
        let values = elements.values();
        prop_assert!(values.iter().all(|value| value.is_finite()));
        let found = elements.findings(&Wants::USUAL, Some((rows as u64, columns as u64)), &[cut.index(count)]);
        let found = found.channels.unwrap();
        let line = |of: &dyn Fn(usize) -> usize, len: usize| {
            let values = (0..len).map(|at| values[of(at)]);
            let squares: f64 = values.clone().map(|value| value * value).sum();
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max), squares.sqrt())
        };
        for row in 0..rows {
            let (min, max, l2) = line(&|at| row * columns + at, columns);
            prop_assert_eq!((found.rows.min[row], found.rows.max[row]), (min, max));
            prop_assert!(near(found.rows.l2[row], l2, 1e-12, 0.0));
        }
        for column in 0..columns {
            let (min, max, l2) = line(&|at| at * columns + column, rows);
            prop_assert_eq!((found.columns.min[column], found.columns.max[column]), (min, max));
            prop_assert!(near(found.columns.l2[column], l2, 1e-12, 0.0));
        }
    }

    #[test]
    fn the_order_of_the_bytes_is_in_the_print(bytes in prop::collection::vec(any::<u8>(), 1..30_000), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let print = |bytes: &[u8]| {
            let elements = Elements { number: Number::U8, bytes: bytes.to_vec(), count: bytes.len() };
            let cuts: Vec<usize> = [4096, 8192].into_iter().filter(|cut| *cut <= bytes.len()).collect();
            elements.findings(&Wants::USUAL, None, &cuts).print.unwrap()
        };
        let mut swapped = bytes.clone();
        swapped.swap(a.index(bytes.len()), b.index(bytes.len()));
        prop_assert_eq!(print(&bytes).content == print(&swapped).content, bytes == swapped);
        prop_assert_eq!(print(&bytes).sample.len(), print(&swapped).sample.len());
    }
}

#[test]
fn only_what_is_asked_for_is_found() {
    let elements = Elements { number: Number::F32, bytes: vec![0; 40], count: 10 };
    let wants = Wants { depth: Depth::Moments, range: Some((-1.0, 3.0)), bins: 4 };
    let found = elements.findings(&wants, Some((2, 5)), &[]);
    assert!(
        found.percentiles.is_none() && found.magnitudes.is_none() && found.channels.is_none() && found.print.is_none()
    );
    assert_eq!(found.histogram.unwrap().unwrap().counts, [0, 10, 0, 0]);
}

#[test]
fn elements_whose_order_is_unknown_have_no_places() {
    let mut first = First::new(&Wants::USUAL, Some((1, 8)));
    let bytes = [0u8; 8];
    first.take(&Run { number: Number::U8, bytes: &bytes, count: 8, start: None, times: 3 });
    let found = first.findings(None);
    assert_eq!(found.counts.zeros, 24);
    assert!(found.places.min.is_none() && found.channels.is_none() && found.print.is_none());
}
