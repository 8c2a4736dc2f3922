//! Damaged files: each has the outcome that its manifest expects, quickly, in bounded memory and without a panic.

mod common;

use common::{archives, entry, files_below, goldens, hostile, hostile_hdf5, json, tests_folder, warned};
use paramscope::analysis::{Study, Wants};
use paramscope::error::{Error, Kind, Result, quoted};
use paramscope::formats;
use paramscope::model::Checkpoint;
use paramscope::source::{Files, Memory, Window, files_from_paths};
use serde_json::Value;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

/// The system's allocator, watched for each thread, so that tests can run beside each other.
struct Watched;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts and passes on")]
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no counts any more.
        let _ = HELD.try_with(|held| {
            held.set(held.get().wrapping_add(layout.size()));
            PEAK.try_with(|peak| peak.set(peak.get().max(held.get())))
        });
        // SAFETY: passed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get().wrapping_sub(layout.size())));
        // SAFETY: passed on as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// What opening a file may allocate beyond four times its bytes.
const ALLOWANCE: usize = 64 << 20;

/// What opening may take, in a build that is not optimised for speed.
const SECONDS: f64 = 1.0;

/// The most that opening 200 000 tensors may allocate, for each byte of their pickle.
const A_BYTE: usize = 18;

/// Opens files, and asserts the time and the memory that it took.
fn open_watched(what: &str, files: &Files) -> Result<Checkpoint> {
    let bytes: u64 = files.iter().map(|(_, file)| file.source.size()).sum();
    let before = HELD.get();
    PEAK.set(before);
    let mut seconds = f64::INFINITY;
    let opened = timed(&mut seconds, || formats::open(files));
    let peak = PEAK.get() - before;
    // A busy machine makes a run slower, none makes it faster.
    for _ in 0..2 {
        if seconds >= SECONDS {
            let _ = timed(&mut seconds, || formats::open(files));
        }
    }
    assert!(seconds < SECONDS, "{what}: opening took {seconds:.2} s");
    let most = ALLOWANCE + 4 * usize::try_from(bytes).unwrap();
    assert!(peak <= most, "{what}: opening allocated {peak} bytes for {bytes} bytes of files");
    if let Err(error) = &opened {
        let sentence = error.message.chars().next().is_some_and(|first| !first.is_lowercase())
            && error.message.ends_with('.')
            && error.message.len() < 700;
        assert!(sentence, "{what}: not a sentence: {error}");
    }
    opened
}

/// Does something; `least` becomes the time that it took, if that is less.
fn timed<T>(least: &mut f64, work: impl FnOnce() -> T) -> T {
    let (start, worked) = (Instant::now(), worked());
    let done = work();
    let seconds = worked.zip(self::worked()).map(|(before, after)| after - before);
    *least = least.min(seconds.unwrap_or_else(|| start.elapsed().as_secs_f64()));
    done
}

/// The seconds that this thread has had a processor, where the system tells: what others do meanwhile is not in it.
fn worked() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(told.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// Reads everything that was opened, as far as it is small: damage may wait there too.
fn read_all(what: &str, checkpoint: &Checkpoint) {
    errors_of_reading(what, checkpoint);
}

/// What is said when everything that was opened is read, as far as it is small.
fn errors_of_reading(what: &str, checkpoint: &Checkpoint) -> Vec<Error> {
    let start = Instant::now();
    let mut errors = Vec::new();
    for tensor in &checkpoint.tensors {
        let stored: u64 = tensor.layout.storage().map_or(0, |range| range.len);
        if stored <= 1 << 20 {
            errors.extend(Study::whole(&Wants::USUAL, checkpoint, tensor).err());
            errors.extend(paramscope::view::report::first(&checkpoint.files, tensor).err());
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    assert!(seconds < 5.0, "{what}: reading took {seconds:.2} s");
    errors
}

#[test]
fn damaged_files_have_the_outcome_that_is_expected_of_them() {
    agreed(&corpus());
}

#[test]
fn files_that_break_off_anywhere_are_refused_or_opened_with_a_warning() {
    agreed(&prefixes(0));
}

/// The same of every other fixture: two threads take half the time.
#[test]
fn files_that_break_off_anywhere_are_refused_or_opened_with_a_warning_too() {
    agreed(&prefixes(1));
}

#[test]
fn what_describes_more_than_it_is_worth_takes_little_time_and_memory() {
    hostile_pickles();
    shared_metadata();
    keras_configs();
    long_texts();
    many_pickles();
    bombs();
    large_pickle();
    tables();
    graphs();
}

fn agreed(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of the damaged files:\n{}", wrong.len(), wrong.join("\n"));
}

fn corpus() -> Vec<String> {
    let folder = tests_folder().join("malformed");
    let manifest = json(&folder.join("manifest.json"));
    let records = manifest["files"].as_array().unwrap();
    assert!(records.len() > 150, "the damaged files are missing");
    records.iter().filter_map(|record| judge(&folder, record)).collect()
}

/// What is wrong with the outcome of one file of the corpus.
fn judge(folder: &Path, record: &Value) -> Option<String> {
    let name = record["file"].as_str().unwrap();
    let files = files_from_paths(&[folder.join(name)]).unwrap();
    let opened = open_watched(name, &files);
    let (outcome, said) = match &opened {
        Err(error) => ("error", error.to_string()),
        Ok(checkpoint) => {
            let errors = errors_of_reading(name, checkpoint);
            let mut said: Vec<String> =
                checkpoint.notes.iter().map(|note| format!("{:?} {}", note.place, note.message)).collect();
            // Chunks are only looked at when their elements are.
            let found = checkpoint.format == "hdf5" && errors.iter().any(|error| error.kind == Kind::Malformed);
            said.extend(errors.iter().filter(|_| found).map(ToString::to_string));
            let outcome = match (warned(checkpoint), found) {
                (true, _) => "opens-with-warning",
                (false, true) => "error",
                (false, false) => "opens",
            };
            (outcome, said.join("\n"))
        }
    };
    let expected = record["expect"] == outcome || record["also_ok"].as_array().unwrap().iter().any(|ok| ok == outcome);
    if !expected {
        return Some(format!("{name}: {outcome}, expected {}; it says: {said}", record["expect"]));
    }
    if let (Some(keyword), true) = (record["keyword"].as_str(), outcome != "opens")
        && !said.to_lowercase().contains(&keyword.to_lowercase())
    {
        return Some(format!("{name}: no word of {keyword:?} in: {said}"));
    }
    let shown: Vec<&str> =
        opened.iter().flat_map(|opened| &opened.tensors).map(|tensor| tensor.name.as_str()).collect();
    let missing = record["shows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .find(|name| !shown.contains(name) && !said.contains(&quoted(name).to_string()));
    missing.map(|missing| format!("{name}: {missing:?} is not shown"))
}

/// Whether a file of so many bytes is cut there: a large one at each byte of its ends only, and at an odd stride between.
fn cut_there(len: usize, bytes: usize) -> bool {
    const ALL: usize = 8 << 10;
    let step = (bytes / ALL) | 1;
    len < ALL || bytes - len < ALL || len.is_multiple_of(step)
}

/// A file that breaks off anywhere is refused, or opened with a warning, or was whole already.
fn prefixes(half: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for golden in goldens().into_iter().skip(half).step_by(2) {
        let path = entry(&golden);
        let name = golden["fixture"].as_str().unwrap();
        // Those of interesting numbers are laid out as others are, which are smaller.
        let of_numbers = name.starts_with("health/") || name.starts_with("statistics/");
        if path.is_dir() || golden["outcome"] != "ok" || of_numbers {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let base = path.file_name().unwrap().to_string_lossy().into_owned();
        let whole: Rc<Memory> = Rc::new(Memory::new(bytes.clone()));
        for len in (0..bytes.len()).filter(|len| cut_there(*len, bytes.len())) {
            let what = format!("{name} cut at byte {len}");
            let part = Window::new(whole.clone(), 0, len as u64).unwrap();
            match open_watched(&what, &Files::one(&base, Rc::new(part))) {
                Err(_) => {}
                Ok(checkpoint) if warned(&checkpoint) => read_all(&what, &checkpoint),
                // What fills the last record of a tar archive up means nothing; a stream of pickles is whole at the end of each.
                Ok(checkpoint) if checkpoint.format == "pytorch-tar" && bytes[len..].iter().all(|byte| *byte == 0) => {}
                Ok(checkpoint) if golden["facts"]["pickles"].is_u64() && checkpoint.tensors.len() == 1 => {}
                Ok(_) => wrong.push(format!("{what}: opens without a warning")),
            }
        }
    }
    assert!(files_below(&tests_folder().join("fixtures")).len() > 100);
    wrong
}

/// Pickles of a few bytes that describe more than memory holds, and large ones that are nothing but one opcode.
fn hostile_pickles() {
    for (what, pickle) in hostile::pickles() {
        match open_watched(what, &Files::one("model.pt", Rc::new(archives::saved(&pickle)))) {
            Ok(checkpoint) => read_all(what, &checkpoint),
            Err(error) => assert!(error.message.contains("pickle"), "{what}: {error}"),
        }
    }
}

/// Metadata of a distributed checkpoint whose parts are shared: one tensor under as many names, of as many boxes.
fn shared_metadata() {
    for (what, metadata) in [
        ("20 000 boxes, 20 000 times", hostile::metadata("w", 20_000, 20_000, 1)),
        ("20 000 boxes of a tensor with a name of a megabyte", hostile::metadata(&"w".repeat(1 << 20), 20_000, 1, 1)),
        ("500 keys to a tensor, 50 000 times", hostile::metadata("w", 1, 50_000, 500)),
    ] {
        let mut files = Files::one("saved/.metadata", Rc::new(Memory::new(metadata)));
        files.add("saved/__0_0.distcp", Rc::new(Memory::new([])));
        match open_watched(what, &files) {
            Ok(checkpoint) => read_all(what, &checkpoint),
            Err(error) => panic!("{what}: {error}"),
        }
    }
}

/// Models and graphs whose parts are many or shared.
fn graphs() {
    use common::bundles::message;
    use common::flatbuffers::{Node, file, numbers, text};
    let model = |name: &str, tensors: usize, graphs: usize| {
        let tensor = Node::Table(vec![(0, numbers(&[1])), (2, Node::U32(1)), (3, text(name))]);
        let graph = Node::Table(vec![(0, Node::Shared(Box::new(tensor), tensors))]);
        let buffers = vec![Node::Table(Vec::new()), Node::Table(vec![(0, Node::List(1, vec![0; 4]))])];
        file(*b"TFL3", Node::Table(vec![(2, Node::Shared(Box::new(graph), graphs)), (4, Node::Tables(buffers))]))
    };
    let node = |name: &[u8], tensor: &[u8]| {
        let attribute = message(5, &[message(1, b"value"), message(2, &message(8, tensor))].concat());
        message(1, &[message(1, name), message(2, b"Const"), attribute].concat())
    };
    let text = "node{name:'a' op:'Const' attr{key:'value' value{tensor{dtype:1}}}}\n";
    for (what, name, bytes) in [
        ("a tensor a million times", "a.tflite", model("w", 1_000_000, 1)),
        ("a tensor of 8 million times", "a.tflite", model("w", 8_000_000, 1)),
        ("1000 graphs of 1000 tensors", "a.tflite", model("w", 1000, 1000)),
        ("a name of a megabyte, 1000 times", "a.tflite", model(&"w".repeat(1 << 20), 1000, 1)),
        ("200 000 constants of zeros", "a.pb", node(b"a", b"\x08\x01").repeat(200_000)),
        (
            "a constant of a million texts",
            "a.pb",
            node(b"a", &[b"\x08\x07".as_slice(), &b"\x42\x00".repeat(1_000_000)].concat()),
        ),
        (
            "a constant of a million numbers",
            "a.pb",
            node(b"a", &[b"\x08\x09".as_slice(), &b"\x50\x00".repeat(1_000_000)].concat()),
        ),
        (
            "a million attributes",
            "a.pb",
            node(b"a", b"")
                .into_iter()
                .chain(message(
                    1,
                    &[message(1, b"a"), message(2, b"Const"), message(5, b"").repeat(1_000_000)].concat(),
                ))
                .collect(),
        ),
        ("a million empty nodes", "a.pb", [node(b"a", b""), message(1, b"").repeat(1_000_000)].concat()),
        (
            "200 000 operators",
            "a.pb",
            (0..200_000u32)
                .flat_map(|index| message(1, &[message(1, b"a"), message(2, format!("O{index}").as_bytes())].concat()))
                .collect(),
        ),
        ("a text of 50 000 constants", "a.pbtxt", text.repeat(50_000).into_bytes()),
        ("a deep text", "a.pbtxt", "node{op:".repeat(1_000_000).into_bytes()),
    ] {
        match open_watched(what, &Files::one(name, Rc::new(Memory::new(bytes)))) {
            Ok(checkpoint) => read_all(what, &checkpoint),
            Err(error) => println!("{what}: {error}"),
        }
    }
}

/// Configs of Keras that describe more than the file is worth.
fn keras_configs() {
    let weights = std::fs::read(tests_folder().join("fixtures/keras/simplenn.weights.h5")).unwrap();
    let model = |name: &str, layers: &str| {
        format!(r#"{{"class_name": "Sequential", "config": {{"name": "{name}", "layers": [{layers}]}}}}"#)
    };
    let layers = vec![r#"{"class_name": "Dense", "config": {"name": "a"}}"#; 20_000].join(",");
    let deep = (0..30).fold(layers, |inside, _| model(&"n".repeat(1000), &inside));
    let fields: Vec<String> = (0..100_000).map(|field| format!(r#""{field}": {{}}"#)).collect();
    let fields = fields.join(",");
    let nested = (0..60).fold(format!("{{{fields}}}"), |inside, _| format!(r#"{{"a": {inside}}}"#));
    for (what, config) in [
        ("ten million zeros", format!("[{}0]", "0,".repeat(10_000_000))),
        ("20 000 layers in 30 models with long names", deep),
        ("100 000 fields below 60 others", format!(r#"{{"compile_config": {nested}}}"#)),
    ] {
        let mut zip = archives::ZipWriter::default();
        zip.add("metadata.json", br#"{"keras_version": "3.15.1"}"#);
        zip.add("config.json", config.as_bytes());
        zip.add("model.weights.h5", &weights);
        match open_watched(what, &Files::one("model.keras", Rc::new(zip.finish()))) {
            Ok(checkpoint) => assert_eq!(checkpoint.tensors.len(), 14, "{what}"),
            Err(error) => panic!("{what}: {error}"),
        }
    }
}

/// HDF5 files whose structures are many or shared, or describe more than there is.
#[test]
fn structures_of_hdf5_that_describe_more_than_they_are_worth_take_little_time_and_memory() {
    for (what, files) in hostile_hdf5::files() {
        match open_watched(what, &files) {
            Ok(checkpoint) => read_all(what, &checkpoint),
            Err(error) => println!("{what}: {error}"),
        }
    }
}

/// A long text that stands in many places of the older containers.
fn long_texts() {
    let text = [archives::text(&"k".repeat(1 << 20)).as_slice(), b"q\x000"].concat();
    let head = b"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.";
    let ids = [b"\x80\x02", text.as_slice(), b"](", &b"(h\x00tQ".repeat(100_000), b"e."].concat();
    let keys = [b"\x80\x02", text.as_slice(), b"}(", &b"h\x00N".repeat(100_000), b"u."].concat();
    for (what, stream) in [
        ("persistent ids of a megabyte, 100 000 times", [head.as_slice(), b"\x80\x02}.", &ids].concat()),
        ("a key of a megabyte in the facts about the machine", [head.as_slice(), &keys, b"\x80\x02}."].concat()),
    ] {
        if let Ok(checkpoint) = open_watched(what, &Files::one("old.pt", Rc::new(Memory::new(stream)))) {
            read_all(what, &checkpoint);
        }
    }
    let names = hostile::metadata(&"w".repeat(1 << 20), 1, 50_000, 1);
    let files = Files::one("saved/.metadata", Rc::new(Memory::new(names)));
    let _ = open_watched("a name of a megabyte, 50 000 times", &files);
}

/// Pickles behind each other: what is held of one is not held of all.
fn many_pickles() {
    let long = archives::text(&"k".repeat(16 << 10));
    let names: Vec<u8> = (0..500).flat_map(|index| format!("ca{index}\nf\n0").into_bytes()).collect();
    for (what, pickle, times) in [
        ("seven pickles of many objects", [b"\x80\x02(".as_slice(), &vec![b']'; 600_000], b"t."].concat(), 7),
        ("600 pickles of 500 names", [b"\x80\x02", names.as_slice(), b"N."].concat(), 600),
        (
            "200 pickles of long keys",
            [b"\x80\x02", long.as_slice(), b"q\x010}h\x01](N", &[b'2'; 1000], b"es."].concat(),
            200,
        ),
    ] {
        let file = Rc::new(Memory::new(pickle.repeat(times)));
        if let Ok(checkpoint) = open_watched(what, &Files::one("many.pkl", file)) {
            read_all(what, &checkpoint);
        }
    }
}

/// Packed files of a few bytes that hold far more than memory.
fn bombs() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, b"\x80\x04B\0\0\0\x08").unwrap();
    (0..128).for_each(|_| std::io::Write::write_all(&mut packer, &vec![0; 1 << 20]).unwrap());
    let bomb = packer.finish().unwrap();
    let error = open_watched("a bomb", &Files::one("a.pkl.gz", Rc::new(Memory::new(bomb)))).unwrap_err();
    assert!(error.message.contains("MiB inside"), "{error}");
}

/// Not hostile, only large.
fn large_pickle() {
    let (file, pickle) = archives::nested();
    let files = Files::one("model.pt", Rc::new(file));
    let before = HELD.get();
    PEAK.set(before);
    let checkpoint = formats::open(&files).unwrap();
    let peak = PEAK.get() - before;
    println!("{} tensors: {peak} bytes at most, their pickle takes {pickle}", checkpoint.tensors.len());
    assert!(peak <= A_BYTE * pickle, "{peak} bytes for a pickle of {pickle}");
}

/// Tables of a few bytes that describe more than memory holds.
fn tables() {
    use common::bundles::{PLAIN, Told, Way, bundle, field, header, message, number, table};
    let packed = Way { packed: true, ..PLAIN };
    let key = |index: u32| [b"w".as_slice(), &index.to_be_bytes()[1..]].concat();
    let told = Told::dense(1, &[], 0, 0, &[0; 4]).written();
    let many = |value: &[u8]| {
        [header(1, false)]
            .into_iter()
            .chain((0..1_000_000).map(|index| (key(index), value.to_vec())))
            .collect::<Vec<_>>()
    };
    let long = |value: &[u8]| {
        // Each key shares all but its end with the one before.
        let begin = "k".repeat(2000);
        let keys = (0..100_000).map(|index| ([begin.as_bytes(), &key(index)].concat(), value.to_vec()));
        [header(1, false)].into_iter().chain(keys).collect::<Vec<_>>()
    };
    let graph = |nodes: Vec<u8>| {
        let mut bytes = [number(nodes.len() as u64), vec![0; 4], nodes].concat();
        bytes.truncate(60 << 20);
        let told = Told { dtype: 7, ..Told::dense(7, &[], 0, 0, &bytes) };
        bundle(&[header(1, false), (b"_CHECKPOINTABLE_OBJECT_GRAPH".to_vec(), told.written())], PLAIN, &[bytes])
    };
    // A chain of objects, each of which is the only child of the one before.
    let chain: Vec<u8> = (1..300_000u64)
        .flat_map(|child| message(1, &message(1, &[field(1, child), message(2, b"next")].concat())))
        .collect();
    let slices = Told { slices: vec![Vec::new(); 200_000], ..Told::dense(1, &[], 0, 0, &[]) }.written();
    for (what, files) in [
        ("a million names", Files::one("a.index", Rc::new(Memory::new(table(&many(&[]), PLAIN))))),
        ("a million names, packed", Files::one("a.index", Rc::new(Memory::new(table(&many(&[8, 1]), packed))))),
        ("names that share 2000 letters", bundle(&long(&told), PLAIN, &[vec![0; 4]])),
        ("names that share 2000 letters, packed", bundle(&long(&told), packed, &[vec![0; 4]])),
        ("a graph of empty objects", graph(b"\x0a\x00".repeat(10 << 20))),
        ("a graph of some empty objects", graph(b"\x0a\x00".repeat(500_000))),
        ("a chain of objects", graph(chain)),
        ("200 000 slices", bundle(&[header(1, false), (b"w".to_vec(), slices)], PLAIN, &[vec![]])),
    ] {
        match open_watched(what, &files) {
            Ok(checkpoint) => read_all(what, &checkpoint),
            Err(error) => println!("{what}: {error}"),
        }
    }
    let names: Vec<_> =
        [header(1, false)].into_iter().chain((0..99_000).map(|index| (key(index), told.clone()))).collect();
    let opened = open_watched("99 000 scalars", &bundle(&names, packed, &[vec![0; 4]])).unwrap();
    assert_eq!(opened.tensors.len(), 99_000);
}
