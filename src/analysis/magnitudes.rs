use super::Magnitudes;
use std::collections::BTreeMap;

/// floor(log2 |x|) of a finite number other than zero.
pub(super) fn magnitude(value: f64) -> i32 {
    let bits = value.to_bits() << 1;
    let exponent = i32::try_from(bits >> 53).expect("11 bits");
    if exponent > 0 { exponent - 1023 } else { -1012 - bits.leading_zeros().cast_signed() }
}

impl Magnitudes {
    /// From numbers that have a magnitude, in any order.
    pub(super) fn of(counts: impl IntoIterator<Item = (i32, u64)>) -> Self {
        let mut all: BTreeMap<i32, u64> = BTreeMap::new();
        for (magnitude, count) in counts {
            *all.entry(magnitude).or_default() += count;
        }
        let (Some((&lowest, _)), Some((&highest, _))) = (all.first_key_value(), all.last_key_value()) else {
            return Magnitudes::default();
        };
        Magnitudes { lowest, counts: (lowest..=highest).map(|power| all.get(&power).copied().unwrap_or(0)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_are_rounded_down_logarithms() {
        for (value, power) in
            [(1.0, 0), (-1.5, 0), (0.99, -1), (f64::MIN_POSITIVE, -1022), (5e-324, -1074), (1e308, 1023)]
        {
            assert_eq!(magnitude(value), power, "{value}");
        }
        assert_eq!(magnitude(f64::MIN_POSITIVE / 2.0), -1023);
        assert_eq!(Magnitudes::of([(3, 1), (1, 2), (3, 4)]), Magnitudes { lowest: 1, counts: vec![2, 0, 5] });
    }
}
