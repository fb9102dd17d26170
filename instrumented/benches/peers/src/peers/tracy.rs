//! tracy: a zone around each operation, with the message's number as its value.
//!
//! No server is attached, so the zones stay in the program's memory and are neither sent nor
//! written. The result is tracy's minimum cost.

use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;
use tracy_client::Client;

use super::{Peer, Readable, plain_receive, plain_send};

pub struct Tracy;

impl Peer for Tracy {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = ();

    fn start(_: &Path) -> Result<Self> {
        Client::start();
        Ok(Tracy)
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) {}

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        let zone = tracy_client::span!("send jobs");
        zone.emit_value(number);
        plain_send(sender, number);
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, number: u64) -> u64 {
        let zone = tracy_client::span!("recv jobs");
        zone.emit_value(number);
        plain_receive(receiver)
    }

    fn finish(self) -> Result<()> {
        // The zones stay in memory until the process ends.
        Ok(())
    }

    fn readable(_: &Path, _: &Path) -> Result<Readable> {
        Ok(Readable::Nothing)
    }
}
