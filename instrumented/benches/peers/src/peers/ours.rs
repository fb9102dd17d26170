//! `instrumented`, in its three modes.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use instrumented::recording;
use instrumented::sync::mpsc::{self, Receiver, Sender};

use super::{CHANNEL, Peer, Readable, contains, lines};

/// The environment variable that `recorder` sets for the programs that it records.
pub const SESSION: &str = "INSTRUMENTED_SESSION";
/// The name of the recording in a child's directory.
pub const RECORDING: &str = "run.rec";

/// Started by `recorder record`, which moves full blocks out of the program's memory.
pub struct Drained;
/// The process records itself, with [`recording::start`].
pub struct SelfRecorded;
/// The process is not recorded.
pub struct NotRecorded;

macro_rules! operations {
    () => {
        type Sender = Sender<u64>;
        type Receiver = Receiver<u64>;
        type Batch = ();

        fn channel(&self) -> (Self::Sender, Self::Receiver) {
            mpsc::named(CHANNEL).channel()
        }

        fn batch(&self) {}

        #[inline(always)]
        fn send(sender: &Self::Sender, number: u64) {
            sender.send(number).expect("the receiver exists");
        }

        #[inline(always)]
        fn receive(receiver: &Self::Receiver, _: u64) -> u64 {
            receiver.recv().expect("a sender exists")
        }

        fn finish(self) -> Result<()> {
            Ok(())
        }

        fn readable(directory: &Path, recorder: &Path) -> Result<Readable> {
            operations_recorded(directory, recorder)
        }
    };
}

impl Peer for Drained {
    fn start(_: &Path) -> Result<Self> {
        ensure!(env::var_os(SESSION).is_some(), "this process was not started by `recorder`");
        Ok(Drained)
    }

    operations!();
}

impl Peer for SelfRecorded {
    fn start(directory: &Path) -> Result<Self> {
        recording::start(directory.join(RECORDING))?;
        Ok(SelfRecorded)
    }

    operations!();
}

impl Peer for NotRecorded {
    fn start(_: &Path) -> Result<Self> {
        Ok(NotRecorded)
    }

    operations!();
}

/// Counts the operations in the text form of a recording.
fn operations_recorded(directory: &Path, recorder: &Path) -> Result<Readable> {
    let recording = directory.join(RECORDING);
    if !recording.exists() {
        return Ok(Readable::Nothing);
    }
    let text = directory.join("run.txt");
    let status = Command::new(recorder)
        .args(["export".as_ref(), recording.as_os_str(), "-o".as_ref(), text.as_os_str()])
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "`recorder export` failed: {status}");
    // A receive that waits is recorded with its start and its end; only the end is counted.
    let operations = [" Send ", " Recv ", " RecvEnd "];
    lines(&text, |line| operations.iter().any(|name| contains(line, name)))
}
