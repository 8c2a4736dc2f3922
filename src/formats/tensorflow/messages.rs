//! Messages that are parts of others. Source: `tensorflow/core/framework`, the files `versions.proto`, `tensor_shape.proto` and
//! `tensor.proto`.

use super::dtypes::Type;
use crate::error::Result;
use crate::limits;
use crate::wire::protobuf::Message;

/// `VersionDef`: who wrote it, and who at least can read it.
pub(super) fn read_versions(message: Message<'_>) -> Result<(u64, u64)> {
    let mut versions = (0, 0);
    for field in message {
        let field = field?;
        match field.number {
            1 => versions.0 = field.unsigned()?,
            2 => versions.1 = field.unsigned()?,
            _ => {}
        }
    }
    Ok(versions)
}

/// A `TensorShapeProto`, or what is wrong with it.
pub(super) fn read_shape(message: Message<'_>) -> Result<Result<Vec<u64>, String>> {
    let mut shape = Ok(Vec::new());
    for field in message {
        let field = field?;
        match field.number {
            2 => {
                let size = field.message()?.last(1)?.map_or(Ok(0), |size| size.signed())?;
                match (&mut shape, u64::try_from(size)) {
                    (Ok(sizes), Ok(_)) if sizes.len() == limits::RANK => {
                        shape = Err(format!("Its shape has more than {} dimensions.", limits::RANK));
                    }
                    (Ok(sizes), Ok(size)) => sizes.push(size),
                    (Ok(_), Err(_)) => shape = Err(format!("Its shape has a dimension of {size}.")),
                    (Err(_), _) => {}
                }
            }
            3 if field.unsigned()? != 0 => shape = Err("Its shape is not known to the file.".to_owned()),
            _ => {}
        }
    }
    Ok(shape)
}

/// The fields of a `TensorProto`.
pub(in crate::formats) mod field {
    pub const DTYPE: u32 = 1;
    pub const SHAPE: u32 = 2;
    pub const CONTENT: u32 = 4;
    pub const FLOAT: u32 = 5;
    pub const DOUBLE: u32 = 6;
    pub const INT: u32 = 7;
    pub const STRING: u32 = 8;
    pub const COMPLEX: u32 = 9;
    pub const INT64: u32 = 10;
    pub const BOOL: u32 = 11;
    pub const COMPLEX_DOUBLE: u32 = 12;
    pub const HALF: u32 = 13;
    pub const UINT32: u32 = 16;
    pub const UINT64: u32 = 17;
    pub const FLOAT8: u32 = 18;
}

/// Lists whose numbers, when they are packed, lie in the file as in memory; those of others are varints.
pub(in crate::formats) const AS_IN_MEMORY: [u32; 5] =
    [field::FLOAT, field::DOUBLE, field::COMPLEX, field::COMPLEX_DOUBLE, field::FLOAT8];

/// The number of the list that a type's values stand in.
pub(in crate::formats) fn list_of(kind: Type) -> u32 {
    match kind.name {
        "string" => field::STRING,
        "float32" => field::FLOAT,
        "float64" => field::DOUBLE,
        "complex64" => field::COMPLEX,
        "complex128" => field::COMPLEX_DOUBLE,
        "int64" => field::INT64,
        "bool" => field::BOOL,
        "float16" | "bfloat16" => field::HALF,
        "uint32" => field::UINT32,
        "uint64" => field::UINT64,
        float if float.starts_with("float") => field::FLOAT8,
        _ => field::INT,
    }
}
