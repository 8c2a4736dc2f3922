//! What the page asks without an open checkpoint.

use super::convert::plain;
use crate::view::facts;
use crate::view::query::Query;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The formats that are read: `{id, label, extensions, reads}[]`.
///
/// # Errors
///
/// None; the type is that of every conversion.
#[wasm_bindgen]
pub fn formats() -> Result<JsValue, JsValue> {
    plain(&facts::formats())
}

/// What a filter found in a text: starts and ends in turn, in UTF-16 units. Nothing for a filter that is not valid.
#[wasm_bindgen]
pub fn marks(query: &str, text: &str) -> Vec<u32> {
    let Ok(query) = Query::parse(query) else { return Vec::new() };
    let units = |end: usize| u32::try_from(text[..end].encode_utf16().count()).unwrap_or(u32::MAX);
    query.marks(text).into_iter().flat_map(|range| [units(range.start), units(range.end)]).collect()
}
