//! A picture as a list of shapes, and how it is painted.

use crate::frame::{Area, Frame};
use crate::text::printable;
use plotters::prelude::{DrawingBackend, IntoFont, RGBColor, SVGBackend, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, ShapeStyle};

/// What is painted, in this order. Lengths are in CSS pixels, and become whole device pixels when it is painted.
pub struct Picture<'a> {
    frame: &'a Frame,
    shapes: Vec<Shape>,
    /// Where the data is.
    pub area: Area,
    /// What can be pointed out, in the order of the chart; empty where the area alone tells.
    pub parts: Vec<Area>,
}

enum Shape {
    /// Covers a device pixel at least: what is there is seen.
    Fill {
        area: Area,
        color: RGBColor,
    },
    /// A hairline from a point to the right or downwards.
    Rule {
        from: (f64, f64),
        len: f64,
        down: bool,
        color: RGBColor,
    },
    Path {
        points: Vec<(f64, f64)>,
        width: f64,
        color: RGBColor,
    },
    Polygon {
        points: Vec<(f64, f64)>,
        color: RGBColor,
    },
    Text {
        text: String,
        at: (f64, f64),
        size: f64,
        anchor: (HPos, VPos),
        upwards: bool,
        color: RGBColor,
    },
}

impl<'a> Picture<'a> {
    /// An empty picture with its data in `area`.
    pub(crate) fn new(frame: &'a Frame, area: Area) -> Self {
        Picture { frame, shapes: Vec::new(), area, parts: Vec::new() }
    }

    pub(crate) fn fill(&mut self, area: Area, color: RGBColor) {
        self.shapes.push(Shape::Fill { area, color });
    }

    pub(crate) fn rule(&mut self, from: (f64, f64), len: f64, down: bool, color: RGBColor) {
        self.shapes.push(Shape::Rule { from, len, down, color });
    }

    pub(crate) fn path(&mut self, points: Vec<(f64, f64)>, width: f64, color: RGBColor) {
        self.shapes.push(Shape::Path { points, width, color });
    }

    pub(crate) fn polygon(&mut self, points: Vec<(f64, f64)>, color: RGBColor) {
        self.shapes.push(Shape::Polygon { points, color });
    }

    /// The four sides of a rectangle.
    pub(crate) fn outline(&mut self, area: Area, width: f64, color: RGBColor) {
        let Area { left, top, right, bottom } = area;
        self.path(vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], width, color);
    }

    /// Text, anchored at a point.
    pub(crate) fn text(
        &mut self,
        text: impl Into<String>,
        at: (f64, f64),
        size: f64,
        anchor: (HPos, VPos),
        color: RGBColor,
    ) {
        self.shapes.push(Shape::Text { text: text.into(), at, size, anchor, upwards: false, color });
    }

    /// Text that is read from below, its middle at a point.
    pub(crate) fn upwards(&mut self, text: String, at: (f64, f64), size: f64, color: RGBColor) {
        self.shapes.push(Shape::Text { text, at, size, anchor: (HPos::Center, VPos::Top), upwards: true, color });
    }

    /// As an SVG picture of the frame's width and height.
    ///
    /// # Errors
    ///
    /// None; the type is that of every backend.
    pub fn svg(&self) -> Result<String, String> {
        let size = [self.frame.width, self.frame.height].map(|css| u32::try_from(px(css, 1.0)).unwrap_or(1).max(1));
        let mut text = String::new();
        self.paint(SVGBackend::with_string(&mut text, size.into()), 1.0, 1.24)?;
        let title = printable(&self.frame.title).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Ok(text.replacen("<svg ", "<svg role=\"img\" ", 1).replacen(">\n", &format!(">\n<title>{title}</title>\n"), 1))
    }

    /// On a canvas, whose `width` and `height` are those of the frame times its scale.
    ///
    /// # Errors
    ///
    /// What the canvas says, such as that it has no 2D context.
    #[cfg(target_arch = "wasm32")]
    pub fn draw(&self, canvas: web_sys::HtmlCanvasElement) -> Result<(), String> {
        let backend =
            plotters_canvas::CanvasBackend::with_canvas_object(canvas).ok_or("The canvas has no 2D context.")?;
        self.paint(backend, self.frame.scale, 1.0)
    }

    /// `font_factor`: plotters' SVG backend divides sizes of fonts by it.
    fn paint<DB: DrawingBackend>(&self, mut backend: DB, scale: f64, font_factor: f64) -> Result<(), String> {
        let point = |(x, y): (f64, f64)| (px(x, scale), px(y, scale));
        let style = |color: RGBColor, width: f64| ShapeStyle {
            color: color.to_rgba(),
            filled: true,
            stroke_width: u32::try_from(px(width, scale)).unwrap_or(1).max(1),
        };
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        backend.ensure_prepared().map_err(|error| failed(&error))?;
        let whole = (px(self.frame.width, scale), px(self.frame.height, scale));
        let ground = style(self.frame.colors.panel, 1.0);
        backend.draw_rect((0, 0), whole, &ground, true).map_err(|error| failed(&error))?;
        for shape in &self.shapes {
            let painted = match shape {
                Shape::Fill { area, color } => {
                    let (left, top) = point((area.left, area.top));
                    let (right, bottom) = point((area.right, area.bottom));
                    backend.draw_rect(
                        (left, top.min(bottom - 1)),
                        (right.max(left + 1), bottom),
                        &style(*color, 1.0),
                        true,
                    )
                }
                Shape::Rule { from, len, down, color } => {
                    let ((x, y), len) = (point(*from), px(*len, scale));
                    // A filled rectangle covers whole pixels; a stroked line lies on the border between two and is blurred.
                    let wide = px(scale.clamp(1.0, 4.0).floor(), 1.0);
                    let end = if *down { (x + wide, y + len) } else { (x + len, y + wide) };
                    backend.draw_rect((x, y), end, &style(*color, 1.0), true)
                }
                Shape::Path { points, width, color } => {
                    backend.draw_path(points.iter().copied().map(point), &style(*color, *width))
                }
                Shape::Polygon { points, color } => {
                    backend.fill_polygon(points.iter().copied().map(point), &style(*color, 1.0))
                }
                Shape::Text { text, at, size, anchor, upwards, color } => {
                    let font = (self.frame.font.as_str(), size * scale * font_factor).into_font();
                    let font = if *upwards { font.transform(FontTransform::Rotate270) } else { font };
                    let style: TextStyle<'_> = font.color(color).pos(Pos::new(anchor.0, anchor.1));
                    backend.draw_text(text, &style, point(*at))
                }
            };
            painted.map_err(|error| failed(&error))?;
        }
        backend.present().map_err(|error| failed(&error))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
fn px(css: f64, scale: f64) -> i32 {
    (css * scale).round() as i32
}
