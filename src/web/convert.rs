use crate::error::Error;
use js_sys::{Object, Reflect};
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

/// Plain data as plain JavaScript objects.
pub(super) fn plain<T: Serialize + ?Sized>(data: &T) -> Result<JsValue, JsValue> {
    data.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from)
}
