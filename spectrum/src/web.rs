use crate::{Decomposition, Spectrum};
use wasm_bindgen::prelude::*;

/// A [`Decomposition`], for a worker of its own: see there.
#[wasm_bindgen(js_name = Decomposition)]
#[derive(Debug)]
pub struct OnPage(Decomposition);

#[wasm_bindgen(js_class = Decomposition)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "whole numbers below 2^53"
)]
impl OnPage {
    /// # Errors
    ///
    /// A sentence.
    #[wasm_bindgen(constructor)]
    pub fn new(rows: f64, columns: f64) -> Result<OnPage, JsError> {
        Decomposition::new(rows as u64, columns as u64).map(OnPage).map_err(|why| JsError::new(&why))
    }

    /// `[first, count]` of the vectors that are wanted next; undefined at the end.
    pub fn wanted(&self) -> Option<Vec<f64>> {
        self.0.wanted().map(|(first, count)| vec![first as f64, count as f64])
    }

    /// Takes them.
    pub fn take(&mut self, vectors: Vec<f64>) {
        self.0.take(vectors);
    }

    /// The fraction of all reading that is done.
    pub fn done(&self) -> f64 {
        self.0.done()
    }

    /// # Errors
    ///
    /// A sentence.
    pub fn finish(self) -> Result<Found, JsError> {
        self.0.finish().map(Found).map_err(|why| JsError::new(&why))
    }
}

/// A [`Spectrum`]. What a matrix of zeros has none of is undefined.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Found(Spectrum);

#[wasm_bindgen]
impl Found {
    /// The largest first.
    pub fn values(&self) -> Vec<f64> {
        self.0.values.clone()
    }

    /// Whether these are all.
    pub fn exact(&self) -> bool {
        self.0.exact()
    }

    /// How far off each may be.
    pub fn errors(&self) -> Vec<f64> {
        self.0.errors.clone()
    }

    /// The Frobenius norm.
    pub fn frobenius(&self) -> f64 {
        self.0.frobenius
    }

    /// The spectral norm.
    #[wasm_bindgen(js_name = spectralNorm)]
    pub fn spectral_norm(&self) -> f64 {
        self.0.spectral_norm()
    }

    /// The stable rank.
    #[wasm_bindgen(js_name = stableRank)]
    pub fn stable_rank(&self) -> Option<f64> {
        self.0.stable_rank()
    }

    /// The effective rank.
    #[wasm_bindgen(js_name = effectiveRank)]
    pub fn effective_rank(&self) -> Option<f64> {
        self.0.effective_rank()
    }

    /// The numerical rank.
    #[wasm_bindgen(js_name = numericalRank)]
    pub fn numerical_rank(&self) -> usize {
        self.0.numerical_rank()
    }

    /// The condition number.
    pub fn condition(&self) -> Option<f64> {
        self.0.condition()
    }
}
