//! Python pickles, followed opcode by opcode and never executed.
//!
//! [`run`] plays a stream of any protocol on an abstract stack: what would be called or imported becomes a node that says
//! so. [`Walk`] goes through the containers that come of it; [`arrays`] recognises NumPy's arrays.
//!
//! Specification: `Lib/pickletools.py` of CPython, PEP 307, 3154 and 574.

mod arena;
pub mod arrays;
mod escapes;
pub mod keys;
mod lists;
mod machine;
mod nodes;
mod opcodes;
mod python2;
mod stack;
#[cfg(test)]
mod tests;
pub mod walk;

pub use machine::run;
pub use nodes::{Global, Id, Node, Object, Pickle};
pub use walk::Walk;
