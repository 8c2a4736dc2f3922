//! The parameter table: modules as a tree, filtered and sorted.

use super::depth::Depths;
use super::natural::natural;
use super::tied::Sharing;
use crate::model::Tensor;
use crate::sort;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// Names are taken apart at most so often; what is left is one label.
const DEPTH: usize = 64;

/// A module: what the names of several tensors begin with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What the names begin with, the last separator left out.
    pub path: String,
    /// The part of the path below the group around it.
    pub label: String,
    /// How many tensors are below it.
    pub tensors: u64,
    /// Their elements.
    pub parameters: u64,
    /// Their bytes.
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Child {
    Group(usize),
    Tensor(usize),
}

/// The modules of a checkpoint, from the dots in the names, or from the slashes where one comes before the first dot.
///
/// A module that holds only one thing is no row of its own: its label stands before that one's.
#[derive(Debug, Default)]
pub struct Tree {
    /// All modules; parents come before what is below them.
    pub groups: Vec<Group>,
    /// Which tensors are on one storage.
    pub sharing: Sharing,
    /// Of each tensor the first one that is the same under another name.
    pub tied: Vec<Option<usize>>,
    /// Which tensors are the same thing at different depths.
    pub depths: Depths,
    /// Where each tensor's label begins in its name, in bytes.
    labels: Vec<usize>,
    children: Vec<Vec<Child>>,
    top: Vec<Child>,
}

/// By what the table is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table; File is the order of the file")]
pub enum Sort {
    File,
    Name,
    Shape,
    Dtype,
    Parameters,
    Bytes,
}

/// The names of the orders, as the page has them.
pub const SORTS: [(&str, Sort); 6] = [
    ("file", Sort::File),
    ("name", Sort::Name),
    ("shape", Sort::Shape),
    ("dtype", Sort::Dtype),
    ("parameters", Sort::Parameters),
    ("bytes", Sort::Bytes),
];

/// The rows of a table, everything unfolded: a module, then what is below it.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    /// A tensor by its index, or a module by the complement (`!`) of its index.
    pub rows: Vec<i32>,
    /// How many modules are around each row.
    pub depths: Vec<u8>,
    /// How many rows below each one belong to it.
    pub spans: Vec<u32>,
    /// How many tensors were found.
    pub matches: u64,
    /// Their elements; what several of them show is counted once.
    pub parameters: u64,
    /// The most bytes of a row.
    pub largest: u64,
}

/// One node of the tree before single children are joined to their parents.
#[derive(Default)]
struct Part<'a> {
    label: &'a str,
    children: Vec<Child>,
}

impl Tree {
    /// Takes the names apart.
    pub fn new(tensors: &[Tensor]) -> Self {
        let parts = take_apart(tensors);
        let sharing = Sharing::new(tensors);
        let tied = sharing.tied(tensors);
        let depths = Depths::new(tensors);
        let mut tree = Tree { sharing, tied, depths, labels: vec![0; tensors.len()], ..Tree::default() };
        let mut waiting: Vec<(Option<usize>, usize)> = vec![(None, 0)];
        while let Some((group, part)) = waiting.pop() {
            let children: Vec<Child> = parts[part]
                .children
                .iter()
                .map(|child| tree.join(&parts, tensors, group, *child, &mut waiting))
                .collect();
            match group {
                Some(group) => tree.children[group] = children,
                None => tree.top = children,
            }
        }
        tree.add_up(tensors);
        tree
    }

    /// The row that a child becomes, together with what stands alone below it.
    fn join(
        &mut self,
        parts: &[Part<'_>],
        tensors: &[Tensor],
        parent: Option<usize>,
        mut child: Child,
        waiting: &mut Vec<(Option<usize>, usize)>,
    ) -> Child {
        let around = parent.map_or(0, |parent| self.groups[parent].path.len() + 1);
        // Where the path ends; a label may be empty, so its length does not tell whether there was one.
        let mut end = None;
        loop {
            match child {
                Child::Tensor(index) => {
                    self.labels[index] = if tensors[index].name.is_char_boundary(around) { around } else { 0 };
                    return child;
                }
                Child::Group(part) => {
                    let len = end.map_or(around, |end| end + 1) + parts[part].label.len();
                    end = Some(len);
                    if let [only] = parts[part].children.as_slice() {
                        child = *only;
                        continue;
                    }
                    let name = first_name(parts, tensors, part);
                    let path = name[..len].to_owned();
                    let label = path[around..].to_owned();
                    self.groups.push(Group { path, label, ..Group::default() });
                    self.children.push(Vec::new());
                    waiting.push((Some(self.groups.len() - 1), part));
                    return Child::Group(self.groups.len() - 1);
                }
            }
        }
    }

    /// A tensor's label below its module.
    pub fn label<'a>(&self, tensors: &'a [Tensor], index: usize) -> &'a str {
        &tensors[index].name[self.labels[index]..]
    }

    /// Parents come before their children, so going backwards adds up.
    fn add_up(&mut self, tensors: &[Tensor]) {
        for group in (0..self.groups.len()).rev() {
            let (mut count, mut parameters, mut bytes) = (0, 0_u64, 0_u64);
            for child in &self.children[group] {
                let more = match child {
                    Child::Tensor(index) => (1, tensors[*index].elements(), tensors[*index].bytes()),
                    Child::Group(below) => {
                        let below = &self.groups[*below];
                        (below.tensors, below.parameters, below.bytes)
                    }
                };
                count += more.0;
                parameters = parameters.saturating_add(more.1);
                bytes = bytes.saturating_add(more.2);
            }
            let sum = &mut self.groups[group];
            (sum.tensors, sum.parameters, sum.bytes) = (count, parameters, bytes);
        }
        self.count_tied_once(tensors);
    }

    /// Takes from the sums what a module holds more than once: tensors that are the same under several names.
    fn count_tied_once(&mut self, tensors: &[Tensor]) {
        let (mut above, mut home) = (vec![None; self.groups.len()], vec![None; tensors.len()]);
        for (group, children) in self.children.iter().enumerate() {
            for child in children {
                match child {
                    Child::Tensor(index) => home[*index] = Some(group),
                    Child::Group(below) => above[*below] = Some(group),
                }
            }
        }
        let firsts: HashSet<usize> = self.tied.iter().flatten().copied().collect();
        let mut counted = HashSet::new();
        for (index, tensor) in tensors.iter().enumerate() {
            let Some(first) = self.tied[index].or(firsts.contains(&index).then_some(index)) else { continue };
            for group in std::iter::successors(home[index], |group| above[*group]) {
                if !counted.insert((group, first)) {
                    let sum = &mut self.groups[group];
                    sum.parameters = sum.parameters.saturating_sub(tensor.elements());
                    sum.bytes = sum.bytes.saturating_sub(tensor.bytes());
                }
            }
        }
    }

    /// The rows of the tensors that were found, one truth value a tensor, in an order.
    pub fn table(&self, tensors: &[Tensor], found: &[bool], sort: Sort, descending: bool, grouped: bool) -> Table {
        let mut table = Table::default();
        for (index, tensor) in tensors.iter().enumerate().filter(|(index, _)| found[*index]) {
            table.matches += 1;
            if self.tied[index].is_none_or(|first| !found[first]) {
                table.parameters = table.parameters.saturating_add(tensor.elements());
            }
        }
        let order = |a: &Child, b: &Child| {
            let order = self.compare(tensors, sort, *a, *b);
            if descending { order.reverse() } else { order }
        };
        if !grouped {
            let mut rows: Vec<Child> = (0..tensors.len()).filter(|index| found[*index]).map(Child::Tensor).collect();
            if sort != Sort::File || descending {
                sort::by(&mut rows, order);
            }
            for row in rows {
                table.push(row, 0);
            }
            return self.weigh(tensors, table);
        }
        let alive = self.alive(found);
        let shown = |child: &Child| match child {
            Child::Tensor(index) => found[*index],
            Child::Group(group) => alive[*group],
        };
        let sorted = |children: &[Child]| {
            let mut rows: Vec<Child> = children.iter().copied().filter(shown).collect();
            if sort != Sort::File || descending {
                sort::by(&mut rows, order);
            }
            rows.reverse();
            rows
        };
        // Modules being filled: their row, and what is still to come, last first.
        let mut open: Vec<(Option<usize>, Vec<Child>)> = vec![(None, sorted(&self.top))];
        while let Some((row, waiting)) = open.last_mut() {
            match waiting.pop() {
                Some(child) => {
                    table.push(child, open.len() - 1);
                    if let Child::Group(group) = child {
                        open.push((Some(table.rows.len() - 1), sorted(&self.children[group])));
                    }
                }
                None => {
                    if let Some(row) = *row {
                        table.spans[row] = u32::try_from(table.rows.len() - 1 - row).unwrap_or(u32::MAX);
                    }
                    open.pop();
                }
            }
        }
        self.weigh(tensors, table)
    }

    /// The table with its largest row.
    fn weigh(&self, tensors: &[Tensor], mut table: Table) -> Table {
        let bytes = |row: &i32| match usize::try_from(*row) {
            Ok(index) => tensors[index].bytes(),
            // Below 0, so its complement is an index.
            Err(_) => usize::try_from(!row).map_or(0, |group| self.groups[group].bytes),
        };
        table.largest = table.rows.iter().map(bytes).max().unwrap_or(0);
        table
    }

    /// Which modules have anything of what was found below them.
    fn alive(&self, found: &[bool]) -> Vec<bool> {
        let mut alive = vec![false; self.groups.len()];
        for group in (0..self.groups.len()).rev() {
            alive[group] = self.children[group].iter().any(|child| match child {
                Child::Tensor(index) => found[*index],
                Child::Group(below) => alive[*below],
            });
        }
        alive
    }

    fn compare(&self, tensors: &[Tensor], sort: Sort, a: Child, b: Child) -> Ordering {
        let label = |child| match child {
            Child::Tensor(index) => tensors[index].name.as_str(),
            Child::Group(group) => self.groups[group].path.as_str(),
        };
        let figure = |child| match (child, sort) {
            (Child::Tensor(index), Sort::Bytes) => tensors[index].bytes(),
            (Child::Tensor(index), _) => tensors[index].elements(),
            (Child::Group(group), Sort::Bytes) => self.groups[group].bytes,
            (Child::Group(group), _) => self.groups[group].parameters,
        };
        // One order for all rows: a rule for each pair of kinds would go in circles, which sorting answers with a panic.
        match (sort, a, b) {
            (Sort::Name, ..) => natural(label(a), label(b)),
            (Sort::Parameters | Sort::Bytes, ..) => figure(a).cmp(&figure(b)),
            (Sort::Shape | Sort::Dtype, Child::Group(_), Child::Tensor(_)) => Ordering::Less,
            (Sort::Shape | Sort::Dtype, Child::Tensor(_), Child::Group(_)) => Ordering::Greater,
            (Sort::Shape, Child::Tensor(a), Child::Tensor(b)) => tensors[a].shape.cmp(&tensors[b].shape),
            (Sort::Dtype, Child::Tensor(a), Child::Tensor(b)) => tensors[a].dtype.name().cmp(tensors[b].dtype.name()),
            _ => self.first(a).cmp(&self.first(b)),
        }
    }

    /// The first tensor of a row, in the order of the file.
    fn first(&self, mut child: Child) -> usize {
        loop {
            match child {
                Child::Tensor(index) => return index,
                Child::Group(group) => match self.children[group].first() {
                    Some(below) => child = *below,
                    None => return usize::MAX,
                },
            }
        }
    }
}

impl Table {
    fn push(&mut self, child: Child, depth: usize) {
        self.rows.push(match child {
            Child::Tensor(index) => i32::try_from(index).unwrap_or(i32::MAX),
            Child::Group(group) => !i32::try_from(group).unwrap_or(i32::MAX),
        });
        self.depths.push(u8::try_from(depth).unwrap_or(u8::MAX));
        self.spans.push(0);
    }
}

/// A tree with a node for each part of each name; the first node is the top.
fn take_apart(tensors: &[Tensor]) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = vec![Part::default()];
    let mut known: HashMap<(usize, &str), usize> = HashMap::new();
    // The nodes that the last name went through: the next one mostly goes through the same.
    let mut path: Vec<usize> = Vec::new();
    for (index, tensor) in tensors.iter().enumerate() {
        // TensorFlow's `dense/.ATTRIBUTES/…` and a layer called `v1.5` within a path have slashes between their parts.
        let separator = tensor.name.chars().find(|letter| matches!(letter, '.' | '/')).unwrap_or('.');
        let mut labels = tensor.name.splitn(DEPTH, separator).peekable();
        let (mut at, mut depth) = (0, 0);
        while let Some(label) = labels.next() {
            if labels.peek().is_none() {
                break;
            }
            let same = path.get(depth).copied().filter(|last| parts[*last].label == label);
            at = same.unwrap_or_else(|| {
                path.truncate(depth);
                let below = *known.entry((at, label)).or_insert_with(|| {
                    parts.push(Part { label, children: Vec::new() });
                    let new = parts.len() - 1;
                    parts[at].children.push(Child::Group(new));
                    new
                });
                path.push(below);
                below
            });
            depth += 1;
        }
        parts[at].children.push(Child::Tensor(index));
    }
    parts
}

/// The name of the first tensor below a node.
fn first_name<'a>(parts: &[Part<'_>], tensors: &'a [Tensor], mut part: usize) -> &'a str {
    loop {
        match parts[part].children.first() {
            Some(Child::Tensor(index)) => return &tensors[*index].name,
            Some(Child::Group(below)) => part = *below,
            None => return "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::Query;
    use super::*;
    use crate::model::{ByteRange, Dtype, Layout, Number};
    use crate::source::{Files, Memory};
    use std::rc::Rc;

    fn tensors<S: AsRef<str>>(names: &[S]) -> Vec<Tensor> {
        let layout = Layout::Absent { file: String::new() };
        let tensor = |(index, name): (usize, &S)| {
            Tensor::new(name.as_ref(), Dtype::Number(Number::F32), vec![index as u64 + 1], layout.clone())
        };
        names.iter().enumerate().map(tensor).collect()
    }

    fn found(query: &str, tensors: &[Tensor]) -> Vec<bool> {
        let query = Query::parse(query).unwrap();
        tensors.iter().map(|tensor| query.finds(tensor, None)).collect()
    }

    /// The rows as text: depth as indentation, then the label.
    fn shown(names: &[&str], query: &str, sort: Sort, descending: bool) -> Vec<String> {
        let tensors = tensors(names);
        let tree = Tree::new(&tensors);
        let table = tree.table(&tensors, &found(query, &tensors), sort, descending, true);
        let label = |row: i32| match usize::try_from(row) {
            Ok(index) => tree.label(&tensors, index).to_owned(),
            Err(_) => format!("{}/", tree.groups[usize::try_from(!row).unwrap()].label),
        };
        table.rows.iter().zip(&table.depths).map(|(row, depth)| "  ".repeat((*depth).into()) + &label(*row)).collect()
    }

    #[test]
    fn modules_with_one_thing_in_them_are_no_rows() {
        let names = [
            "model.layers.0.q_proj.weight",
            "model.layers.0.norm.weight",
            "model.layers.0.norm.bias",
            "lm_head.weight",
        ];
        let expected = ["model.layers.0/", "  q_proj.weight", "  norm/", "    weight", "    bias", "lm_head.weight"];
        assert_eq!(shown(&names, "", Sort::File, false), expected);
    }

    #[test]
    fn a_filter_keeps_the_modules_around_what_it_finds() {
        let names = ["a.x.w", "a.x.b", "a.y.w", "a.y.b", "c.w", "c.b"];
        assert_eq!(shown(&names, "*.y.w", Sort::File, false), ["a/", "  y/", "    w"]);
    }

    #[test]
    fn sorts_as_a_person_counts_and_modules_by_what_is_in_them() {
        let names = ["layers.10.w", "layers.10.b", "layers.2.w", "layers.2.b"];
        assert_eq!(shown(&names, "*.w", Sort::Name, false), ["layers/", "  2/", "    w", "  10/", "    w"]);
        let by_size = shown(&names, "", Sort::Parameters, true);
        assert_eq!(by_size, ["layers/", "  2/", "    b", "    w", "  10/", "    b", "    w"]);
    }

    /// Modules and tensors side by side, in a shuffled order of shapes.
    #[test]
    fn sorts_modules_beside_tensors_by_every_column() {
        let names = (0..1000).map(|i| if i % 3 == 0 { format!("module{}.{i}", i / 6) } else { format!("tensor{i}") });
        let mut tensors = tensors(&names.collect::<Vec<_>>());
        for (index, tensor) in tensors.iter_mut().enumerate() {
            tensor.shape = vec![index as u64 * 7919 % 1000];
            tensor.dtype = Dtype::Number([Number::F32, Number::U8, Number::Bf16][index * 31 % 3]);
        }
        let tree = Tree::new(&tensors);
        for (_, sort) in SORTS {
            for descending in [false, true] {
                let table = tree.table(&tensors, &vec![true; 1000], sort, descending, true);
                assert_eq!(table.rows.len(), 1000 + tree.groups.len());
            }
        }
        let table = tree.table(&tensors, &vec![true; 1000], Sort::Shape, false, true);
        let top = table.rows.iter().zip(&table.depths).filter(|(_, depth)| **depth == 0).map(|(row, _)| *row);
        let top: Vec<usize> = top.filter_map(|row| usize::try_from(row).ok()).collect();
        assert!(top.len() > 600 && top.is_sorted_by_key(|index| &tensors[*index].shape));
    }

    #[test]
    fn names_that_begin_with_a_separator_keep_their_labels() {
        assert_eq!(shown(&[".é.x", ".é.y"], "", Sort::File, false), [".é/", "  x", "  y"]);
        assert_eq!(shown(&["..a.x", "..a.y", "..b"], "", Sort::File, false), ["./", "  a/", "    x", "    y", "  b"]);
        assert_eq!(shown(&["/m/x", "/m/y"], "", Sort::File, false), ["/m/", "  x", "  y"]);
    }

    #[test]
    fn what_separates_first_separates_all() {
        let names = ["net/v1.5/.ATTRIBUTES/VALUE", "net/v2/.ATTRIBUTES/VALUE", "block.0/x", "block.1/x"];
        let expected = ["net/", "  v1.5/.ATTRIBUTES/VALUE", "  v2/.ATTRIBUTES/VALUE", "block/", "  0/x", "  1/x"];
        assert_eq!(shown(&names, "", Sort::File, false), expected);
    }

    #[test]
    fn odd_names_have_rows_too() {
        let names = ["", "a", "a.b", "__proto__", "a", ".", "x/y", "x/z"];
        let tensors = tensors(&names);
        let table = Tree::new(&tensors).table(&tensors, &found("", &tensors), Sort::File, false, true);
        let mut rows: Vec<i32> = table.rows.into_iter().filter(|row| *row >= 0).collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..8).collect::<Vec<i32>>());
    }

    #[test]
    fn spans_count_the_rows_below_and_groups_add_up() {
        let tensors = tensors(&["a.x.w", "a.x.b", "a.y"]);
        let tree = Tree::new(&tensors);
        let table = tree.table(&tensors, &found("", &tensors), Sort::File, false, true);
        assert_eq!(table.spans, [4, 2, 0, 0, 0]);
        assert_eq!((tree.groups[0].tensors, tree.groups[0].parameters), (3, 6));
    }

    #[test]
    fn a_module_counts_tied_tensors_once() {
        let storage = ByteRange { file: Files::new().add("f", Rc::new(Memory::new([]))), offset: 0, len: 8 };
        let view = |name: &str| {
            let strides = vec![1];
            let layout = Layout::Strided { storage, start: 0, strides, conjugated: false, negated: false };
            Tensor::new(name, Dtype::Number(Number::F32), vec![2], layout)
        };
        let tensors = [view("a.x"), view("a.y"), view("b.z"), view("b.w.v")];
        let tree = Tree::new(&tensors);
        let sums: Vec<_> = tree.groups.iter().map(|group| (group.path.as_str(), group.tensors, group.bytes)).collect();
        assert_eq!(sums, [("a", 2, 8), ("b", 2, 8)]);
    }

    #[test]
    fn many_tensors_and_deep_names_take_no_long_time() {
        let mut names: Vec<String> =
            (0..100_000).map(|i| format!("model.layers.{}.block.{}.weight", i / 100, i % 100)).collect();
        names.push(".".repeat(100_000));
        let tensors = tensors(&names);
        let start = std::time::Instant::now();
        let tree = Tree::new(&tensors);
        let table = tree.table(&tensors, &found("block.7", &tensors), Sort::Parameters, true, true);
        assert_eq!(table.matches, 11_000);
        assert!(start.elapsed().as_secs_f64() < 3.0, "{:?}", start.elapsed());
    }
}
