//! The boundary to JavaScript. A chart is an object whose `kind` is the name of one of [`KINDS`], with the fields of its struct.

use crate::frame::Area;
use crate::{Channels, Chart, Heatmap, Histogram, Remarkable, Ridgeline, Spectrum, Treemap};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::HtmlCanvasElement;

/// Makes a chart of an object.
type Read = fn(JsValue) -> Result<Box<dyn Chart>, serde_wasm_bindgen::Error>;

/// The kinds of charts, by the names that the page has for them.
const KINDS: &[(&str, Read)] = &[
    ("channels", read::<Channels>),
    ("heatmap", read::<Heatmap>),
    ("histogram", read::<Histogram>),
    ("ridgeline", read::<Ridgeline>),
    ("spectrum", read::<Spectrum>),
    ("treemap", read::<Treemap>),
];

fn read<C: Chart + DeserializeOwned + 'static>(spec: JsValue) -> Result<Box<dyn Chart>, serde_wasm_bindgen::Error> {
    Ok(Box::new(serde_wasm_bindgen::from_value::<C>(spec)?))
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

fn chart(spec: JsValue) -> Result<Box<dyn Chart>, JsError> {
    let Kind { kind } = serde_wasm_bindgen::from_value(spec.clone())?;
    let known = KINDS.iter().find(|(name, _)| *name == kind);
    let (_, read) = known.ok_or_else(|| JsError::new(&format!("There is no chart of kind {kind:?}.")))?;
    Ok(read(spec)?)
}

/// Where things are in a picture.
#[derive(Serialize)]
struct Drawn {
    area: Area,
    parts: Vec<Area>,
}

/// Draws a chart on a canvas, whose `width` and `height` are those of its frame times the frame's scale; returns where its data
/// is, and each part of it that can be pointed out: `{area, parts}`.
///
/// # Errors
///
/// If the chart lacks something or the canvas cannot be drawn on.
#[wasm_bindgen]
pub fn draw(canvas: HtmlCanvasElement, spec: JsValue) -> Result<JsValue, JsError> {
    let chart = chart(spec)?;
    let picture = chart.picture().map_err(|why| JsError::new(&why))?;
    picture.draw(canvas).map_err(|why| JsError::new(&why))?;
    let drawn = Drawn { area: picture.area, parts: picture.parts };
    Ok(drawn.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

/// The same picture as SVG.
///
/// # Errors
///
/// If the chart lacks something.
#[wasm_bindgen]
pub fn svg(spec: JsValue) -> Result<String, JsError> {
    chart(spec)?.picture().and_then(|picture| picture.svg()).map_err(|why| JsError::new(&why))
}

/// What stands out among rows or columns with these limits and norms: `{dead, empty, outliers, times, largest?}`.
///
/// # Errors
///
/// If the three are not as long as each other.
#[wasm_bindgen]
pub fn remarkable(min: &[f64], max: &[f64], norm: &[f64]) -> Result<JsValue, JsError> {
    if min.len() != max.len() || min.len() != norm.len() {
        return Err(JsError::new("There is one smallest value, one largest and one norm of each row or column."));
    }
    let found = Remarkable::new(min, max, norm);
    Ok(found.serialize(&serde_wasm_bindgen::Serializer::json_compatible().serialize_missing_as_null(false))?)
}

/// The figures behind a chart as CSV, its first line the names of the columns.
///
/// # Errors
///
/// If the chart lacks something.
#[wasm_bindgen]
pub fn csv(spec: JsValue) -> Result<String, JsError> {
    Ok(chart(spec)?.csv())
}
