//! HDF5 and Keras.

use super::{Asked, literal};
use crate::model::{Key, Layout, Number, Tensor};

/// By its path; what third parties' filters packed needs their package.
pub(super) fn hdf5(Asked { checkpoint, tensor, .. }: &Asked<'_>) -> Option<String> {
    // LZF, 32000, is h5py's own.
    let foreign = |tensor: &Tensor| match &tensor.layout {
        Layout::Tiled(tiled) => tiled.filters.iter().any(|filter| filter.id > 32_000),
        _ => false,
    };
    let packed = match &tensor.layout {
        Layout::Encoded(encoded) => foreign(&encoded.stored),
        Layout::Mosaic(mosaic) => mosaic.patches.iter().any(|patch| foreign(&patch.source)),
        _ => foreign(tensor),
    };
    let plugin = if packed { "import hdf5plugin\n" } else { "" };
    // Elements may lie in other files, which h5py finds by itself.
    let file = literal(checkpoint.files.iter().next()?.1.base_name());
    let name = literal(&tensor.name);
    Some(h5py(plugin, &file, &format!("f[{name}][()]")))
}

/// The lines for a dataset, with what has to be imported for it.
fn h5py(import: &str, file: &str, dataset: &str) -> String {
    format!("import h5py\n{import}with h5py.File({file}) as f:\n    array = {dataset}")
}

/// The weights of a model that Keras loads, by their places in `get_weights()`. Only of one whose layers are all Keras's own and
/// bring no code: others need what is in no file, or run what is in this one.
pub(super) fn keras(Asked { checkpoint, tensor, file }: &Asked<'_>) -> Option<String> {
    let layers = || checkpoint.layers.iter();
    let whole = checkpoint.metadata.iter().any(|entry| entry.key() == "model.class_name");
    let own = layers().flat_map(|layer| &layer.weights).all(|weight| checkpoint.tensors[weight.tensor].role.is_some());
    if !whole || !own || layers().any(|layer| layer.class == "Lambda") {
        return None;
    }
    let this = |index: usize| std::ptr::eq(*tensor, &raw const checkpoint.tensors[index]);
    let weight = layers().flat_map(|layer| &layer.weights).find(|weight| this(weight.tensor))?;
    let index = weight.index?;
    // Keras 3 does not load all that Keras 2 wrote; the package that goes on with Keras 2 does.
    let by = checkpoint.producer.as_deref().unwrap_or_default();
    let old = ["Keras 1.", "Keras 2."].iter().any(|version| by.starts_with(version));
    let keras = if old { "tf_keras" } else { "keras" };
    Some(format!(
        "import {keras}\nmodel = {keras}.models.load_model({file}, compile=False)\narray = model.get_weights()[{index}]"
    ))
}

/// By its path in the HDF5 file: what Keras itself does not give.
pub(super) fn stored(asked: &Asked<'_>) -> Option<String> {
    let (import, array) = dataset(asked)?;
    Some(h5py(import, &asked.file, &array))
}

/// The same in the HDF5 file of a Keras archive.
pub(super) fn in_archive(asked: &Asked<'_>) -> Option<String> {
    let (import, array) = dataset(asked)?;
    let file = &asked.file;
    Some(format!(
        "import io, zipfile\nimport h5py\n{import}with zipfile.ZipFile({file}) as z:\n    f = h5py.File(io.BytesIO(z.read(\"model.weights.h5\")), \"r\")\n    array = {array}"
    ))
}

/// What a dataset is in h5py, and what has to be imported for it. Types that NumPy does not have come as bytes without a meaning.
fn dataset(Asked { tensor, .. }: &Asked<'_>) -> Option<(&'static str, String)> {
    let keys: Option<Vec<&str>> = tensor.path.iter().map(Key::text).collect();
    let path = literal(&keys.filter(|keys| !keys.is_empty())?.join("/"));
    Some(match tensor.dtype.number() {
        Some(Number::Bf16) => ("import ml_dtypes\n", format!("f[{path}][()].view(ml_dtypes.bfloat16)")),
        _ => ("", format!("f[{path}][()]")),
    })
}
