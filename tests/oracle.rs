//! Other readers of the same files, as oracles.

mod common;

use common::{files_below, tests_folder};
use paramscope::formats;
use paramscope::model::Layout;
use paramscope::source::files_from_paths;
use safetensors::SafeTensors;

/// Whatever the safetensors crate reads we read alike; what it refuses we refuse or warn of.
#[test]
fn safetensors_files_read_as_the_safetensors_crate_reads_them() {
    let folders = ["fixtures/safetensors", "fixtures/errors", "malformed/safetensors"];
    let files = folders.iter().flat_map(|folder| files_below(&tests_folder().join(folder)));
    let mut both = 0;
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors")) {
        let bytes = std::fs::read(&path).unwrap();
        let ours = files_from_paths(&[&path]).and_then(|files| formats::open(&files));
        match (SafeTensors::deserialize(&bytes), ours) {
            (Ok(theirs), Ok(ours)) => {
                both += 1;
                assert_eq!(ours.tensors.len(), theirs.len(), "{}", path.display());
                for tensor in &ours.tensors {
                    let view =
                        theirs.tensor(&tensor.name).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                    let shape: Vec<u64> = view.shape().iter().map(|size| *size as u64).collect();
                    assert_eq!(tensor.shape, shape, "{}: {}", path.display(), tensor.name);
                    let Layout::Dense(range) = tensor.layout else { panic!("{}: {}", path.display(), tensor.name) };
                    let place =
                        usize::try_from(range.offset).unwrap()..usize::try_from(range.offset + range.len).unwrap();
                    assert_eq!(&bytes[place], view.data(), "{}: {}", path.display(), tensor.name);
                }
            }
            (Err(theirs), Ok(ours)) => {
                assert!(common::warned(&ours), "{}: no warning where it says {theirs}", path.display());
            }
            // Duplicate names: its documentation forbids them, it does not look.
            (Ok(_), Err(error)) => assert!(error.message.contains("duplicate"), "{}: {error}", path.display()),
            (Err(_), Err(_)) => {}
        }
    }
    assert!(both > 15, "only {both} files were read by both");
}
