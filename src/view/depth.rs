//! Which tensors are the same thing at different depths: their names differ in one number.

use super::natural::natural;
use crate::model::Tensor;
use std::collections::HashMap;
use std::ops::Range;

/// Fewer tensors are no series.
const FEWEST: usize = 3;
/// So many numbers of a name are looked at; the time is that of reading each name as often.
const NUMBERS: usize = 8;

/// Of each tensor of a checkpoint the series that it is in: tensors whose names are alike but for one number.
#[derive(Debug, Default)]
pub struct Depths(Vec<Option<Depth>>);

/// A tensor's place in its series.
#[derive(Clone, Debug)]
struct Depth {
    /// How many tensors the series has.
    count: usize,
    /// Where the number is in this one's name.
    number: Range<usize>,
}

impl Depths {
    /// Compares the names. Of a name with several numbers the one is taken along which there are most tensors; of several such
    /// ones the first.
    pub fn new(tensors: &[Tensor]) -> Self {
        // What stands before a number has a key of its own, and so has that together with what stands behind.
        let mut keys: HashMap<(usize, &str), usize> = HashMap::new();
        let mut key = |before: usize, text| {
            let next = keys.len() + 1;
            *keys.entry((before, text)).or_insert(next)
        };
        let (mut counts, mut found) = (Vec::new(), Vec::new());
        for (index, Tensor { name, .. }) in tensors.iter().enumerate() {
            for number in numbers(name) {
                let before = key(0, &name[..number.start]);
                let series = key(before, &name[number.end..]);
                counts.resize(counts.len().max(series + 1), 0);
                counts[series] += 1_usize;
                found.push((index, number, series));
            }
        }
        let mut depths = vec![None; tensors.len()];
        for (index, number, series) in found {
            let (count, best): (usize, &mut Option<Depth>) = (counts[series], &mut depths[index]);
            if count >= FEWEST && best.as_ref().is_none_or(|best| count > best.count) {
                *best = Some(Depth { count, number });
            }
        }
        Depths(depths)
    }

    /// How many tensors are in a tensor's series, itself among them; `None` if there are fewer than 3.
    pub fn count(&self, index: usize) -> Option<usize> {
        self.0[index].as_ref().map(|depth| depth.count)
    }

    /// The series of a tensor; `None` where there is none.
    pub fn series<'a>(&self, tensors: &'a [Tensor], index: usize) -> Option<Series<'a>> {
        let Depth { number, .. } = self.0.get(index)?.as_ref()?;
        let name = tensors[index].name.as_str();
        let (before, behind) = (&name[..number.start], &name[number.end..]);
        let number = |tensor: &'a Tensor| {
            let number = tensor.name.strip_prefix(before)?.strip_suffix(behind)?;
            (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
        };
        let mut members: Vec<(usize, &str)> =
            tensors.iter().enumerate().filter_map(|(index, tensor)| Some((index, number(tensor)?))).collect();
        members.sort_by(|(_, a), (_, b)| natural(a, b));
        Some(Series { before, behind, members })
    }
}

/// Tensors whose names are alike but for one number.
#[derive(Debug)]
pub struct Series<'a> {
    /// What the names have before the number.
    pub before: &'a str,
    /// What they have behind it.
    pub behind: &'a str,
    /// The tensors by their numbers, each with its number as its name has it.
    pub members: Vec<(usize, &'a str)>,
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
        let Some(Series { before, behind, members }) = Depths::new(&tensors).series(&tensors, 0) else {
            return (vec![], None);
        };
        let numbers = members.into_iter().map(|(_, number)| number.to_owned()).collect();
        (numbers, Some((before.to_owned(), behind.to_owned())))
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
        assert_eq!(depths.series(&tensors, 7).unwrap().members, [(5, "0"), (6, "1"), (7, "2"), (8, "3"), (9, "4")]);
    }

    #[test]
    fn of_equally_many_siblings_those_of_the_first_number_are_taken() {
        let names: Vec<String> = (0..9).map(|at| format!("l.{}.e.{}.w", at / 3, at % 3)).collect();
        let tensors = tensors(&names);
        let series = Depths::new(&tensors).series(&tensors, 4).unwrap();
        assert_eq!(series.members, [(1, "0"), (4, "1"), (7, "2")]);
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
