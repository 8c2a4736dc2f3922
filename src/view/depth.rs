//! Which tensors are the same thing at different depths: their names differ in one number.

use super::natural::natural;
use crate::model::Tensor;
use std::collections::HashMap;
use std::ops::Range;

/// Fewer tensors are no series.
const FEWEST: usize = 3;
/// So many numbers of a name are looked at; the time is that of reading each name as often.
const NUMBERS: usize = 8;

/// The tensors of a checkpoint by what their names have around one number.
#[derive(Debug, Default)]
pub struct Depths {
    /// Each series in the order of the file, of at least [`FEWEST`] tensors: its tensors, and where the number is in their names.
    series: Vec<Vec<(usize, Range<usize>)>>,
    /// The series of each tensor.
    of: Vec<Option<usize>>,
}

impl Depths {
    /// Compares the names. A tensor that is in several series, as its name has several numbers, is asked about the longest;
    /// of equally long ones, about that of the first number.
    pub fn new(tensors: &[Tensor]) -> Self {
        let mut around: HashMap<(&str, &str), Vec<(usize, Range<usize>)>> = HashMap::new();
        for (index, tensor) in tensors.iter().enumerate() {
            for number in numbers(&tensor.name) {
                let key = (&tensor.name[..number.start], &tensor.name[number.end..]);
                around.entry(key).or_default().push((index, number));
            }
        }
        let mut series: Vec<_> = around.into_values().filter(|series| series.len() >= FEWEST).collect();
        // The order of a map is not the same twice.
        series.sort_unstable_by_key(|series| (series[0].0, series[0].1.start));
        let mut of: Vec<Option<usize>> = vec![None; tensors.len()];
        for (place, tensors) in series.iter().enumerate() {
            for (index, number) in tensors {
                let best = of[*index].map(|place: usize| &series[place]);
                let before = |best: &Vec<(usize, Range<usize>)>| {
                    let own = best.binary_search_by_key(index, |(index, _)| *index);
                    own.map_or(usize::MAX, |own| best[own].1.start)
                };
                let better = |best: &Vec<_>| {
                    tensors.len() > best.len() || tensors.len() == best.len() && number.start < before(best)
                };
                if best.is_none_or(better) {
                    of[*index] = Some(place);
                }
            }
        }
        Depths { series, of }
    }

    /// How many tensors are in a tensor's series, itself among them.
    pub fn count(&self, index: usize) -> Option<usize> {
        self.of[index].map(|series| self.series[series].len())
    }

    /// The tensors of a tensor's series by their numbers, each with its number as its name has it; none where there is no series.
    pub fn series<'a>(&self, tensors: &'a [Tensor], index: usize) -> Vec<(usize, &'a str)> {
        let series = self.of.get(index).copied().flatten().map_or(&[][..], |series| &self.series[series]);
        let mut found: Vec<(usize, &str)> =
            series.iter().map(|(index, number)| (*index, &tensors[*index].name[number.clone()])).collect();
        found.sort_by(|(_, a), (_, b)| natural(a, b));
        found
    }

    /// What the names of a tensor's series have before the number, and behind it.
    pub fn around<'a>(&self, tensors: &'a [Tensor], index: usize) -> Option<(&'a str, &'a str)> {
        let (first, number) = self.series[self.of.get(index).copied()??].first()?;
        let name = &tensors[*first].name;
        Some((&name[..number.start], &name[number.end..]))
    }
}

/// Where the first numbers of a name are.
fn numbers(name: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = name.as_bytes();
    let mut at = 0;
    let next = move || {
        let start = at + bytes[at..].iter().position(u8::is_ascii_digit)?;
        let len = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        at = start + len;
        Some(start..at)
    };
    std::iter::from_fn(next).take(NUMBERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dtype, Layout, Number};

    fn tensors<S: AsRef<str>>(names: &[S]) -> Vec<Tensor> {
        let layout = Layout::Absent { file: String::new() };
        let tensor = |name: &S| Tensor::new(name.as_ref(), Dtype::Number(Number::F32), vec![1], layout.clone());
        names.iter().map(tensor).collect()
    }

    /// The numbers of the series of the first tensor, and what is around them.
    fn first_series(names: &[&str]) -> (Vec<String>, Option<(String, String)>) {
        let tensors = tensors(names);
        let depths = Depths::new(&tensors);
        let numbers = depths.series(&tensors, 0).into_iter().map(|(_, number)| number.to_owned()).collect();
        let around = depths.around(&tensors, 0).map(|(before, behind)| (before.to_owned(), behind.to_owned()));
        (numbers, around)
    }

    #[test]
    fn layers_stand_in_the_order_in_which_a_person_counts() {
        let (numbers, around) = first_series(&[
            "h.2.attn.weight",
            "h.10.attn.weight",
            "h.0.attn.weight",
            "h.0.attn.bias",
            "h.1.mlp.weight",
        ]);
        assert_eq!(numbers, ["0", "2", "10"]);
        assert_eq!(around, Some(("h.".into(), ".attn.weight".into())));
    }

    #[test]
    fn of_several_numbers_the_one_with_most_siblings_is_the_depth() {
        let names: Vec<String> =
            (0..4).flat_map(|layer| (0..5).map(move |expert| format!("l.{layer}.e.{expert}.w"))).collect();
        let tensors = tensors(&names);
        let depths = Depths::new(&tensors);
        assert_eq!(depths.count(7), Some(5));
        assert_eq!(depths.series(&tensors, 7), [(5, "0"), (6, "1"), (7, "2"), (8, "3"), (9, "4")]);
    }

    #[test]
    fn of_equally_many_siblings_those_of_the_first_number_are_taken() {
        let names: Vec<String> = (0..9).map(|at| format!("l.{}.e.{}.w", at / 3, at % 3)).collect();
        let tensors = tensors(&names);
        let places: Vec<usize> =
            Depths::new(&tensors).series(&tensors, 4).into_iter().map(|(index, _)| index).collect();
        assert_eq!(places, [1, 4, 7]);
    }

    #[test]
    fn two_are_no_series() {
        assert_eq!(first_series(&["fc1.weight", "fc2.weight", "fc1.bias", "norm.weight"]), (vec![], None));
    }

    #[test]
    fn many_tensors_and_names_of_many_numbers_take_no_long_time() {
        let mut names: Vec<String> =
            (0..100_000).map(|at| format!("model.layers.{}.experts.{}.weight", at / 100, at % 100)).collect();
        names.push("1.".repeat(1_000_000));
        let tensors = tensors(&names);
        let start = std::time::Instant::now();
        let depths = Depths::new(&tensors);
        assert_eq!(depths.count(5), Some(1000));
        assert!(start.elapsed().as_secs_f64() < 3.0, "{:?}", start.elapsed());
    }
}
