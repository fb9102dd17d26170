//! Request and reply: a message contains the sender for the answer.
//!
//! Carla squares numbers for Anna and Ben. A channel has one direction, so each request contains
//! a sender: that of its client's own channel. Carla has no list of her clients; she answers
//! through the sender in the request.
//!
//! Look for: two arrows into Carla from each client, and an arrow back for each.
//!
//! Questions and a change: examples/course/request_reply.md

use std::io;

use instrumented::sync::mpsc::{self, Sender};
use instrumented::thread;

/// A number to square, and the sender for the answer.
struct Request {
    number: u64,
    reply: Sender<u64>,
}

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("requests").channel::<Request>();

    let carla = thread::Builder::new().name("carla".into()).spawn(move || {
        for Request { number, reply } in receiver {
            reply.send(number * number).expect("the client waits for the answer");
        }
    })?;

    let mut clients = Vec::new();
    for (name, numbers) in [("anna", [7, 8]), ("ben", [20, 30])] {
        let sender = sender.clone();
        let client = thread::Builder::new().name(name.into()).spawn(move || {
            let (reply, receiver) = mpsc::named(&format!("answers to {name}")).channel();
            numbers.map(|number| {
                sender.send(Request { number, reply: reply.clone() }).expect("carla receives");
                receiver.recv().expect("carla answers")
            })
        })?;
        clients.push((name, client));
    }
    drop(sender);

    for (name, client) in clients {
        println!("{name} got {:?}", client.join().expect("no client panics"));
    }
    carla.join().expect("carla does not panic");
    Ok(())
}
