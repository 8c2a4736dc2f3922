//! The JSON report, `paramscope-report/1`: the same from the page and from the command line.

use super::layers::{LayerFact, layers};
use super::pickles::PickleFact;
use crate::analysis::{Counts, Findings, Histogram, Magnitudes, Moments, PERCENTILES, Places};
use crate::decode::{Cell, Shown};
use crate::error::Result;
use crate::formats;
use crate::model::{self, Checkpoint, Key, Layout, Tensor, Value};
use crate::source::Files;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// How many of a tensor's first elements a report shows.
pub const FIRST: u64 = 8;

/// The whole report.
#[derive(Serialize)]
pub struct Report {
    /// `paramscope-report/1`.
    pub schema: &'static str,
    /// The format.
    pub format: Format,
    /// What wrote the file, as far as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// The files that a person gave and that are part of the checkpoint.
    pub files: Vec<File>,
    /// What the file says beside its tensors, in its order.
    pub metadata: Vec<Entry>,
    /// What was skipped or is odd.
    pub notes: Vec<Note>,
    /// The pickles in it, and what loading them in Python would refer to.
    #[serde(rename = "pickle", skip_serializing_if = "Vec::is_empty")]
    pub pickles: Vec<PickleFact>,
    /// The layers of the model in their order, where the file tells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerFact>,
    /// In the order of the file.
    pub tensors: Vec<TensorReport>,
    /// What the rules of health found in what was studied so far, gravest first: see [`paramscope_health::Finding`]; `None` if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Box<RawValue>>,
}

/// The format's id and its name on the page.
#[derive(Serialize)]
#[expect(missing_docs, reason = "said above")]
pub struct Format {
    pub id: &'static str,
    pub label: &'static str,
}

/// One file.
#[derive(Serialize)]
#[expect(missing_docs, reason = "the file's path as given, and its length")]
pub struct File {
    pub name: String,
    pub bytes: u64,
}

/// One entry of the metadata.
#[derive(Serialize)]
pub struct Entry {
    /// The keys that lead to it, joined by dots.
    pub key: String,
    /// The keys themselves, where they are several: a key may have dots of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<serde_json::Value>,
    /// The name of its type, of formats that have types.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub kind: String,
    /// Its value; text where JSON has nothing like it.
    pub value: Json,
}

impl Entry {
    fn new(entry: &model::Entry) -> Self {
        let key = |key: &Key| match key {
            Key::Index(index) | Key::Nth(index) => (*index).into(),
            key => key.text().into(),
        };
        let path = entry.path.iter().filter(|_| entry.path.len() > 1).map(key).collect();
        Entry { key: entry.key(), path, kind: entry.kind.to_string(), value: Json::Value(entry.value.clone()) }
    }
}

/// One note.
#[derive(Serialize)]
pub struct Note {
    /// `info`, `warning` or `danger`.
    pub level: &'static str,
    /// One sentence.
    pub message: String,
    /// The file, record or tensor that it is about.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// One tensor.
#[derive(Serialize)]
pub struct TensorReport {
    /// Its name; text from the file.
    pub name: String,
    /// As in [`crate::model::NUMBERS`], or `str`, `bytes`, `void`, `struct`, `object`, `datetime64`, `timedelta64`.
    pub dtype: String,
    /// Outermost dimension first.
    pub shape: Vec<u64>,
    /// The product of the shape.
    pub elements: u64,
    /// Bytes of one dense copy in the file's encoding.
    pub bytes: u64,
    /// The device that the file records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What it is to its model: `parameter`, `buffer`, `optimizer`, `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// Another name that the file has for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether gradients are computed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_grad: Option<bool>,
    /// In elements, for a view of a storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strides: Option<Vec<u64>>,
    /// The file that holds it and was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// Why its elements cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Statistics over the finite values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// As `numpy.histogram(finite_values, bins)` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Bins>,
    /// The first elements in row-major order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Vec<Json>>,
    /// What the elements stand for, where a scale beside them tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dequantized: Option<Dequantized>,
    /// SHA-256 over the elements, row-major, little-endian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The real numbers that the elements of a quantised tensor stand for, as float32.
#[derive(Serialize)]
pub struct Dequantized {
    /// Statistics over the finite values.
    pub summary: Summary,
    /// As of the elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Bins>,
    /// The first ones in row-major order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Vec<Json>>,
}

/// Statistics of one tensor; of complex numbers those of the modulus. What is not known, or not wanted, is left out but for the
/// first figures, which are `null` without a finite value.
#[derive(Clone, Serialize)]
pub struct Summary {
    /// How many values of which kind.
    #[serde(flatten)]
    pub counts: Counts,
    /// The smallest finite value.
    pub min: Option<Real>,
    /// The largest finite value.
    pub max: Option<Real>,
    /// The mean of the finite values.
    pub mean: Option<Real>,
    /// The population's standard deviation (ddof 0).
    pub std: Option<Real>,
    /// The root of the sum of squares.
    pub l2: Option<Real>,
    /// The mean of the absolute values.
    pub abs_mean: Option<Real>,
    /// The third standardised moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skewness: Option<Real>,
    /// The fourth one, 3 for a normal distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kurtosis: Option<Real>,
    /// Row-major indices of the first value of a kind.
    #[serde(skip_serializing_if = "PlacesFact::is_empty")]
    pub first_at: PlacesFact,
    /// By rank in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentiles: Option<Percentiles>,
    /// Finite values other than zero by floor(log2 |x|).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnitudes: Option<Magnitudes>,
}

/// Where the first value of a kind is.
#[derive(Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "those of `analysis::Places`")]
pub struct PlacesFact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nan: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos_inf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neg_inf: Option<u64>,
}

impl PlacesFact {
    fn is_empty(&self) -> bool {
        [self.min, self.max, self.nan, self.pos_inf, self.neg_inf].iter().all(Option::is_none)
    }
}

/// Values at the ranks of [`PERCENTILES`], as an object of these.
#[derive(Clone, Copy)]
pub struct Percentiles(pub [f64; PERCENTILES.len()]);

impl Serialize for Percentiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(PERCENTILES.iter().zip(self.0).map(|(rank, value)| (rank.to_string(), Real(value))))
    }
}

/// A histogram of the finite values.
#[derive(Clone, Serialize)]
pub struct Bins {
    /// How many bins.
    pub bins: usize,
    /// One more than bins.
    pub edges: Vec<f64>,
    /// One a bin.
    pub counts: Vec<u64>,
    /// Finite values outside the range, where one was asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub below: u64,
    /// Likewise.
    #[serde(skip_serializing_if = "is_zero")]
    pub above: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it; on a 32-bit target clippy does not mind")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A float64 in JSON, which has no word for NaN and infinity: those are strings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Real(pub f64);

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            finite if finite.is_finite() => serializer.serialize_f64(finite),
            nan if nan.is_nan() => serializer.serialize_str("NaN"),
            positive if positive > 0.0 => serializer.serialize_str("Infinity"),
            _ => serializer.serialize_str("-Infinity"),
        }
    }
}

/// A single value in JSON: whole numbers beyond 2^53 are strings, complex ones pairs, bytes `{"hex"}`, records objects.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// An element of a tensor.
    Cell(Cell),
    /// A value beside the tensors.
    Value(Value),
}

/// The largest whole number up to which float64 has them all.
const EXACT: i128 = 1 << 53;

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Cell(cell) => serialize_cell(cell, serializer),
            Json::Value(Value::Null) => serializer.serialize_unit(),
            Json::Value(Value::Bool(truth)) => serializer.serialize_bool(*truth),
            Json::Value(Value::Int(whole)) => serialize_whole((*whole).into(), serializer),
            Json::Value(Value::Float(float)) => Real(*float).serialize(serializer),
            Json::Value(Value::Text(text)) => serializer.serialize_str(text),
        }
    }
}

fn serialize_cell<S: Serializer>(cell: &Cell, serializer: S) -> Result<S::Ok, S::Error> {
    match cell {
        Cell::Bool(truth) => serializer.serialize_bool(*truth),
        Cell::Int(whole) => serialize_whole(*whole, serializer),
        Cell::Float(float) => Real(*float).serialize(serializer),
        Cell::Complex(real, imaginary) => (Real(*real), Real(*imaginary)).serialize(serializer),
        Cell::Text(text) => serializer.serialize_str(text),
        Cell::Bytes(bytes) => {
            let hex = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex: String = hex.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("hex", &hex)?;
            map.end()
        }
        Cell::Record(fields) => {
            serializer.collect_map(fields.iter().map(|(name, cell)| (name, Json::Cell(cell.clone()))))
        }
        Cell::List(cells) => serializer.collect_seq(cells.iter().map(|cell| Json::Cell(cell.clone()))),
    }
}

fn serialize_whole<S: Serializer>(whole: i128, serializer: S) -> Result<S::Ok, S::Error> {
    match i64::try_from(whole) {
        Ok(small) if whole.abs() <= EXACT => serializer.serialize_i64(small),
        _ => serializer.collect_str(&whole),
    }
}

impl Report {
    /// The report of what the headers say, without statistics.
    pub fn new(checkpoint: &Checkpoint) -> Self {
        let tensors = checkpoint.tensors.iter().map(TensorReport::new).collect();
        Report { tensors, ..Self::without_tensors(checkpoint) }
    }

    /// The report of everything but the tensors.
    pub fn without_tensors(checkpoint: &Checkpoint) -> Self {
        let label = formats::by_id(checkpoint.format).map_or(checkpoint.format, |format| format.label);
        Report {
            schema: "paramscope-report/1",
            format: Format { id: checkpoint.format, label },
            producer: checkpoint.producer.clone(),
            files: given_files(&checkpoint.files),
            metadata: checkpoint.metadata.iter().map(Entry::new).collect(),
            notes: checkpoint
                .notes
                .iter()
                .map(|note| Note { level: note.level.name(), message: note.message.clone(), place: note.place.clone() })
                .collect(),
            pickles: checkpoint.pickles.iter().map(PickleFact::new).collect(),
            layers: layers(checkpoint),
            tensors: Vec::new(),
            health: None,
        }
    }
}

/// The files that a person gave, without views into them.
pub fn given_files(files: &Files) -> Vec<File> {
    let given = files.iter().filter(|(_, file)| file.part_of.is_none());
    given.map(|(_, file)| File { name: file.name.clone(), bytes: file.source.size() }).collect()
}

/// The file that was not given, and why elements cannot be shown, where either is so.
pub(super) fn trouble(layout: &Layout) -> (Option<String>, Option<String>) {
    // A tensor that is made of others can be shown if all of them can.
    let found = layout.parts().into_iter().find_map(|part| match part {
        Layout::Absent { file } => Some((Some(file.clone()), None)),
        Layout::Unreadable { why } => Some((None, Some(why.clone()))),
        _ => None,
    });
    found.unwrap_or_default()
}

impl TensorReport {
    fn new(tensor: &Tensor) -> Self {
        let strides = match &tensor.layout {
            Layout::Strided { strides, .. } => Some(strides.clone()),
            Layout::Quantized(quantized) => match &quantized.codes {
                Layout::Strided { strides, .. } => Some(strides.clone()),
                _ => None,
            },
            _ => None,
        };
        let (absent, problem) = trouble(&tensor.layout);
        TensorReport {
            name: tensor.name.clone(),
            dtype: tensor.dtype.name().to_owned(),
            shape: tensor.shape.clone(),
            elements: tensor.elements(),
            bytes: tensor.bytes(),
            device: tensor.device.as_deref().map(str::to_owned),
            role: tensor.role.map(model::Role::name),
            alias: tensor.more.as_ref().and_then(|more| more.alias.as_deref()).map(str::to_owned),
            requires_grad: tensor.requires_grad,
            strides,
            absent,
            problem,
            summary: None,
            histogram: None,
            first: None,
            dequantized: None,
            sha256: None,
        }
    }

    /// Puts in what a study found.
    pub fn set_findings(&mut self, findings: &Findings) {
        self.summary = Some(Summary::new(findings));
        self.histogram = Bins::found(findings);
    }

    /// Puts in what a study of [`Tensor::dequantized`] found.
    pub fn set_dequantized(&mut self, findings: &Findings, first: Option<Vec<Json>>) {
        let (summary, histogram) = (Summary::new(findings), Bins::found(findings));
        self.dequantized = Some(Dequantized { summary, histogram, first });
    }
}

impl Summary {
    /// What a study found.
    pub fn new(findings: &Findings) -> Self {
        let Places { min, max, nan, pos_inf, neg_inf, .. } = findings.places;
        let moments = findings.moments.as_ref();
        let moment = |of: fn(&Moments) -> f64| moments.map(|moments| Real(of(moments)));
        Summary {
            counts: findings.counts,
            min: findings.limits.map(|(min, _)| Real(min)),
            max: findings.limits.map(|(_, max)| Real(max)),
            mean: moment(|moments| moments.mean),
            std: moment(|moments| moments.std),
            l2: moment(|moments| moments.l2),
            abs_mean: moment(|moments| moments.abs_mean),
            skewness: moments.and_then(|moments| moments.skewness).map(Real),
            kurtosis: moments.and_then(|moments| moments.kurtosis).map(Real),
            first_at: PlacesFact { min, max, nan, pos_inf, neg_inf },
            percentiles: findings.percentiles.map(Percentiles),
            magnitudes: findings.magnitudes.clone(),
        }
    }
}

impl Bins {
    /// The histogram that a study made, if it could.
    fn found(findings: &Findings) -> Option<Self> {
        findings.histogram.as_ref().and_then(|made| made.as_ref().ok()).map(Bins::new)
    }

    /// A histogram's edges and counts.
    pub fn new(histogram: &Histogram) -> Self {
        Bins {
            bins: histogram.edges.bins(),
            edges: histogram.edges.as_slice().to_vec(),
            counts: histogram.counts.clone(),
            below: histogram.below,
            above: histogram.above,
        }
    }
}

/// The first elements of a tensor, at most [`FIRST`], in row-major order.
///
/// # Errors
///
/// As [`Shown`].
pub fn first(files: &Files, tensor: &Tensor) -> Result<Vec<Json>> {
    let mut shown = Shown::new(files, tensor)?;
    let count = shown.count().min(FIRST);
    Ok(shown.read(0, count)?.into_iter().map(Json::Cell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scale;
    use crate::model::{Dtype, Number, Quantized, Sparse, SparseKind};
    use std::rc::Rc;

    #[test]
    fn a_tensor_made_of_others_lacks_what_they_lack() {
        let tensor = |layout| Tensor::new("a", Dtype::Number(Number::F32), vec![1], layout);
        let fine = || tensor(Layout::Pieces(Rc::new([])));
        let absent = || Layout::Absent { file: "b".to_owned() };
        let unreadable = || Layout::Unreadable { why: "No.".to_owned() };
        let sparse = |others, values| {
            let (kind, indices) = (SparseKind::Csr, fine());
            trouble(&Layout::Sparse(Rc::new(Sparse { kind, indices, others, values })))
        };
        assert_eq!(sparse(None, fine()), (None, None));
        assert_eq!(sparse(Some(tensor(absent())), fine()), (Some("b".to_owned()), None));
        assert_eq!(sparse(Some(fine()), tensor(unreadable())), (None, Some("No.".to_owned())));
        let scale = Scale::PerTensor { scale: 1.0, zero_point: 0 };
        let quantized = Layout::Quantized(Rc::new(Quantized { codes: absent(), scale }));
        assert_eq!(trouble(&quantized), (Some("b".to_owned()), None));
        assert_eq!(trouble(&fine().layout), (None, None));
    }
}
