//! Pickles made to cost a reader as much as can be.

use super::archives::{tensor_call, text};

/// A million, and a bit.
const MANY: usize = 1 << 20;

/// What each is made of, and its opcodes.
pub fn pickles() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a tensor under 200 000 names of 500 keys each", tensor_below(&deep(500), 200_000)),
        ("a tensor a million times in a list", tensor_below(b"", MANY)),
        ("a text of a megabyte 19 000 times in a list", copies(&text(&"x".repeat(MANY)), 19_000)),
        ("a key of a megabyte on the way to 100 000 values", long_key(100_000)),
        ("a dictionary that sets a key of a megabyte 100 000 times", same_key(100_000)),
        ("a size of a million dimensions, 300 times", long_size(300)),
        ("64 tuples, each of the one before twice", doubled(64)),
        ("a list of 1000 lists of the same 1000 lists, and so on, 400 deep", wide_and_deep(1000, 400)),
        ("a tensor wrapped a thousand times, a thousand times in a list", wrapped(1000)),
        ("None, eight million times", [b"(".as_slice(), &vec![b'N'; 8 * MANY], b"t."].concat()),
        ("a copy of the top, sixteen million times", [b"(N".as_slice(), &vec![b'2'; 16 * MANY], b"t."].concat()),
        ("a mark, eight million times", [vec![b'('; 8 * MANY], b".".to_vec()].concat()),
        ("an empty list, eight million times", [b"(".as_slice(), &vec![b']'; 8 * MANY], b"t."].concat()),
        ("tuples of one, four million deep", [b"N".as_slice(), &vec![0x85; 4 * MANY], b"."].concat()),
        ("a memo, four million times", [b"\x80\x04N".as_slice(), &vec![0x94; 4 * MANY], b"."].concat()),
        ("calls of None, two million", [b"N".as_slice(), &b"NR".repeat(2 * MANY), b"."].concat()),
        (
            "two lists that grow in turn",
            [b"]q\x00]q\x01".as_slice(), &b"h\x00Na0h\x01Na0".repeat(MANY / 2), b"."].concat(),
        ),
        ("a list of a million numbers, a million times in a list", shared(&copies(b"K\x07", MANY)[2..], MANY)),
        ("a call of a text of a megabyte, 19 000 times", shared(&called("decimal", "Decimal", &long()), 19_000)),
        ("a set of a text of a megabyte, 19 000 times", shared(&[b"(", long().as_slice(), b"\x91."].concat(), 19_000)),
        ("a parameter with an attribute of a megabyte, 19 000 times", shared(&with_attributes(&long(), 64), 19_000)),
        ("a tensor on a storage with a key of a megabyte, 100 000 times", shared(&on_storage(&long()), 100_000)),
        ("an object of a class with a name of a megabyte, a million times", shared(&of_a_class(MANY), MANY)),
        ("a module with 60 000 buffers left out of its state dict, 400 000 times", shared(&module(60_000), 400_000)),
        ("an array of records of two records each, 31 deep", records_of_records(31)),
        ("an array of records with 60 000 fields, 10 000 times", shared(&array_of(&record(60_000)), 10_000)),
        ("a name with a module of a megabyte, 200 000 times", assembled(|_| "f".to_owned(), 200_000)),
        ("20 000 names in a module of a megabyte", assembled(|index| format!("f{index}"), 20_000)),
        ("a state dict of 200 000 tensors", state_dict(200_000)),
        ("300 000 names", names(300_000)),
        ("lines of a number of a million digits", [b"L".as_slice(), &vec![b'7'; MANY], b"\n."].concat()),
    ]
}

/// A protocol-2 pickle of a list of `times` copies of what these opcodes push.
fn copies(opcodes: &[u8], times: usize) -> Vec<u8> {
    [b"\x80\x02](".as_slice(), opcodes, &vec![b'2'; times - 1], b"e."].concat()
}

/// The opcodes that begin so many dictionaries, each the only value of the one before.
fn deep(levels: usize) -> Vec<u8> {
    [b"}".as_slice(), &text("k")].concat().repeat(levels)
}

/// A list of one object again and again.
fn shared(opcodes: &[u8], times: usize) -> Vec<u8> {
    let opcodes = opcodes.strip_suffix(b".").unwrap_or(opcodes);
    [b"\x80\x04", opcodes, b"q\x090](h\x09", &vec![b'2'; times - 1], b"e."].concat()
}

/// What ends a type of NumPy's of these fields.
fn typed(fields: &[u8]) -> Vec<u8> {
    let begin = [b"cnumpy\ndtype\n(".as_slice(), &text("V8"), b"\x89\x88tR(K\x03", &text("|"), b"N"].concat();
    [begin.as_slice(), fields, b"K\x08K\x01K\x10tb"].concat()
}

fn byte() -> Vec<u8> {
    let name = [b"cnumpy\ndtype\n(".as_slice(), &text("u1"), b"\x89\x88tR(K\x03", &text("|")].concat();
    [name.as_slice(), b"NNNK\0K\0K\0tb"].concat()
}

fn array_of(dtype: &[u8]) -> Vec<u8> {
    let call = b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01K\x02\x85";
    [call, dtype, b"\x89C\x02abtb"].concat()
}

fn record(fields: usize) -> Vec<u8> {
    let names: Vec<u8> = (0..fields).flat_map(|index| text(&format!("n{index}"))).collect();
    let each: Vec<u8> =
        (0..fields).flat_map(|index| [text(&format!("n{index}")).as_slice(), b"h\x01"].concat()).collect();
    let lists = [b"(", names.as_slice(), b"t}(", &each, b"u"].concat();
    [b"(", byte().as_slice(), b"K\0tq\x010", &typed(&lists)].concat()
}

/// A record's type of which both fields are of the type of the one before.
fn records_of_records(levels: usize) -> Vec<u8> {
    let mut pickle = [b"\x80\x04", byte().as_slice(), b"q\x000"].concat();
    for _ in 0..levels {
        let fields = ["a", "b"].map(|name| [text(name).as_slice(), b"h\x00K\0\x86"].concat()).concat();
        let lists = [b"(", text("a").as_slice(), &text("b"), b"t}(", &fields, b"u"].concat();
        pickle.extend([typed(&lists).as_slice(), b"q\x000"].concat());
    }
    [pickle.as_slice(), &array_of(b"h\x00"), b"."].concat()
}

/// Names that are put together on the stack, and dropped.
fn assembled(name: fn(usize) -> String, times: usize) -> Vec<u8> {
    let first = [long().as_slice(), b"q\x000", &text("f"), b"q\x010"].concat();
    let one = |index| match name(index).as_str() {
        "f" => b"h\x00h\x01\x930".to_vec(),
        name => [b"h\x00", text(name).as_slice(), b"\x930"].concat(),
    };
    let all: Vec<u8> = (0..times).flat_map(one).collect();
    [b"\x80\x04", first.as_slice(), &all, b"N."].concat()
}

/// A text of a megabyte.
fn long() -> Vec<u8> {
    text(&"7".repeat(MANY))
}

fn called(module: &str, name: &str, argument: &[u8]) -> Vec<u8> {
    [format!("c{module}\n{name}\n").as_bytes(), argument, b"\x85R"].concat()
}

/// A parameter of which so many attributes are the same.
fn with_attributes(value: &[u8], count: u8) -> Vec<u8> {
    let tensor = tensor_call("0", b"K\x02", b"K\x02\x85", b"K\x01\x85");
    let attributes: Vec<u8> = (0..count).flat_map(|key| [b'K', key, b'h', 8]).collect();
    let call = b"ctorch._utils\n_rebuild_parameter_with_state\n(";
    [value, b"q\x080", call, &tensor, b"\x89}}(", &attributes, b"utR"].concat()
}

fn on_storage(key: &[u8]) -> Vec<u8> {
    let storage = [text("storage").as_slice(), b"ctorch\nFloatStorage\n", key, &text("cpu")].concat();
    [b"ctorch._utils\n_rebuild_tensor_v2\n((", storage.as_slice(), b"K\x02tQK\x00K\x02\x85K\x01\x85\x89}tR"].concat()
}

fn of_a_class(name: usize) -> Vec<u8> {
    [b"ca\n", "m".repeat(name).as_bytes(), b"\n)R}X\x01\0\0\0aNsb"].concat()
}

fn module(buffers: usize) -> Vec<u8> {
    let names: Vec<u8> = (0..buffers).flat_map(|index| text(&format!("b{index}"))).collect();
    let left_out = called("builtins", "set", &[b"](", names.as_slice(), b"e"].concat());
    let parts = ["_parameters", "_buffers", "_modules"].map(|part| [text(part).as_slice(), b"}"].concat()).concat();
    let state = [parts.as_slice(), &text("x"), b"N", &text("_non_persistent_buffers_set"), &left_out].concat();
    [b"ca\nM\n)\x81}(", state.as_slice(), b"ub"].concat()
}

/// A list of copies of one tensor as the value of the innermost of some dictionaries that were begun.
fn tensor_below(begun: &[u8], times: usize) -> Vec<u8> {
    let levels = begun.len() / deep(1).len();
    let list =
        [b"](".as_slice(), &tensor_call("0", b"K\x02", b"K\x02\x85", b"K\x01\x85"), &vec![b'2'; times - 1], b"e"];
    [b"\x80\x02".as_slice(), begun, &list.concat(), &vec![b's'; levels], b"."].concat()
}

fn long_key(times: usize) -> Vec<u8> {
    let one = [b"}".as_slice(), &text(&"k".repeat(MANY)), b"K\x01s"].concat();
    copies(&one, times)
}

fn same_key(times: usize) -> Vec<u8> {
    let key = [text(&"k".repeat(MANY)).as_slice(), b"q\x000"].concat();
    [b"\x80\x02".as_slice(), &key, b"}(", &b"h\x00N".repeat(times), b"u."].concat()
}

fn long_size(times: usize) -> Vec<u8> {
    let size = [b"(K\x01".as_slice(), &vec![b'2'; MANY], b"tq\x020"].concat();
    let tensor = tensor_call("0", b"K\x02", b"h\x02", b"h\x02");
    [b"\x80\x02".as_slice(), &size, &copies(&tensor, times)[2..]].concat()
}

fn doubled(levels: usize) -> Vec<u8> {
    [b"\x80\x02N".as_slice(), &b"2\x86".repeat(levels), b"."].concat()
}

fn wide_and_deep(wide: usize, levels: usize) -> Vec<u8> {
    let mut pickle = b"\x80\x02N".to_vec();
    for _ in 0..levels {
        // The one before is memoised, then fetched into a new list as often as is wanted.
        pickle.extend([b"q\x000](h\x00".as_slice(), &vec![b'2'; wide - 1], b"e"].concat());
    }
    pickle.push(b'.');
    pickle
}

fn wrapped(times: usize) -> Vec<u8> {
    let tensor = tensor_call("0", b"K\x02", b"K\x02\x85", b"K\x01\x85");
    let mut call = [b"\x80\x02".as_slice(), &tensor, b"q\x000"].concat();
    for _ in 0..times {
        call.extend(b"ctorch._utils\n_rebuild_parameter\nh\x00\x89}\x87Rq\x000");
    }
    [call.as_slice(), &copies(b"h\x00", 1000)[2..]].concat()
}

fn names(count: usize) -> Vec<u8> {
    let names = (0..count).flat_map(|index| format!("cm{index}\nf\n0").into_bytes());
    names.chain(*b"N.").collect()
}

/// Not hostile, only large: names and shapes as a model has them.
fn state_dict(tensors: usize) -> Vec<u8> {
    let mut pickle = b"\x80\x02}(".to_vec();
    for index in 0..tensors {
        pickle.extend(text(&format!("model.layers.{index}.self_attn.q_proj.weight")));
        pickle.extend(tensor_call("0", b"K\x02", b"K\x01K\x02\x86", b"K\x02K\x01\x86"));
    }
    pickle.extend(b"u.");
    pickle
}

/// The metadata of a distributed checkpoint: of so many tensors of one name, each of so many boxes that are the same.
pub fn metadata(name: &str, boxes: usize, tensors: usize, keys: usize) -> Vec<u8> {
    let object = |class: &str, state: &[u8]| {
        let class = format!("ctorch.distributed.checkpoint.metadata\n{class}\n)");
        [class.as_bytes(), b"\x81}(", state, b"ub"].concat()
    };
    let size: &[u8] = b"ctorch\nSize\nK\0\x85\x85R";
    let field = |key: &str, value: &[u8]| [text(key).as_slice(), value].concat();
    let chunk = object("ChunkStorageMetadata", &[field("offsets", size), field("sizes", size)].concat());
    let chunks = [b"](", chunk.as_slice(), &vec![b'2'; boxes - 1], b"e"].concat();
    let kind = [field("dtype", b"ctorch\nfloat32\n"), field("requires_grad", b"\x89")].concat();
    let about =
        [field("properties", &object("TensorProperties", &kind)), field("size", size), field("chunks", &chunks)];
    let about = object("TensorStorageMetadata", &about.concat());
    let index =
        object("MetadataIndex", &[field("fqn", b"h\x00"), field("offset", size), field("index", b"K\0")].concat());
    let at = [field("relative_path", &text("__0_0.distcp")), field("offset", b"K\0"), field("length", b"K\0")].concat();
    let all = [
        field("state_dict_metadata", &[b"}(", b"h\x00h\x01".repeat(tensors).as_slice(), b"u"].concat()),
        field("storage_data", &[b"}(h\x02".as_slice(), &object("StorageInfo", &at), b"u"].concat()),
        field("planner_data", &[b"}(h\x00](", b"K\0".repeat(keys).as_slice(), b"eu"].concat()),
    ];
    let first = [text(name).as_slice(), b"q\x000", &about, b"q\x010", &index, b"q\x020"].concat();
    [b"\x80\x04", first.as_slice(), &object("Metadata", &all.concat()), b"."].concat()
}
