use crate::Chart;
use crate::axes::{self, ABOVE, LABEL, MARGIN};
use crate::colors::mixed;
use crate::frame::{Area, Frame};
use crate::picture::Picture;
use crate::text::{printable, shortened, width};
use plotters::style::text_anchor::{HPos, VPos};
use serde::Deserialize;
use std::fmt::Write;

/// A tree as nested rectangles whose areas are the sizes of its leaves. Its nodes are its parts: one that has no room is a part
/// without width or height.
#[derive(Clone, Debug, Deserialize)]
pub struct Treemap {
    /// What is around it; it has no axes.
    pub frame: Frame,
    /// Parents before their children; those without a parent share the whole.
    pub nodes: Vec<Node>,
}

/// A leaf, or what holds others.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Written where there is room.
    pub label: String,
    /// Of a leaf its size; of what holds others nothing is read here: it is as large as they are together.
    pub size: f64,
    /// The place of its parent among the nodes.
    #[serde(default)]
    pub parent: Option<usize>,
}

/// Between a rectangle and those inside of it, and the room for a label above them.
const INSET: f64 = 2.0;
const HEAD: f64 = 15.0;
/// What is narrower or lower than this is not divided any more.
const SMALL: f64 = 3.0;

/// A tree with what is reckoned of each node.
struct Tree {
    children: Vec<Vec<usize>>,
    sizes: Vec<f64>,
    /// Which of the topmost nodes it belongs to, counted from 0, and how deep below it.
    places: Vec<(usize, u32)>,
    top: Vec<usize>,
}

impl Tree {
    fn new(nodes: &[Node]) -> Result<Self, String> {
        let mut tree = Tree { children: vec![vec![]; nodes.len()], sizes: vec![], places: vec![], top: vec![] };
        for (index, node) in nodes.iter().enumerate() {
            let Some(parent) = node.parent else {
                tree.places.push((tree.top.len(), 0));
                tree.top.push(index);
                continue;
            };
            if parent >= index {
                return Err("In a treemap a parent stands before its children.".to_owned());
            }
            let (group, depth) = tree.places[parent];
            tree.places.push((group, depth + 1));
            tree.children[parent].push(index);
        }
        let size = |node: &Node| if node.size.is_finite() { node.size.max(0.0) } else { 0.0 };
        tree.sizes = nodes.iter().map(size).collect();
        for index in (0..nodes.len()).rev() {
            if !tree.children[index].is_empty() {
                tree.sizes[index] = tree.children[index].iter().map(|child| tree.sizes[*child]).sum();
            }
        }
        // The largest first: what squarifying asks for.
        for siblings in tree.children.iter_mut().chain([&mut tree.top]) {
            siblings.sort_by(|a, b| tree.sizes[*b].total_cmp(&tree.sizes[*a]));
        }
        Ok(tree)
    }
}

impl Chart for Treemap {
    fn picture(&self) -> Result<Picture<'_>, String> {
        let (frame, colors) = (&self.frame, self.frame.colors);
        let tree = Tree::new(&self.nodes)?;
        let (right, bottom) = ((frame.width - MARGIN).max(MARGIN), (frame.height - MARGIN).max(ABOVE));
        let area = Area { left: MARGIN, top: ABOVE, right, bottom };
        let mut picture = Picture::new(frame, area);
        let mut parts = vec![Area::default(); self.nodes.len()];
        squarify(&tree.top, &tree.sizes, area, &mut parts);
        for (index, node) in self.nodes.iter().enumerate() {
            let part = parts[index];
            if part.width() <= 0.0 || part.height() <= 0.0 {
                continue;
            }
            let (group, depth) = tree.places[index];
            let shade = (0.30 + 0.16 * f64::from(depth)).min(0.78);
            let inner =
                Area { right: (part.right - 1.0).max(part.left), bottom: (part.bottom - 1.0).max(part.top), ..part };
            picture.fill(inner, mixed(colors.panel, colors.series(group), shade));
            let (leaf, room) = (tree.children[index].is_empty(), part.width() - MARGIN);
            let label = printable(&node.label);
            // A name that is cut down to less tells nothing.
            let wide = room >= width(&label, LABEL).min(width("…", LABEL) + 24.0);
            let labelled = part.height() >= HEAD + INSET && wide;
            if labelled {
                let at = (part.left + MARGIN / 2.0, part.top + INSET);
                picture.text(shortened(&label, LABEL, room), at, LABEL, (HPos::Left, VPos::Top), colors.ink);
            }
            if !leaf {
                let head = if labelled { HEAD } else { INSET };
                let inside = Area {
                    left: part.left + INSET,
                    top: part.top + head,
                    right: inner.right - INSET,
                    bottom: inner.bottom - INSET,
                };
                if inside.width() >= SMALL && inside.height() >= SMALL {
                    squarify(&tree.children[index], &tree.sizes, inside, &mut parts);
                }
            }
        }
        picture.parts = parts;
        axes::draw_titles(&mut picture, frame);
        Ok(picture)
    }

    /// `label,parent,size`: parents by their labels.
    fn csv(&self) -> String {
        let mut text = String::from("label,parent,size\n");
        for node in &self.nodes {
            let parent = node.parent.and_then(|parent| self.nodes.get(parent)).map_or("", |parent| &*parent.label);
            let _ = writeln!(text, "{},{},{}", crate::csv_text(&node.label), crate::csv_text(parent), node.size);
        }
        text
    }
}

/// Divides an area among siblings, the largest first, so that rectangles are as square as can be: rows along the shorter side,
/// each with as many of them as make its worst one better.
///
/// Source: Bruls, Huizing, van Wijk, "Squarified Treemaps" (2000).
fn squarify(siblings: &[usize], sizes: &[f64], area: Area, parts: &mut [Area]) {
    let total: f64 = siblings.iter().map(|index| sizes[*index]).sum();
    if total <= 0.0 {
        return;
    }
    let unit = area.width() * area.height() / total;
    let (mut rest, mut left) = (area, siblings);
    while let Some(first) = left.first().filter(|first| sizes[**first] > 0.0) {
        let side = rest.width().min(rest.height());
        let (mut count, mut sum) = (1, sizes[*first] * unit);
        let worst = |sum: f64, largest: f64, smallest: f64| {
            (side * side * largest / (sum * sum)).max(sum * sum / (side * side * smallest))
        };
        while let Some(next) = left.get(count).map(|next| sizes[*next] * unit).filter(|next| *next > 0.0) {
            let (largest, smallest) = (sizes[*first] * unit, sizes[left[count - 1]] * unit);
            if worst(sum + next, largest, next) > worst(sum, largest, smallest) {
                break;
            }
            (count, sum) = (count + 1, sum + next);
        }
        let thick = sum / side;
        let mut at = 0.0;
        for index in &left[..count] {
            let long = sizes[*index] * unit / thick;
            parts[*index] = if rest.width() >= rest.height() {
                let (top, bottom) = (rest.top + at, rest.top + at + long);
                Area { left: rest.left, top, right: rest.left + thick, bottom }
            } else {
                let (left, right) = (rest.left + at, rest.left + at + long);
                Area { left, top: rest.top, right, bottom: rest.top + thick }
            };
            at += long;
        }
        if rest.width() >= rest.height() {
            rest.left += thick;
        } else {
            rest.top += thick;
        }
        left = &left[count..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{frame, svg};
    use proptest::prelude::*;

    fn node(label: &str, size: f64, parent: Option<usize>) -> Node {
        Node { label: label.into(), size, parent }
    }

    #[test]
    fn children_lie_inside_of_their_parents_and_are_labelled() {
        let nodes = vec![
            node("encoder", 0.0, None),
            node("decoder", 30.0, None),
            node("attention", 40.0, Some(0)),
            node("mlp", 80.0, Some(0)),
            node("nothing", 0.0, Some(0)),
        ];
        let chart = Treemap { frame: frame(), nodes };
        let picture = chart.picture().unwrap();
        let parts = &picture.parts;
        for child in [2, 3] {
            let inside = parts[child].left >= parts[0].left && parts[child].right <= parts[0].right;
            assert!(inside && parts[child].top > parts[0].top && parts[child].bottom <= parts[0].bottom);
        }
        assert_eq!(parts[4], Area::default());
        let space = |part: &Area| part.width() * part.height();
        assert!((space(&parts[0]) / space(&parts[1]) - 4.0).abs() < 1e-6);
        assert!((space(&parts[3]) / space(&parts[2]) - 2.0).abs() < 1e-6);
        let svg = svg(&chart);
        assert!(["encoder", "decoder", "attention", "mlp"].iter().all(|label| svg.contains(label)));
    }

    #[test]
    fn a_child_before_its_parent_is_refused() {
        assert!(Treemap { frame: frame(), nodes: vec![node("a", 1.0, Some(0))] }.picture().is_err());
    }

    #[test]
    fn a_table_names_parents() {
        let chart = Treemap { frame: frame(), nodes: vec![node("a,b", 0.0, None), node("c", 7.0, Some(0))] };
        assert_eq!(chart.csv(), "label,parent,size\n\"a,b\",,0\nc,\"a,b\",7\n");
    }

    proptest! {
        #[test]
        fn areas_are_sizes_and_fill_the_whole(mut sizes in prop::collection::vec(0.01..1000.0f64, 1..40)) {
            sizes.sort_by(|a, b| b.total_cmp(a));
            let area = Area { left: 10.0, top: 20.0, right: 410.0, bottom: 220.0 };
            let mut parts = vec![Area::default(); sizes.len()];
            squarify(&(0..sizes.len()).collect::<Vec<_>>(), &sizes, area, &mut parts);
            let unit = area.width() * area.height() / sizes.iter().sum::<f64>();
            for (part, size) in parts.iter().zip(&sizes) {
                prop_assert!((part.width() * part.height() / (size * unit) - 1.0).abs() < 1e-6, "{:?}", part);
                prop_assert!(part.left >= area.left - 1e-6 && part.right <= area.right + 1e-6);
                prop_assert!(part.top >= area.top - 1e-6 && part.bottom <= area.bottom + 1e-6);
            }
            for (index, one) in parts.iter().enumerate() {
                for other in &parts[..index] {
                    let apart = one.right <= other.left + 1e-6 || other.right <= one.left + 1e-6
                        || one.bottom <= other.top + 1e-6 || other.bottom <= one.top + 1e-6;
                    prop_assert!(apart, "{:?} and {:?}", one, other);
                }
            }
        }
    }
}
