//! The filter box's language.
//!
//! | a term | what it finds |
//! | --- | --- |
//! | `fc1` | the text anywhere in the name, in upper or lower case |
//! | `*.attn.*.weight` | whole names; `*` stands for any run of characters, `?` for one |
//! | `/\.[0-9]\./` | a regular expression anywhere in the name |
//! | `dtype:bf16` `device:cuda` | the text in that field |
//! | `shape:4096` `shape:4096x1024` | a dimension of that size, or the whole shape |
//! | `params>1e6` `bytes<=1MiB` `rank:2` | a number; `:` or `=` for just that one |
//! | `has:nan` `has:inf` `has:zero` | tensors in which such values were found, once they are analysed |
//! | `-bias` | whatever the rest does not find |
//!
//! All terms must hold. Quotation marks keep spaces together: `"my name"`.

use crate::analysis::Extent;
use crate::error::{Error, Result, quoted};
use crate::model::Tensor;
use regex_lite::{Regex, RegexBuilder};
use std::ops::Range;

/// A filter.
#[derive(Debug, Default)]
pub struct Query(Vec<Term>);

#[derive(Debug)]
struct Term {
    wanted: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Contains(String),
    Glob(Vec<char>),
    Pattern(Regex),
    Dtype(String),
    Device(String),
    Dimension(u64),
    Shape(Vec<u64>),
    Number(Figure, Comparison, f64),
    Has(Count),
}

/// How many values of a kind were found.
type Count = fn(&Extent) -> u64;

/// Kinds of values.
const KINDS: [(&str, Count); 3] =
    [("nan", |extent| extent.nan), ("inf", |extent| extent.pos_inf + extent.neg_inf), ("zero", |extent| extent.zeros)];

/// A number of a tensor.
#[derive(Clone, Copy, Debug)]
enum Figure {
    Elements,
    Bytes,
    Rank,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

/// The names of numbers.
const FIGURES: [(&str, Figure); 5] = [
    ("params", Figure::Elements),
    ("parameters", Figure::Elements),
    ("elements", Figure::Elements),
    ("bytes", Figure::Bytes),
    ("rank", Figure::Rank),
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

/// What a regular expression may take, compiled.
const PATTERN_BYTES: usize = 1 << 20;

impl Query {
    /// Reads what was typed; nothing finds everything.
    ///
    /// # Errors
    ///
    /// `Query` for a regular expression or a number that is none.
    pub fn parse(text: &str) -> Result<Self> {
        words(text).into_iter().map(|word| term(&word)).collect::<Result<_>>().map(Query)
    }

    /// Whether a tensor is found; `extent` is what an analysis found in it, if there was one.
    pub fn finds(&self, tensor: &Tensor, extent: Option<&Extent>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let lower = tensor.name.to_lowercase();
        self.0.iter().all(|term| term.test.holds(tensor, &lower, extent) == term.wanted)
    }

    /// What was found in a name, in bytes, rising and apart from each other.
    pub fn marks(&self, name: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> =
            self.0.iter().filter(|term| term.wanted).flat_map(|term| term.test.marks(name)).collect();
        found.sort_by_key(|range| range.start);
        found.dedup_by(|later, earlier| {
            let touches = later.start <= earlier.end;
            if touches {
                earlier.end = earlier.end.max(later.end);
            }
            touches
        });
        found
    }
}

/// The words, quotation marks taken off; a pattern between slashes is one word.
fn words(text: &str) -> Vec<(String, bool)> {
    let (mut words, mut word, mut open, mut was_quoted) = (Vec::new(), String::new(), None, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let starts = word.is_empty() || word == "-";
        match open {
            Some('/') if character == '\\' => {
                word.push(character);
                word.extend(characters.next());
            }
            Some(end) if character == end => {
                open = None;
                if character == '/' {
                    word.push(character);
                }
            }
            None if character == '"' => (open, was_quoted) = (Some('"'), true),
            None if character == '/' && starts => {
                open = Some('/');
                word.push(character);
            }
            None if character.is_whitespace() => {
                words.push((std::mem::take(&mut word), was_quoted));
                was_quoted = false;
            }
            _ => word.push(character),
        }
    }
    words.push((word, was_quoted));
    words.retain(|(word, _)| !word.is_empty());
    words
}

fn term((word, was_quoted): &(String, bool)) -> Result<Term> {
    let (wanted, rest) = match word.strip_prefix('-') {
        Some(rest) if !rest.is_empty() && !was_quoted => (false, rest),
        _ => (true, word.as_str()),
    };
    let test = if *was_quoted { Test::Contains(rest.to_lowercase()) } else { test(rest)? };
    Ok(Term { wanted, test })
}

fn test(word: &str) -> Result<Test> {
    if let Some(pattern) = word.strip_prefix('/') {
        // Half a pattern is what one has while typing.
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_BYTES).build();
        return built.map(Test::Pattern).map_err(|error| Error::query(format!("The pattern is not valid: {error}.")));
    }
    if let Some(test) = field(word)? {
        return Ok(test);
    }
    if word.contains(['*', '?']) {
        return Ok(Test::Glob(word.to_lowercase().chars().collect()));
    }
    Ok(Test::Contains(word.to_lowercase()))
}

/// A term about a field; `None` if the word does not begin with the name of one.
fn field(word: &str) -> Result<Option<Test>> {
    let Some(at) = word.find([':', '=', '<', '>']) else { return Ok(None) };
    let (name, rest) = word.split_at(at);
    let Some((sign, comparison)) = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign)) else { return Ok(None) };
    let value = rest[sign.len()..].to_lowercase();
    let test = match name {
        "dtype" | "type" => Test::Dtype(value),
        "device" => Test::Device(value),
        "name" => Test::Contains(value),
        "shape" => shape(&value)?,
        "has" => match KINDS.iter().find(|(kind, _)| *kind == value) {
            Some((_, count)) => Test::Has(*count),
            None => return Err(Error::query("What a tensor has is nan, inf or zero: has:nan.")),
        },
        _ => match FIGURES.iter().find(|(known, _)| *known == name) {
            Some((_, figure)) => Test::Number(*figure, *comparison, number(&value)?),
            None => return Ok(None),
        },
    };
    Ok(Some(test))
}

fn shape(value: &str) -> Result<Test> {
    let sizes: std::result::Result<Vec<u64>, _> = value.split(['x', '×', ',']).map(str::parse).collect();
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
    let (digits, unit) = if value.parse::<f64>().is_ok() { (value, "") } else { (digits, &value[digits.len()..]) };
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
    match digits.parse::<f64>() {
        Ok(number) if times.is_finite() => Ok(number * times),
        _ => Err(Error::query(format!("{:?} is not a number such as 1000, 1e6 or 2MiB.", quoted(value)))),
    }
}

impl Test {
    fn holds(&self, tensor: &Tensor, lower: &str, extent: Option<&Extent>) -> bool {
        match self {
            Test::Contains(text) => lower.contains(text.as_str()),
            Test::Glob(pattern) => glob(pattern, lower),
            Test::Pattern(pattern) => pattern.is_match(&tensor.name),
            Test::Dtype(text) => tensor.dtype.name().to_lowercase().contains(text.as_str()),
            Test::Device(text) => {
                tensor.device.as_ref().is_some_and(|device| device.to_lowercase().contains(text.as_str()))
            }
            Test::Dimension(size) => tensor.shape.contains(size),
            Test::Has(count) => extent.is_some_and(|extent| count(extent) > 0),
            Test::Shape(shape) => tensor.shape == *shape,
            Test::Number(figure, comparison, bound) => {
                #[expect(clippy::cast_precision_loss, reason = "what was typed is no more exact")]
                let value = match figure {
                    Figure::Elements => tensor.elements() as f64,
                    Figure::Bytes => tensor.bytes() as f64,
                    Figure::Rank => tensor.shape.len() as f64,
                };
                match comparison {
                    Comparison::Less => value < *bound,
                    Comparison::AtMost => value <= *bound,
                    Comparison::Equal => value == *bound,
                    Comparison::AtLeast => value >= *bound,
                    Comparison::More => value > *bound,
                }
            }
        }
    }

    fn marks(&self, name: &str) -> Vec<Range<usize>> {
        match self {
            Test::Contains(text) => find_all(name, text),
            Test::Glob(pattern) => {
                let pattern: String = pattern.iter().collect();
                let parts = pattern.split(['*', '?']).filter(|part| !part.is_empty());
                let mut from = 0;
                let mut found = Vec::new();
                for part in parts {
                    if let Some(range) = find_all(&name[from..], part).first() {
                        found.push(range.start + from..range.end + from);
                        from += range.end;
                    }
                }
                found
            }
            Test::Pattern(pattern) => {
                pattern.find_iter(name).map(|found| found.range()).filter(|range| !range.is_empty()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Where a text in lower case stands in a name, whatever the case there.
fn find_all(name: &str, text: &str) -> Vec<Range<usize>> {
    let lower = name.to_lowercase();
    // Some letters change their length in lower case; then no place can be told.
    if text.is_empty() || lower.len() != name.len() {
        return Vec::new();
    }
    let found = lower.match_indices(text).map(|(start, found)| start..start + found.len());
    found.filter(|range| name.is_char_boundary(range.start) && name.is_char_boundary(range.end)).collect()
}

/// Whether the whole text fits the pattern: on a mismatch the last star takes one more character, so the time is at most
/// the product of both lengths.
fn glob(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(character) if *character == '?' || *character == text[place] => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    (at, place) = (star_at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dtype, Layout, Number};

    fn finds(query: &str, name: &str) -> bool {
        let layout = Layout::Absent { file: String::new() };
        let mut tensor = Tensor::new(name, Dtype::Number(Number::Bf16), vec![4096, 1024], layout);
        tensor.device = Some("cuda:0".into());
        Query::parse(query).unwrap().finds(&tensor, None)
    }

    #[test]
    fn finds_what_was_typed() {
        let name = "model.layers.12.self_attn.q_proj.weight";
        for query in [
            "",
            "Q_PROJ",
            "*.12.*proj* dtype:bf16",
            r"/\.1\d\./",
            "shape:4096",
            "shape:4096x1024",
            "params>1e6",
            "bytes>=8MiB",
            "rank:2",
            "-bias",
            "device:cuda weight",
            "\"layers.12\"",
            "params=4194304",
            "bytes<9M",
        ] {
            assert!(finds(query, name), "{query}");
        }
        for query in [
            "k_proj",
            "q_proj*",
            "/^weight/",
            "shape:12",
            "params<1e6",
            "-weight",
            "rank>2",
            "dtype:f32",
            "q_proj bias",
        ] {
            assert!(!finds(query, name), "{query}");
        }
    }

    #[test]
    fn a_colon_that_is_no_field_is_part_of_a_name() {
        assert!(finds("scope:0", "scope:0/kernel"));
        assert!(finds("-", "a-b"));
    }

    #[test]
    fn finds_what_an_analysis_found() {
        let tensor = Tensor::new("a", Dtype::Object, vec![], Layout::Absent { file: String::new() });
        let extent = Extent { nan: 1, ..Extent::default() };
        let finds = |query: &str, extent| Query::parse(query).unwrap().finds(&tensor, extent);
        assert!(finds("has:nan", Some(&extent)) && finds("-has:inf", Some(&extent)));
        assert!(!finds("has:nan", None) && !finds("has:zero", Some(&extent)));
    }

    #[test]
    fn says_what_is_wrong_with_a_query() {
        for query in ["/(/", "params>many", "shape:wide", "has:luck"] {
            assert_eq!(Query::parse(query).unwrap_err().kind, crate::error::Kind::Query, "{query}");
        }
    }

    #[test]
    fn marks_what_was_found() {
        let query = Query::parse("*.12.*PROJ*").unwrap();
        assert_eq!(query.marks("layers.12.q_proj.weight"), [6..10, 12..16]);
        assert_eq!(Query::parse("aa aaa").unwrap().marks("aaaa"), vec![Range { start: 0, end: 4 }]);
        assert!(Query::parse("-a").unwrap().marks("a").is_empty());
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let start = std::time::Instant::now();
        assert!(!finds(&"*a".repeat(200), &"a".repeat(199)));
        assert!(start.elapsed().as_secs_f64() < 1.0);
    }
}
