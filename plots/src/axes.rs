//! What pictures have in common around their data: titles, labels, axes.

use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::text::{printable, shortened, width};
use crate::ticks::Ticks;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

/// The size of labels, and of the title.
pub(crate) const LABEL: f64 = 11.0;
pub(crate) const TITLE: f64 = 12.5;
/// The least room between the middles of two labels of a vertical axis, and between two of a horizontal one.
pub(crate) const LABEL_HEIGHT: f64 = 15.0;
const LABEL_GAP: f64 = 14.0;
/// The room that a label of a horizontal axis gets if it is short.
const LABEL_WIDTH: f64 = 80.0;
/// From a side of the picture to what is nearest.
pub(crate) const MARGIN: f64 = 8.0;
/// From an axis to its labels.
const NEAR: f64 = 6.0;
/// The room above the data, where the title stands, and below it, where the horizontal axis is labelled.
pub(crate) const ABOVE: f64 = 30.0;
pub(crate) const BELOW: f64 = 40.0;

/// Where values lie along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scale {
    /// From the first value to the second.
    Linear(f64, f64),
    /// Likewise by logarithm; what is below the first value lies where it does.
    Log(f64, f64),
}

impl Scale {
    /// 0 at the first value, 1 at the second.
    pub(crate) fn share(self, value: f64) -> f64 {
        match self {
            Scale::Linear(low, high) => (value - low) / (high - low),
            Scale::Log(low, _) if value <= low => 0.0,
            Scale::Log(low, high) => (value / low).log10() / (high / low).log10(),
        }
    }

    /// From the left of an area.
    pub(crate) fn x(self, area: Area, value: f64) -> f64 {
        area.left + self.share(value) * area.width()
    }

    /// From the bottom of an area, which is the top of the picture.
    pub(crate) fn y(self, area: Area, value: f64) -> f64 {
        area.bottom - self.share(value) * area.height()
    }
}

/// The area that is left for data beside a vertical axis with these labels.
pub(crate) fn area(frame: &Frame, y_ticks: &Ticks) -> Area {
    let widest = y_ticks.iter().map(|(_, label)| width(label, LABEL)).fold(0.0, f64::max);
    let beside = if frame.y_label.is_empty() { 14.0 } else { 28.0 };
    Area { left: beside + widest, top: ABOVE, right: frame.width - 14.0, bottom: frame.height - BELOW }
}

/// How many labels a vertical axis from `top` to `bottom` has room for.
pub(crate) fn most_labels(area_height: f64) -> f64 {
    (area_height / LABEL_HEIGHT).max(1.0)
}

/// Draws the title and the names of the axes.
pub(crate) fn draw_titles(picture: &mut Picture<'_>, frame: &Frame) {
    let (area, colors) = (picture.area, frame.colors);
    let title = shortened(&printable(&frame.title), TITLE, frame.width - 2.0 * MARGIN);
    picture.text(title, (MARGIN, MARGIN), TITLE, (HPos::Left, VPos::Top), colors.ink);
    if !frame.x_label.is_empty() {
        let middle = f64::midpoint(area.left, area.right);
        let label = shortened(&printable(&frame.x_label), LABEL, frame.width - 2.0 * MARGIN);
        let at = (middle, frame.height - BELOW + 22.0);
        picture.text(label, at, LABEL, (HPos::Center, VPos::Top), colors.soft);
    }
    if !frame.y_label.is_empty() {
        let middle = f64::midpoint(ABOVE, frame.height - BELOW);
        picture.upwards(printable(&frame.y_label), (NEAR, middle), LABEL, colors.soft);
    }
}

/// Draws a vertical axis in an area: labels beside it, and a line at each through the data.
pub(crate) fn draw_y(picture: &mut Picture<'_>, frame: &Frame, area: Area, scale: Scale, ticks: &Ticks) {
    for (value, label) in ticks {
        let y = scale.y(area, *value);
        picture.rule((area.left, y), area.width(), false, frame.colors.line);
        picture.text(label.clone(), (area.left - NEAR, y), LABEL, (HPos::Right, VPos::Center), frame.colors.soft);
    }
}

/// Draws the labels of a horizontal axis below an area: as many of those that `ticks` gives for a wished number as there is
/// room for.
pub(crate) fn draw_x(picture: &mut Picture<'_>, frame: &Frame, area: Area, scale: Scale, ticks: impl Fn(f64) -> Ticks) {
    // Below its value, but inside the picture.
    let middle = |(value, label): &(f64, String)| {
        let half = width(label, LABEL) / 2.0 + 2.0;
        scale.x(area, *value).min(frame.width - half).max(half)
    };
    let apart = |pair: &[(f64, String)]| {
        let least = f64::midpoint(width(&pair[0].1, LABEL), width(&pair[1].1, LABEL)) + LABEL_GAP;
        middle(&pair[1]) - middle(&pair[0]) >= least
    };
    let mut wanted = (area.width() / LABEL_WIDTH).floor().clamp(1.0, 20.0);
    let mut shown = ticks(wanted);
    while wanted > 1.0 && !shown.windows(2).all(apart) {
        wanted -= 1.0;
        shown = ticks(wanted);
    }
    if !shown.windows(2).all(apart) {
        shown.truncate(1);
    }
    for tick in &shown {
        let at = (middle(tick), area.bottom + NEAR);
        picture.text(tick.1.clone(), at, LABEL, (HPos::Center, VPos::Top), frame.colors.soft);
    }
}

/// The side of a square in a legend.
const SQUARE: f64 = 9.0;

/// A legend above the data, in rows as wide as the data. Returns the area that it leaves.
pub(crate) fn legend_room(area: Area, labels: &[String]) -> Area {
    let rows = legend_places(area, labels).last().map_or(0.0, |(_, row)| row + 1.0);
    Area { top: area.top + rows * LABEL_HEIGHT, ..area }
}

/// The left side and the row of each entry of a legend.
fn legend_places(area: Area, labels: &[String]) -> Vec<(f64, f64)> {
    let (mut left, mut row) = (area.left, 0.0);
    let place = |label: &String| {
        let wide = SQUARE + NEAR + width(label, LABEL);
        if left > area.left && left + wide > area.right {
            (left, row) = (area.left, row + 1.0);
        }
        let here = (left, row);
        left += wide + LABEL_GAP;
        here
    };
    labels.iter().map(place).collect()
}

/// Draws a square of each colour and what it stands for into the room above the data.
pub(crate) fn draw_legend(picture: &mut Picture<'_>, frame: &Frame, labels: &[String], colors: &[RGBColor]) {
    let area = picture.area;
    for (((left, row), label), color) in legend_places(area, labels).into_iter().zip(labels).zip(colors) {
        let top = ABOVE - 4.0 + row * LABEL_HEIGHT;
        picture.fill(Area { left, top: top + 1.0, right: left + SQUARE, bottom: top + 1.0 + SQUARE }, *color);
        let label = shortened(&printable(label), LABEL, area.right - left - SQUARE - NEAR);
        picture.text(label, (left + SQUARE + NEAR, top), LABEL, (HPos::Left, VPos::Top), frame.colors.soft);
    }
}
