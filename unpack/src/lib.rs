//! Unpacks files that are packed as a whole: gzip, zlib, bzip2, xz, lzma and LZ4 frames.
//!
//! Few checkpoints are, and the decoders weigh as much as the page around them. So they are a WebAssembly module of their own,
//! which a page fetches when the first such file is opened. On a native target [`unpack`] calls them; in the viewer's module it
//! calls the function `paramscopeUnpack`, which has to be there, and which has the module with the decoders do it.

#[cfg(any(not(target_arch = "wasm32"), feature = "decoders"))]
mod decoders;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(any(not(target_arch = "wasm32"), feature = "decoders"))]
pub use decoders::unpack;
#[cfg(all(target_arch = "wasm32", not(feature = "decoders")))]
pub use web::unpack;

/// The ways of packing, by the names that [`unpack`] takes.
pub const WAYS: [&str; 6] = ["gzip", "zlib", "bzip2", "xz", "lzma", "LZ4"];
