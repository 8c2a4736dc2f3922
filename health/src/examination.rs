use crate::anatomy::Anatomy;
use crate::finding::{Finding, Level, Place};
use crate::limits;
use crate::rules::{Case, RULES, Rule};
use crate::subject::Patient;
use crate::vital::Vital;
use std::collections::BTreeMap;

/// A checkpoint under examination: what is known grows with each tensor that is studied.
#[derive(Debug)]
pub struct Examination {
    patient: Patient,
    anatomy: Anatomy,
    vitals: BTreeMap<usize, Vital>,
}

impl Examination {
    /// Nothing studied yet.
    pub fn new(patient: Patient) -> Self {
        let anatomy = Anatomy::of(&patient);
        Examination { patient, anatomy, vitals: BTreeMap::new() }
    }

    /// Takes in what a study found in a tensor; a later study of it takes the earlier one's place.
    pub fn take(&mut self, tensor: usize, vital: Vital) {
        self.vitals.insert(tensor, vital);
    }

    /// How many tensors were studied.
    pub fn studied(&self) -> usize {
        self.vitals.len()
    }

    /// All that is found so far: the gravest first, then by rule, then in the order of the file. Of each rule at most
    /// [`limits::LISTED`] are listed; the last one then counts the rest.
    pub fn findings(&self) -> Vec<Finding> {
        let case = Case { patient: &self.patient, anatomy: &self.anatomy, vitals: &self.vitals };
        let mut all: Vec<Finding> = RULES.iter().flat_map(|rule| self.of_rule(rule, &case)).collect();
        // Rules are in their order already.
        all.sort_by_key(|finding| finding.level);
        all
    }

    fn of_rule(&self, rule: &Rule, case: &Case<'_>) -> Vec<Finding> {
        let mut found = (rule.find)(case);
        found.sort_by_key(|found| (found.harmless, found.tensor));
        let rest = found.len().saturating_sub(limits::LISTED);
        let worst =
            if found.get(limits::LISTED).is_some_and(|found| !found.harmless) { rule.level } else { Level::Info };
        found.truncate(limits::LISTED);
        let name = |index: usize| self.patient.subjects[index].name.clone();
        let finding = |level, message| Finding {
            rule: rule.id,
            level,
            sure: rule.sure,
            tensor: None,
            index: None,
            other: None,
            place: None,
            figure: None,
            message,
        };
        let told = found.into_iter().map(|found| Finding {
            tensor: Some(name(found.tensor)),
            index: Some(found.tensor),
            other: found.other.map(name),
            place: found.place,
            figure: found.figure,
            ..finding(if found.harmless { Level::Info.max(rule.level) } else { rule.level }, found.message)
        });
        let mut told: Vec<Finding> = told.collect();
        if rest > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a number of tensors")]
            let figure = Some(rest as f64);
            told.push(Finding {
                figure,
                ..finding(worst, format!("{rest} more findings of this rule are not listed."))
            });
        }
        told
    }
}

impl Finding {
    /// Where it is, in words; empty if it is about all of the tensor.
    pub fn whereabouts(&self) -> String {
        match &self.place {
            Some(Place::Index(index)) => format!("{index:?}"),
            Some(Place::Rows(rows)) => format!("rows {rows:?}"),
            Some(Place::Columns(columns)) => format!("columns {columns:?}"),
            _ => String::new(),
        }
    }
}
