//! A thread polls two inboxes in turn, and a core is busy with nothing.
//!
//! With the argument `healed`: it waits at one of them.
//!
//! After <https://github.com/parallelchain-io/hotstuff_rs/issues/27>, <https://github.com/AMythicDev/minus/issues/60>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (network, from_network) = mpsc::channel::<u32>();
    let (timer, from_timer) = mpsc::channel::<u32>();
    let validator = thread::Builder::new()
        .name("validator".into())
        .spawn(move || {
            let mut sum = 0;
            let mut rounds = 0_u32;
            loop {
                if healed {
                    match from_network.recv_timeout(Duration::from_millis(100)) {
                        Ok(number) => sum += number,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => {
                            sum += from_timer.iter().sum::<u32>();
                            break;
                        }
                    }
                    sum += from_timer.try_iter().sum::<u32>();
                    continue;
                }
                let one = from_network.try_recv(); // HERE
                sum += one.unwrap_or(0);
                let other = from_timer.try_recv(); // HERE
                sum += other.unwrap_or(0);
                if one == Err(TryRecvError::Disconnected)
                    && other == Err(TryRecvError::Disconnected)
                {
                    break;
                }
                rounds += 1;
                // Seldom: on a busy machine each takes as long as other programs want.
                if rounds.is_multiple_of(4096) {
                    thread::yield_now();
                }
            }
            sum
        })
        .unwrap();
    for number in 0..40 {
        network.send(number).unwrap();
        thread::sleep(Duration::from_millis(15));
        timer.send(number).unwrap();
    }
    drop((network, timer));
    println!("{}", validator.join().unwrap());
}
