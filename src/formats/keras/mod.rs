//! Keras: whole models and weights, of Keras 1 to 3.
//!
//! | id | files |
//! | --- | --- |
//! | `keras` | `.keras`: a zip archive of a config and an HDF5 file |
//! | `keras-h5` | `.h5` of Keras 1 and 2, which Keras 3 writes too: a group for each layer |
//! | `keras-weights-h5` | `.weights.h5` of Keras 3: groups as the model's objects hold each other |
//! | `keras-weights-sharded` | the same in several files, with an index |

mod archive;
mod classes;
mod config;
mod h5;
mod legacy;
mod model;
mod notes;
mod optimizer;
mod read;
mod sharded;
mod store;
mod walk;

use super::Format;

pub(super) const FORMAT: Format = Format {
    id: "keras",
    label: "Keras archive",
    extensions: &["keras"],
    reads: "the weights in place, in the order of `get_weights()` by the config; layers, optimizer, quantised and LoRA variants",
    probe: |file| {
        file.archive().is_some_and(|archive| {
            let has = |name: &str| archive.find(name).is_some();
            has("model.weights.h5") || has("config.json") && has("metadata.json")
        })
    },
    open: archive::open,
};

pub(super) const FORMAT_H5: Format = Format {
    id: "keras-h5",
    label: "Keras HDF5",
    extensions: &["h5"],
    reads: "whole models and weights of Keras 1 to 3: layers by their names, training config, optimizer",
    probe: |file| file.hdf5().is_some_and(h5::lists_layers),
    open: |given, lead| h5::open(given, lead, FORMAT_H5.id),
};

pub(super) const FORMAT_WEIGHTS: Format = Format {
    id: "keras-weights-h5",
    label: "Keras weights",
    extensions: &["weights.h5"],
    reads: "`.weights.h5` of Keras 3: names of layers and variables as far as the file tells them",
    probe: |file| file.hdf5().is_some_and(h5::numbers_variables),
    open: |given, lead| h5::open(given, lead, FORMAT_WEIGHTS.id),
};

/// The index that maps groups of variables to files.
pub(super) const SHARDED: Format = Format {
    id: "keras-weights-sharded",
    label: "sharded Keras weights",
    extensions: &["weights.json"],
    reads: "an index with its shards; missing ones are named",
    probe: |file| file.has_extension(SHARDED.extensions) && file.head().trim_ascii_start().starts_with(b"{"),
    open: sharded::open,
};
