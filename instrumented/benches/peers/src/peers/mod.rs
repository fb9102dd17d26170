//! The tools that are compared, each with what it offers for a send and a receive.

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

/// The channel's name, in every tool that takes one.
pub const CHANNEL: &str = "jobs";

/// How much of the work stands in what a tool has left in its directory.
pub enum Left {
    /// So many operations can be read.
    Operations(u64),
    /// So many can be read, but not by what reads such a file normally.
    Broken(u64),
    /// The tool has left no file.
    Nothing,
    /// There is a file, and nothing here counts what is in it.
    NotCounted,
}

/// A tool that records. A process has at most one: most of them are global.
///
/// The channel is unbounded and the messages are numbered, so that a receive knows the
/// number of its message beforehand: no tool has to add it later.
pub trait Peer: Sized + Sync {
    type Sender: Send;
    type Receiver: Send;
    /// Held by a thread during each thousand operations, for tools that want a root or a
    /// frame around them. Its cost is part of theirs.
    type Batch;

    /// Begins to record into `directory`.
    fn begin(directory: &Path) -> Result<Self>;
    fn channel(&self) -> (Self::Sender, Self::Receiver);
    fn batch(&self) -> Self::Batch;
    fn send(sender: &Self::Sender, number: u64);
    fn receive(receiver: &Self::Receiver, number: u64) -> u64;
    /// Called by each thread after its work.
    fn thread_ends(&self) {}
    /// Writes whatever is not written yet.
    fn finish(self) -> Result<()>;
    /// What can be read in `directory`, after a normal end or `kill -9`; `recorder` reads
    /// our own recordings.
    fn left(directory: &Path, recorder: &Path) -> Result<Left>;
}

/// std's channel, for the tools that wrap an operation and not an endpoint.
type Plain = (mpsc::Sender<u64>, mpsc::Receiver<u64>);

#[inline(always)]
fn plain_send(sender: &mpsc::Sender<u64>, number: u64) {
    sender.send(number).expect("the receiver is there");
}

#[inline(always)]
fn plain_receive(receiver: &mpsc::Receiver<u64>) -> u64 {
    receiver.recv().expect("the sender is there")
}

/// How many lines of a text file satisfy `is_operation`.
fn lines(path: &Path, is_operation: impl Fn(&[u8]) -> bool) -> Result<Left> {
    if !path.exists() {
        return Ok(Left::Nothing);
    }
    let mut file = BufReader::new(File::open(path)?);
    let (mut count, mut line) = (0, Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        count += u64::from(line.ends_with(b"\n") && is_operation(&line));
        line.clear();
    }
    Ok(Left::Operations(count))
}

fn contains(line: &[u8], text: &str) -> bool {
    line.windows(text.len()).any(|window| window == text.as_bytes())
}
