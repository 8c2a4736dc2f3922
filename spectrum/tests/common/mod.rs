//! A matrix in memory, handed over as it is asked for.

use paramscope_spectrum::{Decomposition, Spectrum};

/// The spectrum of a row-major matrix.
pub fn spectrum(rows: usize, columns: usize, numbers: &[f64]) -> Result<Spectrum, String> {
    let mut decomposition = Decomposition::new(rows as u64, columns as u64)?;
    let short = rows.min(columns);
    let mut done = decomposition.done();
    while let Some((first, count)) = decomposition.wanted() {
        let first = usize::try_from(first).unwrap();
        let vectors = (first..first + count).flat_map(|vector| {
            (0..short).map(move |at| if rows >= columns { vector * columns + at } else { at * columns + vector })
        });
        decomposition.take(vectors.map(|place| numbers[place]).collect());
        assert!(decomposition.done() > done, "each step leads on");
        done = decomposition.done();
    }
    assert_eq!(done, 1.0);
    decomposition.finish()
}
