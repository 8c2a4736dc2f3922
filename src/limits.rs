//! Every cap of the crate, with its reason. Lengths are in bytes unless the name says otherwise.

/// The longest safetensors header: the reference reader's own cap.
pub const SAFETENSORS_HEADER: u64 = 100_000_000;

/// The longest shard index (`*.index.json`): 2 million names fit.
pub const SHARD_INDEX: u64 = 256 << 20;

/// The most shards of one model: as the Hugging Face reader has it.
pub const SHARDS: usize = 10_000;

/// The longest `.npy` header; NumPy stops at 10 000 characters unless asked, real records with 1 300 fields have 71 604.
pub const NPY_HEADER: u64 = 1 << 20;

/// The most dimensions shown; NumPy and PyTorch stop at 64.
pub const RANK: usize = 64;

/// The longest record of metadata that is inflated or read whole (`data.pkl`, an object array's pickle).
pub const METADATA_RECORD: u64 = 64 << 20;

/// The most bytes of elements that one read moves: bounds the memory of statistics whatever the tensor's size.
pub const CHUNK: u64 = 16 << 20;

/// The most elements that are hashed or walked one by one for a person who waits: 2^40 bytes of a stride-0 view are not.
pub const WALKED_ELEMENTS: u64 = 1 << 38;

/// The most files that a dropped folder may hold.
pub const FILES: usize = 20_000;

/// The most notes kept for one checkpoint; the rest are counted.
pub const NOTES: usize = 200;
