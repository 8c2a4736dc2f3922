use super::{Findings, Lines, PERCENTILES};
use paramscope_health::{Firsts, Lines as Told, Print, RANKS, Shape, Vital};

/// The power of two from which on float16 has no number.
const BEYOND_HALF: i32 = 16;

/// The power of two below which float16 has nothing but zero: half of its smallest number is made zero, too.
const BELOW_HALF: i32 = -25;

/// Float16's largest number, and what is still rounded to it lies below this.
pub(super) const HALF_MAX: f64 = 65520.0;

/// Half of float16's smallest number.
pub(super) const HALF_LEAST: f64 = 1.0 / (1u32 << 25) as f64;

/// What the rules of health need of what a study found; `None` if it did not look for all of it.
pub fn vital(findings: &Findings) -> Option<Vital> {
    const { assert!(RANKS.len() == PERCENTILES.len()) };
    let magnitudes = findings.magnitudes.as_ref()?;
    let counted = |wanted: &dyn Fn(i32) -> bool| -> u64 {
        let powers = (magnitudes.lowest..).zip(&magnitudes.counts);
        powers.filter(|(power, _)| wanted(*power)).map(|(_, count)| *count).sum()
    };
    let places = &findings.places;
    let at_limits = findings.limits.map_or(0, |(min, max)| u64::from(-min >= HALF_MAX) + u64::from(max >= HALF_MAX));
    let infinite = [places.pos_inf, places.neg_inf].into_iter().flatten().min();
    let lines = |lines: &Lines| Told::new(&lines.min, &lines.max, &lines.l2);
    Some(Vital {
        finite: findings.counts.finite,
        nan: findings.counts.nan,
        pos_inf: findings.counts.pos_inf,
        neg_inf: findings.counts.neg_inf,
        zeros: findings.counts.zeros,
        limits: findings.limits,
        first: Firsts {
            nan: places.nan,
            infinite,
            min: places.min,
            beyond_half: places.beyond_half,
            below_half: places.below_half,
        },
        shape: findings.moments.as_ref().map(|moments| Shape {
            mean: moments.mean,
            std: moments.std,
            l2: moments.l2,
            kurtosis: moments.kurtosis.unwrap_or_default(),
        }),
        percentiles: findings.percentiles,
        // Those between the largest number and the next power of two are in no magnitude of their own.
        beyond_half: counted(&|power| power >= BEYOND_HALF).max(at_limits),
        below_half: counted(&|power| power < BELOW_HALF),
        negative: negative(findings),
        rows: findings.channels.as_ref().map(|channels| lines(&channels.rows)),
        columns: findings.channels.as_ref().map(|channels| lines(&channels.columns)),
        print: findings.print.as_ref().map(|print| Print { content: print.content, sample: print.sample.clone() }),
    })
}

/// How many values are below zero, at least: all of a small tensor are in its sample, of others those in bins below zero are.
fn negative(findings: &Findings) -> u64 {
    let Some(Ok(histogram)) = &findings.histogram else { return 0 };
    let sample = findings.print.as_ref().map_or(&[][..], |print| &print.sample);
    if sample.len() as u64 == findings.counts.all() {
        return sample.iter().filter(|value| **value < 0.0).count() as u64;
    }
    let upper = &histogram.edges.as_slice()[1..];
    upper.iter().zip(&histogram.counts).take_while(|(edge, _)| **edge <= 0.0).map(|(_, count)| count).sum()
}
