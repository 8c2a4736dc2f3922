//! The boundary to JavaScript. A chart is an object whose `kind` is the name of one of [`KINDS`], with the fields of its struct.

use crate::{HistogramChart, csv, draw_on_canvas, svg};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::HtmlCanvasElement;

/// The kinds of charts, by the names that the page has for them.
pub const KINDS: [&str; 1] = ["histogram"];

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

fn chart(spec: JsValue) -> Result<HistogramChart, JsError> {
    let Kind { kind } = serde_wasm_bindgen::from_value(spec.clone())?;
    if !KINDS.contains(&&*kind) {
        return Err(JsError::new(&format!("There is no chart of kind {kind:?}.")));
    }
    Ok(serde_wasm_bindgen::from_value(spec)?)
}

/// Draws a chart on a canvas, whose `width` and `height` are those of the chart times its scale; returns where its data is.
///
/// # Errors
///
/// If the chart lacks something or the canvas cannot be drawn on.
#[wasm_bindgen]
pub fn draw(canvas: HtmlCanvasElement, spec: JsValue) -> Result<JsValue, JsError> {
    let area = draw_on_canvas(canvas, &chart(spec)?).map_err(|why| JsError::new(&why))?;
    Ok(area.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

/// The same picture as SVG.
///
/// # Errors
///
/// If the chart lacks something.
#[wasm_bindgen(js_name = svg)]
pub fn svg_of(spec: JsValue) -> Result<String, JsError> {
    svg(&chart(spec)?).map_err(|why| JsError::new(&why))
}

/// The figures behind a chart as CSV, its first line the names of the columns.
///
/// # Errors
///
/// If the chart lacks something.
#[wasm_bindgen(js_name = csv)]
pub fn csv_of(spec: JsValue) -> Result<String, JsError> {
    let chart = chart(spec)?;
    Ok(csv(&chart.edges, &chart.counts))
}
