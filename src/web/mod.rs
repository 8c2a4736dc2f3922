//! The boundary to JavaScript: convert, call one function of the core, convert back.
//!
//! [`Opened`], [`Survey`], [`Job`], [`PlaneReading`] and [`Hash`] live in dedicated workers, where reading may block; the functions of [`page`] have no
//! state and serve the page.

mod blob;
mod convert;
mod hash;
mod matrix;
pub mod page;
mod plane;
mod search;
mod survey;
mod worker;

pub use hash::Hash;
pub use matrix::OpenedMatrix;
pub use plane::PlaneReading;
pub use search::Search;
pub use survey::{Job, Survey};
pub use worker::Opened;
