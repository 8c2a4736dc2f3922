//! The singular values of a matrix that is handed over block by block, and what is said of them.
//!
//! Few people ask for them, and linear algebra weighs: so this is a WebAssembly module of its own, which a page fetches when the first
//! spectrum is asked for. A [`Decomposition`] says which vectors of the matrix it wants next, takes them, and is asked again; whoever
//! hands them over reads them wherever they are, and may stop in between.
//!
//! A matrix and its transpose have the same singular values. Here it is always as many *vectors* as its long side has, each as long as
//! its short side: its rows, or its columns where there are more of those.

mod decomposition;
mod exact;
mod krylov;
mod spectrum;
#[cfg(target_arch = "wasm32")]
mod web;

pub use decomposition::Decomposition;
pub use spectrum::Spectrum;

/// The longest short side whose singular values are all computed: their number times its square times four is the work, the memory
/// two and a half times its square, in float64 (80 MiB).
pub const EXACT: usize = 2048;

/// The longest short side of any matrix: beyond [`EXACT`], 512 vectors of that length are held (256 MiB), and three blocks of 64.
pub const SHORT_SIDE: usize = 1 << 16;

/// How many of the largest singular values are found where not all are: a quarter of the directions that are looked into, beyond which
/// they would be far off where the values hardly fall.
pub const LARGEST: usize = 128;
