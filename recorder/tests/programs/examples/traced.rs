//! Uses channels and the crate `tracing`, and is told of by tracing-chrome too.
//!
//! `traced span`: one span and no channel. `traced spans`: spans and events in every way.
//! `traced later`: spans before and after the process begins to record itself.
//! `traced channels`: tracing-chrome writes `chrome.json` of what happens on channels.

use std::fmt;
use std::fs::File;
use std::time::Duration;

use instrumented::sync::mpsc::{self, Receiver, TryRecvError};
use instrumented::{recording, spans};
use recorder_test_programs::{argument, spawn, spawn_blocked};
use tracing::field::Empty;
use tracing::{Level, Subscriber, debug, error, info, info_span, span, trace, warn};
use tracing_chrome::{ChromeLayerBuilder, FlushGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

fn main() {
    match argument::<String>(1, "what to do").as_str() {
        "span" => {
            tracing_subscriber::registry().with(spans::layer()).init();
            info_span!("alone").in_scope(|| info!("in it"));
        }
        "later" => {
            tracing_subscriber::registry().with(spans::layer()).init();
            let before = info_span!("before");
            before.in_scope(|| info!("not recorded"));
            recording::start("own.rec").expect("this process can record itself");
            before.in_scope(|| {
                for name in ["one", "two"] {
                    info_span!("after", name).in_scope(|| info!("recorded"));
                }
            });
        }
        "spans" => {
            tracing_subscriber::registry()
                .with(Channeling::new().with_filter(LevelFilter::ERROR))
                .with(spans::layer())
                .init();
            own_spans();
        }
        _ => {
            let (chrome, _guard) = chrome("chrome.json");
            tracing_subscriber::registry()
                .with(chrome)
                .with(Channeling::new())
                .with(spans::layer())
                .init();
            channels();
        }
    }
    println!("done");
}

fn chrome(file: &str) -> (impl Layer<Registry>, FlushGuard) {
    let file = File::create(file).expect("a file can be made");
    ChromeLayerBuilder::new().writer(file).include_args(true).build()
}

/// A layer that sends what it is told, on a channel of `instrumented`.
struct Channeling(mpsc::Sender<String>);

impl Channeling {
    fn new() -> Self {
        let (tx, rx) = mpsc::named("told").channel();
        // Nobody reads them: who did would have something to tell of.
        std::mem::forget(rx);
        Channeling(tx)
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Channeling {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        self.0.send(event.metadata().name().to_owned()).expect("the receiver is there");
    }
}

/// Its `Debug` uses a channel.
struct Telling(mpsc::Sender<u8>);

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(7).expect("somebody listens");
        f.write_str("told")
    }
}

/// Its `Debug` panics.
struct Broken;

impl fmt::Debug for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("nobody is to see this");
    }
}

fn own_spans() {
    let outer = info_span!("outer", number = 1, text = "a b", later = Empty, again = 1);
    for _ in 0..2 {
        let _entered = outer.enter();
        debug!(target: "elsewhere", answer = 42, "looking");
    }
    outer.record("later", "now");
    outer.record("again", 2);
    // Entered and closed by another thread.
    spawn("other", move || {
        let _entered = outer.entered();
        error!("bad");
    })
    .join()
    .expect("it does not panic");

    let (tx, rx) = mpsc::channel();
    warn!(telling = ?Telling(tx), "odd");
    assert_eq!(rx.try_recv(), Ok(7));
    info!(broken = ?Broken);
    trace!(number = 1.5);

    let paused = span!(Level::TRACE, "begins before the pause").entered();
    recording::pause();
    info!("not recorded");
    drop(paused);
    let entered = info_span!("made in the pause", field = true).entered();
    recording::resume();
    drop(entered);
    info!("recorded again");
}

fn channels() {
    let (tx, rx) = mpsc::named("jobs").channel();
    let (answers, answered): (_, Receiver<u32>) = mpsc::sync_channel(0);
    let worker = spawn("worker", move || {
        let _span = info_span!("work").entered();
        for number in rx {
            answers.send(number).expect("main receives");
        }
        answers.try_send(9).expect_err("nobody receives");
    });
    for number in 0..3 {
        tx.send(number).expect("the worker is there");
        assert_eq!(answered.recv(), Ok(number));
    }
    assert_eq!(answered.try_recv(), Err(TryRecvError::Empty));
    answered.recv_timeout(Duration::from_millis(1)).expect_err("nothing comes");
    drop(tx);
    worker.join().expect("it does not panic");
    drop(answered);

    let (tx, rx) = mpsc::sync_channel(1);
    tx.try_send("first").expect("there is room");
    let sender = spawn_blocked("sender", move || tx.send("second").expect("main receives"));
    assert_eq!(rx.iter().collect::<Vec<_>>(), ["first", "second"]);
    sender.join().expect("it does not panic");
}
