//! Pictures, drawn with plotters on any backend: the page's canvas and SVG.
//!
//! A picture is made of a plain struct, a [`Chart`], that says what is in it; this crate knows no checkpoint, no reader and no
//! page. In WebAssembly it is a module of its own, which a page fetches with its first picture.
//!
//! Nothing measures text: plotters would put a styled element into the page's document for each label, which a strict
//! content security policy forbids and a worker does not have. Labels are anchored instead, which every backend does by
//! itself, and what must fit is reckoned from a table of widths.

mod axes;
mod channels;
mod colors;
mod frame;
mod heatmap;
mod histogram;
mod picture;
mod ridgeline;
mod spectrum;
#[cfg(test)]
mod testing;
mod text;
mod ticks;
mod treemap;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use channels::{Channels, Remarkable};
pub use colors::Colors;
pub use frame::{Area, Frame};
pub use heatmap::Heatmap;
pub use histogram::{Histogram, Series};
pub use picture::Picture;
pub use ridgeline::{Ridgeline, Row};
pub use spectrum::Spectrum;
pub use treemap::{Node, Treemap};

/// What can be drawn.
pub trait Chart {
    /// Lays the chart out.
    ///
    /// # Errors
    ///
    /// A sentence, if the chart lacks something or contradicts itself.
    fn picture(&self) -> Result<Picture<'_>, String>;

    /// The figures behind the chart, to the last digit; the first line names the columns.
    fn csv(&self) -> String;
}

/// A text as a field of a table.
fn csv_text(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
