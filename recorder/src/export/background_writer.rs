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

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what was written, once it is finished, and fails beyond so many bytes.
    struct Bounded {
        written: Vec<u8>,
        most: usize,
    }

    impl Write for Bounded {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.written.len() + bytes.len() > self.most {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn bounded(most: usize) -> (Behind, Receiver<Vec<u8>>) {
        let (tell, told) = channel();
        let out = Bounded { written: Vec::new(), most };
        let finish = move |out: Bounded| tell.send(out.written).map_err(io::Error::other);
        (Behind::new(out, finish).unwrap(), told)
    }

    #[test]
    fn all_is_written_in_its_order() {
        let (mut behind, told) = bounded(usize::MAX);
        let mut expected = Vec::new();
        for (length, byte) in [0, 1, 7, BYTES - 8, 1, BYTES, 3 * BYTES + 1, 5].into_iter().zip(1..)
        {
            for _ in 0..WAITING {
                behind.write_all(&vec![byte; length]).unwrap();
                expected.resize(expected.len() + length, byte);
            }
        }
        assert!(told.try_recv().is_err(), "it is not over");
        behind.finish().unwrap();
        assert!(told.recv().unwrap() == expected);
    }

    #[test]
    fn nothing_is_written_if_there_is_nothing() {
        let (behind, told) = bounded(0);
        behind.finish().unwrap();
        assert!(told.recv().unwrap().is_empty());
    }

    #[test]
    fn an_error_is_given_to_whoever_writes_or_finishes() {
        let (mut behind, told) = bounded(BYTES);
        let error = loop {
            if let Err(error) = behind.write_all(&[0; BYTES]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(behind.write_all(&[0; BYTES]).is_err());
        assert!(behind.finish().is_err());
        assert!(told.recv().is_err(), "what has failed is not finished");

        let (mut behind, _told) = bounded(0);
        behind.write_all(&[0]).unwrap();
        assert_eq!(behind.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
