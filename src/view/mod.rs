//! What is shown: plain structs with public fields, the only ones that serialise, and pictures.

pub mod facts;
mod natural;
pub mod plot;
pub mod python;
pub mod query;
pub mod report;
pub mod table;
pub mod values;
