//! Ping-pong and latency: the cost of waking another thread, and of being woken by it.
//!
//! Two players have one ball. Each waits for it and returns it immediately, without any
//! other work. So the time of a round is twice the latency of a message from one thread to
//! another that sleeps.
//!
//! Look for: at every moment one of the two waits. The `latency` of a `recv` (click on it)
//! is the time of one pass, and two passes are nearly the whole round.
//!
//! Think about: a `send` itself takes less than a tenth of a microsecond. Where does the
//! rest of the latency come from? What follows for programs that send many small messages
//! and wait for an answer each time?
//!
//! Change: run it with `--release`; is it faster? Then play with two balls.

use std::io;
use std::time::Instant;

use instrumented::sync::mpsc;
use instrumented::thread;

const ROUNDS: u32 = 200;

fn main() -> io::Result<()> {
    let (to_pong, from_ping) = mpsc::named("ping").channel();
    let (to_ping, from_pong) = mpsc::named("pong").channel();

    let pong = thread::Builder::new().name("pong".into()).spawn(move || {
        for ball in from_ping {
            to_ping.send(ball).expect("ping waits for the ball");
        }
    })?;

    let started = Instant::now();
    for round in 0..ROUNDS {
        to_pong.send(round).expect("pong plays until the channel ends");
        let ball = from_pong.recv().expect("pong hits every ball");
        assert_eq!(ball, round, "there is one ball");
    }
    let round = started.elapsed() / ROUNDS;
    println!("{ROUNDS} rounds, {round:?} each");

    // Ends pong's loop.
    drop(to_pong);
    pong.join().expect("pong does not panic");
    Ok(())
}
