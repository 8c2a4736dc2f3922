//! The rules, in one table.

mod channels;
mod initial;
mod pairs;
mod scale;
mod structure;
mod values;

use crate::anatomy::Anatomy;
use crate::finding::{Found, Level, Sure};
use crate::subject::{Patient, Subject};
use crate::vital::Vital;
use std::collections::BTreeMap;

/// What the rules look at.
pub(crate) struct Case<'a> {
    pub patient: &'a Patient,
    pub anatomy: &'a Anatomy,
    /// Of the tensors whose values were studied.
    pub vitals: &'a BTreeMap<usize, Vital>,
}

impl<'a> Case<'a> {
    /// The tensors whose values were studied; of those that are the same elements the first only.
    pub fn studied(&self) -> impl Iterator<Item = (usize, &'a Subject, &'a Vital)> + use<'a> {
        let subjects = &self.patient.subjects;
        let studied = self.vitals.iter().filter_map(|(index, vital)| Some((*index, subjects.get(*index)?, vital)));
        studied.filter(|(_, subject, _)| subject.tied.is_none())
    }
}

/// One rule.
pub struct Rule {
    /// What it is called in the report and in the page's texts.
    pub id: &'static str,
    /// What a finding of it may mean.
    pub means: &'static str,
    /// Whether it does.
    pub sure: Sure,
    /// How grave it is, unless there is a good reason for it.
    pub level: Level,
    /// What the figure of a finding is; empty if there is none.
    pub figure: &'static str,
    pub(crate) find: fn(&Case<'_>) -> Vec<Found>,
}

/// All of them, the gravest first.
pub const RULES: [Rule; 19] = [
    Rule {
        id: "nan",
        means: "Training diverged, or the file is damaged: whatever is computed from the tensor is NaN.",
        sure: Sure::Certain,
        level: Level::Danger,
        figure: "values",
        find: values::nan,
    },
    Rule {
        id: "infinite",
        means: "Training diverged, or a number was too large for the type: what is computed from it becomes infinite or NaN.",
        sure: Sure::Certain,
        level: Level::Danger,
        figure: "values",
        find: values::infinite,
    },
    Rule {
        id: "negative-variance",
        means: "A variance below zero has no root: normalising by it gives NaN.",
        sure: Sure::Certain,
        level: Level::Danger,
        figure: "values",
        find: values::negative_variance,
    },
    Rule {
        id: "all-zero",
        means: "The layer gives nothing: it was never filled in, was pruned, or died in training.",
        sure: Sure::Likely,
        level: Level::Warning,
        figure: "elements",
        find: values::all_zero,
    },
    Rule {
        id: "constant",
        means: "Nothing was learned here, or the values were overwritten.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "value",
        find: values::constant,
    },
    Rule {
        id: "dead-rows",
        means: "These outputs are always zero: the units died, or were pruned.",
        sure: Sure::Likely,
        level: Level::Warning,
        figure: "rows",
        find: channels::dead_rows,
    },
    Rule {
        id: "dead-columns",
        means: "These inputs are never used: the units before them died, or were pruned.",
        sure: Sure::Likely,
        level: Level::Warning,
        figure: "columns",
        find: channels::dead_columns,
    },
    Rule {
        id: "identical",
        means: "One tensor was copied over another, or a layer was stacked and not trained since.",
        sure: Sure::Likely,
        level: Level::Warning,
        figure: "elements",
        find: pairs::identical,
    },
    Rule {
        id: "near-duplicate",
        means: "One tensor is a copy of another that was hardly trained since.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "norm of the difference over the other's",
        find: pairs::near_duplicate,
    },
    Rule {
        id: "beyond-float16",
        means: "A cast to float16 makes these values infinite.",
        sure: Sure::Certain,
        level: Level::Warning,
        figure: "values",
        find: values::beyond_float16,
    },
    Rule {
        id: "below-float16",
        means: "A cast to float16 makes these values zero.",
        sure: Sure::Certain,
        level: Level::Warning,
        figure: "values",
        find: values::below_float16,
    },
    Rule {
        id: "exploding",
        means: "The layer is much stronger than the same one elsewhere in the model: training was about to diverge there.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "root mean square over the median of the other layers'",
        find: scale::exploding,
    },
    Rule {
        id: "vanishing",
        means: "The layer is much weaker than the same one elsewhere in the model, and adds next to nothing.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "root mean square over the median of the other layers'",
        find: scale::vanishing,
    },
    Rule {
        id: "untouched",
        means: "The values look as they were drawn before training: the layer was never trained, or its trained values were not loaded.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "bound, or standard deviation",
        find: initial::untouched,
    },
    Rule {
        id: "norm-initial",
        means: "A normalisation has its first values: it was never trained, or never saw any data.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "tensors of the layer",
        find: initial::norm_initial,
    },
    Rule {
        id: "outlier-channels",
        means: "A few rows or columns are far stronger than the others: they make it hard to quantise the tensor.",
        sure: Sure::Likely,
        level: Level::Warning,
        figure: "largest norm over the median",
        find: channels::outliers,
    },
    Rule {
        id: "odd-shape",
        means: "One layer was pruned or replaced, or the file is put together from different models.",
        sure: Sure::Possible,
        level: Level::Warning,
        figure: "layers with the usual shape",
        find: structure::odd_shape,
    },
    Rule {
        id: "orphan-optimizer-state",
        means: "The optimizer keeps numbers for a parameter that is not there: training cannot be resumed as it was.",
        sure: Sure::Likely,
        level: Level::Warning,
        figure: "",
        find: structure::orphan,
    },
    Rule {
        id: "tied",
        means: "Two names for one storage: what is changed under one name changes under the other.",
        sure: Sure::Certain,
        level: Level::Info,
        figure: "tensors on the storage",
        find: structure::tied,
    },
];
