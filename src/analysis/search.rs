use super::tally::Tally;
use super::{PERCENTILES, tally};
use crate::limits;
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
    /// All keys of the buckets, where they are gathered: how often each of some stands, and these.
    gathered: Vec<(u64, Vec<u64>)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    prefix: u64,
    size: u64,
    /// Ranks among all numbers, and among those of the bucket.
    ranks: Vec<(u64, u64)>,
    /// The next 16 bits of its keys.
    tally: Tally,
}

/// Puts the ranks, rising, into the buckets of keys that begin with `prefix` and go on with one of the codes.
fn split(prefix: u64, pairs: &[(u16, u64)], ranks: &[(u64, u64)]) -> Vec<Bucket> {
    let (mut buckets, mut below, mut ranks) = (Vec::new(), 0, ranks);
    for &(code, size) in pairs {
        let inside = ranks.partition_point(|(_, rank)| *rank < below + size);
        if inside > 0 {
            let ranks = ranks[..inside].iter().map(|(all, rank)| (*all, rank - below)).collect();
            let prefix = prefix << 16 | u64::from(code);
            buckets.push(Bucket { prefix, size, ranks, tally: Tally::default() });
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
        let pairs = codes.pairs().into_iter().filter(|(code, _)| finite(*code));
        let (negative, positive): (Vec<_>, Vec<_>) = pairs.partition(|(code, _)| code >> 15 == 1);
        let rising = negative.into_iter().rev().chain(positive);
        let pairs: Vec<(u16, u64)> = rising.map(|(code, count)| (flipped(code), count)).collect();
        let count = pairs.iter().map(|(_, count)| count).sum();
        let ranks: Vec<(u64, u64)> = ranks(count).into_iter().map(|rank| (rank, rank)).collect();
        Search { width, known: 16, buckets: split(0, &pairs, &ranks), found: Vec::new(), gathered: Vec::new() }
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
        let keys: Vec<u64> = values
            .iter()
            .map(|value| value.to_bits())
            .filter(|bits| places[(bits >> 48) as usize] > 0)
            .map(|bits| if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
            .collect();
        if self.gathers() {
            let (buckets, shift) = (&self.buckets, self.width - self.known);
            let wanted = |key: &u64| buckets.binary_search_by_key(&(key >> shift), |bucket| bucket.prefix).is_ok();
            self.gathered.push((times, keys.into_iter().filter(wanted).collect()));
        } else {
            self.count_keys(&keys, times);
        }
    }

    /// Counts the next 16 bits of those keys that are in a bucket.
    fn count_keys(&mut self, keys: &[u64], times: u64) {
        let shift = self.width - self.known;
        let mut codes = vec![Vec::new(); self.buckets.len()];
        for key in keys {
            if let Ok(at) = self.buckets.binary_search_by_key(&(key >> shift), |bucket| bucket.prefix) {
                codes[at].push(u16::try_from(key >> (shift - 16) & 0xffff).expect("16 bits"));
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
        }
        self.gathered.extend_from_slice(&later.gathered);
    }

    /// What the pass tells: all ranks found, or buckets of 16 bits more.
    pub fn after(&self) -> Search {
        if !self.gathers() {
            return self.counted();
        }
        let mut search = Search { gathered: Vec::new(), ..self.clone() };
        while !search.is_over() {
            for (times, keys) in &self.gathered {
                search.count_keys(keys, *times);
            }
            search = search.counted();
        }
        search
    }

    /// What was counted tells this.
    fn counted(&self) -> Search {
        let mut found = self.found.clone();
        let split = |bucket: &Bucket| split(bucket.prefix, &bucket.tally.pairs(), &bucket.ranks);
        let mut buckets: Vec<Bucket> = self.buckets.iter().flat_map(split).collect();
        if self.known + 16 == self.width {
            let ranks = |bucket: Bucket| bucket.ranks.into_iter().map(move |(all, _)| (all, bucket.prefix));
            found.extend(std::mem::take(&mut buckets).into_iter().flat_map(ranks));
        }
        Search { width: self.width, known: self.known + 16, buckets, found, gathered: Vec::new() }
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
    let mut ranks = Vec::with_capacity(2 * PERCENTILES.len());
    for (below, above, _) in PERCENTILES.map(|percent| between(count, percent)) {
        for rank in [below, above] {
            if let Err(at) = ranks.binary_search(&rank) {
                ranks.insert(at, rank);
            }
        }
    }
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
