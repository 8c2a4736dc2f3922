//! PyTorch's names of element types.

use crate::model::Number;

/// One element type: the class of its typed storage, if there is one, and its name in `torch`.
struct Row {
    storage: &'static str,
    dtype: &'static str,
    number: Number,
}

const fn row(storage: &'static str, dtype: &'static str, number: Number) -> Row {
    Row { storage, dtype, number }
}

const ROWS: [Row; 28] = [
    row("FloatStorage", "float32", Number::F32),
    row("DoubleStorage", "float64", Number::F64),
    row("HalfStorage", "float16", Number::F16),
    row("BFloat16Storage", "bfloat16", Number::Bf16),
    row("ByteStorage", "uint8", Number::U8),
    row("CharStorage", "int8", Number::I8),
    row("ShortStorage", "int16", Number::I16),
    row("IntStorage", "int32", Number::I32),
    row("LongStorage", "int64", Number::I64),
    row("BoolStorage", "bool", Number::Bool),
    row("ComplexFloatStorage", "complex64", Number::C64),
    row("ComplexDoubleStorage", "complex128", Number::C128),
    row("", "complex32", Number::C32),
    row("", "bcomplex32", Number::Bc32),
    row("", "uint16", Number::U16),
    row("", "uint32", Number::U32),
    row("", "uint64", Number::U64),
    row("", "float8_e4m3fn", Number::F8E4m3fn),
    row("", "float8_e4m3fnuz", Number::F8E4m3fnuz),
    row("", "float8_e5m2", Number::F8E5m2),
    row("", "float8_e5m2fnuz", Number::F8E5m2fnuz),
    row("", "float8_e8m0fnu", Number::F8E8m0fnu),
    row("", "float4_e2m1fn_x2", Number::F4E2m1fnX2),
    row("QInt8Storage", "qint8", Number::Qi8),
    row("QUInt8Storage", "quint8", Number::Qu8),
    row("QInt32Storage", "qint32", Number::Qi32),
    row("QUInt4x2Storage", "quint4x2", Number::Qu4),
    row("QUInt2x4Storage", "quint2x4", Number::Qu2),
];

/// The type of a typed storage's elements, by the name of its class.
pub(super) fn of_storage(class: &str) -> Option<Number> {
    ROWS.iter().find(|row| row.storage == class).map(|row| row.number)
}

/// The type by its name in `torch`.
pub(super) fn of_name(name: &str) -> Option<Number> {
    ROWS.iter().find(|row| row.dtype == name).map(|row| row.number)
}

/// Bytes that one element of a typed storage counts for; packed types count bytes.
pub(super) fn width(number: Number) -> u64 {
    number.bits().div_ceil(8)
}

/// Its name in `torch`.
pub(super) fn name(number: Number) -> &'static str {
    ROWS.iter().find(|row| row.number == number).map_or("another type", |row| row.dtype)
}
