//! hotpath: its wrapper around std's endpoints.
//!
//! It counts operations, measures delays and keeps the last messages of each channel; a
//! report is written at the end. There is no record of every operation.

use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;
use hotpath::wrap::std::sync::mpsc::{Receiver, Sender};
use hotpath::{Format, HotpathGuard, HotpathGuardBuilder};

use super::{CHANNEL, Left, Peer};

const FILE: &str = "report.json";

pub struct Hotpath(HotpathGuard);

impl Peer for Hotpath {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;
    type Batch = ();

    fn begin(directory: &Path) -> Result<Self> {
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
        sender.send(number).expect("the receiver is there");
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, _: u64) -> u64 {
        receiver.recv().expect("the sender is there")
    }

    fn finish(self) -> Result<()> {
        drop(self.0);
        Ok(())
    }

    fn left(directory: &Path, _: &Path) -> Result<Left> {
        let there = directory.join(FILE).exists();
        Ok(if there { Left::NotCounted } else { Left::Nothing })
    }
}
