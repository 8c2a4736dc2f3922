use super::tally::Tally;
use super::{PERCENTILES, tally};
use crate::limits;
use crate::sort;
use paramscope_kernels::select_tops;
use serde::{Deserialize, Serialize};

/// The search for values of certain ranks, 16 bits of them a pass.
///
/// Numbers are sought by keys that rise with them: the bits of a float, all of them flipped if it is negative, else the sign
/// alone. Only in buckets of equal upper bits that hold such a rank the next ones are counted, or the numbers gathered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Search {
    /// Bits of a key.
    width: u32,
    /// Upper bits that all keys of a bucket share.
    known: u32,
    /// Rising.
    buckets: Vec<Bucket>,
    /// Ranks and the keys that have them.
    found: Vec<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    prefix: u64,
    size: u64,
    /// Ranks among all numbers, and among those of the bucket.
    ranks: Vec<(u64, u64)>,
    /// The next 16 bits of its keys.
    tally: Tally,
    /// Or all of its keys, and how often each stands.
    keys: Vec<(u64, u64)>,
}

/// Puts the ranks, rising, into the buckets of keys that begin with `prefix` and go on with one of the codes.
fn split(prefix: u64, pairs: &[(u16, u64)], ranks: &[(u64, u64)]) -> Vec<Bucket> {
    let (mut buckets, mut below, mut ranks) = (Vec::new(), 0, ranks);
    for &(code, size) in pairs {
        let inside = ranks.partition_point(|(_, rank)| *rank < below + size);
        if inside > 0 {
            let ranks = ranks[..inside].iter().map(|(all, rank)| (*all, rank - below)).collect();
            let prefix = prefix << 16 | u64::from(code);
            buckets.push(Bucket { prefix, size, ranks, tally: Tally::default(), keys: Vec::new() });
        }
        (below, ranks) = (below + size, &ranks[inside..]);
    }
    buckets
}

/// The key of the upper 16 bits of a float, and back.
fn flipped(code: u16) -> u16 {
    if code >> 15 == 1 { !code } else { code | 1 << 15 }
}

impl Search {
    /// The search for the ranks that percentiles need among numbers of `width` bits, whose upper 16 were counted; `finite` tells which
    /// of these belong to finite ones.
    pub fn begin(width: u32, codes: &Tally, finite: impl Fn(u16) -> bool) -> Self {
        let mut pairs: Vec<(u16, u64)> = codes.pairs().into_iter().filter(|(code, _)| finite(*code)).collect();
        for (code, _) in &mut pairs {
            *code = flipped(*code);
        }
        sort::by_key(&mut pairs, |pair| pair.0);
        let count = pairs.iter().map(|(_, count)| count).sum();
        let ranks: Vec<(u64, u64)> = ranks(count).into_iter().map(|rank| (rank, rank)).collect();
        Search { width, known: 16, buckets: split(0, &pairs, &ranks), found: Vec::new() }
    }

    /// Whether keys are gathered, not counted.
    fn gathers(&self) -> bool {
        self.width - self.known > 16 && self.buckets.iter().map(|bucket| bucket.size).sum::<u64>() <= limits::GATHERED
    }

    /// For each code of 16 upper bits, 1 more than the place of the first bucket that has it; 0 without one.
    pub fn places(&self) -> Box<[u8; 1 << 16]> {
        let mut places: Box<[u8; 1 << 16]> = vec![0; 1 << 16].into_boxed_slice().try_into().expect("65 536 places");
        for (at, bucket) in self.buckets.iter().enumerate().rev() {
            places[usize::from(self.code(bucket))] = u8::try_from(at + 1).expect("at most two for each percentile");
        }
        places
    }

    fn code(&self, bucket: &Bucket) -> u16 {
        let key = u16::try_from(bucket.prefix >> (self.known - 16)).expect("16 bits");
        if key >> 15 == 1 { key & 0x7fff } else { !key }
    }

    /// Takes in float32 numbers.
    pub fn take_f32(&mut self, values: &[[u8; 4]], times: u64) {
        let places = self.places();
        let mut codes = vec![Vec::new(); self.buckets.len()];
        let mut hits = Vec::new();
        for values in values.chunks(tally::MANY) {
            hits.clear();
            select_tops(values, &places, &mut hits);
            for bits in &hits {
                let at = usize::from(places[(bits >> 16) as usize]) - 1;
                let negative = if bits >> 31 == 1 { u16::MAX } else { 0 };
                let [low, high, ..] = bits.to_le_bytes();
                codes[at].push(u16::from_le_bytes([low, high]) ^ negative);
            }
            self.count(&mut codes, tally::MANY, times);
        }
        self.count(&mut codes, 1, times);
    }

    /// Takes in float64 numbers.
    pub fn take_f64(&mut self, values: &[f64], places: &[u8; 1 << 16], times: u64) {
        let gathers = self.gathers();
        let (shift, top) = (self.width - self.known, self.known - 16);
        let mut codes = vec![Vec::new(); self.buckets.len()];
        for value in values {
            let bits = value.to_bits();
            let Some(first) = usize::from(places[(bits >> 48) as usize]).checked_sub(1) else { continue };
            let key = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
            let shared = key >> 48;
            let alike = self.buckets[first..].iter_mut().take_while(|bucket| bucket.prefix >> top == shared);
            let Some((at, bucket)) = alike.enumerate().find(|(_, bucket)| bucket.prefix == key >> shift) else {
                continue;
            };
            if gathers {
                bucket.keys.push((key, times));
            } else {
                codes[first + at].push(u16::try_from(key >> (shift - 16) & 0xffff).expect("16 bits"));
            }
        }
        self.count(&mut codes, 1, times);
    }

    /// Counts the codes of buckets that have at least `least` of them.
    fn count(&mut self, codes: &mut [Vec<u16>], least: usize, times: u64) {
        for (bucket, codes) in self.buckets.iter_mut().zip(codes).filter(|(_, codes)| codes.len() >= least) {
            bucket.tally.add_codes(codes, times);
            codes.clear();
        }
    }

    /// Takes in what another one found, which began as a copy of this one.
    pub fn merge(&mut self, later: &Self) {
        for (bucket, later) in self.buckets.iter_mut().zip(&later.buckets) {
            bucket.tally.merge(&later.tally);
            bucket.keys.extend_from_slice(&later.keys);
        }
    }

    /// What the pass tells: all ranks found, or buckets of 16 bits more.
    pub fn after(&self) -> Search {
        let mut next = Search { known: self.known + 16, buckets: Vec::new(), ..self.clone() };
        for bucket in &self.buckets {
            if self.gathers() {
                let mut keys = bucket.keys.clone();
                keys.sort_unstable();
                let mut ends = keys.iter().scan(0, |end, (key, times)| {
                    *end += times;
                    Some((*key, *end))
                });
                let mut now = ends.next();
                for (all, rank) in &bucket.ranks {
                    while now.is_some_and(|(_, end)| end <= *rank) {
                        now = ends.next();
                    }
                    next.found.extend(now.map(|(key, _)| (*all, key)));
                }
            } else {
                next.buckets.extend(split(bucket.prefix, &bucket.tally.pairs(), &bucket.ranks));
            }
        }
        if next.known == next.width {
            for bucket in std::mem::take(&mut next.buckets) {
                next.found.extend(bucket.ranks.iter().map(|(all, _)| (*all, bucket.prefix)));
            }
        }
        next
    }

    /// Whether nothing is left to look for.
    pub fn is_over(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The number of a rank that was found.
    pub fn value(&self, rank: u64) -> Option<f64> {
        let (_, key) = self.found.iter().find(|(found, _)| *found == rank)?;
        let sign = 1u64 << (self.width - 1);
        let bits = if key & sign == 0 { !key & (sign | (sign - 1)) } else { key ^ sign };
        Some(if self.width == 64 { f64::from_bits(bits) } else { f32::from_bits(u32::try_from(bits).ok()?).into() })
    }
}

/// The two ranks between which a percentile of so many numbers lies, and how far on.
///
/// Source: `numpy/lib/_function_base_impl.py`, the method `linear`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as NumPy does"
)]
fn between(count: u64, percent: f64) -> (u64, u64, f64) {
    let last = count.saturating_sub(1);
    let place = last as f64 * (percent / 100.0);
    let below = (place.floor() as u64).min(last);
    (below, (below + 1).min(last), place - place.floor())
}

/// The ranks that percentiles of so many numbers need, rising.
fn ranks(count: u64) -> Vec<u64> {
    let mut ranks: Vec<u64> =
        PERCENTILES.iter().flat_map(|percent| [between(count, *percent).0, between(count, *percent).1]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

/// The percentiles of `count` numbers, of which `value` gives that of a rank.
pub(super) fn percentiles(count: u64, value: impl Fn(u64) -> Option<f64>) -> Option<[f64; PERCENTILES.len()]> {
    let mut all = [0.0; PERCENTILES.len()];
    for (place, percent) in all.iter_mut().zip(PERCENTILES) {
        let (below, above, part) = between(count, percent);
        let (low, high) = (value(below)?, value(above)?);
        let width = high - low;
        *place = match part {
            _ if width.is_infinite() => low * (1.0 - part) + high * part,
            0.5.. => high - width * (1.0 - part),
            _ => low + width * part,
        } + 0.0;
    }
    Some(all)
}
