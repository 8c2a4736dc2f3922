use super::Opened;
use super::convert::failure;
use crate::analysis;
use crate::model::Tensor;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The hash of a tensor in the making, a step at a time, as [`super::Job`] is.
#[wasm_bindgen]
pub struct Hash {
    index: usize,
    tensor: Tensor,
    state: analysis::Hash,
}

#[wasm_bindgen]
impl Hash {
    /// Begins the hash of a tensor's elements: see [`analysis::sha256`].
    ///
    /// # Errors
    ///
    /// `query` if there is no such tensor.
    #[wasm_bindgen(constructor)]
    pub fn new(opened: &Opened, index: usize) -> Result<Hash, JsValue> {
        let tensor = opened.wanted(index, false)?;
        Ok(Hash { index, tensor, state: analysis::Hash::default() })
    }

    /// Reads on; returns the fraction that is done.
    ///
    /// # Errors
    ///
    /// Those of [`analysis::Hash::step`].
    pub fn step(&mut self, opened: &Opened) -> Result<f64, JsValue> {
        self.state.step(&opened.checkpoint.files, &self.tensor).map_err(|error| failure(&error))
    }

    /// The hexadecimal digits, which the report then has, too; undefined until all is read.
    pub fn keep(&self, opened: &mut Opened) -> Option<String> {
        let digits = self.state.digits()?;
        opened.hashes.insert(self.index, digits.clone());
        Some(digits)
    }
}
