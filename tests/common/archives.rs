//! Archives and pickles written for a test: bytes and opcodes, put together by hand.

use super::Sparse;

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
    let mut archive = ZipWriter::default();
    archive.add("model/data.pkl", pickle);
    archive.add("model/byteorder", b"little");
    archive.add("model/version", b"3\n");
    archive.add_zeros("model/data/0", 8);
    archive.finish()
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
