//! What opening costs: bytes and reads.

mod common;

use common::archives::{nested, saved_with, tensor_call, text, whole};
use common::{Sparse, counted, entry, goldens, hdf5};
use paramscope::analysis::sha256;
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
        // The code of scripted modules says which of their tensors are parameters: a read a file of it.
        let code = checkpoint.metadata.iter().find(|entry| entry.key() == "code").map(|entry| entry.value.to_string());
        let code = code.and_then(|text| text.strip_suffix(" files")?.parse::<u64>().ok()).unwrap_or(0);
        let most = most_reads(checkpoint.tensors.len(), files.len()) + 2 * code;
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

#[test]
fn opening_100_gb_of_pytorch_reads_the_directory_and_the_pickle() {
    let (file, headers) = torch_archive(100, 1 << 30);
    let (bytes, reads, tensors) = cost("model.pt", file);
    println!("100 GB of PyTorch: {bytes} bytes in {reads} reads, headers take {headers}");
    assert_eq!(tensors, 100);
    assert!(bytes <= headers + SLACK && reads <= most_reads(tensors, 1), "{bytes} bytes in {reads} reads");
}

#[test]
fn opening_100_gb_of_the_stream_before_1_6_reads_the_pickles_and_the_counts() {
    let each: u64 = 1 << 30;
    let mut file = Sparse::default();
    // The magic number, the protocol, facts about the machine; then the state dict and the keys of its storages.
    file.push(b"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.");
    file.push(&state_dict(100, each / 4));
    let keys: Vec<u8> = (0..100).flat_map(|key| text(&key.to_string())).collect();
    file.push(&[b"\x80\x02](".as_slice(), &keys, b"e."].concat());
    for _ in 0..100 {
        file.push(&(each / 4).to_le_bytes());
        file.skip(each);
    }
    let headers = file.len() - 100 * each;
    let (bytes, reads, tensors) = cost("model.pt", file);
    println!("100 GB of the stream before 1.6: {bytes} bytes in {reads} reads, headers take {headers}");
    assert_eq!(tensors, 100);
    assert!(bytes <= headers + SLACK && reads <= most_reads(tensors, 1), "{bytes} bytes in {reads} reads");
}

#[test]
fn an_archive_of_20_000_records_opens_in_few_reads() {
    let (file, headers) = torch_archive(20_000, 4096);
    let start = std::time::Instant::now();
    let (bytes, reads, tensors) = cost("model.pt", file);
    println!("20 000 records: {bytes} bytes in {reads} reads, {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    assert_eq!(tensors, 20_000);
    assert!(bytes <= headers + SLACK && reads <= 24, "{bytes} bytes in {reads} reads");
}

#[test]
fn a_state_dict_of_200_000_tensors_opens_in_seconds_unoptimised() {
    let (file, _) = torch_archive(200_000, 4);
    let start = std::time::Instant::now();
    let (_, _, tensors) = cost("model.pt", file);
    let seconds = start.elapsed().as_secs_f64();
    println!("200 000 tensors: {seconds:.2} s");
    assert_eq!(tensors, 200_000);
    assert!(seconds < 10.0, "{seconds} s");
}

#[test]
fn a_checkpoint_of_200_000_tensors_in_nested_dictionaries_is_listed_whole() {
    let (file, pickle) = nested();
    let start = std::time::Instant::now();
    let (_, _, tensors) = cost("model.pt", file);
    let seconds = start.elapsed().as_secs_f64();
    println!("200 000 tensors in nested dictionaries: {seconds:.2} s, their pickle takes {pickle} bytes");
    assert_eq!(tensors, 200_000);
    assert!(seconds < 10.0, "{seconds} s");
}

#[test]
fn opening_100_gb_of_hdf5_reads_the_headers() {
    let (file, headers) = hdf5::datasets(100, 1 << 28, hdf5::Place::Run);
    let (bytes, reads, tensors) = cost("model.h5", file);
    println!("100 GB of HDF5: {bytes} bytes in {reads} reads, headers take {headers}");
    assert_eq!(tensors, 100);
    // A header that stands alone takes a page or two.
    assert!(bytes <= headers + 4096 * 100 + SLACK && reads <= most_reads(tensors, 1), "{bytes} bytes in {reads} reads");
}

#[test]
fn opening_50_gb_of_chunks_reads_the_header() {
    let (file, headers) = hdf5::datasets(1, 50 << 28, hdf5::Place::Chunks(1 << 18));
    let (bytes, reads, tensors) = cost("model.h5", file);
    println!("50 GB in chunks: {bytes} bytes in {reads} reads, headers take {headers}");
    assert_eq!(tensors, 1);
    assert!(bytes <= headers + SLACK && reads <= 8, "{bytes} bytes in {reads} reads");
}

#[test]
fn an_hdf5_file_of_20_000_datasets_opens_in_few_reads() {
    let (file, headers) = hdf5::datasets(20_000, 16, hdf5::Place::Run);
    let start = std::time::Instant::now();
    let (bytes, reads, tensors) = cost("model.h5", file);
    println!("20 000 datasets: {bytes} bytes in {reads} reads, {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    assert_eq!(tensors, 20_000);
    assert!(bytes <= 2 * headers + SLACK && reads <= 200, "{bytes} bytes in {reads} reads");
}

#[test]
fn reading_a_large_column_major_array_in_row_order_reads_it_a_few_times() {
    // 32 MB: more than is read at once to pick elements out of it.
    let mut file = Sparse::default();
    let header = format!("{:<117}\n", "{'descr': '<f8', 'fortran_order': True, 'shape': (2000, 2000), }");
    file.push(b"\x93NUMPY\x01\x00");
    file.push(&118u16.to_le_bytes());
    file.push(header.as_bytes());
    file.skip(32_000_000);
    let (files, counts) = counted(&Files::one("big.npy", Rc::new(file)));
    let checkpoint = formats::open(&files).unwrap();
    let hash = sha256(&checkpoint.files, &checkpoint.tensors[0]).unwrap();
    // Python: hashlib.sha256(bytes(32_000_000)).hexdigest()
    assert_eq!(hash, "1a100baed95a65f66d01cd08644b28e134783fd0c52ac7e35ad52a452e8b90b2");
    let (bytes, reads) = (counts.bytes.get(), counts.reads.get());
    println!("32 MB column-major in row order: {bytes} bytes in {reads} reads");
    assert!(bytes < 100_000_000, "{bytes} bytes in {reads} reads");
}

/// A file as `torch.save` writes it, with so many float32 tensors of so many bytes, and what its headers take.
fn torch_archive(tensors: u64, each: u64) -> (Sparse, u64) {
    let file = saved_with(&state_dict(tensors, each / 4), (0..tensors).map(|key| (key.to_string(), each)));
    let headers = file.len() - tensors * each;
    (file, headers)
}

/// The pickle of a dictionary of tensors, `layers.N.weight`, one storage each.
fn state_dict(tensors: u64, elements: u64) -> Vec<u8> {
    let mut pickle = b"\x80\x02}(".to_vec();
    for index in 0..tensors {
        pickle.extend(text(&format!("layers.{index}.weight")));
        pickle.extend(tensor_call(
            &index.to_string(),
            &whole(elements),
            &[b"(", whole(elements).as_slice(), b"t"].concat(),
            b"(K\x01t",
        ));
    }
    pickle.extend(b"u.");
    pickle
}
