use super::ticks::{self, Ticks};
use plotters::coord::Shift;
use plotters::prelude::{
    Color, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, IntoFont, PathElement, RGBColor,
    Rectangle, SVGBackend, Text, TextStyle,
};
use plotters::style::FontTransform;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::Write;

/// A histogram and how to draw it. Lengths are in CSS pixels.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistogramChart {
    /// Above the plot.
    pub title: String,
    /// Below the horizontal axis.
    pub x_label: String,
    /// Beside the vertical axis.
    pub y_label: String,
    /// Rising; one more than there are counts.
    pub edges: Vec<f64>,
    /// How many values fall into each bin.
    pub counts: Vec<f64>,
    /// Whether counts are drawn by their logarithm.
    pub log_y: bool,
    /// The picture's width.
    pub width: f64,
    /// The picture's height.
    pub height: f64,
    /// Device pixels a CSS pixel.
    pub scale: f64,
    /// The bin to point out.
    #[serde(default)]
    pub hover: Option<usize>,
    /// The family of the font, as CSS names it.
    pub font: String,
    /// The theme's colours.
    pub colors: Colors,
}

/// The colours of a picture.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Colors {
    /// The title.
    #[serde(deserialize_with = "color")]
    pub ink: RGBColor,
    /// Labels.
    #[serde(deserialize_with = "color")]
    pub soft: RGBColor,
    /// Grid lines.
    #[serde(deserialize_with = "color")]
    pub line: RGBColor,
    /// Bars.
    #[serde(deserialize_with = "color")]
    pub bar: RGBColor,
    /// The bar that is pointed out.
    #[serde(deserialize_with = "color")]
    pub accent: RGBColor,
    /// The ground.
    #[serde(deserialize_with = "color")]
    pub panel: RGBColor,
}

/// `#rrggbb`.
fn color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RGBColor, D::Error> {
    let text = String::deserialize(deserializer)?;
    let code = text.strip_prefix('#').filter(|hex| hex.len() == 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let [_, red, green, blue] =
        code.ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a colour as #rrggbb")))?.to_be_bytes();
    Ok(RGBColor(red, green, blue))
}

/// The rectangle that the bars fill, in CSS pixels, for finding the bin below the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "its sides")]
pub struct PlotArea {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// The size of labels, and of the title.
const LABEL: f64 = 11.0;
const TITLE: f64 = 12.5;
/// The width of a digit of a label, a little generous.
const DIGIT: f64 = 6.4;

/// A chart laid out: all that drawing needs.
struct Layout<'a> {
    chart: &'a HistogramChart,
    area: PlotArea,
    x_ticks: Ticks,
    y_ticks: Ticks,
    highest: f64,
    /// plotters' SVG backend divides sizes of fonts by this.
    font_factor: f64,
}

impl<'a> Layout<'a> {
    fn new(chart: &'a HistogramChart, font_factor: f64) -> Self {
        let most = chart.counts.iter().copied().fold(1.0, f64::max);
        let y_ticks = if chart.log_y { ticks::decades(most) } else { ticks::counts(most, 4.0) };
        let digits = y_ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(1);
        #[expect(clippy::cast_precision_loss, reason = "a few characters")]
        let left = 26.0 + digits as f64 * DIGIT;
        let area = PlotArea { left, top: 30.0, right: chart.width - 14.0, bottom: chart.height - 40.0 };
        let (low, high) = (chart.edges.first().copied().unwrap_or(0.0), chart.edges.last().copied().unwrap_or(1.0));
        let x_ticks = ticks::linear(low, high, ((area.right - area.left) / 90.0).max(1.0));
        Layout { chart, area, x_ticks, y_ticks, highest: if chart.log_y { most } else { most * 1.02 }, font_factor }
    }

    /// Where a value lies, in device pixels.
    fn x(&self, value: f64) -> i32 {
        let edges = &self.chart.edges;
        let (low, high) = (edges[0], edges[edges.len() - 1]);
        self.px(self.area.left + (value - low) / (high - low) * (self.area.right - self.area.left))
    }

    /// Where a count lies, in device pixels. On a logarithmic axis the ground is half a value.
    fn y(&self, count: f64) -> i32 {
        let share = if self.chart.log_y {
            if count <= 0.0 { 0.0 } else { (count / 0.5).log10() / (self.highest / 0.5).log10() }
        } else {
            count / self.highest
        };
        self.px(self.area.bottom - share * (self.area.bottom - self.area.top))
    }

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
    fn px(&self, css: f64) -> i32 {
        (css * self.chart.scale).round() as i32
    }

    fn text(&self, size: f64, color: RGBColor, pos: Pos) -> TextStyle<'a> {
        let size = size * self.chart.scale * self.font_factor;
        (self.chart.font.as_str(), size).into_font().color(&color).pos(pos)
    }
}

/// What a backend says when it cannot draw.
type Drawn<T, DB> = Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

fn draw<DB: DrawingBackend>(backend: DB, layout: &Layout<'_>) -> Drawn<PlotArea, DB> {
    let root = backend.into_drawing_area();
    root.fill(&layout.chart.colors.panel)?;
    draw_axes(&root, layout)?;
    draw_bars(&root, layout)?;
    draw_labels(&root, layout)?;
    root.present()?;
    Ok(layout.area)
}

fn draw_axes<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, layout: &Layout<'_>) -> Drawn<(), DB> {
    let Layout { chart, area, .. } = layout;
    let soft = chart.colors.soft;
    for (count, label) in &layout.y_ticks {
        let y = layout.y(*count);
        let line = vec![(layout.px(area.left), y), (layout.px(area.right), y)];
        root.draw(&PathElement::new(line, chart.colors.line.stroke_width(line_width(chart.scale))))?;
        let style = layout.text(LABEL, soft, Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(label.clone(), (layout.px(area.left - 6.0), y), style))?;
    }
    for (value, label) in &layout.x_ticks {
        let style = layout.text(LABEL, soft, Pos::new(HPos::Center, VPos::Top));
        root.draw(&Text::new(label.clone(), (layout.x(*value), layout.px(area.bottom + 6.0)), style))?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one to four pixels")]
fn line_width(scale: f64) -> u32 {
    scale.clamp(1.0, 4.0) as u32
}

fn draw_bars<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, layout: &Layout<'_>) -> Drawn<(), DB> {
    let chart = layout.chart;
    let ground = layout.y(0.0);
    for (bin, (edges, count)) in chart.edges.windows(2).zip(&chart.counts).enumerate() {
        if *count <= 0.0 {
            continue;
        }
        let (left, right) = (layout.x(edges[0]), layout.x(edges[1]));
        let gap = if right - left >= layout.px(5.0) { layout.px(1.0) } else { 0 };
        // What is there is seen: no bar is thinner or lower than a pixel.
        let (right, top) = ((right - gap).max(left + 1), layout.y(*count).min(ground - 1));
        let color = if chart.hover == Some(bin) { chart.colors.accent } else { chart.colors.bar };
        root.draw(&Rectangle::new([(left, top), (right, ground)], color.filled()))?;
    }
    Ok(())
}

fn draw_labels<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, layout: &Layout<'_>) -> Drawn<(), DB> {
    let Layout { chart, area, .. } = layout;
    let middle = layout.px(f64::midpoint(area.left, area.right));
    let title = layout.text(TITLE, chart.colors.ink, Pos::new(HPos::Left, VPos::Top));
    root.draw(&Text::new(printable(&chart.title), (layout.px(8.0), layout.px(8.0)), title))?;
    let below = layout.text(LABEL, chart.colors.soft, Pos::new(HPos::Center, VPos::Top));
    root.draw(&Text::new(printable(&chart.x_label), (middle, layout.px(area.bottom + 22.0)), below))?;
    let beside =
        layout.text(LABEL, chart.colors.soft, Pos::new(HPos::Center, VPos::Top)).transform(FontTransform::Rotate270);
    let centre = layout.px(f64::midpoint(area.top, area.bottom));
    root.draw(&Text::new(printable(&chart.y_label), (layout.px(6.0), centre), beside))?;
    Ok(())
}

/// Without the characters that XML has no room for and those that turn text around.
fn printable(text: &str) -> String {
    let odd = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}'..='\u{ffff}')
    };
    text.chars().map(|character| if odd(character) { '\u{fffd}' } else { character }).collect()
}

/// Draws on the page's canvas, whose `width` and `height` are those of the chart times its scale.
///
/// # Errors
///
/// What the canvas says, such as that it has no 2D context.
#[cfg(target_arch = "wasm32")]
pub fn draw_on_canvas(canvas: web_sys::HtmlCanvasElement, chart: &HistogramChart) -> Result<PlotArea, String> {
    check(chart)?;
    let backend = plotters_canvas::CanvasBackend::with_canvas_object(canvas).ok_or("The canvas has no 2D context.")?;
    draw(backend, &Layout::new(chart, 1.0)).map_err(|error| error.to_string())
}

/// The chart as an SVG picture of `width` by `height` CSS pixels.
///
/// # Errors
///
/// If the chart has no bins, or not as many counts.
pub fn svg(chart: &HistogramChart) -> Result<String, String> {
    check(chart)?;
    let chart = HistogramChart { scale: 1.0, ..chart.clone() };
    let layout = Layout::new(&chart, 1.24);
    let size = [chart.width, chart.height].map(|css| u32::try_from(layout.px(css)).unwrap_or(1).max(1));
    let mut text = String::new();
    draw(SVGBackend::with_string(&mut text, size.into()), &layout).map_err(|error| error.to_string())?;
    let title = printable(&chart.title).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(text.replacen("<svg ", "<svg role=\"img\" ", 1).replacen(">\n", &format!(">\n<title>{title}</title>\n"), 1))
}

fn check(chart: &HistogramChart) -> Result<(), String> {
    let rising = chart.edges.windows(2).all(|pair| pair[0] < pair[1]);
    if chart.counts.is_empty() || chart.edges.len() != chart.counts.len() + 1 || !rising {
        return Err("A histogram has one more edge than counts, and rising ones.".to_owned());
    }
    Ok(())
}

/// The bins as a table of their edges and counts, to the last digit.
pub fn csv(edges: &[f64], counts: &[f64]) -> String {
    let mut text = String::from("low,high,count\n");
    for (pair, count) in edges.windows(2).zip(counts) {
        let _ = writeln!(text, "{:?},{:?},{count}", pair[0], pair[1]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(counts: Vec<f64>) -> HistogramChart {
        let edges = (0..=u32::try_from(counts.len()).unwrap()).map(f64::from).collect();
        let grey = RGBColor(1, 2, 3);
        HistogramChart {
            title: "<script>alert(1)</script> & \u{202e}x\u{1b}".into(),
            x_label: "value".into(),
            y_label: "count".into(),
            edges,
            counts,
            log_y: false,
            width: 480.0,
            height: 260.0,
            scale: 2.0,
            hover: None,
            font: "sans-serif".into(),
            colors: Colors { ink: grey, soft: grey, line: grey, bar: RGBColor(10, 20, 30), accent: grey, panel: grey },
        }
    }

    /// The heights of the bars of an SVG.
    fn bars(svg: &str) -> Vec<f64> {
        let bars = svg.lines().filter(|line| line.contains("#0A141E"));
        bars.map(|line| line.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn bars_are_as_high_as_their_counts() {
        let heights = bars(&svg(&chart(vec![10.0, 0.0, 20.0, 5.0])).unwrap());
        assert_eq!(heights.len(), 3, "an empty bin has no bar");
        assert!((heights[1] / heights[0] - 2.0).abs() < 0.05 && (heights[0] / heights[2] - 2.0).abs() < 0.05);
    }

    #[test]
    fn a_logarithmic_axis_shows_small_counts() {
        let log = HistogramChart { log_y: true, ..chart(vec![1.0, 1000.0]) };
        let heights = bars(&svg(&log).unwrap());
        assert!(heights[0] > heights[1] / 20.0);
    }

    #[test]
    fn names_are_text_in_the_picture() {
        let picture = svg(&chart(vec![1.0])).unwrap();
        assert!(picture.contains("<title>&lt;script&gt;") && !picture.contains("<script>"));
        assert!(!picture.contains('\u{1b}') && !picture.contains('\u{202e}'));
    }

    #[test]
    fn refuses_counts_without_bins() {
        assert!(svg(&chart(vec![])).is_err());
        assert!(svg(&HistogramChart { edges: vec![1.0, 1.0], ..chart(vec![1.0]) }).is_err());
    }

    #[test]
    fn a_table_has_every_digit() {
        assert_eq!(csv(&[0.1, 0.1 + 0.2], &[7.0]), "low,high,count\n0.1,0.30000000000000004,7\n");
    }
}
