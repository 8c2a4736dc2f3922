//! Where bytes come from.
//!
//! Everything above this layer asks a [`ReadAt`] for bytes at an offset and blocks until they are there. In the browser
//! that is possible in dedicated workers only, which is where the core lives; so nothing above is asynchronous, and the
//! same code runs natively in the tests.

mod ahead;
mod files;
mod held;
mod joined;
mod memory;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod pages;
mod repeated;
mod window;

pub use ahead::Ahead;
pub use files::{File, FileId, Files, base_name};
pub use held::Held;
pub use joined::Joined;
pub use memory::Memory;
#[cfg(not(target_arch = "wasm32"))]
pub use native::{NativeFile, files_from_paths};
pub use pages::Pages;
pub use repeated::Repeated;
pub use window::Window;

use crate::error::{Error, Result};
use std::fmt;

/// Bytes readable at any offset, possibly far larger than memory. Reading blocks.
pub trait ReadAt {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Fills all of `buf` with the bytes from `offset` on, or fails.
    ///
    /// # Errors
    ///
    /// `Malformed` if the source ends before `buf` is full, `Source` if the bytes cannot be had.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()>;

    /// The byte of the file that a person gave at which the first one is, where these lie there as they are and that is known
    /// without reading.
    fn place(&self) -> Option<u64> {
        None
    }

    /// Tells that these bytes will be asked for next, in parts; a source where a read is dear then reads them at once. No bytes: that
    /// none will be.
    ///
    /// # Errors
    ///
    /// Those of [`ReadAt::read_at`].
    fn bring(&self, _offset: u64, _len: u64) -> Result<()> {
        Ok(())
    }
}

// Not each source's own, of which a module would have to have all, and of all that they hold.
impl fmt::Debug for dyn ReadAt + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, buf)
    }

    fn place(&self) -> Option<u64> {
        (**self).place()
    }

    fn bring(&self, offset: u64, len: u64) -> Result<()> {
        (**self).bring(offset, len)
    }
}

/// Bytes in memory that belong to someone else.
impl ReadAt for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        require(&self, offset, buf.len() as u64)?;
        let start = usize::try_from(offset).expect("within a slice's length");
        buf.copy_from_slice(&self[start..start + buf.len()]);
        Ok(())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for std::rc::Rc<T> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        (**self).read_at(offset, buf)
    }

    fn place(&self) -> Option<u64> {
        (**self).place()
    }

    fn bring(&self, offset: u64, len: u64) -> Result<()> {
        (**self).bring(offset, len)
    }
}

/// `len` bytes from `offset` on; nothing is allocated before the source is known to hold them.
///
/// # Errors
///
/// `Malformed` if the source ends before; `Source` if the bytes cannot be had.
pub fn read_vec(source: &dyn ReadAt, offset: u64, len: u64) -> Result<Vec<u8>> {
    require(source, offset, len)?;
    let len = usize::try_from(len).map_err(|_| Error::too_large(format!("{len} bytes do not fit into memory.")))?;
    let mut bytes = vec![0; len];
    source.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// Checks that `source` holds `len` bytes from `offset` on.
///
/// # Errors
///
/// `Malformed` if it does not.
pub fn require(source: &dyn ReadAt, offset: u64, len: u64) -> Result<()> {
    match offset.checked_add(len) {
        Some(end) if end <= source.size() => Ok(()),
        _ => Err(Error::malformed(format!(
            "The file ends at byte {}, {len} bytes from byte {offset} on are wanted; it may not have been copied or downloaded whole.",
            source.size()
        ))
        .at(offset)),
    }
}
