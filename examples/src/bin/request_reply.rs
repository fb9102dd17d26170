//! Request and reply: a message contains the sender for the answer.
//!
//! The thread `squarer` serves two clients. A channel has one direction, so each request
//! contains a sender: its client's own letterbox. The server has no list of its clients; it
//! answers through the sender in the request.
//!
//! Look for: two arrows into `squarer` for every two out of it, and each answer arrives at
//! the client that asked. While one client waits for its answer the other is served.
//!
//! Think about: why does the server need no list of its clients? And what happens to the
//! server's `send` if a client does not wait for its answer?
//!
//! Change: add a third client. How many lines does that take, and how many in the server?

use std::io;

use instrumented::sync::mpsc::{self, Sender};
use instrumented::thread;

/// A question, and the sender for the answer.
struct Request {
    number: u64,
    reply: Sender<u64>,
}

fn main() -> io::Result<()> {
    let (requests, inbox) = mpsc::named("requests").channel::<Request>();

    let squarer = thread::Builder::new().name("squarer".into()).spawn(move || {
        for Request { number, reply } in inbox {
            // Fails if the client has ended, which does not matter.
            let _ = reply.send(number * number);
        }
    })?;

    let mut clients = Vec::new();
    for (name, numbers) in [("anna", [1, 2, 3]), ("ben", [10, 20, 30])] {
        let requests = requests.clone();
        let client = thread::Builder::new().name(name.into()).spawn(move || {
            let (reply, answers) = mpsc::named(&format!("answers to {name}")).channel();
            numbers.map(|number| {
                let reply = reply.clone();
                requests.send(Request { number, reply }).expect("the squarer runs");
                answers.recv().expect("the squarer answers")
            })
        })?;
        clients.push((name, client));
    }
    drop(requests);

    for (name, client) in clients {
        println!("{name} got {:?}", client.join().expect("a client does not panic"));
    }
    squarer.join().expect("the squarer does not panic");
    Ok(())
}
