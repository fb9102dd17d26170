//! std's channel with nothing around it: what everything else is compared with.

use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;

use super::{Left, Peer, plain_receive, plain_send};

pub struct Std;

impl Peer for Std {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = ();

    fn begin(_: &Path) -> Result<Self> {
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

    fn left(_: &Path, _: &Path) -> Result<Left> {
        Ok(Left::Nothing)
    }
}
