//! A constant: its elements as they lie in memory, or one by one in a list for its type.
//!
//! Of a list that is shorter than the shape the last value stands for all that follow, and 0 where there is none.

use super::super::tensorflow::dtypes::{self, Element, Type};
use super::super::tensorflow::messages::{AS_IN_MEMORY, field, list_of};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{ByteRange, Layout, Tensor, Texts, element_count};
use crate::source::{FileId, Files, Memory, ReadAt, Repeated, read_vec};
use crate::wire::protobuf::{Content, Field, Message, varint};
use std::rc::Rc;

/// What holds the elements of constants.
pub(super) struct Holder<'a> {
    /// The bytes that the graph's fields lie in.
    pub source: &'a dyn ReadAt,
    /// The file that they are.
    pub file: FileId,
    /// What may still be kept of lists in memory.
    pub room: u64,
}

/// The values of one list, in their order.
enum Part {
    /// Bytes of the file: packed numbers, or a text.
    Run(u64, u64),
    /// Numbers that stand alone, as the bits of 64-bit ones.
    Loose(Vec<u64>),
}

/// What memory a part takes.
const PART: u64 = 32;

/// What a constant's fields say.
#[derive(Default)]
struct Told {
    dtype: u64,
    shape: Vec<u64>,
    /// Whether a dimension has no size.
    unknown: bool,
    content: Option<(u64, u64)>,
    /// Lists by the numbers of their fields.
    lists: Vec<(u32, Vec<Part>)>,
    /// More values stand one by one than are kept.
    too_many: bool,
}

impl Holder<'_> {
    /// The constant that a message describes; the second result is why it cannot be read.
    pub fn tensor(
        &mut self,
        files: &mut Files,
        name: String,
        message: Message<'_>,
    ) -> Result<(Tensor, Option<String>)> {
        let told = self.read(message)?;
        let kind = dtypes::by_number(told.dtype);
        let dtype = dtypes::dtype(told.dtype, true);
        let mut tensor = Tensor::new(name, dtype, told.shape.clone(), Layout::Unreadable { why: String::new() });
        let layout = match (kind, element_count(&told.shape)) {
            _ if told.unknown => Err("Its shape is not known.".to_owned()),
            (_, None) => Err("Its shape has more elements than can be counted.".to_owned()),
            (None, _) => Err(format!("{} is no element type that is known here.", tensor.dtype.name())),
            (Some(kind), Some(count)) => self.layout(files, kind, count, &told, &tensor)?,
        };
        let why = match layout {
            Ok(layout) => {
                tensor.layout = layout;
                None
            }
            Err(why) => {
                tensor.layout = Layout::Unreadable { why: why.clone() };
                Some(why)
            }
        };
        Ok((tensor, why))
    }

    fn read(&mut self, message: Message<'_>) -> Result<Told> {
        let mut told = Told::default();
        for field in message {
            let field = field?;
            match field.number {
                field::DTYPE => told.dtype = field.unsigned()?,
                field::SHAPE => read_shape(field.message()?, &mut told)?,
                field::CONTENT => told.content = Some(field.span()?),
                field::FLOAT..=field::HALF | field::UINT32..=field::FLOAT8 => self.add(&mut told, &field),
                _ => {}
            }
        }
        Ok(told)
    }

    /// Adds a field of a list.
    fn add(&mut self, told: &mut Told, field: &Field<'_>) {
        let at = match told.lists.iter().position(|(number, _)| *number == field.number) {
            Some(at) => at,
            None => {
                told.lists.push((field.number, Vec::new()));
                told.lists.len() - 1
            }
        };
        let parts = &mut told.lists[at].1;
        let number = match field.content {
            Content::Bytes { offset, len } => {
                if self.take(PART) {
                    parts.push(Part::Run(offset, len));
                } else {
                    told.too_many = true;
                }
                return;
            }
            Content::Varint(number) => number,
            Content::Fixed32(bytes) => u32::from_le_bytes(bytes).into(),
            Content::Fixed64(bytes) => u64::from_le_bytes(bytes),
        };
        match parts.last_mut() {
            _ if !self.take(PART) => told.too_many = true,
            Some(Part::Loose(numbers)) => numbers.push(number),
            _ => parts.push(Part::Loose(vec![number])),
        }
    }

    /// Whether so many bytes more may be kept.
    fn take(&mut self, bytes: u64) -> bool {
        let left = self.room.checked_sub(bytes);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// Where the elements of a constant are; or why they cannot be read.
    fn layout(
        &mut self,
        files: &mut Files,
        kind: Type,
        count: u64,
        told: &Told,
        tensor: &Tensor,
    ) -> Result<Result<Layout, String>> {
        if told.too_many {
            return Ok(Err(too_many()));
        }
        if kind.element == Element::Strings {
            return self.texts(count, told);
        }
        let Some(width) = kind.bytes() else {
            return Ok(Err(format!("Elements of type {} are no numbers.", kind.name)));
        };
        let Some(bytes) = count.checked_mul(width) else {
            return Ok(Err("Its shape has more elements than can be counted.".to_owned()));
        };
        let dense = |file, offset| match kind.element {
            Element::Byte => Err(format!("Elements of type {} are not known here.", kind.name)),
            _ => Ok(kind.dense(&tensor.shape, ByteRange { file, offset, len: bytes })),
        };
        if let Some((offset, len)) = told.content.filter(|(_, len)| *len > 0) {
            if len != bytes {
                return Ok(Err(format!("It has {len} bytes, its shape and type take {bytes}.")));
            }
            return Ok(dense(self.file, offset));
        }
        let list = list_of(kind);
        let parts = told.lists.iter().find(|(number, _)| *number == list).map_or(&[][..], |(_, parts)| parts);
        if let [Part::Run(offset, len)] = parts
            && *len >= bytes
            && AS_IN_MEMORY.contains(&list)
        {
            return Ok(dense(self.file, *offset));
        }
        let Some(mut values) = self.values(list, parts, width, bytes)? else { return Ok(Err(too_many())) };
        let unit = usize::try_from(width).expect("at most 16");
        if values.is_empty() {
            values.resize(unit, 0);
        }
        if count == 0 {
            return Ok(dense(self.file, 0));
        }
        let one = values.len() == unit;
        let held = values.len() as u64 == bytes || (one && matches!(kind.element, Element::Number(_)));
        let source: Rc<dyn ReadAt> =
            if held { Rc::new(Memory::new(values)) } else { Rc::new(Repeated::new(values, unit, bytes)) };
        let len = source.size();
        let file = files.add_part(self.file, format!("values of {}", tensor.name), source);
        if one && len < bytes {
            let strides = vec![0; tensor.shape.len()];
            let storage = ByteRange { file, offset: 0, len };
            return Ok(Ok(Layout::Strided { storage, start: 0, strides, conjugated: false, negated: false }));
        }
        Ok(dense(file, 0))
    }

    /// The values of a list as elements of so many bytes, at most as many as take `most` bytes; `None` if too many are kept.
    fn values(&mut self, list: u32, parts: &[Part], width: u64, most: u64) -> Result<Option<Vec<u8>>> {
        // Complex numbers have two values each.
        let pairs = matches!(list, field::COMPLEX | field::COMPLEX_DOUBLE);
        let width = if pairs { width / 2 } else { width };
        let unit = usize::try_from(width).expect("at most 8");
        let floats = AS_IN_MEMORY.contains(&list);
        let mut bytes = Vec::new();
        for part in parts {
            match part {
                Part::Loose(numbers) if self.take(numbers.len() as u64 * width) => {
                    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes().into_iter().take(unit)));
                }
                Part::Run(offset, len) if self.take(if floats { *len } else { len.saturating_mul(width) }) => {
                    let packed = read_vec(self.source, *offset, *len)?;
                    let mut rest = packed.as_slice();
                    if floats {
                        bytes.extend(rest);
                        continue;
                    }
                    while !rest.is_empty() {
                        let number = varint(&mut rest).map_err(|error| error.at(*offset))?;
                        bytes.extend(&number.to_le_bytes()[..unit]);
                    }
                }
                _ => return Ok(None),
            }
        }
        // What stands beyond the shape counts for nothing; nor does half a complex number.
        let element = if pairs { 2 * unit } else { unit };
        bytes.truncate(bytes.len() / element * element);
        bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX).max(element));
        Ok(Some(bytes))
    }

    /// Where the texts of a constant are.
    fn texts(&mut self, count: u64, told: &Told) -> Result<Result<Layout, String>> {
        let mut ranges = Vec::new();
        let file = self.file;
        let range = |offset, len| ByteRange { file, offset, len };
        if let Some((offset, len)) = told.content.filter(|(_, len)| *len > 0) {
            // The lengths of all, then all of them.
            if count > len || !self.take(count * PART) {
                return Ok(Err(if count > len { "It has more texts than bytes.".to_owned() } else { too_many() }));
            }
            let content = read_vec(self.source, offset, len.min(10 * count))?;
            let mut rest = content.as_slice();
            let mut lengths = Vec::new();
            for _ in 0..count {
                lengths.push(varint(&mut rest).map_err(|error| error.at(offset))?);
            }
            let mut at = (content.len() - rest.len()) as u64;
            for length in lengths {
                let Some(end) = at.checked_add(length).filter(|end| *end <= len) else {
                    return Ok(Err("Its texts are longer than its bytes.".to_owned()));
                };
                ranges.push(range(offset + at, length));
                at = end;
            }
        } else {
            if !self.take(count.saturating_mul(PART)) {
                return Ok(Err(too_many()));
            }
            let parts = told.lists.iter().find(|(number, _)| *number == field::STRING);
            for part in parts.into_iter().flat_map(|(_, parts)| parts) {
                match part {
                    Part::Run(offset, len) => ranges.push(range(*offset, *len)),
                    Part::Loose(_) => {
                        return Err(Error::malformed("A text of a constant is a number; the file is damaged."));
                    }
                }
            }
            let count = usize::try_from(count).expect("few enough to be kept");
            let last = ranges.last().copied().unwrap_or_else(|| range(0, 0));
            ranges.resize(count, last);
        }
        Ok(Ok(Layout::Texts(Rc::new(Texts::Each(ranges)))))
    }
}

fn too_many() -> String {
    format!(
        "Its values stand one by one, and with those of others take more than the {} MiB that are kept of such.",
        limits::GRAPH_VALUES >> 20
    )
}

fn read_shape(shape: Message<'_>, told: &mut Told) -> Result<()> {
    for field in shape {
        let field = field?;
        match field.number {
            2 if told.shape.len() == limits::RANK => {
                let message = format!("A shape of more than {} dimensions is not read.", limits::RANK);
                return Err(Error::too_large(message).at(field.at));
            }
            2 => {
                let size = field.message()?.last(1)?.map_or(Ok(0), |size| size.signed())?;
                told.unknown |= size < 0;
                told.shape.push(u64::try_from(size).unwrap_or(0));
            }
            3 => told.unknown |= field.unsigned()? != 0,
            _ => {}
        }
    }
    Ok(())
}
