use wasm_bindgen::prelude::*;

/// The whole of a file, packed in one of the ways that the crate knows, unpacked; see `decoders::unpack`.
///
/// # Errors
///
/// What the decoder says of damaged bytes.
#[cfg(feature = "decoders")]
#[wasm_bindgen(js_name = unpack)]
pub fn unpack_whole(way: &str, packed: &[u8], most: f64) -> Result<Vec<u8>, JsError> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of bytes below 2^53")]
    let most = most as u64;
    crate::unpack(way, &mut &*packed, most).map_err(|error| JsError::new(&error.to_string()))
}

#[cfg(not(feature = "decoders"))]
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = paramscopeUnpack)]
    fn by_module(way: &str, packed: &[u8], most: f64) -> Result<Vec<u8>, JsValue>;
}

/// All bytes inside of what is packed in one of [`crate::WAYS`]; of more than `most` no more than one byte above.
///
/// # Errors
///
/// What the decoder says of damaged bytes; what `packed` says itself.
#[cfg(not(feature = "decoders"))]
pub fn unpack(way: &str, packed: &mut dyn std::io::Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    packed.read_to_end(&mut whole)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of bytes below 2^53")]
    by_module(way, &whole, most as f64).map_err(|thrown| {
        let error: Option<js_sys::Error> = wasm_bindgen::JsCast::dyn_into(thrown).ok();
        std::io::Error::other(error.map_or_else(|| "no reason is given".into(), |error| String::from(error.message())))
    })
}
