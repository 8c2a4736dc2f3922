use crate::Chart;
use crate::axes::{self, Scale};
use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::ticks;
use serde::Deserialize;
use std::fmt::Write;

/// Singular values over their places, counted from 1, as a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spectrum {
    /// What is around it.
    pub frame: Frame,
    /// One or more, none of them negative.
    pub values: Vec<f64>,
    /// How far off each value may be; as many, or none.
    #[serde(default)]
    pub errors: Vec<f64>,
    /// Whether values are drawn by their logarithm: 0 then lies at the ground.
    #[serde(default)]
    pub log_y: bool,
    /// The value to point out, counted from 0.
    #[serde(default)]
    pub hover: Option<usize>,
}

/// On a logarithmic axis what is this many times less than the largest value is as good as 0.
const DEPTH: f64 = 1e18;

/// The width of the line, and of the point that is pointed out.
const LINE: f64 = 1.5;
const POINT: f64 = 6.0;

impl Chart for Spectrum {
    fn picture(&self) -> Result<Picture<'_>, String> {
        if self.values.is_empty() || !self.values.iter().all(|value| value.is_finite() && *value >= 0.0) {
            return Err("A spectrum has one value or more, and finite ones that are not negative.".to_owned());
        }
        let (frame, colors) = (&self.frame, self.frame.colors);
        let most = self.values.iter().copied().fold(0.0, f64::max);
        let top = if most > 0.0 { most * 1.05 } else { 1.0 };
        let room = axes::most_labels(frame.height - axes::ABOVE - axes::BELOW);
        let (y, y_ticks) = if self.log_y && most > 0.0 {
            let seen = self.values.iter().copied().filter(|value| *value > most / DEPTH);
            let least = seen.fold(most / 2.0, f64::min) / 1.2;
            (Scale::Log(least, top), ticks::powers(least, top, room))
        } else {
            (Scale::Linear(0.0, top), ticks::linear(0.0, top, 4.0))
        };
        let area = axes::area(frame, &y_ticks);
        let end = (1..self.values.len()).fold(2.0, |place: f64, _| place + 1.0) - 1.0;
        let (low, high) = if end > 1.0 { (1.0, end) } else { (0.0, 2.0) };
        let x = Scale::Linear(low, high);
        let mut picture = Picture::new(frame, area);
        axes::draw_y(&mut picture, frame, area, y, &y_ticks);
        axes::draw_x(&mut picture, frame, area, x, |wanted| ticks::indices((low, high + 1.0), wanted));
        let places = || (1u32..).map(f64::from);
        let point = |(place, value): (f64, &f64)| (x.x(area, place), y.y(area, *value));
        if self.errors.len() == self.values.len() && self.errors.iter().any(|error| *error > 0.0) {
            // What is off is too small.
            let above: Vec<f64> =
                self.values.iter().zip(&self.errors).map(|(value, error)| (value + error).min(top)).collect();
            let mut around: Vec<(f64, f64)> = places().zip(&above).map(point).collect();
            around.extend(places().zip(&self.values).map(point).collect::<Vec<_>>().into_iter().rev());
            picture.polygon(around, colors.line);
        }
        let line: Vec<(f64, f64)> = places().zip(&self.values).map(point).collect();
        let dot = |(x, y): (f64, f64)| {
            let half = POINT / 2.0;
            Area { left: x - half, top: y - half, right: x + half, bottom: y + half }
        };
        let hovered = self.hover.and_then(|at| line.get(at)).map(|at| dot(*at));
        if let [one] = line[..] {
            picture.fill(dot(one), colors.bar);
        }
        picture.path(line, LINE, colors.bar);
        if let Some(dot) = hovered {
            picture.fill(dot, colors.accent);
        }
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `place,value`, and `error` where there are errors.
    fn csv(&self) -> String {
        let mut text = format!("place,value{}\n", if self.errors.is_empty() { "" } else { ",error" });
        for (at, value) in self.values.iter().enumerate() {
            let _ = write!(text, "{},{value:?}", at + 1);
            if let Some(error) = self.errors.get(at) {
                let _ = write!(text, ",{error:?}");
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{colored, frame, svg, texts};

    fn spectrum(values: &[f64], log_y: bool) -> Spectrum {
        Spectrum { frame: frame(), values: values.to_vec(), errors: Vec::new(), log_y, hover: None }
    }

    /// The points of the line.
    fn points(picture: &str) -> Vec<(f64, f64)> {
        let line = colored(picture, "#0A141E").into_iter().find(|line| line.starts_with("<polyline")).unwrap();
        let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        points
            .split_whitespace()
            .map(|point| point.split_once(',').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect()
    }

    #[test]
    fn equal_ratios_are_equal_heights_by_logarithm_only() {
        let heights = |log_y| {
            points(&svg(&spectrum(&[100.0, 10.0, 1.0], log_y)))
                .windows(2)
                .map(|pair| pair[1].1 - pair[0].1)
                .collect::<Vec<_>>()
        };
        let (log, linear) = (heights(true), heights(false));
        assert!((log[0] - log[1]).abs() <= 1.0 && log[0] > 20.0, "{log:?}");
        assert!(linear[0] > 5.0 * linear[1] && linear[1] > 0.0, "{linear:?}");
    }

    #[test]
    fn the_first_value_stands_at_1_on_the_left_and_the_last_on_the_right() {
        let picture = svg(&spectrum(&[3.0; 40], false));
        let line = points(&picture);
        assert!(line.len() == 40 && line[0].0 < 60.0 && line[39].0 > 460.0);
        assert!(texts(&picture, 224.0, 230.0).iter().any(|(_, label)| *label == "20"));
    }

    #[test]
    fn zeros_lie_at_the_ground_and_one_value_is_a_point() {
        let line = points(&svg(&spectrum(&[1.0, 0.5, 0.0], true)));
        assert!((line[2].1 - 220.0).abs() <= 1.0, "{line:?}");
        let points = |values| {
            colored(&svg(&spectrum(values, true)), "#0A141E").iter().filter(|line| line.starts_with("<rect")).count()
        };
        assert_eq!((points(&[7.0]), points(&[7.0, 7.0])), (1, 0));
        assert!(svg(&spectrum(&[0.0, 0.0], true)).contains("<svg"));
    }

    #[test]
    fn what_is_no_spectrum_is_refused() {
        for values in [&[][..], &[1.0, -1.0], &[f64::NAN], &[f64::INFINITY]] {
            assert!(spectrum(values, true).picture().is_err());
        }
    }

    #[test]
    fn a_table_has_every_digit() {
        assert_eq!(spectrum(&[0.1 + 0.2, 0.0], true).csv(), "place,value\n1,0.30000000000000004\n2,0.0\n");
        let errors = vec![0.0, 1e-9];
        assert_eq!(
            Spectrum { errors, ..spectrum(&[2.0, 1.0], true) }.csv(),
            "place,value,error\n1,2.0,0.0\n2,1.0,1e-9\n"
        );
    }
}
