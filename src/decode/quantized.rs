//! Quantised tensors: codes that stand for real numbers.

use super::elements::all;
use super::numbers::numbers;
use super::view::View;
use crate::error::Result;
use crate::limits;
use crate::model::{Quantized, Scale, Tensor};
use crate::source::Files;

/// The codes of a tensor, with what they stand for.
#[derive(Debug)]
pub(super) struct Dequantized<'a> {
    codes: View<'a>,
    tensor: &'a Tensor,
    scale: Steps,
}

/// What codes stand for, as PyTorch computes it.
#[derive(Debug)]
enum Steps {
    /// `scale · (code − zero)`: the difference in whole numbers, the product in float32.
    Tensor { scale: f32, zero: i64 },
    /// `(code − zero) · scale`: the difference in float32, the product in float64 and then float32.
    Channels { scales: Vec<f64>, zeros: Vec<f32>, axis: usize },
}

impl<'a> Dequantized<'a> {
    pub fn new(files: &'a Files, tensor: &'a Tensor, quantized: &'a Quantized) -> Result<Self> {
        let codes = View::new(files, tensor, &quantized.codes)?;
        let scale = match &quantized.scale {
            Scale::PerTensor { scale, zero_point } => {
                Steps::Tensor { scale: single(*scale), zero: *zero_point }
            }
            Scale::PerChannel { axis, scales, zero_points } => {
                let read = |part: &Tensor| -> Result<Vec<f64>> {
                    let bytes = all(files, part, limits::CHUNK)?;
                    let mut values = Vec::new();
                    if let Some(number) = part.dtype.number() {
                        numbers(number, &bytes, bytes.len(), &mut values);
                    }
                    Ok(values)
                };
                let zeros = read(zero_points)?.into_iter().map(single).collect();
                Steps::Channels { scales: read(scales)?, zeros, axis: *axis }
            }
        };
        Ok(Dequantized { codes, tensor, scale })
    }

    pub fn read(&self, start: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
        let number = self.tensor.dtype.number().expect("codes are numbers");
        // Packed codes are read from a whole byte on.
        let lead = if number.bits() < 8 { start % 8 } else { 0 };
        let mut raw = Vec::new();
        self.codes.read(start - lead, count + lead, &mut raw)?;
        let mut codes = Vec::new();
        let wanted = usize::try_from(count + lead).expect("a chunk fits into memory");
        numbers(number, &raw, wanted, &mut codes);
        let skipped = usize::try_from(lead).expect("below 8");
        into.clear();
        let codes = (start..).zip(codes.into_iter().skip(skipped));
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as PyTorch computes")]
        match &self.scale {
            Steps::Tensor { scale, zero } => {
                for (_, code) in codes {
                    into.extend((scale * ((code as i64).wrapping_sub(*zero) as f32)).to_le_bytes());
                }
            }
            Steps::Channels { scales, zeros, axis } => {
                let inner: u64 = self.tensor.shape[axis + 1..].iter().product();
                for (place, code) in codes {
                    let channel = usize::try_from(place / inner % scales.len() as u64).expect("below their number");
                    into.extend(((f64::from(code as f32 - zeros[channel]) * scales[channel]) as f32).to_le_bytes());
                }
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "PyTorch computes in float32")]
fn single(value: f64) -> f32 {
    value as f32
}
