//! Many tensors studied by many workers: the same digits, whoever does what and in whatever order it comes back.

mod common;

use common::{entry, goldens};
use paramscope::analysis::{Depth, Found, Job, Order, Outcome, Study, Survey, Target, Wants, survey};
use paramscope::formats;
use paramscope::limits;
use paramscope::model::{ByteRange, Checkpoint, Dtype, Layout, Number, Tensor};
use paramscope::source::{Files, Held, Memory, ReadAt, files_from_paths};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Numbers that look random, the same ones each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll()).unwrap() % bound
    }
}

/// Large and small tensors of several types beside each other in one file; the small ones have their own seeds.
fn checkpoint(shapes: &[(Number, &[u64])]) -> Checkpoint {
    let mut dice = Dice(7);
    let mut bytes = Vec::new();
    let mut ranges = Vec::new();
    for (number, shape) in shapes {
        let offset = bytes.len() as u64;
        for _ in 0..shape.iter().product::<u64>() {
            #[expect(clippy::cast_precision_loss, reason = "31 bits")]
            let value = (dice.roll() as f32) / 2f32.powi(30) - 1.0;
            match number {
                Number::F32 => bytes.extend((value * value * value).to_le_bytes()),
                Number::F64 => bytes.extend((f64::from(value) * 1e-3 + 1e8).to_le_bytes()),
                Number::Bf16 => bytes.extend(&value.to_le_bytes()[2..]),
                _ => bytes.push(value.to_le_bytes()[2]),
            }
        }
        ranges.push((offset, bytes.len() as u64 - offset));
    }
    let mut files = Files::new();
    let file = files.add("model", Rc::new(Memory::new(bytes)));
    let tensors = shapes.iter().zip(ranges).enumerate().map(|(index, ((number, shape), (offset, len)))| {
        let layout = Layout::Dense(ByteRange { file, offset, len });
        Tensor::new(format!("layer.{index}"), Dtype::Number(*number), shape.to_vec(), layout)
    });
    let mut checkpoint = Checkpoint::new(files, "safetensors");
    checkpoint.tensors = tensors.collect();
    checkpoint
}

fn targets(checkpoint: &Checkpoint) -> Vec<Target> {
    (0..checkpoint.tensors.len()).map(Target::of).collect()
}

/// What `workers` workers find who are as fast as the dice have it, as text with every digit.
fn found_by(workers: usize, seed: u64, checkpoint: &Checkpoint, wants: &Wants) -> BTreeMap<Target, String> {
    let mut dice = Dice(seed);
    let mut survey = Survey::new(checkpoint, &targets(checkpoint), wants);
    let mut busy: Vec<Job> = Vec::new();
    let mut found = BTreeMap::new();
    while !survey.is_over() {
        while busy.len() < workers
            && let Some(order) = survey.order()
        {
            busy.push(Job::new(sent(&order)));
        }
        let at = dice.below(busy.len());
        if let Some(outcome) = busy[at].step(checkpoint) {
            busy.swap_remove(at);
            for (target, what) in survey.take(checkpoint, sent::<Outcome>(&outcome)) {
                assert!(found.insert(target, text(&what)).is_none(), "a tensor is finished once");
            }
        }
    }
    assert_eq!(survey.progress.tensors, survey.progress.tensors_total);
    assert_eq!(survey.progress.bytes, survey.progress.bytes_total);
    found
}

/// As it arrives at another worker.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(data: &T) -> T {
    postcard::from_bytes(&postcard::to_allocvec(data).unwrap()).unwrap()
}

fn text(found: &Found) -> String {
    format!("{found:?}")
}

#[test]
fn any_number_of_workers_finds_the_same_digits() {
    let large = limits::READ_ONCE / 4 + limits::CHUNK / 3;
    let mixed: &[(Number, &[u64])] = &[
        (Number::F32, &[3, 5]),
        (Number::F32, &[large / 1000, 1000]),
        (Number::Bf16, &[1 << 12, 1 << 12]),
        (Number::U8, &[7]),
        (Number::F64, &[large]),
        (Number::F32, &[1 << 22]),
        (Number::F32, &[64, 64]),
    ];
    let checkpoint = checkpoint(mixed);
    for wants in [Wants::USUAL, Wants { bins: 7, range: Some((-0.1, 0.3)), depth: Depth::Moments }] {
        let alone = found_by(1, 0, &checkpoint, &wants);
        assert_eq!(alone.len(), mixed.len());
        for (workers, seed) in [(2, 1), (5, 2), (5, 3)] {
            assert_eq!(found_by(workers, seed, &checkpoint, &wants), alone, "{workers} workers");
        }
        let mut as_one = BTreeMap::new();
        survey(&checkpoint, &targets(&checkpoint), &wants, |target, what| {
            as_one.insert(target, text(&what));
        });
        assert_eq!(as_one, alone);
    }
}

#[test]
fn a_survey_finds_what_a_study_of_each_tensor_finds() {
    let mut compared = 0;
    for golden in goldens().iter().filter(|golden| golden["outcome"] == "ok") {
        let Ok(checkpoint) = files_from_paths(&[entry(golden)]).and_then(|files| formats::open(&files)) else {
            continue;
        };
        survey(&checkpoint, &targets(&checkpoint), &Wants::USUAL, |target, what| {
            let alone = Study::whole(&Wants::USUAL, &checkpoint, &checkpoint.tensors[target.tensor]);
            assert_eq!(text(&what), text(&alone), "{}: {target:?}", golden["fixture"]);
            compared += 1;
        });
    }
    assert!(compared > 1000, "only {compared} tensors");
}

#[test]
fn work_that_is_lost_is_done_again() {
    let checkpoint = checkpoint(&[(Number::F32, &[9 << 20]), (Number::F32, &[10]), (Number::F32, &[1 << 22])]);
    let calm = found_by(1, 0, &checkpoint, &Wants::USUAL);
    let mut survey = Survey::new(&checkpoint, &targets(&checkpoint), &Wants::USUAL);
    let mut found = BTreeMap::new();
    let mut turn = 0;
    while let Some(order) = survey.order() {
        turn += 1;
        if turn % 2 == 0 {
            assert!(survey.lost(order.number).is_empty());
            continue;
        }
        let outcome = finish(order, &checkpoint);
        found.extend(survey.take(&checkpoint, outcome).into_iter().map(|(target, what)| (target, text(&what))));
    }
    assert!(survey.is_over());
    assert_eq!(found, calm);
}

fn finish(order: Order, checkpoint: &Checkpoint) -> Outcome {
    let mut job = Job::new(order);
    loop {
        if let Some(outcome) = job.step(checkpoint) {
            return outcome;
        }
    }
}

#[test]
fn what_kills_every_worker_is_given_up_and_the_rest_is_found() {
    let checkpoint = checkpoint(&[(Number::F32, &[9 << 20]), (Number::F32, &[10])]);
    let mut survey = Survey::new(&checkpoint, &targets(&checkpoint), &Wants::USUAL);
    let mut found = BTreeMap::new();
    while let Some(order) = survey.order() {
        let done = if format!("{order:?}").contains("Chunk") {
            survey.lost(order.number)
        } else {
            let outcome = finish(order, &checkpoint);
            survey.take(&checkpoint, outcome)
        };
        found.extend(done);
    }
    assert!(survey.is_over() && found.len() == 2);
    assert!(found[&Target::of(0)].is_err() && found[&Target::of(1)].as_ref().is_ok_and(Option::is_some));
}

#[test]
fn an_outcome_that_comes_twice_or_unasked_changes_nothing() {
    let checkpoint = checkpoint(&[(Number::F32, &[10]), (Number::U8, &[1 << 25])]);
    let mut survey = Survey::new(&checkpoint, &targets(&checkpoint), &Wants::USUAL);
    let mut other = Survey::new(&checkpoint, &targets(&checkpoint), &Wants::USUAL);
    let outcome = finish(survey.order().unwrap(), &checkpoint);
    assert!(other.take(&checkpoint, outcome.clone()).is_empty());
    survey.take(&checkpoint, outcome.clone());
    let before = survey.progress;
    assert!(survey.take(&checkpoint, outcome).is_empty());
    assert_eq!(survey.progress, before);
}

/// Counts reads.
#[derive(Debug)]
struct Counted {
    inner: Rc<dyn ReadAt>,
    reads: Rc<RefCell<Vec<usize>>>,
}

impl ReadAt for Counted {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    fn place(&self) -> Option<u64> {
        Some(0)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> paramscope::error::Result<()> {
        self.reads.borrow_mut().push(buf.len());
        self.inner.read_at(offset, buf)
    }
}

#[test]
fn small_tensors_are_read_together_and_large_ones_no_more_often_than_they_have_passes() {
    let small: Vec<(Number, &[u64])> = vec![(Number::F32, &[100]); 3000];
    let wide: &[(Number, &[u64])] =
        &[(Number::Bf16, &[20 << 20]), (Number::F32, &[9 << 20]), (Number::F32, &[7 << 20])];
    for (shapes, reads, bytes) in [(&small[..], 8, 1_200_000), (wide, 12, (40 + 2 * 36 + 28) << 20)] {
        let mut checkpoint = checkpoint(shapes);
        let (_, file) = checkpoint.files.iter().next().unwrap();
        let counted = Rc::new(RefCell::new(Vec::new()));
        let source = Counted { inner: file.source.clone(), reads: counted.clone() };
        checkpoint.files = Files::one("model", Rc::new(Held::new(source)));
        survey(&checkpoint, &targets(&checkpoint), &Wants::USUAL, |_, what| assert!(what.is_ok()));
        let counted = counted.borrow();
        let read: usize = counted.iter().sum();
        assert!(counted.len() <= reads && read == bytes, "{read} bytes in {} reads", counted.len());
    }
}
