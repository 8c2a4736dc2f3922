//! Tells what is wrong in a checkpoint, from what its headers say and from a small digest of each tensor's values.
//!
//! The rules are one table, [`RULES`]. They know no format and read nothing: who has the checkpoint open tells of its tensors
//! in [`Subject`]s, and of each one whose values were studied in a [`Vital`]. In WebAssembly the rules are a module of their own,
//! which a page fetches when it shows the first finding; everything that is passed between is plain data.

mod anatomy;
mod draws;
mod examination;
mod finding;
mod limits;
mod rules;
mod subject;
mod vital;
#[cfg(all(target_arch = "wasm32", feature = "module"))]
mod web;

pub use examination::Examination;
pub use finding::{Finding, Level, Place, Sure};
pub use limits::LISTED;
pub use rules::{RULES, Rule};
pub use subject::{Element, Listed, Part, Patient, Subject};
pub use vital::{Firsts, Lines, Print, RANKS, Shape, Vital};
