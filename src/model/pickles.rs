//! What the pickles of a checkpoint refer to, for a person who may load it in Python.

use crate::error::Error;

/// What loading a pickle that refers to a name means, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// It can run code, or reach files and the network, while the file is loaded.
    RunsCode,
    /// Only running the pickle would tell which name it is.
    Hidden,
    /// Nobody here knows it.
    NotKnown,
    /// NumPy needs it to build arrays.
    NumpyBuilder,
    /// `torch.load(weights_only=True)` accepts it.
    InTorchsList,
}

impl Meaning {
    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Meaning::RunsCode => "runs-code",
            Meaning::Hidden => "hidden",
            Meaning::NotKnown => "not-known",
            Meaning::NumpyBuilder => "numpy-builder",
            Meaning::InTorchsList => "in-torchs-list",
        }
    }
}

/// A name that a pickle refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Referred {
    /// `module.name`, as Python 3 spells it.
    pub name: String,
    /// As the pickle spells it, where that differs.
    pub spelled: Option<String>,
    /// The byte at which it is first referred to.
    pub at: u64,
    /// The opcode that does.
    pub opcode: &'static str,
    /// What that means.
    pub meaning: Meaning,
    /// Why, in half a sentence.
    pub reason: &'static str,
}

/// What `torch.load(weights_only=True)` would do with a pickle, without classes that were allowed for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Load it.
    Accepts,
    /// Refuse it, because of this name or opcode.
    Refuses(String),
}

/// One pickle, followed and not run.
#[derive(Clone, Debug, PartialEq)]
pub struct PickleFacts {
    /// The record or the file that holds it, and where in it.
    pub place: String,
    /// The protocol that it announces.
    pub protocol: u8,
    /// Why following it stopped, and at which byte; `None` if it is complete.
    pub stopped: Option<Error>,
    /// What it refers to, in its order; at most [`crate::limits::PICKLE_NAMES`].
    pub names: Vec<Referred>,
    /// How many more names there are.
    pub more: usize,
    /// For those that `torch.load` reads.
    pub verdict: Option<Verdict>,
}
