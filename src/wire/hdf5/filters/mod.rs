//! Filters: what a chunk goes through when it is written, undone.

mod bits;
mod bitshuffle;
mod blosc;
mod deflate;
mod fletcher;
mod lz4;
mod lzf;
mod nbit;
mod scale_offset;
mod shuffle;
mod szip;
mod zstd;

use crate::error::{Error, Result, quoted};
use crate::model::Filter;

/// What a filter makes of a chunk's bytes, or why it cannot, as a clause.
type Undone = Result<Vec<u8>, String>;

/// Undoes a filter: its parameters, the bytes, and the most that may come out.
type Undo = fn(&[u32], &[u8], usize) -> Undone;

/// One filter.
struct Codec {
    /// Its registered number.
    id: u16,
    /// Its name.
    name: &'static str,
    /// Undoes it; `None` where that is not known.
    undo: Option<Undo>,
}

const fn codec(id: u16, name: &'static str, undo: Undo) -> Codec {
    Codec { id, name, undo: Some(undo) }
}

const fn foreign(id: u16, name: &'static str) -> Codec {
    Codec { id, name, undo: None }
}

/// The filters whose names are known; those without a function are not undone.
const CODECS: &[Codec] = &[
    codec(1, "deflate", deflate::undo),
    codec(2, "shuffle", shuffle::undo),
    codec(3, "fletcher32", fletcher::undo),
    codec(4, "szip", szip::undo),
    codec(5, "nbit", nbit::undo),
    codec(6, "scaleoffset", scale_offset::undo),
    foreign(307, "bzip2"),
    codec(32_000, "lzf", lzf::undo),
    codec(32_001, "blosc", blosc::undo),
    foreign(32_002, "mafisc"),
    foreign(32_003, "snappy"),
    codec(32_004, "lz4", lz4::undo),
    codec(32_008, "bitshuffle", bitshuffle::undo),
    foreign(32_013, "zfp"),
    codec(32_015, "zstd", zstd::undo),
    foreign(32_017, "sz"),
    foreign(32_018, "fcidecomp"),
    foreign(32_019, "jpeg"),
    foreign(32_024, "sz3"),
    foreign(32_026, "blosc2"),
    foreign(32_028, "sperr"),
];

fn find(filter: &Filter) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.id == filter.id)
}

/// Whether a filter is undone here.
pub fn is_known(filter: &Filter) -> bool {
    find(filter).is_some_and(|codec| codec.undo.is_some())
}

/// A filter's name: the registered one, or else what the file calls it.
pub fn filter_name(filter: &Filter) -> String {
    match find(filter) {
        Some(codec) => codec.name.to_owned(),
        None if filter.name.is_empty() => "unknown".to_owned(),
        None => quoted(&filter.name).into(),
    }
}

/// The `whole` bytes of a chunk, of which `stored` went through all `filters` but those whose bit is set in `skipped`.
///
/// Memory is bounded by what the chunk takes, whatever its bytes unpack to.
///
/// # Errors
///
/// A sentence without a place: `Malformed` if they do not come out, `Unsupported` for a filter that is not known.
pub fn undo(filters: &[Filter], skipped: u32, stored: Vec<u8>, whole: usize) -> Result<Vec<u8>> {
    let mut bytes = stored;
    for (place, filter) in filters.iter().enumerate().rev() {
        if place < 32 && skipped >> place & 1 == 1 {
            continue;
        }
        let told = || format!("its filter {} ({})", filter_name(filter), filter.id);
        let undo = find(filter).and_then(|codec| codec.undo);
        let undo = undo.ok_or_else(|| Error::unsupported(format!("{} is not known here", told())))?;
        // What filters before it put around the chunk: sums, headers, what does not pack.
        let most = whole.saturating_add(place.min(64) * (whole / 16 + 128));
        bytes = undo(&filter.values, &bytes, most).map_err(|why| Error::malformed(format!("{} {why}", told())))?;
        if bytes.len() > most {
            return Err(Error::malformed(format!("{} gives {} bytes and more, not {whole}", told(), bytes.len())));
        }
    }
    if bytes.len() != whole {
        return Err(Error::malformed(format!("its filters give {} bytes, not {whole}", bytes.len())));
    }
    Ok(bytes)
}

/// A parameter; 0 if there are fewer.
fn value(values: &[u32], index: usize) -> usize {
    values.get(index).map_or(0, |value| usize::try_from(*value).unwrap_or(usize::MAX))
}

/// Says that something ends too early.
fn cut() -> String {
    "finds that its bytes end too early".to_owned()
}

/// Says that more comes out than may.
fn too_much(most: usize) -> String {
    format!("gives more than {most} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn filter(id: u16, values: &[u32]) -> Filter {
        Filter { id, name: "told".to_owned(), optional: false, values: values.to_vec() }
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn filters_are_undone_from_the_last_to_the_first_but_for_those_that_were_skipped() {
        let filters = [filter(2, &[2]), filter(1, &[6])];
        let stored = deflated(&[1, 3, 5, 2, 4, 6]);
        assert_eq!(undo(&filters, 0, stored.clone(), 6).unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(undo(&filters, 1, stored, 6).unwrap(), [1, 3, 5, 2, 4, 6]);
        assert_eq!(undo(&filters, 3, vec![7; 6], 6).unwrap(), [7; 6]);
    }

    #[test]
    fn nothing_unpacks_to_more_than_the_chunk() {
        let bomb = deflated(&vec![0; 20 << 20]);
        for stored in [bomb, deflated(&[0; 17]), deflated(&[0; 15]), deflated(&[0; 16])[..8].to_vec(), Vec::new()] {
            let error = undo(&[filter(1, &[6])], 0, stored, 16).unwrap_err();
            assert_eq!(error.kind, Kind::Malformed, "{error}");
        }
    }

    #[test]
    fn a_wrong_sum_is_noticed_and_one_of_old_libraries_is_not() {
        let filters = [filter(3, &[])];
        // 0x0102 and 0x0300 added up, and the sums added up.
        let sums = ((0x0102 + 0x0402u32) << 16 | 0x0402).to_le_bytes();
        let with = |sum: [u8; 4]| [&[1, 2, 3][..], &sum].concat();
        assert_eq!(undo(&filters, 0, with(sums), 3).unwrap(), [1, 2, 3]);
        assert_eq!(undo(&filters, 0, with([sums[1], sums[0], sums[3], sums[2]]), 3).unwrap(), [1, 2, 3]);
        let error = undo(&filters, 0, with([sums[0] ^ 1, sums[1], sums[2], sums[3]]), 3).unwrap_err();
        assert!(error.message.contains("checksum"), "{error}");
    }

    #[test]
    fn a_filter_that_is_not_known_is_named() {
        let unknown = filter(40_000, &[]);
        assert!(!is_known(&unknown) && is_known(&filter(4, &[])) && !is_known(&filter(32_013, &[])));
        let error = undo(&[unknown], 0, vec![0; 4], 4).unwrap_err();
        assert!(error.kind == Kind::Unsupported && error.message.contains("told (40000)"), "{error}");
    }
}
