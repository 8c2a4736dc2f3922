//! What is wrong in a checkpoint is found where it was planted, and nowhere else.

mod common;

use common::{entry, goldens, json, planted, tests_folder, true_statistics};
use paramscope::analysis::{Target, Wants, survey, vital};
use paramscope::formats;
use paramscope::model::Checkpoint;
use paramscope::source::files_from_paths;
use paramscope::view::health::patient;
use paramscope_health::{Examination, Finding, LISTED, Level, RULES};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const ENDINGS: [&str; 3] = ["safetensors", "pt", "h5"];

fn open(path: &Path) -> Checkpoint {
    formats::open(&files_from_paths(&[path]).unwrap()).unwrap()
}

fn examined(checkpoint: &Checkpoint) -> Vec<Finding> {
    let mut examination = Examination::new(patient(checkpoint));
    let targets: Vec<Target> = (0..checkpoint.tensors.len()).map(Target::of).collect();
    survey(checkpoint, &targets, &Wants::USUAL, |target, found| {
        if let Some(vital) = found.ok().flatten().as_ref().and_then(vital) {
            examination.take(target.tensor, vital);
        }
    });
    examination.findings()
}

fn fixture(name: &str) -> Vec<Finding> {
    examined(&open(&tests_folder().join("fixtures").join(name)))
}

/// Whether a finding is the planted fault: the rule, the tensor, the place and the figure.
fn is(finding: &Finding, fault: &Value) -> bool {
    finding.rule == fault["rule"]
        && finding.tensor.as_deref() == fault["tensor"].as_str()
        && in_place(finding, &fault["place"])
        && has_figure(finding, &fault["figure"])
}

fn in_place(finding: &Finding, place: &Value) -> bool {
    let told = serde_json::to_value(&finding.place).unwrap();
    place.as_object().unwrap().iter().all(|(key, wanted)| match key.as_str() {
        "other" => finding.other.as_deref() == wanted.as_str(),
        // The tensor has the shape itself.
        "shape" => true,
        // By its number in one format, by its name in the other.
        "parameter" => told[key] == wanted.as_str().map_or(wanted.to_string(), str::to_owned),
        key => told[key] == *wanted,
    })
}

fn has_figure(finding: &Finding, wanted: &Value) -> bool {
    // A sample tells how far apart two tensors are.
    let tolerance = if finding.rule == "near-duplicate" { 0.5 } else { 1e-6 };
    match (finding.figure, wanted.as_f64()) {
        (Some(figure), Some(wanted)) => (figure - wanted).abs() <= tolerance * wanted.abs(),
        (figure, wanted) => figure.is_none() && wanted.is_none(),
    }
}

#[test]
fn every_planted_fault_is_found_where_it_is_and_nothing_else() {
    for ending in ENDINGS {
        let name = format!("health/faulty.{ending}");
        let (findings, faults) = (fixture(&name), planted(&name));
        assert!(faults.len() > 20, "{name}: the faults are missing");
        for fault in &faults {
            let found = findings.iter().any(|finding| is(finding, fault));
            let near: Vec<_> = findings.iter().filter(|finding| finding.rule == fault["rule"]).collect();
            assert!(found, "{name}: {fault} is not among {near:#?}");
        }
        let more: Vec<_> = findings.iter().filter(|finding| !faults.iter().any(|fault| is(finding, fault))).collect();
        assert!(more.is_empty(), "{name}: nobody planted {more:#?}");
    }
}

#[test]
fn every_rule_finds_a_planted_fault() {
    let rules = |ending: &&str| {
        planted(&format!("health/faulty.{ending}")).into_iter().map(|fault| fault["rule"].as_str().unwrap().to_owned())
    };
    let found: BTreeSet<String> = ENDINGS.iter().flat_map(rules).collect();
    let all: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(found, all);
}

#[test]
fn a_model_without_faults_has_none() {
    for ending in ENDINGS {
        let findings = fixture(&format!("health/clean.{ending}"));
        let grave: Vec<_> = findings.iter().filter(|finding| finding.level != Level::Info).collect();
        assert!(grave.is_empty(), "{ending}: {grave:#?}");
    }
}

/// Whether what a framework says of a tensor's values, or what these truly are, has what a rule looks for; `None` for rules
/// that need more than that.
fn says(golden: &Value, truth: Option<&Value>, finding: &Finding) -> Option<bool> {
    let stats = &golden["stats"];
    let count = |name: &str| stats[name].as_u64().unwrap_or(0);
    let limits = stats["min"].as_f64().zip(stats["max"].as_f64());
    let constant = limits.filter(|(min, max)| min == max).map(|(min, _)| min);
    Some(match finding.rule {
        "nan" => count("nan") > 0,
        "infinite" => count("posinf") + count("neginf") > 0,
        "all-zero" => constant == Some(0.0),
        "norm-initial" => constant == Some(1.0),
        "constant" => constant.is_some(),
        "beyond-float16" => limits.is_some_and(|(min, max)| min.min(-max) < -65504.0),
        "negative-variance" => limits.is_some_and(|(min, _)| min < 0.0),
        "below-float16" => truth?["exponents"].as_object()?.keys().any(|power| power.parse::<i32>().unwrap() < -25),
        "untouched" => has_normal_histogram(stats, finding.figure?)?,
        _ => return None,
    })
}

/// Whether values have this deviation, and as many of them are within one of it as of a normal distribution.
fn has_normal_histogram(stats: &Value, deviation: f64) -> Option<bool> {
    let list = |name: &str| -> Option<Vec<f64>> { stats["hist"][name].as_array()?.iter().map(Value::as_f64).collect() };
    let (counts, edges) = (list("counts")?, list("edges")?);
    let within = edges.windows(2).zip(&counts).filter(|(edges, _)| f64::midpoint(edges[0], edges[1]).abs() < deviation);
    let share = within.map(|(_, count)| count).sum::<f64>() / counts.iter().sum::<f64>();
    Some((stats["std"].as_f64()? / deviation - 1.0).abs() < 0.02 && (share - 0.6827).abs() < 0.05)
}

#[test]
fn fixtures_have_no_fault_but_those_that_their_frameworks_show() {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    let truths = true_statistics();
    for golden in goldens().iter().filter(|golden| golden["outcome"] == "ok") {
        let name = golden["fixture"].as_str().unwrap();
        if name.starts_with("health/faulty") {
            continue;
        }
        looked_at += 1;
        let findings = examined(&open(&entry(golden)));
        for finding in findings.iter().filter(|finding| finding.level != Level::Info) {
            let theirs = &golden["tensors"][finding.index.unwrap()];
            let truth = truths.iter().find(|truth| truth["fixture"] == golden["fixture"]);
            let truth =
                truth.and_then(|truth| truth["tensors"].as_array()?.iter().find(|told| told["name"] == theirs["name"]));
            if says(theirs, truth, finding) != Some(true) {
                wrong.push(format!("{name}: {}: {:?}: {}", finding.rule, finding.tensor, finding.message));
            }
        }
    }
    assert!(looked_at > 200, "the fixtures are missing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_has_a_text_for_every_rule() {
    for language in ["en", "zh"] {
        let texts = std::fs::read_to_string(tests_folder().join(format!("../www/texts/health/{language}.js"))).unwrap();
        for rule in &RULES {
            let record = format!("\n    '{}': {{ title: ", rule.id);
            let plain = format!("\n    {}: {{ title: ", rule.id);
            assert!(texts.contains(&record) || texts.contains(&plain), "{language} has no texts for {}", rule.id);
        }
    }
}

#[test]
fn the_rules_cost_little_of_a_checkpoint_of_many_tensors_and_are_listed_up_to_a_cap() {
    let mut patient = patient(&open(&tests_folder().join("fixtures/health/faulty.safetensors")));
    let one = patient.subjects[0].clone();
    let named = |index: usize| paramscope_health::Subject {
        name: format!("layers.{}.part{}.weight", index / 10, index % 10),
        ..one.clone()
    };
    patient.subjects = (0..100_000).map(named).collect();
    let vital = paramscope_health::Vital {
        finite: 5,
        nan: 1,
        limits: Some((0.0, 1.0)),
        shape: Some(paramscope_health::Shape { l2: 1.0, ..Default::default() }),
        print: Some(paramscope_health::Print { content: 7, sample: vec![0.5; 64] }),
        ..Default::default()
    };
    let start = std::time::Instant::now();
    let mut examination = Examination::new(patient);
    (0..100_000).for_each(|index| examination.take(index, vital.clone()));
    let findings = examination.findings();
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    let of_nan: Vec<_> = findings.iter().filter(|finding| finding.rule == "nan").collect();
    assert_eq!(of_nan.len(), LISTED + 1);
    assert_eq!(of_nan[LISTED].figure, Some(100_000.0 - 200.0));
    assert_eq!(of_nan[LISTED].level, Level::Danger);
}

#[test]
fn the_list_of_faults_is_of_the_goldens() {
    // A fault in a tensor that is not there could not be missed.
    for ending in ENDINGS {
        let name = format!("health/faulty.{ending}");
        let golden = json(&tests_folder().join(format!("golden/{name}.json")));
        let names: BTreeSet<&str> =
            golden["tensors"].as_array().unwrap().iter().map(|tensor| tensor["name"].as_str().unwrap()).collect();
        assert!(planted(&name).iter().all(|fault| names.contains(fault["tensor"].as_str().unwrap())), "{name}");
    }
}
