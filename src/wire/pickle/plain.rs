//! Values beside the tensors, as Python would print them: what a call would make is told from its arguments, never made.

use super::arrays;
use super::modules::class;
use super::nodes::{Id, Node, Object, Pickle, Reference};
use crate::decimal;
use crate::model::Value;
use std::borrow::Cow;
use std::fmt::Write;

/// The most values that one text shows.
const SHOWN: usize = 40;

/// How one class is printed: its module and name, the name of its type, and its text; `None` for arguments that it does not have.
type Row = (&'static str, &'static str, &'static str, fn(&Pickle, &Object, &[Id]) -> Option<String>);

/// The classes whose objects are values rather than containers.
const CLASSES: &[Row] = &[
    ("builtins", "set", "set", |pickle, _, args| set(pickle, args, "set()", "{", "}")),
    ("builtins", "frozenset", "frozenset", |pickle, _, args| set(pickle, args, "frozenset()", "frozenset({", "})")),
    ("builtins", "range", "range", |pickle, _, args| {
        let step_of_one = args.get(2).is_some_and(|step| pickle.node(*step) == Node::Int(1));
        called(pickle, "range", if step_of_one { &args[..2] } else { args })
    }),
    ("builtins", "slice", "slice", |pickle, _, args| called(pickle, "slice", args)),
    ("builtins", "complex", "complex", |pickle, _, args| complex(pickle, args)),
    ("builtins", "bytearray", "bytearray", |pickle, _, args| {
        let bytes = args.first().map_or(Some(Vec::new()), |bytes| arrays::some_bytes(pickle, *bytes, SHOWN));
        let long = || args.first().is_some_and(|bytes| arrays::is_long(pickle, *bytes, SHOWN)).then(long_bytes);
        Some(format!("bytearray({})", bytes.map_or_else(long, |bytes| Some(byte_literal(&bytes)))?))
    }),
    ("builtins", "bytes", "bytes", |_, _, args| args.is_empty().then(|| "b''".to_owned())),
    ("_codecs", "encode", "bytes", |pickle, _, args| {
        let long = || args.first().is_some_and(|text| arrays::is_long(pickle, *text, SHOWN)).then(long_bytes);
        arrays::encoded(pickle, args, SHOWN).map(|bytes| byte_literal(&bytes)).or_else(long)
    }),
    ("collections", "deque", "collections.deque", |pickle, object, args| {
        let items = pickle.children(object.items);
        let listed = args.first().and_then(|list| pickle.sequence(*list)).unwrap_or_default();
        let items = list(pickle, if items.is_empty() { listed } else { items })?;
        match args.get(1).and_then(|most| pickle.int(*most)) {
            Some(most) => Some(format!("deque([{items}], maxlen={most})")),
            None => Some(format!("deque([{items}])")),
        }
    }),
    ("torch", "Size", "torch.Size", |pickle, _, args| {
        Some(format!("torch.Size([{}])", list(pickle, pickle.sequence(*args.first()?)?)?))
    }),
    ("torch", "device", "torch.device", |pickle, _, args| {
        let kind = pickle.text(*args.first()?)?.into_owned();
        Some(match args.get(1).and_then(|index| pickle.int(*index)) {
            Some(index) => format!("{kind}:{index}"),
            None => kind,
        })
    }),
    ("torch.serialization", "_get_layout", "torch.layout", |pickle, _, args| {
        Some(pickle.text(*args.first()?)?.into_owned())
    }),
    // A generator of random numbers: its state is an array, and no parameter.
    ("numpy.random._pickle", "__randomstate_ctor", "numpy.random.mtrand.RandomState", |_, _, _| {
        Some("RandomState".to_owned())
    }),
    ("numpy.random._pickle", "__generator_ctor", "numpy.random._generator.Generator", |_, _, _| {
        Some("Generator".to_owned())
    }),
    ("numpy", "dtype", "numpy.dtype", |pickle, _, args| {
        args.first().and_then(|name| Some(pickle.text(*name)?.into_owned()))
    }),
    ("datetime", "datetime", "datetime.datetime", |pickle, _, args| {
        let bytes = arrays::some_bytes(pickle, *args.first()?, 10)?;
        let zone = args.get(1).map_or(String::new(), |zone| offset(pickle, *zone));
        Some(format!("{} {}{zone}", date(bytes.get(..4)?)?, time(bytes.get(4..10)?)?))
    }),
    ("datetime", "timezone", "datetime.timezone", |pickle, object, args| match (args, offset_of(pickle, object)?) {
        ([_, name], _) => Some(pickle.text(*name)?.into_owned()),
        (_, offset) if offset == "+00:00" => Some("UTC".to_owned()),
        (_, offset) => Some(format!("UTC{offset}")),
    }),
    ("datetime", "date", "datetime.date", |pickle, _, args| date(&arrays::some_bytes(pickle, *args.first()?, 4)?)),
    ("datetime", "time", "datetime.time", |pickle, _, args| {
        let zone = args.get(1).map_or(String::new(), |zone| offset(pickle, *zone));
        Some(format!("{}{zone}", time(&arrays::some_bytes(pickle, *args.first()?, 6)?)?))
    }),
    ("datetime", "timedelta", "datetime.timedelta", |pickle, _, args| span(pickle, args)),
    ("decimal", "Decimal", "decimal.Decimal", |pickle, _, args| Some(pickle.text(*args.first()?)?.into_owned())),
    ("fractions", "Fraction", "fractions.Fraction", |pickle, _, args| match args {
        [text] => Some(pickle.text(*text)?.into_owned()),
        [over, under] => Some(format!("{}/{}", pickle.int(*over)?, pickle.int(*under)?)),
        _ => None,
    }),
    ("uuid", "UUID", "uuid.UUID", |pickle, object, _| {
        let state = super::modules::flat(pickle, object.state?)?;
        let [key, number, ..] = *state else { return None };
        let number: u128 = match pickle.node(number) {
            Node::Int(number) => u128::try_from(number).ok()?,
            _ => pickle.text(number)?.parse().ok()?,
        };
        let hex = format!("{number:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        (pickle.text(key)? == "int").then(|| parts.join("-"))
    }),
    ("pathlib", "PosixPath", "pathlib.PosixPath", |pickle, _, args| path(pickle, args, "/")),
    ("pathlib", "PurePosixPath", "pathlib.PurePosixPath", |pickle, _, args| path(pickle, args, "/")),
    ("pathlib", "WindowsPath", "pathlib.WindowsPath", |pickle, _, args| path(pickle, args, "\\")),
    ("pathlib", "PureWindowsPath", "pathlib.PureWindowsPath", |pickle, _, args| path(pickle, args, "\\")),
];

/// How many bytes are looked at to tell a node's text, near enough. A walk comes to one node on millions of ways.
pub fn weight(pickle: &Pickle, id: Id) -> usize {
    let texts = |members: &[Id]| members.iter().take(SHOWN).map(|member| weight_of_one(pickle, *member)).sum::<usize>();
    match pickle.node(id) {
        // Whether they are numbers is asked of all.
        Node::List(place) | Node::Tuple(place) => 4 * pickle.children(place).len(),
        Node::Set(place) => texts(pickle.children(place)),
        Node::Object(place) => {
            let Object { args, state, items, .. } = pickle.objects[place];
            let name = class(pickle, id).map_or(0, |class| class.module.len() + class.name.len());
            let args = pickle.sequence(args).unwrap_or_default();
            let inside = args.iter().take(SHOWN).filter_map(|list| pickle.sequence(*list));
            let state = state.and_then(|state| super::modules::flat(pickle, state)).unwrap_or_default();
            let lists = inside.chain([args, pickle.children(items), &state[..state.len().min(2)]]);
            lists.map(texts).sum::<usize>() + name
        }
        _ => weight_of_one(pickle, id),
    }
}

/// The same for what holds no others.
fn weight_of_one(pickle: &Pickle, id: Id) -> usize {
    match pickle.node(id) {
        Node::Global(place) => {
            let Reference { global, .. } = &pickle.globals[place as usize];
            global.module.len() + global.name.len()
        }
        _ => pickle.text_len(id),
    }
}

/// A text that is told of a node, with the name of its type; `None` for what holds others and is gone into.
pub fn text(pickle: &Pickle, id: Id) -> Option<(Cow<'static, str>, Value)> {
    match pickle.node(id) {
        Node::List(place) | Node::Tuple(place) => {
            let members = pickle.children(place);
            let long = members.len() > SHOWN && members.iter().all(|member| is_number(pickle, *member));
            let kind = if matches!(pickle.node(id), Node::List(_)) { "list" } else { "tuple" };
            long.then(|| {
                let first: Vec<String> = members.iter().take(8).map(|member| shown(pickle, *member, &mut 1)).collect();
                (kind.into(), Value::Text(format!("[{}, …] ({} numbers)", first.join(", "), members.len())))
            })
        }
        Node::Set(place) => {
            let members = list(pickle, pickle.children(place))?;
            Some((
                "set".into(),
                Value::Text(if members.is_empty() { "set()".to_owned() } else { format!("{{{members}}}") }),
            ))
        }
        Node::Object(_) => {
            if let Some((kind, value)) = arrays::scalar(pickle, id) {
                return Some((kind.into(), value));
            }
            let object = pickle.object(id)?;
            let class = class(pickle, id)?;
            let args = pickle.sequence(object.args).unwrap_or_default();
            if let Some(row) = CLASSES.iter().find(|row| row.0 == class.module && row.1 == class.name) {
                return row.3(pickle, object, args).map(|text| (row.2.into(), Value::Text(text)));
            }
            // An object without attributes that is made of one plain value: a member of an enumeration.
            let bare = object.state.is_none() && object.pairs == Node::EMPTY && object.items == Node::EMPTY;
            match args {
                [only] if bare && is_scalar(pickle, *only) && class.module != "collections" => {
                    Some((class.dotted().into(), Value::Text(called(pickle, &class.name, args)?)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a node is one whose text is told.
pub fn is_plain(pickle: &Pickle, id: Id) -> bool {
    match pickle.node(id) {
        Node::List(place) | Node::Tuple(place) => pickle.children(place).len() > SHOWN && text(pickle, id).is_some(),
        Node::Object(_) | Node::Set(_) => text(pickle, id).is_some(),
        _ => false,
    }
}

/// A leaf: the name of its type, and its value. What has no short form is described.
pub fn leaf(pickle: &Pickle, id: Id) -> (Cow<'static, str>, Value) {
    if let Some(told) = text(pickle, id) {
        return told;
    }
    let text = |text: &str| Value::Text(text.to_owned());
    match pickle.node(id) {
        Node::None => ("NoneType".into(), Value::Null),
        Node::Bool(truth) => ("bool".into(), Value::Bool(truth)),
        Node::Int(number) => ("int".into(), Value::Int(number)),
        Node::BigInt(_) => ("int".into(), Value::Text(pickle.text(id).unwrap_or_default().into_owned())),
        Node::Float(number) => ("float".into(), Value::Float(number)),
        Node::Text(..) | Node::Owned(_) => {
            ("str".into(), Value::Text(pickle.text(id).unwrap_or_default().into_owned()))
        }
        Node::Bytes(start, len) if pickle.mutable.contains(&id) => {
            let text = format!("bytearray({})", byte_literal(pickle.span(start, len)));
            ("bytearray".into(), Value::Text(text))
        }
        Node::Bytes(start, len) => ("bytes".into(), Value::Text(byte_literal(pickle.span(start, len)))),
        Node::Far(place) => ("bytes".into(), Value::Text(format!("{} bytes", pickle.far[place as usize].len))),
        Node::List(place) => ("list".into(), empty(place, "[]")),
        Node::Tuple(place) => ("tuple".into(), empty(place, "()")),
        Node::Set(place) => ("set".into(), empty(place, "set()")),
        Node::Dict(place) => ("dict".into(), empty(place, "{}")),
        Node::Global(_) => {
            let name = pickle.global(id).map(|global| (global.module == "torch", global.dotted()));
            let (torchs, name) = name.unwrap_or_default();
            // What torch itself exports in lower case are types of elements and their kin.
            let lower = name
                .rsplit('.')
                .next()
                .is_some_and(|last| last.starts_with(|letter: char| letter.is_ascii_lowercase()));
            (if torchs && lower { "torch.dtype" } else { "name" }.into(), Value::Text(name))
        }
        Node::Object(_) => match class(pickle, id) {
            Some(class) if super::modules::is_collection(class) => (class.name.clone().into(), text("{}")),
            Some(class) => (class.dotted().into(), text("object")),
            None => ("".into(), text("an object that only running the pickle would make")),
        },
        Node::Persistent(_) => ("".into(), text("something outside of the pickle")),
        Node::Unknown => ("".into(), text("unknown")),
    }
}

/// An empty container as Python prints it. One that is not empty is a leaf where it lies too deep.
fn empty(place: u32, as_printed: &str) -> Value {
    Value::Text(if place == Node::EMPTY { as_printed } else { "…" }.to_owned())
}

fn is_number(pickle: &Pickle, id: Id) -> bool {
    matches!(pickle.node(id), Node::Int(_) | Node::Float(_) | Node::Bool(_))
}

fn is_scalar(pickle: &Pickle, id: Id) -> bool {
    is_number(pickle, id) || matches!(pickle.node(id), Node::Text(..) | Node::Owned(_) | Node::None)
}

/// Anything in a few characters, as Python's `repr` has it where that is simple; `parts` are the members that may still be shown.
pub(super) fn shown(pickle: &Pickle, id: Id, parts: &mut usize) -> String {
    match pickle.node(id) {
        Node::Text(..) | Node::Owned(_) => {
            let text = pickle.text(id).unwrap_or_default();
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            format!("{quote}{text}{quote}")
        }
        Node::Tuple(place) => {
            let members = pickle.children(place);
            let Some(left) = parts.checked_sub(members.len() + 1) else { return "(…)".to_owned() };
            *parts = left;
            let members: Vec<String> = members.iter().map(|member| shown(pickle, *member, parts)).collect();
            if let [only] = members.as_slice() { format!("({only},)") } else { format!("({})", members.join(", ")) }
        }
        _ => leaf(pickle, id).1.to_string(),
    }
}

/// The members of a list, where all are plain values and few.
fn list(pickle: &Pickle, members: &[Id]) -> Option<String> {
    let plain = members.len() <= SHOWN && members.iter().all(|member| is_scalar(pickle, *member));
    // Only then: members that hold others would be gone into, however deep.
    plain.then(|| members.iter().map(|member| shown(pickle, *member, &mut 1)).collect::<Vec<_>>().join(", "))
}

/// `name(1, 2)`.
fn called(pickle: &Pickle, name: &str, args: &[Id]) -> Option<String> {
    Some(format!("{name}({})", list(pickle, args)?))
}

fn set(pickle: &Pickle, args: &[Id], none: &str, open: &str, close: &str) -> Option<String> {
    let members = match args {
        [] => return Some(none.to_owned()),
        [members] => pickle.sequence(*members)?,
        _ => return None,
    };
    Some(if members.is_empty() { none.to_owned() } else { format!("{open}{}{close}", list(pickle, members)?) })
}

/// `(1+2j)`, as Python prints it.
fn complex(pickle: &Pickle, args: &[Id]) -> Option<String> {
    let number = |id: &Id| match pickle.node(*id) {
        Node::Float(number) => Some(number),
        Node::Int(number) => decimal::parse(&number.to_string()),
        _ => None,
    };
    let [real, imaginary] = args else { return None };
    let (real, imaginary) = (number(real)?, number(imaginary)?);
    Some(complex_text(real, imaginary))
}

pub(super) fn complex_text(real: f64, imaginary: f64) -> String {
    let digits = |number: f64| Value::Float(number).to_string().trim_end_matches(".0").to_owned();
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", digits(imaginary));
    }
    let sign = if imaginary.is_sign_negative() && !imaginary.is_nan() { "" } else { "+" };
    format!("({}{sign}{}j)", digits(real), digits(imaginary))
}

/// `b'ab\x00'`; long ones are cut.
pub(super) fn byte_literal(bytes: &[u8]) -> String {
    let mut text = String::from("b'");
    for byte in bytes.iter().take(SHOWN) {
        text.extend(byte.escape_ascii().map(char::from));
    }
    text.push('\'');
    if bytes.len() > SHOWN {
        let _ = write!(text, "… ({} bytes)", bytes.len());
    }
    text
}

/// What is told of bytes of which only the text that encodes them is known: counting them would take as long as they are.
fn long_bytes() -> String {
    format!("b'…' (more than {SHOWN} bytes)")
}

fn date(bytes: &[u8]) -> Option<String> {
    let [high, low, month, day] = *bytes else { return None };
    // The highest bit of the month says which of two equal hours of the clock's change it is.
    Some(format!("{:04}-{:02}-{:02}", u16::from_be_bytes([high, low]), month & 0x7f, day))
}

fn time(bytes: &[u8]) -> Option<String> {
    let [hour, minute, second, high, middle, low] = *bytes else { return None };
    let micros = u32::from_be_bytes([0, high, middle, low]);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    Some(format!("{:02}:{minute:02}:{second:02}{fraction}", hour & 0x7f))
}

fn span(pickle: &Pickle, args: &[Id]) -> Option<String> {
    let [days, seconds, micros] = args else { return None };
    let (days, seconds, micros) = (pickle.int(*days)?, pickle.int(*seconds)?, pickle.int(*micros)?);
    let before = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    Some(format!("{before}{}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// What a time zone adds to the text of a date: `+05:30`. That of a place has an offset that only its code knows.
fn offset(pickle: &Pickle, zone: Id) -> String {
    let fixed = class(pickle, zone).is_some_and(|class| class.module == "datetime" && class.name == "timezone");
    let offset = pickle.object(zone).filter(|_| fixed).and_then(|zone| offset_of(pickle, zone));
    match pickle.node(zone) {
        Node::None => String::new(),
        _ => offset.unwrap_or_else(|| " in a time zone of a place".to_owned()),
    }
}

/// The offset of a time zone that is nothing else.
fn offset_of(pickle: &Pickle, zone: &Object) -> Option<String> {
    let (_, args) = pickle.call(*pickle.sequence(zone.args)?.first()?)?;
    let [days, seconds, micros] = *args else { return None };
    let (days, seconds, 0) = (pickle.int(days)?, pickle.int(seconds)?, pickle.int(micros)?) else { return None };
    let seconds = days.checked_mul(86_400)?.checked_add(seconds)?;
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let rest = if seconds % 60 == 0 { String::new() } else { format!(":{:02}", seconds % 60) };
    Some(format!("{sign}{:02}:{:02}{rest}", seconds / 3600, seconds / 60 % 60))
}

fn path(pickle: &Pickle, args: &[Id], separator: &str) -> Option<String> {
    let parts: Vec<String> =
        args.iter().take(SHOWN).map(|part| Some(pickle.text(*part)?.into_owned())).collect::<Option<_>>()?;
    if parts.is_empty() {
        return Some(".".to_owned());
    }
    let joined = parts.join(separator);
    // A root ends in a separator already.
    Some(joined.replacen(&separator.repeat(2), separator, 1))
}
