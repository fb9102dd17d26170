//! puffin: a scope around each operation, a frame for each thousand.
//!
//! A scope's data is one text; it holds the channel. The message's number would have to
//! be formatted and is left out.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use puffin::{FrameData, FrameSinkId, GlobalProfiler, ProfilerScope, ScopeCollection};

use super::{CHANNEL, Left, Peer, plain_receive, plain_send};

const FILE: &str = "frames.puffin";

/// Has a thread of its own that writes the frames, as a program without puffin's viewer
/// would.
pub struct Puffin {
    sink: FrameSinkId,
    writer: JoinHandle<Result<()>>,
}

/// A scope around a thousand operations: a thread hands its scopes over when the
/// outermost one ends.
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

    fn begin(directory: &Path) -> Result<Self> {
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
            // The writer has said why, if it has ended.
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
        // With the sink ends what the writer reads.
        drop(GlobalProfiler::lock().remove_sink(self.sink).context("the sink was there")?);
        self.writer.join().map_err(|_| anyhow!("the writer has panicked"))?
    }

    fn left(directory: &Path, _: &Path) -> Result<Left> {
        let mut file = BufReader::new(File::open(directory.join(FILE))?);
        let mut scopes = 0;
        // An error is a frame that was cut off.
        while let Ok(Some(frame)) = FrameData::read_next(&mut file) {
            // One of them is the batch.
            scopes += frame.meta().num_scopes as u64 - 1;
        }
        Ok(Left::Operations(scopes))
    }
}
