//! What opening costs: bytes and reads.

mod common;

use common::{Sparse, counted, entry, goldens};
use paramscope::formats;
use paramscope::source::{Files, files_from_paths};
use std::rc::Rc;

/// What opening may read beyond headers and directories.
const SLACK: u64 = 64 << 10;

/// The most reads for a checkpoint of `tensors` tensors in `files` files: a constant a file, and a small one a tensor for
/// formats that keep a header at every array.
fn most_reads(tensors: usize, files: usize) -> u64 {
    (16 * files + 2 * tensors) as u64
}

#[test]
fn opening_a_fixture_reads_its_headers_only() {
    for golden in goldens().iter().filter(|golden| golden["outcome"] == "ok") {
        let name = &golden["fixture"];
        let (files, counts) = counted(&files_from_paths(&[entry(golden)]).unwrap());
        let checkpoint = formats::open(&files).unwrap_or_else(|error| panic!("{name}: {error}"));
        let all: u64 = files.iter().map(|(_, file)| file.source.size()).sum();
        let elements: u64 =
            checkpoint.tensors.iter().filter_map(|tensor| tensor.layout.storage()).map(|range| range.len).sum();
        let headers = all.saturating_sub(elements);
        let (bytes, reads) = (counts.bytes.get(), counts.reads.get());
        assert!(bytes <= headers + SLACK, "{name}: {bytes} bytes read, headers take {headers}");
        let most = most_reads(checkpoint.tensors.len(), files.len());
        assert!(reads <= most, "{name}: {reads} reads, expected at most {most}");
    }
}

/// Opens one file of any size and says what that cost: bytes, reads, tensors.
fn cost(name: &str, file: Sparse) -> (u64, u64, usize) {
    let (files, counts) = counted(&Files::one(name, Rc::new(file)));
    let checkpoint = formats::open(&files).unwrap();
    (counts.bytes.get(), counts.reads.get(), checkpoint.tensors.len())
}

#[test]
fn opening_100_gb_of_safetensors_reads_the_header() {
    let each: u64 = 1 << 30;
    let entries: Vec<String> = (0..100)
        .map(|index| {
            let (begin, end) = (index * each, (index + 1) * each);
            format!(r#""layers.{index}.weight":{{"dtype":"F32","shape":[16384,16384],"data_offsets":[{begin},{end}]}}"#)
        })
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    let mut file = Sparse::default();
    file.push(&(header.len() as u64).to_le_bytes());
    file.push(header.as_bytes());
    file.skip(100 * each);
    let (bytes, reads, tensors) = cost("model.safetensors", file);
    println!("100 GB of safetensors: {bytes} bytes in {reads} reads");
    assert_eq!(tensors, 100);
    assert!(bytes <= header.len() as u64 + SLACK && reads <= 4, "{bytes} bytes in {reads} reads");
}

#[test]
fn opening_100_gb_of_npy_reads_the_header() {
    let mut file = Sparse::default();
    let header = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (25000000000,), }");
    file.push(b"\x93NUMPY\x01\x00");
    file.push(&118u16.to_le_bytes());
    file.push(header.as_bytes());
    file.skip(100_000_000_000);
    let (bytes, reads, tensors) = cost("big.npy", file);
    println!("100 GB of npy: {bytes} bytes in {reads} reads");
    assert_eq!(tensors, 1);
    assert!(bytes <= SLACK && reads <= 4, "{bytes} bytes in {reads} reads");
}
