//! What the names that a pickle refers to mean, for a person who may load it in Python.
//!
//! One table, first fit: a module, the names in it, and what they are. `*` stands for every name of a module, and of those
//! below it.

use crate::error::{Error, quoted};
use crate::model::{Checkpoint, Note};
use crate::wire::pickle::{Global, Pickle};

/// What loading a pickle with a name in it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// `torch.load(weights_only=True)` accepts it.
    InTorchsList,
    /// NumPy needs it to build arrays.
    NumpyBuilder,
    /// It can run code, or reach files and the network, while the file is loaded.
    RunsCode,
    /// Nobody here knows it.
    NotKnown,
    /// Only running the pickle would tell which name it is.
    Hidden,
}

/// Modules whose names can run code when a pickle calls them: they start processes, import, evaluate, reach files or the
/// network, or load further pickles.
const RUNS_CODE: &[(&str, &str)] = &[
    (
        "builtins",
        "eval exec compile open __import__ getattr setattr delattr globals locals vars input breakpoint memoryview apply execfile",
    ),
    ("os", "*"),
    ("posix", "*"),
    ("nt", "*"),
    ("sys", "*"),
    ("subprocess", "*"),
    ("socket", "*"),
    ("shutil", "*"),
    ("importlib", "*"),
    ("runpy", "*"),
    ("code", "*"),
    ("codeop", "*"),
    ("pty", "*"),
    ("pdb", "*"),
    ("bdb", "*"),
    ("timeit", "*"),
    ("profile", "*"),
    ("cProfile", "*"),
    ("asyncio", "*"),
    ("multiprocessing", "*"),
    ("threading", "*"),
    ("_thread", "*"),
    ("_socket", "*"),
    ("ctypes", "*"),
    ("cffi", "*"),
    ("types", "*"),
    ("functools", "partial reduce"),
    ("operator", "attrgetter itemgetter methodcaller"),
    ("_operator", "attrgetter itemgetter methodcaller"),
    ("pickle", "*"),
    ("_pickle", "*"),
    ("dill", "*"),
    ("cloudpickle", "*"),
    ("joblib", "*"),
    ("marshal", "*"),
    ("shelve", "*"),
    ("webbrowser", "*"),
    ("urllib", "*"),
    ("http", "*"),
    ("httplib", "*"),
    ("requests", "*"),
    ("aiohttp", "*"),
    ("ftplib", "*"),
    ("smtplib", "*"),
    ("ssl", "*"),
    ("tempfile", "*"),
    ("pathlib", "*"),
    ("io", "*"),
    ("zipimport", "*"),
    ("pkgutil", "*"),
    ("pip", "*"),
    ("torch", "load"),
    ("torch.hub", "*"),
    ("torch.storage", "_load_from_bytes"),
    ("torch.serialization", "load"),
    ("numpy.testing", "*"),
    ("numpy.f2py", "*"),
];

/// Names of those modules that only make a value of what they are given.
const MAKES_A_VALUE: &[(&str, &str)] = &[
    ("io", "BytesIO StringIO"),
    ("pathlib", "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"),
    ("types", "MappingProxyType SimpleNamespace"),
];

/// What NumPy's arrays, types and scalars are built with.
const NUMPY_BUILDERS: &[(&str, &str)] = &[
    ("numpy", "dtype ndarray"),
    ("numpy.core.multiarray", "_reconstruct scalar"),
    ("numpy._core.multiarray", "_reconstruct scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
];

/// What `torch.load(weights_only=True)` of PyTorch 2.15 accepts: `torch/_weights_only_unpickler.py`.
const IN_TORCHS_LIST: &[(&str, &str)] = &[
    ("_codecs", "encode"),
    ("builtins", "bytearray complex set"),
    ("collections", "Counter OrderedDict"),
    (
        "torch",
        "BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage CharTensor \
         ComplexDoubleStorage ComplexFloatStorage DoubleStorage DoubleTensor FloatStorage FloatTensor \
         HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor QInt32Storage QInt8Storage \
         QUInt2x4Storage QUInt4x2Storage QUInt8Storage ShortStorage ShortTensor Size Tensor bcomplex32 \
         bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 complex32 complex64 device float16 \
         float32 float4_e2m1fn_x2 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz \
         float8_e8m0fnu int1 int16 int2 int3 int32 int4 int5 int6 int64 int7 int8 per_channel_affine \
         per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric qint32 \
         qint8 quint2x4 quint4x2 quint8 uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8",
    ),
    ("torch._tensor", "_rebuild_from_type_v2"),
    (
        "torch._utils",
        "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy \
         _rebuild_meta_tensor_no_storage _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor \
         _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 \
         _rebuild_wrapper_subclass",
    ),
    (
        "torch.cuda",
        "BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage CharTensor \
         ComplexDoubleStorage ComplexFloatStorage DoubleStorage DoubleTensor FloatStorage FloatTensor \
         HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor ShortStorage ShortTensor",
    ),
    (
        "torch.cuda.sparse",
        "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor \
         ShortTensor",
    ),
    ("torch.nn.parameter", "Parameter"),
    ("torch.serialization", "_get_layout"),
    (
        "torch.sparse",
        "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor \
         ShortTensor",
    ),
    ("torch.storage", "TypedStorage UntypedStorage"),
];

fn stands_in(table: &[(&str, &str)], global: &Global) -> bool {
    table.iter().any(|(module, names)| match *names {
        "*" => global.module.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        names => global.module == *module && names.split(' ').any(|name| name == global.name),
    })
}

/// What a name means.
pub(super) fn meaning(global: &Global) -> Meaning {
    if global.module == Global::UNKNOWN || global.name == Global::UNKNOWN {
        Meaning::Hidden
    } else if stands_in(MAKES_A_VALUE, global) {
        Meaning::NotKnown
    } else if stands_in(RUNS_CODE, global) {
        Meaning::RunsCode
    } else if stands_in(IN_TORCHS_LIST, global) {
        Meaning::InTorchsList
    } else if stands_in(NUMPY_BUILDERS, global) {
        Meaning::NumpyBuilder
    } else {
        Meaning::NotKnown
    }
}

/// Notes the names that loading the pickle in Python would refer to, where a person should know them.
pub(super) fn note(checkpoint: &mut Checkpoint, pickle: &Pickle<'_>, place: &str) {
    for (global, at) in &pickle.globals {
        let name = quoted(&global.dotted());
        let note = match meaning(global) {
            Meaning::InTorchsList | Meaning::NumpyBuilder => continue,
            Meaning::Hidden => Note::danger(format!(
                "The pickle refers to a name that only running it would tell ({name}, byte {at}); it can be one that runs code when the file is loaded in Python. It was not run here."
            )),
            Meaning::RunsCode => Note::danger(format!(
                "The pickle refers to {name} (byte {at}), which can run code when the file is loaded in Python. It was not run here."
            )),
            Meaning::NotKnown => Note::warning(format!(
                "The pickle refers to {name} (byte {at}), which is not known here; torch.load(weights_only=True) would refuse it. It was not run here."
            )),
        };
        checkpoint.note(note.about(place));
    }
}

/// The error of a pickle that breaks off, with the names that it refers to before, the worst first: they may be why one
/// looks.
pub(super) fn with_those_found(mut error: Error, pickle: &Pickle<'_>) -> Error {
    let mut odd: Vec<_> = pickle
        .globals
        .iter()
        .filter_map(|(global, _)| match meaning(global) {
            Meaning::InTorchsList | Meaning::NumpyBuilder => None,
            meaning => Some((meaning == Meaning::NotKnown, global)),
        })
        .collect();
    odd.sort_by_key(|(only_unknown, _)| *only_unknown);
    let shown: Vec<String> = odd.iter().take(3).map(|(_, global)| quoted(&global.dotted()).to_string()).collect();
    if !shown.is_empty() {
        error.message = format!("{} Before, it refers to {}; nothing of it was run.", error.message, shown.join(", "));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(module: &str, name: &str) -> Meaning {
        meaning(&Global { module: module.to_owned(), name: name.to_owned() })
    }

    #[test]
    fn tells_names_apart() {
        assert_eq!(of("torch", "FloatStorage"), Meaning::InTorchsList);
        assert_eq!(of("numpy._core.multiarray", "_reconstruct"), Meaning::NumpyBuilder);
        assert_eq!(of("posix", "system"), Meaning::RunsCode);
        assert_eq!(of("os.path", "join"), Meaning::RunsCode);
        assert_eq!(of("osmosis", "system"), Meaning::NotKnown);
        assert_eq!(of("builtins", "print"), Meaning::NotKnown);
        assert_eq!(of("pathlib", "PosixPath"), Meaning::NotKnown);
        assert_eq!(of("pathlib", "Path.write_text"), Meaning::RunsCode);
        assert_eq!(of("unknown", "system"), Meaning::Hidden);
    }
}
