//! HDF5 files of which not everything is read.

mod common;

use common::tests_folder;
use paramscope::decode::Elements;
use paramscope::formats::{by_id, open_paths};
use paramscope::model::{Layout, Level};

/// Written by h5py with the filters of hdf5plugin: what has no decoder in Rust alone is listed and named, and hides nothing else.
#[test]
fn datasets_whose_filter_is_not_read_are_listed_with_its_name() {
    let checkpoint = open_paths(&[tests_folder().join("fixtures/hdf5/filters_foreign.h5")]).unwrap();
    let reads = by_id("hdf5").unwrap().reads.to_lowercase();
    for filter in ["blosc2", "bzip2", "sz3", "zfp"] {
        let tensor = checkpoint.tensors.iter().find(|tensor| tensor.name == filter).unwrap();
        assert_eq!(tensor.shape, [20, 10]);
        assert!(matches!(&tensor.layout, Layout::Unreadable { why } if why.contains(filter)), "{filter}");
        let told = checkpoint.notes.iter().filter(|note| note.place.as_deref() == Some(filter));
        assert!(told.map(|note| (note.level, note.message.contains(filter))).eq([(Level::Warning, true)]), "{filter}");
        assert!(reads.contains(filter), "the table of formats does not say that {filter} is not read");
    }
    let plain = checkpoint.tensors.iter().find(|tensor| tensor.name == "plain").unwrap();
    let mut bytes = Vec::new();
    Elements::new(&checkpoint.files, plain).unwrap().read(199, 1, &mut bytes).unwrap();
    assert_eq!(bytes, 199f32.to_le_bytes());
}
