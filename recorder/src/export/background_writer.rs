//! A writer with a thread of its own: it compresses and writes bytes while the exporter makes the
//! next ones.

use std::io::{self, Write};
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use super::ByteSink;

/// Maximum number of buffers that wait to be written.
const MAX_WAITING: usize = 4;

/// Hands bytes to a thread that writes them to a slower writer.
///
/// If that fails, the next write or [`finish`](Self::finish) returns the error.
#[derive(Debug)]
pub(super) struct BackgroundWriter {
    /// Buffers to write, and how many of their bytes.
    full: Option<SyncSender<(Vec<u8>, usize)>>,
    /// Buffers that have been written and can be filled again.
    empty: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl BackgroundWriter {
    /// Writes to `out`; `finish` ends the output when all is written.
    ///
    /// # Errors
    /// The thread cannot be spawned.
    pub(super) fn new<W: Write + Send + 'static>(
        mut out: W,
        finish: impl FnOnce(W) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (full, filled) = sync_channel::<(Vec<u8>, usize)>(MAX_WAITING);
        let (written, empty) = channel();
        let thread = thread::Builder::new().name("writer".into()).spawn(move || {
            for (buffer, length) in filled {
                out.write_all(&buffer[..length])?;
                // After the last buffer, the receiver may be gone.
                let _ = written.send(buffer);
            }
            finish(out)
        })?;
        Ok(BackgroundWriter { full: Some(full), empty, thread: Some(thread) })
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.join()
    }

    /// Waits for the end of the thread, and returns its result.
    fn join(&mut self) -> io::Result<()> {
        self.full = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(io::Error::other("an earlier write has failed")),
        }
    }
}

impl ByteSink for BackgroundWriter {
    fn append(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
        let next = self.empty.try_recv().unwrap_or_default();
        let bytes = mem::replace(buffer, next);
        match &self.full {
            Some(full) if full.send((bytes, length)).is_ok() => Ok(()),
            // The thread has failed, and returns the error.
            _ => self.join(),
        }
    }
}

impl Write for BackgroundWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(&mut bytes.to_vec(), bytes.len())?;
        Ok(bytes.len())
    }

    /// Does nothing: a compressor that is flushed compresses less. See [`finish`](Self::finish).
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::BUFFER_BYTES;

    /// A writer that keeps what is written, and fails beyond a number of bytes.
    struct Bounded {
        written: Vec<u8>,
        limit: usize,
    }

    impl Write for Bounded {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.written.len() + bytes.len() > self.limit {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A writer, and the receiver of what it has written once it is finished.
    fn bounded(limit: usize) -> (BackgroundWriter, Receiver<Vec<u8>>) {
        let (finished, receiver) = channel();
        let out = Bounded { written: Vec::new(), limit };
        let finish = move |out: Bounded| finished.send(out.written).map_err(io::Error::other);
        (BackgroundWriter::new(out, finish).unwrap(), receiver)
    }

    #[test]
    fn all_bytes_are_written_in_order() {
        let (mut writer, finished) = bounded(usize::MAX);
        let mut expected = Vec::new();
        let lengths = [0, 1, 7, BUFFER_BYTES - 8, 1, BUFFER_BYTES, 3 * BUFFER_BYTES + 1, 5];
        for (length, byte) in lengths.into_iter().zip(1..) {
            for _ in 0..MAX_WAITING {
                writer.write_all(&vec![byte; length]).unwrap();
                expected.resize(expected.len() + length, byte);
            }
        }
        assert!(finished.try_recv().is_err(), "it has not been finished yet");
        writer.finish().unwrap();
        assert!(finished.recv().unwrap() == expected);
    }

    #[test]
    fn nothing_is_written_if_there_is_nothing() {
        let (writer, finished) = bounded(0);
        writer.finish().unwrap();
        assert!(finished.recv().unwrap().is_empty());
    }

    #[test]
    fn a_later_write_or_the_end_returns_the_error() {
        let (mut writer, finished) = bounded(BUFFER_BYTES);
        let error = loop {
            if let Err(error) = writer.write_all(&[0; BUFFER_BYTES]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(writer.write_all(&[0; BUFFER_BYTES]).is_err());
        assert!(writer.finish().is_err());
        assert!(finished.recv().is_err(), "a failed output is not finished");

        let (mut writer, _finished) = bounded(0);
        writer.write_all(&[0]).unwrap();
        assert_eq!(writer.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
