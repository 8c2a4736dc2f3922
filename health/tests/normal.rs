//! What is normal in a checkpoint is no finding, or a remark at most.

use paramscope_health::{
    Element, Examination, Finding, Level, Lines, Listed, Part, Patient, Print, Shape, Subject, Vital,
};

const FLOAT: Element = Element::Float { bits: 32, wide: true };

fn subject(name: &str, shape: &[u64]) -> Subject {
    Subject {
        name: name.to_owned(),
        shape: shape.to_vec(),
        element: FLOAT,
        part: Part::Model,
        tied: None,
        parameter: None,
    }
}

/// Of values that are neither special nor drawn.
fn usual(count: u64, seed: u64) -> Vital {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let sample = (0..64u64).map(|at| ((at * 37 + seed * 101) % 89) as f32 / 89.0 - 0.5).collect();
    Vital {
        finite: count,
        limits: Some((-0.7, 0.9)),
        shape: Some(Shape { mean: 0.0, std: 0.1, l2: 1.0, kurtosis: 5.0 }),
        percentiles: Some([-0.6, -0.5, -0.3, -0.1, 0.0, 0.1, 0.3, 0.5, 0.6]),
        print: Some(Print { content: seed, sample }),
        ..Vital::default()
    }
}

fn constant(count: u64, value: f64) -> Vital {
    let zeros = if value == 0.0 { count } else { 0 };
    Vital { finite: count, zeros, limits: Some((value, value)), ..Vital::default() }
}

fn examined(tensors: Vec<(Subject, Vital)>) -> Vec<Finding> {
    let (subjects, vitals): (Vec<_>, Vec<_>) = tensors.into_iter().unzip();
    let mut examination = Examination::new(Patient { subjects, listed: Vec::new() });
    vitals.into_iter().enumerate().for_each(|(index, vital)| examination.take(index, vital));
    examination.findings()
}

#[track_caller]
fn only(findings: &[Finding], rule: &str, level: Level) {
    assert!(
        !findings.is_empty() && findings.iter().all(|finding| finding.rule == rule && finding.level == level),
        "{findings:#?}"
    );
}

#[test]
fn masks_tables_and_biases_are_no_faults() {
    let mask = Vital { neg_inf: 6, ..constant(10, 0.0) };
    let triangle =
        Vital { limits: Some((0.0, 1.0)), percentiles: Some([0., 0., 0., 0., 1., 1., 1., 1., 1.]), ..usual(64, 1) };
    let nothing = examined(vec![
        (subject("attn.mask_bias", &[4, 4]), mask),
        (subject("h.0.attn.bias", &[8, 8]), triangle.clone()),
        (subject("h.1.attn.bias", &[8, 8]), triangle),
        (subject("a.bias", &[16]), constant(16, 0.0)),
        (subject("rotary_emb.inv_freq", &[64]), usual(64, 3)),
        (subject("other.rotary_emb.inv_freq", &[64]), usual(64, 3)),
        (Subject { element: Element::Whole, ..subject("num", &[64, 2]) }, constant(128, 7.0)),
        (Subject { part: Part::Optimizer, ..subject("exp_avg", &[8, 8]) }, constant(64, 0.0)),
    ]);
    assert!(nothing.is_empty(), "{nothing:#?}");
}

#[test]
fn padding_and_adapters_at_their_beginning_are_remarks() {
    let lines = |dead: &[u64], count| Lines {
        count,
        dead: dead.len() as u64,
        first_dead: dead.to_vec(),
        last_dead: dead.last().copied().unwrap_or(0),
        median: 1.0,
        ..Lines::default()
    };
    let with = |dead: &[u64]| Vital { rows: Some(lines(dead, 10)), columns: Some(lines(&[], 8)), ..usual(80, 1) };
    only(&examined(vec![(subject("tok_embeddings.weight", &[10, 8]), with(&[0]))]), "dead-rows", Level::Info);
    only(&examined(vec![(subject("embed.weight", &[10, 8]), with(&[8, 9]))]), "dead-rows", Level::Info);
    only(&examined(vec![(subject("embed.weight", &[10, 8]), with(&[3, 9]))]), "dead-rows", Level::Warning);
    only(&examined(vec![(subject("fc.weight", &[10, 8]), with(&[0]))]), "dead-rows", Level::Warning);
    only(&examined(vec![(subject("q.lora_B.weight", &[8, 8]), constant(64, 0.0))]), "all-zero", Level::Info);
}

#[test]
fn a_copy_under_another_name_is_a_remark_and_one_in_another_layer_is_not() {
    let pair = |a: &str, b: &str| {
        examined(vec![(subject(a, &[10, 10]), usual(100, 1)), (subject(b, &[10, 10]), usual(100, 1))])
    };
    only(&pair("model.fc.weight", "ema.fc.weight"), "identical", Level::Info);
    only(&pair("layers.0.fc.weight", "layers.1.fc.weight"), "identical", Level::Warning);
}

#[test]
fn a_model_that_was_saved_before_training_is_told_so_by_remarks() {
    let norms = (0..3).flat_map(|layer| {
        [
            (subject(&format!("l.{layer}.norm.weight"), &[8]), constant(8, 1.0)),
            (subject(&format!("l.{layer}.norm.bias"), &[8]), constant(8, 0.0)),
        ]
    });
    only(&examined(norms.collect()), "norm-initial", Level::Info);
}

#[test]
fn first_layers_and_last_ones_may_have_shapes_of_their_own() {
    let shapes = [[16, 8], [16, 16], [16, 16], [16, 16], [16, 16], [16, 16], [16, 16], [16, 16], [4, 16]];
    let stack = |from: usize| {
        let layers = shapes[from..].iter().enumerate();
        layers
            .map(|(at, shape)| (subject(&format!("net.{at}.weight"), shape), usual(shape[0] * shape[1], at as u64)))
            .collect::<Vec<_>>()
    };
    for from in [0, 1] {
        let nothing = examined(stack(from));
        assert!(nothing.is_empty(), "{nothing:#?}");
    }
    // Among others that are as usual it is an odd one.
    let with_norms = stack(1)
        .into_iter()
        .enumerate()
        .flat_map(|(at, tensor)| [tensor, (subject(&format!("net.{at}.x"), &[3]), usual(3, at as u64))]);
    only(&examined(with_norms.collect()), "odd-shape", Level::Warning);
}

#[test]
fn an_optimizer_whose_list_is_not_known_has_no_orphans() {
    let state =
        |number| Subject { part: Part::Optimizer, parameter: Some((0, number)), ..subject("state.exp_avg", &[4]) };
    let found = |listed: Vec<Listed>| {
        let patient = Patient { subjects: vec![state(0), state(9)], listed };
        Examination::new(patient).findings().len()
    };
    assert_eq!(found(Vec::new()), 0);
    assert_eq!(found(vec![Listed { numbers: vec![0, 1] }]), 1);
}
