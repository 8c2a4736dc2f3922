//! Streams written by hand, opcode by opcode, and what becomes of them. The letters are those of `pickletools`.

use super::arrays::{Data, NumpyArray, NumpyType, Order, is_array, scalar};
use super::{Node, Pickle, Step, Walk, plain};
use crate::model::{Value, dotted};
use std::collections::HashMap;

/// Follows a stream that is in memory.
fn run(stream: impl AsRef<[u8]>) -> Pickle {
    super::run(stream.as_ref().to_vec())
}

/// The root as a text.
fn leaf_text(pickle: &Pickle) -> String {
    plain::leaf(pickle, pickle.root.expect("it has a STOP")).1.to_string()
}

/// The leaves below the root, as `path = value`.
fn leaves(stream: &[u8]) -> Vec<String> {
    let pickle = run(stream);
    let root = pickle.root_or_problem().unwrap_or_else(|error| panic!("{error}"));
    let none = HashMap::new();
    let mut walk = Walk::new(&pickle, root, &none, |_, _| false);
    let mut leaves = Vec::new();
    while let Some(step) = walk.next_step() {
        let Step::Leaf(leaf) = step else { continue };
        leaves.push(format!("{} = {}", dotted(walk.path()), plain::leaf(&pickle, leaf).1));
    }
    leaves
}

/// The names that it refers to, with their places.
fn names(stream: &[u8]) -> Vec<(String, u64)> {
    run(stream).globals.iter().map(|name| (name.global.dotted(), name.at)).collect()
}

fn name(dotted: &str, at: u64) -> Vec<(String, u64)> {
    vec![(dotted.to_owned(), at)]
}

fn root(pickle: &Pickle) -> Node {
    pickle.node(pickle.root.expect("it has a STOP"))
}

#[test]
fn the_same_list_comes_of_every_protocol() {
    // pickle.dumps(["a", 1, 2.5, None, True], protocol) of CPython 3.11, 0 to 5.
    let streams: [&[u8]; 6] = [
        b"(lp0\nVa\np1\naI1\naF2.5\naNaI01\na.",
        b"]q\x00(X\x01\x00\x00\x00aq\x01K\x01G@\x04\x00\x00\x00\x00\x00\x00NI01\ne.",
        b"\x80\x02]q\x00(X\x01\x00\x00\x00aq\x01K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88e.",
        b"\x80\x03]q\x00(X\x01\x00\x00\x00aq\x01K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88e.",
        b"\x80\x04\x95\x16\0\0\0\0\0\0\0]\x94(\x8c\x01a\x94K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88e.",
        b"\x80\x05\x95\x16\0\0\0\0\0\0\0]\x94(\x8c\x01a\x94K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88e.",
    ];
    for stream in streams {
        assert_eq!(leaves(stream), ["0 = a", "1 = 1", "2 = 2.5", "3 = None", "4 = True"], "{stream:?}");
    }
}

#[test]
fn numbers_of_any_width_are_read() {
    assert_eq!(
        leaves(b"(J\xff\xff\xff\xffM\xff\xffK\xff\x8a\x00\x8a\x01\x80\x8b\x02\0\0\0\xff\x7ft.").join(", "),
        "0 = -1, 1 = 65535, 2 = 255, 3 = 0, 4 = -128, 5 = 32767"
    );
    assert_eq!(
        leaves(b"L-170141183460469231731687303715884105728L\n."),
        [" = -170141183460469231731687303715884105728"]
    );
    assert_eq!(leaves(b"\x8a\x09\0\0\0\0\0\0\0\0\x01."), [" = 18446744073709551616"]);
    assert_eq!(
        leaves(&[b"\x8a\x20".as_slice(), &[0x11; 32], b"."].concat()),
        [format!(" = 0x{}… (an integer of 32 bytes)", "11".repeat(16))]
    );
    let long = [b"L".as_slice(), &[b'7'; 5000], b"L\n."].concat();
    assert_eq!(leaves(&long), [format!(" = {}… (5000 digits)", "7".repeat(33))]);
}

#[test]
fn texts_bytes_and_sets_are_read() {
    assert_eq!(
        leaves(b"(S'a\\x62'\nT\x01\0\0\0cU\x01d\x8d\x01\0\0\0\0\0\0\0eVf\\u0067\nt."),
        ["0 = ab", "1 = c", "2 = d", "3 = e", "4 = fg"]
    );
    assert_eq!(
        leaves(b"(C\x02abB\x01\0\0\0a\x8e\x01\0\0\0\0\0\0\0a\x96\x01\0\0\0\0\0\0\0at."),
        ["0 = b'ab'", "1 = b'a'", "2 = b'a'", "3 = bytearray(b'a')"]
    );
    assert_eq!(leaves(b"\x8f(K\x01K\x02\x90."), ["0 = 1", "1 = 2"]);
    assert_eq!(leaves(b"(K\x01\x91."), ["0 = 1"]);
}

#[test]
fn names_are_found_however_they_are_written() {
    assert_eq!(names(b"cos\ngetcwd\n)R."), name("os.getcwd", 0));
    assert_eq!(names(b"(ios\ngetcwd\n."), name("os.getcwd", 1));
    assert_eq!(names(b"(cos\ngetcwd\no."), name("os.getcwd", 1));
    assert_eq!(names(b"\x8c\x02os\x8c\x06getcwd\x93)R."), name("os.getcwd", 12));
    // With escapes, from the memo, through a slot that is written twice, and with something pushed and popped between.
    assert_eq!(names(b"Vo\\u0073\nS'\\x67etcwd'\n\x93)R."), name("os.getcwd", 22));
    assert_eq!(names(b"\x8c\x02osq\x050\x8c\x06getcwdq\x060h\x05h\x06\x93."), name("os.getcwd", 22));
    assert_eq!(names(b"\x8c\x04mathq\x000\x8c\x02osq\x000h\x00\x8c\x06getcwd\x93."), name("os.getcwd", 26));
    assert_eq!(names(b"\x8c\x02os\x8c\x04math0\x8c\x06getcwd\x93."), name("os.getcwd", 19));
    // Dropped again, or before the stream breaks off.
    assert_eq!(names(b"cos\ngetcwd\n0N."), name("os.getcwd", 0));
    assert_eq!(names(b"cos\ngetcwd\n)R\xff"), name("os.getcwd", 0));
}

#[test]
fn what_only_running_it_would_tell_is_unknown() {
    assert_eq!(names(b"\x82\x05)R."), name("unknown.unknown", 0));
    assert_eq!(names(b"K\x01K\x02\x93."), name("unknown.unknown", 4));
    assert_eq!(names(b"cbuiltins\nstr\n)R\x8c\x06getcwd\x93.")[1], ("unknown.getcwd".to_owned(), 24));
}

#[test]
fn names_of_python_2_are_those_that_python_3_imports() {
    assert_eq!(names(b"c__builtin__\nprint\n."), name("builtins.print", 0));
    assert_eq!(names(b"c__builtin__\nxrange\n."), name("builtins.range", 0));
    assert_eq!(names(b"ccommands\ngetoutput\n."), name("subprocess.getoutput", 0));
    assert_eq!(names(b"\x80\x02curllib2\nurlopen\n."), name("urllib.request.urlopen", 2));
    // Protocol 3 and later were never written by Python 2.
    assert_eq!(names(b"\x80\x03ccommands\ngetoutput\n."), name("commands.getoutput", 2));
}

#[test]
fn a_stream_that_is_wrong_is_told_with_its_opcode_and_place() {
    let cases: &[(&[u8], &str, u64)] = &[
        (b"", "cut off", 0),
        (b"N", "cut off", 1),
        (b".", "stack is empty", 1),
        (b"R.", "stack is empty where something is taken (opcode REDUCE)", 0),
        (b"]N0a.", "(opcode APPEND)", 3),
        (b"t.", "a MARK is missing (opcode TUPLE)", 0),
        (b"}(Nu.", "a key without a value (opcode SETITEMS)", 3),
        (b"K\x01K\x02a.", "holds none (opcode APPEND)", 4),
        (b"h\x07.", "memo 7 was never set (opcode BINGET)", 0),
        (b"p-1\n.", "(opcode PUT)", 0),
        (b"\xff.", "0xff is no opcode", 0),
        (b"\x80\x63.", "protocol 99", 0),
        (b"X\xff\xff\xff\x7fabc.", "2147483647 bytes follow, 4 are left", 0),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "are left to its end", 0),
        (b"\x8b\xff\xff\xff\xff.", "negative (opcode LONG4)", 0),
        (b"T\xff\xff\xff\xff.", "negative (opcode BINSTRING)", 0),
        (b"F1.2.3\n.", "no number (opcode FLOAT)", 0),
        (b"I--1\n.", "no whole number (opcode INT)", 0),
        (b"Sabc\n.", "quotes", 0),
        (b"cos\nget", "a line is cut off (opcode GLOBAL)", 0),
        (b"\x95\0\0\0\0\0\0\0\x80N.", "are left to its end", 0),
        (b"\x95\x03\0\0\0\0\0\0\0X\x01\0\0\0aN.", "crosses the end of its FRAME", 9),
        (b"\x95\x0b\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.", "inside another", 9),
    ];
    for (stream, words, at) in cases {
        let problem = run(stream).problem.unwrap_or_else(|| panic!("{stream:?} is followed to its end"));
        assert!(problem.message.contains(words), "{stream:?}: {problem}");
        assert_eq!(problem.offset, Some(*at), "{stream:?}: {problem}");
    }
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came_before() {
    let pickle = run(b"}(\x8c\x01acos\ngetcwd\nX\xff\xff\xff\xff");
    assert_eq!(pickle.root, None);
    assert_eq!((pickle.globals.len(), pickle.nodes.len()), (1, 3));
    assert!(pickle.root_or_problem().is_err());
}

#[test]
fn a_second_stream_is_not_part_of_the_first() {
    assert_eq!(run(b"N.cos\ngetcwd\n.").end, 2);
    assert!(names(b"N.cos\ngetcwd\n.").is_empty());
}

#[test]
fn a_memo_is_a_map_and_not_an_array() {
    assert_eq!(leaves(b"K\x05r\xff\xff\xff\xff0j\xff\xff\xff\xff."), [" = 5"]);
}

#[test]
fn a_memo_that_is_filled_out_of_order_counts_each_key_once() {
    // The keys are 1, 0, 1 again and 3; `MEMOIZE` is then the fourth, 3: it takes the place of what is harmless.
    let stream = b"\x80\x04\x8c\x01aq\x01q\x00q\x01\x8c\x04pathq\x03\x8c\x06system\x94\x8c\x02osh\x03\x93.";
    assert_eq!(names(stream), name("os.system", 34));
    assert_eq!(
        leaves(b"K\x07q\x020K\x08q\x010K\x09q\x000](h\x00h\x01h\x02\x94h\x03e."),
        ["0 = 9", "1 = 8", "2 = 7", "3 = 7"]
    );
}

#[test]
fn calls_keep_what_they_are_given() {
    let pickle = run(b"cm\nf\n)}\x8c\x01kK\x01s\x92}\x8c\x01aK\x02sb.");
    let Node::Object(place) = root(&pickle) else { panic!("no object") };
    let object = pickle.objects[place];
    assert_eq!(pickle.global(object.callable).unwrap().dotted(), "m.f");
    assert!(object.keywords.is_some() && object.state.is_some());
    assert_eq!(leaves(b"cm\nf\n)\x81}\x8c\x01aK\x02sb."), ["a = 2"]);
}

#[test]
fn kin_of_dictionaries_are_walked_as_dictionaries() {
    let ordered = b"ccollections\nOrderedDict\n)R(\x8c\x01bK\x01\x8c\x01aK\x02u.";
    assert_eq!(leaves(ordered), ["b = 1", "a = 2"]);
    let listed = b"ccollections\nOrderedDict\n](](\x8c\x01bK\x01e](\x8c\x01aK\x02ee\x85R.";
    assert_eq!(leaves(listed), ["b = 1", "a = 2"]);
    let counted = b"ccollections\nCounter\n}\x8c\x01xK\x03s\x85R.";
    assert_eq!(leaves(counted), ["x = 3"]);
    let default = b"ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R\x8c\x01k]K\x01as.";
    assert_eq!(leaves(default), ["k.0 = 1"]);
    let user = b"ccollections\nUserDict\n)\x81}\x8c\x04data}\x8c\x01kK\x01ssb.";
    assert_eq!(leaves(user), ["data.k = 1"]);
    // Attributes, and those in slots.
    assert_eq!(leaves(b"cargparse\nNamespace\n)R}\x8c\x02lrG?\xb9\x99\x99\x99\x99\x99\x9asb."), ["lr = 0.1"]);
    assert_eq!(leaves(b"cm\nC\n)\x81N}\x8c\x01sK\x01s\x86b."), ["s = 1"]);
    // As protocols 0 and 1 make an object, and one of a dictionary's kin.
    assert_eq!(leaves(b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR(dVs\nI1\nsb."), ["s = 1"]);
    assert_eq!(leaves(b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\ndict\n(dVk\nI1\nstR."), ["k = 1"]);
    // What a class of its own writes.
    assert_eq!(leaves(b"cm\nC\n)\x81K\x01K\x02\x86b."), ["0 = 1", "1 = 2"]);
    assert_eq!(leaves(b"cm\nC\n)\x81K\x01K\x02K\x03\x87b."), ["0 = 1", "1 = 2", "2 = 3"]);
}

#[test]
fn keys_are_shown_as_python_prints_them() {
    let tuple = b"}(K\x01K\x07\x86K\x01NK\x02\x88K\x03G@\x04\0\0\0\0\0\0K\x04\x8c\x01x\x85K\x05cm\nC\nK\x06)K\x07u.";
    assert_eq!(leaves(tuple), ["(1, 7) = 1", "None = 2", "True = 3", "2.5 = 4", "('x',) = 5", "m.C = 6", "() = 7"]);
    assert_eq!(leaves(b"}K\x00\x8c\x01xK\x01\x86\x86K\x01s."), ["(0, ('x', 1)) = 1"]);
}

#[test]
fn a_key_that_is_set_twice_has_its_last_value_at_its_first_place() {
    let stream = b"}(\x8c\x01aK\x01\x8c\x01bK\x02\x8c\x01aK\x03u.";
    assert_eq!(leaves(stream), ["a = 3", "b = 2"]);
    // 1, 1.0 and True are one key to Python; None and the text are two.
    assert_eq!(leaves(b"}(K\x01K\x05G?\xf0\0\0\0\0\0\0K\x06\x88K\x07u."), ["1 = 7"]);
    assert_eq!(leaves(b"}(NK\x01\x8c\x04NoneK\x02u."), ["None = 1", "None = 2"]);
    let pickle = run(stream);
    let none = HashMap::new();
    let mut walk = Walk::new(&pickle, pickle.root.unwrap(), &none, |_, _| false);
    while walk.next_step().is_some() {}
    assert_eq!(walk.duplicates.len(), 1);
}

#[test]
fn what_is_shared_is_walked_on_each_way_and_what_holds_itself_once() {
    assert_eq!(leaves(b"](]K\x01aq\x00h\x00e."), ["0.0 = 1", "1.0 = 1"]);
    assert_eq!(leaves(b"]q\x00h\x00a."), ["0 = …"]);
    assert_eq!(leaves(b"}q\x00\x8c\x01kh\x00s."), ["k = …"]);
    let doubled = [b"N".as_slice(), &b"2\x86".repeat(64), b"."].concat();
    let pickle = run(&doubled);
    let none = HashMap::new();
    let mut walk = Walk::new(&pickle, pickle.root.unwrap(), &none, |_, _| false);
    while walk.next_step().is_some() {}
    assert!(walk.capped);
}

#[test]
fn depth_costs_no_stack_and_is_told() {
    let deep = [b"N".as_slice(), &vec![0x85; 100_000], b"."].concat();
    let pickle = run(&deep);
    let none = HashMap::new();
    let mut walk = Walk::new(&pickle, pickle.root.unwrap(), &none, |_, _| false);
    assert!(walk.next_step().is_some() && walk.next_step().is_none() && walk.too_deep);
}

/// The opcodes of `numpy.dtype(name)` with this byte order.
fn dtype(name: &str, order: &str) -> Vec<u8> {
    let short = |text: &str| [&[0x8c, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let state = [b"(K\x03".as_slice(), &short(order), b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"].concat();
    [b"cnumpy\ndtype\n".as_slice(), &short(name), b"\x89\x88\x87R", &state].concat()
}

/// The opcodes of an array of two float32 whose elements these opcodes push.
fn array(module: &str, elements: &[u8]) -> Vec<u8> {
    let name = format!("c{module}.multiarray\n_reconstruct\ncnumpy\nndarray\n");
    let call = [name.as_bytes(), b"K\x00\x85C\x01b\x87R"].concat();
    [call.as_slice(), b"(K\x01K\x02\x85", &dtype("f4", "<"), b"\x89", elements, b"tb."].concat()
}

fn array_of(stream: &[u8]) -> Option<NumpyArray> {
    let pickle = run(stream);
    let root = pickle.root_or_problem().unwrap_or_else(|error| panic!("{error}"));
    assert!(is_array(&pickle, root));
    NumpyArray::of(&pickle, root)
}

#[test]
fn arrays_of_numpy_tell_where_their_elements_are() {
    for module in ["numpy.core", "numpy._core"] {
        let stream = array(module, b"C\x08abcdefgh");
        let found = array_of(&stream).unwrap();
        assert_eq!((found.kind, found.shape, found.order), (NumpyType::Simple("<f4".to_owned()), vec![2], Order::Rows));
        let Data::Stream(place) = found.data else { panic!("copied") };
        assert_eq!(run(&stream).kept(place).unwrap(), b"abcdefgh");
    }
    // Protocol 2 of Python 3 has no bytes: they are Latin-1 text and a call. Python 2 has them as text of its own.
    let latin = array("numpy.core", b"c_codecs\nencode\nX\x09\0\0\0abcdefg\xc3\xbfX\x06\0\0\0latin1\x86R");
    assert_eq!(array_of(&latin).unwrap().data, Data::Owned(b"abcdefg\xff".to_vec()));
    let quoted = array("numpy.core", b"S'abcdefg\\xff'\n");
    assert_eq!(array_of(&quoted).unwrap().data, Data::Owned(b"abcdefg\xff".to_vec()));
    // Objects are no elements.
    assert_eq!(array_of(&array("numpy.core", b"](NNe")), None);
}

/// The opcodes of an array of protocol 5, of float32 and of what these opcodes push behind its type.
fn array_in_band(elements: &[u8], about: &[u8]) -> Vec<u8> {
    let len = (elements.len() as u64).to_le_bytes();
    let start: &[u8] = b"cnumpy._core.numeric\n_frombuffer\n(\x96";
    [start, &len, elements, &dtype("f4", "<"), about, b"tR."].concat()
}

#[test]
fn arrays_of_protocol_5_are_read_in_band() {
    let found = array_of(&array_in_band(b"abcdefgh", b"K\x01K\x02\x86\x8c\x01F")).unwrap();
    assert_eq!((found.kind, found.shape), (NumpyType::Simple("<f4".to_owned()), vec![1, 2]));
    assert_eq!(found.order, Order::Columns);
}

#[test]
fn exchanged_dimensions_are_exchanged_again() {
    let with_axes = |axes: &[u8]| {
        let about = [b"K\x03K\x01K\x02\x87\x8c\x01K".as_slice(), axes].concat();
        array_of(&array_in_band(&[0; 24], &about))
    };
    let found = with_axes(b"K\x01K\x02K\x00\x87").unwrap();
    assert_eq!((found.shape, found.order), (vec![1, 2, 3], Order::Strides(vec![2, 1, 2])));
    assert_eq!(with_axes(b"N").unwrap().order, Order::Rows);
    assert_eq!(with_axes(b"K\x01K\x01K\x00\x87"), None);
    assert_eq!(with_axes(b"K\x01K\x03K\x00\x87"), None);
    assert_eq!(with_axes(b"K\x01K\x00\x86"), None);
}

#[test]
fn scalars_of_numpy_are_numbers() {
    let of = |name: &str, order: &str, bytes: &[u8]| {
        let data = [&[b'C', u8::try_from(bytes.len()).unwrap()], bytes].concat();
        let stream = [b"cnumpy._core.multiarray\nscalar\n".as_slice(), &dtype(name, order), &data, b"\x86R."].concat();
        let pickle = run(&stream);
        scalar(&pickle, pickle.root_or_problem().unwrap())
    };
    assert_eq!(of("f8", "<", &0.25f64.to_le_bytes()), Some(("numpy.float64", Value::Float(0.25))));
    assert_eq!(of("i4", ">", &(-7i32).to_be_bytes()), Some(("numpy.int32", Value::Int(-7))));
    assert_eq!(of("u8", "<", &u64::MAX.to_le_bytes()), Some(("numpy.uint64", Value::Text(u64::MAX.to_string()))));
    assert_eq!(of("b1", "|", &[1]), Some(("numpy.bool", Value::Bool(true))));
    assert_eq!(of("f8", "<", &[0; 4]), None);
    assert_eq!(of("f2", "<", &[0x00, 0x3e]), Some(("numpy.float16", Value::Float(1.5))));
    assert_eq!(of("f2", ">", &[0x80, 0x01]), Some(("numpy.float16", Value::Float(-(2f64.powi(-24))))));
    assert_eq!(of("f2", "<", &[0xff, 0x7b]), Some(("numpy.float16", Value::Float(65504.0))));
    let text = |kind, text: &str| Some((kind, Value::Text(text.to_owned())));
    let complex = [1f32.to_be_bytes(), (-2f32).to_be_bytes()].concat();
    assert_eq!(of("c8", ">", &complex), text("numpy.complex64", "(1-2j)"));
    assert_eq!(of("c16", "<", &[0; 16]), text("numpy.complex128", "0j"));
    assert_eq!(of("U2", ">", b"\0\0\0h\0\0\0i"), text("numpy.str_", "hi"));
    assert_eq!(of("S2", "|", b"hi"), text("numpy.bytes_", "b'hi'"));
    assert_eq!(of("U1", "<", &[0xff; 4]), None);
}

#[test]
fn dates_have_the_offset_of_their_time_zone() {
    let told = |opcodes: &[u8]| leaf_text(&run([opcodes, b"."].concat()));
    let zone = |days: &[u8], seconds: &[u8]| {
        let span = [b"cdatetime\ntimedelta\n", days, seconds, b"K\x00\x87R"].concat();
        [b"cdatetime\ntimezone\n", span.as_slice(), b"\x85R"].concat()
    };
    let date = |zone: &[u8]| [b"cdatetime\ndatetime\nC\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\0", zone, b"\x86R"].concat();
    let (utc, east, west) =
        (zone(b"K\x00", b"K\x00"), zone(b"K\x00", b"M\x58\x4d"), zone(b"J\xff\xff\xff\xff", b"J\x50\x27\x01\0"));
    assert_eq!(told(&date(&utc)), "2024-01-02 03:04:05+00:00");
    assert_eq!(told(&date(&east)), "2024-01-02 03:04:05+05:30");
    assert_eq!(told(&date(&west)), "2024-01-02 03:04:05-03:00");
    assert_eq!((told(&utc), told(&east), told(&west)), ("UTC".into(), "UTC+05:30".into(), "UTC-03:00".into()));
    assert_eq!(told(&date(b"czoneinfo\nZoneInfo\n)R")), "2024-01-02 03:04:05 in a time zone of a place");
}

#[test]
fn long_bytes_of_protocol_2_are_bytes() {
    let encoded = |len: u8| {
        let text = "é".repeat(len.into());
        [
            b"c_codecs\nencode\nX",
            u32::from(len * 2).to_le_bytes().as_slice(),
            text.as_bytes(),
            b"X\x06\0\0\0latin1\x86R",
        ]
        .concat()
    };
    assert!(leaf_text(&run([encoded(20), b".".to_vec()].concat())).starts_with("b'\\xe9\\xe9"));
    let long = run([encoded(100), b".".to_vec()].concat());
    assert_eq!(plain::leaf(&long, long.root.unwrap()).0, "bytes");
    assert_eq!(leaf_text(&long), "b'…' (more than 40 bytes)");
    let array = [b"cbuiltins\nbytearray\n".as_slice(), &encoded(100), b"\x85R."].concat();
    assert_eq!(leaf_text(&run(array)), "bytearray(b'…' (more than 40 bytes))");
}

#[test]
fn an_empty_path_is_a_dot() {
    assert_eq!(leaf_text(&run(b"cpathlib\nPosixPath\n)R.")), ".");
}
