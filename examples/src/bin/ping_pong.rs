//! Ping-pong, and its latency: what it costs to wake another thread, there and back.
//!
//! Two players have one ball. Each waits until it comes and hits it back at once: nobody
//! does any work. So the time of a round is twice the way of a message from one thread
//! to another that sleeps.
//!
//! Look for: at every moment one of the two waits. The `latency` of a `recv` (click on it)
//! is the way of that ball, and nearly all of a round.
//!
//! Think about: a `send` itself takes less than a tenth of a microsecond. Where does the
//! rest of the latency come from? What follows for programs that send many small messages
//! and wait for an answer each time?
//!
//! Change: run it with `--release`; does it get faster? Then let two balls be in play.

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
        to_pong.send(round).expect("pong plays until we stop");
        let ball = from_pong.recv().expect("pong hits every ball");
        assert_eq!(ball, round, "there is one ball");
    }
    let round = started.elapsed() / ROUNDS;
    println!("{ROUNDS} rounds, {round:?} each");

    // Pong's loop ends: no ball can come any more.
    drop(to_pong);
    pong.join().expect("pong does not panic");
    Ok(())
}
