use super::text::{printable, shortened, width};
use super::ticks::{self, Ticks};
use plotters::coord::Shift;
use plotters::prelude::{
    Color, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, IntoFont, RGBColor, Rectangle,
    SVGBackend, Text, TextStyle,
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
/// The least room between the middles of two labels of the vertical axis, and between two of the horizontal one.
const LABEL_HEIGHT: f64 = 15.0;
const LABEL_GAP: f64 = 14.0;
/// The room that a label of the horizontal axis gets if it is short.
const LABEL_WIDTH: f64 = 80.0;
/// From a side of the picture to what is nearest.
const MARGIN: f64 = 8.0;

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
        let (top, bottom) = (30.0, chart.height - 40.0);
        let (y_ticks, highest) =
            if chart.log_y { (ticks::decades(most, (bottom - top) / LABEL_HEIGHT), most) } else { ticks::counts(most) };
        let widest = y_ticks.iter().map(|(_, label)| width(label, LABEL)).fold(0.0, f64::max);
        let area = PlotArea { left: 28.0 + widest, top, right: chart.width - 14.0, bottom };
        let x_ticks = x_ticks(chart, area);
        Layout { chart, area, x_ticks, y_ticks, highest, font_factor }
    }

    /// Where a value lies, in device pixels.
    fn x(&self, value: f64) -> i32 {
        self.px(place(self.chart, self.area, value))
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

/// As many labels below the bars as there is room for.
fn x_ticks(chart: &HistogramChart, area: PlotArea) -> Ticks {
    let (low, high) = (chart.edges[0], chart.edges[chart.edges.len() - 1]);
    let apart = |pair: &[(f64, String)]| {
        let [left, right] = [&pair[0], &pair[1]].map(|(value, label)| label_middle(chart, area, *value, label));
        right - left >= f64::midpoint(width(&pair[0].1, LABEL), width(&pair[1].1, LABEL)) + LABEL_GAP
    };
    let mut wanted = ((area.right - area.left) / LABEL_WIDTH).floor().clamp(1.0, 20.0);
    loop {
        let mut ticks = ticks::linear(low, high, wanted);
        if ticks.windows(2).all(apart) {
            return ticks;
        }
        if wanted <= 1.0 {
            ticks.truncate(1);
            return ticks;
        }
        wanted -= 1.0;
    }
}

/// Where the middle of a label of the horizontal axis lies: below its value, but inside the picture.
fn label_middle(chart: &HistogramChart, area: PlotArea, value: f64, label: &str) -> f64 {
    let half = width(label, LABEL) / 2.0 + 2.0;
    place(chart, area, value).min(chart.width - half).max(half)
}

/// Where a value lies, from the left.
fn place(chart: &HistogramChart, area: PlotArea, value: f64) -> f64 {
    let (low, high) = (chart.edges[0], chart.edges[chart.edges.len() - 1]);
    area.left + (value - low) / (high - low) * (area.right - area.left)
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
        // A filled rectangle covers whole pixels; a stroked line lies on the border between two and is blurred.
        let line = [(layout.px(area.left), y), (layout.px(area.right), y + line_width(chart.scale))];
        root.draw(&Rectangle::new(line, chart.colors.line.filled()))?;
        let style = layout.text(LABEL, soft, Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(label.clone(), (layout.px(area.left - 6.0), y), style))?;
    }
    for (value, label) in &layout.x_ticks {
        let style = layout.text(LABEL, soft, Pos::new(HPos::Center, VPos::Top));
        let middle = layout.px(label_middle(chart, *area, *value, label));
        root.draw(&Text::new(label.clone(), (middle, layout.px(area.bottom + 6.0)), style))?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "one to four pixels")]
fn line_width(scale: f64) -> i32 {
    scale.clamp(1.0, 4.0) as i32
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
    let name = shortened(&printable(&chart.title), TITLE, chart.width - 2.0 * MARGIN);
    root.draw(&Text::new(name, (layout.px(MARGIN), layout.px(MARGIN)), title))?;
    let below = layout.text(LABEL, chart.colors.soft, Pos::new(HPos::Center, VPos::Top));
    root.draw(&Text::new(printable(&chart.x_label), (middle, layout.px(area.bottom + 22.0)), below))?;
    let beside =
        layout.text(LABEL, chart.colors.soft, Pos::new(HPos::Center, VPos::Top)).transform(FontTransform::Rotate270);
    let centre = layout.px(f64::midpoint(area.top, area.bottom));
    root.draw(&Text::new(printable(&chart.y_label), (layout.px(6.0), centre), beside))?;
    Ok(())
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

    /// The texts of an SVG that stand at a height between two: where, and what they say.
    fn texts(svg: &str, top: f64, bottom: f64) -> Vec<(f64, &str)> {
        let number = |text: &str, name: &str| -> f64 {
            text.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        let texts = svg.split("<text ").skip(1).map(|text| text.split("</text>").next().unwrap());
        let between = texts.filter(|text| (top..bottom).contains(&number(text, " y")));
        between.map(|text| (number(text, "x"), text.split(">\n").nth(1).unwrap().trim_end())).collect()
    }

    #[test]
    fn labels_have_room_inside_the_picture_and_beside_each_other() {
        let ranges =
            [(0.0, 2e-4), (1e8 - 1.0, 1e8 + 1.0), (1e15, 1e15 + 4.0), (-1e-5, 1e6), (0.0, 1e-320), (-8e307, 8e307)];
        for (low, high) in ranges {
            let edges = vec![low, low + (high - low) / 2.0, high];
            let chart = HistogramChart { edges, title: "a.".repeat(200), width: 360.0, ..chart(vec![1.0, 2.0]) };
            let picture = svg(&chart).unwrap();
            let title = texts(&picture, 0.0, 20.0)[0];
            assert!(title.1.contains('…') && title.0 + width(title.1, TITLE) <= 360.0);
            let half = |label: &str| width(label, LABEL) / 2.0;
            let sides: Vec<f64> = texts(&picture, 224.0, 230.0)
                .into_iter()
                .flat_map(|(middle, label)| [middle - half(label), middle + half(label)])
                .collect();
            assert!(!sides.is_empty() && sides.is_sorted() && sides[0] >= 0.0 && sides[sides.len() - 1] <= 360.0);
        }
    }

    #[test]
    fn one_bin_and_very_many_are_drawn() {
        for bins in [1, 500, 5000] {
            let picture = svg(&chart(vec![3.0; bins])).unwrap();
            assert_eq!(bars(&picture).len(), bins);
        }
        assert!(svg(&HistogramChart { width: 10.0, height: 10.0, ..chart(vec![1.0]) }).is_ok());
    }

    #[test]
    fn only_the_bar_that_is_pointed_out_has_the_accent() {
        let mut chart = chart(vec![1.0, 2.0, 3.0]);
        chart.colors.accent = RGBColor(255, 0, 128);
        assert!(!svg(&chart).unwrap().contains("#FF0080"));
        chart.hover = Some(1);
        assert_eq!(svg(&chart).unwrap().matches("#FF0080").count(), 1);
    }

    #[test]
    fn names_are_text_in_the_picture() {
        let picture = svg(&chart(vec![1.0])).unwrap();
        assert!(picture.contains("<title>&lt;script&gt;") && !picture.contains("<script>"));
        assert!(picture.contains("role=\"img\"") && picture.contains("viewBox=\"0 0 480 260\""));
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
