//! What is measured of the kernels: the work of one pass over float32 in memory, as a worker does it.

use paramscope::analysis::{Edges, Extent, Histogram, Spread, Summary};
use paramscope::decode::numbers;
use paramscope::model::Number;

const BINS: usize = 50;
/// Values that are decoded at a time.
const BLOCK: usize = 4096;
const WIDTH: usize = 4;

/// Little-endian float32 as trained weights have them: about normal with a deviation of 0.02, the same at every call.
pub fn weights(count: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(state >> 48).expect("16 bits are left")) / 65536.0
    };
    // Twelve uniform numbers have a variance of 1 together.
    (0..count).flat_map(|_| (((0..12).map(|_| uniform()).sum::<f32>() - 6.0) * 0.02).to_le_bytes()).collect()
}

/// Counts, limits and moments.
pub fn moments(bytes: &[u8]) -> (Extent, Option<Spread>) {
    let mut extent = Extent::default();
    each_block(bytes, |values| extent.add(values, 1));
    let mut spread = Spread::around(&extent);
    each_block(bytes, |values| {
        if let Some(spread) = &mut spread {
            spread.add(values, 1);
        }
    });
    (extent, spread)
}

/// A histogram of 50 bins over all of the values.
pub fn histogram(bytes: &[u8], low: f64, high: f64) -> Histogram {
    let mut histogram = Histogram::new(Edges::new(BINS, low, high).expect("the limits are finite"));
    each_block(bytes, |values| histogram.add(values, 1));
    histogram
}

fn each_block(bytes: &[u8], mut take: impl FnMut(&[f64])) {
    let mut values = Vec::new();
    for block in bytes.chunks(BLOCK * WIDTH) {
        values.clear();
        numbers(Number::F32, block, block.len() / WIDTH, &mut values);
        take(&values);
    }
}
