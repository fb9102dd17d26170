//! Channels and the crate `tracing`: each contains the data of the other.
//!
//! A kitchen: the main thread takes three orders, and the thread `cook` cooks them. The program
//! has spans and events of its own, and a subscriber with three layers. `fmt` prints events and
//! spans on stderr, including waits on channels. tracing-chrome writes a file in which every send
//! and receive is among the program's spans. And `spans::layer()` adds the program's spans to the
//! recording, if `recorder` runs the program.
//!
//! ```sh
//! cargo run -p examples --features tracing --bin with_tracing   # fmt and tracing-chrome
//! cargo run -p chanscope -- run with_tracing                      # and the recording
//! ```
//!
//! Look for: the span `cook` on the track of `cook`, and in it the event `done`; in the file of
//! tracing-chrome a span `recv` for each wait, and an event `send` for each order.
//!
//! Questions and a change: examples/course/with_tracing.md

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::time::Duration;

use examples::work;
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
    // A wait is a span of level DEBUG, printed when it closes because its outcome is set then.
    // Operations that do not wait are events of level TRACE, too many for a terminal.
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(LevelFilter::DEBUG);
    tracing_subscriber::registry().with(chrome).with(lines).with(spans::layer()).init();

    let (sender, receiver) = mpsc::named("orders").channel::<&str>();
    let cook = thread::Builder::new().name("cook".into()).spawn(move || {
        for order in receiver {
            let _span = info_span!("cook", order).entered();
            // The time to cook.
            work(Duration::from_millis(3));
            info!("done");
        }
    })?;

    for order in ["soup", "pasta", "cake"] {
        // The time until the next guest orders.
        thread::sleep(Duration::from_millis(2));
        sender.send(order).expect("the cook receives");
    }
    drop(sender);
    cook.join().expect("the cook does not panic");
    drop(written_when_dropped);
    println!("wrote {}", path.display());
    Ok(())
}
