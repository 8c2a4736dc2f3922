//! Archives and pickles written for a test: bytes and opcodes, put together by hand.

use super::Sparse;
use std::collections::HashMap;

/// The opcodes of a text.
pub fn text(text: &str) -> Vec<u8> {
    [b"X".as_slice(), &u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_bytes()].concat()
}

/// The opcodes of a whole number.
pub fn whole(number: u64) -> Vec<u8> {
    [b"\x8a\x08".as_slice(), &number.to_le_bytes()].concat()
}

/// The opcodes of a call that rebuilds a float32 tensor on the storage `key`. Its count, size and stride are opcodes too.
pub fn tensor_call(key: &str, count: &[u8], size: &[u8], stride: &[u8]) -> Vec<u8> {
    let storage = [text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text(key), text("cpu")].concat();
    let parts: [&[u8]; 8] =
        [b"ctorch._utils\n_rebuild_tensor_v2\n((", &storage, count, b"tQK\x00", size, stride, b"\x89}t", b"R"];
    parts.concat()
}

/// A file as `torch.save` writes it around this pickle, with one storage `0` of 8 bytes.
pub fn saved(pickle: &[u8]) -> Sparse {
    saved_with(pickle, [("0".to_owned(), 8)])
}

/// A file as `torch.save` writes it around this pickle, with storages of zeros by their keys and their bytes.
pub fn saved_with(pickle: &[u8], storages: impl IntoIterator<Item = (String, u64)>) -> Sparse {
    let mut archive = ZipWriter::default();
    archive.add("model/data.pkl", pickle);
    archive.add("model/byteorder", b"little");
    archive.add("model/version", b"3\n");
    for (key, bytes) in storages {
        archive.add_zeros(&format!("model/data/{key}"), bytes);
    }
    archive.finish()
}

/// Writes a pickle of protocol 2 as Python's pickler does: what comes again is fetched from the memo.
#[derive(Default)]
pub struct Memoised {
    opcodes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
    memos: u32,
}

impl Memoised {
    fn put(&mut self) {
        self.memo([b'q', b'r'], self.memos);
        self.memos += 1;
    }

    /// An opcode with a short or a long memo.
    fn memo(&mut self, [short, long]: [u8; 2], memo: u32) {
        match u8::try_from(memo) {
            Ok(memo) => self.opcodes.extend([short, memo]),
            Err(_) => self.opcodes.extend([[long].as_slice(), &memo.to_le_bytes()].concat()),
        }
    }

    fn once(&mut self, opcodes: Vec<u8>) {
        if let Some(&memo) = self.known.get(&opcodes) {
            return self.memo([b'h', b'j'], memo);
        }
        self.opcodes.extend(&opcodes);
        self.known.insert(opcodes, self.memos);
        self.put();
    }

    /// A text.
    pub fn text(&mut self, value: &str) {
        self.once(text(value));
    }

    /// A dictionary; `fill` writes its keys and values in turn.
    pub fn dictionary(&mut self, fill: impl FnOnce(&mut Self)) {
        self.opcodes.push(b'}');
        self.put();
        self.opcodes.push(b'(');
        fill(self);
        self.opcodes.push(b'u');
    }

    /// A float32 tensor of one element, on a storage of its own.
    pub fn tensor(&mut self, key: u32) {
        self.once(b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec());
        self.opcodes.extend(b"((");
        self.text("storage");
        self.once(b"ctorch\nFloatStorage\n".to_vec());
        self.opcodes.extend(text(&key.to_string()));
        self.put();
        self.text("cpu");
        self.opcodes.extend(b"K\x01t");
        self.put();
        self.opcodes.extend(b"QK\x00K\x01\x85");
        self.put();
        self.opcodes.extend(b"K\x01\x85");
        self.put();
        self.opcodes.push(0x89);
        self.once(b"ccollections\nOrderedDict\n".to_vec());
        self.opcodes.extend(b")R");
        self.put();
        self.opcodes.push(b't');
        self.put();
        self.opcodes.push(b'R');
        self.put();
    }

    /// The whole pickle.
    pub fn finish(self) -> Vec<u8> {
        [b"\x80\x02".as_slice(), &self.opcodes, b"."].concat()
    }
}

/// 200 000 tensors in dictionaries four deep, as `torch.save` writes them, and the bytes of their pickle.
pub fn nested() -> (Sparse, usize) {
    let mut pickle = Memoised::default();
    let mut tensors = 0;
    pickle.dictionary(|pickle| {
        for model in ["model", "ema"] {
            pickle.text(model);
            pickle.dictionary(|pickle| {
                for layer in 0..1000 {
                    pickle.text(&format!("layer{layer}"));
                    pickle.dictionary(|pickle| {
                        for expert in 0..25 {
                            pickle.text(&format!("expert_{expert}"));
                            pickle.dictionary(|pickle| {
                                for weight in ["w1", "w2", "w3", "bias"] {
                                    pickle.text(weight);
                                    pickle.tensor(tensors);
                                    tensors += 1;
                                }
                            });
                        }
                    });
                }
            });
        }
    });
    let pickle = pickle.finish();
    let len = pickle.len();
    (saved_with(&pickle, (0..tensors).map(|key| (key.to_string(), 4))), len)
}

/// Writes stored entries, with a zip64 directory at the end.
#[derive(Default)]
pub struct ZipWriter {
    file: Sparse,
    directory: Vec<u8>,
    entries: u64,
}

impl ZipWriter {
    /// Adds an entry.
    pub fn add(&mut self, name: &str, bytes: &[u8]) {
        self.header(name, bytes.len() as u64);
        self.file.push(bytes);
    }

    /// Adds an entry of zeros.
    pub fn add_zeros(&mut self, name: &str, len: u64) {
        self.header(name, len);
        self.file.skip(len);
    }

    fn header(&mut self, name: &str, len: u64) {
        let offset = self.file.len();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        // Flag 3: sizes follow the data, as torch has it; so the local ones are 0.
        let local = [b"PK\x03\x04\0\0\x08\x08".as_slice(), &[0; 18], &name_len, &[0; 2], name.as_bytes()].concat();
        self.file.push(&local);
        let all_ones = [0xff; 4];
        let zip64 =
            [b"\x01\0\x18\0".as_slice(), &len.to_le_bytes(), &len.to_le_bytes(), &offset.to_le_bytes()].concat();
        let extra_len = u16::try_from(zip64.len()).unwrap().to_le_bytes();
        let parts: [&[u8]; 10] = [
            b"PK\x01\x02\0\0\0\0\x08\x08",
            &[0; 10],
            &all_ones,
            &all_ones,
            &name_len,
            &extra_len,
            &[0; 10],
            &all_ones,
            name.as_bytes(),
            &zip64,
        ];
        self.directory.extend(parts.concat());
        self.entries += 1;
    }

    /// The whole archive.
    pub fn finish(mut self) -> Sparse {
        let (start, len) = (self.file.len(), self.directory.len() as u64);
        self.file.push(&self.directory);
        let end_at = self.file.len();
        let count = self.entries.to_le_bytes();
        let end =
            [b"PK\x06\x06\x2c".as_slice(), &[0; 19], &count, &count, &len.to_le_bytes(), &start.to_le_bytes()].concat();
        self.file.push(&end);
        self.file.push(&[b"PK\x06\x07\0\0\0\0".as_slice(), &end_at.to_le_bytes(), b"\x01\0\0\0"].concat());
        self.file.push(&[b"PK\x05\x06\0\0\0\0".as_slice(), &[0xff; 12], &[0; 2]].concat());
        self.file
    }
}
