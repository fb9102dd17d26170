//! `instrumented`, in its three states.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use instrumented::recording;
use instrumented::sync::mpsc::{self, Receiver, Sender};

use super::{CHANNEL, Left, Peer, contains, lines};

/// The variable by which `recorder` tells a program that it is recorded.
pub const SESSION: &str = "INSTRUMENTED_SESSION";
/// The recording's name in a child's directory.
pub const RECORDING: &str = "run.rec";

/// Started by `recorder record`, which moves full blocks out of the program's memory.
pub struct Drained;
/// The program records itself, with [`recording::start`].
pub struct SelfRecorded;
/// Nobody records.
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
            sender.send(number).expect("the receiver is there");
        }

        #[inline(always)]
        fn receive(receiver: &Self::Receiver, _: u64) -> u64 {
            receiver.recv().expect("the sender is there")
        }

        fn finish(self) -> Result<()> {
            Ok(())
        }

        fn left(directory: &Path, recorder: &Path) -> Result<Left> {
            operations_recorded(directory, recorder)
        }
    };
}

impl Peer for Drained {
    fn begin(_: &Path) -> Result<Self> {
        ensure!(env::var_os(SESSION).is_some(), "this process was not started by `recorder`");
        Ok(Drained)
    }

    operations!();
}

impl Peer for SelfRecorded {
    fn begin(directory: &Path) -> Result<Self> {
        recording::start(directory.join(RECORDING))?;
        Ok(SelfRecorded)
    }

    operations!();
}

impl Peer for NotRecorded {
    fn begin(_: &Path) -> Result<Self> {
        Ok(NotRecorded)
    }

    operations!();
}

/// Counts the operations in a recording's text form.
fn operations_recorded(directory: &Path, recorder: &Path) -> Result<Left> {
    let recording = directory.join(RECORDING);
    if !recording.exists() {
        return Ok(Left::Nothing);
    }
    let text = directory.join("run.txt");
    let status = Command::new(recorder)
        .args(["export".as_ref(), recording.as_os_str(), "-o".as_ref(), text.as_os_str()])
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "`recorder export` has failed: {status}");
    // A receive that waits has a begin and an end; the end is the operation.
    let operations = [" Send ", " Recv ", " RecvEnd "];
    lines(&text, |line| operations.iter().any(|name| contains(line, name)))
}
