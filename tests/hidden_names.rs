//! Pickles written by hand: every name that Python would import is told, however it is hidden.

mod common;

use paramscope::formats;
use paramscope::model::{Checkpoint, Level, Verdict};
use paramscope::source::{Files, Memory};
use std::rc::Rc;

fn open(name: &str, bytes: &[u8]) -> Checkpoint {
    formats::open(&Files::one(name, Rc::new(Memory::new(bytes)))).unwrap_or_else(|error| panic!("{error}"))
}

/// The names that all pickles of a file refer to.
fn names(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint.pickles.iter().flat_map(|pickle| &pickle.names).map(|name| name.name.as_str()).collect()
}

fn is_a_danger(checkpoint: &Checkpoint) -> bool {
    checkpoint.notes.iter().any(|note| note.level == Level::Danger && note.message.contains("os.system"))
}

/// The opcodes of a call of `os.system`.
const CALL: &[u8] = b"cos\nsystem\n(X\x02\0\0\0idtR";

/// The opcodes of what joblib writes before the elements of an array of so many bytes, or of one object.
fn joblib(begin: &[u8], bytes: u8, objects: bool) -> Vec<u8> {
    let kind = if objects { b"X\x02\0\0\0O8" } else { b"X\x02\0\0\0u1" };
    let dtype: [&[u8]; 3] = [b"cnumpy\ndtype\n(", kind, b"\x89\x88tR(K\x03X\x01\0\0\0|NNNK\0K\0K\0tb"];
    let parts: [&[u8]; 6] = [
        begin,
        b"}(X\x05\0\0\0shape(K",
        &[bytes],
        b"tX\x05\0\0\0orderX\x01\0\0\0CX\x05\0\0\0dtype",
        &dtype.concat(),
        b"ub",
    ];
    parts.concat()
}

const WRAPPER: &[u8] = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81";

#[test]
fn what_only_joblib_takes_for_elements_is_followed_as_well() {
    let hidden = [b"0", CALL, b"."].concat();
    let wrapper = joblib(WRAPPER, u8::try_from(hidden.len()).unwrap(), false);
    let pickle = [b"\x80\x02", wrapper.as_slice(), &hidden, b"."].concat();
    for name in ["a.pkl", "a.joblib"] {
        let found = open(name, &pickle);
        assert!(is_a_danger(&found) && found.tensors.len() == 1, "{name}: {:?}", found.notes);
    }
    // `torch.load` and what reads an array of objects know nothing of joblib.
    let saved = common::archives::saved(&pickle);
    assert!(is_a_danger(&formats::open(&Files::one("a.pt", Rc::new(saved))).unwrap()));
    // Elements of every day are no opcodes.
    let plain = [b"\x80\x02", joblib(WRAPPER, 4, false).as_slice(), &[1, 2, 3, 4], b"."].concat();
    assert_eq!(open("a.joblib", &plain).pickles.len(), 1);
}

#[test]
fn a_pickle_that_joblib_puts_inside_is_one_without_joblibs_arrays() {
    let hidden = [b"0", CALL].concat();
    let wrapper = joblib(WRAPPER, u8::try_from(hidden.len()).unwrap(), false);
    let inner = [b"\x80\x04", wrapper.as_slice(), &hidden, b"."].concat();
    let outer = joblib(WRAPPER, 1, true);
    let pickle = [b"\x80\x02", outer.as_slice(), &inner, b"0c__builtin__\neval\n."].concat();
    let found = open("a.joblib", &pickle);
    // Behind it the protocol is that of before.
    assert!(is_a_danger(&found) && names(&found).contains(&"builtins.eval"), "{:?}", names(&found));
}

#[test]
fn arrays_of_joblib_are_known_in_protocols_that_make_objects_by_a_function() {
    let begin = b"ccopy_reg\n_reconstructor\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\nc__builtin__\nobject\nNtR";
    let pickle = [joblib(begin, 2, false).as_slice(), b"N.0", CALL, b"."].concat();
    let found = open("a.joblib", &pickle);
    assert!(is_a_danger(&found), "{:?}", found.notes);
}

#[test]
fn a_name_behind_more_than_are_listed_is_told() {
    let many: Vec<u8> = (0..600).flat_map(|index| format!("ca{index}\nb\n0").into_bytes()).collect();
    let found = open("a.pkl", &[b"\x80\x02", many.as_slice(), CALL, b"."].concat());
    assert!(is_a_danger(&found) && names(&found).last() == Some(&"os.system"));
    assert_eq!((found.pickles[0].names.len(), found.pickles[0].more), (500, 101));
}

#[test]
fn what_python_does_with_odd_opcodes_hides_no_name_behind_them() {
    for odd in [
        b"]NaK\0Ns0".as_slice(),
        b"csys\nmodules\nX\x01\0\0\0kNs0",
        b"csys\npath\nNa0",
        b"\x96\x01\0\0\0\0\0\0\0aK\x01a0",
        b"I0x10\n0",
        b"L-1_000L\n0",
        b"Np1_0\n0g10\n0",
    ] {
        let found = open("a.pkl", &[b"\x80\x05", odd, CALL, b"."].concat());
        assert!(is_a_danger(&found) && found.pickles[0].stopped.is_none(), "{odd:?}: {:?}", found.notes);
    }
}

#[test]
fn what_torch_load_would_do_goes_by_what_it_fills() {
    let verdict = |opcodes: &[u8]| {
        let saved = common::archives::saved(&[b"\x80\x02", opcodes, b"."].concat());
        let opened = formats::open(&Files::one("a.pt", Rc::new(saved))).unwrap_or_else(|error| panic!("{error}"));
        opened.pickles[0].verdict.clone().unwrap()
    };
    for refused in [
        b"]}b".as_slice(),
        b"}}b",
        b"N}b",
        b"ctorch\nTensor\n}b",
        b"c_codecs\nencode\n(X\x01\0\0\0aX\x06\0\0\0latin1tR}b",
        b"](X\x07\0\0\0storageNeQ",
        b"\x88Q",
        b"\x8fNa",
    ] {
        assert!(matches!(verdict(refused), Verdict::Refuses(_)), "{refused:?}");
    }
    assert_eq!(verdict(b"ccollections\nOrderedDict\n)R}b"), Verdict::Accepts);
}

#[test]
fn frames_that_readers_disagree_on_hide_no_name() {
    let call = b"\x8c\x02os\x8c\x06system\x93.";
    for frames in [b"\x95\x03\0\0\0\0\0\0\0".as_slice(), b"\x95\x0f\0\0\0\0\0\0\0\x95\x02\0\0\0\0\0\0\0"] {
        let pickle = [b"\x80\x04", frames, call].concat();
        let checkpoint = formats::open(&Files::one("a.pkl", Rc::new(Memory::new(pickle)))).unwrap();
        let [pickle] = checkpoint.pickles.as_slice() else { panic!("{:?}", checkpoint.pickles) };
        assert!(pickle.stopped.as_ref().is_some_and(|error| error.message.contains("FRAME")), "{pickle:?}");
        assert_eq!(pickle.names[0].name, "os.system");
    }
}

#[test]
fn pickles_in_byte_strings_are_followed_however_they_stand_there() {
    let bytes = |bytes: &[u8]| [&[b'C', u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let inner = [b"\x80\x02", CALL, b"."].concat();
    let deep = (0..3).fold(inner.clone(), |inner, _| [b"\x80\x04", bytes(&inner).as_slice(), b"."].concat());
    // 0x80 is two bytes of UTF-8.
    let latin = [b"c_codecs\nencode\n(X\x19\0\0\0\xc2\x80\x02", CALL, b".X\x06\0\0\0latin1tR"].concat();
    for hidden in [
        bytes(&inner),
        bytes(&deep),
        bytes(b"(cos\nsystem\nS'id'\no."),
        bytes(b"}(cos\nsystem\n(S'id'\ntRNu."),
        [b"\x96".as_slice(), &(inner.len() as u64).to_le_bytes(), &inner].concat(),
        latin,
    ] {
        let found = open("a.pkl", &[b"\x80\x04", hidden.as_slice(), b"."].concat());
        assert!(is_a_danger(&found), "{hidden:?}: {:?}", found.pickles);
    }
}

/// The three pickles that a stream of before 1.6 begins with.
const HEAD: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";

#[test]
fn every_pickle_of_an_old_stream_is_told() {
    let list = [b"\x80\x02]", CALL, b"0."].concat();
    let stream = [HEAD, b"\x80\x02}.", &list].concat();
    let found = open("a.pt", &stream);
    assert!(is_a_danger(&found), "{:?}", found.notes);
}

#[test]
fn every_pickle_of_an_old_tar_is_told() {
    // A name of PyTorch's that loads what it is given, in the file of the storages.
    let storages = b"\x80\x02\x8c\x05torch\x8c\x04load\x930K\x00.\x80\x02].";
    let file = |name: &str, bytes: &[u8]| {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..262].copy_from_slice(b"ustar");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
        [header.as_slice(), bytes, &padding].concat()
    };
    let parts = [file("storages", storages), file("tensors", b"\x80\x02K\x00."), file("pickle", b"\x80\x02}.")];
    let found = open("a.pt", &[parts.concat(), vec![0; 1024]].concat());
    assert!(names(&found).contains(&"torch.load"), "{:?}", found.pickles);
}

#[test]
fn what_torch_loads_as_a_pickle_is_not_taken_for_the_archive_behind_it() {
    let archive = common::archives::saved(b"\x80\x02}.");
    let mut bytes = vec![0; usize::try_from(archive.len()).unwrap()];
    paramscope::source::ReadAt::read_at(&archive, 0, &mut bytes).unwrap();
    let found = open("a.pt", &[CALL, b".", &bytes].concat());
    assert!(is_a_danger(&found), "{:?}", found.notes);
}

#[test]
fn a_long_byte_string_is_followed_as_a_short_one_is() {
    let long = |inner: &[u8]| {
        let padded = [inner, &vec![b'.'; 80_000]].concat();
        [b"\x80\x04B".as_slice(), &u32::try_from(padded.len()).unwrap().to_le_bytes(), &padded, b"."].concat()
    };
    assert!(is_a_danger(&open("a.pkl", &long(&[CALL, b"."].concat()))));
    let inner = [CALL, b"."].concat();
    let nested = [b"\x80\x04C", [u8::try_from(inner.len()).unwrap()].as_slice(), &inner, b"."].concat();
    assert!(is_a_danger(&open("a.pkl", &long(&nested))));
}
