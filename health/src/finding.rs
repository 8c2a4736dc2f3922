use serde::Serialize;

/// How grave a finding is, gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The model computes nothing of use.
    Danger,
    /// Something is likely not as it was meant.
    Warning,
    /// Good to know.
    Info,
}

/// How sure it is that the finding means what its rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sure {
    /// The values themselves say so.
    Certain,
    /// There is hardly another reason.
    Likely,
    /// There are other reasons, some of them good ones.
    Possible,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How grave.
    pub level: Level,
    /// How sure.
    pub sure: Sure,
    /// The tensor's name; none for findings that are only counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
    /// Its place among the checkpoint's tensors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The other tensor, where it is about two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// Where in the tensor, or in the checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// A figure; [`crate::Rule::figure`] says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figure: Option<f64>,
    /// One sentence.
    pub message: String,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The index of an element.
    Index(Vec<u64>),
    /// The first of the rows of the matrix of the first dimension by all others.
    Rows(Vec<u64>),
    /// The first of its columns.
    Columns(Vec<u64>),
    /// The other tensors that are concerned.
    Also(Vec<String>),
    /// The way of drawing first values.
    Rule(&'static str),
    /// The shape that others have.
    Usual(Vec<u64>),
    /// A parameter, by its number or name.
    Parameter(String),
}

/// What a rule says of one tensor; the table says the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub tensor: usize,
    pub other: Option<usize>,
    pub place: Option<Place>,
    pub figure: Option<f64>,
    pub message: String,
    /// That there is a good reason for it, or that it is by design.
    pub harmless: bool,
}

impl Found {
    pub fn new(tensor: usize, message: impl Into<String>) -> Self {
        Found { tensor, message: message.into(), ..Found::default() }
    }

    pub fn at(self, place: Place) -> Self {
        Found { place: Some(place), ..self }
    }

    pub fn figure(self, figure: f64) -> Self {
        Found { figure: Some(figure), ..self }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of values")]
    pub fn count(self, count: u64) -> Self {
        self.figure(count as f64)
    }

    pub fn harmless(self, harmless: bool) -> Self {
        Found { harmless, ..self }
    }
}
