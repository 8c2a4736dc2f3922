//! What the page asks without an open checkpoint.

use super::convert::plain;
use crate::view::query::Query;
use crate::view::{facts, plot};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::HtmlCanvasElement;

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

fn chart(chart: JsValue) -> Result<plot::HistogramChart, JsError> {
    serde_wasm_bindgen::from_value(chart).map_err(JsError::from)
}

/// Draws a histogram; returns the rectangle of its bars in CSS pixels.
///
/// # Errors
///
/// If the chart lacks something or the canvas cannot be drawn on.
#[wasm_bindgen(js_name = drawHistogram)]
pub fn draw_histogram(canvas: HtmlCanvasElement, spec: JsValue) -> Result<JsValue, JsValue> {
    let area = plot::draw_on_canvas(canvas, &chart(spec)?).map_err(|why| JsError::new(&why))?;
    plain(&area)
}

/// The same picture as SVG.
///
/// # Errors
///
/// If the chart lacks something.
#[wasm_bindgen(js_name = histogramSvg)]
pub fn histogram_svg(spec: JsValue) -> Result<String, JsError> {
    plot::svg(&chart(spec)?).map_err(|why| JsError::new(&why))
}

/// The bins as CSV: `low,high,count`.
#[wasm_bindgen(js_name = histogramCsv)]
pub fn histogram_csv(edges: &[f64], counts: &[f64]) -> String {
    plot::csv(edges, counts)
}
