//! Virtual datasets: which boxes of which other datasets they are put together from.

use super::open::Hdf5;
use super::reader::{At, Elements, Reader};
use crate::error::{Result, quoted};
use crate::limits;
use crate::model::{BitLayout, ByteOrder, Dtype, Layout, Mosaic, Patch, Tensor, element_count};
use crate::source::{FileId, base_name};
use crate::wire::hdf5::{Blocks, Mapping, Selection};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::rc::Rc;

/// A box: its first index and its shape.
type Part = (Vec<u64>, Vec<u64>);

/// A dataset that others are put together from: its elements as they are stored.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What the elements become.
    dtype: Dtype,
    /// How their bits are to be read, where no type of number has their form.
    bits: Option<BitLayout>,
    stored: Rc<Tensor>,
}

/// Why a mapping gives no boxes.
enum Stop {
    /// A file was not given.
    Absent(String),
    /// It cannot be read.
    Why(String),
}

/// The layout of a virtual dataset, or why its elements cannot be read.
pub(super) fn mosaic(
    reader: &mut Reader<'_>,
    at: At<'_>,
    mappings: &[Mapping],
    elements: &Elements,
) -> Result<Result<Layout, String>> {
    if !elements.described.shape.is_empty() {
        return Ok(Err("Its elements are arrays in other datasets, which are not read here.".to_owned()));
    }
    let mut patches = Vec::new();
    for mapping in mappings {
        for (names, to) in blocks(mapping, &elements.shape) {
            let found = match source(reader, at, &names, elements)? {
                Ok(source) => {
                    pieces(&mapping.from, &to, &source, &elements.shape, &mut reader.boxes).map_err(Stop::Why)
                }
                Err(stop) => Err(stop),
            };
            match found {
                Ok(found) if patches.len() + found.len() <= limits::HDF5_PATCHES => patches.extend(found),
                Ok(_) => {
                    let most = limits::HDF5_PATCHES;
                    return Ok(Err(format!("It is put together from more than {most} boxes.")));
                }
                Err(Stop::Why(why)) => return Ok(Err(why)),
                Err(Stop::Absent(file)) => {
                    reader.ask(&file, &at.object.path);
                    return Ok(Ok(Layout::Absent { file: base_name(&file).to_owned() }));
                }
            }
        }
    }
    let mut fill = elements.fill.clone();
    if let (Some(fill), ByteOrder::Big) = (&mut fill, elements.described.order) {
        fill.reverse();
    }
    Ok(Ok(Layout::Mosaic(Rc::new(Mosaic { patches, fill }))))
}

/// The names of a file and of a dataset in it.
struct Names {
    file: String,
    dataset: String,
}

/// The names of a mapping, for each block where they count blocks (`%b`); with the elements that each gives.
fn blocks<'a>(mapping: &'a Mapping, shape: &[u64]) -> impl Iterator<Item = (Names, Cow<'a, Selection>)> {
    let counts = |text: &str| named(text, 0) != named(text, 1);
    let counted = counts(&mapping.file) || counts(&mapping.dataset);
    let along = match &mapping.to {
        Selection::Regular(dimensions) if counted => {
            let place = dimensions.iter().position(|blocks| blocks.count.is_none());
            place.map(|place| (dimensions, place, dimensions[place]))
        }
        _ => None,
    };
    let count = along.map_or(1, |(_, place, along)| {
        let room = shape.get(place).copied().unwrap_or(0);
        room.saturating_sub(along.start).div_ceil(along.stride).min(limits::HDF5_PATCHES as u64 + 1)
    });
    (0..count).map(move |number| {
        let to = match along {
            None => Cow::Borrowed(&mapping.to),
            Some((dimensions, place, along)) => {
                let mut dimensions = dimensions.clone();
                dimensions[place] = Blocks { start: along.start + number * along.stride, count: Some(1), ..along };
                Cow::Owned(Selection::Regular(dimensions))
            }
        };
        (Names { file: named(&mapping.file, number), dataset: named(&mapping.dataset, number) }, to)
    })
}

/// A name with the number of a block in it; two percent signs are one.
fn named(text: &str, block: u64) -> String {
    text.split("%%").map(|part| part.replace("%b", &block.to_string())).collect::<Vec<_>>().join("%")
}

/// The dataset that a mapping takes elements of.
fn source(reader: &mut Reader<'_>, at: At<'_>, names: &Names, elements: &Elements) -> Result<Result<Rc<Tensor>, Stop>> {
    let why = |why: String| Ok(Err(Stop::Why(why)));
    // Names of any length may count blocks.
    at.hdf5.file.charge((names.file.len() + names.dataset.len()) as u64)?;
    let name = quoted(&names.dataset);
    let other;
    let (hdf5, view) = if names.file == "." {
        (at.hdf5, at.view)
    } else {
        let Some(file) = reader.others.find(&names.file, &mut reader.checkpoint.files) else {
            return Ok(Err(Stop::Absent(names.file.clone())));
        };
        match opened(reader, file) {
            Ok(found) => other = found,
            Err(error) => {
                let file = quoted(&names.file);
                return why(format!("The file {file:?} that it is put together from cannot be read: {error}"));
            }
        }
        (&*other.0, other.1)
    };
    let Some(object) = hdf5.tree.followed(&hdf5.file, &names.dataset) else {
        return why(format!("The dataset {name:?} that it is put together from is not there."));
    };
    let key = (view, object.path.clone());
    let found = match reader.sources.get(&key) {
        Some(known) => known.clone(),
        None => {
            let Ok(dataset) = object.dataset(&hdf5.file) else {
                return why(format!("The dataset {name:?} that it is put together from is damaged, or is none."));
            };
            let (tensor, unreadable) = reader.make(At { hdf5, view, object }, &dataset, false)?;
            if let Some(unreadable) = unreadable {
                return why(format!("The dataset {name:?} that it is put together from cannot be read: {unreadable}"));
            }
            if let Layout::Absent { file } = &tensor.layout {
                return Ok(Err(Stop::Absent(file.clone())));
            }
            let dtype = tensor.dtype.clone();
            let (mut stored, bits) = match &tensor.layout {
                Layout::Encoded(encoded) => (encoded.stored.clone(), Some(encoded.bits.clone())),
                _ => (tensor, None),
            };
            stored.name = object.path.to_string();
            let made = Source { dtype, bits, stored: Rc::new(stored) };
            reader.sources.entry(key).or_insert(made).clone()
        }
    };
    if found.dtype != elements.described.dtype || found.bits != elements.described.bits {
        return why(format!("The dataset {name:?} that it is put together from is of another type."));
    }
    Ok(Ok(found.stored))
}

/// Another HDF5 file, read once, and the place that its addresses count in.
fn opened(reader: &mut Reader<'_>, file: FileId) -> Result<(Rc<Hdf5>, FileId)> {
    if let Some(known) = reader.opened.get(&file) {
        return Ok(known.clone());
    }
    let source = reader.checkpoint.files.get(file).source.clone();
    let hdf5 = Rc::new(Hdf5::open(&source)?);
    let view = reader.view(file, &hdf5);
    reader.opened.insert(file, (hdf5.clone(), view));
    Ok((hdf5, view))
}

const EXHAUSTED: &str = "The file's virtual datasets are put together from more boxes than are read here.";

/// The boxes of the whole, each with the one of its source that has the same elements in the same order.
fn pieces(
    from: &Selection,
    to: &Selection,
    source: &Rc<Tensor>,
    shape: &[u64],
    left: &mut usize,
) -> Result<Vec<Patch>, String> {
    let limited = |selection: &Selection| match selection {
        Selection::Regular(dimensions) => {
            dimensions.iter().all(|blocks| blocks.count.is_some() && blocks.len.is_some())
        }
        _ => true,
    };
    if *left == 0 {
        return Err(EXHAUSTED.to_owned());
    }
    let mut to_parts: VecDeque<Part> = parts(to, shape)?.into();
    let mut from_parts: VecDeque<Part> = parts(from, &source.shape)?.into();
    let mut patches = Vec::new();
    let weight = weight(shape.len().max(source.shape.len()));
    let mut take = |boxes: usize| {
        *left = left.saturating_sub(boxes.saturating_mul(weight));
        if *left > 0 { Ok(()) } else { Err(EXHAUSTED.to_owned()) }
    };
    take(to_parts.len() + from_parts.len())?;
    while let (Some(whole), Some(own)) = (to_parts.pop_front(), from_parts.pop_front()) {
        let [in_whole, in_own] = [&whole, &own].map(|(_, shape)| element_count(shape).unwrap_or(u64::MAX));
        match in_whole.cmp(&in_own) {
            Ordering::Equal => {
                let ((at, shape), (from, from_shape)) = (whole, own);
                patches.push(Patch { at, from, shape, from_shape, source: source.clone() });
            }
            Ordering::Greater => {
                split(whole, &mut to_parts);
                from_parts.push_front(own);
            }
            Ordering::Less => {
                split(own, &mut from_parts);
                to_parts.push_front(whole);
            }
        }
        take(1)?;
        if patches.len() * weight > limits::HDF5_PATCHES {
            return Err(format!("It is put together from more than {} boxes.", limits::HDF5_PATCHES));
        }
    }
    let rest = !to_parts.is_empty() || !from_parts.is_empty();
    if rest && limited(from) && limited(to) {
        return Err(format!("It takes other numbers of elements from {:?} than it gives.", quoted(&source.name)));
    }
    Ok(patches)
}

/// Puts the slices of a box along its outermost dimension of more than one index before other boxes.
fn split((at, shape): Part, parts: &mut VecDeque<Part>) {
    let Some(place) = shape.iter().position(|size| *size > 1) else { return };
    // No more of them than can be kept: the first half and the rest of long ones.
    let half = shape[place].div_ceil(2);
    for (start, len) in [(half, shape[place] - half), (0, half)] {
        let (mut at, mut shape) = (at.clone(), shape.clone());
        at[place] += start;
        shape[place] = len;
        if len > 0 {
            parts.push_front((at, shape));
        }
    }
}

/// The boxes of a selection in the order of its elements.
fn parts(selection: &Selection, shape: &[u64]) -> Result<Vec<Part>, String> {
    let parts = match selection {
        Selection::Nothing => Vec::new(),
        Selection::All => vec![(vec![0; shape.len()], shape.to_vec())],
        // Listed boxes come in the order of their first elements; where the order of all elements is another one, they have
        // several blocks side by side.
        Selection::Boxes(boxes) if side_by_side(boxes) => {
            return Err("It is put together from boxes side by side in a list, which are not read here.".to_owned());
        }
        Selection::Boxes(boxes) => boxes.clone(),
        Selection::Regular(dimensions) => regular(dimensions, shape)?,
    };
    // What holds nothing has no place among the others.
    let parts: Vec<Part> = parts.into_iter().filter(|(_, shape)| !shape.contains(&0)).collect();
    let inside = |(at, len): &Part| {
        at.len() == shape.len()
            && at
                .iter()
                .zip(len)
                .zip(shape)
                .all(|((at, len), size)| at.checked_add(*len).is_some_and(|end| end <= *size))
    };
    if parts.iter().all(inside) {
        return Ok(parts);
    }
    Err(format!("It is put together from boxes that reach outside of a shape of {shape:?}."))
}

/// Whether boxes share indices of the outermost dimension, so that their rows stand between each other's.
fn side_by_side(boxes: &[Part]) -> bool {
    boxes.windows(2).any(|pair| {
        let end = |(at, shape): &Part| at.first().zip(shape.first()).map(|(at, size)| at.saturating_add(*size));
        end(&pair[0]) > pair[1].0.first().copied()
    })
}

/// What a box of so many dimensions counts as.
fn weight(rank: usize) -> usize {
    rank.div_ceil(4).max(1)
}

/// The boxes of blocks at regular distances: all of the dimensions inside of the last one with several blocks, one block of
/// that one, one index of those outside.
fn regular(dimensions: &[Blocks], shape: &[u64]) -> Result<Vec<Part>, String> {
    if dimensions.len() != shape.len() {
        return Err(format!("It is put together by {} dimensions where there are {}.", dimensions.len(), shape.len()));
    }
    // The start and the length of each block, dimension by dimension.
    let mut blocks: Vec<Vec<(u64, u64)>> = Vec::new();
    let most = (limits::HDF5_PATCHES / weight(shape.len())) as u64;
    for (along, size) in dimensions.iter().zip(shape) {
        let room = size.saturating_sub(along.start);
        let len = along.len.unwrap_or(room);
        let count = along.count.unwrap_or_else(|| room.div_ceil(along.stride));
        if count > 1 && len == along.stride {
            // Without gaps.
            let all = count.checked_mul(len).ok_or("It is put together from more than can be counted.")?;
            blocks.push(vec![(along.start, if along.count.is_none() { all.min(room) } else { all })]);
            continue;
        }
        if count > most {
            return Err(format!("It is put together from more than {most} boxes."));
        }
        let block = |number: u64| {
            let start = along.start.saturating_add(number.saturating_mul(along.stride));
            let len = if along.count.is_none() { len.min(size.saturating_sub(start)) } else { len };
            (start, len)
        };
        blocks.push((0..count).map(block).collect());
    }
    let last = blocks.iter().rposition(|blocks| blocks.len() > 1).unwrap_or(0);
    let mut parts: Vec<Part> = vec![(Vec::new(), Vec::new())];
    for (place, blocks) in blocks.iter().enumerate() {
        let choices: Vec<(u64, u64)> = if place < last {
            let indices = blocks.iter().map(|(_, len)| *len).fold(0, u64::saturating_add);
            if indices.saturating_mul(parts.len() as u64) > most {
                return Err(format!("It is put together from more than {most} boxes."));
            }
            blocks
                .iter()
                .flat_map(|(start, len)| (0..*len).map(move |index| (start.saturating_add(index), 1)))
                .collect()
        } else {
            blocks.clone()
        };
        if choices.len().saturating_mul(parts.len()) as u64 > most {
            return Err(format!("It is put together from more than {most} boxes."));
        }
        let with = |(at, shape): &Part, (start, len): &(u64, u64)| {
            ([at.as_slice(), &[*start]].concat(), [shape.as_slice(), &[*len]].concat())
        };
        parts = parts.iter().flat_map(|part| choices.iter().map(move |choice| with(part, choice))).collect();
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks_of(start: u64, stride: u64, count: Option<u64>, len: Option<u64>) -> Blocks {
        Blocks { start, stride, count, len }
    }

    #[test]
    fn names_count_blocks() {
        assert_eq!(named("part-%b.h5", 12), "part-12.h5");
        assert_eq!(named("100%%b", 3), "100%b");
        assert_eq!(named("plain", 3), "plain");
    }

    #[test]
    fn boxes_come_in_the_order_of_their_elements() {
        // Every second row, and of each the first and the last two of six columns.
        let rows = blocks_of(1, 2, Some(2), Some(1));
        let columns = blocks_of(0, 4, Some(2), Some(2));
        let part = |row, column| (vec![row, column], vec![1, 2]);
        let expected = [part(1, 0), part(1, 4), part(3, 0), part(3, 4)];
        assert_eq!(regular(&[rows, columns], &[4, 6]).unwrap(), expected);
        // Without gaps it is one box; without an end as far as there is room.
        let all = blocks_of(0, 2, Some(3), Some(2));
        assert_eq!(regular(&[rows, all], &[4, 6]).unwrap().len(), 2);
        assert_eq!(regular(&[blocks_of(1, 1, Some(1), None)], &[7]).unwrap(), [(vec![1], vec![6])]);
        assert_eq!(regular(&[blocks_of(0, 3, None, Some(2))], &[7]).unwrap().last(), Some(&(vec![6], vec![1])));
        assert!(regular(&[blocks_of(0, 2, Some(u64::MAX), Some(1))], &[7]).is_err());
    }
}
