use super::Opened;
use super::convert::{failure, object};
use crate::analysis::Target;
use crate::error::Error;
use crate::view::query::Query;
use crate::view::table::{SORTS, Sort};
use js_sys::{Int32Array, Uint8Array, Uint32Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The search for the rows of the table, some names a step: a pattern may take its time, and is given up for the next.
#[wasm_bindgen]
pub struct Search {
    query: Query,
    sort: Sort,
    descending: bool,
    grouped: bool,
    /// Of the tensors that were looked at, which ones are found.
    found: Vec<bool>,
}

/// Bytes of names that one step looks at: few milliseconds for the slowest pattern.
const STEP_BYTES: usize = 1 << 13;

#[wasm_bindgen]
impl Search {
    /// Begins to look for the rows that a filter leaves, in an order.
    ///
    /// # Errors
    ///
    /// `query` for a filter or an order that is not valid.
    #[wasm_bindgen(constructor)]
    pub fn new(query: &str, sort: &str, descending: bool, grouped: bool) -> Result<Search, JsValue> {
        let query = Query::parse(query).map_err(|error| failure(&error))?;
        let sort = SORTS.iter().find(|(name, _)| *name == sort).map(|(_, sort)| *sort);
        let sort = sort.ok_or_else(|| failure(&Error::query("There is no such order.")))?;
        Ok(Search { query, sort, descending, grouped, found: Vec::new() })
    }

    /// Looks at some more tensors; whether that was all.
    pub fn step(&mut self, opened: &Opened) -> bool {
        let tensors = &opened.checkpoint.tensors;
        let mut bytes = 0;
        for tensor in &tensors[self.found.len()..] {
            let findings = opened.findings.get(&Target::of(self.found.len()));
            self.found.push(self.query.finds(tensor, findings.map(|findings| &findings.counts)));
            bytes += tensor.name.len();
            if bytes >= STEP_BYTES {
                break;
            }
        }
        self.found.len() == tensors.len()
    }

    /// The rows, when all tensors were looked at: see [`crate::view::table::Table`].
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn table(&self, opened: &Opened) -> JsValue {
        let (tree, tensors) = (&opened.tree, &opened.checkpoint.tensors);
        let table = tree.table(tensors, &self.found, self.sort, self.descending, self.grouped);
        object(&[
            ("rows", Int32Array::from(table.rows.as_slice()).into()),
            ("depths", Uint8Array::from(table.depths.as_slice()).into()),
            ("spans", Uint32Array::from(table.spans.as_slice()).into()),
            ("matches", (table.matches as f64).into()),
            ("parameters", (table.parameters as f64).into()),
            ("largest", (table.largest as f64).into()),
        ])
    }

    /// The indices of the tensors that were found, in the order of the file, when all were looked at.
    pub fn matches(&self) -> Vec<u32> {
        self.found.iter().zip(0..).filter_map(|(found, index)| found.then_some(index)).collect()
    }
}
