//! The boundary to JavaScript. A chart is an object whose `kind` is the name of one of [`KINDS`], with the fields of its struct.

use crate::frame::Area;
use crate::{Channels, Chart, Heatmap, Histogram, Lines, Ridgeline, Spectrum, Treemap};
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
    ("lines", read::<Lines>),
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

/// The figures behind a chart as CSV, its first line the names of the columns.
///
/// # Errors
///
/// If the chart lacks something.
#[wasm_bindgen]
pub fn csv(spec: JsValue) -> Result<String, JsError> {
    Ok(chart(spec)?.csv())
}
