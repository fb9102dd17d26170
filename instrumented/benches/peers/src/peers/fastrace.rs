//! fastrace: a local span around each operation, under a root per thousand operations.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::local::LocalParentGuard;
use fastrace::{Span, local::LocalSpan};

use super::{CHANNEL, Peer, Readable, contains, lines, plain_receive, plain_send};

const FILE: &str = "spans.txt";

pub struct Fastrace;

/// Writes one line per span, with the necessary data only.
struct ToFile(File);

impl Reporter for ToFile {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let mut text = Vec::new();
        for span in spans {
            let properties = span.properties.iter();
            let [channel, number] = ["channel", "number"].map(|name| {
                properties.clone().find(|(key, _)| key == name).map_or("", |(_, value)| value)
            });
            let (name, start, duration) = (&span.name, span.begin_time_unix_ns, span.duration_ns);
            writeln!(text, "{start} {duration} {name} {channel} {number}")
                .expect("writing to memory");
        }
        self.0.write_all(&text).expect("the file can be written");
    }
}

impl Peer for Fastrace {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    // In the required order of drops.
    type Batch = (LocalParentGuard, Span);

    fn start(directory: &Path) -> Result<Self> {
        let file = File::create(directory.join(FILE))?;
        fastrace::set_reporter(ToFile(file), Config::default());
        Ok(Fastrace)
    }

    fn channel(&self) -> super::Plain {
        mpsc::channel()
    }

    fn batch(&self) -> Self::Batch {
        let root = Span::root("batch", SpanContext::random());
        (root.set_local_parent(), root)
    }

    #[inline(always)]
    fn send(sender: &Self::Sender, number: u64) {
        let _span = span("send", number);
        plain_send(sender, number);
    }

    #[inline(always)]
    fn receive(receiver: &Self::Receiver, number: u64) -> u64 {
        let _span = span("recv", number);
        plain_receive(receiver)
    }

    fn finish(self) -> Result<()> {
        fastrace::flush();
        Ok(())
    }

    fn readable(directory: &Path, _: &Path) -> Result<Readable> {
        lines(&directory.join(FILE), |line| contains(line, CHANNEL))
    }
}

#[inline(always)]
fn span(name: &'static str, number: u64) -> LocalSpan {
    // The value of a property must be a string.
    LocalSpan::enter_with_local_parent(name)
        .with_properties(|| [("channel", CHANNEL.into()), ("number", number.to_string())])
}
