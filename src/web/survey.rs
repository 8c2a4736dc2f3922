use super::Opened;
use super::convert::{failure, object};
use crate::analysis::{self, Channels, Depth, Findings, Found, Lines, Order, Outcome, Target, Wants};
use crate::view::report::{Real, Summary};
use js_sys::{Array, Float64Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The study of many tensors, as the worker that owns the checkpoint conducts it: orders go out to any number of workers that
/// have the same files open, and outcomes come back, both as bytes.
#[wasm_bindgen]
pub struct Survey {
    survey: analysis::Survey,
    /// Whether what is found is what the report keeps.
    usual: bool,
}

/// The most bins of a histogram: more than any screen has pixels.
const MOST_BINS: usize = 10_000;

#[wasm_bindgen]
impl Survey {
    /// A survey of these tensors, with histograms of `bins` bins, over a range or over all finite values: of their elements, or, if
    /// `dequantized`, of what these stand for. `full` asks for all that can be found. Those of which the usual is wanted and known are
    /// left out, unless it is wanted `again`.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::too_many_arguments, reason = "JavaScript's side names them")]
    pub fn new(
        opened: &Opened,
        tensors: &[u32],
        bins: usize,
        low: Option<f64>,
        high: Option<f64>,
        full: bool,
        dequantized: bool,
        again: bool,
    ) -> Survey {
        let depth = if full { Depth::Full } else { Depth::Moments };
        let wants = Wants { bins: bins.clamp(1, MOST_BINS), range: low.zip(high), depth };
        let usual = Wants { depth: Depth::Full, ..wants.clone() } == Wants::USUAL;
        let known = |target: &Target| {
            usual
                && !again
                && opened.findings.get(target).is_some_and(|findings| !full || findings.magnitudes.is_some())
        };
        let targets = tensors.iter().map(|tensor| Target { tensor: *tensor as usize, dequantized });
        let targets: Vec<Target> = targets.filter(|target| !known(target)).collect();
        Survey { survey: analysis::Survey::new(&opened.checkpoint, &targets, &wants), usual }
    }

    /// `{number, order}` of the next piece of work; undefined while there is none, or if there will be none.
    pub fn order(&mut self) -> JsValue {
        let Some(order) = self.survey.order() else { return JsValue::UNDEFINED };
        object(&[("number", order.number.into()), ("order", bytes(&order))])
    }

    /// Takes what came of an order; returns what is finished by it: see [`Survey::lost`].
    ///
    /// # Errors
    ///
    /// If the bytes are no outcome.
    pub fn take(&mut self, opened: &mut Opened, outcome: &[u8]) -> Result<Array, JsValue> {
        let outcome: Outcome = postcard::from_bytes(outcome).map_err(|error| JsValue::from_str(&error.to_string()))?;
        let found = self.survey.take(&opened.checkpoint, outcome);
        Ok(self.finished(opened, found))
    }

    /// The worker that had this order has died. Returns what is given up by that: an array of
    /// `{index, summary?, histogram?, problem?, channels?, error?}`.
    pub fn lost(&mut self, opened: &mut Opened, number: u32) -> Array {
        let found = self.survey.lost(number);
        self.finished(opened, found)
    }

    /// `{tensors, tensorsTotal, bytes, bytesTotal, over}`.
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn progress(&self) -> JsValue {
        let progress = &self.survey.progress;
        object(&[
            ("tensors", (progress.tensors as f64).into()),
            ("tensorsTotal", (progress.tensors_total as f64).into()),
            ("bytes", (progress.bytes as f64).into()),
            ("bytesTotal", (progress.bytes_total as f64).into()),
            ("over", self.survey.is_over().into()),
        ])
    }

    /// How many orders there are at first: with one, no other worker is of use.
    pub fn orders(&self) -> usize {
        self.survey.waiting()
    }

    /// Keeps what is usual and tells all.
    fn finished(&self, opened: &mut Opened, found: Vec<(Target, Found)>) -> Array {
        let told = Array::new();
        for (target, found) in found {
            told.push(&studied(target, &found, self.survey.progress.tensors_total == 1));
            if let (true, Ok(Some(findings))) = (self.usual, found) {
                let vital = analysis::vital(&findings).filter(|_| !target.dequantized);
                let index = u32::try_from(target.tensor).unwrap_or(u32::MAX);
                opened.vitals.extend(vital.map(|vital| (index, vital)));
                opened.findings.insert(target, Findings { channels: None, ..findings });
            }
        }
        told
    }
}

#[wasm_bindgen]
impl Opened {
    /// What is known of a tensor, as [`Survey::take`] tells it; undefined if nothing is, or if not all that can be found is and it
    /// is wanted in `full`.
    pub fn known(&self, tensor: usize, dequantized: bool, full: bool) -> JsValue {
        let target = Target { tensor, dequantized };
        let findings = self.findings.get(&target).filter(|findings| is_known(findings, full));
        findings.map_or(JsValue::UNDEFINED, |findings| studied(target, &Ok(Some(findings.clone())), false))
    }
}

/// An order being worked on, a step at a time, so that its worker can take messages in between.
#[wasm_bindgen]
pub struct Job(analysis::Job);

#[wasm_bindgen]
impl Job {
    /// The work that an order asks for.
    ///
    /// # Errors
    ///
    /// If the bytes are no order.
    #[wasm_bindgen(constructor)]
    pub fn new(order: &[u8]) -> Result<Job, JsValue> {
        let order: Order = postcard::from_bytes(order).map_err(|error| JsValue::from_str(&error.to_string()))?;
        Ok(Job(analysis::Job::new(order)))
    }

    /// Reads at most a chunk; the outcome, once it is there.
    pub fn step(&mut self, opened: &Opened) -> JsValue {
        self.0.step(&opened.checkpoint).map_or(JsValue::UNDEFINED, |outcome| bytes(&outcome))
    }
}

/// Whether a study found all that is wanted now.
fn is_known(findings: &Findings, full: bool) -> bool {
    !full || findings.magnitudes.is_some()
}

fn bytes<T: serde::Serialize>(data: &T) -> JsValue {
    let bytes = postcard::to_allocvec(data).expect("plain data");
    js_sys::Uint8Array::from(bytes.as_slice()).into()
}

fn studied(target: Target, found: &Found, channels: bool) -> JsValue {
    let index = JsValue::from(u32::try_from(target.tensor).unwrap_or(u32::MAX));
    match found {
        Err(error) => object(&[("index", index), ("error", failure(error))]),
        Ok(None) => object(&[("index", index)]),
        Ok(Some(findings)) => {
            let mut fields = vec![("index", index), ("summary", summary(findings))];
            match &findings.histogram {
                Some(Ok(histogram)) => fields.push(("histogram", bins(histogram))),
                Some(Err(problem)) => fields.push(("problem", problem.into())),
                None => {}
            }
            if let Some(Channels { rows, columns }) = findings.channels.as_ref().filter(|_| channels) {
                fields.push(("channels", object(&[("rows", lines(rows)), ("columns", lines(columns))])));
            }
            object(&fields)
        }
    }
}

/// The statistics by the names that JavaScript has for them; those without a value are undefined.
#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
fn summary(findings: &Findings) -> JsValue {
    let summary = Summary::new(findings);
    let count = |count: u64| JsValue::from(count as f64);
    let place = |place: Option<u64>| place.map_or(JsValue::UNDEFINED, count);
    let real = |real: Option<Real>| real.map_or(JsValue::UNDEFINED, |real| real.0.into());
    let (counts, first_at) = (&summary.counts, &summary.first_at);
    let percentiles =
        summary.percentiles.as_ref().map(|percentiles| Float64Array::from(percentiles.0.as_slice()).into());
    let magnitudes = summary.magnitudes.as_ref().map(|magnitudes| {
        let counts: Vec<f64> = magnitudes.counts.iter().map(|count| *count as f64).collect();
        object(&[("lowest", magnitudes.lowest.into()), ("counts", Float64Array::from(counts.as_slice()).into())])
    });
    object(&[
        ("count", count(findings.counts.all())),
        ("finite", count(counts.finite)),
        ("nan", count(counts.nan)),
        ("posInf", count(counts.pos_inf)),
        ("negInf", count(counts.neg_inf)),
        ("zeros", count(counts.zeros)),
        ("subnormal", count(counts.subnormal)),
        ("min", real(summary.min)),
        ("max", real(summary.max)),
        ("mean", real(summary.mean)),
        ("std", real(summary.std)),
        ("l2", real(summary.l2)),
        ("absMean", real(summary.abs_mean)),
        ("skewness", real(summary.skewness)),
        ("kurtosis", real(summary.kurtosis)),
        ("minAt", place(first_at.min)),
        ("maxAt", place(first_at.max)),
        ("nanAt", place(first_at.nan)),
        ("posInfAt", place(first_at.pos_inf)),
        ("negInfAt", place(first_at.neg_inf)),
        ("percentiles", percentiles.unwrap_or(JsValue::UNDEFINED)),
        ("magnitudes", magnitudes.unwrap_or(JsValue::UNDEFINED)),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
fn bins(histogram: &analysis::Histogram) -> JsValue {
    let counts: Vec<f64> = histogram.counts.iter().map(|count| *count as f64).collect();
    object(&[
        ("edges", Float64Array::from(histogram.edges.as_slice()).into()),
        ("counts", Float64Array::from(counts.as_slice()).into()),
        ("below", (histogram.below as f64).into()),
        ("above", (histogram.above as f64).into()),
    ])
}

fn lines(lines: &Lines) -> JsValue {
    let numbers = |numbers: &[f64]| Float64Array::from(numbers).into();
    object(&[("min", numbers(&lines.min)), ("max", numbers(&lines.max)), ("l2", numbers(&lines.l2))])
}
