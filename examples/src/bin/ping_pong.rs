//! Ping-pong: what it takes to wake another thread, and to be woken by it.
//!
//! Two players have one ball. Each waits for it and returns it at once, without any other work.
//! So the time of a round is twice the latency of a message to a thread that sleeps.
//!
//! Look for: at each moment one of the two waits. The latency of a `recv` is the time of one pass,
//! and two passes are nearly the whole round.
//!
//! Questions and a change: examples/course/ping_pong.md

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
    for _ in 0..ROUNDS {
        to_pong.send("ball").expect("pong plays until the channel ends");
        from_pong.recv().expect("pong hits every ball");
    }
    let round = started.elapsed() / ROUNDS;
    println!("{ROUNDS} rounds, {round:?} each");

    // Ends pong's loop.
    drop(to_pong);
    pong.join().expect("pong does not panic");
    Ok(())
}
