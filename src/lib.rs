//! Opens machine-learning checkpoints, reading only the bytes it needs.
//!
//! Layers, each using only those before it:
//! `error`, `limits`, `decimal`, `sort`, `source`, `model`, `wire`, `formats`, `decode`, `analysis`, `view`, and in the browser `web`.

pub mod analysis;
mod decimal;
pub mod decode;
pub mod error;
pub mod formats;
pub mod limits;
pub mod model;
mod sort;
pub mod source;
pub mod view;
#[cfg(target_arch = "wasm32")]
pub mod web;
pub mod wire;
