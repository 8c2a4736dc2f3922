//! What must hold of the singular values of any matrix.

mod common;

use common::spectrum;
use proptest::prelude::*;

/// A matrix: rows, columns, numbers; some of lower rank, some with zeros, some longer than wide.
fn matrix() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
    let number = prop_oneof![6 => -1.0..1.0f64, 1 => Just(0.0), 1 => -1e-9..1e-9f64];
    (1usize..14, 1usize..90, 0usize..3, prop::collection::vec(number, 14 * 90), any::<bool>()).prop_map(
        |(short, long, repeated, numbers, wide)| {
            let (rows, columns) = if wide { (short, long) } else { (long, short) };
            let mut numbers = numbers[..rows * columns].to_vec();
            for row in 0..repeated.min(rows - 1) {
                numbers.copy_within((row * columns)..(row + 1) * columns, (row + 1) * columns);
            }
            (rows, columns, numbers)
        },
    )
}

/// The product of a matrix with the reflection that turns `axis` around, which is orthogonal, from the left.
fn reflected(columns: usize, numbers: &[f64], axis: &[f64]) -> Vec<f64> {
    let square: f64 = axis.iter().map(|part| part * part).sum();
    let mut product = numbers.to_vec();
    for column in 0..columns {
        let along: f64 =
            numbers.iter().skip(column).step_by(columns).zip(axis).map(|(number, part)| number * part).sum();
        for (number, part) in product.iter_mut().skip(column).step_by(columns).zip(axis) {
            *number -= 2.0 * along * part / square;
        }
    }
    product
}

fn transposed(columns: usize, numbers: &[f64]) -> Vec<f64> {
    (0..columns).flat_map(|column| numbers.iter().skip(column).step_by(columns).copied()).collect()
}

fn near(a: &[f64], b: &[f64]) -> bool {
    let scale = a.first().copied().unwrap_or(0.0);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-13 * scale)
}

proptest! {
    #[test]
    fn they_are_as_many_as_the_short_side_and_descend_to_0((rows, columns, numbers) in matrix()) {
        let values = spectrum(rows, columns, &numbers).unwrap().values;
        prop_assert_eq!(values.len(), rows.min(columns));
        prop_assert!(values.windows(2).all(|pair| pair[0] >= pair[1]) && values.iter().all(|value| *value >= 0.0));
    }

    #[test]
    fn their_squares_add_up_to_those_of_the_numbers((rows, columns, numbers) in matrix()) {
        let found = spectrum(rows, columns, &numbers).unwrap();
        let squares: f64 = numbers.iter().map(|number| number * number).sum();
        let sum: f64 = found.values.iter().map(|value| value * value).sum();
        prop_assert!((sum - squares).abs() <= 1e-12 * squares);
        prop_assert!((found.frobenius.powi(2) - squares).abs() <= 1e-12 * squares);
    }

    #[test]
    fn a_reflection_leaves_them((rows, columns, numbers) in matrix(), axis in prop::collection::vec(0.1..1.0f64, 90)) {
        let values = spectrum(rows, columns, &numbers).unwrap().values;
        prop_assert!(near(&values, &spectrum(rows, columns, &reflected(columns, &numbers, &axis[..rows])).unwrap().values));
    }

    #[test]
    fn the_transpose_has_the_same((rows, columns, numbers) in matrix()) {
        let values = spectrum(rows, columns, &numbers).unwrap().values;
        prop_assert!(near(&values, &spectrum(columns, rows, &transposed(columns, &numbers)).unwrap().values));
    }

    #[test]
    fn a_factor_multiplies_them((rows, columns, numbers) in matrix(), power in -700i32..700) {
        let factor = 2f64.powi(power);
        let values: Vec<f64> = spectrum(rows, columns, &numbers).unwrap().values.iter().map(|value| value * factor).collect();
        let multiplied: Vec<f64> = numbers.iter().map(|number| number * factor).collect();
        prop_assert!(near(&values, &spectrum(rows, columns, &multiplied).unwrap().values));
    }

    #[test]
    fn the_ranks_lie_between_1_and_the_short_side((rows, columns, numbers) in matrix()) {
        let found = spectrum(rows, columns, &numbers).unwrap();
        let short = f64::from(u16::try_from(rows.min(columns)).unwrap());
        for rank in [found.stable_rank(), found.effective_rank()].into_iter().flatten() {
            prop_assert!((1.0 - 1e-12..=short * (1.0 + 1e-12)).contains(&rank), "{rank}");
        }
        prop_assert_eq!(found.stable_rank().is_none(), numbers.iter().all(|number| *number == 0.0));
        prop_assert!(found.condition().is_none_or(|condition| condition >= 1.0));
    }
}

#[test]
fn a_matrix_that_is_too_wide_on_both_sides_is_refused() {
    let refused = paramscope_spectrum::Decomposition::new(65_537, 70_000).unwrap_err();
    assert_eq!(refused, "A matrix of 65537 × 70000 has no spectrum here: its short side may be 65536 at most.");
}
