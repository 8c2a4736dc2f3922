//! The tensors of a model that have elements in the file.

use super::buffers::{Buffers, External, Stored};
use crate::error::{Error, Result, quoted};
use crate::limits;
use crate::model::{ByteRange, Checkpoint, Dtype, Layout, Note, Number, Scale, Tensor, Texts, element_count};
use crate::source::{FileId, Memory};
use crate::wire::flatbuffer::{Flatbuffer, List, Table};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The fields of the table `Tensor`.
mod field {
    pub const SHAPE: usize = 0;
    pub const TYPE: usize = 1;
    pub const BUFFER: usize = 2;
    pub const NAME: usize = 3;
    pub const QUANTIZATION: usize = 4;
    pub const IS_VARIABLE: usize = 5;
    pub const SPARSITY: usize = 6;
    pub const EXTERNAL_BUFFER: usize = 10;
}

/// The fields of the table `QuantizationParameters`.
mod quantization {
    pub const SCALE: usize = 2;
    pub const ZERO_POINT: usize = 3;
    pub const DETAILS: usize = 5;
    pub const DIMENSION: usize = 6;
}

/// What a listed tensor counts for beside its table: what is kept of it takes some 450 bytes.
const KEPT: u64 = 96;

/// Reads tensors into a checkpoint.
pub(super) struct Reader<'a> {
    pub flatbuffer: &'a Flatbuffer<'a>,
    pub buffers: Buffers<'a>,
    pub external: External<'a>,
    pub checkpoint: Checkpoint,
    /// The first tensor whose elements are lost, why, and how many others are.
    pub lost: Option<(String, Error, u64)>,
    /// How many tensors have their elements in each file that was not given.
    pub elsewhere: BTreeMap<String, u64>,
}

/// What is told of any tensor of a graph, also of one without elements.
pub(super) struct Described {
    /// Its name.
    pub name: String,
    /// Its name, its type and its shape.
    pub label: String,
    /// Whether it keeps its values from one run to the next and begins without any.
    pub empty_variable: bool,
}

impl Reader<'_> {
    /// Lists a tensor that has elements.
    pub fn tensor(&mut self, table: &Table<'_>) -> Result<Described> {
        let name = table.text(field::NAME)?.unwrap_or_default();
        let dtype = dtype(table.u8(field::TYPE)?);
        let sizes = table.i32s(field::SHAPE)?;
        let label = format!("{name}: {} {sizes:?}", dtype.name());
        let stored = match table.u32(field::EXTERNAL_BUFFER)? {
            0 => self.buffers.get(table.u32(field::BUFFER)?),
            number => self.external.find(number, &mut self.checkpoint.files).unwrap_or_else(Stored::Lost),
        };
        let empty = matches!(stored, Stored::Nothing);
        let described =
            Described { name: name.clone(), label, empty_variable: empty && table.u8(field::IS_VARIABLE)? != 0 };
        if empty {
            return Ok(described);
        }
        self.flatbuffer.count(KEPT)?;
        let shape: Option<Vec<u64>> = sizes.iter().map(|size| u64::try_from(*size).ok()).collect();
        let shape = shape.filter(|shape| shape.len() <= limits::RANK && element_count(shape).is_some());
        let fits = shape.is_some();
        let mut tensor = Tensor::new(name, dtype, shape.unwrap_or_default(), Layout::Unreadable { why: String::new() });
        tensor.layout = match stored {
            _ if !fits => self.unreadable(&tensor, format!("A shape of {sizes:?} is none that a tensor can have.")),
            Stored::Elsewhere(file) => {
                *self.elsewhere.entry(file.clone()).or_default() += 1;
                Layout::Absent { file }
            }
            Stored::Lost(error) => {
                let why = error.to_string();
                match &mut self.lost {
                    Some((_, _, more)) => *more += 1,
                    none => *none = Some((tensor.name.clone(), error, 0)),
                }
                Layout::Unreadable { why }
            }
            Stored::Bytes(range) => match table.table(field::SPARSITY)? {
                Some(sparsity) => match super::sparse::layout(&sparsity, &tensor, range)? {
                    Some(sparse) => sparse,
                    None => self.unreadable(&tensor, "It is stored sparsely, in a way that is not read here.".into()),
                },
                None => self.dense(&tensor, range),
            },
            Stored::Nothing => Layout::Unreadable { why: String::new() },
        };
        if let (Some(parameters), Layout::Dense(range)) = (table.table(field::QUANTIZATION)?, &tensor.layout) {
            tensor.scale = self.scale(&parameters, &tensor, range.file)?.map(Rc::new);
        }
        self.checkpoint.tensors.push(tensor);
        Ok(described)
    }

    fn unreadable(&mut self, tensor: &Tensor, why: String) -> Layout {
        let message = format!("Tensor {:?} cannot be read: {why}", quoted(&tensor.name));
        self.checkpoint.note(Note::warning(message).about(&tensor.name));
        Layout::Unreadable { why }
    }

    fn dense(&mut self, tensor: &Tensor, range: ByteRange) -> Layout {
        let Dtype::Number(_) = tensor.dtype else {
            if tensor.dtype == (Dtype::Strings { text: true }) {
                return Layout::Texts(Rc::new(Texts::OffsetsFirst(range)));
            }
            return self.unreadable(tensor, format!("Elements of type {} are not known here.", tensor.dtype.name()));
        };
        let (len, wanted) = (range.len, tensor.bytes());
        if len < wanted {
            return self.unreadable(tensor, format!("Its buffer has {len} bytes, its shape and type take {wanted}."));
        }
        if len > wanted {
            let message = format!("Its buffer has {len} bytes, of which its shape and type take {wanted}.");
            self.checkpoint.note(Note::warning(message).about(&tensor.name));
        }
        Layout::Dense(ByteRange { len: wanted, ..range })
    }

    /// What the codes of a quantised tensor stand for.
    fn scale(&mut self, parameters: &Table<'_>, tensor: &Tensor, file: FileId) -> Result<Option<Scale>> {
        let Some(scales) = parameters.list(quantization::SCALE, 4)?.filter(|list| list.count > 0) else {
            if parameters.table(quantization::DETAILS)?.is_some() {
                let message = "What its codes stand for is told in a way that is not read here; the codes are shown.";
                self.checkpoint.note(Note::info(message).about(&tensor.name));
            }
            return Ok(None);
        };
        let zeros = parameters.list(quantization::ZERO_POINT, 8)?.filter(|list| list.count > 0);
        if scales.count == 1 {
            let first = |list| self.flatbuffer.bytes(list);
            let scale = first(scales)?.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes));
            let zero_point = zeros.filter(|zeros| zeros.count == 1).map(first).transpose()?;
            let zero_point = zero_point.and_then(|bytes| bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)));
            return Ok(Some(Scale::PerTensor { scale: scale.into(), zero_point: zero_point.unwrap_or(0) }));
        }
        let axis = usize::try_from(parameters.i32(quantization::DIMENSION)?).ok();
        let axis = axis.filter(|axis| tensor.shape.get(*axis) == Some(&scales.count));
        let zeros_fit = zeros.is_none_or(|zeros| zeros.count == 1 || zeros.count == scales.count);
        let (Some(axis), true) = (axis, zeros_fit) else {
            let message = format!(
                "Its {} scales fit no dimension of its shape of {:?}; its codes are shown.",
                scales.count, tensor.shape
            );
            self.checkpoint.note(Note::warning(message).about(&tensor.name));
            return Ok(None);
        };
        let range = |list: List| ByteRange { file, offset: list.offset, len: list.len };
        let zero_points = match zeros {
            Some(zeros) if zeros.count == scales.count => Layout::Dense(range(zeros)),
            // One for all, or 0.
            one => {
                let storage = match one {
                    Some(one) => range(one),
                    None => {
                        let zero = Rc::new(Memory::new([0; 8]));
                        let file = self.checkpoint.files.add_part(file, "zero_point", zero);
                        ByteRange { file, offset: 0, len: 8 }
                    }
                };
                Layout::Strided { storage, start: 0, strides: vec![0], conjugated: false, negated: false }
            }
        };
        let list =
            |name: &str, number, layout| Box::new(Tensor::new(name, Dtype::Number(number), vec![scales.count], layout));
        Ok(Some(Scale::PerChannel {
            axis,
            scales: list("scales", Number::F32, Layout::Dense(range(scales))),
            zero_points: list("zero_points", Number::I64, zero_points),
        }))
    }
}

/// An element type by its number in the schema.
fn dtype(code: u8) -> Dtype {
    Dtype::Number(match code {
        0 => Number::F32,
        1 => Number::F16,
        2 => Number::I32,
        3 => Number::U8,
        4 => Number::I64,
        5 => return Dtype::Strings { text: true },
        6 => Number::Bool,
        7 => Number::I16,
        8 => Number::C64,
        9 => Number::I8,
        10 => Number::F64,
        11 => Number::C128,
        12 => Number::U64,
        13 => return Dtype::Unknown { name: "resource".to_owned(), bits: None },
        14 => return Dtype::Unknown { name: "variant".to_owned(), bits: None },
        15 => Number::U32,
        16 => Number::U16,
        17 => Number::I4,
        18 => Number::Bf16,
        19 => Number::I2,
        20 => Number::U4,
        other => return Dtype::Unknown { name: format!("type {other}"), bits: None },
    })
}
