//! How and where the elements of a tensor are stored, as the page tells it.

use super::facts::js;
use super::report::Real;
use crate::model::{BitLayout, ByteRange, Encoded, Layout, Piece, Scale, Tensor, Tiled};
use crate::source::Files;
use crate::wire::hdf5::filter_name;
use serde::Serialize;

/// A stored part of a tensor.
#[derive(Serialize)]
#[expect(
    missing_docs,
    reason = "its name, the name of its type, its shape, and the file that holds it where that is told"
)]
pub struct Member {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Member {
    fn new(name: &str, part: &Tensor) -> Self {
        let shape = part.shape.iter().map(|size| js(*size)).collect();
        Member { name: name.to_owned(), dtype: part.dtype.name().to_owned(), shape, file: None }
    }
}

/// What the codes of a tensor stand for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "PyTorch's name of the scheme, and its parameters")]
pub struct Quantization {
    pub scheme: &'static str,
    /// Whether it is the codes that are shown, and not what they stand for.
    pub codes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Real>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_point: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<f64>,
}

/// How elements are stored, where that is not a plain view.
pub(super) fn layout_text(layout: &Layout) -> Option<String> {
    match layout {
        Layout::Sparse(sparse) => Some(format!("{}, {} values stored", sparse.kind.name(), sparse.values.elements())),
        Layout::Quantized(_) => Some("quantized".to_owned()),
        Layout::Pieces(pieces) => Some(format!("{} parts", pieces.len())),
        Layout::Tiled(tiled) if cfg!(feature = "whole") => Some(chunks_text(tiled)),
        Layout::Mosaic(mosaic) => Some(format!("virtual, {} parts", mosaic.patches.len())),
        Layout::Encoded(encoded) => encoded_text(encoded),
        Layout::Strided { conjugated: true, .. } => Some("conj view".to_owned()),
        Layout::Strided { negated: true, .. } => Some("neg view".to_owned()),
        _ => None,
    }
}

fn chunks_text(tiled: &Tiled) -> String {
    let sizes: Vec<String> = tiled.chunk.iter().map(u64::to_string).collect();
    let filters: Vec<String> = tiled.filters.iter().map(filter_name).collect();
    let through = if filters.is_empty() { String::new() } else { format!(", {}", filters.join(", ")) };
    format!("chunks of {}{through}", sizes.join(" × "))
}

fn encoded_text(encoded: &Encoded) -> Option<String> {
    let bytes = encoded.stored.dtype.bits()? / 8;
    Some(match &encoded.bits {
        BitLayout::Whole { precision, .. } => format!("{precision} bits of {bytes} bytes"),
        BitLayout::Float { exponent, fraction, .. } => {
            format!("floats of {bytes} bytes: {} bits of exponent, {} of fraction", exponent.1, fraction.1)
        }
        BitLayout::Parts { .. } => format!("two parts in {bytes} bytes"),
    })
}

/// How many parts of a tensor are told.
const SHOWN_MEMBERS: usize = 64;

pub(super) fn members(files: &Files, tensor: &Tensor) -> Vec<Member> {
    match &tensor.layout {
        Layout::Sparse(sparse) => {
            let parts = [Some(&sparse.indices), sparse.others.as_ref(), Some(&sparse.values)];
            parts.into_iter().flatten().map(|part| Member::new(&part.name, part)).collect()
        }
        Layout::Pieces(pieces) => {
            let part = |piece: &Piece| {
                let at: Vec<String> = piece.at.iter().map(u64::to_string).collect();
                let shape = piece.shape.iter().map(|size| js(*size)).collect();
                let (name, file) = (format!("[{}]", at.join(", ")), Some(files.given(piece.range.file).name.clone()));
                Member { name, dtype: tensor.dtype.name().to_owned(), shape, file }
            };
            pieces.iter().take(SHOWN_MEMBERS).map(part).collect()
        }
        _ => match scale(tensor) {
            Some(Scale::PerChannel { scales, zero_points, .. }) => {
                vec![Member::new("scales", scales), Member::new("zero_points", zero_points)]
            }
            Some(Scale::PerTensor { .. }) | None => Vec::new(),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
pub(super) fn quantization(tensor: &Tensor) -> Option<Quantization> {
    let codes = tensor.scale.is_some();
    Some(match scale(tensor)? {
        Scale::PerTensor { scale, zero_point } => {
            let zero_point = Some(*zero_point as f64);
            Quantization { scheme: "per_tensor_affine", codes, scale: Some(Real(*scale)), zero_point, axis: None }
        }
        Scale::PerChannel { axis, .. } => {
            let axis = Some(*axis as f64);
            Quantization { scheme: "per_channel_affine", codes, scale: None, zero_point: None, axis }
        }
    })
}

/// What the codes of a quantised tensor stand for, whichever of both is shown.
fn scale(tensor: &Tensor) -> Option<&Scale> {
    match &tensor.layout {
        Layout::Quantized(quantized) => Some(&quantized.scale),
        _ => tensor.scale.as_deref(),
    }
}

/// The file and the record that elements lie in, whether their first byte is counted from the start of the record, and that byte.
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub record: Option<&'a str>,
    pub within: bool,
    pub offset: Option<u64>,
}

impl<'a> Place<'a> {
    pub fn new(files: &'a Files, range: ByteRange, before: u64) -> Self {
        let (part, given) = (files.get(range.file), files.given(range.file));
        let record = (part.name != given.name).then_some(part.name.as_str());
        let base = if part.part_of.is_none() { Some(0) } else { part.source.place() };
        let within = base.is_none() && record.is_some();
        let base = base.or(within.then_some(0));
        let offset = base.and_then(|base| base.checked_add(range.offset)?.checked_add(before));
        Place { file: &given.name, record, within, offset }
    }
}

/// The file that chunks are in.
pub(super) fn chunked_in<'a>(files: &'a Files, layout: &Layout) -> Option<&'a str> {
    match layout {
        Layout::Tiled(tiled) => Some(&files.given(tiled.file).name),
        Layout::Encoded(encoded) => chunked_in(files, &encoded.stored.layout),
        _ => None,
    }
}
