//! A server that has to ask back before it replies, and a client that waits for the reply
//! and nothing else.
//!
//! Heals it: the request says all that the server has to know.

use instrumented::sync::mpsc::{self, Sender};
use recorder_corpus::{jitter, spawn};

struct Request {
    amount: u32,
    reply: Sender<u32>,
}

pub(crate) fn main() {
    let (requests, to_serve) = mpsc::named("requests").channel::<Request>();
    let (questions, to_answer) = mpsc::named("questions").channel();
    let (answers, answered) = mpsc::named("answers").channel();
    let server = spawn("server", move || {
        for request in to_serve {
            jitter();
            questions.send("really?").expect("the client lives");
            let sure = answered.recv().unwrap_or(false); // HERE
            request.reply.send(if sure { request.amount } else { 0 }).expect("the client lives");
        }
    });
    let (reply, replied) = mpsc::named("reply").channel();
    requests.send(Request { amount: 7, reply }).expect("the server lives");
    jitter();
    let amount = replied.recv().expect("the server replies"); // HERE
    for _ in to_answer.try_iter() {
        answers.send(true).expect("the server lives");
    }
    println!("{amount}");
    drop(requests);
    server.join().expect("it does not panic");
}
