use super::blob::BrowserFile;
use super::convert::{columns, failure, object, plain};
use crate::analysis::{Findings, Target};
use crate::error::{Error, Result};
use crate::formats;
use crate::model::{Checkpoint, Tensor};
use crate::source::{Files, Held};
use crate::view::facts::Facts;
use crate::view::report::Report;
use crate::view::rows::{group_columns, tensor_columns};
use crate::view::table::Tree;
use crate::view::{health, python, values};
use js_sys::{Array, Uint32Array};
use paramscope_health::Vital;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// An open checkpoint. `free` gives its memory back.
#[wasm_bindgen]
pub struct Opened {
    pub(super) checkpoint: Checkpoint,
    pub(super) tree: Tree,
    /// What was found so far, as [`Wants::USUAL`] has it.
    pub(super) findings: BTreeMap<Target, Findings>,
    /// What the rules of health need of it, in the order in which it was found.
    pub(super) vitals: Vec<(u32, Vital)>,
    /// The hashes that were asked for, by tensor.
    pub(super) hashes: BTreeMap<usize, String>,
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
        Ok(Opened { checkpoint, tree, findings: BTreeMap::new(), vitals: Vec::new(), hashes: BTreeMap::new() })
    }

    /// What the header of the page shows.
    ///
    /// # Errors
    ///
    /// None; the type is that of every conversion.
    pub fn facts(&self) -> Result<JsValue, JsValue> {
        plain(&Facts::new(&self.checkpoint, &self.tree))
    }

    /// All tensors, in the order of the file, as columns.
    pub fn tensors(&self) -> JsValue {
        columns(&tensor_columns(&self.checkpoint, &self.tree))
    }

    /// All modules as columns: `path`, `label`, `tensors`, `parameters`, `bytes`.
    pub fn groups(&self) -> JsValue {
        columns(&group_columns(&self.tree))
    }

    /// The tensors that are named alike but for one number, by that number: `{tensors, numbers, before, behind}`, each number as
    /// it stands between what the names have before and behind it. Undefined where a tensor has no such series.
    pub fn series(&self, index: usize) -> JsValue {
        let Some(series) = self.tree.depths.series(&self.checkpoint.tensors, index) else { return JsValue::UNDEFINED };
        let indices: Vec<u32> =
            series.members.iter().map(|(index, _)| u32::try_from(*index).unwrap_or(u32::MAX)).collect();
        object(&[
            ("tensors", Uint32Array::from(indices.as_slice()).into()),
            ("numbers", series.members.iter().map(|(_, number)| JsValue::from(*number)).collect::<Array>().into()),
            ("before", series.before.into()),
            ("behind", series.behind.into()),
        ])
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

    /// The JSON report, with what was found so far; `health` is what the rules of health say of it, as JSON.
    ///
    /// # Errors
    ///
    /// If `health` is no JSON.
    pub fn report(&self, health: Option<String>) -> Result<String, JsValue> {
        let mut report = Report::new(&self.checkpoint);
        let health = health.map(RawValue::from_string).transpose();
        report.health = health.map_err(|error| JsValue::from_str(&error.to_string()))?;
        for (target, findings) in &self.findings {
            let tensor = &mut report.tensors[target.tensor];
            if target.dequantized {
                tensor.set_dequantized(findings, None);
            } else {
                tensor.set_findings(findings);
            }
        }
        for (index, digits) in &self.hashes {
            report.tensors[*index].sha256 = Some(digits.clone());
        }
        serde_json::to_string_pretty(&report).map_err(|error| JsValue::from_str(&error.to_string()))
    }

    /// What the rules of health need of the headers: a [`paramscope_health::Patient`] as bytes.
    pub fn patient(&self) -> Vec<u8> {
        postcard::to_allocvec(&health::patient(&self.checkpoint)).expect("plain data")
    }

    /// How many studies there are that they can be told of.
    pub fn studied(&self) -> usize {
        self.vitals.len()
    }

    /// What they need of those from this one on, as bytes.
    pub fn vitals(&self, from: usize) -> Vec<u8> {
        postcard::to_allocvec(self.vitals.get(from..).unwrap_or_default()).expect("plain data")
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
    pub(super) fn wanted(&self, index: usize, dequantized: bool) -> Result<Tensor, JsValue> {
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
pub(super) fn whole(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| *number as u64).collect()
}
