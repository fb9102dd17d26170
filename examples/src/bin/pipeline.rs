//! A pipeline: three stages work at the same time, connected by two channels.
//!
//! The thread `read` produces the numbers from 1 to 30, the thread `square` squares each,
//! and the main thread adds them up. A stage that has no more work drops its sender, which
//! ends the loop of the next stage: the end travels down the pipeline by itself.
//!
//! Look for: the stages work side by side, on different numbers. `square` takes the
//! longest: its queue `numbers` grows, and the main thread waits for `squares`.
//!
//! Think about: how long does the whole run take, and which stage determines that?
//!
//! Change: make `read` twice as fast, and see what the run gains. Then `square`.

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

fn main() -> io::Result<()> {
    let (numbers_tx, numbers) = mpsc::named("numbers").channel::<u64>();
    let (squares_tx, squares) = mpsc::named("squares").channel();

    let read = thread::Builder::new().name("read".into()).spawn(move || {
        for number in 1..=30 {
            work(Duration::from_micros(500));
            numbers_tx.send(number).expect("square receives");
        }
    })?;
    let square = thread::Builder::new().name("square".into()).spawn(move || {
        for number in numbers {
            work(Duration::from_millis(1));
            squares_tx.send(number * number).expect("main receives");
        }
    })?;

    let mut sum = 0;
    for square in squares {
        work(Duration::from_micros(200));
        sum += square;
    }
    println!("the sum of the squares is {sum}");

    read.join().expect("read does not panic");
    square.join().expect("square does not panic");
    Ok(())
}
