//! What reading a tensor found out that reading more of it wants again.

/// Whoever reads one tensor in several steps hands this on from each to the next, so that what it takes to find and to unpack elements
/// is not done again.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Of a tensor in chunks, where they are and what is in them.
    #[cfg(feature = "whole")]
    pub(super) chunks: super::found::Found,
}
