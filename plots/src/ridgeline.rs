use crate::Chart;
use crate::axes::{self, LABEL, Scale};
use crate::colors::mixed;
use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::text::{printable, shortened, width};
use crate::ticks;
use plotters::style::text_anchor::{HPos, VPos};
use serde::Deserialize;
use std::fmt::Write;

/// Histograms of one role over depth: on one horizontal axis, the first at the top, each as high as its own fullest bin lets it.
/// Its rows are its parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ridgeline {
    /// What is around it.
    pub frame: Frame,
    /// Rising; one more than each row has counts.
    pub edges: Vec<f64>,
    /// In the order of depth.
    pub rows: Vec<Row>,
    /// The row that the picture is about.
    #[serde(default)]
    pub chosen: Option<usize>,
    /// The row to point out.
    #[serde(default)]
    pub hover: Option<usize>,
}

/// One histogram.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// What is written beside it, such as the number of its layer.
    pub label: String,
    /// How many values fall into each bin.
    pub counts: Vec<f64>,
}

/// How many rows high the fullest bin is: neighbours overlap.
const OVERLAP: f64 = 1.8;
/// The share of the width that labels may take.
const LABELS: f64 = 0.3;

impl Chart for Ridgeline {
    fn picture(&self) -> Result<Picture<'_>, String> {
        let (frame, colors) = (&self.frame, self.frame.colors);
        let rising = self.edges.windows(2).all(|pair| pair[0] < pair[1]);
        let fit = |row: &Row| !row.counts.is_empty() && self.edges.len() == row.counts.len() + 1;
        if self.rows.is_empty() || !self.rows.iter().all(fit) || !rising {
            return Err("Each row of a ridgeline has one count fewer than there are edges, and edges rise.".to_owned());
        }
        let room = frame.width * LABELS;
        let labels: Vec<String> = self.rows.iter().map(|row| shortened(&printable(&row.label), LABEL, room)).collect();
        let area = axes::area(frame, &labels.iter().map(|label| (0.0, label.clone())).collect());
        let mut picture = Picture::new(frame, area);
        let (low, high) = (self.edges[0], self.edges[self.edges.len() - 1]);
        let x = Scale::Linear(low, high);
        axes::draw_x(&mut picture, frame, area, x, |wanted| ticks::linear(low, high, wanted));
        #[expect(clippy::cast_precision_loss, reason = "rows of a picture")]
        let (count, place) = (self.rows.len() as f64, |row: usize| row as f64);
        // The first row has the height of its overlap above its ground.
        let pitch = area.height() / (count - 1.0 + OVERLAP);
        let each = (axes::LABEL_HEIGHT / pitch).ceil();
        for (index, (row, label)) in self.rows.iter().zip(labels).enumerate() {
            let ground = area.top + pitch * (OVERLAP + place(index));
            let most = row.counts.iter().copied().fold(0.0, f64::max);
            let top = |count: f64| if most > 0.0 { ground - count / most * pitch * OVERLAP } else { ground };
            let tops = self
                .edges
                .windows(2)
                .zip(&row.counts)
                .flat_map(|(pair, count)| [(x.x(area, pair[0]), top(*count)), (x.x(area, pair[1]), top(*count))]);
            let line: Vec<(f64, f64)> = tops.collect();
            let around = [vec![(area.left, ground)], line.clone(), vec![(area.right, ground)]].concat();
            let chosen = self.chosen == Some(index);
            let color = match (self.hover == Some(index), chosen) {
                (true, _) => colors.ink,
                (_, true) => colors.accent,
                _ => colors.bar,
            };
            let strength = if color == colors.bar { 0.55 } else { 0.85 };
            picture.polygon(around, mixed(colors.panel, color, strength));
            picture.path(line, 1.0, color);
            picture.rule((area.left, ground), area.width(), false, colors.line);
            // The chosen row has its label, whatever is near it.
            let near = self.chosen.is_some_and(|chosen| (place(chosen) - place(index)).abs() < each);
            if (chosen || place(index) % each == 0.0 && !near) && width(&label, LABEL) > 0.0 {
                let at = (area.left - 6.0, ground - pitch.min(axes::LABEL_HEIGHT) / 2.0);
                picture.text(
                    label,
                    at,
                    LABEL,
                    (HPos::Right, VPos::Center),
                    if chosen { colors.accent } else { colors.soft },
                );
            }
            picture.parts.push(Area { top: ground - pitch, bottom: ground, ..area });
        }
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `low,high` and each row's label.
    fn csv(&self) -> String {
        let names: Vec<String> = self.rows.iter().map(|row| crate::csv_text(&row.label)).collect();
        let mut text = format!("low,high,{}\n", names.join(","));
        for (bin, pair) in self.edges.windows(2).enumerate() {
            let _ = write!(text, "{:?},{:?}", pair[0], pair[1]);
            for count in self.rows.iter().filter_map(|row| row.counts.get(bin)) {
                let _ = write!(text, ",{count}");
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{colored, frame, svg};

    fn ridgeline(rows: usize) -> Ridgeline {
        let row = |index: usize| Row { label: format!("layer {index}"), counts: vec![1.0, 4.0, 1.0] };
        let rows = (0..rows).map(row).collect();
        Ridgeline { frame: frame(), edges: vec![-1.0, -0.5, 0.5, 1.0], rows, chosen: None, hover: None }
    }

    #[test]
    fn rows_stand_below_each_other_with_their_labels() {
        let chart = ridgeline(4);
        let picture = chart.picture().unwrap();
        assert!(
            picture.parts.windows(2).all(|pair| (pair[0].bottom - pair[1].top).abs() < 1e-9),
            "{:?}",
            picture.parts
        );
        assert!((picture.parts[3].bottom - picture.area.bottom).abs() < 1e-9);
        let svg = picture.svg().unwrap();
        assert_eq!(svg.matches("<polygon").count(), 4);
        assert!((0..4).all(|index| svg.contains(&format!("layer {index}"))));
    }

    #[test]
    fn very_many_rows_keep_inside_the_picture_and_leave_out_labels() {
        let chart = ridgeline(200);
        let picture = chart.picture().unwrap();
        assert!(
            picture.parts.iter().all(|part| part.top >= picture.area.top && part.bottom <= picture.area.bottom + 1e-9)
        );
        let svg = svg(&chart);
        assert!(svg.contains("layer 0") && svg.matches("layer").count() < 20);
    }

    #[test]
    fn the_chosen_row_stands_out_and_has_its_label() {
        let mut chart = ridgeline(200);
        chart.chosen = Some(101);
        chart.hover = Some(3);
        let svg = svg(&chart);
        assert!(svg.contains("layer 101") && !svg.contains("layer 102"));
        assert_eq!(colored(&svg, "#C800C8").iter().filter(|line| line.starts_with("<polyline")).count(), 1);
    }

    #[test]
    fn a_row_without_values_is_flat() {
        let mut chart = ridgeline(2);
        chart.rows[1].counts = vec![0.0; 3];
        let svg = svg(&chart);
        let flat = svg.lines().filter(|line| line.starts_with("<polygon")).nth(1).unwrap();
        let points = flat.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let heights: Vec<&str> = points.split(' ').filter_map(|point| point.split(',').nth(1)).collect();
        assert!(heights.iter().all(|height| *height == "220"), "{heights:?}");
        chart.rows[0].counts.pop();
        assert!(chart.picture().is_err());
    }

    #[test]
    fn a_table_has_a_column_a_row() {
        let text = ridgeline(2).csv();
        assert_eq!(text.lines().take(2).collect::<Vec<_>>(), ["low,high,layer 0,layer 1", "-1.0,-0.5,1,1"]);
    }
}
