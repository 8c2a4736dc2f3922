//! Keras: whole models and weights, of Keras 1 to 3.
//!
//! | id | files |
//! | --- | --- |
//! | `keras` | `.keras`: a zip archive of a config and an HDF5 file |
//! | `keras-h5` | `.h5` of Keras 1 and 2, which Keras 3 writes too: a group for each layer |
//! | `keras-weights-h5` | `.weights.h5` of Keras 3: groups as the model's objects hold each other |
//! | `keras-weights-sharded` | the same in several files, with an index |

#[cfg(feature = "hdf5")]
mod archive;
#[cfg(feature = "hdf5")]
mod classes;
#[cfg(feature = "hdf5")]
mod config;
#[cfg(feature = "hdf5")]
mod h5;
#[cfg(feature = "hdf5")]
mod legacy;
#[cfg(feature = "hdf5")]
mod model;
#[cfg(feature = "hdf5")]
mod notes;
#[cfg(feature = "hdf5")]
mod optimizer;
#[cfg(feature = "hdf5")]
mod read;
#[cfg(feature = "hdf5")]
mod sharded;
#[cfg(feature = "hdf5")]
mod store;
#[cfg(feature = "hdf5")]
mod walk;

use super::{Candidate, Format};

/// What only the whole build has: the others know these files as archives, as HDF5 and by their names.
#[cfg(not(feature = "hdf5"))]
mod opened {
    use super::Candidate;
    pub(super) use crate::formats::elsewhere as archive;
    pub(super) use crate::formats::elsewhere as layers;
    pub(super) use crate::formats::elsewhere as sharded;
    pub(super) use crate::formats::elsewhere as weights;

    pub(super) fn lists_layers(_: &Candidate<'_>) -> bool {
        false
    }

    pub(super) use lists_layers as numbers_variables;
}

#[cfg(feature = "hdf5")]
mod opened {
    use super::{Candidate, FORMAT_H5, FORMAT_WEIGHTS, h5};
    pub(super) use super::{archive::open as archive, sharded::open as sharded};
    use crate::error::Result;
    use crate::model::Checkpoint;
    use crate::source::Files;

    pub(super) fn lists_layers(file: &Candidate<'_>) -> bool {
        file.hdf5().is_some_and(h5::lists_layers)
    }

    pub(super) fn numbers_variables(file: &Candidate<'_>) -> bool {
        file.hdf5().is_some_and(h5::numbers_variables)
    }

    pub(super) fn layers(given: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
        h5::open(given, lead, FORMAT_H5.id)
    }

    pub(super) fn weights(given: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
        h5::open(given, lead, FORMAT_WEIGHTS.id)
    }
}

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
    open: opened::archive,
};

pub(super) const FORMAT_H5: Format = Format {
    id: "keras-h5",
    label: "Keras HDF5",
    extensions: &["h5"],
    reads: "whole models and weights of Keras 1 to 3: layers by their names, training config, optimizer",
    probe: opened::lists_layers,
    open: opened::layers,
};

pub(super) const FORMAT_WEIGHTS: Format = Format {
    id: "keras-weights-h5",
    label: "Keras weights",
    extensions: &["weights.h5"],
    reads: "`.weights.h5` of Keras 3: names of layers and variables as far as the file tells them",
    probe: opened::numbers_variables,
    open: opened::weights,
};

/// The index that maps groups of variables to files.
pub(super) const SHARDED: Format = Format {
    id: "keras-weights-sharded",
    label: "sharded Keras weights",
    extensions: &["weights.json"],
    reads: "an index with its shards; missing ones are named",
    probe: |file| file.has_extension(SHARDED.extensions) && file.head().trim_ascii_start().starts_with(b"{"),
    open: opened::sharded,
};
