//! From what was typed to what is tested.

use super::needed::needed;
use super::{Comparison, Count, Figure, Term, Test};
use crate::decimal;
use crate::error::{Error, Result, quoted};
use regex_lite::RegexBuilder;

/// Kinds of values.
const KINDS: [(&str, Count); 3] =
    [("nan", |counts| counts.nan), ("inf", |counts| counts.pos_inf + counts.neg_inf), ("zero", |counts| counts.zeros)];

/// The names of numbers.
const FIGURES: [(&str, Figure); 5] = [
    ("params", Figure::Elements),
    ("parameters", Figure::Elements),
    ("elements", Figure::Elements),
    ("bytes", Figure::Bytes),
    ("rank", Figure::Rank),
];

/// What is read after the name of a field and a colon.
type Field = fn(&str) -> Result<Test>;

/// The names of fields that are no numbers.
const FIELDS: [(&str, Field); 7] = [
    ("name", name),
    ("dtype", |value| Ok(Test::Dtype(value.to_lowercase()))),
    ("type", |value| Ok(Test::Dtype(value.to_lowercase()))),
    ("device", |value| Ok(Test::Device(value.to_lowercase()))),
    ("role", |value| Ok(Test::Role(value.to_lowercase()))),
    ("shape", shape),
    ("has", has),
];

/// Longer ones first: `>=` begins like `>`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Equal),
    (":", Comparison::Equal),
];

/// What a regular expression may take, compiled: its size times the length of all names is the time that it takes.
const PATTERN_BYTES: usize = 1 << 15;

/// What stands between spaces.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// Whether it begins with a hyphen, which is not in the text.
    negated: bool,
    /// Whether it begins with a quotation mark.
    literal: bool,
    /// Without quotation marks.
    text: String,
}

/// The words; a pattern between slashes is one.
pub(super) fn words(text: &str) -> Vec<Word> {
    let (mut words, mut word, mut open) = (Vec::new(), Word::default(), None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let starts = word.text.is_empty() && !word.literal;
        match open {
            Some('/') if character == '\\' => {
                word.text.push(character);
                word.text.extend(characters.next());
            }
            Some(end) if character == end => {
                open = None;
                if character == '/' {
                    word.text.push(character);
                }
            }
            None if character == '"' => {
                open = Some('"');
                word.literal |= starts;
            }
            None if character == '/' && starts => {
                open = Some('/');
                word.text.push(character);
            }
            // A hyphen alone is text.
            None if character == '-' && starts && !word.negated => {
                word.negated = characters.peek().is_some_and(|next| !next.is_whitespace());
                if !word.negated {
                    word.text.push(character);
                }
            }
            None if character.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.text.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.text.is_empty());
    words
}

pub(super) fn term(word: &Word) -> Result<Term> {
    let test = if word.literal { Some(Test::Contains(word.text.to_lowercase())) } else { field(&word.text)? };
    let test = test.map_or_else(|| name(&word.text), Ok)?;
    Ok(Term { wanted: !word.negated, test })
}

/// A term about the name.
fn name(word: &str) -> Result<Test> {
    if let Some(pattern) = word.strip_prefix('/') {
        // Half a pattern is what one has while typing.
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_BYTES).build();
        let built = built.map(|built| Test::Pattern(built, needed(pattern)));
        return built.map_err(|error| Error::query(format!("The pattern is not valid: {error}.")));
    }
    if word.contains(['*', '?']) {
        return Ok(Test::Glob(word.to_lowercase().chars().collect()));
    }
    Ok(Test::Contains(word.to_lowercase()))
}

/// A term about a field; `None` if the word does not begin with the name of one.
fn field(word: &str) -> Result<Option<Test>> {
    let Some(at) = word.find([':', '=', '<', '>']) else { return Ok(None) };
    let (field, rest) = (word[..at].to_lowercase(), &word[at..]);
    let Some((sign, comparison)) = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign)) else { return Ok(None) };
    let value = &rest[sign.len()..];
    if let Some((_, figure)) = FIGURES.iter().find(|(known, _)| *known == field) {
        return Ok(Some(Test::Number(*figure, *comparison, number(&value.to_lowercase())?)));
    }
    let Some((_, test)) = FIELDS.iter().find(|(known, _)| *known == field) else { return Ok(None) };
    match comparison {
        Comparison::Equal => test(value).map(Some),
        _ => Err(Error::query(format!("Only numbers are more or less than another: {field}: takes a colon."))),
    }
}

fn has(value: &str) -> Result<Test> {
    match KINDS.iter().find(|(kind, _)| value.eq_ignore_ascii_case(kind)) {
        Some((_, count)) => Ok(Test::Has(*count)),
        None => Err(Error::query("What a tensor has is nan, inf or zero: has:nan.")),
    }
}

fn shape(value: &str) -> Result<Test> {
    let sizes: std::result::Result<Vec<u64>, _> = value.split(['x', 'X', '×', ',']).map(str::parse).collect();
    match sizes.as_deref() {
        Ok([size]) => Ok(Test::Dimension(*size)),
        Ok(sizes) => Ok(Test::Shape(sizes.to_vec())),
        Err(_) => Err(Error::query(format!("{:?} is not a shape such as 4096 or 4096x1024.", quoted(value)))),
    }
}

/// `1e6`, `4k`, `1.5M`, `1MiB`.
fn number(value: &str) -> Result<f64> {
    let digits = value.trim_end_matches(|character: char| character.is_alphabetic());
    // The e of an exponent stands between digits.
    let (digits, unit) = if decimal::parse(value).is_some() { (value, "") } else { (digits, &value[digits.len()..]) };
    let times = match unit {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => f64::NAN,
    };
    match decimal::parse(digits) {
        Some(number) if (number * times).is_finite() => Ok(number * times),
        _ => Err(Error::query(format!("{:?} is not a number such as 1000, 1e6 or 2MiB.", quoted(value)))),
    }
}
