//! Where an axis is labelled, and how.

/// Places on an axis, with their labels.
pub(super) type Ticks = Vec<(f64, String)>;

/// Steps of 1, 2 or 5 times a power of ten that give about `wanted` ticks from `low` to `high`.
pub(super) fn linear(low: f64, high: f64, wanted: f64) -> Ticks {
    let step = nice_step((high - low) / wanted);
    if !step.is_finite() || step <= 0.0 {
        return vec![(low, signed(&format!("{low:e}")))];
    }
    let first = (low / step).ceil();
    let largest = low.abs().max(high.abs());
    let places = (0u32..).map(|index| (first + f64::from(index)) * step);
    // A tick that is as good as zero is zero; -0 and 1e-17 are not what a person reads there.
    let places = places.take_while(|place| *place <= high + step * 1e-9).take(50);
    places
        .map(|place| if place.abs() < step * 1e-9 { 0.0 } else { place })
        .map(|place| (place, value(place, step, largest)))
        .collect()
}

/// Whole numbers from 0 to `high`, in thousands or millions where that is shorter.
pub(super) fn counts(high: f64, wanted: f64) -> Ticks {
    let step = nice_step(high / wanted).max(1.0);
    let (unit, name) = unit_of(high);
    let decimals = decimals(step / unit);
    linear(0.0, high, high / step)
        .into_iter()
        .map(|(place, _)| {
            let label = if place == 0.0 { "0".to_owned() } else { format!("{:.decimals$}{name}", place / unit) };
            (place, label)
        })
        .collect()
}

/// Powers of ten up to `high`; where those are only one or two, also twice and five times as much.
pub(super) fn decades(high: f64) -> Ticks {
    let times: &[f64] = if high < 100.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let places = (0..19).flat_map(|power| times.iter().map(move |times| times * 10f64.powi(power)));
    let label = |place: f64| {
        let (unit, name) = unit_of(place);
        (place, format!("{}{name}", place / unit))
    };
    places.take_while(|place| *place <= high).map(label).collect()
}

fn unit_of(high: f64) -> (f64, &'static str) {
    match high {
        1e9.. => (1e9, " B"),
        1e6.. => (1e6, " M"),
        1e4.. => (1e3, " k"),
        _ => (1.0, ""),
    }
}

/// The next larger of 1, 2 and 5 times a power of ten.
fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= rough * 0.999_999);
    times.unwrap_or(10.0) * power
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
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
    let digits = (place.abs().log10().floor() - step.log10().floor()).clamp(0.0, 9.0) as usize;
    signed(&format!("{place:.digits$e}"))
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
        assert_eq!(labels(&linear(-0.061, 0.06, 4.0)), ["−0.05", "0", "0.05"]);
        assert_eq!(labels(&counts(1.9e6, 4.0)), ["0", "0.5 M", "1.0 M", "1.5 M"]);
        assert_eq!(labels(&counts(3.0, 4.0)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&decades(20_000.0)), ["1", "10", "100", "1000", "10 k"]);
        assert_eq!(labels(&decades(7.0)), ["1", "2", "5"]);
        assert_eq!(labels(&linear(1e-8, 3e-8, 3.0)), ["1e−8", "2e−8", "3e−8"]);
    }

    proptest! {
        #[test]
        fn ticks_lie_on_the_axis_and_rise(low in -1e9..1e9f64, width in 1e-6..1e9f64) {
            let ticks = linear(low, low + width, 5.0);
            prop_assert!(ticks.len() <= 12);
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(ticks.iter().all(|(place, _)| *place >= low - width * 1e-6 && *place <= low + width * 1.000_001));
        }
    }
}
