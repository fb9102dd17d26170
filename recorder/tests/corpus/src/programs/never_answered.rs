//! A server keeps the reply sender of a request in a table and never answers it.
//!
//! With the argument `healed`: every request is answered.
//!
//! After <https://github.com/sudoprivacy/sudocode/pull/701>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::collections::HashMap;

use instrumented::sync::mpsc::{self, Sender};
use instrumented::thread;

struct Request {
    path: String,
    reply: Sender<usize>,
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let (requests, to_serve) = mpsc::channel::<Request>();
    let server = thread::Builder::new()
        .name("server".into())
        .spawn(move || {
            let mut pending = HashMap::new();
            for request in to_serve {
                if request.path.starts_with("remote/") && !healed {
                    // Its answer will come from elsewhere. It does not.
                    pending.insert(request.path, request.reply);
                } else {
                    request.reply.send(request.path.len()).unwrap();
                }
            }
        })
        .unwrap();
    for path in ["a", "bc", "remote/d", "e"] {
        let (reply, answer) = mpsc::channel();
        requests.send(Request { path: path.to_owned(), reply }).unwrap();
        println!("{path}: {}", answer.recv().unwrap()); // HERE
    }
    drop(requests);
    server.join().unwrap();
}
