//! A thread that is blocked in `accept` for ever holds a clone of the sender, so that `main` never comes to the
//! end of its channel.
//!
//! With the argument `healed`: the acceptor ends.
//!
//! After <https://github.com/h4ckf0r0day/obscura/pull/226>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::net::TcpListener;
use std::time::Duration;

use instrumented::sync::mpsc;
use instrumented::thread;

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (connections, accepted) = mpsc::channel::<u32>();
    let from_acceptor = connections.clone();
    let acceptor = move || {
        if healed {
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        while let Ok((_stream, from)) = listener.accept() {
            if from_acceptor.send(from.port().into()).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().name("acceptor".into()).spawn(acceptor).unwrap();
    let local = thread::Builder::new().name("local".into()).spawn(move || {
        for number in 0..10 {
            connections.send(number).unwrap();
            thread::sleep(Duration::from_millis(10));
        }
        // Told to stop: ends, and drops its sender.
    });
    // HERE
    for connection in accepted {
        println!("{connection}");
    }
    local.unwrap().join().unwrap();
}
