//! Python pickles, followed opcode by opcode and never executed.
//!
//! [`run`] plays a stream of any protocol on an abstract stack: what would be called or imported becomes a node that says
//! so. [`Walk`] goes through the containers that come of it; [`arrays`] recognises NumPy's arrays.
//!
//! Specification: `Lib/pickletools.py` of CPython, PEP 307, 3154 and 574.

mod arena;
pub mod arrays;
mod escapes;
mod joblib;
pub mod keys;
mod lists;
mod machine;
pub mod modules;
mod nodes;
pub mod opcodes;
pub mod plain;
pub mod python2;
mod stack;
#[cfg(test)]
mod tests;
pub mod walk;

pub use machine::{run, run_at, run_joblib};
pub use nodes::{Global, Id, Node, Object, Pickle, Reference, Run};
pub use walk::{Part, Step, Walk};
