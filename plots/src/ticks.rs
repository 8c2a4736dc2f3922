//! Where an axis is labelled, and how.

/// Places on an axis, with their labels.
pub(super) type Ticks = Vec<(f64, String)>;

/// More ticks than any axis has room for.
const MOST: u32 = 50;

/// Steps of 1, 2 or 5 times a power of ten that give about `wanted` ticks from `low` to `high`.
pub(super) fn linear(low: f64, high: f64, wanted: f64) -> Ticks {
    let step = nice_step((high - low) / wanted);
    if !step.is_finite() || step <= 0.0 {
        return vec![(low, exponential(low, 3))];
    }
    let largest = low.abs().max(high.abs());
    places(low, high, step).map(|place| (place, value(place, step, largest))).collect()
}

/// The multiples of a step from `low` to `high`.
fn places(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step).ceil();
    let places = (0u32..MOST).map(move |index| (first + f64::from(index)) * step);
    // A tick that is as good as zero is zero; -0 and 1e-17 are not what a person reads there.
    places
        .take_while(move |place| *place <= high + step * 1e-9)
        .map(move |place| if place.abs() < step * 1e-9 { 0.0 } else { place })
}

/// Whole numbers from 0 on, in thousands or millions where that is shorter, and where the axis ends: at the tick above
/// `high` if that is near.
pub(super) fn counts(high: f64) -> (Ticks, f64) {
    let step = nice_step(high / 4.0).max(1.0);
    let above = (high / step).ceil() * step;
    let top = if above <= high * 1.1 { above } else { high * 1.02 };
    let (unit, name) = unit_of(top);
    let decimals = decimals(step / unit);
    let label = |place: f64| match place {
        0.0 => (place, "0".to_owned()),
        _ => (place, format!("{:.decimals$}{name}", place / unit)),
    };
    (places(0.0, top, step).map(label).collect(), top)
}

/// Powers of ten up to `high`, every second or third where there is no room for more than `most`; where there are only one
/// or two, also twice and five times as much.
pub(super) fn decades(high: f64, most: f64) -> Ticks {
    let times: &[f64] = if high < 100.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let places = (0..19).flat_map(|power| times.iter().map(move |times| times * 10f64.powi(power)));
    let label = |place: f64| {
        let (unit, name) = unit_of(place);
        (place, format!("{}{name}", place / unit))
    };
    let all: Ticks = places.take_while(|place| *place <= high).map(label).collect();
    let each =
        (1..all.len()).find(|each| u32::try_from(all.len().div_ceil(*each)).is_ok_and(|left| f64::from(left) <= most));
    all.into_iter().step_by(each.unwrap_or(MOST as usize)).collect()
}

/// Whole numbers of a range from its first on, the end not among them: in steps that give about `wanted` of them.
pub(super) fn indices((first, end): (f64, f64), wanted: f64) -> Ticks {
    let step = nice_step((end - first) / wanted.max(1.0)).max(1.0);
    places(first, end - 1.0, step).map(|place| (place, format!("{place:.0}"))).collect()
}

/// Powers of ten from `low` to `high`, no more than `most`; between two of them as a linear axis would have it.
pub(super) fn powers(low: f64, high: f64, most: f64) -> Ticks {
    let whole = exponents(low.log10(), high.log10(), most);
    if whole.len() < 2 {
        return linear(low, high, most.min(4.0));
    }
    whole.into_iter().map(|(exponent, label)| (10f64.powf(exponent), label)).collect()
}

/// Whole exponents of ten from `low` to `high`, about `wanted`, labelled by the power that each stands for.
pub(super) fn exponents(low: f64, high: f64, wanted: f64) -> Ticks {
    let step = nice_step((high - low) / wanted.max(1.0)).max(1.0);
    places(low, high, step).map(|place| (place, signed(&format!("1e{place:.0}")))).collect()
}

/// Likewise whole exponents of two.
pub(super) fn twos(low: f64, high: f64, wanted: f64) -> Ticks {
    let step = nice_step((high - low) / wanted.max(1.0)).max(1.0);
    places(low, high, step).map(|place| (place, format!("2{}", raised(&format!("{place:.0}"))))).collect()
}

/// A whole number as an exponent is written.
fn raised(number: &str) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |character: char| character.to_digit(10).map_or('⁻', |digit| digits[digit as usize]);
    number.chars().map(raise).collect()
}

fn unit_of(high: f64) -> (f64, &'static str) {
    match high {
        1e9.. => (1e9, " B"),
        1e6.. => (1e6, " M"),
        1e4.. => (1e3, " k"),
        _ => (1.0, ""),
    }
}

/// The nearest of 1, 2 and 5 times a power of ten, by ratio.
fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    // Half way from 1 to 2 is the root of 2, and so on.
    let bounds = [(1.0, 2f64.sqrt()), (2.0, 10f64.sqrt()), (5.0, 50f64.sqrt())];
    let times = bounds.into_iter().find(|(_, bound)| rough <= bound * power).map_or(10.0, |(times, _)| times);
    times * power
}

/// How many digits after the point tell steps of this size apart.
fn decimals(step: f64) -> usize {
    (0..12)
        .find(|digits| {
            let scaled = step * 10f64.powi(*digits);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        })
        .and_then(|digits| usize::try_from(digits).ok())
        .unwrap_or(12)
}

/// A value on an axis with this step: plain where that is short, else with an exponent.
fn value(place: f64, step: f64, largest: f64) -> String {
    if place == 0.0 {
        return "0".to_owned();
    }
    if largest < 1e6 && step >= 1e-4 {
        return signed(&format!("{place:.*}", decimals(step)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 16")]
    let digits = (place.abs().log10().floor() - step.log10().floor()).clamp(0.0, 16.0) as usize;
    exponential(place, digits)
}

/// With an exponent and at most so many digits after the point, no zeros at their end.
fn exponential(place: f64, digits: usize) -> String {
    let text = format!("{place:.digits$e}");
    match text.split_once('e') {
        Some((number, power)) if number.contains('.') => {
            signed(&format!("{}e{power}", number.trim_end_matches('0').trim_end_matches('.')))
        }
        _ => signed(&text),
    }
}

/// With a minus sign in place of the hyphen.
fn signed(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn labels_are_what_a_person_would_write() {
        let around_zero = linear(-0.061, 0.06, 4.0);
        assert_eq!(labels(&around_zero), ["−0.06", "−0.04", "−0.02", "0", "0.02", "0.04", "0.06"]);
        assert_eq!(labels(&linear(0.0, 1e6, 3.0)), ["0", "5e5", "1e6"]);
        assert_eq!(labels(&linear(1e-8, 3e-8, 2.0)), ["1e−8", "2e−8", "3e−8"]);
        assert_eq!(labels(&linear(1e8 - 1.0, 1e8 + 1.0, 2.0)), ["9.9999999e7", "1e8", "1.00000001e8"]);
        assert_eq!(labels(&counts(1.9e6).0), ["0", "0.5 M", "1.0 M", "1.5 M", "2.0 M"]);
        assert_eq!(labels(&counts(3.0).0), ["0", "1", "2", "3"]);
        assert_eq!(labels(&decades(20_000.0, 9.0)), ["1", "10", "100", "1000", "10 k"]);
        assert_eq!(labels(&decades(20_000.0, 3.0)), ["1", "100", "10 k"]);
        assert_eq!(labels(&decades(7.0, 9.0)), ["1", "2", "5"]);
    }

    #[test]
    fn an_axis_of_counts_ends_at_a_tick_that_is_near() {
        assert_eq!(counts(1.96e6).1, 2e6);
        assert_eq!(counts(60.0).1, 60.0);
        assert_eq!(counts(1.02e6).1, 1.02 * 1.02e6);
    }

    proptest! {
        #[test]
        fn ticks_lie_on_the_axis_and_rise(low in -1e9..1e9f64, width in 1e-6..1e9f64) {
            let ticks = linear(low, low + width, 5.0);
            prop_assert!((3..=9).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.iter().all(|(place, _)| *place >= low - width * 1e-6 && *place <= low + width * 1.000_001));
            // No label stands at two places, and none is missing at an end.
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1), "{ticks:?}");
            let step = ticks[1].0 - ticks[0].0;
            prop_assert!(ticks[0].0 - low < step * 1.001 && low + width - ticks[ticks.len() - 1].0 < step * 1.001);
        }

        #[test]
        fn steps_are_1_2_or_5(rough in 1e-300..1e300f64) {
            let step = nice_step(rough);
            let first = format!("{step:.6e}");
            prop_assert!(["1.000000e", "2.000000e", "5.000000e"].iter().any(|nice| first.starts_with(nice)), "{step}");
            prop_assert!((0.63..1.6).contains(&(step / rough)));
        }
    }
}
