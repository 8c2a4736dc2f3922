use crate::Chart;
use crate::axes::{self, Scale};
use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::ticks;
use serde::Deserialize;
use std::fmt::Write;

/// Histograms on one axis: the first as bars, others as outlines with a legend.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Histogram {
    /// What is around it.
    pub frame: Frame,
    /// Rising; one more than each series has counts.
    pub edges: Vec<f64>,
    /// One or more.
    pub series: Vec<Series>,
    /// Whether counts are drawn by their logarithm.
    #[serde(default)]
    pub log_y: bool,
    /// Whether each count is drawn as a share of its series' total, in percent: series with other totals cannot be compared else.
    #[serde(default)]
    pub shares: bool,
    /// Whether an edge is the exponent of a power of two: labels then say the power.
    #[serde(default)]
    pub powers: bool,
    /// The bin to point out.
    #[serde(default)]
    pub hover: Option<usize>,
}

/// One histogram.
#[derive(Clone, Debug, Deserialize)]
pub struct Series {
    /// What it is called in the table, if there are several.
    pub label: String,
    /// Likewise in the legend, where there is less room.
    #[serde(default)]
    pub short: Option<String>,
    /// How many values fall into each bin.
    pub counts: Vec<f64>,
    /// What a share is of: all values, those outside of the edges, too.
    pub total: f64,
}

impl Histogram {
    fn check(&self) -> Result<(), String> {
        let rising = self.edges.windows(2).all(|pair| pair[0] < pair[1]);
        let fit = |series: &Series| !series.counts.is_empty() && self.edges.len() == series.counts.len() + 1;
        if self.series.is_empty() || !self.series.iter().all(fit) || !rising {
            return Err("A histogram has one more edge than counts, and rising ones.".to_owned());
        }
        Ok(())
    }

    /// How high each bin of a series is: its count, or its share in percent.
    fn heights(&self, series: &Series) -> Vec<f64> {
        let unit = if self.shares { series.total.max(1.0) / 100.0 } else { 1.0 };
        series.counts.iter().map(|count| count / unit).collect()
    }
}

impl Chart for Histogram {
    fn picture(&self) -> Result<Picture<'_>, String> {
        self.check()?;
        let (frame, colors) = (&self.frame, self.frame.colors);
        let heights: Vec<Vec<f64>> = self.series.iter().map(|series| self.heights(series)).collect();
        let some = || heights.iter().flatten().copied().filter(|height| *height > 0.0);
        let room = axes::most_labels(frame.height - axes::ABOVE - axes::BELOW);
        let (y, y_ticks) = match (self.log_y, self.shares) {
            // On a logarithmic axis the ground is half a value.
            (true, false) => {
                let most = some().fold(1.0, f64::max);
                (Scale::Log(0.5, most), ticks::decades(most, room))
            }
            (false, false) => {
                let (ticks, top) = ticks::counts(some().fold(1.0, f64::max));
                (Scale::Linear(0.0, top), ticks)
            }
            (log, true) => {
                let most = some().fold(0.0, f64::max);
                let most = if most > 0.0 { most } else { 100.0 };
                let least = some().fold(most / 2.0, f64::min) / 2.0;
                let scale = if log { Scale::Log(least, most) } else { Scale::Linear(0.0, most * 1.02) };
                let ticks = if log { ticks::powers(least, most, room) } else { ticks::linear(0.0, most * 1.02, 4.0) };
                (scale, ticks.into_iter().map(|(place, label)| (place, format!("{label} %"))).collect())
            }
        };
        let labels: Vec<String> =
            self.series.iter().map(|series| series.short.as_ref().unwrap_or(&series.label).clone()).collect();
        let labels = if labels.len() > 1 { labels } else { Vec::new() };
        let area = axes::legend_room(axes::area(frame, &y_ticks), &labels);
        let (low, high) = (self.edges[0], self.edges[self.edges.len() - 1]);
        let x = Scale::Linear(low, high);
        let mut picture = Picture::new(frame, area);
        axes::draw_y(&mut picture, frame, area, y, &y_ticks);
        axes::draw_x(&mut picture, frame, area, x, |wanted| {
            if self.powers { ticks::twos(low, high, wanted) } else { ticks::linear(low, high, wanted) }
        });
        let sides: Vec<f64> = self.edges.iter().map(|edge| x.x(area, *edge)).collect();
        for (bin, (pair, height)) in sides.windows(2).zip(&heights[0]).enumerate() {
            if *height > 0.0 {
                let gap = if pair[1] - pair[0] >= 5.0 { 1.0 } else { 0.0 };
                let bar = Area { left: pair[0], top: y.y(area, *height), right: pair[1] - gap, bottom: area.bottom };
                picture.fill(bar, if self.hover == Some(bin) { colors.accent } else { colors.bar });
            }
        }
        for (index, heights) in heights.iter().enumerate().skip(1) {
            let tops = sides.windows(2).zip(heights).flat_map(|(pair, height)| {
                let top = y.y(area, *height);
                [(pair[0], top), (pair[1], top)]
            });
            picture.path(tops.collect(), 1.5, colors.series(index));
        }
        let entries: Vec<_> = (0..labels.len()).map(|index| colors.series(index)).collect();
        axes::draw_legend(&mut picture, frame, &labels, &entries);
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `low,high,count`; of several series their labels in place of `count`. Edges that are exponents are told as their powers.
    fn csv(&self) -> String {
        let names: Vec<String> = self.series.iter().map(|series| crate::csv_text(&series.label)).collect();
        let names = if names.len() == 1 { "count".to_owned() } else { names.join(",") };
        let mut text = format!("low,high,{names}\n");
        for (bin, pair) in self.edges.windows(2).enumerate() {
            let edge = |edge: f64| if self.powers { edge.exp2() } else { edge };
            let _ = write!(text, "{:?},{:?}", edge(pair[0]), edge(pair[1]));
            for count in self.series.iter().filter_map(|series| series.counts.get(bin)) {
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
    use crate::axes::{LABEL, TITLE};
    use crate::testing::{colored, frame, number, svg, texts};
    use crate::text::width;
    use plotters::style::RGBColor;

    fn chart(counts: Vec<f64>) -> Histogram {
        let edges = (0..=u32::try_from(counts.len()).unwrap()).map(f64::from).collect();
        let total = counts.iter().sum();
        let series = vec![Series { label: "a".into(), short: None, counts, total }];
        Histogram { frame: frame(), edges, series, log_y: false, shares: false, powers: false, hover: None }
    }

    /// The heights of the bars of an SVG.
    fn bars(svg: &str) -> Vec<f64> {
        colored(svg, "#0A141E").iter().map(|line| number(line, "height")).collect()
    }

    #[test]
    fn bars_are_as_high_as_their_counts() {
        let heights = bars(&svg(&chart(vec![10.0, 0.0, 20.0, 5.0])));
        assert_eq!(heights.len(), 3, "an empty bin has no bar");
        assert!((heights[1] / heights[0] - 2.0).abs() < 0.05 && (heights[0] / heights[2] - 2.0).abs() < 0.05);
    }

    #[test]
    fn a_logarithmic_axis_shows_small_counts() {
        let log = Histogram { log_y: true, ..chart(vec![1.0, 1000.0]) };
        let heights = bars(&svg(&log));
        assert!(heights[0] > heights[1] / 20.0);
    }

    #[test]
    fn labels_have_room_inside_the_picture_and_beside_each_other() {
        let ranges =
            [(0.0, 2e-4), (1e8 - 1.0, 1e8 + 1.0), (1e15, 1e15 + 4.0), (-1e-5, 1e6), (0.0, 1e-320), (-8e307, 8e307)];
        for (low, high) in ranges {
            let edges = vec![low, low + (high - low) / 2.0, high];
            let mut chart = Histogram { edges, ..chart(vec![1.0, 2.0]) };
            (chart.frame.title, chart.frame.width) = ("a.".repeat(200), 360.0);
            let picture = svg(&chart);
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
            assert_eq!(bars(&svg(&chart(vec![3.0; bins]))).len(), bins);
        }
        let mut tiny = chart(vec![1.0]);
        (tiny.frame.width, tiny.frame.height) = (10.0, 10.0);
        assert!(tiny.picture().is_ok());
    }

    #[test]
    fn only_the_bar_that_is_pointed_out_has_the_accent() {
        let mut chart = chart(vec![1.0, 2.0, 3.0]);
        chart.frame.colors.accent = RGBColor(255, 0, 128);
        assert!(!svg(&chart).contains("#FF0080"));
        chart.hover = Some(1);
        assert_eq!(svg(&chart).matches("#FF0080").count(), 1);
    }

    #[test]
    fn names_are_text_in_the_picture() {
        let picture = svg(&chart(vec![1.0]));
        assert!(picture.contains("<title>&lt;script&gt;") && !picture.contains("<script>"));
        assert!(picture.contains("role=\"img\"") && picture.contains("viewBox=\"0 0 480 260\""));
        assert!(!picture.contains('\u{1b}') && !picture.contains('\u{202e}'));
    }

    #[test]
    fn several_series_are_outlines_by_their_shares_with_a_legend() {
        let mut chart = chart(vec![10.0, 30.0]);
        chart.series.push(Series {
            label: "second".into(),
            short: Some("2nd".into()),
            counts: vec![100.0, 300.0],
            total: 400.0,
        });
        chart.shares = true;
        let picture = svg(&chart);
        assert!(picture.contains("2nd") && !picture.contains("second") && picture.contains("60 %"), "{picture}");
        // Both have the same shares, so the outline runs along the tops of the bars.
        let line = picture.lines().find(|line| line.starts_with("<polyline")).unwrap();
        let points = line.split("points=\"").nth(1).unwrap();
        let heights: Vec<f64> = points.split(' ').filter_map(|point| point.split(',').nth(1)?.parse().ok()).collect();
        let bars = colored(&picture, "#0A141E");
        assert_eq!([heights[0], heights[2]], [number(bars[0], " y"), number(bars[1], " y")]);
    }

    #[test]
    fn edges_that_are_exponents_are_labelled_and_told_as_powers_of_two() {
        let chart = Histogram { edges: vec![-9.0, -8.0, -7.0], powers: true, ..chart(vec![3.0, 1.0]) };
        let picture = svg(&chart);
        let labels: Vec<&str> = texts(&picture, 224.0, 230.0).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["2⁻⁹", "2⁻⁸", "2⁻⁷"]);
        assert_eq!(chart.csv(), "low,high,count\n0.001953125,0.00390625,3\n0.00390625,0.0078125,1\n");
    }

    #[test]
    fn refuses_counts_without_bins() {
        assert!(chart(vec![]).picture().is_err());
        assert!(Histogram { edges: vec![1.0, 1.0], ..chart(vec![1.0]) }.picture().is_err());
    }

    #[test]
    fn a_table_has_every_digit() {
        let mut chart = Histogram { edges: vec![0.1, 0.1 + 0.2], ..chart(vec![7.0]) };
        assert_eq!(chart.csv(), "low,high,count\n0.1,0.30000000000000004,7\n");
        chart.series.push(Series { label: "b, \"c\"".into(), short: None, counts: vec![8.0], total: 8.0 });
        assert_eq!(chart.csv(), "low,high,a,\"b, \"\"c\"\"\"\n0.1,0.30000000000000004,7,8\n");
    }
}
