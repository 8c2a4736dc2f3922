use super::blob::BrowserFile;
use super::convert::{failure, object, plain};
use crate::analysis::{Findings, Target};
use crate::error::{Error, Result};
use crate::formats;
use crate::model::{Checkpoint, Tensor};
use crate::source::{Files, Held};
use crate::view::facts::{self, Facts};
use crate::view::query::Query;
use crate::view::report::Report;
use crate::view::table::{SORTS, Tree};
use crate::view::{python, values};
use js_sys::{Int32Array, Uint8Array, Uint32Array};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// An open checkpoint. `free` gives its memory back.
#[wasm_bindgen]
pub struct Opened {
    pub(super) checkpoint: Checkpoint,
    tree: Tree,
    /// What was found so far, as [`Wants::USUAL`] has it.
    pub(super) findings: BTreeMap<Target, Findings>,
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
            given.add(path, Rc::new(Held::new(BrowserFile::new(file)?)));
        }
        let checkpoint = formats::open(&given)?;
        let tree = Tree::new(&checkpoint.tensors);
        Ok(Opened { checkpoint, tree, findings: BTreeMap::new() })
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
        let found = self.found(query)?;
        let sort = SORTS.iter().find(|(name, _)| *name == sort).map(|(_, sort)| *sort);
        let sort = sort.ok_or_else(|| failure(&Error::query("There is no such order.")))?;
        let tensors = &self.checkpoint.tensors;
        let table = self.tree.table(tensors, &found, sort, descending, grouped);
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

    /// The indices of the tensors that a filter finds, in the order of the file.
    ///
    /// # Errors
    ///
    /// `query` for a filter that is not valid.
    pub fn matching(&self, query: &str) -> Result<Vec<u32>, JsValue> {
        let found = self.found(query)?.into_iter().zip(0..);
        Ok(found.filter_map(|(found, index)| found.then_some(index)).collect())
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
        for (target, findings) in &self.findings {
            let tensor = &mut report.tensors[target.tensor];
            if target.dequantized {
                tensor.set_dequantized(findings, None);
            } else {
                tensor.set_findings(findings);
            }
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

    /// Of each tensor whether a filter finds it.
    fn found(&self, query: &str) -> Result<Vec<bool>, JsValue> {
        let query = Query::parse(query).map_err(|error| failure(&error))?;
        let counts = |tensor| self.findings.get(&Target::of(tensor)).map(|findings| &findings.counts);
        let tensors = self.checkpoint.tensors.iter().enumerate();
        Ok(tensors.map(|(index, tensor)| query.finds(tensor, counts(index))).collect())
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "indices; what is none is refused as outside"
)]
fn whole(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| *number as u64).collect()
}
