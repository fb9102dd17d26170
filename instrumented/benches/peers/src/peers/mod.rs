//! The compared tools, each with the API that it offers for a send and a receive.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;

mod fastrace;
mod hotpath;
pub mod ours;
mod perfetto;
mod puffin;
mod std_alone;
mod tracing;
mod tracy;

pub use self::fastrace::Fastrace;
pub use self::hotpath::Hotpath;
pub use self::ours::{Drained, NotRecorded, SelfRecorded};
pub use self::perfetto::Perfetto;
pub use self::puffin::Puffin;
pub use self::std_alone::Std;
pub use self::tracing::{Chrome, Fmt};
pub use self::tracy::Tracy;

/// The channel's name, for every tool that takes one.
pub const CHANNEL: &str = "jobs";

/// The readable part of the work in a tool's output.
pub enum Readable {
    /// The number of readable operations.
    Operations(u64),
    /// The number of readable operations in a file that its usual readers reject.
    Broken(u64),
    /// There is no file.
    Nothing,
    /// There is a file, but this bench cannot count its operations.
    NotCounted,
}

/// A tool that records. A process uses at most one, as most of them are global.
///
/// The channel is unbounded and the messages are numbered. The number of a message is passed to its
/// receive, so that no tool has to add it to a span afterwards.
pub trait Peer: Sized + Sync {
    type Sender: Send;
    type Receiver: Send;
    /// Held by a thread during each thousand operations, for tools that need a root or a frame around
    /// them. Its cost is included.
    type Batch;

    /// Starts to record into `directory`.
    fn start(directory: &Path) -> Result<Self>;
    fn channel(&self) -> (Self::Sender, Self::Receiver);
    fn batch(&self) -> Self::Batch;
    fn send(sender: &Self::Sender, number: u64);
    fn receive(receiver: &Self::Receiver, number: u64) -> u64;
    /// Called by each thread after its work.
    fn thread_ends(&self) {}
    /// Writes everything that is not written yet.
    fn finish(self) -> Result<()>;
    /// Counts the readable operations in `directory`, after a normal exit or `kill -9`. Recordings of
    /// `instrumented` are read with `recorder`.
    fn readable(directory: &Path, recorder: &Path) -> Result<Readable>;
}

/// std's channel, for tools that wrap an operation and not an endpoint.
type Plain = (mpsc::Sender<u64>, mpsc::Receiver<u64>);

#[inline(always)]
fn plain_send(sender: &mpsc::Sender<u64>, number: u64) {
    sender.send(number).expect("the receiver exists");
}

#[inline(always)]
fn plain_receive(receiver: &mpsc::Receiver<u64>) -> u64 {
    receiver.recv().expect("a sender exists")
}

/// Counts the lines of a text file that satisfy `is_operation`.
fn lines(path: &Path, is_operation: impl Fn(&[u8]) -> bool) -> Result<Readable> {
    if !path.exists() {
        return Ok(Readable::Nothing);
    }
    let mut file = BufReader::new(File::open(path)?);
    let (mut count, mut line) = (0, Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        count += u64::from(line.ends_with(b"\n") && is_operation(&line));
        line.clear();
    }
    Ok(Readable::Operations(count))
}

fn contains(line: &[u8], text: &str) -> bool {
    line.windows(text.len()).any(|window| window == text.as_bytes())
}
