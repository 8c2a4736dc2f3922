//! Against `numpy.linalg.svd`: what `tests/generator/spectra.py` wrote.

mod common;

use common::spectrum;
use paramscope_spectrum::{LARGEST, Spectrum};
use serde_json::Value;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/matrices")
}

fn goldens() -> serde_json::Map<String, Value> {
    serde_json::from_str(&std::fs::read_to_string(folder().join("spectra.json")).unwrap()).unwrap()
}

fn size(golden: &Value, side: &str) -> usize {
    usize::try_from(golden[side].as_u64().unwrap()).unwrap()
}

/// The numbers of a file that NumPy wrote row by row, as float64.
fn numbers(name: &str) -> Vec<f64> {
    let bytes = std::fs::read(folder().join(format!("{name}.npy"))).unwrap();
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (header, data) = (String::from_utf8_lossy(&bytes[10..10 + header]).into_owned(), &bytes[10 + header..]);
    assert!(header.contains("'fortran_order': False"), "{name}: {header}");
    if header.contains("'<f4'") {
        data.as_chunks().0.iter().map(|raw| f32::from_le_bytes(*raw).into()).collect()
    } else {
        assert!(header.contains("'<f8'"), "{name}: {header}");
        data.as_chunks().0.iter().map(|raw| f64::from_le_bytes(*raw)).collect()
    }
}

fn compare(name: &str, golden: &Value, found: &Spectrum) {
    let expected: Vec<f64> = golden["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    assert_eq!(found.values.len(), expected.len(), "{name}");
    let errors = &found.errors;
    let scale = expected.first().copied().unwrap_or(0.0);
    for (at, (found, expected)) in found.values.iter().zip(&expected).enumerate() {
        let close = errors[at].max(1e-13 * scale);
        assert!((found - expected).abs() <= close, "{name}, value {at}: {found} ± {close}, not {expected}");
    }
    let near = |found: f64, key: &str, close: f64| {
        let expected = golden[key].as_f64().unwrap();
        assert!((found - expected).abs() <= close * expected.abs(), "{name}, {key}: {found}, not {expected}");
    };
    near(found.frobenius, "frobenius", 1e-13);
    assert_eq!(found.stable_rank().is_some(), golden.get("stable_rank").is_some(), "{name}");
    if let Some(rank) = found.stable_rank() {
        near(rank, "stable_rank", 1e-12);
    }
}

#[test]
fn singular_values_and_figures_are_numpys() {
    let mut seen = 0;
    for (name, golden) in goldens().iter().filter(|(_, golden)| golden.get("made_of").is_none()) {
        if golden.get("not_finite").is_some() {
            continue;
        }
        let found = spectrum(size(golden, "rows"), size(golden, "columns"), &numbers(name)).unwrap();
        compare(name, golden, &found);
        assert!(found.exact() && found.errors.iter().all(|error| *error == 0.0), "{name}");
        assert_eq!(found.effective_rank().is_some(), golden.get("effective_rank").is_some(), "{name}");
        if let Some(rank) = found.effective_rank() {
            let expected = golden["effective_rank"].as_f64().unwrap();
            assert!((rank - expected).abs() <= 1e-11 * expected, "{name}: {rank}, not {expected}");
            assert_eq!(found.numerical_rank() as u64, golden["numerical_rank"].as_u64().unwrap(), "{name}");
        }
        seen += 1;
    }
    assert!(seen > 15);
}

#[test]
fn numbers_that_are_not_finite_are_counted() {
    let golden = &goldens()["not_finite"];
    let refused = spectrum(6, 4, &numbers("not_finite")).unwrap_err();
    assert_eq!(golden["not_finite"], 2);
    assert_eq!(refused, "2 of 24 values are NaN or infinite: such a matrix has no singular values.");
}

/// The numbers that the generator's `hashed` makes.
#[expect(clippy::cast_precision_loss, reason = "53 bits")]
fn hashed(count: usize, seed: u64) -> Vec<f64> {
    let number = |place: u64| {
        let mut mixed = (place + (seed << 40) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / 4_503_599_627_370_496.0 - 1.0
    };
    (0..count as u64).map(number).collect()
}

/// The numbers that the generator's `large` makes.
fn large(rows: usize, columns: usize, ranks: usize, noise: f64) -> Vec<f64> {
    let (left, right) = (hashed(rows * ranks, 1), hashed(ranks * columns, 2));
    let mut numbers: Vec<f64> = hashed(rows * columns, 3).iter().map(|number| number * noise).collect();
    for (row, left) in numbers.chunks_exact_mut(columns).zip(left.chunks_exact(ranks)) {
        for ((left, right), power) in left.iter().zip(right.chunks_exact(columns)).zip(0..) {
            let weight = left * 0.5f64.powi(power);
            row.iter_mut().zip(right).for_each(|(number, right)| *number += weight * right);
        }
    }
    numbers
}

#[test]
fn of_a_large_matrix_the_largest_values_are_as_near_as_is_said() {
    let golden = &goldens()["large"];
    let made_of = golden["made_of"].as_array().unwrap();
    let [rows, columns, ranks] = [0, 1, 2].map(|at| usize::try_from(made_of[at].as_u64().unwrap()).unwrap());
    let found = spectrum(rows, columns, &large(rows, columns, ranks, made_of[3].as_f64().unwrap())).unwrap();
    assert!(!found.exact() && found.values.len() == LARGEST);
    assert!(found.errors.iter().zip(&found.values).all(|(error, value)| *error < 0.1 * value), "{:?}", found.errors);
    compare("large", golden, &found);
    // The rank that outer products gave it is far above the noise, and found to the last digits.
    for (found, expected) in found.values.iter().zip(golden["values"].as_array().unwrap()).take(8) {
        assert!((found / expected.as_f64().unwrap() - 1.0).abs() < 1e-10);
    }
    assert!(found.effective_rank().unwrap() >= golden["effective_rank"].as_f64().unwrap() * (1.0 - 1e-9));
}
