use crate::Chart;
use crate::axes::{self, Scale};
use crate::frame::Frame;
use crate::picture::Picture;
use crate::ticks;
use serde::Deserialize;
use std::fmt::Write;

/// Lines over a count, such as singular values in their order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lines {
    /// What is around it.
    pub frame: Frame,
    /// One or more; a legend tells several apart.
    pub lines: Vec<Line>,
    /// What the first value of each line is counted as.
    pub first: f64,
    /// Whether values are drawn by their logarithm; those that are not above 0 are then left out.
    #[serde(default)]
    pub log_y: bool,
}

/// One line.
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    /// What the legend says.
    pub label: String,
    /// In their order; what is not finite leaves a gap.
    pub values: Vec<f64>,
}

impl Lines {
    /// Whether a value has a place on the axis.
    fn is_shown(&self, value: f64) -> bool {
        value.is_finite() && (!self.log_y || value > 0.0)
    }
}

impl Chart for Lines {
    fn picture(&self) -> Result<Picture<'_>, String> {
        let frame = &self.frame;
        let shown = self.lines.iter().flat_map(|line| &line.values).copied().filter(|value| self.is_shown(*value));
        let limits = shown.fold(None, |limits, value| {
            let (low, high) = limits.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        });
        let (low, high) = limits.ok_or("There is no value to draw a line through.")?;
        let room = axes::most_labels(frame.height - axes::ABOVE - axes::BELOW);
        let (y, y_ticks) = if self.log_y {
            // Room around a single value, too.
            let (low, high) = if low < high { (low / 1.1, high * 1.1) } else { (low / 2.0, high * 2.0) };
            (Scale::Log(low, high), ticks::powers(low, high, room))
        } else {
            let (low, high) = (low.min(0.0), high.max(0.0));
            let (low, high) = if low < high { (low * 1.02, high * 1.02) } else { (0.0, 1.0) };
            (Scale::Linear(low, high), ticks::linear(low, high, 4.0))
        };
        let area = axes::area(frame, &y_ticks);
        let mut picture = Picture::new(frame, area);
        let longest = self.lines.iter().map(|line| line.values.len()).max().unwrap_or(1);
        #[expect(clippy::cast_precision_loss, reason = "points of a line")]
        let last = self.first + (longest.max(2) - 1) as f64;
        let x = Scale::Linear(self.first, last);
        axes::draw_y(&mut picture, frame, area, y, &y_ticks);
        axes::draw_x(&mut picture, frame, area, x, |wanted| ticks::indices((self.first, last + 1.0), wanted));
        for (index, line) in self.lines.iter().enumerate() {
            let color = frame.colors.series(index);
            #[expect(clippy::cast_precision_loss, reason = "points of a line")]
            let points = line.values.iter().enumerate().map(|(at, value)| (self.first + at as f64, *value));
            let points: Vec<(f64, f64)> = points.collect();
            for run in points.chunk_by(|a, b| self.is_shown(a.1) == self.is_shown(b.1)) {
                if !self.is_shown(run[0].1) {
                    continue;
                }
                let mut path: Vec<(f64, f64)> =
                    run.iter().map(|(at, value)| (x.x(area, *at), y.y(area, *value))).collect();
                if let [(left, top)] = path[..] {
                    path.push((left + 1.0, top));
                }
                picture.path(path, 1.5, color);
            }
        }
        if self.lines.len() > 1 {
            let entries = self.lines.iter().enumerate();
            axes::draw_legend(
                &mut picture,
                frame,
                entries.map(|(index, line)| (&*line.label, frame.colors.series(index))),
            );
        }
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `index` and each line's label; empty fields after the end of a shorter line.
    fn csv(&self) -> String {
        let names: Vec<String> = self.lines.iter().map(|line| crate::csv_text(&line.label)).collect();
        let mut text = format!("index,{}\n", names.join(","));
        let longest = self.lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
        for at in 0..longest {
            #[expect(clippy::cast_precision_loss, reason = "points of a line")]
            let _ = write!(text, "{}", self.first + at as f64);
            for line in &self.lines {
                let _ = match line.values.get(at) {
                    Some(value) => write!(text, ",{value:?}"),
                    None => write!(text, ","),
                };
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{frame, svg, texts};

    fn lines(values: Vec<f64>, log_y: bool) -> Lines {
        Lines { frame: frame(), lines: vec![Line { label: "s".into(), values }], first: 1.0, log_y }
    }

    /// The points of each line of an SVG that has a series' colour.
    fn points(svg: &str) -> Vec<Vec<(f64, f64)>> {
        let lines = svg.lines().filter(|line| line.starts_with("<polyline") && line.contains("#0A141E"));
        let pairs = lines.map(|line| line.split("points=\"").nth(1).unwrap().split('"').next().unwrap());
        let pair = |pair: &str| pair.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()));
        pairs.map(|pairs| pairs.split(' ').filter_map(pair).collect()).collect()
    }

    #[test]
    fn a_line_falls_as_its_values_do() {
        let line = &points(&svg(&lines(vec![4.0, 2.0, 1.0], false)))[0];
        let heights: Vec<f64> = line.iter().map(|(_, y)| 220.0 - y).collect();
        assert!((heights[0] / heights[1] - 2.0).abs() < 0.05 && (heights[1] / heights[2] - 2.0).abs() < 0.05);
        assert!((line[1].0 - line[0].0 - (line[2].0 - line[1].0)).abs() <= 1.0, "evenly apart");
    }

    #[test]
    fn powers_are_evenly_apart_on_a_logarithmic_axis() {
        let picture = svg(&lines(vec![100.0, 1.0, 0.01, 0.0], true));
        let line = &points(&picture)[0];
        assert_eq!(line.len(), 3, "zero has no logarithm");
        assert!((line[1].1 - line[0].1 - (line[2].1 - line[1].1)).abs() <= 1.0);
        assert!(picture.contains("1e−2") && picture.contains("1e2"));
    }

    #[test]
    fn what_is_not_finite_leaves_a_gap_and_the_count_begins_where_it_is_told() {
        let picture = svg(&lines(vec![1.0, 2.0, f64::NAN, 3.0], false));
        assert_eq!(points(&picture).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2], "a lone point is a dash");
        let labels: Vec<&str> = texts(&picture, 224.0, 230.0).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["1", "2", "3", "4"]);
        assert!(lines(vec![f64::NAN], false).picture().is_err());
    }

    #[test]
    fn a_table_has_a_column_a_line() {
        let mut chart = lines(vec![0.5, 0.25], false);
        chart.lines.push(Line { label: "t".into(), values: vec![1.0] });
        assert_eq!(chart.csv(), "index,s,t\n1,0.5,1.0\n2,0.25,\n");
    }
}
