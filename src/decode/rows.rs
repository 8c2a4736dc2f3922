//! A box that lies in two arrays, row by row.

/// A box of elements that has a place in one array and another one in a second array. What lies side by side in both is a row.
#[derive(Debug)]
pub(super) struct Rows {
    /// Elements of a row, at least one.
    pub run: u64,
    /// How many rows there are.
    pub count: u64,
    /// Where the first row begins in either array.
    first: (u64, u64),
    /// The dimensions that count the rows, each with its size and its stride in either array.
    dimensions: Vec<(u64, u64, u64)>,
}

impl Rows {
    /// A box of this shape, none of whose sizes is 0, at an index of either array; it lies inside both, so that no place is beyond what
    /// is counted.
    pub fn new(shape: &[u64], one: (&[u64], &[u64]), other: (&[u64], &[u64])) -> Self {
        let (strides, others) = (super::view::row_major(one.0), super::view::row_major(other.0));
        let place =
            |at: &[u64], strides: &[(u64, u64)]| at.iter().zip(strides).map(|(at, (_, stride))| at * stride).sum();
        let first = (place(one.1, &strides), place(other.1, &others));
        // The innermost dimensions that the box takes whole in both, and the one around them, make a row.
        let sizes = shape.iter().zip(one.0).zip(other.0).rev();
        let whole = sizes.take_while(|((len, one), other)| len == one && len == other).count();
        let outer = shape.len().saturating_sub(whole + 1);
        let run = shape[outer..].iter().product();
        let steps = shape.iter().zip(&strides).zip(&others).take(outer);
        let dimensions: Vec<_> = steps
            .map(|((len, (_, stride)), (_, other))| (*len, *stride, *other))
            .filter(|(len, _, _)| *len > 1)
            .collect();
        let count = dimensions.iter().map(|(len, _, _)| len).product();
        Rows { run, count, first, dimensions }
    }

    /// Where a row begins in either array.
    pub fn place(&self, row: u64) -> (u64, u64) {
        let mut rest = row;
        self.dimensions.iter().rev().fold(self.first, |(one, other), (size, stride, others)| {
            let index = rest % size;
            rest /= size;
            (one + index * stride, other + index * others)
        })
    }

    /// Which rows have elements at places of the first array from `start` to `end`; places rise.
    pub fn between(&self, start: u64, end: u64) -> std::ops::Range<u64> {
        let from = self.before(|place| place + self.run <= start);
        from..self.before(|place| place < end).max(from)
    }

    /// How many of the first rows lie at places of the first array of which `before` is true.
    fn before(&self, before: impl Fn(u64) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = u64::midpoint(low, high);
            if before(self.place(middle).0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Hands over what lies at places of the first array from `start` to `end`: the place there, the one in the second array, and how
    /// many elements.
    pub fn each<E>(&self, start: u64, end: u64, mut take: impl FnMut(u64, u64, u64) -> Result<(), E>) -> Result<(), E> {
        for row in self.between(start, end) {
            let (one, other) = self.place(row);
            // The first and the last row may stick out.
            let head = start.saturating_sub(one);
            let tail = (one + self.run).saturating_sub(end);
            take(one + head, other + head, self.run - head - tail)?;
        }
        Ok(())
    }
}
