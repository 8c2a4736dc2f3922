//! Parts of tensors, and the keys under which tables have them. Source: `tensorflow/core/framework/tensor_slice.proto` and
//! `tensorflow/core/util/saved_tensor_slice_util.cc`; the keys sort as what they are made of does (`ordered_code.cc`).

use crate::error::{Error, Result};
use crate::limits;
use crate::wire::protobuf::Message;

/// A box of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice(Vec<Extent>);

/// Where the box is in one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    start: u64,
    /// `None` for all of the dimension.
    len: Option<u64>,
}

impl Slice {
    /// Reads a `TensorSliceProto`.
    pub fn read(message: Message<'_>) -> Result<Self> {
        let mut extents = Vec::new();
        for field in message {
            let field = field?;
            if field.number != 1 {
                continue;
            }
            if extents.len() == limits::RANK {
                return Err(
                    Error::too_large(format!("A slice has more than {} dimensions.", limits::RANK)).at(field.at)
                );
            }
            let mut extent = Extent { start: 0, len: None };
            for field in field.message()? {
                let field = field?;
                match field.number {
                    1 => extent.start = whole(field.signed()?)?,
                    2 => extent.len = Some(whole(field.signed()?)?),
                    _ => {}
                }
            }
            extents.push(extent);
        }
        Ok(Slice(extents))
    }

    /// The first index and the shape of the box in a tensor of this shape; `None` if it does not lie inside.
    pub fn place(&self, whole: &[u64]) -> Option<(Vec<u64>, Vec<u64>)> {
        if self.0.len() != whole.len() {
            return None;
        }
        let mut place = (Vec::new(), Vec::new());
        for (extent, size) in self.0.iter().zip(whole) {
            let left = size.checked_sub(extent.start)?;
            let len = extent.len.unwrap_or(left);
            if len > left {
                return None;
            }
            place.0.push(extent.start);
            place.1.push(len);
        }
        Some(place)
    }

    /// What stands behind the name in the key of this box.
    pub fn add_to_key(&self, key: &mut Vec<u8>) {
        unsigned(key, self.0.len() as u64);
        for extent in &self.0 {
            signed(key, extent.start.cast_signed());
            signed(key, extent.len.map_or(-1, u64::cast_signed));
        }
    }
}

fn whole(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::malformed(format!("A slice begins at, or has, {number} elements.")))
}

/// The beginning of the keys of all boxes of a tensor.
pub(super) fn key_of(name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 16);
    unsigned(&mut key, 0);
    for byte in name {
        match byte {
            0 => key.extend([0, 0xff]),
            0xff => key.extend([0xff, 0]),
            plain => key.push(*plain),
        }
    }
    key.extend([0, 1]);
    key
}

/// Whether a key is that of a box.
pub(super) fn is_part(key: &[u8]) -> bool {
    key.first() == Some(&0)
}

/// How many bytes a number has, then those bytes, the highest first.
fn unsigned(key: &mut Vec<u8>, number: u64) {
    let bytes = number.to_be_bytes();
    let skip = usize::try_from(number.leading_zeros() / 8).expect("at most 8");
    key.push(u8::try_from(8 - skip).expect("at most 8"));
    key.extend(&bytes[skip..]);
}

/// The highest bits tell how many bytes there are and which sign the number has, then come its own bits.
fn signed(key: &mut Vec<u8>, number: i64) {
    let bits = 64 - (if number < 0 { !number } else { number }).leading_zeros();
    let len = bits / 7 + 1;
    // As many of the highest bits as there are bytes are turned over: the sign's own one among them.
    let turned = (u128::MAX << (128 - len)) >> (8 * (16 - len));
    let bytes = (i128::from(number).cast_unsigned() ^ turned).to_be_bytes();
    key.extend(&bytes[16 - usize::try_from(len).expect("at most 10")..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(number: i64) -> Vec<u8> {
        let mut key = Vec::new();
        signed(&mut key, number);
        key
    }

    #[test]
    fn numbers_are_written_as_tensorflow_writes_them() {
        // tensorflow/core/lib/strings/ordered_code.cc: 1 byte from -64 to 63, each further one adds 7 bits.
        assert_eq!(encoded(0), [0x80]);
        assert_eq!(encoded(-1), [0x7f]);
        assert_eq!(encoded(63), [0xbf]);
        assert_eq!(encoded(64), [0xc0, 0x40]);
        assert_eq!(encoded(-64), [0x40]);
        assert_eq!(encoded(-65), [0x3f, 0xbf]);
        assert_eq!(encoded(8191), [0xdf, 0xff]);
        assert_eq!(encoded(8192), [0xe0, 0x20, 0x00]);
        assert_eq!(encoded(i64::MAX), [0xff, 0xc0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        let mut key = Vec::new();
        unsigned(&mut key, 0);
        unsigned(&mut key, 258);
        assert_eq!(key, [0, 2, 1, 2]);
        assert_eq!(key_of(b"a\0\xff"), b"\0a\0\xff\xff\0\0\x01");
    }
}
