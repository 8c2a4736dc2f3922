//! Times the kernels on one core: prints GB a second of copying memory, of moments and of a histogram, and how many bytes a
//! chunk has.

#[path = "../benches/shared/mod.rs"]
mod shared;

use paramscope::limits;
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

/// More than caches hold.
const VALUES: usize = 32 << 20;

fn main() {
    let bytes = shared::weights(VALUES);
    let (low, high) = shared::moments(&bytes).0.limits().expect("all weights are finite");
    // Every page of it is written to before copying is timed.
    let mut copy = bytes.clone();
    let figures = json!({
        "memcpy_gbs": rate(&bytes, |bytes| black_box(&mut copy).copy_from_slice(bytes)),
        "moments_gbs": rate(&bytes, shared::moments),
        "histogram_gbs": rate(&bytes, |bytes| shared::histogram(bytes, low, high)),
        "chunk_bytes": limits::CHUNK,
    });
    println!("{figures}");
}

/// Bytes a nanosecond.
fn rate<T>(bytes: &[u8], work: impl FnOnce(&[u8]) -> T) -> f64 {
    let start = Instant::now();
    black_box(work(black_box(bytes)));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let length = bytes.len() as f64;
    length / start.elapsed().as_secs_f64() / 1e9
}
