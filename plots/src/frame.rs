use crate::colors::Colors;
use serde::Deserialize;

/// What every picture has around its data. Lengths are in CSS pixels.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// Above the data.
    pub title: String,
    /// Below the horizontal axis; empty for none.
    #[serde(default)]
    pub x_label: String,
    /// Beside the vertical axis; empty for none.
    #[serde(default)]
    pub y_label: String,
    /// The picture's width.
    pub width: f64,
    /// The picture's height.
    pub height: f64,
    /// Device pixels a CSS pixel.
    pub scale: f64,
    /// The family of the font, as CSS names it.
    pub font: String,
    /// The theme's colours.
    pub colors: Colors,
}

/// A rectangle in CSS pixels from the corner of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
#[expect(missing_docs, reason = "its sides")]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    /// From left to right.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}
