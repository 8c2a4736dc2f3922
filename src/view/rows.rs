//! The rows of the parameter table: tensors, and the modules around them.

use super::columns::{Column, Columns, Shared, Texts};
use super::facts::js;
use super::report;
use super::storage::{Member, Place, Quantization, chunked_in, layout_text, members, quantization};
use super::table::{Group, Tree};
use super::tied::SHOWN_SHARES;
use crate::decode::Matrix;
use crate::model::{Checkpoint, Layout, Role, Tensor};

/// One tensor's row.
#[expect(missing_docs, reason = "what the tensor itself says")]
pub struct TensorFact<'a> {
    pub name: &'a str,
    /// The part of its name below its module.
    pub label: &'a str,
    pub dtype: &'a str,
    pub shape: &'a [u64],
    pub elements: u64,
    /// Bytes of one dense copy.
    pub bytes: u64,
    pub device: Option<&'a str>,
    /// In elements, for a view of a storage.
    pub strides: Option<&'a [u64]>,
    /// The indices of other tensors on the same storage, at most [`SHOWN_SHARES`].
    pub shares: Vec<usize>,
    /// The file that holds its elements.
    pub file: Option<&'a str>,
    /// The record of the file, such as an entry of an archive.
    pub record: Option<&'a str>,
    /// Whether its first byte is counted from the start of the record: it may be compressed there.
    pub within: bool,
    /// The byte at which its first element begins there.
    pub offset: Option<u64>,
    /// The file that holds it and was not given.
    pub absent: Option<String>,
    /// Why its elements cannot be shown.
    pub problem: Option<String>,
    /// What it is to its model.
    pub role: Option<&'static str>,
    /// Another name that the file has for it.
    pub alias: Option<&'a str>,
    pub requires_grad: Option<bool>,
    /// The index of the first tensor that shows the very same elements.
    pub tied: Option<usize>,
    /// Bytes of the storage that it is a view of.
    pub storage_bytes: Option<u64>,
    /// Where it begins in the storage, in elements.
    pub storage_offset: Option<u64>,
    /// How it is stored, where it is not a plain view.
    pub layout: Option<String>,
    /// The stored parts of which it is made.
    pub members: Vec<Member>,
    /// What its codes stand for.
    pub quantization: Option<Quantization>,
    /// How many tensors are named alike but for one number, itself among them, where they are a series.
    pub depth: Option<u64>,
    /// Rows and columns as a matrix of real numbers, for a tensor that has at least two axes.
    pub matrix: Option<[u64; 2]>,
}

/// The rows of all tensors, in the order of the file.
pub fn tensors<'a>(checkpoint: &'a Checkpoint, tree: &'a Tree) -> impl Iterator<Item = TensorFact<'a>> {
    let outputs_last = checkpoint.outputs_last();
    let fact = move |(index, tensor): (usize, &'a Tensor)| {
        let range = tensor.layout.storage();
        let shares = tree.sharing.sharers(index).iter().copied();
        let inner = match &tensor.layout {
            Layout::Quantized(quantized) => &quantized.codes,
            layout => layout,
        };
        let (strides, start, view) = match inner {
            Layout::Strided { strides, start, storage, .. } => (Some(strides.as_slice()), *start, Some(storage)),
            _ => (None, 0, None),
        };
        let before = start * tensor.dtype.bits().unwrap_or(0) / 8;
        let place = range.map(|range| Place::new(&checkpoint.files, range, before));
        let (absent, problem) = report::trouble(&tensor.layout);
        TensorFact {
            name: &tensor.name,
            label: tree.label(&checkpoint.tensors, index),
            dtype: tensor.dtype.name(),
            shape: &tensor.shape,
            elements: tensor.elements(),
            bytes: tensor.bytes(),
            device: tensor.device.as_deref(),
            strides,
            shares: shares.filter(|other| *other != index).take(SHOWN_SHARES).collect(),
            within: place.as_ref().is_some_and(|place| place.within),
            offset: place.as_ref().and_then(|place| place.offset),
            record: place.as_ref().and_then(|place| place.record),
            file: place.map(|place| place.file).or_else(|| chunked_in(&checkpoint.files, inner)),
            absent,
            problem,
            role: tensor.role.map(Role::name),
            alias: tensor.more.as_ref().and_then(|more| more.alias.as_deref()),
            requires_grad: tensor.requires_grad,
            tied: tree.tied[index],
            storage_bytes: view.map(|range| range.len),
            storage_offset: view.map(|_| start),
            layout: layout_text(&tensor.layout),
            members: members(&checkpoint.files, tensor),
            quantization: quantization(tensor),
            depth: tree.depths.count(index).map(|count| count as u64),
            matrix: Matrix::sides(tensor, outputs_last).map(Into::into),
        }
    };
    checkpoint.tensors.iter().enumerate().map(fact)
}

/// A column's name on the page, and its value of a row.
type Text = (&'static str, for<'r> fn(&'r TensorFact<'_>) -> Option<&'r str>);
type Number = (&'static str, fn(&TensorFact<'_>) -> Option<u64>);
type Value = (&'static str, fn(&TensorFact<'_>, &mut Shared));

const TEXTS: [Text; 3] =
    [("name", |row| Some(row.name)), ("label", |row| Some(row.label)), ("record", |row| row.record)];

const NUMBERS: [Number; 7] = [
    ("elements", |row| Some(row.elements)),
    ("bytes", |row| Some(row.bytes)),
    ("offset", |row| row.offset),
    ("tied", |row| row.tied.map(|first| first as u64)),
    ("storageBytes", |row| row.storage_bytes),
    ("storageOffset", |row| row.storage_offset),
    ("depth", |row| row.depth),
];

const SHARED: [Value; 16] = [
    ("dtype", |row, column| column.push(&row.dtype)),
    ("shape", |row, column| column.push(&row.shape)),
    ("device", |row, column| column.push(&row.device)),
    ("strides", |row, column| column.push(&row.strides)),
    ("shares", |row, column| column.push(&some(&row.shares))),
    ("file", |row, column| column.push(&row.file)),
    ("within", |row, column| column.push(&row.within)),
    ("absent", |row, column| column.push(&row.absent)),
    ("problem", |row, column| column.push(&row.problem)),
    ("role", |row, column| column.push(&row.role)),
    ("alias", |row, column| column.push(&row.alias)),
    ("requiresGrad", |row, column| column.push(&row.requires_grad)),
    ("layout", |row, column| column.push(&row.layout)),
    ("members", |row, column| column.push(&some(&row.members))),
    ("quantization", |row, column| column.push(&row.quantization)),
    ("matrix", |row, column| column.push(&row.matrix)),
];

/// A list that has anything in it.
fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

/// The rows of all tensors as columns.
pub fn tensor_columns(checkpoint: &Checkpoint, tree: &Tree) -> Columns {
    let mut texts = TEXTS.map(|(name, value)| (name, value, Texts::default()));
    let mut numbers = NUMBERS.map(|(name, value)| (name, value, Vec::new()));
    let mut shared = SHARED.map(|(name, push)| (name, push, Shared::default()));
    for row in tensors(checkpoint, tree) {
        for (_, value, column) in &mut texts {
            column.push(value(&row));
        }
        for (_, value, column) in &mut numbers {
            column.push(value(&row).map_or(f64::NAN, js));
        }
        for (_, push, column) in &mut shared {
            push(&row, column);
        }
    }
    let texts = texts.into_iter().map(|(name, _, column)| (name, Column::Texts(column)));
    let numbers = numbers.into_iter().map(|(name, _, column)| (name, Column::Numbers(column)));
    let shared = shared.into_iter().map(|(name, _, column)| (name, Column::Shared(column)));
    Columns { count: checkpoint.tensors.len(), fields: texts.chain(numbers).chain(shared).collect() }
}

/// All modules as columns.
pub fn group_columns(tree: &Tree) -> Columns {
    let texts = |text: fn(&Group) -> &str| {
        let mut column = Texts::default();
        for group in &tree.groups {
            column.push(Some(text(group)));
        }
        Column::Texts(column)
    };
    let numbers =
        |number: fn(&Group) -> u64| Column::Numbers(tree.groups.iter().map(|group| js(number(group))).collect());
    let fields = vec![
        ("path", texts(|group| &group.path)),
        ("label", texts(|group| &group.label)),
        ("tensors", numbers(|group| group.tensors)),
        ("parameters", numbers(|group| group.parameters)),
        ("bytes", numbers(|group| group.bytes)),
    ];
    Columns { count: tree.groups.len(), fields }
}
