//! Requests, of which each has a reply channel and a deadline; jobs that panic are caught and
//! reported; a worker is spawned and joined now and then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use instrumented::sync::mpsc::{self, Sender};
use instrumented::thread;
use recorder_corpus::spawn;

struct Request {
    number: u32,
    reply: Sender<Result<u32, String>>,
}

fn answer(number: u32) -> u32 {
    assert!(number % 7 != 3, "cannot answer {number}");
    number * number
}

pub(crate) fn main() {
    let (requests, to_serve) = mpsc::channel::<Request>();
    let server = spawn("server", move || {
        for Request { number, reply } in to_serve {
            let answer = catch_unwind(AssertUnwindSafe(|| answer(number)));
            reply.send(answer.map_err(|_| "failed".to_owned())).expect("the client waits");
        }
    });
    for number in 0..20 {
        let (reply, answer) = mpsc::channel();
        requests.send(Request { number, reply }).expect("the server lives");
        let answer = answer.recv_timeout(Duration::from_secs(5)).expect("there is an answer");
        println!("{answer:?}");
        if number % 5 == 0 {
            let log = thread::spawn(move || println!("logged {number}"));
            log.join().expect("it does not panic");
        }
    }
    drop(requests);
    server.join().expect("it does not panic");
}
