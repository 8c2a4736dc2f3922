//! Single elements as a person reads them.

use super::floats;
use super::numbers::{numbers, unpack};
use crate::model::{Class, Dtype, Number, Record, element_count};

/// The value of one element.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A truth value.
    Bool(bool),
    /// A whole number of up to 64 bits.
    Int(i128),
    /// A floating point number; every narrower one is exact in float64.
    Float(f64),
    /// Real and imaginary part.
    Complex(f64, f64),
    /// Text, or a time as text.
    Text(String),
    /// Bytes, without NULs at their end where the type pads with them.
    Bytes(Vec<u8>),
    /// The fields of a record.
    Record(Vec<(String, Cell)>),
    /// The values of a field that is itself an array, row-major.
    List(Vec<Cell>),
}

/// The first `count` elements of a dense little-endian run, at most as many as it holds.
pub fn cells(dtype: &Dtype, bytes: &[u8], count: usize) -> Vec<Cell> {
    match dtype {
        Dtype::Number(number) => number_cells(*number, bytes, count),
        _ => {
            let size = dtype.bits().and_then(|bits| usize::try_from(bits / 8).ok()).unwrap_or(0);
            if size == 0 {
                return vec![cell(dtype, &[]); count];
            }
            bytes.chunks_exact(size).take(count).map(|raw| cell(dtype, raw)).collect()
        }
    }
}

fn cell(dtype: &Dtype, raw: &[u8]) -> Cell {
    match dtype {
        Dtype::Number(number) => number_cells(*number, raw, 1).pop().unwrap_or(Cell::Bytes(Vec::new())),
        Dtype::Text { .. } => Cell::Text(utf32(raw)),
        Dtype::Bytes { .. } => Cell::Bytes(without_padding(raw).to_vec()),
        Dtype::Padded { spaces, .. } => Cell::Text(padded(raw, *spaces)),
        Dtype::Time { span, step, unit } => {
            let count = raw.first_chunk().map_or(i64::MIN, |raw| i64::from_le_bytes(*raw));
            Cell::Text(time(count, *span, *step, unit))
        }
        Dtype::Record(record) => Cell::Record(fields(record, raw)),
        Dtype::Void { .. } | Dtype::Object | Dtype::Strings { .. } | Dtype::Heap(_) | Dtype::Unknown { .. } => {
            Cell::Bytes(raw.to_vec())
        }
    }
}

fn number_cells(number: Number, bytes: &[u8], count: usize) -> Vec<Cell> {
    match number.class() {
        Class::Bool => bytes.iter().take(count).map(|&byte| Cell::Bool(byte != 0)).collect(),
        Class::Unsigned | Class::Signed if number.bits() < 8 => {
            unpack(number, bytes, count).into_iter().map(|code| Cell::Int(whole(number.class(), &[code]))).collect()
        }
        Class::Unsigned | Class::Signed => {
            let width = usize::try_from(number.bits() / 8).expect("at most 8");
            bytes.chunks_exact(width).take(count).map(|raw| Cell::Int(whole(number.class(), raw))).collect()
        }
        Class::Float => {
            let mut values = Vec::new();
            let packed = unpack(number, bytes, count);
            if number.bits() < 8 {
                values.extend(packed.iter().map(|&code| f64::from(floats::small(number, code.into()))));
            } else {
                let width = usize::try_from(number.bits() / 8).expect("at most 16");
                numbers(number, &packed[..packed.len().min(count * width)], count, &mut values);
            }
            values.into_iter().map(Cell::Float).collect()
        }
        Class::Complex => {
            let part = match number {
                Number::C32 => Number::F16,
                Number::Bc32 => Number::Bf16,
                Number::C64 => Number::F32,
                _ => Number::F64,
            };
            let mut parts = Vec::new();
            numbers(part, bytes, count * 2, &mut parts);
            parts
                .as_chunks::<2>()
                .0
                .iter()
                .take(count)
                .map(|[real, imaginary]| Cell::Complex(*real, *imaginary))
                .collect()
        }
    }
}

/// A little-endian whole number.
fn whole(class: Class, raw: &[u8]) -> i128 {
    let negative = class == Class::Signed && raw.last().is_some_and(|byte| byte >> 7 == 1);
    let start = if negative { -1 } else { 0 };
    raw.iter().rev().fold(start, |number, byte| number << 8 | i128::from(*byte))
}

fn fields(record: &Record, raw: &[u8]) -> Vec<(String, Cell)> {
    record
        .fields
        .iter()
        .map(|field| {
            let start = usize::try_from(field.offset).unwrap_or(usize::MAX).min(raw.len());
            let count = element_count(&field.shape).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
            let mut values = cells(&field.dtype, &raw[start..], count.min(raw.len()));
            let value = match (field.shape.is_empty(), values.pop()) {
                (true, Some(only)) => only,
                (_, last) => {
                    values.extend(last);
                    nested(values, &field.shape)
                }
            };
            (field.name.clone(), value)
        })
        .collect()
}

/// Row-major values as lists of lists, innermost dimension first.
fn nested(mut values: Vec<Cell>, shape: &[u64]) -> Cell {
    for &size in shape.iter().skip(1).rev() {
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        values = values.chunks(size).map(|row| Cell::List(row.to_vec())).collect();
    }
    Cell::List(values)
}

fn without_padding(raw: &[u8]) -> &[u8] {
    &raw[..raw.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)]
}

/// Text up to the first NUL, and without spaces at its end where they are padding.
fn padded(raw: &[u8], spaces: bool) -> String {
    let end = raw.iter().position(|&byte| byte == 0).unwrap_or(raw.len());
    let text = String::from_utf8_lossy(&raw[..end]);
    if spaces { text.trim_end_matches(' ').to_owned() } else { text.into_owned() }
}

fn utf32(raw: &[u8]) -> String {
    let codes = raw.as_chunks::<4>().0.iter().map(|raw| u32::from_le_bytes(*raw));
    let text: String = codes.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches('\0').to_owned()
}

/// One unit of NumPy's times.
struct Unit {
    name: &'static str,
    plural: &'static str,
    /// How many of them a second has, or `None` for a unit of days or longer.
    in_second: Option<i128>,
}

const fn unit(name: &'static str, plural: &'static str, in_second: Option<i128>) -> Unit {
    Unit { name, plural, in_second }
}

const UNITS: [Unit; 13] = [
    unit("Y", "years", None),
    unit("M", "months", None),
    unit("W", "weeks", None),
    unit("D", "days", None),
    unit("h", "hours", None),
    unit("m", "minutes", None),
    unit("s", "seconds", Some(1)),
    unit("ms", "milliseconds", Some(1_000)),
    unit("us", "microseconds", Some(1_000_000)),
    unit("ns", "nanoseconds", Some(1_000_000_000)),
    unit("ps", "picoseconds", Some(1_000_000_000_000)),
    unit("fs", "femtoseconds", Some(1_000_000_000_000_000)),
    unit("as", "attoseconds", Some(1_000_000_000_000_000_000)),
];

/// A time or a span as NumPy prints it: `2024-01-01T00:00:00`, `-5 milliseconds`, `NaT`.
fn time(count: i64, span: bool, step: u64, unit: &str) -> String {
    if count == i64::MIN {
        return "NaT".to_owned();
    }
    let count = i128::from(count) * i128::from(step);
    let known = UNITS.iter().find(|known| known.name == unit);
    match known {
        Some(unit) if span => format!("{count} {}", unit.plural),
        Some(unit) => date(count, unit),
        None => format!("{count} generic time units"),
    }
}

/// A count of units since 1970 as ISO 8601, as far as the unit tells.
fn date(count: i128, unit: &Unit) -> String {
    match unit.name {
        "Y" => return (1970 + count).to_string(),
        "M" => return format!("{:04}-{:02}", 1970 + count.div_euclid(12), count.rem_euclid(12) + 1),
        "W" => return day(count * 7),
        "D" => return day(count),
        "h" => return format!("{}T{:02}", day(count.div_euclid(24)), count.rem_euclid(24)),
        _ => {}
    }
    let (seconds, rest) = match unit.in_second {
        Some(parts) => (count.div_euclid(parts), count.rem_euclid(parts)),
        None => (count * 60, 0),
    };
    let (day_number, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let minutes = format!("{}T{:02}:{:02}", day(day_number), second / 3600, second / 60 % 60);
    match unit.in_second {
        None => minutes,
        Some(1) => format!("{minutes}:{:02}", second % 60),
        Some(parts) => format!("{minutes}:{:02}.{rest:0width$}", second % 60, width = parts.ilog10() as usize),
    }
}

/// The civil date of a day counted from 1970-01-01, in the proleptic Gregorian calendar
/// (the era-based method of <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn day(number: i128) -> String {
    let shifted = number + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_times_as_numpy_does() {
        assert_eq!(time(1_704_067_200, false, 1, "s"), "2024-01-01T00:00:00");
        assert_eq!(time(-1, false, 1, "ms"), "1969-12-31T23:59:59.999");
        assert_eq!(time(-1, false, 1, "D"), "1969-12-31");
        assert_eq!(time(649, false, 1, "M"), "2024-02");
        assert_eq!(time(1, true, 25, "s"), "25 seconds");
        assert_eq!(time(i64::MIN, true, 1, "s"), "NaT");
    }

    #[test]
    fn reads_whole_numbers_of_any_width() {
        assert_eq!(cells(&Dtype::Number(Number::I16), &[0xfe, 0xff, 1, 0], 2), [Cell::Int(-2), Cell::Int(1)]);
        assert_eq!(cells(&Dtype::Number(Number::U64), &[255; 8], 1), [Cell::Int(u64::MAX.into())]);
        assert_eq!(cells(&Dtype::Number(Number::Qu4), &[0xa5, 0x03], 3), [5, 10, 3].map(Cell::Int));
        assert_eq!(cells(&Dtype::Number(Number::Qu2), &[0b11_10_01_00], 4), [0, 1, 2, 3].map(Cell::Int));
        assert_eq!(cells(&Dtype::Number(Number::I4), &[0xa5, 0x03], 3), [5, -6, 3].map(Cell::Int));
    }
}
