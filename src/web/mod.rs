//! The boundary to JavaScript: convert, call one function of the core, convert back.
//!
//! [`Opened`], [`Analysis`] and [`PlaneReading`] live in a dedicated worker, where reading may block; the functions of [`page`] have no
//! state and serve the page.

mod blob;
mod convert;
pub mod page;
mod worker;

pub use worker::{Analysis, Opened, PlaneReading};
