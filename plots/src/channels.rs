use crate::Chart;
use crate::axes::{self, LABEL, Scale};
use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::text::width;
use crate::ticks;
use plotters::style::text_anchor::{HPos, VPos};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What each row or column of a matrix spans: a band from its smallest to its largest value, and below it its norm as a bar.
/// Where there are more of them than pixels, a pixel shows the smallest, the largest, and the largest norm of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channels {
    /// What is around it; its label of the vertical axis is that of the band.
    pub frame: Frame,
    /// What is written beside the norms.
    pub norm_label: String,
    /// The smallest value of each row or column; NaN for one without a finite value.
    pub min: Vec<f64>,
    /// Likewise the largest.
    pub max: Vec<f64>,
    /// Likewise the norm.
    pub norm: Vec<f64>,
    /// The indices to point out; those for which there is room are labelled.
    #[serde(default)]
    pub outliers: Vec<usize>,
}

/// What stands out among the rows or the columns of a matrix, by index.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Remarkable {
    /// Those that hold zeros only.
    pub dead: Vec<usize>,
    /// Those without a finite value.
    pub empty: Vec<usize>,
    /// Those whose norm is more than `times` the median norm, or whose largest magnitude is more than `times` the median of these.
    pub outliers: Vec<usize>,
    /// How many times the median makes an outlier.
    pub times: f64,
    /// The first with the largest norm.
    pub largest: Option<usize>,
}

impl Remarkable {
    /// Rows of trained weights differ by less.
    const TIMES: f64 = 10.0;

    /// Of channels with these limits and norms; limits that are not finite mean that there is no finite value.
    pub fn new(min: &[f64], max: &[f64], norm: &[f64]) -> Self {
        let limits = || min.iter().zip(max);
        let magnitudes: Vec<f64> = limits().map(|(low, high)| low.abs().max(high.abs())).collect();
        let indices = |wanted: &dyn Fn(usize) -> bool| (0..min.len()).filter(|index| wanted(*index)).collect();
        let far = |figures: &[f64]| {
            let median = median(figures);
            if median > 0.0 { median * Self::TIMES } else { f64::INFINITY }
        };
        let (norms, reaches) = (far(norm), far(&magnitudes));
        let finite = |index: usize| min[index] <= max[index];
        let outlying = |index: usize| finite(index) && (norm[index] > norms || magnitudes[index] > reaches);
        let larger = |best: usize, index: usize| if norm[index] > norm[best] { index } else { best };
        Remarkable {
            dead: indices(&|index| min[index] == 0.0 && max[index] == 0.0),
            empty: indices(&|index| !finite(index)),
            outliers: indices(&outlying),
            times: Self::TIMES,
            largest: (0..norm.len()).filter(|index| finite(*index)).reduce(larger),
        }
    }
}

/// The middle of the finite numbers, or between the two that are nearest to it; 0 without one.
fn median(numbers: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    f64::midpoint(at(sorted.len().saturating_sub(1) / 2), at(sorted.len() / 2))
}

/// The share of the height that the band takes, and the room between it and the norms.
const BAND: f64 = 0.62;
const GAP: f64 = 12.0;

/// What stands in one column of pixels: indices from `first` to before `end`.
struct Pixel {
    first: usize,
    end: usize,
}

impl Pixel {
    /// As few as there are pixels, each as many indices.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    fn all(count: usize, pixels: f64) -> impl Iterator<Item = Pixel> {
        let wide = count.min((pixels.max(1.0)) as usize);
        (0..wide).map(move |at| Pixel { first: at * count / wide, end: (at + 1) * count / wide })
    }

    /// The smallest and the largest of the numbers here.
    fn limits(&self, numbers: &[f64]) -> Option<(f64, f64)> {
        limits(&numbers[self.first..self.end])
    }
}

fn limits(numbers: &[f64]) -> Option<(f64, f64)> {
    let finite = numbers.iter().copied().filter(|number| number.is_finite());
    finite.fold(None, |limits, number| {
        let (low, high) = limits.unwrap_or((number, number));
        Some((number.min(low), number.max(high)))
    })
}

impl Chart for Channels {
    fn picture(&self) -> Result<Picture<'_>, String> {
        let (frame, colors, count) = (&self.frame, self.frame.colors, self.min.len());
        if count == 0 || self.max.len() != count || self.norm.len() != count {
            return Err("There is one smallest value, one largest and one norm of each row or column.".to_owned());
        }
        let low = limits(&self.min).map_or(0.0, |(low, _)| low).min(0.0);
        let high = limits(&self.max).map_or(0.0, |(_, high)| high).max(0.0);
        let (low, high) = if low < high { (low, high) } else { (-1.0, 1.0) };
        let largest = limits(&self.norm).map_or(0.0, |(_, high)| high);
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let (values, norms) = (Scale::Linear(low, high), Scale::Linear(0.0, largest * 1.02));
        let (value_ticks, norm_ticks) = (ticks::linear(low, high, 4.0), ticks::linear(0.0, largest, 2.0));
        let both = [value_ticks.clone(), norm_ticks.clone()].concat();
        let mut area = axes::area(frame, &both);
        if !self.outliers.is_empty() {
            area.top += axes::LABEL_HEIGHT;
        }
        let middle = area.top + area.height() * BAND;
        let (band, bars) = (Area { bottom: middle - GAP, ..area }, Area { top: middle, ..area });
        let mut picture = Picture::new(frame, area);
        axes::draw_y(&mut picture, frame, band, values, &value_ticks);
        axes::draw_y(&mut picture, frame, bars, norms, &norm_ticks);
        #[expect(clippy::cast_precision_loss, reason = "a number of channels")]
        let end = count as f64;
        let x = Scale::Linear(0.0, end);
        // An index is labelled at the middle of its channel.
        let middles = Scale::Linear(-0.5, end - 0.5);
        axes::draw_x(&mut picture, frame, area, middles, |wanted| ticks::indices((0.0, end), wanted));
        for pixel in Pixel::all(count, area.width()) {
            let outlier = self.outliers.iter().any(|index| (pixel.first..pixel.end).contains(index));
            let color = if outlier { colors.accent } else { colors.bar };
            #[expect(clippy::cast_precision_loss, reason = "a number of channels")]
            let (left, right) = (x.x(area, pixel.first as f64), x.x(area, pixel.end as f64));
            let right = if right - left >= 5.0 { right - 1.0 } else { right };
            if let (Some((min, _)), Some((_, max))) = (pixel.limits(&self.min), pixel.limits(&self.max)) {
                let sides = Area { left, top: values.y(band, max), right, bottom: values.y(band, min) };
                picture.fill(sides, color);
            }
            if let Some((_, norm)) = pixel.limits(&self.norm).filter(|(_, norm)| *norm > 0.0) {
                picture.fill(Area { left, top: norms.y(bars, norm), right, bottom: bars.bottom }, color);
            }
        }
        self.draw_outliers(&mut picture, band, middles);
        picture.text(
            self.norm_label.clone(),
            (area.left, bars.top - 1.0),
            LABEL,
            (HPos::Left, VPos::Bottom),
            colors.soft,
        );
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `index,min,max,norm`.
    fn csv(&self) -> String {
        let mut text = String::from("index,min,max,norm\n");
        for (index, ((min, max), norm)) in self.min.iter().zip(&self.max).zip(&self.norm).enumerate() {
            let _ = writeln!(text, "{index},{min:?},{max:?},{norm:?}");
        }
        text
    }
}

impl Channels {
    /// Writes the indices of outliers above the band, as far as they do not run into each other.
    fn draw_outliers(&self, picture: &mut Picture<'_>, band: Area, middles: Scale) {
        let (colors, mut free) = (self.frame.colors, band.left);
        let mut outliers: Vec<usize> = self.outliers.iter().copied().filter(|index| *index < self.min.len()).collect();
        outliers.sort_unstable();
        for index in outliers {
            let label = index.to_string();
            let half = width(&label, LABEL) / 2.0;
            #[expect(clippy::cast_precision_loss, reason = "a number of channels")]
            let at = middles.x(band, index as f64).max(band.left + half).min(band.right - half);
            if at - half >= free {
                picture.text(label, (at, band.top - 1.0), LABEL, (HPos::Center, VPos::Bottom), colors.accent);
                free = at + half + 4.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{colored, frame, number, svg, texts};

    fn channels(min: Vec<f64>, max: Vec<f64>, norm: Vec<f64>) -> Channels {
        Channels { frame: frame(), norm_label: "norm".into(), min, max, norm, outliers: vec![] }
    }

    #[test]
    fn bands_and_norms_have_the_heights_of_their_figures() {
        let picture = svg(&channels(vec![-1.0, -2.0], vec![1.0, 2.0], vec![3.0, 1.5]));
        let heights: Vec<f64> = colored(&picture, "#0A141E").iter().map(|line| number(line, "height")).collect();
        let [band, norm, wide, low] = heights[..] else { panic!("{heights:?}") };
        assert!((wide / band - 2.0).abs() < 0.05 && (norm / low - 2.0).abs() < 0.05, "{heights:?}");
    }

    #[test]
    fn one_extreme_among_very_many_is_seen_and_told() {
        let mut chart = channels(vec![-1.0; 100_000], vec![1.0; 100_000], vec![1.0; 100_000]);
        chart.max[77_123] = 40.0;
        chart.outliers = vec![77_123];
        let picture = svg(&chart);
        let marked = colored(&picture, "#C800C8");
        assert_eq!(marked.iter().filter(|line| line.starts_with("<rect")).count(), 2, "its band and its norm");
        assert!(number(marked[0], "height") > 80.0, "{}", marked[0]);
        assert!(texts(&picture, 40.0, 46.0).iter().any(|(_, text)| *text == "77123"));
        assert!(colored(&picture, "#0A141E").len() <= 2 * 480, "no more than there are pixels");
    }

    #[test]
    fn what_is_dead_empty_or_far_from_the_median_stands_out() {
        let (mut min, mut max, mut norm) = (vec![-1.0; 9], vec![1.0; 9], vec![2.0; 9]);
        (min[1], max[1], norm[1]) = (0.0, 0.0, 0.0);
        (min[3], max[3], norm[3]) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        norm[5] = 20.5;
        min[7] = -10.5;
        let found = Remarkable::new(&min, &max, &norm);
        assert_eq!((found.dead, found.empty, found.outliers, found.largest), (vec![1], vec![3], vec![5, 7], Some(5)));
        // Ten times the median is not more than that.
        (norm[5], min[7]) = (20.0, -10.0);
        assert_eq!(Remarkable::new(&min, &max, &norm).outliers, []);
    }

    #[test]
    fn among_channels_that_are_mostly_dead_none_is_an_outlier() {
        let found = Remarkable::new(&[0.0, 0.0, -1.0], &[0.0, 0.0, 1.0], &[0.0, 0.0, 1.0]);
        assert_eq!((found.dead, found.outliers, found.largest), (vec![0, 1], vec![], Some(2)));
        assert_eq!(Remarkable::new(&[], &[], &[]).largest, None);
    }

    #[test]
    fn a_channel_without_a_number_has_no_band() {
        let picture = svg(&channels(vec![f64::NAN, -1.0], vec![f64::NAN, 1.0], vec![f64::NAN, 1.0]));
        assert_eq!(colored(&picture, "#0A141E").len(), 2);
        assert!(channels(vec![], vec![], vec![]).picture().is_err());
    }

    #[test]
    fn a_table_has_every_channel() {
        let chart = channels(vec![-0.1], vec![0.2], vec![0.3]);
        assert_eq!(chart.csv(), "index,min,max,norm\n0,-0.1,0.2,0.3\n");
    }
}
