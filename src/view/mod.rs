//! What is shown: plain structs with public fields, the only ones that serialise.

pub mod report;
