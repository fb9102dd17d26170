//! perfetto-recorder: a span around each operation, with channel and number.
//!
//! Everything stays in memory; the trace is built and written at the end.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};

use anyhow::{Result, anyhow};
use perfetto_recorder::{ThreadTraceData, TraceBuilder, start_span};

use super::{CHANNEL, Peer, Readable, plain_receive, plain_send};

const FILE: &str = "run.pftrace";

pub struct Perfetto {
    file: PathBuf,
    threads: Mutex<Vec<ThreadTraceData>>,
}

impl Peer for Perfetto {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = ();

    fn start(directory: &Path) -> Result<Self> {
        perfetto_recorder::start().map_err(|error| anyhow!("{error:?}"))?;
        Ok(Perfetto { file: directory.join(FILE), threads: Mutex::default() })
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) {}

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        let _span = start_span!("send", channel = CHANNEL, number = number);
        plain_send(sender, number);
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, number: u64) -> u64 {
        let _span = start_span!("recv", channel = CHANNEL, number = number);
        plain_receive(receiver)
    }

    fn thread_ends(&self) {
        let events = ThreadTraceData::take_current_thread();
        self.threads.lock().expect("no thread has panicked").push(events);
    }

    fn finish(self) -> Result<()> {
        let mut trace = TraceBuilder::new().map_err(|error| anyhow!("{error:?}"))?;
        for events in self.threads.into_inner().expect("no thread has panicked").iter() {
            trace.process_thread_data(events);
        }
        Ok(trace.write_to_file(self.file)?)
    }

    fn readable(directory: &Path, _: &Path) -> Result<Readable> {
        let exists = directory.join(FILE).exists();
        Ok(if exists { Readable::NotCounted } else { Readable::Nothing })
    }
}
