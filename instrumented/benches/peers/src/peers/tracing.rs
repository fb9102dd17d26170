//! `tracing`, with two of its subscribers.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Mutex, mpsc};

use anyhow::Result;
use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_chrome::{ChromeLayerBuilder, FlushGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{CHANNEL, Peer, Readable, contains, lines, plain_receive, plain_send};

const CHROME_FILE: &str = "trace.json";
const FMT_FILE: &str = "log.txt";

/// A span around each operation, with channel and number, written by tracing-chrome.
pub struct Chrome(Mutex<FlushGuard>);

impl Peer for Chrome {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = ();

    fn start(directory: &Path) -> Result<Self> {
        let (layer, guard) =
            ChromeLayerBuilder::new().file(directory.join(CHROME_FILE)).include_args(true).build();
        tracing_subscriber::registry().with(layer).try_init()?;
        Ok(Chrome(Mutex::new(guard)))
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) {}

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        let _span = tracing::info_span!("send", channel = CHANNEL, number).entered();
        plain_send(sender, number);
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, number: u64) -> u64 {
        let _span = tracing::info_span!("recv", channel = CHANNEL, number).entered();
        plain_receive(receiver)
    }

    fn finish(self) -> Result<()> {
        // Ends the writer's thread and waits for it.
        drop(self.0);
        Ok(())
    }

    fn readable(directory: &Path, _: &Path) -> Result<Readable> {
        let path = directory.join(CHROME_FILE);
        let ends = lines(&path, |line| contains(line, "\"ph\":\"E\""))?;
        let Readable::Operations(count) = ends else { return Ok(ends) };
        let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&fs::read(&path)?).is_ok();
        Ok(if valid { Readable::Operations(count) } else { Readable::Broken(count) })
    }
}

/// An event for each operation, with channel and number, as a line of a text file.
///
/// The writer waits if its queue of 128,000 lines is full; otherwise it would drop lines.
pub struct Fmt(WorkerGuard);

impl Peer for Fmt {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    type Batch = ();

    fn start(directory: &Path) -> Result<Self> {
        let file = File::create(directory.join(FMT_FILE))?;
        let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(file);
        tracing_subscriber::fmt()
            .with_writer(writer)
            .with_ansi(false)
            .with_max_level(Level::INFO)
            .try_init()
            .map_err(anyhow::Error::from_boxed)?;
        Ok(Fmt(guard))
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) {}

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        plain_send(sender, number);
        tracing::info!(channel = CHANNEL, number, "send");
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, number: u64) -> u64 {
        let value = plain_receive(receiver);
        tracing::info!(channel = CHANNEL, number, "recv");
        value
    }

    fn finish(self) -> Result<()> {
        drop(self.0);
        Ok(())
    }

    fn readable(directory: &Path, _: &Path) -> Result<Readable> {
        lines(&directory.join(FMT_FILE), |line| contains(line, "number="))
    }
}
