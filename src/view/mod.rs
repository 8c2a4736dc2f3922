//! What is shown: plain structs with public fields, the only ones that serialise.

pub mod columns;
pub mod depth;
pub mod facts;
pub mod health;
pub mod layers;
mod natural;
pub mod pickles;
pub mod python;
pub mod query;
pub mod report;
pub mod rows;
pub mod storage;
pub mod table;
pub mod tied;
pub mod values;
