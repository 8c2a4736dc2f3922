//! The groups and datasets of an HDF5 file as Keras's groups and arrays.

use super::super::hdf5::{Hdf5, Reader};
use super::store::Store;
use crate::error::{Error, Result};
use crate::limits;
use crate::model::{Checkpoint, Dtype, Number, Tensor};
use crate::source::{FileId, Files};
use crate::wire::hdf5::Kind;

/// Adds what an HDF5 file holds. `given` are the files that it may refer to.
///
/// # Errors
///
/// `Malformed` if the header of a dataset is damaged.
pub(super) fn add(
    store: &mut Store,
    checkpoint: &mut Checkpoint,
    given: &Files,
    (id, hdf5): (FileId, &Hdf5),
) -> Result<()> {
    hdf5.notes().into_iter().for_each(|note| checkpoint.note(note));
    // What stands in several files was written one file after the other.
    let before = store.end;
    let mut names_left = hdf5.file.size() / 25 + limits::KERAS_VALUES as u64;
    let mut reader = Reader::new(given, checkpoint);
    let view = reader.view(id, hdf5);
    for object in &hdf5.tree.objects {
        let written = before.saturating_add(object.at.unwrap_or(0));
        match object.kind {
            Kind::Group(_) => {
                let group = store.group(&object.path);
                let group = &mut store.groups[group];
                group.written = group.written.max(written);
                let (attributes, _) = object.attributes(&hdf5.file);
                for attribute in attributes {
                    if attribute.name == "name" && object.name() == "vars" {
                        let name = || attribute.text(&hdf5.file).filter(|name| name.len() <= limits::KERAS_NAME);
                        group.label = group.label.take().or_else(name);
                    } else if attribute.name.starts_with("layer_names") || attribute.name.starts_with("weight_names") {
                        names_left = names_left.checked_sub(attribute.space.elements()).ok_or_else(|| {
                            Error::malformed("The file lists more names of layers and weights than fit into it.")
                        })?;
                        // An empty list of them is one of numbers.
                        let names = attribute.texts(&hdf5.file).unwrap_or_default();
                        group.texts.insert(attribute.name, names);
                    }
                }
            }
            Kind::Dataset(_) => {
                let mut tensor = reader.tensor(hdf5, view, object)?;
                if let Dtype::Void { .. } = tensor.dtype {
                    name_type(&mut tensor, hdf5.text(&object.path, "dtype").as_deref());
                }
                store.add(&object.path, tensor, written);
            }
            Kind::Type | Kind::Link(_) => {}
        }
    }
    store.end = before.saturating_add(hdf5.file.size());
    Ok(())
}

/// Types that NumPy does not have are stored as bytes without a meaning, which an attribute names.
fn name_type(tensor: &mut Tensor, name: Option<&str>) {
    let number = match name {
        Some("bfloat16") => Number::Bf16,
        Some("float8_e4m3fn") => Number::F8E4m3fn,
        Some("float8_e5m2") => Number::F8E5m2,
        _ => return,
    };
    if tensor.dtype.bits() == Some(number.bits()) {
        tensor.dtype = Dtype::Number(number);
    }
}
