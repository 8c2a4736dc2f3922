use super::Opened;
use super::convert::failure;
use crate::decode::Matrix;
use js_sys::Float64Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// A tensor as a matrix.
#[wasm_bindgen]
pub struct OpenedMatrix(Matrix);

#[wasm_bindgen]
#[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is none is refused as outside")]
impl OpenedMatrix {
    /// How many rows it has.
    pub fn rows(&self) -> f64 {
        self.0.rows() as f64
    }

    /// How many columns it has.
    pub fn columns(&self) -> f64 {
        self.0.columns() as f64
    }

    /// Some of its vectors: see [`Matrix::vectors`].
    ///
    /// # Errors
    ///
    /// Those of [`Matrix::vectors`].
    pub fn vectors(&self, opened: &Opened, first: f64, count: f64) -> Result<Float64Array, JsValue> {
        let vectors = self.0.vectors(&opened.checkpoint.files, first as u64, count as u64);
        vectors.map(|vectors| Float64Array::from(vectors.as_slice())).map_err(|error| failure(&error))
    }
}

#[wasm_bindgen]
impl Opened {
    /// A tensor as a matrix: of its elements, or, if `dequantized`, of what these stand for.
    ///
    /// # Errors
    ///
    /// Those of [`Matrix::new`]; `query` if there is no such tensor, or no scale beside it.
    pub fn matrix(&self, index: usize, dequantized: Option<bool>) -> Result<OpenedMatrix, JsValue> {
        let tensor = self.wanted(index, dequantized == Some(true))?;
        let matrix = Matrix::new(&tensor, self.checkpoint.outputs_last());
        matrix.map(OpenedMatrix).map_err(|error| failure(&error))
    }
}
