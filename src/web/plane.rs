use super::Opened;
use super::convert::{failure, object};
use super::worker::whole;
use crate::analysis::{Cell, Plane, Pooled};
use crate::model::Tensor;
use js_sys::Float64Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The reading of a plane, a step at a time, as [`super::Job`] is.
#[wasm_bindgen]
pub struct PlaneReading {
    tensor: Tensor,
    plane: Plane,
}

#[wasm_bindgen]
impl PlaneReading {
    /// Reads on; returns the fraction that is done.
    ///
    /// # Errors
    ///
    /// Those of [`Plane::step`].
    pub fn step(&mut self, opened: &Opened) -> Result<f64, JsValue> {
        self.plane.step(&opened.checkpoint.files, &self.tensor).map_err(|error| failure(&error))
    }

    /// `{rows, columns, height, width, values, rowOf, columnOf, limit, largest, nan, infinite}`; undefined until all is read.
    /// `values`, `rowOf` and `columnOf` are of the cells, row by row; `largest` is the index of one of them.
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    pub fn pooled(&self) -> JsValue {
        let Some(pooled) = self.plane.pooled() else { return JsValue::UNDEFINED };
        let each = |of: fn(&Cell) -> f64| Float64Array::from(&*pooled.cells.iter().map(of).collect::<Vec<_>>()).into();
        let largest = pooled.largest().and_then(|largest| pooled.cells.iter().position(|cell| *cell == largest));
        let Pooled { rows, columns, height, width, .. } = pooled;
        let (nan, infinite) = pooled.not_finite();
        let counts = [
            ("rows", rows),
            ("columns", columns),
            ("height", height),
            ("width", width),
            ("nan", nan),
            ("infinite", infinite),
        ];
        let mut fields: Vec<(&str, JsValue)> = counts.map(|(name, count)| (name, (count as f64).into())).into();
        fields.extend([
            ("values", each(|cell| cell.value)),
            ("rowOf", each(|cell| cell.row as f64)),
            ("columnOf", each(|cell| cell.column as f64)),
            ("limit", pooled.limit().into()),
            ("largest", largest.map_or(JsValue::UNDEFINED, |at| (at as f64).into())),
        ]);
        object(&fields)
    }
}

#[wasm_bindgen]
impl Opened {
    /// Begins a picture of two axes of a tensor in at most `width` by `height` cells, at the index `fixed` on each other axis;
    /// without axes, of the last two.
    ///
    /// # Errors
    ///
    /// Those of [`Plane::new`].
    #[expect(clippy::too_many_arguments, reason = "JavaScript names them")]
    pub fn plane(
        &self,
        index: usize,
        rows: Option<usize>,
        columns: Option<usize>,
        fixed: &[f64],
        width: usize,
        height: usize,
        dequantized: Option<bool>,
    ) -> Result<PlaneReading, JsValue> {
        let tensor = self.wanted(index, dequantized == Some(true))?;
        let plane = Plane::new(&tensor, rows.zip(columns), &whole(fixed), width as u64, height as u64);
        Ok(PlaneReading { tensor, plane: plane.map_err(|error| failure(&error))? })
    }
}
