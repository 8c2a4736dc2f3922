//! Datatypes.

use super::cursor::Cursor;
use super::links::text;
use crate::error::Result;
use crate::limits;
use crate::model::ByteOrder;

/// What an element is.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Bytes of an element.
    pub size: u64,
    /// What it is.
    pub class: Class,
}

/// The classes of datatypes.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// A whole number.
    Whole {
        /// The order of its bytes.
        order: ByteOrder,
        /// Whether it has a sign.
        signed: bool,
        /// Its lowest bit.
        offset: u16,
        /// How many bits it has.
        precision: u16,
    },
    /// A floating point number.
    Float {
        /// The order of its bytes; `None` for that of a VAX.
        order: Option<ByteOrder>,
        /// The lowest bit that means something, and how many do.
        bits: (u16, u16),
        /// The bit of the sign.
        sign: u16,
        /// The lowest bit of the exponent, and how many it has.
        exponent: (u16, u16),
        /// The lowest bit of the fraction, and how many it has.
        fraction: (u16, u16),
        /// What is subtracted from the exponent.
        bias: u32,
        /// Whether a 1 before the fraction is implied.
        implied: bool,
    },
    /// A time of an old kind.
    Time,
    /// Text of a fixed length.
    Text {
        /// Whether spaces fill it up, not NULs.
        spaces: bool,
    },
    /// Bits.
    Bits {
        /// The order of their bytes.
        order: ByteOrder,
    },
    /// Bytes, with what the writer says of them.
    Opaque {
        /// What the writer says.
        tag: String,
    },
    /// Several members.
    Compound(Vec<Member>),
    /// A reference to an object or to a part of one.
    Reference,
    /// Names for numbers.
    Enum {
        /// The numbers' type.
        base: Box<Type>,
        /// Each name, and the bytes of its number.
        names: Vec<(String, Vec<u8>)>,
    },
    /// Text of any length, in the global heap.
    AnyText,
    /// A list of any length, in the global heap.
    List(Box<Type>),
    /// An array of a fixed shape.
    Array {
        /// The shape.
        shape: Vec<u64>,
        /// What its elements are.
        base: Box<Type>,
    },
    /// Real and imaginary part.
    Complex(Box<Type>),
}

/// A member of a compound type.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Bytes before it.
    pub offset: u64,
    /// What it is.
    pub kind: Type,
}

/// Bytes of a number: the bits that mean something are counted in one byte, or in two.
const LARGEST_NUMBER: u64 = 8 << 10;

impl Type {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        parse(cursor, 0)
    }

    /// Whether it is what h5py makes of truth values.
    pub fn is_truth(&self) -> bool {
        let Class::Enum { names, .. } = &self.class else { return false };
        let is = |(name, bytes): &(String, Vec<u8>), wanted: &str, value: u8| name == wanted && *bytes == [value];
        names.len() == 2 && names.iter().all(|pair| is(pair, "FALSE", 0) || is(pair, "TRUE", 1))
    }

    /// Whether it is a float of IEEE 754, of 2, 4 or 8 bytes.
    pub fn is_ieee(&self) -> bool {
        let Class::Float { bits, sign, exponent, fraction, bias, implied, .. } = &self.class else { return false };
        let (all, exponent_bits, usual) = match self.size {
            2 => (16, 5, 15),
            4 => (32, 8, 127),
            8 => (64, 11, 1023),
            _ => return false,
        };
        let fraction_bits = all - 1 - exponent_bits;
        (*bits, *sign) == ((0, all), all - 1)
            && (*exponent, *fraction) == ((fraction_bits, exponent_bits), (0, fraction_bits))
            && (*bias, *implied) == (usual, true)
    }
}

/// What every datatype begins with.
#[derive(Clone, Copy)]
struct Head {
    version: u8,
    class: u8,
    /// Bits whose meaning differs with the class.
    flags: u32,
    /// Bytes of an element.
    size: u64,
    /// How many types it is in.
    depth: usize,
}

impl Head {
    fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Self> {
        let first = cursor.u8()?;
        let (version, class) = (first >> 4, first & 15);
        if !(1..=5).contains(&version) {
            return Err(cursor.unknown(format_args!("is of version {version}; versions 1 to 5 are read")));
        }
        let flags = u32::try_from(cursor.number(3)?).expect("24 bits");
        let size = u64::from(cursor.u32()?);
        if size == 0 {
            return Err(cursor.wrong("takes 0 bytes"));
        }
        if matches!(class, 0 | 1 | 2 | 4) && size > LARGEST_NUMBER {
            return Err(cursor.unknown(format_args!("is of numbers of {size} bytes, more than any has")));
        }
        Ok(Head { version, class, flags, size, depth })
    }

    fn order(self) -> ByteOrder {
        if self.flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big }
    }

    /// How many members or names follow.
    fn count(self) -> u32 {
        self.flags & 0xffff
    }

    /// Versions 1 and 2 fill names up.
    fn is_padded(self) -> bool {
        self.version < 3
    }

    /// The type that this one is made of.
    fn base(self, cursor: &mut Cursor<'_>) -> Result<Type> {
        parse(cursor, self.depth + 1)
    }
}

/// Types in types are read by calls in calls, as many as [`limits::HDF5_TYPES`].
fn parse(cursor: &mut Cursor<'_>, depth: usize) -> Result<Type> {
    if depth == limits::HDF5_TYPES {
        return Err(cursor.wrong(format_args!("nests more than {depth} deep")));
    }
    let head = Head::read(cursor, depth)?;
    let size = head.size;
    let class = class(cursor, head)?;
    let fits = match &class {
        Class::Array { shape, base } => {
            shape.iter().try_fold(base.size, |size, count| size.checked_mul(*count)) == Some(size)
        }
        Class::Complex(base) => base.size.checked_mul(2) == Some(size),
        Class::Enum { base, .. } => base.size == size,
        _ => true,
    };
    if !fits {
        return Err(cursor.wrong(format_args!("takes {size} bytes, which its parts do not")));
    }
    Ok(Type { size, class })
}

fn class(cursor: &mut Cursor<'_>, head: Head) -> Result<Class> {
    let flags = head.flags;
    Ok(match head.class {
        0 => whole(cursor, head)?,
        1 => float(cursor, head)?,
        2 => {
            cursor.skip(2)?;
            Class::Time
        }
        3 => Class::Text { spaces: flags & 15 == 2 },
        4 => {
            cursor.skip(4)?;
            Class::Bits { order: head.order() }
        }
        5 => {
            let tag = cursor.take((flags & 0xff) as usize)?;
            Class::Opaque { tag: text(tag.split(|byte| *byte == 0).next().unwrap_or_default()) }
        }
        6 => Class::Compound(members(cursor, head)?),
        7 => Class::Reference,
        8 => names(cursor, head)?,
        9 => {
            let base = head.base(cursor)?;
            if flags & 15 == 1 { Class::AnyText } else { Class::List(Box::new(base)) }
        }
        10 => array(cursor, head)?,
        11 => Class::Complex(Box::new(head.base(cursor)?)),
        other => return Err(cursor.unknown(format_args!("is of class {other}, which is not known here"))),
    })
}

fn whole(cursor: &mut Cursor<'_>, head: Head) -> Result<Class> {
    let (offset, precision) = (cursor.u16()?, cursor.u16()?);
    if precision == 0 || u64::from(offset) + u64::from(precision) > 8 * head.size {
        return Err(cursor.wrong(format_args!("has bits outside of its {} bytes", head.size)));
    }
    Ok(Class::Whole { order: head.order(), signed: head.flags & 8 != 0, offset, precision })
}

fn float(cursor: &mut Cursor<'_>, head: Head) -> Result<Class> {
    let Head { flags, size, .. } = head;
    let meaning = (cursor.u16()?, cursor.u16()?);
    let exponent = (cursor.u8()?.into(), cursor.u8()?.into());
    let fraction = (cursor.u8()?.into(), cursor.u8()?.into());
    let bias = cursor.u32()?;
    let sign = u16::try_from(flags >> 8 & 0xff).expect("8 bits");
    let inside = |(low, count): (u16, u16)| u64::from(low) + u64::from(count) <= 8 * size;
    if !inside(meaning) || !inside(exponent) || !inside(fraction) || u64::from(sign) >= 8 * size || exponent.1 == 0 {
        return Err(cursor.wrong(format_args!("has bits outside of its {size} bytes")));
    }
    // One bit more than other classes have tells the order, for that of a VAX.
    let order = match (flags & 1, flags >> 6 & 1) {
        (0, 0) => Some(ByteOrder::Little),
        (1, 0) => Some(ByteOrder::Big),
        _ => None,
    };
    Ok(Class::Float { order, bits: meaning, sign, exponent, fraction, bias, implied: flags >> 4 & 3 == 2 })
}

fn members(cursor: &mut Cursor<'_>, head: Head) -> Result<Vec<Member>> {
    let Head { version, size, .. } = head;
    // From version 3 on an offset takes as many bytes as the size of the whole.
    let width = u8::try_from(size.max(1).ilog2() / 8 + 1).expect("at most 4");
    let mut members = Vec::new();
    for _ in 0..head.count() {
        let name = name(cursor, head.is_padded())?;
        let offset = cursor.number(if version < 3 { 4 } else { width })?;
        let mut shape = Vec::new();
        if version == 1 {
            // An array of up to 4 dimensions.
            let rank = usize::from(cursor.u8()?).min(4);
            cursor.skip(11)?;
            for place in 0..4 {
                let size = u64::from(cursor.u32()?);
                shape.extend((place < rank).then_some(size));
            }
        }
        let mut kind = head.base(cursor)?;
        if !shape.is_empty() {
            let size = shape.iter().try_fold(kind.size, |size, count| size.checked_mul(*count));
            let size = size.ok_or_else(|| cursor.wrong("has a member larger than can be counted"))?;
            kind = Type { size, class: Class::Array { shape, base: Box::new(kind) } };
        }
        if offset.checked_add(kind.size).is_none_or(|end| end > size) {
            return Err(cursor.wrong(format_args!("has a member beyond its {size} bytes")));
        }
        members.push(Member { name, offset, kind });
    }
    Ok(members)
}

/// An enumeration: all names, then all numbers.
fn names(cursor: &mut Cursor<'_>, head: Head) -> Result<Class> {
    let base = Box::new(head.base(cursor)?);
    let mut names = Vec::new();
    for _ in 0..head.count() {
        names.push(name(cursor, head.is_padded())?);
    }
    let mut pairs = Vec::new();
    for name in names {
        pairs.push((name, cursor.take_long(base.size)?.to_vec()));
    }
    Ok(Class::Enum { base, names: pairs })
}

fn array(cursor: &mut Cursor<'_>, head: Head) -> Result<Class> {
    let rank = cursor.u8()?;
    cursor.skip(if head.is_padded() { 3 } else { 0 })?;
    let mut shape = Vec::new();
    for _ in 0..rank {
        shape.push(u64::from(cursor.u32()?));
    }
    // Numbers of permutations, which nothing ever used.
    cursor.skip(if head.is_padded() { 4 * usize::from(rank) } else { 0 })?;
    Ok(Class::Array { shape, base: Box::new(head.base(cursor)?) })
}

/// A name, which may be filled up to a multiple of 8 bytes.
fn name(cursor: &mut Cursor<'_>, padded: bool) -> Result<String> {
    let from = cursor.taken();
    let name = text(cursor.until_nul()?);
    if padded {
        cursor.pad(from);
    }
    Ok(name)
}
