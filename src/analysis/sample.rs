use super::Print;
use super::first::Run;
use crate::decode::numbers;
use paramscope_kernels::{BLOCK, print};
use serde::{Deserialize, Serialize};

/// The most elements of a sample.
const MOST: u64 = 64;

/// A [`Print`] in the making.
///
/// Elements are in groups of a power of two, in groups of twice as many, and so on. One of each group is picked, one of those that were
/// picked of its two halves: so the picks of a run become those of the whole by dropping some.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    /// The sum of the prints of all blocks; `None` once a run began within a block.
    content: Option<u64>,
    /// The row-major indices of what is picked, and their values.
    picks: Vec<(u64, f32)>,
    /// How often groups were doubled.
    doubled: u32,
    count: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Sample { content: Some(0), picks: Vec::new(), doubled: 0, count: 0 }
    }
}

impl Sample {
    /// Takes in a run whose place is known.
    pub fn take(&mut self, run: &Run<'_>, start: u64) {
        let bits = usize::try_from(run.number.bits()).expect("at most 128");
        let block = BLOCK as u64;
        self.content = self.content.filter(|_| start.is_multiple_of(block)).map(|content| {
            let blocks = (start / block..).zip(run.bytes.chunks(BLOCK * bits / 8));
            blocks.fold(content, |sum, (place, bytes)| sum.wrapping_add(print(bytes, place)))
        });
        let count = run.count as u64;
        if count == 0 {
            return;
        }
        let doubled = doubled(count);
        let mut values = Vec::new();
        for group in start >> doubled..=(start + count - 1) >> doubled {
            let at = pick(group, doubled);
            if (start..start + count).contains(&at) {
                // Packed elements begin at whole bytes eight at a time.
                let at_run = usize::try_from(at - start).expect("within the run");
                let from = at_run & !7;
                let len = (run.count - from).min(8);
                values.clear();
                numbers(run.number, &run.bytes[from * bits / 8..((from + len) * bits).div_ceil(8)], len, &mut values);
                #[expect(clippy::cast_possible_truncation, reason = "a sample is float32")]
                self.picks.push((at, values[at_run - from] as f32));
            }
        }
        self.count += count;
        self.doubled = self.doubled.max(doubled);
        self.thin();
    }

    /// Takes in what another one was built from, of elements that come after this one's.
    pub fn merge(&mut self, later: &Self) {
        self.content = self.content.zip(later.content).map(|(a, b)| a.wrapping_add(b));
        self.picks.extend_from_slice(&later.picks);
        self.count += later.count;
        self.doubled = self.doubled.max(later.doubled);
        self.thin();
    }

    fn thin(&mut self) {
        self.doubled = self.doubled.max(doubled(self.count));
        let doubled = self.doubled;
        self.picks.retain(|(at, _)| pick(at >> doubled, doubled) == *at);
    }

    /// What tells all elements apart, if every run began with a block.
    pub fn print(&self) -> Option<Print> {
        Some(Print { content: self.content?, sample: self.picks.iter().map(|pick| pick.1).collect() })
    }
}

/// How often groups of one element are doubled until there are no more than a sample has.
fn doubled(count: u64) -> u32 {
    let most = count.saturating_sub(1) / MOST;
    u64::BITS - most.leading_zeros()
}

/// The index of what is picked of a group of two to the power of `doubled` elements.
fn pick(group: u64, doubled: u32) -> u64 {
    (0..doubled).rev().fold(group, |half, level| {
        let mixed = (half ^ (u64::from(level) << 58)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        half << 1 | (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 63
    })
}
