//! Writing behind: bytes are compressed and written by a thread of their own, while whoever makes
//! them goes on to the next.

use std::io::{self, Write};
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// So many bytes are handed over at a time.
const BYTES: usize = 1 << 16;
/// So many times that much may wait to be written.
const WAITING: usize = 4;

/// Hands what is written to it to a thread that writes it to something slower.
///
/// An error of that is given to whoever writes next, or [finishes](Self::finish).
#[derive(Debug)]
pub(super) struct Behind {
    bytes: Vec<u8>,
    full: Option<SyncSender<Vec<u8>>>,
    /// What was written and can be filled again.
    empty: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Behind {
    /// Writes to `out`, and when all is written has it finished by `finish`.
    ///
    /// # Errors
    /// There can be no more threads.
    pub(super) fn new<W: Write + Send + 'static>(
        mut out: W,
        finish: impl FnOnce(W) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (full, filled) = sync_channel::<Vec<u8>>(WAITING);
        let (written, empty) = channel();
        let thread = thread::Builder::new().name("writer".into()).spawn(move || {
            for mut bytes in filled {
                out.write_all(&bytes)?;
                bytes.clear();
                // Nobody fills it again after the last.
                let _ = written.send(bytes);
            }
            finish(out)
        })?;
        Ok(Behind { bytes: Vec::new(), full: Some(full), empty, thread: Some(thread) })
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.bytes.is_empty() {
            self.hand_over()?;
        }
        self.end()
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BYTES));
        let bytes = mem::replace(&mut self.bytes, next);
        match &self.full {
            Some(full) if full.send(bytes).is_ok() => Ok(()),
            // It has failed: there is an error to be had.
            _ => self.end(),
        }
    }

    /// What became of it.
    fn end(&mut self) -> io::Result<()> {
        self.full = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(io::Error::other("it has failed before")),
        }
    }
}

impl Write for Behind {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        match self.bytes.len() {
            ..BYTES => Ok(()),
            _ => self.hand_over(),
        }
    }

    /// Does nothing: a compressor that is flushed compresses less; see [`finish`](Self::finish).
    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
