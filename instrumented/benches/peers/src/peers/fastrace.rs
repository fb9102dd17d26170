//! fastrace: a local span around each operation, under a root for each thousand.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;

use anyhow::Result;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::local::LocalParentGuard;
use fastrace::{Span, local::LocalSpan};

use super::{CHANNEL, Left, Peer, contains, lines, plain_receive, plain_send};

const FILE: &str = "spans.txt";

pub struct Fastrace;

/// Writes one line for each span, and nothing that it could leave out.
struct ToFile(File);

impl Reporter for ToFile {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let mut text = Vec::new();
        for span in spans {
            let properties = span.properties.iter();
            let [channel, number] = ["channel", "number"].map(|name| {
                properties.clone().find(|(key, _)| key == name).map_or("", |(_, value)| value)
            });
            let (name, begin, duration) = (&span.name, span.begin_time_unix_ns, span.duration_ns);
            writeln!(text, "{begin} {duration} {name} {channel} {number}").expect("it is memory");
        }
        self.0.write_all(&text).expect("the file can be written");
    }
}

impl Peer for Fastrace {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    // In the order in which they have to be dropped.
    type Batch = (LocalParentGuard, Span);

    fn begin(directory: &Path) -> Result<Self> {
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

    fn left(directory: &Path, _: &Path) -> Result<Left> {
        lines(&directory.join(FILE), |line| contains(line, CHANNEL))
    }
}

#[inline(always)]
fn span(name: &'static str, number: u64) -> LocalSpan {
    // A property's value is a text.
    LocalSpan::enter_with_local_parent(name)
        .with_properties(|| [("channel", CHANNEL.into()), ("number", number.to_string())])
}
