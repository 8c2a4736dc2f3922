use super::central::Central;
use super::lines::Sheet;
use super::magnitudes::magnitude;
use super::sample::Sample;
use super::search::percentiles;
use super::tally::{self, Tally};
use super::vital::{HALF_LEAST, HALF_MAX};
use super::{Counts, Depth, Edges, Findings, Histogram, Magnitudes, Places, Second, Summary, Wants};
use crate::decode::{numbers, smallest_normal, unpack, value};
use crate::model::{Class, NUMBERS, Number};
use paramscope_kernels::{BLOCK, Block, find_half, tally_bytes, tally_halves, tally_tops, widen_brain, widen_half};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// A run of elements as [`crate::decode::Elements`] reads them: dense, little-endian, packed.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What an element is.
    pub number: Number,
    /// The elements; the last byte of packed ones is padded.
    pub bytes: &'a [u8],
    /// How many elements.
    pub count: usize,
    /// The row-major index of the first one, where they stand in row-major order.
    pub start: Option<u64>,
    /// How many times each of them stands in the tensor.
    pub times: u64,
}

/// The first pass over a tensor, or over a part of it: all that one reading tells.
///
/// Parts are merged in the order of their elements. Taking in elements after others is merging a part of its own, so that the
/// digits are the same whoever makes the parts. A print is of parts that begin at multiples of [`BLOCK`] elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct First {
    wants: Wants,
    /// Rows and columns, if their limits are wanted.
    matrix: Option<(u64, u64)>,
    /// What the elements are, once there are some: the place in [`NUMBERS`].
    number: Option<u8>,
    counts: Counts,
    min: f64,
    max: f64,
    /// The places of elements that stand in row-major order.
    places: Places,
    /// Whether all elements do.
    in_order: bool,
    central: Central,
    /// Of narrow numbers the codes, of others the upper 16 bits as floats.
    tally: Tally,
    /// Magnitudes that the upper bits do not tell.
    tiny: BTreeMap<i32, u64>,
    sheet: Option<Sheet>,
    sample: Sample,
}

/// How elements are gone over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// All that is wanted follows from how often each code occurs.
    Codes,
    /// As float32.
    Single,
    /// As float64.
    Double,
}

impl Kind {
    fn of(number: Number) -> Self {
        match number {
            Number::F32 => Kind::Single,
            _ if number.bits() <= 16 => Kind::Codes,
            _ => Kind::Double,
        }
    }

    /// Bits of the float that tells ranks.
    fn width(self) -> u32 {
        if self == Kind::Single { 32 } else { 64 }
    }

    /// Bits of the exponent among the upper 16.
    fn exponent(self, code: u16) -> (i32, i32) {
        let (shift, most) = if self == Kind::Single { (7, 0xff) } else { (4, 0x7ff) };
        (i32::from(code >> shift) & most, most)
    }
}

impl First {
    /// Nothing taken in yet. `matrix`: rows and columns of a tensor that has them.
    pub fn new(wants: &Wants, matrix: Option<(u64, u64)>) -> Self {
        First {
            wants: wants.clone(),
            matrix,
            number: None,
            counts: Counts::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            places: Places::default(),
            in_order: true,
            central: Central::default(),
            tally: Tally::default(),
            tiny: BTreeMap::new(),
            sheet: matrix.filter(|_| wants.depth == Depth::Full).and_then(Sheet::new),
            sample: Sample::default(),
        }
    }

    /// Takes in the elements that follow.
    pub fn take(&mut self, run: &Run<'_>) {
        if run.count == 0 {
            return;
        }
        if self.number.is_some() {
            let mut part = First::new(&self.wants, self.matrix);
            part.take(run);
            return self.merge(&part);
        }
        let kind = Kind::of(run.number);
        self.number = Some(run.number as u8);
        let start = run.start.filter(|_| run.times == 1);
        self.in_order = start.is_some();
        match kind {
            Kind::Codes => self.take_codes(run, start),
            Kind::Single | Kind::Double => self.take_blocks(run, start),
        }
        if self.depth() == Depth::Full
            && let Some(start) = start
        {
            self.sample.take(run, start);
        }
    }

    fn take_codes(&mut self, run: &Run<'_>, start: Option<u64>) {
        self.tally = codes(run);
        let mut wanted: [Vec<u16>; 7] = Default::default();
        let values: Vec<(u16, f64, u64)> = valued(run.number, &self.tally);
        let normal = smallest_normal(run.number);
        for &(_, value, times) in &values {
            self.counts.add(value, times, normal);
            if value.is_finite() {
                (self.min, self.max) = (self.min.min(value), self.max.max(value));
            }
        }
        let (lowest, highest, full) = (self.min, self.max, self.depth() == Depth::Full);
        for &(code, value, _) in &values {
            let kinds = [
                value == lowest,
                value == highest,
                value.is_nan(),
                value == f64::INFINITY,
                value == f64::NEG_INFINITY,
                full && beyond_half(value),
                full && below_half(value),
            ];
            for (codes, is) in wanted.iter_mut().zip(kinds) {
                codes.extend(is.then_some(code));
            }
        }
        if let Some(start) = start {
            let [min, max, nan, pos_inf, neg_inf, beyond_half, below_half] =
                wanted.map(|codes| find(run, &codes).map(|at| start + at));
            self.places = Places { min, max, nan, pos_inf, neg_inf, beyond_half, below_half };
            self.take_lines(run, start);
        }
    }

    fn take_blocks(&mut self, run: &Run<'_>, start: Option<u64>) {
        let full = self.depth() == Depth::Full;
        let (mut values, mut room) = (Vec::new(), Vec::new());
        let (mut table, mut tops) = (None, Vec::new());
        if full && run.count >= tally::MANY {
            table = Some(tally::table());
        }
        let width = usize::try_from(run.number.bits() / 8).expect("at most 16");
        for (block, bytes) in (0u64..).step_by(BLOCK).zip(run.bytes.chunks(BLOCK * width)) {
            let single = run.number == Number::F32;
            let (singles, _) = bytes.as_chunks::<4>();
            let found = if single {
                Block::of_f32(singles, &mut values)
            } else {
                values.clear();
                numbers(run.number, bytes, bytes.len() / width, &mut values);
                Block::of_f64(&values, &mut room)
            };
            self.take_block(run, found, &values, start.map(|start| start + block));
            if !full {
                continue;
            }
            match (&mut table, single) {
                (Some(table), true) => tally_tops(singles, table),
                (Some(table), false) => {
                    for value in &values {
                        table[(value.to_bits() >> 48) as usize] += 1;
                    }
                }
                (None, true) => tops.extend(singles.iter().map(|[_, _, low, high]| u16::from_le_bytes([*low, *high]))),
                (None, false) => {
                    tops.extend(values.iter().map(|value| u16::try_from(value.to_bits() >> 48).expect("16 bits")));
                }
            }
        }
        if let Some(start) = start {
            self.take_lines(run, start);
        }
        match table {
            Some(table) => self.tally.add_table(&*table, run.times),
            None => self.tally.add_codes(&mut tops, run.times),
        }
    }

    /// Takes in rows and columns, once it is known whether all elements are finite.
    fn take_lines(&mut self, run: &Run<'_>, start: u64) {
        let Some(sheet) = &mut self.sheet else { return };
        let finite = self.counts.finite == self.counts.all();
        match Kind::of(run.number) {
            Kind::Single if finite => sheet.take_finite(start, run.bytes.as_chunks().0),
            Kind::Codes if finite && run.number.bits() >= 8 => {
                each_single(run, sheet.row_ends(start), |at, values| sheet.take_finite(start + at, values));
            }
            _ => each_block(run, |at, values| sheet.take(start + at, values)),
        }
    }

    /// Takes in the values of a block, which has figures if they are all finite.
    fn take_block(&mut self, run: &Run<'_>, found: Option<Block>, values: &[f64], start: Option<u64>) {
        let normal = smallest_normal(run.number);
        let kind = Kind::of(run.number);
        let told = if kind == Kind::Single { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE };
        let place = |of: &dyn Fn(f64) -> bool| {
            let at = values.iter().position(|value| of(*value));
            start.zip(at).map(|(start, at)| start + at as u64)
        };
        let finite: Vec<f64>;
        let (block, counted) = match found {
            Some(block) => {
                self.counts.finite += values.len() as u64 * run.times;
                self.counts.zeros += block.zeros as u64 * run.times;
                if block.least < normal {
                    let below = values.iter().filter(|value| **value != 0.0 && value.abs() < normal).count();
                    self.counts.subnormal += below as u64 * run.times;
                }
                (block, values)
            }
            None => {
                for value in values {
                    self.counts.add(*value, run.times, normal);
                }
                let places = &mut self.places;
                places.nan = places.nan.or_else(|| place(&f64::is_nan));
                places.pos_inf = places.pos_inf.or_else(|| place(&|value| value == f64::INFINITY));
                places.neg_inf = places.neg_inf.or_else(|| place(&|value| value == f64::NEG_INFINITY));
                finite = values.iter().copied().filter(|value| value.is_finite()).collect();
                (Block::of_f64(&finite, &mut Vec::new()).expect("all are finite"), &finite[..])
            }
        };
        if self.depth() == Depth::Full && block.least < told {
            for value in values.iter().filter(|value| **value != 0.0 && value.abs() < told) {
                *self.tiny.entry(magnitude(*value)).or_default() += run.times;
            }
        }
        let places = &mut self.places;
        if block.max.max(-block.min) >= HALF_MAX {
            places.beyond_half = places.beyond_half.or_else(|| place(&beyond_half));
        }
        if block.least <= HALF_LEAST {
            places.below_half = places.below_half.or_else(|| place(&below_half));
        }
        if block.min < self.min {
            self.min = block.min;
            self.places.min = place(&|value| value == block.min);
        }
        if block.max > self.max {
            self.max = block.max;
            self.places.max = place(&|value| value == block.max);
        }
        self.central.merge(&Central::of_block(&block, counted).times(run.times));
    }

    /// Takes in what another one was built from; `later` comes after this one's elements.
    pub fn merge(&mut self, later: &Self) {
        if later.number.is_none() {
            return;
        }
        if self.number.is_none() {
            self.clone_from(later);
            return;
        }
        self.counts.merge(&later.counts);
        let (ours, theirs) = (&mut self.places, &later.places);
        if later.min < self.min {
            (self.min, ours.min) = (later.min, theirs.min);
        }
        if later.max > self.max {
            (self.max, ours.max) = (later.max, theirs.max);
        }
        ours.nan = ours.nan.or(theirs.nan);
        ours.pos_inf = ours.pos_inf.or(theirs.pos_inf);
        ours.neg_inf = ours.neg_inf.or(theirs.neg_inf);
        ours.beyond_half = ours.beyond_half.or(theirs.beyond_half);
        ours.below_half = ours.below_half.or(theirs.below_half);
        self.in_order &= later.in_order;
        self.central.merge(&later.central);
        self.tally.merge(&later.tally);
        for (magnitude, count) in &later.tiny {
            *self.tiny.entry(*magnitude).or_default() += count;
        }
        if let (Some(ours), Some(theirs)) = (&mut self.sheet, &later.sheet) {
            ours.merge(theirs);
        }
        self.sample.merge(&later.sample);
    }

    /// What a second pass has to find, if anything is left to find: over the same elements, in parts of its own.
    pub fn second(&self) -> Option<Second> {
        let kind = Kind::of(self.number()?);
        if kind == Kind::Codes || self.counts.finite == 0 {
            return None;
        }
        let finite = |code| {
            let (exponent, most) = kind.exponent(code);
            exponent < most
        };
        let search = (self.depth() == Depth::Full).then(|| (kind.width(), &self.tally, finite));
        Some(Second::new(self.edges()?, search))
    }

    fn number(&self) -> Option<Number> {
        self.number.map(|place| NUMBERS[usize::from(place)].number)
    }

    /// The edges of the histogram; `None` without a finite value.
    fn edges(&self) -> Option<Result<Edges, String>> {
        let (low, high) = self.wants.range.or(self.limits())?;
        (self.counts.finite > 0).then(|| Edges::new(self.wants.bins, low, high))
    }

    /// The smallest and the largest finite value. A zero of either sign is a zero.
    fn limits(&self) -> Option<(f64, f64)> {
        (self.counts.finite > 0).then_some((self.min + 0.0, self.max + 0.0))
    }

    /// All that was found; `second` is the last pass that was asked for, whole.
    pub fn findings(&self, second: Option<&Second>) -> Findings {
        let full = self.depth() == Depth::Full;
        let finite = self.counts.finite;
        let (moments, histogram, percentiles, magnitudes);
        if let Some(number) = self.number().filter(|number| Kind::of(*number) == Kind::Codes) {
            let values = rising(number, &self.tally);
            moments = Central::of_counts(&values).moments();
            histogram = self.edges().map(|edges| {
                let mut histogram = Histogram::new(edges?);
                for (value, count) in &values {
                    histogram.add(&[*value], *count);
                }
                Ok(histogram)
            });
            percentiles = full.then(|| ranked(finite, &values)).flatten();
            let sized = values.iter().filter(|(value, _)| *value != 0.0);
            magnitudes = full.then(|| Magnitudes::of(sized.map(|(value, count)| (magnitude(*value), *count))));
        } else {
            moments = self.central.moments();
            histogram = second.map(|second| second.histogram().clone());
            percentiles = second.filter(|_| full).and_then(|second| second.percentiles(finite));
            magnitudes = full.then(|| self.magnitudes());
        }
        let channels = self.sheet.as_ref().filter(|_| self.in_order).map(Sheet::channels);
        Findings {
            counts: self.counts,
            limits: self.limits(),
            places: if self.in_order { self.places } else { Places::default() },
            moments,
            histogram,
            percentiles,
            magnitudes,
            channels,
            print: if full && self.in_order { self.sample.print() } else { None },
        }
    }

    fn magnitudes(&self) -> Magnitudes {
        let kind = self.number().map_or(Kind::Double, Kind::of);
        let told = self.tally.pairs().into_iter().filter_map(|(code, count)| {
            let (exponent, most) = kind.exponent(code);
            (0 < exponent && exponent < most).then_some((exponent - most / 2, count))
        });
        Magnitudes::of(told.chain(self.tiny.iter().map(|(magnitude, count)| (*magnitude, *count))))
    }

    /// How much is found.
    pub fn depth(&self) -> Depth {
        self.wants.depth
    }
}

/// Whether float16 makes it infinite.
fn beyond_half(value: f64) -> bool {
    value.is_finite() && value.abs() >= HALF_MAX
}

/// Whether it is not zero and float16 makes it zero.
fn below_half(value: f64) -> bool {
    value != 0.0 && value.abs() <= HALF_LEAST
}

impl Counts {
    fn add(&mut self, value: f64, times: u64, normal: f64) {
        if value.is_finite() {
            self.finite += times;
            self.zeros += if value == 0.0 { times } else { 0 };
            self.subnormal += if value != 0.0 && value.abs() < normal { times } else { 0 };
        } else if value.is_nan() {
            self.nan += times;
        } else if value > 0.0 {
            self.pos_inf += times;
        } else {
            self.neg_inf += times;
        }
    }

    fn merge(&mut self, later: &Self) {
        self.finite += later.finite;
        self.nan += later.nan;
        self.pos_inf += later.pos_inf;
        self.neg_inf += later.neg_inf;
        self.zeros += later.zeros;
        self.subnormal += later.subnormal;
    }
}

/// The percentiles of values that rise.
fn ranked(count: u64, values: &[(f64, u64)]) -> Option<[f64; super::PERCENTILES.len()]> {
    let ends: Vec<u64> = values
        .iter()
        .scan(0, |end, (_, count)| {
            *end += count;
            Some(*end)
        })
        .collect();
    percentiles(count, |rank| values.get(ends.partition_point(|end| *end <= rank)).map(|(value, _)| *value))
}

/// How often each code occurs.
fn codes(run: &Run<'_>) -> Tally {
    let mut tally = Tally::default();
    let bits = run.number.bits();
    if run.count < tally::MANY {
        let mut codes: Vec<u16> = Vec::with_capacity(run.count);
        _ = each_code(run, |_, code| -> ControlFlow<()> {
            codes.push(code);
            ControlFlow::Continue(())
        });
        tally.add_codes(&mut codes, run.times);
        return tally;
    }
    let mut table = tally::table();
    match bits {
        16 => tally_halves(run.bytes.as_chunks::<2>().0, &mut table),
        8 => {
            let mut bytes = [0; 256];
            tally_bytes(run.bytes, &mut bytes);
            table[..256].copy_from_slice(&bytes);
        }
        // Whole codes in a byte: each byte is counted, and stands for its codes.
        _ if 8 % bits == 0 => {
            let in_byte = usize::try_from(8 / bits).expect("at most 4");
            let (whole, rest) = run.bytes.split_at(run.count / in_byte);
            let mut bytes = [0; 256];
            tally_bytes(whole, &mut bytes);
            for (byte, count) in (0..=u8::MAX).zip(bytes) {
                for code in unpack(run.number, &[byte], in_byte) {
                    table[usize::from(code)] += count;
                }
            }
            for code in unpack(run.number, rest, run.count % in_byte) {
                table[usize::from(code)] += 1;
            }
        }
        _ => unpack(run.number, run.bytes, run.count).iter().for_each(|code| table[usize::from(*code)] += 1),
    }
    tally.add_table(&*table, run.times);
    tally
}

/// The codes that occur, what each of them stands for, and how often it occurs.
fn valued(number: Number, tally: &Tally) -> Vec<(u16, f64, u64)> {
    tally.pairs().into_iter().map(|(code, count)| (code, value(number, code), count)).collect()
}

/// The finite values of the codes that occur, rising but for equal ones, and how often each occurs.
fn rising(number: Number, tally: &Tally) -> Vec<(f64, u64)> {
    let values = valued(number, tally).into_iter().filter(|(_, value, _)| value.is_finite());
    let (negative, positive): (Vec<_>, Vec<_>) = values.partition(|(_, value, _)| value.is_sign_negative());
    let mut values = negative;
    // The codes of negative floats rise as these fall.
    if number.class() == Class::Float {
        values.reverse();
    }
    values.extend(positive);
    values.into_iter().map(|(_, value, count)| (value, count)).collect()
}

/// Goes over codes of at most 16 bits.
fn each_code<T>(run: &Run<'_>, mut take: impl FnMut(u64, u16) -> ControlFlow<T>) -> ControlFlow<T> {
    match run.number.bits() {
        16 => (0..).zip(run.bytes.as_chunks().0).try_for_each(|(at, code)| take(at, u16::from_le_bytes(*code))),
        8 => (0..).zip(run.bytes).try_for_each(|(at, code)| take(at, u16::from(*code))),
        bits => {
            let step = BLOCK * usize::try_from(bits).expect("below 8") / 8;
            (0..run.count).step_by(BLOCK).zip(run.bytes.chunks(step)).try_for_each(|(first, bytes)| {
                let codes = unpack(run.number, bytes, BLOCK.min(run.count - first));
                (first as u64..).zip(codes).try_for_each(|(at, code)| take(at, u16::from(code)))
            })
        }
    }
}

/// Where the first of these codes is.
fn find(run: &Run<'_>, codes: &[u16]) -> Option<u64> {
    match (codes, run.number.bits()) {
        ([], _) => None,
        ([code], 16) => find_half(run.bytes.as_chunks().0, *code).map(|at| at as u64),
        _ => {
            let mut wanted = vec![false; 1 << 16];
            for code in codes {
                wanted[usize::from(*code)] = true;
            }
            let found = each_code(run, |at, code| {
                if wanted[usize::from(code)] { ControlFlow::Break(at) } else { ControlFlow::Continue(()) }
            });
            found.break_value()
        }
    }
}

/// Widens a run of finite codes to float32, little-endian, in parts that end with rows: the first after so many elements, the
/// others as often after so many. Hands on how many elements come before each.
fn each_single(run: &Run<'_>, (first, more): (usize, usize), mut take: impl FnMut(u64, &[[u8; 4]])) {
    let mut room = vec![[0; 4]; first.max(more).min(run.count)];
    let bits = usize::try_from(run.number.bits()).expect("at most 16");
    let (mut at, mut values) = (0, Vec::new());
    while at < run.count {
        let len = if at == 0 { first } else { more }.min(run.count - at);
        let (room, codes) = (&mut room[..len], &run.bytes[at * bits / 8..]);
        match run.number {
            Number::F16 => widen_half(&codes.as_chunks().0[..len], room),
            Number::Bf16 => widen_brain(&codes.as_chunks().0[..len], room),
            _ => {
                values.clear();
                numbers(run.number, &codes[..(len * bits).div_ceil(8)], len, &mut values);
                #[expect(clippy::cast_possible_truncation, reason = "float32 holds all numbers of 16 bits")]
                room.iter_mut().zip(&values).for_each(|(single, value)| *single = (*value as f32).to_le_bytes());
            }
        }
        take(at as u64, room);
        at += len;
    }
}

/// Decodes a run block by block; hands on how many elements come before each.
pub(super) fn each_block(run: &Run<'_>, mut take: impl FnMut(u64, &[f64])) {
    let bits = usize::try_from(run.number.bits()).expect("at most 128");
    let mut values = Vec::with_capacity(BLOCK);
    for start in (0..run.count).step_by(BLOCK) {
        let block = BLOCK.min(run.count - start);
        let bytes = &run.bytes[start * bits / 8..((start + block) * bits).div_ceil(8)];
        values.clear();
        numbers(run.number, bytes, block, &mut values);
        take(start as u64, &values);
    }
}
