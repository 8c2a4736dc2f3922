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

/// The most bytes of elements that one read moves: bounds the memory of statistics whatever the tensor's size, and how long
/// one step of them keeps a person waiting who cancels. A browser hands out larger parts of a file faster, up to about this.
pub const CHUNK: u64 = 16 << 20;

/// The most bytes of one tensor that a study keeps from its first pass to its second. A worker holds no more than this.
pub const READ_ONCE: u64 = 2 * CHUNK;

/// The most rows and columns together of which limits and norms are kept, 24 bytes each: the matrices of any vocabulary fit.
pub const CHANNELS: u64 = 1 << 20;

/// The most values that are gathered to find percentiles among them, 8 bytes each; of more, the next bits are counted first.
pub const GATHERED: u64 = 1 << 20;

/// The most numbers of a matrix that are decoded to float64 at a time (64 MiB): four times what a spectrum asks for.
pub const MATRIX_BLOCK: u64 = 8 << 20;

/// How many bytes one read of elements that lie apart may span: all that is between them is read, too.
pub const SPAN: u64 = 64 << 20;

/// The most elements that are hashed or walked one by one for a person who waits: 2^40 bytes of a stride-0 view are not.
pub const WALKED_ELEMENTS: u64 = 1 << 38;

/// The most files that a dropped folder may hold.
pub const FILES: usize = 20_000;

/// The most notes kept for one checkpoint; the rest are counted.
pub const NOTES: usize = 200;

/// The most arrays of an archive whose headers are read: each costs a read of its own.
pub const MEMBERS: usize = 200_000;

/// The most objects of 16 bytes that a pickle may describe, beyond one for every 6 bytes: a tensor takes some 18 of them in
/// 125 bytes and more, a list of 16-bit numbers one for every 3 bytes.
pub const PICKLE_NODES: usize = 3 << 19;

/// The memory for the names of what a pickle describes, beyond four times its bytes: 200 000 tensors below 4 keys each take
/// 90 MB, their pickle 25.
pub const PICKLE_LISTED: usize = 16 << 20;

/// How many times its packed bytes a deflated pickle may be, beyond [`PICKLE_INFLATED`]: real ones deflate 2 to 6 to 1.
pub const PICKLE_RATIO: u64 = 64;

/// What any deflated pickle may be inflated to.
pub const PICKLE_INFLATED: u64 = 8 << 20;

/// The most steps of a walk through a pickle's containers: 200 000 tensors with an optimizer's state take 3 million.
pub const PICKLE_STEPS: usize = 4 << 20;

/// How deep a pickle's containers are walked.
pub const PICKLE_DEPTH: usize = 512;

/// What a file that is packed as a whole may be unpacked to: it is kept in memory.
pub const UNPACKED: u64 = 256 << 20;

/// What any such file may be unpacked to; beyond it, [`PICKLE_RATIO`] times its packed bytes.
pub const UNPACKED_SMALL: u64 = 24 << 20;

/// The most names of a pickle that are listed, the worst of them; the rest are counted.
pub const PICKLE_NAMES: usize = 500;

/// The most names of all pickles of a checkpoint that are listed, but for the three worst of each.
pub const PICKLES_NAMES: usize = 20 * PICKLE_NAMES;

/// The most pickles of one file that are followed: those behind each other, and those in byte strings.
pub const PICKLES_FOLLOWED: usize = 1000;

/// The most values beside the tensors that are listed.
pub const METADATA_ENTRIES: usize = 20_000;

/// The most elements that a sparse tensor may store: their places are sorted in memory, 16 bytes each.
pub const SPARSE_ELEMENTS: u64 = 4 << 20;

/// The most bytes of elements that a sparse tensor may store: all of them are held while it is read.
pub const SPARSE_BYTES: u64 = 64 << 20;

/// The most numbers that tell where a sparse tensor's elements are: all are read for every step of its statistics.
pub const SPARSE_INDICES: u64 = 16 << 20;

/// The longest list of a quantised tensor's scales, or of their zero points: one each for the rows of any vocabulary fits.
pub const SCALES: u64 = 16 << 20;

/// How many times its bytes an HDF5 file's structures may be read, beyond [`HDF5_SMALL`]: what no file needs that does not
/// lead to the same bytes many times.
pub const HDF5_AGAIN: u64 = 4;

/// How many bytes of structures may be read of any HDF5 file.
pub const HDF5_SMALL: u64 = 8 << 20;

/// How deep HDF5's types nest: one in another, which is read by a call in a call.
pub const HDF5_TYPES: usize = 16;

/// What an object or a link of an HDF5 file counts as beside its bytes: what is kept of it.
pub const HDF5_OBJECT: u64 = 256;

/// How many links of an HDF5 file one path may lead along: libhdf5 stops at 16 of either kind.
pub const HDF5_LINKS: usize = 32;

/// The largest chunk of an HDF5 dataset: one is held as a whole. Real ones take up to some megabytes; a dataset that is one chunk
/// takes what it takes.
pub const HDF5_CHUNK: u64 = 256 << 20;

/// The most chunks of an HDF5 dataset that are listed at a time, 32 bytes each: 250 GB in chunks of 64 KiB have as many.
pub const HDF5_CHUNKS: usize = 4 << 20;

/// The memory for unpacked chunks that are still wanted: a row of chunks across a matrix of 16 384 columns takes 64 MiB if they
/// are 1024 by 1024 float32. A browser's worker, which never gives memory back, has to do with that.
pub const HDF5_CHUNKS_KEPT: u64 = if cfg!(target_pointer_width = "64") { 256 << 20 } else { 64 << 20 };

/// The most boxes that a virtual dataset of HDF5 is put together from.
pub const HDF5_PATCHES: usize = 100_000;

/// The most boxes of all virtual datasets of a file, those of their sources counted, too; a box of more than 4 dimensions
/// counts as several.
pub const HDF5_BOXES: usize = 4 * HDF5_PATCHES;

/// The longest text of a tensor of texts that is shown whole.
pub const TEXT: u64 = 64 << 10;

/// The most bytes of such texts that are read at once.
pub const TEXTS: u64 = 64 << 20;

/// The most texts whose lengths are gone through where only these tell where a text is: a vocabulary of any language fits.
pub const TEXT_LENGTHS: u64 = 64 << 20;

/// What the tables of a FlatBuffers file may describe beyond its bytes: parts may be referred to more than once.
pub const FLATBUFFER_SLACK: u64 = 4 << 20;

/// The most that they may describe, without the elements of tensors: those of models with 10 000 tensors take 3 MB.
pub const FLATBUFFER: u64 = 32 << 20;

/// The largest block of a table (`wire::sstable`) that is read whole: TensorFlow begins a new one at 256 KiB, but no value is cut.
pub const TABLE_BLOCK: u64 = 64 << 20;

/// The most entries of a table, beyond one for every [`TABLE_ENTRY`] of its bytes: each becomes a tensor, for which some 500 bytes
/// are taken while their list grows. 200 000 variables take 11 MB of a real index.
pub const TABLE_ENTRIES: u64 = 100_000;

/// For how many bytes of a table one more entry is read.
pub const TABLE_ENTRY: u64 = 110;

/// The memory for the keys of a table, beyond twice its bytes: in the file each has only what it does not share with the one
/// before.
pub const TABLE_KEYS: u64 = 16 << 20;

/// The most objects of a TensorFlow program that are looked through for names: each takes 48 bytes.
pub const GRAPH_OBJECTS: usize = 1 << 19;

/// The longest text that names checkpoints: each of their names takes some 50 bytes.
pub const CHECKPOINT_STATE: u64 = 1 << 20;

/// The longest text of a graph: it is held, and its binary form with it.
pub const GRAPH_TEXT: u64 = 64 << 20;

/// The memory for values of constants that stand one by one; TensorFlow writes only small ones so.
pub const GRAPH_VALUES: u64 = 24 << 20;

/// The most constants of any graph: each becomes a tensor of some 350 bytes, and what holds its values.
pub const GRAPH_CONSTANTS: u64 = 50_000;

/// Beyond [`GRAPH_CONSTANTS`] a graph may have one constant for so many of its bytes: a node with one takes 60 and more.
pub const GRAPH_CONSTANT: u64 = 128;

/// The most values of a Keras config, beyond one for every 25 bytes: they take some 70 bytes each; 10 000 layers have 400 000.
pub const KERAS_VALUES: usize = 500_000;

/// The longest name of a Keras layer that is put before others' names.
pub const KERAS_NAME: usize = 1024;

/// The memory for the names of Keras's layers and weights, beyond four times those in the file.
pub const KERAS_NAMES: usize = 16 << 20;
