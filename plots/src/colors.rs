use plotters::style::RGBColor;
use serde::{Deserialize, Deserializer};

/// The colours of a theme, each as `#rrggbb`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Colors {
    /// The title.
    #[serde(deserialize_with = "color")]
    pub ink: RGBColor,
    /// Labels.
    #[serde(deserialize_with = "color")]
    pub soft: RGBColor,
    /// Grid lines.
    #[serde(deserialize_with = "color")]
    pub line: RGBColor,
    /// Bars, and what else is filled.
    #[serde(deserialize_with = "color")]
    pub bar: RGBColor,
    /// What is pointed out.
    #[serde(deserialize_with = "color")]
    pub accent: RGBColor,
    /// The ground, and zero.
    #[serde(deserialize_with = "color")]
    pub panel: RGBColor,
    /// The largest values.
    #[serde(deserialize_with = "color")]
    pub positive: RGBColor,
    /// The smallest values, below zero.
    #[serde(deserialize_with = "color")]
    pub negative: RGBColor,
    /// What is no number, or infinite.
    #[serde(deserialize_with = "color")]
    pub odd: RGBColor,
}

/// Colours of things that have no order, told apart on light and dark grounds and by people who see fewer colours.
const SERIES: [RGBColor; 7] = [
    RGBColor(194, 87, 12),
    RGBColor(15, 138, 95),
    RGBColor(122, 91, 191),
    RGBColor(163, 114, 0),
    RGBColor(43, 140, 190),
    RGBColor(181, 71, 138),
    RGBColor(122, 127, 135),
];

impl Colors {
    /// The colour of one of several things: the theme's own for the first, and beyond the eighth again from the second on.
    pub(crate) fn series(&self, index: usize) -> RGBColor {
        index.checked_sub(1).map_or(self.bar, |index| SERIES[index % SERIES.len()])
    }

    /// The colour of a value between `-limit` and `limit`: the ground at zero, and beyond the limits as at them.
    pub(crate) fn diverging(&self, value: f64, limit: f64) -> RGBColor {
        if !value.is_finite() {
            return self.odd;
        }
        let share = if limit > 0.0 { (value.abs() / limit).min(1.0) } else { 0.0 };
        // As many steps as an eye tells apart: neighbours of one colour are painted as one.
        let share = (share * STEPS).round() / STEPS;
        mixed(self.panel, if value < 0.0 { self.negative } else { self.positive }, share)
    }
}

/// Steps from zero to either end of the diverging colours.
pub(crate) const STEPS: f64 = 48.0;

/// So much of the second colour, 0 to 1, in the first.
pub(crate) fn mixed(first: RGBColor, second: RGBColor, share: f64) -> RGBColor {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(mix(first.0, second.0), mix(first.1, second.1), mix(first.2, second.2))
}

fn color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RGBColor, D::Error> {
    let text = String::deserialize(deserializer)?;
    let code = text.strip_prefix('#').filter(|hex| hex.len() == 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let [_, red, green, blue] =
        code.ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a colour as #rrggbb")))?.to_be_bytes();
    Ok(RGBColor(red, green, blue))
}
