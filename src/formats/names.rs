//! What the names that a pickle refers to mean, for a person who may load it in Python: one table, first fit.
//!
//! `tests/pickles.rs` holds it against picklescan's: whatever that calls dangerous can run code here, too, but for what only
//! makes a value, such as `uuid.UUID`.

use crate::model::Meaning;
use crate::wire::pickle::{Global, python2};

/// A module, names in it, what they mean, and why. `*` stands for every name of a module, and of those below it.
struct Rule(&'static str, &'static str, Meaning, &'static str);

const EVALUATES: &str = "evaluates, compiles or imports what it is given";
const PROCESSES: &str = "starts processes or controls this one";
const REACHES_OUT: &str = "reaches the network";
const FILES: &str = "reads, writes or deletes files";
const ANY_NAME: &str = "reaches any name or calls any function through what it is given";
const LOADS: &str = "loads and runs further pickles or code";
const MACHINE: &str = "calls machine code or makes code objects";
const DEVELOPERS: &str = "runs code or programs for developers";
pub(super) const A_VALUE: &str = "only makes a value, though its module can do more";
const ARRAYS: &str = "builds arrays, types and scalars";
const WEIGHTS: &str = "is in the list of torch.load(weights_only=True)";
const UNKNOWN: &str = "is not known here";
const HIDDEN: &str = "only running the pickle would tell which name it is";

use Meaning::{InTorchsList, NotKnown, NumpyBuilder, RunsCode};

/// What stands before a broader rule is an exception to it.
const RULES: &[Rule] = &[
    // Values whose modules can do more.
    Rule("io", "BytesIO StringIO", NotKnown, A_VALUE),
    Rule("_io", "BytesIO StringIO", NotKnown, A_VALUE),
    Rule("pathlib", "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath", NotKnown, A_VALUE),
    Rule("types", "MappingProxyType SimpleNamespace", NotKnown, A_VALUE),
    Rule("uuid", "UUID SafeUUID", NotKnown, A_VALUE),
    Rule("joblib.numpy_pickle", "NumpyArrayWrapper", NumpyBuilder, "stands for an array that joblib wrote behind it"),
    // What runs code.
    Rule("builtins", "eval exec compile __import__ execfile breakpoint input apply", RunsCode, EVALUATES),
    Rule("builtins", "getattr setattr delattr globals locals vars memoryview", RunsCode, ANY_NAME),
    Rule("builtins", "open", RunsCode, FILES),
    Rule("importlib", "*", RunsCode, EVALUATES),
    Rule("runpy", "*", RunsCode, EVALUATES),
    Rule("code", "*", RunsCode, EVALUATES),
    Rule("codeop", "*", RunsCode, EVALUATES),
    Rule("zipimport", "*", RunsCode, EVALUATES),
    Rule("pkgutil", "*", RunsCode, ANY_NAME),
    Rule("os", "*", RunsCode, PROCESSES),
    Rule("posix", "*", RunsCode, PROCESSES),
    Rule("nt", "*", RunsCode, PROCESSES),
    Rule("sys", "*", RunsCode, PROCESSES),
    Rule("subprocess", "*", RunsCode, PROCESSES),
    Rule("commands", "*", RunsCode, PROCESSES),
    Rule("pty", "*", RunsCode, PROCESSES),
    Rule("asyncio", "*", RunsCode, PROCESSES),
    Rule("multiprocessing", "*", RunsCode, PROCESSES),
    Rule("threading", "*", RunsCode, PROCESSES),
    Rule("_thread", "*", RunsCode, PROCESSES),
    Rule("uuid", "*", RunsCode, PROCESSES),
    Rule("_posixsubprocess", "*", RunsCode, PROCESSES),
    Rule("_winapi", "*", RunsCode, PROCESSES),
    Rule("_osx_support", "*", RunsCode, PROCESSES),
    Rule("_aix_support", "*", RunsCode, PROCESSES),
    Rule("_pyrepl", "*", RunsCode, PROCESSES),
    Rule("imaplib", "*", RunsCode, PROCESSES),
    Rule("webbrowser", "*", RunsCode, PROCESSES),
    Rule("shutil", "*", RunsCode, FILES),
    Rule("tempfile", "*", RunsCode, FILES),
    Rule("pathlib", "*", RunsCode, FILES),
    Rule("io", "*", RunsCode, FILES),
    Rule("_io", "*", RunsCode, FILES),
    Rule("logging", "*", RunsCode, FILES),
    Rule("distutils", "*", RunsCode, FILES),
    Rule("codecs", "open", RunsCode, FILES),
    Rule("sqlite3", "*", RunsCode, FILES),
    Rule("tarfile", "*", RunsCode, FILES),
    Rule("zipfile", "*", RunsCode, FILES),
    Rule("fileinput", "*", RunsCode, FILES),
    Rule("linecache", "*", RunsCode, FILES),
    Rule("socket", "*", RunsCode, REACHES_OUT),
    Rule("_socket", "*", RunsCode, REACHES_OUT),
    Rule("ssl", "*", RunsCode, REACHES_OUT),
    Rule("urllib", "*", RunsCode, REACHES_OUT),
    Rule("http", "*", RunsCode, REACHES_OUT),
    Rule("httplib", "*", RunsCode, REACHES_OUT),
    Rule("requests", "*", RunsCode, REACHES_OUT),
    Rule("aiohttp", "*", RunsCode, REACHES_OUT),
    Rule("httpx", "*", RunsCode, REACHES_OUT),
    Rule("ftplib", "*", RunsCode, REACHES_OUT),
    Rule("smtplib", "*", RunsCode, REACHES_OUT),
    Rule("telnetlib", "*", RunsCode, REACHES_OUT),
    Rule("poplib", "*", RunsCode, REACHES_OUT),
    Rule("nntplib", "*", RunsCode, REACHES_OUT),
    Rule("socketserver", "*", RunsCode, REACHES_OUT),
    Rule("xmlrpc", "*", RunsCode, REACHES_OUT),
    Rule("functools", "partial partialmethod reduce", RunsCode, ANY_NAME),
    Rule("operator", "attrgetter itemgetter methodcaller call", RunsCode, ANY_NAME),
    Rule("_operator", "attrgetter itemgetter methodcaller call", RunsCode, ANY_NAME),
    Rule("inspect", "*", RunsCode, ANY_NAME),
    Rule("gc", "*", RunsCode, ANY_NAME),
    Rule("weakref", "finalize", RunsCode, ANY_NAME),
    Rule("ctypes", "*", RunsCode, MACHINE),
    Rule("_ctypes", "*", RunsCode, MACHINE),
    Rule("cffi", "*", RunsCode, MACHINE),
    Rule("types", "*", RunsCode, MACHINE),
    Rule("pickle", "*", RunsCode, LOADS),
    Rule("_pickle", "*", RunsCode, LOADS),
    Rule("dill", "*", RunsCode, LOADS),
    Rule("cloudpickle", "*", RunsCode, LOADS),
    Rule("joblib", "*", RunsCode, LOADS),
    Rule("marshal", "*", RunsCode, LOADS),
    Rule("shelve", "*", RunsCode, LOADS),
    Rule("pandas", "read_pickle", RunsCode, LOADS),
    Rule("pandas.io.pickle", "*", RunsCode, LOADS),
    Rule("pandas", "eval", RunsCode, EVALUATES),
    Rule("pandas.core.computation", "*", RunsCode, EVALUATES),
    Rule("numpy", "load fromregex genfromtxt loadtxt", RunsCode, LOADS),
    Rule("numpy", "fromfile memmap", RunsCode, FILES),
    Rule("numpy.lib.npyio", "*", RunsCode, LOADS),
    Rule("numpy.lib._npyio_impl", "*", RunsCode, LOADS),
    Rule("numpy.ctypeslib", "*", RunsCode, MACHINE),
    Rule("torch", "load", RunsCode, LOADS),
    Rule("torch.utils.cpp_extension", "*", RunsCode, EVALUATES),
    Rule("torch.hub", "*", RunsCode, LOADS),
    Rule("torch.jit", "load", RunsCode, LOADS),
    Rule("torch.package", "*", RunsCode, LOADS),
    Rule("torch.serialization", "load", RunsCode, LOADS),
    Rule("torch.storage", "_load_from_bytes", RunsCode, LOADS),
    Rule("torch.utils._config_module", "*", RunsCode, LOADS),
    Rule("torch.utils.data.datapipes.utils.decoder", "*", RunsCode, LOADS),
    Rule("torch._dynamo", "*", RunsCode, EVALUATES),
    Rule("torch.fx.graph_module", "*", RunsCode, EVALUATES),
    Rule("torch._inductor", "*", RunsCode, EVALUATES),
    Rule("torch.fx.experimental.symbolic_shapes", "*", RunsCode, EVALUATES),
    Rule("torch.jit.unsupported_tensor_ops", "*", RunsCode, EVALUATES),
    Rule("torch.utils.bottleneck", "*", RunsCode, DEVELOPERS),
    Rule("torch.utils.collect_env", "*", RunsCode, DEVELOPERS),
    Rule("numpy.testing", "*", RunsCode, DEVELOPERS),
    Rule("numpy.f2py", "*", RunsCode, DEVELOPERS),
    Rule("numpy.distutils", "*", RunsCode, DEVELOPERS),
    Rule("bdb", "*", RunsCode, DEVELOPERS),
    Rule("pdb", "*", RunsCode, DEVELOPERS),
    Rule("timeit", "*", RunsCode, DEVELOPERS),
    Rule("profile", "*", RunsCode, DEVELOPERS),
    Rule("cProfile", "*", RunsCode, DEVELOPERS),
    Rule("trace", "*", RunsCode, DEVELOPERS),
    Rule("doctest", "*", RunsCode, DEVELOPERS),
    Rule("unittest", "*", RunsCode, DEVELOPERS),
    Rule("pydoc", "*", RunsCode, DEVELOPERS),
    Rule("test", "*", RunsCode, DEVELOPERS),
    Rule("idlelib", "*", RunsCode, DEVELOPERS),
    Rule("lib2to3", "*", RunsCode, DEVELOPERS),
    Rule("ensurepip", "*", RunsCode, DEVELOPERS),
    Rule("pip", "*", RunsCode, DEVELOPERS),
    Rule("venv", "*", RunsCode, DEVELOPERS),
    Rule("setuptools", "*", RunsCode, DEVELOPERS),
    // What NumPy's arrays, types and scalars are built with.
    Rule("numpy", "dtype ndarray", NumpyBuilder, ARRAYS),
    Rule("numpy.core.multiarray", "_reconstruct scalar", NumpyBuilder, ARRAYS),
    Rule("numpy._core.multiarray", "_reconstruct scalar", NumpyBuilder, ARRAYS),
    Rule("numpy.core.numeric", "_frombuffer", NumpyBuilder, ARRAYS),
    Rule("numpy._core.numeric", "_frombuffer", NumpyBuilder, ARRAYS),
    // What `torch.load(weights_only=True)` of PyTorch 2.15 accepts: `torch/_weights_only_unpickler.py`.
    Rule("_codecs", "encode", InTorchsList, WEIGHTS),
    Rule("builtins", "bytearray complex set", InTorchsList, WEIGHTS),
    Rule("collections", "Counter OrderedDict", InTorchsList, WEIGHTS),
    Rule(
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
        InTorchsList,
        WEIGHTS,
    ),
    Rule("torch._tensor", "_rebuild_from_type_v2", InTorchsList, WEIGHTS),
    Rule(
        "torch._utils",
        "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy \
         _rebuild_meta_tensor_no_storage _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor \
         _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 \
         _rebuild_wrapper_subclass",
        InTorchsList,
        WEIGHTS,
    ),
    Rule(
        "torch.cuda",
        "BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage CharTensor \
         ComplexDoubleStorage ComplexFloatStorage DoubleStorage DoubleTensor FloatStorage FloatTensor \
         HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor ShortStorage ShortTensor",
        InTorchsList,
        WEIGHTS,
    ),
    Rule(
        "torch.cuda.sparse",
        "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor \
         ShortTensor",
        InTorchsList,
        WEIGHTS,
    ),
    Rule("torch.nn.parameter", "Parameter", InTorchsList, WEIGHTS),
    Rule("torch.serialization", "_get_layout", InTorchsList, WEIGHTS),
    Rule(
        "torch.sparse",
        "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor \
         ShortTensor",
        InTorchsList,
        WEIGHTS,
    ),
    Rule("torch.storage", "TypedStorage UntypedStorage", InTorchsList, WEIGHTS),
];

impl Rule {
    fn fits(&self, global: &Global) -> bool {
        let Rule(module, names, meaning, _) = self;
        // Most rules are of other modules, and a pickle may have a million names.
        if global.module.as_bytes().first() != module.as_bytes().first() {
            return false;
        }
        match *names {
            "*" => global.module.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            // `open.__call__` is reached through `open`; what a harmless name leads to is another matter.
            names => {
                let name = if *meaning == RunsCode { global.name.split('.').next() } else { Some(&*global.name) };
                global.module == *module && names.split(' ').any(|listed| name == Some(listed))
            }
        }
    }
}

/// What a name means, and why.
pub(super) fn meaning(global: &Global) -> (Meaning, &'static str) {
    if global.module == Global::UNKNOWN || global.name == Global::UNKNOWN {
        return (Meaning::Hidden, HIDDEN);
    }
    // PyTorch takes Python 2's names for Python 3's in any protocol, and Python 2 itself knows no others.
    listed(global).or_else(|| listed(&python2::renamed(global)?)).unwrap_or((NotKnown, UNKNOWN))
}

fn listed(global: &Global) -> Option<(Meaning, &'static str)> {
    match RULES.iter().find(|rule| rule.fits(global)) {
        Some(Rule(_, _, meaning, reason)) => Some((*meaning, reason)),
        None if reaches_further(global) => Some((RunsCode, "reaches a module that can run code through another one")),
        None => None,
    }
}

/// The most parts of a dotted name that are looked at; one with more is taken for one that runs code.
const PARTS: usize = 16;

/// Whether a dotted name leads to a name of the table: through the modules below its own, as `testing.run` of `numpy` does, or
/// through those that a module imported, as `serialization.os.system`.
fn reaches_further(global: &Global) -> bool {
    let Global { module, name } = global;
    let ends: Vec<usize> = name.match_indices('.').map(|(end, _)| end).collect();
    if ends.len() > PARTS {
        return true;
    }
    let dangerous = |module: &str, name: &str| {
        let inner = Global { module: module.to_owned(), name: name.to_owned() };
        RULES.iter().any(|rule| rule.2 == RunsCode && rule.fits(&inner))
    };
    let below = |end: &usize| dangerous(&format!("{module}.{}", &name[..*end]), &name[end + 1..]);
    let imported = |(from, end): (usize, &usize)| dangerous(&name[from..*end], &name[end + 1..]);
    let starts = || std::iter::once(0).chain(ends.iter().map(|end| end + 1));
    let pairs = starts().flat_map(|from| ends.iter().filter(move |end| **end > from).map(move |end| (from, end)));
    ends.iter().any(below)
        || pairs.into_iter().any(imported)
        // A module itself is as good as any name in it.
        || dangerous(&format!("{module}.{name}"), "*")
        || name.split('.').next_back().is_some_and(|last| MODULES.contains(&last))
        || name.split('.').any(|part| DOORS.contains(&part))
}

/// Modules that run code, and whose names mean nothing else.
const MODULES: [&str; 9] =
    ["os", "posix", "nt", "sys", "subprocess", "builtins", "__builtins__", "importlib", "ctypes"];

/// Attributes that lead from any function or class to everything else.
const DOORS: [&str; 7] =
    ["__globals__", "__builtins__", "__subclasses__", "__dict__", "__getattribute__", "__import__", "__loader__"];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(module: &str, name: &str) -> Meaning {
        meaning(&Global { module: module.to_owned(), name: name.to_owned() }).0
    }

    #[test]
    fn tells_names_apart() {
        assert_eq!(of("torch", "FloatStorage"), Meaning::InTorchsList);
        assert_eq!(of("numpy._core.multiarray", "_reconstruct"), Meaning::NumpyBuilder);
        assert_eq!(of("posix", "system"), Meaning::RunsCode);
        assert_eq!(of("os.path", "join"), Meaning::RunsCode);
        assert_eq!(of("osmosis", "system"), Meaning::NotKnown);
        assert_eq!(of("builtins", "print"), Meaning::NotKnown);
        assert_eq!(of("builtins", "eval.__call__"), Meaning::RunsCode);
        assert_eq!(of("pathlib", "PosixPath"), Meaning::NotKnown);
        assert_eq!(of("pathlib", "Path.write_text"), Meaning::RunsCode);
        assert_eq!(of("torch", "Tensor.requires_grad_"), Meaning::NotKnown);
        assert_eq!(of("torch", "serialization.os.system"), Meaning::RunsCode);
        // What a module that was traced by torch.fx is rebuilt with: it compiles the source text that is in the pickle.
        assert_eq!(of("torch.fx.graph_module", "reduce_graph_module"), Meaning::RunsCode);
        assert_eq!(of("unknown", "system"), Meaning::Hidden);
        assert_eq!(of("numpy", "trace"), Meaning::NotKnown);
    }

    #[test]
    fn what_a_dotted_name_leads_to_counts() {
        for (module, name) in [
            ("numpy", "testing._private.utils.runstring"),
            ("torch", "hub.load"),
            ("torch", "storage._load_from_bytes"),
            ("torch._utils", "torch.hub.load"),
            ("torch.serialization", "os"),
            ("torch", "hub"),
            ("numpy.core.multiarray", "_reconstruct.__globals__"),
            ("builtins", "object.__subclasses__"),
        ] {
            assert_eq!(of(module, name), Meaning::RunsCode, "{module} {name}");
        }
    }
}
