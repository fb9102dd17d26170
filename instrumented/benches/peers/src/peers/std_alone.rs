//! std's channel alone, with which everything else is compared.

use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;

use super::{Peer, Readable, plain_receive, plain_send};

pub struct Std;

impl Peer for Std {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = ();

    fn start(_: &Path) -> Result<Self> {
        Ok(Std)
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) {}

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        plain_send(sender, number);
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, _: u64) -> u64 {
        plain_receive(receiver)
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }

    fn readable(_: &Path, _: &Path) -> Result<Readable> {
        Ok(Readable::Nothing)
    }
}
