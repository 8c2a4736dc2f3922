//! The core inside a browser's dedicated worker.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Float64Array, Reflect, Uint8Array};
use paramscope::web::{Job, Opened, Search, Survey, page};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const SIMPLENN: &[u8] = include_bytes!("fixtures/torch/simplenn_state_dict.pt");

fn file(name: &str, bytes: &[u8]) -> web_sys::File {
    let parts = Array::of1(&Uint8Array::from(bytes));
    web_sys::File::new_with_u8_array_sequence(&parts, name).unwrap()
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn open(name: &str, bytes: &[u8]) -> Opened {
    Opened::open(vec![file(name, bytes)], vec![name.to_owned()]).unwrap_or_else(|_| panic!("{name} does not open"))
}

#[wasm_bindgen_test]
fn opens_a_file_through_the_browser() {
    let opened = open("simplenn.pt", SIMPLENN);
    let facts = opened.facts().unwrap();
    assert_eq!(field(&field(&facts, "format"), "id"), "pytorch-zip");
    assert_eq!(field(&facts, "tensors"), 4.0);
    let tensors = opened.tensors();
    assert_eq!(field(&tensors, "count"), 4.0);
    assert_eq!(field(&field(&field(&tensors, "fields"), "name"), "text"), "fc1.weightfc1.biasfc2.weightfc2.bias");
}

#[wasm_bindgen_test]
fn analyses_a_tensor_step_by_step() {
    let mut opened = open("simplenn.pt", SIMPLENN);
    let mut survey = Survey::new(&opened, &[0], 50, None, None, true, false, false);
    let order: Uint8Array = field(&survey.order(), "order").unchecked_into();
    let mut job = Job::new(&order.to_vec()).unwrap();
    let outcome = loop {
        if let Ok(outcome) = job.step(&opened).dyn_into::<Uint8Array>() {
            break outcome.to_vec();
        }
    };
    let studied = survey.take(&mut opened, &outcome).unwrap().get(0);
    assert_eq!(field(&field(&studied, "summary"), "count"), 50.0);
    let counts: Float64Array = field(&field(&studied, "histogram"), "counts").unchecked_into();
    assert_eq!(counts.to_vec().iter().sum::<f64>(), 50.0);
    assert_eq!(field(&survey.progress(), "over"), true);
    assert!(opened.report(None).unwrap().contains("\"histogram\""), "the report has what was found");
    assert_eq!(opened.studied(), 1, "what the rules of health need is kept");
    assert!(opened.vitals(0).len() > opened.vitals(1).len());
    let health = Some("[{\"rule\": \"nan\"}]".to_owned());
    assert!(opened.report(health).unwrap().contains("{\"rule\": \"nan\"}"), "and what they say of it");
}

#[wasm_bindgen_test]
fn pools_a_plane_step_by_step() {
    let opened = open("simplenn.pt", SIMPLENN);
    let mut reading = opened.plane(0, None, None, &[], 4, 3, None).unwrap();
    while reading.step(&opened).unwrap() < 1.0 {}
    let pooled = reading.pooled();
    let number = |name: &str| field(&pooled, name).as_f64().unwrap();
    assert_eq!((number("rows") * number("columns"), number("height"), number("width")), (50.0, 3.0, 4.0));
    let values: Float64Array = field(&pooled, "values").unchecked_into();
    let largest = values.to_vec().iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let at = values.to_vec().iter().position(|value| value.abs() == largest).unwrap();
    assert_eq!(field(&pooled, "largest"), f64::from(u32::try_from(at).unwrap()));
    assert!(opened.plane(0, Some(1), Some(1), &[], 4, 4, None).is_err());
}

#[wasm_bindgen_test]
fn a_filter_finds_and_marks() {
    let opened = open("simplenn.pt", SIMPLENN);
    let mut search = Search::new("fc1", "file", false, true).unwrap();
    while !search.step(&opened) {}
    assert_eq!(field(&search.table(&opened), "matches"), 2.0);
    assert_eq!(page::marks("fc1", "model.fc1.weight"), [6, 9]);
    let refused = Search::new("/(/", "file", false, true).err().unwrap();
    assert_eq!(field(&refused, "kind"), "query");
}

#[wasm_bindgen_test]
fn an_error_crosses_as_a_sentence() {
    let refused = Opened::open(vec![file("page.pt", b"<!doctype html>")], vec!["page.pt".to_owned()]);
    let error = refused.err().unwrap();
    assert_eq!(field(&error, "kind"), "unsupported");
    assert_eq!(field(&error, "file"), "page.pt");
    assert!(error.unchecked_into::<js_sys::Error>().message().as_string().unwrap().contains("HTML"));
}

#[wasm_bindgen_test]
fn elements_cross_as_values() {
    let opened = open("simplenn.pt", SIMPLENN);
    let values = Array::from(&opened.values(0, &[1.0, 2.0], &[2.0, 3.0], None).unwrap());
    assert_eq!(values.length(), 6);
    assert!(values.iter().all(|value| value.as_f64().is_some_and(f64::is_finite)));
}
