//! puffin: a scope around each operation, and a frame per thousand operations.
//!
//! The data of a scope is a string: the channel. The number of the message is left out, since it
//! would have to be formatted.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use puffin::{FrameData, FrameSinkId, GlobalProfiler, ProfilerScope, ScopeCollection};

use super::{CHANNEL, Peer, Readable, plain_receive, plain_send};

const FILE: &str = "frames.puffin";

/// A thread writes the frames, as in a program without puffin's viewer.
pub struct Puffin {
    sink: FrameSinkId,
    writer: JoinHandle<Result<()>>,
}

/// A scope around a thousand operations. A thread hands over its scopes when the outermost one ends.
pub struct Batch {
    scope: Option<ProfilerScope>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        drop(self.scope.take());
        GlobalProfiler::lock().new_frame();
    }
}

impl Peer for Puffin {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = Batch;

    fn start(directory: &Path) -> Result<Self> {
        let mut file = File::create(directory.join(FILE))?;
        let (tx, rx) = mpsc::channel::<Arc<FrameData>>();
        let writer = thread::spawn(move || {
            let mut scopes = ScopeCollection::default();
            for frame in rx {
                for scope in &frame.scope_delta {
                    scopes.insert(Arc::clone(scope));
                }
                frame.write_into(Some(&scopes), &mut file)?;
            }
            Ok(())
        });
        let sink = GlobalProfiler::lock().add_sink(Box::new(move |frame| {
            // If the writer has ended, joining it returns the error.
            let _ = tx.send(frame);
        }));
        puffin::set_scopes_on(true);
        Ok(Puffin { sink, writer })
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) -> Batch {
        Batch { scope: puffin::profile_scope_custom!("batch") }
    }

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        puffin::profile_scope!("send", CHANNEL);
        plain_send(sender, number);
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, _: u64) -> u64 {
        puffin::profile_scope!("recv", CHANNEL);
        plain_receive(receiver)
    }

    fn finish(self) -> Result<()> {
        // Dropping the sink disconnects the writer's channel.
        drop(GlobalProfiler::lock().remove_sink(self.sink).context("the sink is missing")?);
        self.writer.join().map_err(|_| anyhow!("the writer panicked"))?
    }

    fn readable(directory: &Path, _: &Path) -> Result<Readable> {
        let mut file = BufReader::new(File::open(directory.join(FILE))?);
        let mut scopes = 0;
        // An error is a truncated frame.
        while let Ok(Some(frame)) = FrameData::read_next(&mut file) {
            // One of the scopes is the batch.
            scopes += frame.meta().num_scopes as u64 - 1;
        }
        Ok(Readable::Operations(scopes))
    }
}
