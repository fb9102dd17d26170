//! Channels and the crate `tracing`: each shows what the other knows.
//!
//! A kitchen: the main thread takes three orders, the thread `cook` cooks them. The program
//! has spans and events of its own, and a subscriber with three layers. `fmt` prints on stderr
//! what happens, waits on channels included. tracing-chrome writes a file in which every send
//! and receive stands among the program's spans. And `spans::layer()` puts the program's spans
//! into the recording, if `recorder` makes one.
//!
//! ```sh
//! cargo run -p examples --features tracing --bin with_tracing   # fmt and tracing-chrome
//! cargo run -p recorder -- run with_tracing                      # and the recording
//! ```
//!
//! Look for: the span `cook` on the track of `cook`, and in it the event `done`; in
//! tracing-chrome's file a span `recv` for each wait, and an event `send` for each order.
//!
//! Think about: which of the two traces knows how long an order lay in the queue? And which
//! shows what a program does that uses no channels?
//!
//! Change: have `fmt` print all that it is told, with `LevelFilter::TRACE`, and compare its
//! lines with the timeline.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::{spans, thread};
use tracing::{info, info_span, level_filters::LevelFilter};
use tracing_chrome::ChromeLayerBuilder;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::{self, format::FmtSpan};
use tracing_subscriber::prelude::*;

fn main() -> io::Result<()> {
    let path = env::temp_dir().join("with_tracing.json");
    let (chrome, written_when_dropped) =
        ChromeLayerBuilder::new().writer(File::create(&path)?).include_args(true).build();
    // Waits are spans of level DEBUG, of which the outcome is known when they close. What did
    // not wait is an event of level TRACE: too much for a terminal.
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(LevelFilter::DEBUG);
    tracing_subscriber::registry().with(chrome).with(lines).with(spans::layer()).init();

    let (orders, cooking) = mpsc::named("orders").channel::<&str>();
    let cook = thread::Builder::new().name("cook".into()).spawn(move || {
        for order in cooking {
            let _span = info_span!("cook", order).entered();
            // Stands for work that takes time.
            thread::sleep(Duration::from_millis(3));
            info!("done");
        }
    })?;

    for order in ["soup", "pasta", "cake"] {
        thread::sleep(Duration::from_millis(2));
        orders.send(order).expect("the cook lives");
    }
    drop(orders);
    cook.join().expect("the cook does not panic");
    drop(written_when_dropped);
    println!("wrote {}", path.display());
    Ok(())
}
