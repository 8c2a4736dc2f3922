//! The core as a WebAssembly module: nothing but what its crate shows to JavaScript.
//!
//! A crate of its own, because all that is linked together is optimised as the last crate is: this one for speed, so that the loops
//! of `kernels/` become vectors, while the functions of the core itself keep the mark that they are to be small.

#[cfg(target_arch = "wasm32")]
pub use paramscope::web;
