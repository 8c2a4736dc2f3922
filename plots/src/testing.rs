//! What the tests of all charts need: a frame, and reading an SVG.

use crate::{Chart, Colors, Frame};
use plotters::style::RGBColor;

pub(crate) fn frame() -> Frame {
    let grey = RGBColor(1, 2, 3);
    Frame {
        title: "<script>alert(1)</script> & \u{202e}x\u{1b}".into(),
        x_label: "value".into(),
        y_label: "count".into(),
        width: 480.0,
        height: 260.0,
        scale: 2.0,
        font: "sans-serif".into(),
        colors: Colors {
            ink: grey,
            soft: grey,
            line: grey,
            bar: RGBColor(10, 20, 30),
            accent: RGBColor(200, 0, 200),
            panel: RGBColor(255, 255, 255),
            positive: RGBColor(255, 128, 0),
            negative: RGBColor(0, 64, 255),
            odd: RGBColor(0, 255, 0),
        },
    }
}

pub(crate) fn svg(chart: &dyn Chart) -> String {
    chart.picture().unwrap().svg().unwrap()
}

/// The lines of an SVG in which a colour stands.
pub(crate) fn colored<'a>(svg: &'a str, color: &str) -> Vec<&'a str> {
    svg.lines().filter(|line| line.contains(color)).collect()
}

/// A number among the attributes of an element.
pub(crate) fn number(element: &str, name: &str) -> f64 {
    element.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

/// The texts of an SVG that stand at a height between two: where, and what they say.
pub(crate) fn texts(svg: &str, top: f64, bottom: f64) -> Vec<(f64, &str)> {
    let texts = svg.split("<text ").skip(1).map(|text| text.split("</text>").next().unwrap());
    let between = texts.filter(|text| (top..bottom).contains(&number(text, " y")));
    between.map(|text| (number(text, "x"), text.split(">\n").nth(1).unwrap().trim_end())).collect()
}
