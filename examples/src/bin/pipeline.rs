//! A pipeline: three stages work at the same time, connected by two channels.
//!
//! The thread `read` produces the numbers from 30 down to 1, the thread `square` squares each, and
//! the main thread adds them up. A stage that has no more work drops its sender, which ends the loop
//! of the next stage. So the end travels down the pipeline by itself.
//!
//! Look for: the stages work side by side, on different numbers. `square` takes the longest: its
//! queue `numbers` grows, and main waits for `squares`.
//!
//! Questions and changes: examples/course/pipeline.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (number_sender, number_receiver) = mpsc::named("numbers").channel::<u64>();
    let (square_sender, square_receiver) = mpsc::named("squares").channel();

    let read = thread::Builder::new().name("read".into()).spawn(move || {
        for number in (1..=30).rev() {
            work(Duration::from_micros(500));
            number_sender.send(number).expect("square receives");
        }
    })?;
    let square = thread::Builder::new().name("square".into()).spawn(move || {
        for number in number_receiver {
            work(Duration::from_millis(1));
            square_sender.send(number * number).expect("main receives");
        }
    })?;

    let mut sum = 0;
    for square in square_receiver {
        work(Duration::from_micros(200));
        sum += square;
    }
    println!("the sum of the squares is {sum}");

    read.join().expect("read does not panic");
    square.join().expect("square does not panic");
    Ok(())
}
