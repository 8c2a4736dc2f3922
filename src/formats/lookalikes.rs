//! What files that are not read here look like, so that their refusal can say so.

use super::Candidate;
use crate::error::Error;

/// One kind of file that people drop and that is not read.
struct Lookalike {
    /// Whether a file is one, by its first bytes.
    test: fn(&Candidate<'_>) -> bool,
    /// What it is, and what one can do.
    sentence: &'static str,
}

/// The first one that fits is told.
const LOOKALIKES: &[Lookalike] = &[
    Lookalike {
        test: |file| file.size() == 0,
        sentence: "The file is empty; it may not have been copied or downloaded at all.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"version https://git-lfs.github.com/spec/"),
        sentence: "This is a Git LFS pointer, a note of where the file is kept; fetch the file itself with `git lfs pull`.",
    },
    Lookalike {
        test: |file| {
            let text = text_start(file).to_ascii_lowercase();
            [b"<!doctype html".as_slice(), b"<html", b"<head", b"<body"].iter().any(|tag| text.starts_with(tag))
        },
        sentence: "This is an HTML page saved under the file's name; open its address in a browser, sign in if it asks, and download the file again.",
    },
    Lookalike {
        test: |file| text_start(file).starts_with(b"<"),
        sentence: "This is an XML text, such as a server's error message, saved under the file's name; download the file again.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"),
        sentence: "This is a PyTorch file from before version 1.6, which is not read here yet; load it and save it again with a newer PyTorch.",
    },
    Lookalike {
        test: |file| is_data_shard(file.file.base_name()),
        sentence: "This is a data shard of a TensorFlow checkpoint, which only its index can tell apart; drop it together with the .index file that is named alike.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"\x89HDF\r\n\x1a\n"),
        sentence: "This is an HDF5 file (Keras, h5py), which is not read here yet.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"GGUF"),
        sentence: "This is a GGUF file (llama.cpp), which is not read here yet.",
    },
    Lookalike {
        test: |file| [b"lmgg".as_slice(), b"tjgg", b"fmgg", b"algg"].iter().any(|magic| file.head().starts_with(magic)),
        sentence: "This is a GGML file from before GGUF; convert it with a llama.cpp of its time.",
    },
    Lookalike {
        test: |file| file.archive().is_some() && !file.has_extension(&["pt", "pth", "bin", "ckpt", "npz"]),
        sentence: "This is a plain zip archive with neither a data.pkl nor arrays in it; unpack it and open what is inside.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"\x89PNG"),
        sentence: "This is a PNG picture, not a checkpoint.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"\xff\xd8\xff"),
        sentence: "This is a JPEG picture, not a checkpoint.",
    },
    Lookalike { test: |file| file.head().starts_with(b"GIF8"), sentence: "This is a GIF picture, not a checkpoint." },
    Lookalike { test: |file| file.head().starts_with(b"%PDF"), sentence: "This is a PDF document, not a checkpoint." },
    Lookalike {
        test: |file| file.head().starts_with(b"\x7fELF") || file.head().starts_with(b"MZ"),
        sentence: "This is a program, not a checkpoint.",
    },
    Lookalike {
        test: |file| file.head().starts_with(b"\x1f\x8b"),
        sentence: "This is a gzip archive; unpack it and open what is inside.",
    },
    Lookalike {
        test: |file| file.head().get(257..262) == Some(b"ustar"),
        sentence: "This is a tar archive; unpack it and open what is inside.",
    },
    Lookalike {
        test: |file| {
            file.head().starts_with(b"7z\xbc\xaf\x27\x1c")
                || file.head().starts_with(b"Rar!")
                || file.head().starts_with(b"\x28\xb5\x2f\xfd")
        },
        sentence: "This is a 7z, RAR or Zstandard archive; unpack it and open what is inside.",
    },
    Lookalike {
        test: |file| file.size() > 16 && file.head().iter().all(|&byte| byte == 0),
        sentence: "The file begins with nothing but zero bytes; it seems that room was made for a download that never arrived.",
    },
    Lookalike {
        test: |file| matches!(file.head(), [0x80, 2..=5, ..]) && !file.has_extension(&["safetensors"]),
        sentence: "This is a Python pickle, which is not read here yet.",
    },
    Lookalike {
        test: |file| matches!(text_start(file), [b'{' | b'[', ..]),
        sentence: "This is a JSON text, not a checkpoint; if it is a shard index, drop it together with its shards.",
    },
];

/// The sentence for a file that is known not to be a checkpoint that is read here.
pub(super) fn find(file: &Candidate<'_>) -> Option<Error> {
    LOOKALIKES.iter().find(|lookalike| (lookalike.test)(file)).map(|found| Error::unsupported(found.sentence))
}

/// Whether a name is like `ckpt-3.data-00000-of-00001`.
fn is_data_shard(name: &str) -> bool {
    let numbers = name.rsplit_once(".data-").and_then(|(_, numbers)| numbers.split_once("-of-"));
    let digits = |text: &str| text.len() >= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(number, of)| digits(number) && digits(of))
}

/// The start of the file without a byte order mark and white space.
fn text_start<'a>(file: &'a Candidate<'_>) -> &'a [u8] {
    let head = file.head();
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start()
}
