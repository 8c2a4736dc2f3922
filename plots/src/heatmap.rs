use crate::Chart;
use crate::axes::{self, LABEL, Scale};
use crate::colors::STEPS;
use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::text::width;
use crate::ticks::{self, Ticks};
use plotters::style::text_anchor::{HPos, VPos};
use serde::Deserialize;
use std::fmt::Write;

/// A grid of values in colours that diverge from zero; rows go down.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heatmap {
    /// What is around it.
    pub frame: Frame,
    /// The first index on the axis of rows, and the one after the last: a row of cells stands for several indices where there
    /// are fewer cells.
    pub rows: (f64, f64),
    /// Likewise of columns.
    pub columns: (f64, f64),
    /// How many cells stand beside each other.
    pub cells_across: usize,
    /// One a cell, row by row, from the first row on.
    pub values: Vec<f64>,
    /// The row index of the element that a cell shows, for the table.
    pub row_of: Vec<f64>,
    /// Likewise the column index.
    pub column_of: Vec<f64>,
    /// The magnitude at which the colours end.
    pub limit: f64,
}

/// The width of the bar of colours, and the room before it.
const BAR: f64 = 12.0;
const BAR_GAP: f64 = 12.0;
/// What is written beside the colour of what is not finite.
const ODD: &str = "NaN, ∞";

impl Chart for Heatmap {
    fn picture(&self) -> Result<Picture<'_>, String> {
        let (frame, colors, across) = (&self.frame, self.frame.colors, self.cells_across);
        let count = self.values.len();
        let odd_lengths = [self.row_of.len(), self.column_of.len()] != [count; 2];
        let ranges = [self.rows, self.columns].iter().all(|(first, end)| first < end);
        if across == 0 || count == 0 || !count.is_multiple_of(across) || odd_lengths || !ranges {
            return Err("A heatmap has rows of cells, all as long, and a range of indices along each side.".to_owned());
        }
        let down = count / across;
        let y_ticks = ticks::indices(self.rows, axes::most_labels(frame.height - axes::ABOVE - axes::BELOW) / 1.5);
        let limit_ticks = if self.limit > 0.0 { ticks::linear(-self.limit, self.limit, 4.0) } else { zero() };
        let has_odd = self.values.iter().any(|value| !value.is_finite());
        let labels = limit_ticks.iter().map(|(_, label)| &**label).chain(has_odd.then_some(ODD));
        let beside = labels.map(|label| width(label, LABEL)).fold(0.0, f64::max);
        let mut area = axes::area(frame, &y_ticks);
        area.right = (frame.width - BAR_GAP - BAR - 6.0 - beside - axes::MARGIN).max(area.left + 1.0);
        let mut picture = Picture::new(frame, area);
        // An index is labelled at the middle of its row or column.
        let middle = |(first, end): (f64, f64)| Scale::Linear(first - 0.5, end - 0.5);
        for (index, label) in &y_ticks {
            let y = area.top + middle(self.rows).share(*index) * area.height();
            picture.text(label.clone(), (area.left - 6.0, y), LABEL, (HPos::Right, VPos::Center), colors.soft);
        }
        axes::draw_x(&mut picture, frame, area, middle(self.columns), |wanted| ticks::indices(self.columns, wanted));
        for (row, values) in self.values.chunks(across).enumerate() {
            let mut start = 0;
            // Neighbours of one colour are one rectangle.
            for run in values.chunk_by(|a, b| colors.diverging(*a, self.limit) == colors.diverging(*b, self.limit)) {
                let sides = cells(area, (start, start + run.len()), across, (row, row + 1), down);
                picture.fill(sides, colors.diverging(run[0], self.limit));
                start += run.len();
            }
        }
        picture.outline(area, 1.0, colors.line);
        self.draw_bar(&mut picture, &limit_ticks, has_odd);
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `row,column,value`: a cell a line, by the index of the element that it shows.
    fn csv(&self) -> String {
        let mut text = String::from("row,column,value\n");
        for ((row, column), value) in self.row_of.iter().zip(&self.column_of).zip(&self.values) {
            let _ = writeln!(text, "{row},{column},{value:?}");
        }
        text
    }
}

impl Heatmap {
    /// The bar that tells which colour is which value.
    fn draw_bar(&self, picture: &mut Picture<'_>, limit_ticks: &Ticks, has_odd: bool) {
        let (area, colors) = (picture.area, self.frame.colors);
        let below = if has_odd { 18.0 } else { 0.0 };
        let left = area.right + BAR_GAP;
        let bar = Area { left, top: area.top, right: left + BAR, bottom: area.bottom - below };
        #[expect(clippy::cast_possible_truncation, reason = "a few")]
        let steps = STEPS as i32;
        for step in -steps..=steps {
            let edge = |half: f64| {
                let share = (f64::from(step) + half + STEPS + 0.5) / (2.0 * STEPS + 1.0);
                bar.bottom - share * bar.height()
            };
            let sides = Area { top: edge(0.5), bottom: edge(-0.5), ..bar };
            picture.fill(sides, colors.diverging(f64::from(step), STEPS));
        }
        picture.outline(bar, 1.0, colors.line);
        let scale = if self.limit > 0.0 { Scale::Linear(-self.limit, self.limit) } else { Scale::Linear(-1.0, 1.0) };
        for (value, label) in limit_ticks {
            let at = (bar.right + 6.0, scale.y(bar, *value));
            picture.text(label.clone(), at, LABEL, (HPos::Left, VPos::Center), colors.soft);
        }
        if has_odd {
            let swatch = Area { top: area.bottom - BAR, bottom: area.bottom, ..bar };
            picture.fill(swatch, colors.odd);
            let at = (bar.right + 6.0, area.bottom - BAR / 2.0);
            picture.text(ODD, at, LABEL, (HPos::Left, VPos::Center), colors.soft);
        }
    }
}

fn zero() -> Ticks {
    vec![(0.0, "0".to_owned())]
}

/// The rectangle of some neighbouring cells.
#[expect(clippy::cast_precision_loss, reason = "cells of a screen")]
fn cells(area: Area, columns: (usize, usize), across: usize, rows: (usize, usize), down: usize) -> Area {
    let x = |column: usize| area.left + column as f64 / across as f64 * area.width();
    let y = |row: usize| area.top + row as f64 / down as f64 * area.height();
    Area { left: x(columns.0), right: x(columns.1), top: y(rows.0), bottom: y(rows.1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{colored, frame, number, svg, texts};

    fn heatmap(across: usize, values: Vec<f64>) -> Heatmap {
        let down = values.len() / across;
        let (row_of, column_of) = (vec![0.0; values.len()], vec![0.0; values.len()]);
        let to = |count: usize| f64::from(u32::try_from(count).unwrap());
        let (rows, columns) = ((0.0, to(down)), (0.0, to(across)));
        Heatmap { frame: frame(), rows, columns, cells_across: across, values, row_of, column_of, limit: 2.0 }
    }

    #[test]
    fn cells_have_the_colour_of_their_value_and_their_place() {
        let picture = svg(&heatmap(2, vec![2.0, 0.0, f64::NAN, -50.0]));
        let cells = |color: &str| -> Vec<(f64, f64)> {
            let wide = colored(&picture, color).into_iter().filter(|line| number(line, "width") > 100.0);
            wide.map(|line| (number(line, " x"), number(line, " y"))).collect()
        };
        let (warm, cold, odd) = (cells("#FF8000"), cells("#0040FF"), cells("#00FF00"));
        assert_eq!((warm.len(), cold.len(), odd.len()), (1, 1, 1));
        assert!(warm[0].0 == odd[0].0 && warm[0].1 < odd[0].1, "the NaN is below the first value");
        assert!(cold[0].0 > odd[0].0 && cold[0].1 == odd[0].1, "beyond the limit is as at the limit");
        assert!(picture.contains("NaN"), "the colour of NaN is told");
    }

    #[test]
    fn neighbours_of_one_colour_are_one_rectangle() {
        let picture = svg(&heatmap(100, vec![1e9; 100]));
        assert_eq!(colored(&picture, "#FF8000").len(), 2, "the row, and the end of the bar");
        assert!(!picture.contains("NaN"));
    }

    #[test]
    fn rows_and_columns_are_labelled_by_their_indices() {
        let mut map = heatmap(4, vec![1.0; 16]);
        (map.rows, map.columns) = ((0.0, 4000.0), (512.0, 1024.0));
        let picture = svg(&map);
        let below: Vec<&str> = texts(&picture, 224.0, 230.0).into_iter().map(|(_, label)| label).collect();
        assert!(below.contains(&"600") && below.contains(&"1000") && !below.contains(&"0"), "{below:?}");
        assert!(picture.contains("\n1000\n"), "{picture}");
    }

    #[test]
    fn nothing_but_zeros_is_the_ground() {
        let picture = svg(&Heatmap { limit: 0.0, ..heatmap(2, vec![0.0; 4]) });
        assert_eq!(colored(&picture, "#FF8000").len() + colored(&picture, "#00FF00").len(), 1, "the end of the bar");
    }

    #[test]
    fn refuses_rows_that_are_not_as_long() {
        assert!(Heatmap { cells_across: 3, ..heatmap(2, vec![0.0; 4]) }.picture().is_err());
        assert!(Heatmap { cells_across: 0, ..heatmap(2, vec![0.0; 4]) }.picture().is_err());
    }

    #[test]
    fn a_table_has_the_elements_that_are_shown() {
        let mut map = heatmap(1, vec![0.1, f64::NEG_INFINITY]);
        (map.row_of, map.column_of) = (vec![3.0, 900_719_925_474_099.0], vec![0.0, 7.0]);
        assert_eq!(map.csv(), "row,column,value\n3,0,0.1\n900719925474099,7,-inf\n");
    }
}
