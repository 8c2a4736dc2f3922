use serde::{Deserialize, Serialize};

/// How often each 16-bit code occurs. Small while few do, and sent as those that do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<(u16, u64)>", into = "Vec<(u16, u64)>")]
pub(super) enum Tally {
    /// Codes that occur, rising.
    Few(Vec<(u16, u64)>),
    /// One counter a code.
    Many(Vec<u64>),
}

/// From so many codes on they are counted, not sorted.
pub(super) const MANY: usize = 1 << 13;

/// Counters of one run.
pub(super) type Table = [u32; 1 << 16];

/// Counters that are all zero.
pub(super) fn table() -> Box<Table> {
    vec![0; 1 << 16].into_boxed_slice().try_into().expect("65 536 counters")
}

impl Default for Tally {
    fn default() -> Self {
        Tally::Few(Vec::new())
    }
}

impl PartialEq for Tally {
    fn eq(&self, other: &Self) -> bool {
        self.pairs() == other.pairs()
    }
}

/// As they are sent: each code as how far it is from the one before.
impl From<Tally> for Vec<(u16, u64)> {
    fn from(tally: Tally) -> Self {
        let mut before = 0;
        let gap = |(code, count): (u16, u64)| (code - std::mem::replace(&mut before, code), count);
        tally.pairs().into_iter().map(gap).collect()
    }
}

impl From<Vec<(u16, u64)>> for Tally {
    fn from(mut gaps: Vec<(u16, u64)>) -> Self {
        let mut before = 0u16;
        for (code, _) in &mut gaps {
            before = before.wrapping_add(*code);
            *code = before;
        }
        let mut tally = Tally::default();
        tally.add_pairs(&gaps);
        tally
    }
}

impl Tally {
    /// The codes that occur with their counts, rising.
    pub fn pairs(&self) -> Vec<(u16, u64)> {
        match self {
            Tally::Few(pairs) => pairs.clone(),
            Tally::Many(counts) => (0..=u16::MAX)
                .zip(counts)
                .filter(|(_, count)| **count > 0)
                .map(|(code, count)| (code, *count))
                .collect(),
        }
    }

    /// Adds what was counted, `times` times.
    pub fn add_table(&mut self, counts: &[u32], times: u64) {
        let totals = self.many();
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += u64::from(*count) * times);
    }

    /// Adds codes, `times` each; sorts them.
    pub fn add_codes(&mut self, codes: &mut [u16], times: u64) {
        if codes.len() >= MANY {
            let totals = self.many();
            for code in codes.iter() {
                totals[usize::from(*code)] += times;
            }
            return;
        }
        rise(codes);
        let pairs: Vec<_> = codes.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64 * times)).collect();
        self.add_pairs(&pairs);
    }

    /// Takes in what another one counted.
    pub fn merge(&mut self, later: &Self) {
        match later {
            Tally::Few(pairs) => self.add_pairs(pairs),
            Tally::Many(counts) => {
                self.many().iter_mut().zip(counts).for_each(|(total, count)| *total += count);
            }
        }
    }

    fn add_pairs(&mut self, more: &[(u16, u64)]) {
        match self {
            Tally::Few(pairs) if pairs.len() + more.len() < MANY => {
                let (mut merged, mut later) = (Vec::with_capacity(pairs.len() + more.len()), more);
                for &(code, count) in pairs.iter() {
                    let (before, rest) = later.split_at(later.iter().take_while(|pair| pair.0 < code).count());
                    merged.extend_from_slice(before);
                    let same = rest.first().filter(|pair| pair.0 == code);
                    merged.push((code, count + same.map_or(0, |pair| pair.1)));
                    later = &rest[usize::from(same.is_some())..];
                }
                merged.extend_from_slice(later);
                *pairs = merged;
            }
            _ => {
                let totals = self.many();
                for (code, count) in more {
                    totals[usize::from(*code)] += count;
                }
            }
        }
    }

    fn many(&mut self) -> &mut Vec<u64> {
        if let Tally::Few(pairs) = self {
            let mut counts = vec![0; 1 << 16];
            for (code, count) in pairs.iter() {
                counts[usize::from(*code)] += count;
            }
            *self = Tally::Many(counts);
        }
        let Tally::Many(counts) = self else { unreachable!("made above") };
        counts
    }
}

/// Sorts codes, by their lower bytes and then by their upper ones: quicker than comparing them, and much lighter.
fn rise(codes: &mut [u16]) {
    let mut sorted = vec![0; codes.len()];
    for shift in [0, 8] {
        let mut ends = [0; 256];
        for code in codes.iter() {
            ends[usize::from(code >> shift & 0xff)] += 1;
        }
        let mut end = 0;
        for place in &mut ends {
            (end, *place) = (end + *place, end);
        }
        for code in codes.iter() {
            let place = &mut ends[usize::from(code >> shift & 0xff)];
            sorted[*place] = *code;
            *place += 1;
        }
        codes.copy_from_slice(&sorted);
    }
}
