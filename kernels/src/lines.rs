const LANES: usize = 4;

/// Limits and sums of squares of lines: one entry each.
#[derive(Debug)]
pub struct Line<'a> {
    /// The smallest finite values.
    pub min: &'a mut [f64],
    /// The largest finite values.
    pub max: &'a mut [f64],
    /// The sums of the finite values' squares.
    pub squares: &'a mut [f64],
}

/// Takes in values that follow each other in one row: each into its column, all into `row`, which has one entry.
#[inline(never)]
pub fn lines(values: &[f64], row: &mut Line<'_>, columns: &mut Line<'_>) {
    let count = values.len();
    let (min, max, squares) = (&mut columns.min[..count], &mut columns.max[..count], &mut columns.squares[..count]);
    let (mut low, mut high, mut sums) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES], [0.0; LANES]);
    let mut step = |lane: usize, value: f64, min: &mut f64, max: &mut f64, squares: &mut f64| {
        let finite = value.abs() <= f64::MAX;
        let (down, up, value) = (
            if finite { value } else { f64::INFINITY },
            if finite { value } else { f64::NEG_INFINITY },
            if finite { value } else { 0.0 },
        );
        let square = value * value;
        *min = if down < *min { down } else { *min };
        *max = if up > *max { up } else { *max };
        *squares += square;
        low[lane] = if down < low[lane] { down } else { low[lane] };
        high[lane] = if up > high[lane] { up } else { high[lane] };
        sums[lane] += square;
    };
    let whole = count - count % LANES;
    for (((values, min), max), squares) in (values.as_chunks::<LANES>().0.iter())
        .zip(min.as_chunks_mut::<LANES>().0)
        .zip(max.as_chunks_mut::<LANES>().0)
        .zip(squares.as_chunks_mut::<LANES>().0)
    {
        for lane in 0..LANES {
            step(lane, values[lane], &mut min[lane], &mut max[lane], &mut squares[lane]);
        }
    }
    for at in whole..count {
        step(at - whole, values[at], &mut min[at], &mut max[at], &mut squares[at]);
    }
    row.min[0] = low.into_iter().fold(row.min[0], f64::min);
    row.max[0] = high.into_iter().fold(row.max[0], f64::max);
    row.squares[0] += sums.into_iter().sum::<f64>();
}
