//! hotpath: its wrapper around std's endpoints.
//!
//! It counts operations, measures delays, keeps the last messages of each channel, and writes a
//! report at the end. It does not record every operation.

use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;
use hotpath::wrap::std::sync::mpsc::{Receiver, Sender};
use hotpath::{Format, HotpathGuard, HotpathGuardBuilder};

use super::{CHANNEL, Peer, Readable};

const FILE: &str = "report.json";

pub struct Hotpath(HotpathGuard);

impl Peer for Hotpath {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;
    type Batch = ();

    fn start(directory: &Path) -> Result<Self> {
        let guard = HotpathGuardBuilder::new("peers")
            .format(Format::Json)
            .output_path(directory.join(FILE))
            .build();
        Ok(Hotpath(guard))
    }

    fn channel(&self) -> (Self::Sender, Self::Receiver) {
        hotpath::channel!(mpsc::channel::<u64>(), label = CHANNEL)
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
        drop(self.0);
        Ok(())
    }

    fn readable(directory: &Path, _: &Path) -> Result<Readable> {
        let exists = directory.join(FILE).exists();
        Ok(if exists { Readable::NotCounted } else { Readable::Nothing })
    }
}
