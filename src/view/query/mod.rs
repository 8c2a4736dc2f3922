//! The filter box's language.
//!
//! | a term | what it finds |
//! | --- | --- |
//! | `fc1` | the text anywhere in the name, in upper or lower case |
//! | `*.attn.*.weight` | whole names; `*` stands for any run of characters, `?` for one |
//! | `/\.[0-9]\./` | a regular expression anywhere in the name |
//! | `name:fc1` `name:*.weight` | the same in so many words |
//! | `dtype:bf16` `device:cuda` `role:buffer` | what the type's, the device's or the role's name begins with |
//! | `shape:4096` `shape:4096x1024` | a dimension of that size, or the whole shape |
//! | `params>1e6` `bytes<=1MiB` `rank:2` | a number; `:` or `=` for just that one |
//! | `has:nan` `has:inf` `has:zero` | tensors in which such values were found, once they are analysed |
//! | `-bias` | whatever the rest does not find |
//!
//! All terms must hold. Quotation marks keep spaces together, `name:"layer norm"`; a term that begins with one is nothing
//! but text: `"-bias"`. `word:` that is no field is text, too, as names may have colons.

mod needed;
mod parse;

use crate::analysis::Counts;
use crate::error::Result;
use crate::model::Tensor;
use crate::sort;
use regex_lite::Regex;
use std::borrow::Cow;
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
    /// With a text in lower case without which nothing fits it; it may be empty.
    Pattern(Regex, String),
    Dtype(String),
    Device(String),
    Role(String),
    Dimension(u64),
    Shape(Vec<u64>),
    Number(Figure, Comparison, f64),
    Has(Count),
}

/// How many values of a kind were found.
type Count = fn(&Counts) -> u64;

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

impl Query {
    /// Reads what was typed; nothing finds everything.
    ///
    /// # Errors
    ///
    /// `Query` for a regular expression or a number that is none.
    pub fn parse(text: &str) -> Result<Self> {
        parse::words(text).iter().map(parse::term).collect::<Result<_>>().map(Query)
    }

    /// Whether a tensor is found; `counts` is what an analysis found in it, if there was one.
    pub fn finds(&self, tensor: &Tensor, counts: Option<&Counts>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let alias = tensor.more.as_ref().and_then(|more| more.alias.as_deref());
        let names = [Some(Name::new(&tensor.name)), alias.map(Name::new)];
        self.0.iter().all(|term| term.test.holds(tensor, &names, counts) == term.wanted)
    }

    /// What was found in a name, in bytes, rising and apart from each other.
    pub fn marks(&self, name: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> =
            self.0.iter().filter(|term| term.wanted).flat_map(|term| term.test.marks(name)).collect();
        sort::by_key(&mut found, |range| range.start);
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

/// A name of a tensor, of which it may have two; and the same in lower case.
struct Name<'a> {
    name: &'a str,
    lower: Cow<'a, str>,
}

impl<'a> Name<'a> {
    fn new(name: &'a str) -> Self {
        // As nearly all names are: making a text of each would take longer than searching it.
        let is_lower = name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        Name { name, lower: if is_lower { name.into() } else { name.to_lowercase().into() } }
    }
}

impl Test {
    fn holds(&self, tensor: &Tensor, names: &[Option<Name<'_>>; 2], counts: Option<&Counts>) -> bool {
        let mut names = names.iter().flatten();
        match self {
            Test::Contains(text) => names.any(|name| name.lower.contains(text.as_str())),
            Test::Glob(pattern) => names.any(|name| glob(pattern, &name.lower)),
            Test::Pattern(pattern, needed) => {
                names.any(|name| name.lower.contains(needed.as_str()) && pattern.is_match(name.name))
            }
            Test::Dtype(text) => tensor.dtype.name().to_lowercase().starts_with(text.as_str()),
            Test::Device(text) => {
                tensor.device.as_ref().is_some_and(|device| device.to_lowercase().starts_with(text.as_str()))
            }
            Test::Role(text) => tensor.role.is_some_and(|role| role.name().starts_with(text.as_str())),
            Test::Dimension(size) => tensor.shape.contains(size),
            Test::Has(count) => counts.is_some_and(|counts| count(counts) > 0),
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
            Test::Pattern(pattern, _) => {
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
    let (mut at, mut rest) = (0, text.chars());
    let mut star = None;
    loop {
        let before = rest.clone();
        match (pattern.get(at), rest.next()) {
            (Some('*'), _) => {
                at += 1;
                star = Some((at, before.clone()));
                rest = before;
            }
            (wanted, None) => return wanted.is_none(),
            (Some(wanted), Some(character)) if *wanted == '?' || *wanted == character => at += 1,
            _ => {
                let Some((after, taken)) = &mut star else { return false };
                taken.next();
                (at, rest) = (*after, taken.clone());
            }
        }
    }
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
            "DType:BF shape:4096X1024",
            "name:*.WEIGHT",
            r"name:/\d\.self/",
            "-name:\"k proj\"",
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
            "dtype:f16",
            "q_proj bias",
            r"name:/\D\.self/",
            "-\"q_proj\"",
        ] {
            assert!(!finds(query, name), "{query}");
        }
    }

    #[test]
    fn the_other_name_of_a_tensor_is_found_too() {
        let layout = Layout::Absent { file: String::new() };
        let mut tensor = Tensor::new("variables/0", Dtype::Number(Number::F32), vec![4], layout);
        tensor.more =
            Some(std::rc::Rc::new(crate::model::More { alias: Some("dense/Kernel".into()), ..Default::default() }));
        let finds = |query: &str| Query::parse(query).unwrap().finds(&tensor, None);
        assert!(["kernel", "dense/*", "/Kernel$/", "variables kernel"].into_iter().all(finds));
        assert!(!finds("bias") && !finds("-kernel"));
    }

    #[test]
    fn a_colon_that_is_no_field_is_part_of_a_name() {
        assert!(finds("scope:0", "scope:0/kernel"));
        assert!(finds("-", "a-b"));
    }

    #[test]
    fn quotation_marks_keep_words_together() {
        for query in ["\"layer norm\"", "name:\"layer norm\"", "-\"norm layer\"", "\"-norm 1\"", "\"a b"] {
            assert!(finds(query, "a b.layer norm.layer-norm 1"), "{query}");
        }
        assert!(!finds("-\"layer norm\"", "a layer norm") && !finds("\"norm layer\"", "layer norm"));
        assert!(finds("\"dtype:f32\" \"*\"", "odd dtype:f32 *") && !finds("\"*.w\"", "a.w"));
        assert!(finds("a - b", "b-a") && finds("--b", "a") && !finds("--b", "a-b") && finds("\"\" -", "-"));
    }

    #[test]
    fn finds_what_an_analysis_found() {
        let tensor = Tensor::new("a", Dtype::Object, vec![], Layout::Absent { file: String::new() });
        let counts = Counts { nan: 1, ..Counts::default() };
        let finds = |query: &str, counts| Query::parse(query).unwrap().finds(&tensor, counts);
        assert!(finds("has:nan", Some(&counts)) && finds("-has:inf", Some(&counts)));
        assert!(!finds("has:nan", None) && !finds("has:zero", Some(&counts)));
    }

    #[test]
    fn says_what_is_wrong_with_a_query() {
        let too_large = "/([a-z.0-9]{1,60}){40}!/";
        for query in
            ["/(/", "params>many", "params<inf", "shape:wide", "shape>4096", "dtype<f32", "has:luck", too_large]
        {
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

    /// Some milliseconds each where it is optimised.
    #[test]
    fn many_names_are_filtered_at_once() {
        let layout = Layout::Absent { file: String::new() };
        let tensor = |i| Tensor::new(format!("layers.{i}.proj.weight"), Dtype::Object, vec![4], layout.clone());
        let tensors: Vec<Tensor> = (0..100_000).map(tensor).collect();
        for query in ["77.proj", "*77.*weight", r"/77\.p/", "-bias shape:4 name:77.proj"] {
            let start = std::time::Instant::now();
            let query = Query::parse(query).unwrap();
            assert_eq!(tensors.iter().filter(|tensor| query.finds(tensor, None)).count(), 1000);
            assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let start = std::time::Instant::now();
        assert!(!finds(&"*a".repeat(200), &"a".repeat(199)));
        assert!(start.elapsed().as_secs_f64() < 1.0);
    }
}
