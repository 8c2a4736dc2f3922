use paramscope_kernels::*;
use std::time::Instant;
fn time(name: &str, bytes: usize, mut f: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..7 {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!("{name}: {:.2} GB/s", bytes as f64 / best / 1e9);
}
fn main() {
    let n = 4 << 20;
    let mut s = 1u64;
    let mut r = || {
        let mut t = 0.0f64;
        for _ in 0..12 {
            s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            t += (s >> 11) as f64 / (1u64 << 53) as f64;
        }
        (t - 6.0) * 0.02
    };
    let f64s: Vec<f64> = (0..n).map(|_| r()).collect();
    let raw: Vec<[u8; 4]> = f64s.iter().map(|v| (*v as f32).to_le_bytes()).collect();
    let bytes: Vec<u8> = raw.concat();
    let bf: Vec<[u8; 2]> = raw.iter().map(|r| [r[2], r[3]]).collect();
    let f16: Vec<[u8; 2]> = raw
        .iter()
        .map(|r| {
            let b = u32::from_le_bytes(*r);
            let h = (((b & 0x7fffffff) as i32 - 0x38000000).max(0) >> 13) as u16 | (b >> 16 & 0x8000) as u16;
            h.to_le_bytes()
        })
        .collect();
    let mut to = vec![0u8; bytes.len()];
    time("memcpy", bytes.len(), || std::hint::black_box(&mut to).copy_from_slice(std::hint::black_box(&bytes)));
    let mut room = vec![];
    time("block f32", bytes.len(), || {
        for b in std::hint::black_box(&raw).chunks(BLOCK) {
            std::hint::black_box(Block::of_f32(b, &mut room));
        }
    });
    let mut room = vec![];
    time("block f64", n * 8, || {
        for b in f64s.chunks(BLOCK) {
            std::hint::black_box(Block::of_f64(b, &mut room));
        }
    });
    let mut c = Box::new([0u32; 65536]);
    time("tally f16", n * 2, || tally_halves(std::hint::black_box(&f16), &mut c));
    time("tally bf16", n * 2, || tally_halves(std::hint::black_box(&bf), &mut c));
    let z = vec![[0u8; 2]; n];
    time("tally zeros", n * 2, || tally_halves(std::hint::black_box(&z), &mut c));
    time("tops", n * 4, || tally_tops(std::hint::black_box(&raw), &mut c));
    let mut c = [0; 256];
    time("bytes", n * 4, || tally_bytes(&bytes, &mut c));
    let (mut lo, mut hi) = (1e9f64, -1e9f64);
    for v in &f64s {
        let v = f64::from(*v as f32);
        lo = lo.min(v);
        hi = hi.max(v);
    }
    let mut bins = Bins::new(50, lo, 50.0 / (hi - lo)).unwrap();
    let mut again = 0;
    time("bins", n * 4, || {
        bins.add(std::hint::black_box(&raw), |_| again += 1);
    });
    println!("again {again} of {}", 7 * n);
    time("print", n * 4, || {
        for (i, b) in bytes.chunks(BLOCK * 4).enumerate() {
            std::hint::black_box(print(b, i as u64));
        }
    });
    let (mut min, mut max, mut sq) = (vec![0.0; 4096], vec![0.0; 4096], vec![0.0; 4096]);
    time("lines (f64)", n * 8, || {
        for b in f64s.chunks(4096) {
            lines(
                b,
                &mut Line { min: &mut [0.0], max: &mut [0.0], squares: &mut [0.0] },
                &mut Line { min: &mut min, max: &mut max, squares: &mut sq },
            );
        }
    });
}
