//! Whether elements still have the sums that were written with them, as far as opening may read them: the beginning of each shard.
//! What lies behind is compared when a whole tensor is read.

use crate::error::{Error, Result};
use crate::model::{Checkpoint, Layout, Note};
use crate::source::{FileId, read_vec};
use crate::wire::crc32c;
use crate::wire::protobuf::varint;
use std::collections::HashMap;

/// How many bytes of elements opening reads.
pub(super) const WASTE: u64 = 48 << 10;

/// What is wrong with the elements that opening may read.
///
/// # Errors
///
/// `Source` if bytes cannot be had.
pub(super) fn check(model: &Checkpoint) -> Result<Vec<Note>> {
    let mut left = WASTE;
    let mut begins: HashMap<FileId, Vec<u8>> = HashMap::new();
    let mut notes = Vec::new();
    for tensor in &model.tensors {
        let Some(more) = &tensor.more else { continue };
        for (range, sum) in tensor.runs().zip(&more.sums) {
            let begin = match begins.get(&range.file) {
                Some(begin) => begin,
                None => {
                    let source = &*model.files.get(range.file).source;
                    let len = source.size().min(left);
                    left -= len;
                    let begin = if len > 0 { read_vec(source, 0, len)? } else { Vec::new() };
                    begins.entry(range.file).or_insert(begin)
                }
            };
            let bytes = usize::try_from(range.offset).ok().zip(usize::try_from(range.offset + range.len).ok());
            let Some(bytes) = bytes.and_then(|(start, end)| begin.get(start..end)) else { continue };
            let problem = match &tensor.layout {
                Layout::Texts(_) => texts(bytes, tensor.elements(), *sum).err().map(|error| error.message),
                _ => (crc32c::of(bytes) != *sum).then(|| WRONG.to_owned()),
            };
            notes.extend(problem.map(|problem| Note::warning(problem).about(&tensor.name)));
        }
    }
    Ok(notes)
}

const WRONG: &str = "The checksum of this tensor is wrong: some of its bytes are damaged.";

/// Checks strings: the lengths, a sum of them, and the sum of lengths, that sum and texts. Source: `WriteStringTensor` in
/// `tensor_bundle.cc`.
fn texts(bytes: &[u8], count: u64, sum: u32) -> Result<()> {
    let wrong =
        || Error::malformed("The lengths of the strings of this tensor do not fit its bytes; the file is damaged.");
    let (mut rest, mut found, mut all) = (bytes, crc32c::Sum::begin(), 0u64);
    for _ in 0..count {
        let len = varint(&mut rest).map_err(|_| wrong())?;
        all = all.checked_add(len).ok_or_else(wrong)?;
        found.add_length(len);
    }
    let (of_lengths, texts) = rest.split_first_chunk::<4>().ok_or_else(wrong)?;
    let fits = texts.len() as u64 == all && found.clone().end() == crc32c::unmasked(u32::from_le_bytes(*of_lengths));
    if !fits {
        return Err(wrong());
    }
    found.add(of_lengths);
    found.add(texts);
    if found.end() == sum { Ok(()) } else { Err(Error::malformed(WRONG)) }
}
