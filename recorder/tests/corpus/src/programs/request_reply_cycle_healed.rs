//! A server and a client whose request says all that the server has to know.

use instrumented::sync::mpsc::{self, Sender};
use recorder_corpus::{jitter, spawn};

struct Request {
    amount: u32,
    sure: bool,
    reply: Sender<u32>,
}

pub(crate) fn main() {
    let (requests, to_serve) = mpsc::named("requests").channel::<Request>();
    let server = spawn("server", move || {
        for request in to_serve {
            jitter();
            let amount = if request.sure { request.amount } else { 0 };
            request.reply.send(amount).expect("the client lives");
        }
    });
    let (reply, replied) = mpsc::named("reply").channel();
    requests.send(Request { amount: 7, sure: true, reply }).expect("the server lives");
    jitter();
    let amount = replied.recv().expect("the server replies");
    println!("{amount}");
    drop(requests);
    server.join().expect("it does not panic");
}
