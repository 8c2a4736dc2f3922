//! The boundary to JavaScript: convert, call one function of the core, convert back.
//!
//! [`Opened`], [`Survey`] and [`Job`] live in dedicated workers, where reading may block; the functions of [`page`] have no
//! state and serve the page.

mod blob;
mod convert;
pub mod page;
mod search;
mod survey;
mod worker;

pub use search::Search;
pub use survey::{Job, Survey};
pub use worker::Opened;
