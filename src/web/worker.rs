use super::blob::BrowserFile;
use super::convert::{failure, object, plain};
use crate::analysis::{Cell, Findings, Plane, Pooled, Study};
use crate::decode::Matrix;
use crate::error::{Error, Result};
use crate::formats;
use crate::model::{Checkpoint, Tensor};
use crate::source::Files;
use crate::view::facts::{self, Facts};
use crate::view::query::Query;
use crate::view::report::{Report, Summary};
use crate::view::table::{SORTS, Tree};
use crate::view::{python, values};
use js_sys::{Float64Array, Int32Array, Uint8Array, Uint32Array};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// An open checkpoint. `free` gives its memory back.
#[wasm_bindgen]
pub struct Opened {
    checkpoint: Checkpoint,
    tree: Tree,
    /// What was found so far of each tensor, by its index.
    findings: BTreeMap<usize, Findings>,
    /// Likewise of what the codes of quantised tensors stand for.
    dequantized: BTreeMap<usize, Findings>,
}

#[wasm_bindgen]
impl Opened {
    /// Opens the files that a person gave; `paths` are their names, with folders where one was given.
    ///
    /// # Errors
    ///
    /// Those of [`formats::open`].
    pub fn open(files: Vec<web_sys::File>, paths: Vec<String>) -> Result<Opened, JsValue> {
        Self::open_files(files, paths).map_err(|error| failure(&error))
    }

    fn open_files(files: Vec<web_sys::File>, paths: Vec<String>) -> Result<Opened> {
        let mut given = Files::new();
        for (file, path) in files.into_iter().zip(paths) {
            given.add(path, Rc::new(BrowserFile::new(file)?));
        }
        let checkpoint = formats::open(&given)?;
        let tree = Tree::new(&checkpoint.tensors);
        Ok(Opened { checkpoint, tree, findings: BTreeMap::new(), dequantized: BTreeMap::new() })
    }

    /// What the header of the page shows.
    ///
    /// # Errors
    ///
    /// None; the type is that of every conversion.
    pub fn facts(&self) -> Result<JsValue, JsValue> {
        plain(&Facts::new(&self.checkpoint))
    }

    /// All tensors, in the order of the file.
    ///
    /// # Errors
    ///
    /// As [`Opened::facts`].
    pub fn tensors(&self) -> Result<JsValue, JsValue> {
        plain(&facts::tensors(&self.checkpoint, &self.tree))
    }

    /// All modules: `{path, label, tensors, parameters, bytes}[]`.
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn groups(&self) -> Vec<JsValue> {
        let groups = self.tree.groups.iter().map(|group| {
            object(&[
                ("path", group.path.as_str().into()),
                ("label", group.label.as_str().into()),
                ("tensors", (group.tensors as f64).into()),
                ("parameters", (group.parameters as f64).into()),
                ("bytes", (group.bytes as f64).into()),
            ])
        });
        groups.collect()
    }

    /// The rows that a filter leaves, in an order: see [`crate::view::table::Table`].
    ///
    /// # Errors
    ///
    /// `query` for a filter or an order that is not valid.
    pub fn table(&self, query: &str, sort: &str, descending: bool, grouped: bool) -> Result<JsValue, JsValue> {
        let query = Query::parse(query).map_err(|error| failure(&error))?;
        let sort = SORTS.iter().find(|(name, _)| *name == sort).map(|(_, sort)| *sort);
        let sort = sort.ok_or_else(|| failure(&Error::query("There is no such order.")))?;
        let tensors = &self.checkpoint.tensors;
        let found = tensors
            .iter()
            .enumerate()
            .map(|(index, tensor)| query.finds(tensor, self.findings.get(&index).map(|findings| &findings.extent)));
        let table = self.tree.table(tensors, &found.collect::<Vec<_>>(), sort, descending, grouped);
        #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
        let (matches, parameters) = (table.matches as f64, table.parameters as f64);
        Ok(object(&[
            ("rows", Int32Array::from(table.rows.as_slice()).into()),
            ("depths", Uint8Array::from(table.depths.as_slice()).into()),
            ("spans", Uint32Array::from(table.spans.as_slice()).into()),
            ("matches", matches.into()),
            ("parameters", parameters.into()),
        ]))
    }

    /// Begins the analysis of a tensor, with a histogram of `bins` bins, over a range or over all finite values: of its elements,
    /// or, if `dequantized`, of what these stand for.
    ///
    /// # Errors
    ///
    /// `query` if there is no such tensor, or no scale beside it.
    pub fn analysis(
        &self,
        index: usize,
        bins: usize,
        low: Option<f64>,
        high: Option<f64>,
        dequantized: Option<bool>,
    ) -> Result<Analysis, JsValue> {
        let dequantized = dequantized == Some(true);
        let tensor = self.wanted(index, dequantized)?;
        let study = Study::new(bins.clamp(1, MOST_BINS), low.zip(high));
        // The report keeps the usual histogram only.
        Ok(Analysis { index, tensor, dequantized, study, findings: None, kept: low.zip(high).is_none() })
    }

    /// A tensor as a matrix: of its elements, or, if `dequantized`, of what these stand for.
    ///
    /// # Errors
    ///
    /// Those of [`Matrix::new`]; `query` if there is no such tensor, or no scale beside it.
    pub fn matrix(&self, index: usize, dequantized: Option<bool>) -> Result<OpenedMatrix, JsValue> {
        let tensor = self.wanted(index, dequantized == Some(true))?;
        let matrix = Matrix::new(&tensor, self.checkpoint.outputs_last());
        matrix.map(OpenedMatrix).map_err(|error| failure(&error))
    }

    /// Begins a picture of two axes of a tensor in at most `width` by `height` cells, at the index `fixed` on each other axis;
    /// without axes, of the last two.
    ///
    /// # Errors
    ///
    /// Those of [`Plane::new`].
    #[expect(clippy::too_many_arguments, reason = "JavaScript names them")]
    pub fn plane(
        &self,
        index: usize,
        rows: Option<usize>,
        columns: Option<usize>,
        fixed: &[f64],
        width: usize,
        height: usize,
        dequantized: Option<bool>,
    ) -> Result<PlaneReading, JsValue> {
        let tensor = self.wanted(index, dequantized == Some(true))?;
        let plane = Plane::new(&tensor, rows.zip(columns), &whole(fixed), width as u64, height as u64);
        Ok(PlaneReading { tensor, plane: plane.map_err(|error| failure(&error))? })
    }

    /// The elements of a part, or, if `dequantized`, what these stand for, row-major; whole numbers beyond 2^53 and texts are strings.
    ///
    /// # Errors
    ///
    /// Those of [`values::values`].
    pub fn values(
        &self,
        index: usize,
        start: &[f64],
        shape: &[f64],
        dequantized: Option<bool>,
    ) -> Result<JsValue, JsValue> {
        let (start, shape) = (whole(start), whole(shape));
        let tensor = self.wanted(index, dequantized == Some(true))?;
        let found = values::values(&self.checkpoint.files, &tensor, &start, &shape);
        plain(&found.map_err(|error| failure(&error))?)
    }

    /// The JSON report, with what was found so far.
    ///
    /// # Errors
    ///
    /// None; the type is that of every conversion.
    pub fn report(&self) -> Result<String, JsValue> {
        let mut report = Report::new(&self.checkpoint);
        for (index, findings) in &self.findings {
            report.tensors[*index].set_findings(findings);
        }
        for (index, findings) in &self.dequantized {
            report.tensors[*index].set_dequantized(findings, None);
        }
        serde_json::to_string_pretty(&report).map_err(|error| JsValue::from_str(&error.to_string()))
    }

    /// The lines that read a tensor in Python; empty where there are none.
    ///
    /// # Errors
    ///
    /// `query` if there is no such tensor.
    pub fn python(&self, index: usize) -> Result<String, JsValue> {
        Ok(python::lines(&self.checkpoint, self.tensor(index)?).unwrap_or_default())
    }

    /// A tensor, or what its elements stand for.
    fn wanted(&self, index: usize, dequantized: bool) -> Result<Tensor, JsValue> {
        let tensor = self.tensor(index)?;
        if !dequantized {
            return Ok(tensor.clone());
        }
        let none = || failure(&Error::query(format!("Tensor {index} has no scale beside it.")));
        tensor.dequantized().ok_or_else(none)
    }

    fn tensor(&self, index: usize) -> Result<&Tensor, JsValue> {
        let tensor = self.checkpoint.tensors.get(index);
        tensor.ok_or_else(|| failure(&Error::query(format!("There is no tensor {index}."))))
    }
}

/// A tensor as a matrix.
#[wasm_bindgen]
pub struct OpenedMatrix(Matrix);

#[wasm_bindgen]
#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is none is refused as outside")]
impl OpenedMatrix {
    /// How many rows it has.
    pub fn rows(&self) -> f64 {
        self.0.rows() as f64
    }

    /// How many columns it has.
    pub fn columns(&self) -> f64 {
        self.0.columns() as f64
    }

    /// Some of its vectors: see [`Matrix::vectors`].
    ///
    /// # Errors
    ///
    /// Those of [`Matrix::vectors`].
    pub fn vectors(&self, opened: &Opened, first: f64, count: f64) -> Result<Float64Array, JsValue> {
        let vectors = self.0.vectors(&opened.checkpoint.files, first as u64, count as u64);
        vectors.map(|vectors| Float64Array::from(vectors.as_slice())).map_err(|error| failure(&error))
    }
}

/// The most bins of a histogram: more than any screen has pixels.
const MOST_BINS: usize = 10_000;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "indices; what is none is refused as outside"
)]
fn whole(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| *number as u64).collect()
}

/// The analysis of one tensor, a chunk a step, so that its worker can take messages in between.
#[wasm_bindgen]
pub struct Analysis {
    index: usize,
    tensor: Tensor,
    dequantized: bool,
    study: Study,
    findings: Option<Findings>,
    kept: bool,
}

#[wasm_bindgen]
impl Analysis {
    /// Reads one chunk; returns the fraction that is done.
    ///
    /// # Errors
    ///
    /// Those of [`Study::step`].
    pub fn step(&mut self, opened: &mut Opened) -> Result<f64, JsValue> {
        let done = self.study.step(&opened.checkpoint.files, &self.tensor).map_err(|error| failure(&error))?;
        if done >= 1.0 {
            self.findings = self.study.findings();
            if let (true, Some(findings)) = (self.kept, &self.findings) {
                let found = if self.dequantized { &mut opened.dequantized } else { &mut opened.findings };
                found.insert(self.index, findings.clone());
            }
        }
        Ok(done)
    }

    /// `{count, finite, nan, posInf, negInf, zeros, min, max, mean, std, l2}`; undefined for a tensor without numbers.
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn summary(&self) -> JsValue {
        let Some(findings) = &self.findings else { return JsValue::UNDEFINED };
        let summary = Summary::new(findings);
        let real = |real: Option<crate::view::report::Real>| real.map_or(JsValue::UNDEFINED, |real| real.0.into());
        object(&[
            ("count", (findings.extent.count() as f64).into()),
            ("finite", (summary.finite as f64).into()),
            ("nan", (summary.nan as f64).into()),
            ("posInf", (summary.pos_inf as f64).into()),
            ("negInf", (summary.neg_inf as f64).into()),
            ("zeros", (summary.zeros as f64).into()),
            ("min", real(summary.min)),
            ("max", real(summary.max)),
            ("mean", real(summary.mean)),
            ("std", real(summary.std)),
            ("l2", real(summary.l2)),
        ])
    }

    /// `{edges, counts, below, above}`; undefined where there is none.
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn histogram(&self) -> JsValue {
        let made = self.findings.as_ref().and_then(|findings| findings.histogram.as_ref());
        let Some(Ok(histogram)) = made else { return JsValue::UNDEFINED };
        let counts: Vec<f64> = histogram.counts.iter().map(|count| *count as f64).collect();
        object(&[
            ("edges", Float64Array::from(histogram.edges.as_slice()).into()),
            ("counts", Float64Array::from(counts.as_slice()).into()),
            ("below", (histogram.below as f64).into()),
            ("above", (histogram.above as f64).into()),
        ])
    }

    /// Why there is no histogram.
    #[wasm_bindgen(js_name = histogramProblem)]
    pub fn histogram_problem(&self) -> Option<String> {
        self.findings.as_ref()?.histogram.as_ref()?.as_ref().err().cloned()
    }
}

/// The reading of a plane, a step at a time, as [`Analysis`] is.
#[wasm_bindgen]
pub struct PlaneReading {
    tensor: Tensor,
    plane: Plane,
}

#[wasm_bindgen]
impl PlaneReading {
    /// Reads on; returns the fraction that is done.
    ///
    /// # Errors
    ///
    /// Those of [`Plane::step`].
    pub fn step(&mut self, opened: &Opened) -> Result<f64, JsValue> {
        self.plane.step(&opened.checkpoint.files, &self.tensor).map_err(|error| failure(&error))
    }

    /// `{rows, columns, height, width, values, rowOf, columnOf, limit, largest, nan, infinite}`; undefined until all is read.
    /// `values`, `rowOf` and `columnOf` are of the cells, row by row; `largest` is the index of one of them.
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn pooled(&self) -> JsValue {
        let Some(pooled) = self.plane.pooled() else { return JsValue::UNDEFINED };
        let each = |of: fn(&Cell) -> f64| Float64Array::from(&*pooled.cells.iter().map(of).collect::<Vec<_>>()).into();
        let largest = pooled.largest().and_then(|largest| pooled.cells.iter().position(|cell| *cell == largest));
        let Pooled { rows, columns, height, width, .. } = pooled;
        let (nan, infinite) = pooled.not_finite();
        let counts = [
            ("rows", rows),
            ("columns", columns),
            ("height", height),
            ("width", width),
            ("nan", nan),
            ("infinite", infinite),
        ];
        let mut fields: Vec<(&str, JsValue)> = counts.map(|(name, count)| (name, (count as f64).into())).into();
        fields.extend([
            ("values", each(|cell| cell.value)),
            ("rowOf", each(|cell| cell.row as f64)),
            ("columnOf", each(|cell| cell.column as f64)),
            ("limit", pooled.limit().into()),
            ("largest", largest.map_or(JsValue::UNDEFINED, |at| (at as f64).into())),
        ]);
        object(&fields)
    }
}
