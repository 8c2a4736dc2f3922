use crate::error::Error;
use crate::view::columns::{Column, Columns, Texts};
use js_sys::{Float64Array, Object, Reflect, Uint32Array};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// What is thrown to JavaScript: an `Error` with `kind`, and `file` and `offset` where they are known.
pub(super) fn failure(error: &Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.message);
    set(&thrown, "kind", &error.kind.name().into());
    if let Some(file) = &error.file {
        set(&thrown, "file", &file.into());
    }
    if let Some(offset) = error.offset {
        #[expect(clippy::cast_precision_loss, reason = "a place in a file")]
        let offset = offset as f64;
        set(&thrown, "offset", &offset.into());
    }
    thrown.into()
}

/// Setting a property of an object of our own does not fail.
pub(super) fn set(object: &JsValue, key: &str, value: &JsValue) {
    let _ = Reflect::set(object, &key.into(), value);
}

/// An object of these properties.
pub(super) fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object: JsValue = Object::new().into();
    for (key, value) in fields {
        set(&object, key, value);
    }
    object
}

/// A table as `{count, fields}`, each field a `Float64Array`, `{text, starts, ends}` or `{json, places}`.
pub(super) fn columns(columns: &Columns) -> JsValue {
    let column = |column: &Column| match column {
        Column::Numbers(numbers) => Float64Array::from(numbers.as_slice()).into(),
        Column::Texts(Texts { text, starts, ends, .. }) => object(&[
            ("text", text.as_str().into()),
            ("starts", Uint32Array::from(starts.as_slice()).into()),
            ("ends", Uint32Array::from(ends.as_slice()).into()),
        ]),
        Column::Shared(shared) => {
            object(&[("json", shared.json().into()), ("places", Uint32Array::from(shared.places()).into())])
        }
    };
    let fields: Vec<(&str, JsValue)> = columns.fields.iter().map(|(name, found)| (*name, column(found))).collect();
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in float64")]
    let count = columns.count as f64;
    object(&[("count", count.into()), ("fields", object(&fields))])
}

/// Plain data as plain JavaScript objects.
pub(super) fn plain<T: Serialize + ?Sized>(data: &T) -> Result<JsValue, JsValue> {
    data.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from)
}
