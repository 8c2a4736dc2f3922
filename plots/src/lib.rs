//! Pictures, drawn with plotters on any backend: the page's canvas and SVG.
//!
//! A picture is made of a plain struct that says what is in it; this crate knows no checkpoint, no reader and no page. In
//! WebAssembly it is a module of its own, which a page fetches with its first picture.
//!
//! Nothing measures text: plotters would put a styled element into the page's document for each label, which a strict
//! content security policy forbids and a worker does not have. Labels are anchored instead, which every backend does by
//! itself, and what must fit is reckoned from a table of widths.

mod histogram;
mod text;
mod ticks;
#[cfg(target_arch = "wasm32")]
pub mod web;

#[cfg(target_arch = "wasm32")]
pub use histogram::draw_on_canvas;
pub use histogram::{Colors, HistogramChart, PlotArea, csv, svg};
