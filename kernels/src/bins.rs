/// The most bins that [`Bins`] takes.
pub const MOST: usize = SLOTS - 1;

const SLOTS: usize = 1024;
/// Where the values go that have to be looked at again.
const AGAIN: u32 = MOST as u32;
/// Values that are looked at before any is counted.
const AT_ONCE: usize = 512;
const TABLES: usize = 4;
/// A float32 around this one has its units in its lowest bit.
const UNITS: f32 = 12_582_912.0;

/// Bins of equal width for float32 values, quick but for values near an edge, which are told apart by whoever knows how.
#[derive(Debug)]
pub struct Bins {
    low: f32,
    density: f32,
    most: f32,
    /// How far from the middle of its bin a value may be.
    clear: f32,
    tables: Box<[[u32; SLOTS]; TABLES]>,
}

impl Bins {
    /// `bins` bins from `low` on, `density` of them in a range of 1; `None` if float32 cannot tell them apart.
    pub fn new(bins: usize, low: f64, density: f64) -> Option<Self> {
        let count = bins as f64;
        let width = count / density;
        // Half a unit in the last place of float32, of each rounding on the way to the number of a bin.
        let off = count * 2f64.powi(-24) * (8.0 + 2.0 * low.abs() / width);
        let (low, density) = (low as f32, density as f32);
        let plain = density.is_normal() && low.abs() < 1e30 && (width as f32) < 1e30;
        (bins <= MOST && off < 0.01 && plain).then(|| Bins {
            low,
            density,
            most: count as f32 - 0.5,
            clear: (0.5 - 2.0 * off) as f32,
            tables: Box::new([[0; SLOTS]; TABLES]),
        })
    }

    /// Counts little-endian float32 values; those that are near an edge or outside go to `again`.
    #[inline(never)]
    pub fn add(&mut self, values: &[[u8; 4]], again: &mut Vec<f64>) {
        let mut numbers = [0u32; AT_ONCE];
        for values in values.chunks(AT_ONCE) {
            let numbers = &mut numbers[..values.len()];
            let before = self.again();
            self.number(values, numbers);
            let (groups, rest) = numbers.as_chunks::<TABLES>();
            for group in groups {
                for (table, number) in self.tables.iter_mut().zip(group) {
                    table[*number as usize % SLOTS] += 1;
                }
            }
            for number in rest {
                self.tables[0][*number as usize % SLOTS] += 1;
            }
            if self.again() != before {
                for (value, _) in values.iter().zip(numbers).filter(|(_, number)| **number == AGAIN) {
                    again.push(f32::from_le_bytes(*value).into());
                }
            }
        }
    }

    fn number(&self, values: &[[u8; 4]], numbers: &mut [u32]) {
        let (low, density, most, clear) = (self.low, self.density, self.most, self.clear);
        for (value, number) in values.iter().zip(numbers) {
            // The place of a value, counted from the middle of the first bin, to the nearest whole one.
            let place = (f32::from_le_bytes(*value) - low) * density - 0.5;
            let moved = place + UNITS;
            let sure = ((place - (moved - UNITS)).abs() <= clear) & (place > -0.5) & (place < most);
            *number = if sure { moved.to_bits().wrapping_sub(UNITS.to_bits()) } else { AGAIN };
        }
    }

    fn again(&self) -> u32 {
        self.tables.iter().map(|table| table[MOST]).sum()
    }

    /// Adds what was counted to the counters of the bins, and begins anew.
    pub fn take(&mut self, counts: &mut [u64], times: u64) {
        for (bin, count) in counts.iter_mut().enumerate() {
            *count += self.tables.iter().map(|table| u64::from(table[bin])).sum::<u64>() * times;
        }
        self.tables.iter_mut().for_each(|table| table.fill(0));
    }
}
