//! Times the statistics of float32 values in memory: prints gigabytes a second of one thread as JSON, beside those of copying, and
//! how many bytes a chunk has.

use paramscope::analysis::{Depth, First, Run, Wants};
use paramscope::limits;
use paramscope::model::Number;
use std::hint::black_box;
use std::time::Instant;

/// Bytes that no cache holds.
const BYTES: usize = 128 << 20;
/// As much as a study takes in at a time.
const CHUNK: usize = 16 << 20;

fn main() {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from_bits(0x3f80_0000 | (state >> 41) as u32) - 1.5
    };
    // About normal.
    let bytes: Vec<u8> =
        (0..BYTES / 4).flat_map(|_| ((0..8).map(|_| uniform()).sum::<f32>() * 0.02).to_le_bytes()).collect();
    let runs: Vec<Run<'_>> = (0..)
        .step_by(CHUNK / 4)
        .zip(bytes.chunks(CHUNK))
        .map(|(start, bytes)| Run { number: Number::F32, bytes, count: bytes.len() / 4, start: Some(start), times: 1 })
        .collect();
    let wants = Wants { depth: Depth::Moments, ..Wants::USUAL };
    let mut copy = vec![0; CHUNK];
    let memcpy = best(&runs, |run| black_box(&mut copy).copy_from_slice(black_box(run.bytes)));
    let moments = best(&runs, |run| First::new(&wants, None).take(black_box(run)));
    let mut first = First::new(&wants, None);
    for run in &runs {
        first.take(run);
    }
    let mut second = first.second().expect("a histogram is wanted");
    let histogram = best(&runs, |run| second.take(black_box(run)));
    println!(
        "{{\"memcpy_gbs\": {memcpy:.2}, \"moments_gbs\": {moments:.2}, \"histogram_gbs\": {histogram:.2}, \"chunk_bytes\": {}}}",
        limits::CHUNK
    );
}

/// Gigabytes a second over all runs, each at its best of a few rounds: a busy machine disturbs some.
fn best(runs: &[Run<'_>], mut take: impl FnMut(&Run<'_>)) -> f64 {
    let mut seconds = vec![f64::INFINITY; runs.len()];
    for _ in 0..8 {
        for (best, run) in seconds.iter_mut().zip(runs) {
            let start = Instant::now();
            take(run);
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let bytes = BYTES as f64;
    bytes / seconds.iter().sum::<f64>() / 1e9
}
