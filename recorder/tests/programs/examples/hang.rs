//! Two threads, `left` and `right`, wait for each other for ever.
//!
//! Each holds the sender that the other one waits for: `to left`, `to right`. Before that
//! `left` has sent one message to `right`. Prints `ready` when both are blocked.

use instrumented::sync::mpsc;
use recorder_test_programs::spawn_blocked;

fn main() {
    let (to_left, left) = mpsc::named("to left").channel();
    let (to_right, right) = mpsc::named("to right").channel();
    let left = spawn_blocked("left", move || {
        to_right.send(1).expect("right lives");
        for _ in left {}
        to_right.send(2).expect("right lives");
    });
    let right = spawn_blocked("right", move || {
        for _ in right {}
        to_left.send(1).expect("left lives");
    });
    println!("ready");
    left.join().expect("left does not panic");
    right.join().expect("right does not panic");
}
