//! What pickles refer to, for the report and for the page.

use crate::model::{PickleFacts, Referred, Verdict};
use serde::Serialize;

/// One pickle, followed and not run. Places are bytes from its start.
#[derive(Serialize)]
pub struct PickleFact {
    /// The record or the file that holds it, and where in it.
    pub place: String,
    /// The protocol that it announces; 0 if it does not.
    pub protocol: u8,
    /// Whether it was followed to its end.
    pub complete: bool,
    /// The byte at which following it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<u64>,
    /// Why it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What `torch.load(weights_only=True)` would do, for those that it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictFact>,
    /// The names that it refers to, in its order.
    pub names: Vec<NameFact>,
    /// How many more there are.
    pub more: usize,
}

/// What `torch.load(weights_only=True)` would do, without classes that were allowed for it.
#[derive(Serialize)]
#[expect(missing_docs, reason = "whether it would load it, and the name or the opcode because of which it would not")]
pub struct VerdictFact {
    pub accepts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A name that a pickle refers to.
#[derive(Serialize)]
#[expect(missing_docs, reason = "as in `model::Referred`")]
pub struct NameFact {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spelled: Option<String>,
    pub at: u64,
    pub opcode: &'static str,
    pub level: &'static str,
    pub reason: &'static str,
}

impl PickleFact {
    /// What the checkpoint has of one.
    pub fn new(facts: &PickleFacts) -> Self {
        let stopped = facts.stopped.as_ref();
        PickleFact {
            place: facts.place.clone(),
            protocol: facts.protocol,
            complete: stopped.is_none(),
            stopped: stopped.map(|error| error.offset.unwrap_or(0)),
            problem: stopped.map(|error| error.message.clone()),
            verdict: facts.verdict.as_ref().map(|verdict| match verdict {
                Verdict::Accepts => VerdictFact { accepts: true, because: None },
                Verdict::Refuses(because) => VerdictFact { accepts: false, because: Some(because.clone()) },
            }),
            names: facts.names.iter().map(NameFact::new).collect(),
            more: facts.more,
        }
    }
}

impl NameFact {
    fn new(name: &Referred) -> Self {
        let Referred { name, spelled, at, opcode, meaning, reason } = name;
        NameFact { name: name.clone(), spelled: spelled.clone(), at: *at, opcode, level: meaning.name(), reason }
    }
}
