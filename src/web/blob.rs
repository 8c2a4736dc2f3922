use crate::error::{Error, Result};
use crate::source::{ReadAt, require};
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use web_sys::{DomException, FileReaderSync};

/// A file that a person chose, read synchronously; that exists in workers only.
#[derive(Debug)]
pub(super) struct BrowserFile {
    file: web_sys::File,
    reader: FileReaderSync,
    size: u64,
}

impl BrowserFile {
    pub(super) fn new(file: web_sys::File) -> Result<Self> {
        let reader =
            FileReaderSync::new().map_err(|_| Error::source("Files can be read in a dedicated worker only."))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a length is a whole number below 2^53"
        )]
        let size = file.size() as u64;
        Ok(BrowserFile { file, reader, size })
    }
}

impl ReadAt for BrowserFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn place(&self) -> Option<u64> {
        Some(0)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(self, offset, buf.len() as u64)?;
        #[expect(clippy::cast_precision_loss, reason = "inside the file, so below 2^53")]
        let (start, end) = (offset as f64, (offset + buf.len() as u64) as f64);
        let bytes =
            self.file.slice_with_f64_and_f64(start, end).and_then(|part| self.reader.read_as_array_buffer(&part));
        let bytes = bytes.map_err(|thrown| {
            let why = thrown.dyn_ref::<DomException>().map_or_else(|| "no reason is given".to_owned(), DomException::name);
            Error::source(format!(
                "The browser would not hand over the file's bytes ({why}); it may have been changed or removed since it was chosen. Choose it again."
            ))
            .at(offset)
        })?;
        let bytes = Uint8Array::new(&bytes);
        if bytes.length() as usize != buf.len() {
            return Err(Error::source("The browser handed over fewer bytes than asked for.").at(offset));
        }
        bytes.copy_to(buf);
        Ok(())
    }
}
