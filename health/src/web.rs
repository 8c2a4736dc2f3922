use crate::{Patient, RULES, Vital};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// A checkpoint under examination. `free` gives its memory back.
#[wasm_bindgen]
pub struct Examination(crate::Examination);

/// The ids of all rules, in their order, and how sure each is: `{id, sure}[]`.
///
/// # Errors
///
/// None; the type is that of every conversion.
#[wasm_bindgen]
pub fn rules() -> Result<JsValue, JsError> {
    #[derive(Serialize)]
    struct Told {
        id: &'static str,
        sure: crate::Sure,
    }
    plain(&RULES.iter().map(|rule| Told { id: rule.id, sure: rule.sure }).collect::<Vec<_>>())
}

#[wasm_bindgen]
impl Examination {
    /// Of a checkpoint as the core tells of it: a [`Patient`].
    ///
    /// # Errors
    ///
    /// If the bytes are none.
    #[wasm_bindgen(constructor)]
    pub fn new(patient: &[u8]) -> Result<Examination, JsError> {
        let patient: Patient = postcard::from_bytes(patient)?;
        Ok(Examination(crate::Examination::new(patient)))
    }

    /// Takes in what was found since: a list of indices and [`Vital`]s.
    ///
    /// # Errors
    ///
    /// If the bytes are none.
    pub fn take(&mut self, vitals: &[u8]) -> Result<(), JsError> {
        let vitals: Vec<(u32, Vital)> = postcard::from_bytes(vitals)?;
        for (tensor, vital) in vitals {
            self.0.take(tensor as usize, vital);
        }
        Ok(())
    }

    /// All findings so far.
    ///
    /// # Errors
    ///
    /// None; the type is that of every conversion.
    pub fn findings(&self) -> Result<JsValue, JsError> {
        plain(&self.0.findings())
    }

    /// The same as JSON, for the report.
    ///
    /// # Errors
    ///
    /// As [`Examination::findings`].
    pub fn json(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.0.findings())?)
    }
}

fn plain<T: Serialize>(data: &T) -> Result<JsValue, JsError> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    data.serialize(&serializer).map_err(|error| JsError::new(&error.to_string()))
}
