//! The kernels, a chunk at a time: `cargo bench`.

mod shared;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paramscope::limits;
use std::hint::black_box;

fn kernels(criterion: &mut Criterion) {
    let bytes = shared::weights(usize::try_from(limits::CHUNK / 4).expect("a chunk fits into memory"));
    let (low, high) = shared::moments(&bytes).0.limits().expect("all weights are finite");
    let mut group = criterion.benchmark_group("float32");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("moments", |bencher| bencher.iter(|| shared::moments(black_box(&bytes))));
    group.bench_function("histogram", |bencher| bencher.iter(|| shared::histogram(black_box(&bytes), low, high)));
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
