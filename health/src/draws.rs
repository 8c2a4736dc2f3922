//! The ways in which frameworks draw first values, and whether values look drawn so.

use crate::vital::{Lines, RANKS, Vital};

/// The form of a distribution about 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Uniform,
    Normal,
    /// A normal one without what lies beyond two of its standard deviations.
    Truncated,
}

/// One way of drawing.
pub(crate) struct Draw {
    /// Its name, as the frameworks have it.
    pub id: &'static str,
    form: Form,
    /// The bound of a uniform one, the standard deviation of what is drawn of others, by the inputs of an output and the outputs of an
    /// input.
    scale: fn(f64, f64) -> f64,
    /// Whether only tables of vectors are drawn so.
    embeddings: bool,
}

/// What is kept of a normal distribution's standard deviation if it is cut at two of them.
const CUT: f64 = 0.879_625_661_034_239_8;

impl Draw {
    /// Whether so many values tell it from what training gives. A uniform one has a bound, which is as good as a signature.
    pub fn is_told_by(&self, values: u64) -> bool {
        self.form == Form::Uniform || values >= MANY
    }
}

/// All that are looked for; the first that fits is told.
const DRAWS: [Draw; 11] = [
    draw("kaiming-uniform", Form::Uniform, |ins, _| ins.powf(-0.5)),
    draw("xavier-uniform", Form::Uniform, |ins, outs| (6.0 / (ins + outs)).sqrt()),
    draw("he-uniform", Form::Uniform, |ins, _| (6.0 / ins).sqrt()),
    draw("normal-0.02", Form::Normal, |_, _| 0.02),
    draw("kaiming-normal", Form::Normal, |ins, _| (2.0 / ins).sqrt()),
    draw("kaiming-normal-fan-out", Form::Normal, |_, outs| (2.0 / outs).sqrt()),
    draw("xavier-normal", Form::Normal, |ins, outs| (2.0 / (ins + outs)).sqrt()),
    draw("truncated-normal-0.02", Form::Truncated, |_, _| 0.02 * CUT),
    draw("lecun-normal", Form::Truncated, |ins, _| (1.0 / ins).sqrt()),
    draw("he-normal", Form::Truncated, |ins, _| (2.0 / ins).sqrt()),
    Draw { embeddings: true, ..draw("normal-1", Form::Normal, |_, _| 1.0) },
];

const fn draw(id: &'static str, form: Form, scale: fn(f64, f64) -> f64) -> Draw {
    Draw { id, form, scale, embeddings: false }
}

/// Fewer values tell too little.
pub(crate) const ENOUGH: u64 = 256;

/// So many values tell a standard deviation to two percent, which no other reason is likely to give.
const MANY: u64 = 4096;

/// By how many standard errors a figure may be off: there are a dozen of them.
const ERRORS: f64 = 3.0;

/// What values look drawn by, and its scale: moments, limits and all percentiles have to be what they would be. `rounding` is the relative step
/// of the type that they are stored in.
pub(crate) fn drawn(vital: &Vital, fans: (f64, f64), embedding: bool, rounding: f64) -> Option<(&'static Draw, f64)> {
    let (Some(rows), Some(columns)) = (&vital.rows, &vital.columns) else { return None };
    if vital.finite < ENOUGH || vital.finite < vital.all() {
        return None;
    }
    let likely =
        DRAWS.iter().filter(|draw| embedding || !draw.embeddings).map(|draw| (draw, (draw.scale)(fans.0, fans.1)));
    likely.into_iter().find(|(draw, scale)| {
        let even = [(rows, columns.count), (columns, rows.count)];
        let even = even.iter().all(|(lines, len)| draw.form.is_even(lines, *len));
        even && draw.form.fits(vital, *scale, rounding).is_some()
    })
}

impl Form {
    /// Kurtosis, and the standard error of that of one value.
    fn kurtosis(self) -> (f64, f64) {
        match self {
            // The variance of its influence function.
            Form::Uniform => (1.8, 1.148),
            Form::Normal => (3.0, 4.899),
            Form::Truncated => (2.366, 2.5),
        }
    }

    /// The value at a rank in percent, in units of the scale, and the density there.
    fn quantile(self, rank: usize) -> (f64, f64) {
        // Of the standard normal distribution at RANKS, and at those ranks of it that are left between -2 and 2.
        const NORMAL: [f64; 5] = [-3.090_232, -2.326_348, -1.644_854, -0.674_490, 0.0];
        const TRUNCATED: [f64; 5] = [-1.982_626, -1.848_084, -1.472_262, -0.639_112, 0.0];
        let mirrored = |half: [f64; 5]| if rank < 5 { half[rank] } else { -half[RANKS.len() - 1 - rank] };
        let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        match self {
            Form::Uniform => (RANKS[rank] / 50.0 - 1.0, 0.5),
            Form::Normal => (mirrored(NORMAL), density(mirrored(NORMAL))),
            Form::Truncated => {
                let z = mirrored(TRUNCATED);
                (z / CUT, density(z) / 0.954_499_736 * CUT)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of values")]
    fn fits(self, vital: &Vital, scale: f64, rounding: f64) -> Option<()> {
        let (shape, (min, max), percentiles) = (vital.shape?, vital.limits?, vital.percentiles?);
        let n = vital.finite as f64;
        let error = n.sqrt().recip();
        let near =
            |value: f64, wanted: f64, allowed: f64| (value - wanted).abs() <= allowed * ERRORS + rounding * scale;
        let (kurtosis, of_kurtosis) = self.kurtosis();
        let std = if self == Form::Uniform { scale / 3f64.sqrt() } else { scale };
        // The error of a standard deviation follows from the fourth moment.
        let of_std = ((kurtosis - 1.0) / 4.0).sqrt() * error * std;
        // Of few values the kurtosis is no normally distributed figure itself: one far value changes it much.
        let skewed = if self == Form::Uniform { 1.0 } else { 1.0 + 10.0 * error };
        let fits = near(shape.std, std, of_std)
            && near(shape.mean, 0.0, std * error)
            && (shape.kurtosis - kurtosis).abs() <= ERRORS * of_kurtosis * error * skewed + 4.0 * rounding
            && (0..RANKS.len()).all(|rank| {
                let (wanted, density) = self.quantile(rank);
                let below = RANKS[rank] / 100.0;
                // Ranks that few values are beyond are left to the limits.
                let few = n * below.min(1.0 - below) < 4.0;
                few || near(percentiles[rank], wanted * scale, (below * (1.0 - below)).sqrt() / density * error * scale)
            })
            && self.bound(scale).is_none_or(|bound| {
                let past = bound * (1.0 + rounding + 1e-6);
                max <= past && -min <= past
            })
            // The largest of so many uniform values is as near to the bound.
            && (self != Form::Uniform || min.abs().min(max) >= scale * (1.0 - rounding - 40.0 / n));
        fits.then_some(())
    }

    /// Whether the norms of lines of so many values differ by no more than chance has it: training makes some stronger.
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    fn is_even(self, lines: &Lines, len: u64) -> bool {
        let by_chance = ((self.kurtosis().0 - 1.0) / (4.0 * len as f64)).sqrt();
        lines.count < 4 || lines.spread <= by_chance * (1.0 + 2.0 * ERRORS / (2.0 * lines.count as f64).sqrt())
    }

    fn bound(self, scale: f64) -> Option<f64> {
        match self {
            Form::Uniform => Some(scale),
            Form::Normal => None,
            Form::Truncated => Some(2.0 * scale / CUT),
        }
    }
}
