//! What a program prints, while it runs.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use format::checksum::Xxh64;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Maximum number of bytes that are kept of each stream.
pub(super) const MAX_OUTPUT_BYTES: usize = 64 << 10;

/// A stream of output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Its start.
    pub start: Vec<u8>,
    /// The hash of all of it.
    pub hash: u64,
}
/// A stream of the program's output.
pub(super) struct Stream {
    /// `None` after its end.
    file: Option<File>,
    start: Vec<u8>,
    hash: Xxh64,
}

impl Stream {
    pub(super) fn new(pipe: PipeReader) -> io::Result<Self> {
        let file = File::from(OwnedFd::from(pipe));
        fcntl_setfl(&file, fcntl_getfl(&file)? | OFlags::NONBLOCK)?;
        Ok(Stream { file: Some(file), start: Vec::new(), hash: Xxh64::new(0) })
    }

    pub(super) fn open_file(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(File::as_fd)
    }

    /// Reads all that was written so far.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut buffer = [0; 4096];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => {
                    self.file = None;
                    return Ok(());
                }
                Ok(count) => {
                    let bytes = &buffer[..count];
                    self.hash.update(bytes);
                    let room = MAX_OUTPUT_BYTES - self.start.len();
                    self.start.extend_from_slice(&bytes[..count.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn finish(self) -> Printed {
        Printed { start: self.start, hash: self.hash.finish() }
    }
}
