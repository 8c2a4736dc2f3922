//! The groups and arrays of an HDF5 file as Keras wrote them.

use crate::limits;
use crate::model::Tensor;
use crate::sort;
use std::collections::HashMap;

/// `a/b`; either part may be empty.
pub(super) fn joined(before: &str, after: &str) -> String {
    match (before, after) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{before}/{after}"),
    }
}

/// What stands behind the last slash.
pub(super) fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The tree of a file; the first group is its root.
#[derive(Debug)]
pub(super) struct Store {
    pub groups: Vec<Group>,
    /// In the order of the file.
    pub arrays: Vec<Array>,
    /// Where the bytes of the files that were added end, as if they stood behind each other.
    pub end: u64,
    /// The groups by their paths.
    paths: HashMap<String, usize>,
}

/// A group.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Its whole path, without a slash before it; empty for the root.
    pub path: String,
    /// The last part of its path.
    pub name: String,
    /// What Keras 3 notes beside variables: the name of the layer that they belong to.
    pub label: Option<String>,
    /// The names that Keras keeps in its attributes, by the attribute: `layer_names`, `weight_names`.
    pub texts: HashMap<String, Vec<String>>,
    /// The furthest header of it and of what is below it: Keras makes groups while it walks through a model, depth first, so this
    /// tells the order in which it did. Single headers may stand before, in gaps that were left.
    pub written: u64,
    /// The groups in it, as they were written.
    pub groups: Vec<usize>,
    /// The arrays in it: numbers by their value, then names.
    pub arrays: Vec<usize>,
}

/// An array.
#[derive(Debug)]
pub(super) struct Array {
    /// Its whole path, without a slash before it.
    pub path: String,
    pub tensor: Tensor,
}

impl Array {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        last_part(&self.path)
    }
}

impl Store {
    /// A store without groups and arrays.
    pub fn new() -> Self {
        Store { groups: vec![Group::default()], arrays: Vec::new(), end: 0, paths: HashMap::from([(String::new(), 0)]) }
    }

    /// The group of a path, made if it is not there.
    pub fn group(&mut self, path: &str) -> usize {
        let (mut at, mut end) = (0, 0);
        for name in path.split('/').filter(|_| !path.is_empty()) {
            end += name.len() + usize::from(end > 0);
            at = match self.paths.get(&path[..end]) {
                Some(group) => *group,
                None => {
                    let group = self.groups.len();
                    let path = path[..end].to_owned();
                    self.groups.push(Group { path: path.clone(), name: name.to_owned(), ..Group::default() });
                    self.groups[at].groups.push(group);
                    self.paths.insert(path, group);
                    group
                }
            };
        }
        at
    }

    /// Adds an array whose header is at a place.
    pub fn add(&mut self, path: &str, tensor: Tensor, written: u64) {
        let group = self.group(path.rsplit_once('/').map_or("", |(group, _)| group));
        let group = &mut self.groups[group];
        group.written = group.written.max(written);
        group.arrays.push(self.arrays.len());
        self.arrays.push(Array { path: path.to_owned(), tensor });
    }

    /// The group of a path below another one.
    pub fn child(&self, group: usize, path: &str) -> Option<usize> {
        self.paths.get(&joined(&self.groups[group].path, path)).copied()
    }

    /// Whether a group is that of a list: it has layers below it and no variables of its own.
    pub fn is_list(&self, group: usize) -> bool {
        self.child(group, "vars").is_none() && !self.groups[group].groups.is_empty()
    }

    /// Whether anything below a group is an array.
    pub fn holds_arrays(&self, group: usize) -> bool {
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            let group = &self.groups[group];
            if !group.arrays.is_empty() {
                return true;
            }
            open.extend(&group.groups);
        }
        false
    }

    /// What a person, or Keras, calls the layer of a group.
    pub fn label(&self, group: usize) -> Option<&str> {
        let vars = self.child(group, "vars")?;
        self.groups[vars].label.as_deref()
    }

    /// The names that an attribute of a group holds: long lists are cut into `layer_names0`, `layer_names1` …
    pub fn names(&self, group: usize, attribute: &str) -> Option<Vec<String>> {
        let texts = &self.groups[group].texts;
        texts.get(attribute).cloned().or_else(|| {
            let parts = (0..).map_while(|number| texts.get(&format!("{attribute}{number}")));
            let names: Vec<String> = parts.flatten().cloned().collect();
            texts.contains_key(&format!("{attribute}0")).then_some(names)
        })
    }

    /// How many bytes of names may be made of what is here.
    pub fn room(&self) -> usize {
        let there: usize = self.arrays.iter().map(|array| array.path.len()).sum();
        there.saturating_mul(4).saturating_add(limits::KERAS_NAMES)
    }

    /// Puts everything into the order of writing, arrays by their numbers.
    pub fn arrange(&mut self) {
        let mut written: Vec<u64> = self.groups.iter().map(|group| group.written).collect();
        // A group comes before those in it.
        for group in (0..self.groups.len()).rev() {
            let inside = self.groups[group].groups.iter().map(|child| written[*child]).max();
            written[group] = written[group].max(inside.unwrap_or(0));
        }
        for group in &mut self.groups {
            sort::by_key(&mut group.groups, |child| written[*child]);
            sort::by_key(&mut group.arrays, |array| {
                let name = self.arrays[*array].name();
                (name.parse::<u64>().unwrap_or(u64::MAX), *array)
            });
        }
    }

    /// The arrays by their paths.
    pub fn by_path(&self) -> HashMap<&str, usize> {
        self.arrays.iter().enumerate().map(|(place, array)| (array.path.as_str(), place)).collect()
    }
}
