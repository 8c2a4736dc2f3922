//! What names tell: layers that are alike, modules, and what a tensor is inside its module.

use crate::limits;
use crate::subject::{Element, Part, Patient, Subject};
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// What is read off the headers once, in a time that grows with the number of tensors.
#[derive(Debug)]
pub(crate) struct Anatomy {
    /// The same weight in several layers: numbers of the layers, and tensors.
    pub siblings: Vec<Vec<(u64, usize)>>,
    /// Of each tensor the group among [`Anatomy::siblings`] that it belongs to, the largest one.
    pub family: Vec<Option<usize>>,
    /// Of each tensor of a group the layer that it is in, as a key of [`Anatomy::layers`].
    pub layer: Vec<u64>,
    /// The tensors of one layer that have families.
    pub layers: HashMap<u64, Vec<usize>>,
    /// The tensors of one module that are not an optimizer's, by the module's path; in the order of the file.
    pub modules: Vec<Vec<usize>>,
}

/// What TensorFlow's object graphs append to names.
const TENSORFLOW: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

/// A name without what only its format needs.
pub(crate) fn plain(name: &str) -> &str {
    let name = name.strip_suffix(TENSORFLOW).unwrap_or(name);
    name.strip_suffix(":0").unwrap_or(name)
}

/// The path of the module, and what the tensor is called in it.
pub(crate) fn parted(name: &str) -> (&str, &str) {
    let name = plain(name);
    name.rfind(['.', '/']).map_or(("", name), |at| (&name[..at], &name[at + 1..]))
}

/// Where numbers of modules stand in a name: each ends where a part of the name does.
fn numbers(name: &str) -> impl Iterator<Item = (usize, usize)> {
    let (module, _) = parted(name);
    let bytes = module.as_bytes();
    let ends = (1..=bytes.len()).filter(move |end| {
        bytes[end - 1].is_ascii_digit() && bytes.get(*end).is_none_or(|next| matches!(next, b'.' | b'/'))
    });
    let run = move |end: usize| {
        let start = bytes[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        (start, end)
    };
    ends.map(run).take(limits::NUMBERS)
}

fn hash(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

impl Anatomy {
    pub fn of(patient: &Patient) -> Self {
        let subjects = &patient.subjects;
        let mut groups: HashMap<u64, Vec<(u64, usize)>> = HashMap::new();
        let mut order = Vec::new();
        let mut keys: Vec<Vec<(u64, u64)>> = Vec::with_capacity(subjects.len());
        for (index, subject) in subjects.iter().enumerate() {
            let mut own = Vec::new();
            if subject.part != Part::Optimizer {
                let name = subject.name.as_str();
                for (start, end) in numbers(name) {
                    let Ok(number) = name[start..end].parse() else { continue };
                    let key = hash(&[&name[..start], "number", &name[end..]]);
                    let group = groups.entry(key).or_default();
                    if group.is_empty() {
                        order.push(key);
                    }
                    group.push((number, index));
                    own.push((key, hash(&[&name[..end]])));
                }
            }
            keys.push(own);
        }
        let place: HashMap<u64, usize> = order.iter().enumerate().map(|(at, key)| (*key, at)).collect();
        let mut layer = vec![0; subjects.len()];
        let mut layers: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut family = vec![None; subjects.len()];
        for (index, own) in keys.iter().enumerate() {
            // Of several numbers the one that counts most layers; the outer one if they count as many.
            let best = own.iter().rev().max_by_key(|(key, _)| groups[key].len());
            let Some((key, in_layer)) = best.filter(|(key, _)| groups[key].len() > 1) else { continue };
            family[index] = Some(place[key]);
            layer[index] = *in_layer;
            layers.entry(*in_layer).or_default().push(index);
        }
        // Each tensor is in one family only: others' members that chose another one leave.
        let mut siblings: Vec<Vec<(u64, usize)>> =
            order.iter().map(|key| groups.remove(key).unwrap_or_default()).collect();
        for (at, group) in siblings.iter_mut().enumerate() {
            group.retain(|(_, index)| family[*index] == Some(at));
        }
        Anatomy { siblings, family, layer, layers, modules: modules(subjects) }
    }

    /// The tensors that are the same weight in other layers.
    pub fn others(&self, index: usize) -> impl Iterator<Item = (u64, usize)> {
        let group = self.family[index].map_or(&[][..], |family| &self.siblings[family]);
        group.iter().copied().filter(move |(_, other)| *other != index)
    }

    /// Whether two tensors are the same weight of two layers.
    pub fn are_siblings(&self, a: usize, b: usize) -> bool {
        self.family[a].is_some() && self.family[a] == self.family[b]
    }
}

fn modules(subjects: &[Subject]) -> Vec<Vec<usize>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut modules: Vec<Vec<usize>> = Vec::new();
    for (index, subject) in subjects.iter().enumerate().filter(|(_, subject)| subject.part != Part::Optimizer) {
        let (module, _) = parted(&subject.name);
        let place = *places.entry(module).or_insert_with(|| {
            modules.push(Vec::new());
            modules.len() - 1
        });
        modules[place].push(index);
    }
    modules
}

/// What the name of a tensor says of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// A scale of a normalisation, or any weight.
    Weight,
    /// What is added.
    Bias,
    /// A mean that was taken while training.
    Mean,
    /// A variance likewise.
    Variance,
    /// Not told.
    Other,
}

const LEAVES: [(&str, Leaf); 15] = [
    ("weight", Leaf::Weight),
    ("gamma", Leaf::Weight),
    ("scale", Leaf::Weight),
    ("kernel", Leaf::Weight),
    ("bias", Leaf::Bias),
    ("beta", Leaf::Bias),
    ("b", Leaf::Bias),
    ("in_proj_bias", Leaf::Bias),
    ("running_mean", Leaf::Mean),
    ("moving_mean", Leaf::Mean),
    ("mean", Leaf::Mean),
    ("running_var", Leaf::Variance),
    ("moving_variance", Leaf::Variance),
    ("moving_var", Leaf::Variance),
    ("var", Leaf::Variance),
];

impl Subject {
    pub(crate) fn leaf(&self) -> Leaf {
        let (_, leaf) = parted(&self.name);
        LEAVES.iter().find(|(name, _)| *name == leaf).map_or(Leaf::Other, |(_, leaf)| *leaf)
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self.element, Element::Float { .. })
    }

    /// Weights that training changes, as far as is known.
    pub(crate) fn is_trained(&self) -> bool {
        self.is_float() && self.part == Part::Model && !self.is_table()
    }

    /// Tables that a program computes, and its masks: no fault, whatever is in them.
    fn is_table(&self) -> bool {
        const TABLES: [&str; 14] = [
            "inv_freq",
            "freqs",
            "cos",
            "sin",
            "rotary",
            "mask",
            "position_id",
            "relative_position_index",
            "relative_coords",
            "anchors",
            "zero_point",
            "zeros",
            "num_batches_tracked",
            "bucket",
        ];
        let (module, leaf) = parted(&self.name);
        let leaf = leaf.to_lowercase();
        TABLES.iter().any(|table| leaf.contains(table)) || module.ends_with("rotary_emb")
    }

    /// A table of vectors, one for each of many things.
    pub(crate) fn is_embedding(&self) -> bool {
        const NAMES: [&str; 4] = ["embed", "wte", "wpe", "vocab"];
        let (module, leaf) = parted(&self.name);
        let inside = module.rsplit(['.', '/']).next().unwrap_or_default();
        [inside, leaf].iter().any(|name| NAMES.iter().any(|part| name.to_lowercase().contains(part)))
    }

    /// How many inputs one output has, and how many outputs one input; `None` for what is no matrix.
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    pub(crate) fn fans(&self) -> Option<(f64, f64)> {
        let [first, .., last] = self.shape[..] else { return None };
        let all = self.shape.iter().fold(1.0, |all, size| all * *size as f64);
        if all == 0.0 {
            return None;
        }
        let (_, leaf) = parted(&self.name);
        Some(if leaf == "kernel" {
            let (ins, outs) = (self.shape[self.shape.len() - 2] as f64, last as f64);
            (all / outs, all / ins)
        } else {
            (all / first as f64, all / self.shape[1] as f64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(names: &[&str]) -> Patient {
        let element = Element::Float { bits: 32, wide: true };
        let subject = |name: &&str| Subject {
            name: (*name).to_owned(),
            shape: vec![2, 2],
            element,
            part: Part::Model,
            tied: None,
            parameter: None,
        };
        Patient { subjects: names.iter().map(subject).collect(), listed: Vec::new() }
    }

    #[test]
    fn names_that_differ_in_one_number_are_siblings() {
        let names = [
            "l.0.q.weight",
            "l.0.fc1.weight",
            "l.0.fc2.weight",
            "l.1.q.weight",
            "l.2.q.weight",
            "l.1.fc1.weight",
            "l.2.fc1.weight",
            "block_3/x/kernel:0",
            "block_4/x/kernel:0",
            "w1",
        ];
        let anatomy = Anatomy::of(&patient(&names));
        let others = |index| anatomy.others(index).map(|(_, other)| other).collect::<Vec<_>>();
        assert_eq!(others(0), [3, 4]);
        // The first fc has more layers than there are numbers of an fc.
        assert_eq!(others(1), [5, 6]);
        assert_eq!(others(7), [8]);
        assert!(others(9).is_empty());
        assert!(anatomy.are_siblings(0, 4) && !anatomy.are_siblings(0, 1));
    }

    #[test]
    fn fans_follow_the_convention_of_the_name() {
        let of =
            |name: &str, shape: &[u64]| Subject { shape: shape.to_vec(), ..patient(&[name]).subjects.remove(0) }.fans();
        assert_eq!(of("a.weight", &[10, 4]), Some((4.0, 10.0)));
        assert_eq!(of("a/kernel:0", &[4, 10]), Some((4.0, 10.0)));
        assert_eq!(of("a.weight", &[8, 4, 3, 3]), Some((36.0, 72.0)));
        assert_eq!(of("a/kernel", &[3, 3, 4, 8]), Some((36.0, 72.0)));
        assert_eq!(of("a.weight", &[10]), None);
    }
}
