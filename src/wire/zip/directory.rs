//! The end records and the central directory.

use super::entry::{Entry, Method};
use crate::error::{Error, Result, quoted};
use crate::source::{ReadAt, read_vec};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// The end record without its comment.
const END: u64 = 22;
/// The longest comment.
const COMMENT: u64 = 65_535;
const ZIP64_LOCATOR: u64 = 20;
const ZIP64_END: u64 = 56;
/// A header of the directory without its name, extra fields and comment.
const HEADER: usize = 46;

/// What the directory says.
pub(super) struct Directory {
    pub entries: Vec<Entry>,
    /// The first byte of the directory.
    pub start: u64,
}

/// The numbers of the end records.
struct End {
    entries: u64,
    size: u64,
    offset: u64,
    /// Where the directory ends.
    stop: u64,
}

fn broken(message: impl Into<String>, at: u64) -> Error {
    Error::malformed(message).at(at)
}

fn two_ends(at: u64) -> Error {
    broken("The file has more than one end of central directory record; readers disagree on which archive it is.", at)
}

/// Little-endian numbers of a run of bytes that is known to be long enough.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(&bytes[at..at + N]);
    u64::from_le_bytes(wide)
}

pub(super) fn read(source: &Rc<dyn ReadAt>) -> Result<Directory> {
    let end_at = find_end(&**source)?;
    let end = read_end(&**source, end_at)?;
    let start = end.stop.checked_sub(end.size).filter(|start| end.offset <= *start).ok_or_else(|| {
        broken(
            format!(
                "The central directory is said to be {} bytes from byte {} on, which is not before its end record; the file is damaged.",
                end.size, end.offset
            ),
            end_at,
        )
    })?;
    let base = start - end.offset;
    if base > 0 && ends(&**source)?.len() > 1 {
        return Err(two_ends(end_at));
    }
    let entries = read_headers(&read_vec(&**source, start, end.size)?, &end, start, base)?;
    Ok(Directory { entries, start })
}

/// The place of the end record: mostly the last 22 bytes, else before a comment that ends with the file.
fn find_end(source: &dyn ReadAt) -> Result<u64> {
    let size = source.size();
    if size >= END {
        let last = read_vec(source, size - END, END)?;
        if last.starts_with(b"PK\x05\x06") && last.ends_with(&[0, 0]) {
            return Ok(size - END);
        }
    }
    match ends(source)?.as_slice() {
        [only] => Ok(*only),
        [] => Err(broken(
            "The zip archive's central directory is not at its end; the file may not have been copied or downloaded whole.",
            size,
        )),
        [first, ..] => Err(two_ends(*first)),
    }
}

/// The places of all end records whose comment ends with the file.
fn ends(source: &dyn ReadAt) -> Result<Vec<u64>> {
    let tail_len = source.size().min(END + COMMENT);
    let start = source.size() - tail_len;
    let tail = read_vec(source, start, tail_len)?;
    let (mut found, mut other) = (Vec::new(), None);
    for at in 0..tail.len().saturating_sub(usize::try_from(END).expect("22") - 1) {
        if tail[at..].starts_with(b"PK\x05\x06") {
            let comment = number::<2>(&tail, at + 20);
            if at as u64 + END + comment == tail_len {
                found.push(start + at as u64);
            } else {
                other = Some((start + at as u64, comment));
            }
        }
    }
    match (found.as_slice(), other) {
        ([], Some((at, comment))) => Err(broken(
            format!(
                "The end of central directory record is said to be followed by a comment of {comment} bytes, which the file does not have."
            ),
            at,
        )),
        _ => Ok(found),
    }
}

fn read_end(source: &dyn ReadAt, at: u64) -> Result<End> {
    let record = read_vec(source, at, END)?;
    let disks = [number::<2>(&record, 4), number::<2>(&record, 6)];
    if disks.iter().any(|disk| *disk != 0 && *disk != 0xffff) {
        return Err(Error::unsupported("The zip archive is split over several disks; join its parts first.").at(at));
    }
    let small = End {
        entries: number::<2>(&record, 10),
        size: number::<4>(&record, 12),
        offset: number::<4>(&record, 16),
        stop: at,
    };
    if number::<2>(&record, 8) != small.entries {
        return Err(broken("The end record gives two different numbers of entries.", at));
    }
    let locator_at = at.checked_sub(ZIP64_LOCATOR);
    let locator = locator_at.map(|at| read_vec(source, at, ZIP64_LOCATOR)).transpose()?;
    match locator {
        Some(locator) if locator.starts_with(b"PK\x06\x07") => {
            read_zip64_end(source, number::<8>(&locator, 8), at - ZIP64_LOCATOR, &small)
        }
        _ => Ok(small),
    }
}

/// The zip64 end record, which the small one must agree with where it gives numbers of its own.
fn read_zip64_end(source: &dyn ReadAt, said_at: u64, locator_at: u64, small: &End) -> Result<End> {
    let elsewhere = || {
        broken(
            format!("The zip64 end record is said to be at byte {said_at}, where there is none; the file is damaged."),
            locator_at,
        )
    };
    // Bytes before the archive move it; it still stands right before its locator.
    let at = locator_at.checked_sub(ZIP64_END).filter(|at| said_at <= *at).ok_or_else(elsewhere)?;
    let record = read_vec(source, at, ZIP64_END)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(elsewhere());
    }
    let large = End {
        entries: number::<8>(&record, 32),
        size: number::<8>(&record, 40),
        offset: number::<8>(&record, 48),
        stop: at,
    };
    if number::<8>(&record, 24) != large.entries {
        return Err(broken("The zip64 end record gives two different numbers of entries.", at));
    }
    for (what, small, large, unset) in [
        ("number of entries", small.entries, large.entries, 0xffff),
        ("size of the central directory", small.size, large.size, 0xffff_ffff),
        ("offset of the central directory", small.offset, large.offset, 0xffff_ffff),
    ] {
        if small != unset && small != large {
            return Err(broken(
                format!(
                    "The end record gives {small} as the {what}, the zip64 one {large}; the entries cannot be told."
                ),
                at,
            ));
        }
    }
    Ok(large)
}

fn read_headers(bytes: &[u8], end: &End, start: u64, base: u64) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (entry, len) = read_header(&bytes[at..], start + at as u64, base)?;
        entries.push(entry);
        at += len;
    }
    if entries.len() as u64 != end.entries {
        return Err(broken(
            format!("The end record counts {} entries, the central directory has {}.", end.entries, entries.len()),
            end.stop,
        ));
    }
    Ok(entries)
}

/// One header of the directory and its length.
fn read_header(bytes: &[u8], at: u64, base: u64) -> Result<(Entry, usize)> {
    let cut = || broken("The zip archive's central directory is damaged: a header runs past it or lacks its mark.", at);
    if bytes.len() < HEADER || !bytes.starts_with(b"PK\x01\x02") {
        return Err(cut());
    }
    let lengths: [usize; 3] =
        [28, 30, 32].map(|place| usize::from(u16::from_le_bytes([bytes[place], bytes[place + 1]])));
    let [name_len, extra_len, comment_len] = lengths;
    let len = HEADER + name_len + extra_len + comment_len;
    if len > bytes.len() {
        return Err(cut());
    }
    let name = String::from_utf8_lossy(&bytes[HEADER..HEADER + name_len]).into_owned();
    let mut large = [number::<4>(bytes, 24), number::<4>(bytes, 20), number::<4>(bytes, 42)];
    zip64_numbers(&bytes[HEADER + name_len..HEADER + name_len + extra_len], &mut large, &name, at)?;
    let [size, packed, offset] = large;
    let flags = number::<2>(bytes, 8);
    if flags & 1 != 0 {
        return Err(Error::unsupported(format!("Entry {:?} is encrypted.", quoted(&name))).at(at));
    }
    let method = match number::<2>(bytes, 10) {
        0 => Method::Stored,
        8 => Method::Deflated,
        other => {
            return Err(Error::unsupported(format!(
                "Entry {:?} is compressed by method {other}; only stored and deflated ones are read. Zip it again.",
                quoted(&name)
            ))
            .at(at));
        }
    };
    if method == Method::Stored && size != packed {
        let message = format!("Entry {:?} is stored but gives a size of {packed} and of {size} bytes.", quoted(&name));
        return Err(broken(message, at));
    }
    // Even what cannot be compressed grows by five bytes in 16 384; empty blocks may stand between.
    if packed / 2 > size.saturating_add(1024) {
        let message = format!("Entry {:?} gives a size of {size} bytes for {packed} packed ones.", quoted(&name));
        return Err(broken(message, at));
    }
    let entry = Entry {
        name,
        method,
        packed,
        size,
        crc: u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]),
        name_len: name_len as u64,
        header_at: offset.saturating_add(base),
        sizes_follow: flags & 8 != 0,
        data_at: OnceCell::new(),
        verified: Cell::new(false),
    };
    Ok((entry, len))
}

/// Puts the zip64 extra field's numbers in place of those that are all ones: size, packed size, offset, in this order.
fn zip64_numbers(extra: &[u8], numbers: &mut [u64; 3], name: &str, at: u64) -> Result<()> {
    let wanted: Vec<&mut u64> = numbers.iter_mut().filter(|number| **number == 0xffff_ffff).collect();
    let mut field = None;
    let mut rest = extra;
    while let [a, b, c, d, more @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*c, *d]));
        if len > more.len() {
            let message =
                format!("An extra field of entry {:?} claims {len} bytes, there are {}.", quoted(name), more.len());
            return Err(broken(message, at));
        }
        if u16::from_le_bytes([*a, *b]) == 1 {
            field = Some(&more[..len]);
        }
        rest = &more[len..];
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let large = field.unwrap_or_default().as_chunks::<8>().0;
    if large.len() < wanted.len() {
        let message = format!("Entry {:?} refers to a zip64 field that it does not have.", quoted(name));
        return Err(broken(message, at));
    }
    for (number, bytes) in wanted.into_iter().zip(large) {
        *number = u64::from_le_bytes(*bytes);
    }
    Ok(())
}
