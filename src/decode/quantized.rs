//! Whole numbers that stand for real ones, as float32.
//!
//! Source: PyTorch's `dequantize` (`aten/src/ATen/native/quantized/AffineQuantizerBase.cpp` and `AffineQuantizer.cpp`).

use super::numbers::{is_whole, numbers, whole_numbers};
use super::stored::{Plain, Stored, WholeNumbers};
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Class, Number, Quantized, Scale, Tensor};
use crate::source::Files;

/// The elements of a quantised tensor. One scale for all is a single channel.
#[derive(Debug)]
pub(super) struct Dequantized<'a> {
    number: Number,
    codes: Plain<'a>,
    scales: Scales,
    /// How many visited elements of one channel stand side by side.
    inside: u64,
}

/// The step and the zero point of each channel. Each kind is computed in its own precision.
#[derive(Debug)]
enum Scales {
    /// One channel, in float32.
    One(f32, i64),
    /// Whole zero points: in float64, the product rounded to float32.
    Whole(Vec<(f64, i64)>),
    /// Zero points that are fractions: in float32.
    Fractions(Vec<(f32, f32)>),
}

impl<'a> Dequantized<'a> {
    /// The elements in row-major order or in that of the file.
    pub fn new(files: &'a Files, stored: &Stored<'a>, quantized: &'a Quantized, unordered: bool) -> Result<Self> {
        let number = stored.dtype.number().filter(|number| is_whole(*number)).ok_or_else(|| {
            Error::malformed(format!("Elements of type {} are not codes of a quantised tensor.", stored.dtype.name()))
        })?;
        let (axis, scales) = match &quantized.scale {
            Scale::PerTensor { scale, zero_point } => (None, Scales::One(to_f32(*scale), *zero_point)),
            Scale::PerChannel { axis, scales, zero_points } => {
                let size = stored.shape.get(*axis);
                if size.is_none_or(|size| scales.shape != [*size] || zero_points.shape != [*size]) {
                    return Err(Error::malformed(format!(
                        "Scales of shape {:?} and zero points of shape {:?} do not fit dimension {axis} of {:?}.",
                        scales.shape, zero_points.shape, stored.shape
                    )));
                }
                (Some(*axis), Scales::read(files, scales, zero_points)?)
            }
        };
        let codes = Stored { layout: &quantized.codes, ..*stored };
        let (codes, inside) = if unordered {
            Plain::unordered(files, &codes, axis)?
        } else {
            let after = axis.map_or(&[][..], |axis| &stored.shape[axis + 1..]);
            // A product beyond 2^64 has a factor of 0 before it: there is no element.
            (Plain::new(files, &codes)?, after.iter().fold(1u64, |inside, size| inside.saturating_mul(*size)).max(1))
        };
        Ok(Dequantized { number, codes, scales, inside })
    }

    pub fn codes(&self) -> &Plain<'a> {
        &self.codes
    }

    /// Replaces `into` with `count` elements from the `start`-th visited one on; the caller has counted them.
    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        // Packed codes are read from a whole byte on.
        let lead = start % 8;
        self.codes.read(start - lead, count + lead, into)?;
        let wanted = usize::try_from(count + lead).map_err(|_| Error::too_large("So many do not fit into memory."))?;
        let mut codes = Vec::new();
        whole_numbers(self.number, into, wanted, &mut codes);
        into.clear();
        into.reserve(wanted * 4);
        let mut rest = codes.get(usize::try_from(lead).expect("below 8")..).unwrap_or_default();
        let mut at = start;
        while !rest.is_empty() {
            let channel = usize::try_from(at / self.inside % self.scales.channels()).expect("an index of a list");
            let side_by_side = self.inside - at % self.inside;
            let len = usize::try_from(side_by_side).unwrap_or(usize::MAX).min(rest.len());
            let (run, after) = rest.split_at(len);
            self.scales.apply(channel, run, into);
            at += len as u64;
            rest = after;
        }
        Ok(())
    }
}

impl Scales {
    fn read(files: &Files, scales: &Tensor, zero_points: &Tensor) -> Result<Self> {
        let steps = fractions(files, scales)?;
        if zero_points.dtype.number().is_some_and(|number| number.class() == Class::Float) {
            let pairs = steps.into_iter().zip(fractions(files, zero_points)?);
            return Ok(Scales::Fractions(pairs.map(|(step, zero)| (to_f32(step), to_f32(zero))).collect()));
        }
        let count = bounded(zero_points)?;
        let mut zeros = Vec::new();
        WholeNumbers::new(files, zero_points)?.each(0, count, |_, zero| {
            zeros.push(zero);
            Ok(())
        })?;
        Ok(Scales::Whole(steps.into_iter().zip(zeros).collect()))
    }

    fn channels(&self) -> u64 {
        match self {
            Scales::One(..) => 1,
            Scales::Whole(pairs) => pairs.len() as u64,
            Scales::Fractions(pairs) => pairs.len() as u64,
        }
    }

    /// Appends what the codes of one channel stand for.
    fn apply(&self, channel: usize, codes: &[i64], into: &mut Vec<u8>) {
        let mut put =
            |value: &dyn Fn(i64) -> f32| into.extend(codes.iter().flat_map(|code| value(*code).to_le_bytes()));
        match self {
            Scales::One(step, zero) => put(&|code| step * to_f32_whole(code.saturating_sub(*zero))),
            Scales::Whole(pairs) => {
                let (step, zero) = pairs[channel];
                put(&|code| to_f32(step * to_f64(code.saturating_sub(zero))));
            }
            Scales::Fractions(pairs) => {
                let (step, zero) = pairs[channel];
                put(&|code| (to_f32_whole(code) - zero) * step);
            }
        }
    }
}

/// How many there are, if they are few enough to be held.
fn bounded(tensor: &Tensor) -> Result<u64> {
    // As many as fit when the widest type takes 8 bytes for each.
    if tensor.elements().saturating_mul(8) > limits::SCALES {
        return Err(Error::too_large(format!(
            "A quantised tensor with {} scales is not read; at most {} are.",
            tensor.elements(),
            limits::SCALES / 8
        )));
    }
    Ok(tensor.elements())
}

/// The floating point numbers of a tensor.
fn fractions(files: &Files, tensor: &Tensor) -> Result<Vec<f64>> {
    let count = bounded(tensor)?;
    let number = tensor.dtype.number().filter(|number| number.class() == Class::Float).ok_or_else(|| {
        Error::malformed(format!("Scales of type {} are not floating point numbers.", tensor.dtype.name()))
    })?;
    let (mut bytes, mut values) = (Vec::new(), Vec::new());
    Plain::new(files, &Stored::of(tensor))?.read(0, count, &mut bytes)?;
    numbers(number, &bytes, usize::try_from(count).expect("below a cap"), &mut values);
    Ok(values)
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to the nearest is what PyTorch does")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[expect(clippy::cast_precision_loss, reason = "rounding to the nearest is what PyTorch does")]
fn to_f32_whole(whole: i64) -> f32 {
    whole as f32
}

#[expect(clippy::cast_precision_loss, reason = "rounding to the nearest is what PyTorch does")]
fn to_f64(whole: i64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Elements;
    use crate::model::{ByteRange, Dtype, Layout};
    use crate::source::Memory;
    use proptest::prelude::*;
    use std::rc::Rc;

    fn tensor(files: &mut Files, number: Number, shape: &[u64], bytes: Vec<u8>) -> Tensor {
        let len = bytes.len() as u64;
        let file = files.add("a", Rc::new(Memory::new(bytes)));
        Tensor::new("a", Dtype::Number(number), shape.to_vec(), Layout::Dense(ByteRange { file, offset: 0, len }))
    }

    fn quantize(mut codes: Tensor, scale: Scale) -> Tensor {
        codes.layout = Layout::Quantized(Rc::new(Quantized { codes: codes.layout, scale }));
        codes
    }

    fn read(elements: &Elements<'_>, start: u64, count: u64) -> Vec<f32> {
        elements.read_as(start, count, f32::from_le_bytes)
    }

    fn sorted(mut values: Vec<f32>) -> Vec<f32> {
        values.sort_unstable_by(f32::total_cmp);
        values
    }

    proptest! {
        #[test]
        fn every_channel_has_its_own_scale(
            shape in prop::collection::vec(1u64..5, 1..4), axis in 0usize..4, codes in prop::collection::vec(any::<i8>(), 64),
            steps in prop::collection::vec(0.001f64..1.0, 4), zeros in prop::collection::vec(-20i64..20, 4),
            whole in any::<bool>(), reversed in any::<bool>(), cut in 0u64..64,
        ) {
            let axis = axis % shape.len();
            let size = usize::try_from(shape[axis]).unwrap();
            let count: u64 = shape.iter().product();
            let mut files = Files::new();
            let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
            let scales = tensor(&mut files, Number::F64, &[size as u64], bytes(&steps[..size]));
            let raw: Vec<u8> = if whole {
                zeros[..size].iter().flat_map(|zero| zero.to_le_bytes()).collect()
            } else {
                zeros[..size].iter().flat_map(|zero| (to_f32_whole(*zero) / 3.0).to_le_bytes()).collect()
            };
            let zero_type = if whole { Number::I64 } else { Number::F32 };
            let zero_points = tensor(&mut files, zero_type, &[size as u64], raw);
            let raw = codes.iter().map(|code| code.cast_unsigned()).collect();
            let mut codes_tensor = tensor(&mut files, Number::Qi8, &shape, raw);
            let Layout::Dense(storage) = codes_tensor.layout else { unreachable!() };
            // Row-major, or the other way round.
            let mut strides = vec![1; shape.len()];
            let order: Vec<usize> = if reversed { (0..shape.len()).collect() } else { (0..shape.len()).rev().collect() };
            order.windows(2).for_each(|pair| strides[pair[1]] = strides[pair[0]] * shape[pair[0]]);
            codes_tensor.layout =
                Layout::Strided { storage, start: 0, strides: strides.clone(), conjugated: false, negated: false };
            let scale = Scale::PerChannel { axis, scales: Box::new(scales), zero_points: Box::new(zero_points) };
            let tensor = quantize(codes_tensor, scale);

            let expected: Vec<f32> = (0..count).map(|place| {
                let mut rest = place;
                let (mut at, mut channel) = (0, 0);
                for dimension in (0..shape.len()).rev() {
                    let index = rest % shape[dimension];
                    rest /= shape[dimension];
                    at += index * strides[dimension];
                    if dimension == axis {
                        channel = usize::try_from(index).unwrap();
                    }
                }
                let code = codes[usize::try_from(at).unwrap()];
                if whole {
                    to_f32(steps[channel] * to_f64(i64::from(code) - zeros[channel]))
                } else {
                    (f32::from(code) - to_f32_whole(zeros[channel]) / 3.0) * to_f32(steps[channel])
                }
            }).collect();
            let elements = Elements::new(&files, &tensor).unwrap();
            prop_assert_eq!(elements.dtype(), &Dtype::Number(Number::F32));
            let cut = cut % count;
            prop_assert_eq!(read(&elements, cut, count - cut), &expected[usize::try_from(cut).unwrap()..]);
            let unordered = Elements::unordered(&files, &tensor).unwrap();
            prop_assert_eq!(sorted(read(&unordered, 0, count)), sorted(expected));
        }
    }

    #[test]
    fn packed_codes_are_read_from_any_element_on() {
        let mut files = Files::new();
        let codes: Vec<u8> = (0..12).map(|byte| (byte * 2 % 16) | ((byte * 2 + 1) % 16) << 4).collect();
        let tensor = tensor(&mut files, Number::Qu4, &[24], codes);
        let tensor = quantize(tensor, Scale::PerTensor { scale: 0.5, zero_point: 8 });
        let elements = Elements::new(&files, &tensor).unwrap();
        assert_eq!(read(&elements, 11, 7), [1.5, 2.0, 2.5, 3.0, 3.5, -4.0, -3.5]);
        let codes = Elements::codes(&files, &tensor).unwrap();
        let mut bytes = Vec::new();
        codes.read(8, 2, &mut bytes).unwrap();
        assert_eq!((codes.dtype(), bytes), (&Dtype::Number(Number::Qu4), vec![0x98]));
    }

    #[test]
    fn an_expanded_channel_is_read_once() {
        let mut files = Files::new();
        let scales = tensor(&mut files, Number::F32, &[2], [1f32, 2.0].map(f32::to_le_bytes).concat());
        let zero_points = tensor(&mut files, Number::I32, &[2], vec![0; 8]);
        let mut codes = tensor(&mut files, Number::Qi8, &[1 << 40, 2], vec![3]);
        let Layout::Dense(storage) = codes.layout else { unreachable!() };
        codes.layout = Layout::Strided { storage, start: 0, strides: vec![0, 0], conjugated: false, negated: false };
        let scale = Scale::PerChannel { axis: 1, scales: Box::new(scales), zero_points: Box::new(zero_points) };
        let tensor = quantize(codes, scale);
        let elements = Elements::unordered(&files, &tensor).unwrap();
        assert_eq!((elements.count(), elements.repeat()), (2, 1 << 40));
        assert_eq!(read(&elements, 0, 2), [3.0, 6.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut files = Files::new();
        let scales = tensor(&mut files, Number::F32, &[2], vec![0; 8]);
        let many = tensor(&mut files, Number::F32, &[1 << 40], vec![0; 8]);
        let codes = tensor(&mut files, Number::Qi8, &[3], vec![3; 3]);
        let channels = |scales: &Tensor, axis| {
            let (scales, zero_points) = (Box::new(scales.clone()), Box::new(scales.clone()));
            Scale::PerChannel { axis, scales, zero_points }
        };
        for (codes, scale) in [
            (codes.clone(), channels(&scales, 0)),
            (codes.clone(), channels(&scales, 7)),
            (Tensor { shape: vec![1 << 40], ..codes.clone() }, channels(&many, 0)),
            (Tensor { dtype: Dtype::Number(Number::F32), ..codes }, Scale::PerTensor { scale: 1.0, zero_point: 0 }),
        ] {
            let tensor = quantize(codes, scale);
            assert!(Elements::new(&files, &tensor).is_err() && Elements::unordered(&files, &tensor).is_err());
        }
    }
}
