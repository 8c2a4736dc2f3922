//! Times the statistics of values in memory, by type and by what is wanted: `cargo bench`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paramscope::analysis::{Depth, Findings, First, Run, Wants};
use paramscope::model::Number;
use std::hint::black_box;

/// One chunk of a study.
const BYTES: usize = 16 << 20;

/// About normal values.
fn bytes(number: Number) -> Vec<u8> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from_bits(0x3f80_0000 | (state >> 41) as u32) - 1.5
    };
    let count = BYTES * 8 / usize::try_from(number.bits()).unwrap();
    let values = (0..count).map(|_| (0..8).map(|_| uniform()).sum::<f32>() * 0.02);
    match number {
        Number::F64 => values.flat_map(|value| f64::from(value).to_le_bytes()).collect(),
        Number::F32 => values.flat_map(f32::to_le_bytes).collect(),
        Number::Bf16 => values.flat_map(|value| [value.to_le_bytes()[2], value.to_le_bytes()[3]]).collect(),
        // A half by its exponent and the upper ten bits of its mantissa; what is below its normal numbers is zero.
        _ => values
            .flat_map(|value| {
                let bits = value.to_bits();
                let size = (bits & 0x7fff_ffff).saturating_sub(112 << 23) >> 13;
                (size | (bits >> 16 & 0x8000)).to_le_bytes().into_iter().take(2)
            })
            .collect(),
    }
}

fn study(wants: &Wants, run: &Run<'_>) -> Findings {
    let mut first = First::new(wants, Some((run.count as u64 / 4096, 4096)));
    first.take(run);
    let mut second = first.second();
    while let Some(pass) = &mut second {
        pass.take(run);
        match pass.next() {
            Some(next) => second = Some(next),
            None => break,
        }
    }
    first.findings(second.as_ref())
}

fn kernels(criterion: &mut Criterion) {
    for number in [Number::F32, Number::F16, Number::Bf16, Number::F64] {
        let bytes = bytes(number);
        let count = bytes.len() * 8 / usize::try_from(number.bits()).unwrap();
        let run = Run { number, bytes: &bytes, count, start: Some(0), times: 1 };
        let mut group = criterion.benchmark_group(number.facts().name);
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
        let moments = Wants { depth: Depth::Moments, ..Wants::USUAL };
        group.bench_function("first pass", |bench| {
            bench.iter(|| {
                let mut first = First::new(&moments, None);
                first.take(black_box(&run));
                first
            });
        });
        let mut first = First::new(&moments, None);
        first.take(&run);
        if let Some(second) = first.second() {
            group.bench_function("histogram", |bench| {
                bench.iter(|| {
                    let mut second = second.clone();
                    second.take(black_box(&run));
                    second
                });
            });
        }
        group.bench_function("moments and histogram", |bench| bench.iter(|| study(&moments, black_box(&run))));
        group.bench_function("all", |bench| bench.iter(|| study(&Wants::USUAL, black_box(&run))));
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
