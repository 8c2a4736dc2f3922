//! Statistics are what they truly are: goldens computed in whole numbers and rounded once, for every kind of number.

mod common;

use common::{entry, goldens, true_statistics};
use paramscope::analysis::{Findings, Lines, PERCENTILES, Study, Wants};
use paramscope::formats;
use paramscope::source::files_from_paths;
use serde_json::{Value, json};

#[test]
fn statistics_are_what_they_truly_are() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    let goldens = goldens();
    for truth in true_statistics() {
        let fixture = &truth["fixture"];
        let golden = goldens.iter().find(|golden| golden["fixture"] == *fixture).unwrap();
        assert_eq!(truth["percents"].as_array().unwrap().len(), PERCENTILES.len());
        let checkpoint = formats::open(&files_from_paths(&[entry(golden)]).unwrap()).unwrap();
        for theirs in truth["tensors"].as_array().unwrap() {
            let ours =
                checkpoint.tensors.iter().find(|tensor| tensor.name == theirs["name"].as_str().unwrap()).unwrap();
            let found = Study::whole(&Wants::USUAL, &checkpoint, ours).unwrap().unwrap();
            let ours = Differences::of(&found, theirs);
            wrong.extend(ours.0.into_iter().map(|what| format!("{fixture}: {} {what}", theirs["name"])));
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} tensors");
    assert!(wrong.is_empty(), "{} differences in {checked} tensors:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not as it truly is.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn of(found: &Findings, theirs: &Value) -> Self {
        let mut wrong = Differences::default();
        let (counts, places) = (&found.counts, &found.places);
        wrong.same("n", counts.all().into(), &theirs["n"]);
        wrong.same("finite", counts.finite.into(), &theirs["finite"]);
        wrong.same("subnormal", counts.subnormal.into(), &theirs["subnormal"]);
        wrong.same("first_nan", places.nan.into(), &theirs["first_nan"]);
        wrong.same("first_posinf", places.pos_inf.into(), &theirs["first_posinf"]);
        wrong.same("first_neginf", places.neg_inf.into(), &theirs["first_neginf"]);
        if counts.finite > 0 {
            wrong.same("argmin", places.min.into(), &theirs["argmin"]);
            wrong.same("argmax", places.max.into(), &theirs["argmax"]);
            wrong.figures(found, theirs);
        } else {
            wrong.same("moments", json!(found.moments.is_some()), &json!(false));
        }
        let magnitudes = found.magnitudes.as_ref().unwrap();
        let exponents: serde_json::Map<String, Value> = (magnitudes.lowest..)
            .zip(&magnitudes.counts)
            .filter(|(_, count)| **count > 0)
            .map(|(power, count)| (power.to_string(), json!(count)))
            .collect();
        if !theirs["exponents"].is_null() {
            wrong.same("exponents", exponents.into(), &theirs["exponents"]);
        }
        if theirs["rows"].is_object() {
            let channels = found.channels.as_ref().unwrap();
            wrong.lines("rows", &channels.rows, &theirs["rows"]);
            wrong.lines("columns", &channels.columns, &theirs["columns"]);
        }
        wrong
    }

    fn figures(&mut self, found: &Findings, theirs: &Value) {
        let (low, high) = found.limits.unwrap();
        let moments = found.moments.unwrap();
        self.near("min", Some(low), &theirs["min"], 0.0, 0.0);
        self.near("max", Some(high), &theirs["max"], 0.0, 0.0);
        for (what, ours) in
            [("mean", moments.mean), ("std", moments.std), ("l2", moments.l2), ("abs_mean", moments.abs_mean)]
        {
            self.near(what, Some(ours), &theirs[what], 1e-12, 0.0);
        }
        // A skewness close to zero is what large cubes leave of each other.
        self.near("skewness", moments.skewness, &theirs["skewness"], 1e-11, 1e-13);
        self.near("kurtosis", moments.kurtosis, &theirs["kurtosis"], 1e-11, 0.0);
        for ((percent, ours), theirs) in
            PERCENTILES.iter().zip(found.percentiles.unwrap()).zip(theirs["percentiles"].as_array().unwrap())
        {
            self.near(&format!("{percent} %"), Some(ours), theirs, 0.0, 0.0);
        }
    }

    fn lines(&mut self, what: &str, ours: &Lines, theirs: &Value) {
        for (part, ours, relative) in [("min", &ours.min, 0.0), ("max", &ours.max, 0.0), ("l2", &ours.l2, 1e-12)] {
            let theirs = theirs[part].as_array().unwrap();
            self.same(&format!("number of {what}"), ours.len().into(), &theirs.len().into());
            for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate().filter(|(_, (_, theirs))| !theirs.is_null())
            {
                self.near(&format!("{part} of {what} {at}"), Some(*ours), theirs, relative, 0.0);
            }
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "made for the call")]
    fn same(&mut self, what: &str, ours: Value, theirs: &Value) {
        if ours != *theirs {
            self.0.push(format!("{what} {ours}, truly {theirs}"));
        }
    }

    fn near(&mut self, what: &str, ours: Option<f64>, theirs: &Value, relative: f64, absolute: f64) {
        let truth = match theirs {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        let near = match (ours, truth) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= absolute + relative * b.abs(),
            (a, b) => a.is_none() && b.is_none(),
        };
        if !near {
            self.0.push(format!("{what} {ours:?}, truly {theirs}"));
        }
    }
}
