//! Sends messages of which the recording can have the values, in every way.

use std::fmt;
use std::time::Duration;

use instrumented::Name;
use instrumented::sync::mpsc::{self, Builder, Receiver};
use recorder_test_programs::spawn_blocked;

#[derive(Debug)]
struct Job {
    #[expect(dead_code, reason = "only shown")]
    id: u32,
}

/// Its `Debug` sends itself.
struct Telling(mpsc::Sender<u8>);

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(7).expect("somebody listens");
        f.write_str("told")
    }
}

/// Its `Debug` panics.
struct Broken;

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of it")?;
        panic!("nobody is to see this");
    }
}

fn main() {
    types();
    constructors();
    waits();
    let (tx, _rx) = mpsc::named("long").channel();
    tx.send("é".repeat(1000)).expect("the receiver is there");
    println!("done");
}

fn types() {
    let (tx, _rx) = mpsc::named("number").channel();
    tx.send(-5).expect("the receiver is there");
    let (tx, _rx) = mpsc::named("text").channel();
    tx.send(String::from("a \"text\"\n")).expect("the receiver is there");
    let borrowed = String::from("borrowed");
    let (tx, _rx) = mpsc::named("borrowed").channel();
    tx.send((1_u64, borrowed.as_str())).expect("the receiver is there");
    let (tx, _rx) = mpsc::named("unknown").channel();
    tx.send(Job { id: 1 }).expect("the receiver is there");
}

fn constructors() {
    let (tx, _rx) = mpsc::named("debug").debug().sync_channel(1);
    tx.send(Job { id: 2 }).expect("the receiver is there");
    let (tx, _rx) = Builder::new().label(|job: &u32, f| write!(f, "job {job}")).channel();
    tx.set_name("labelled");
    tx.send(3).expect("the receiver is there");
    let (told, tells) = mpsc::named("told").channel();
    let (tx, _rx) = mpsc::named("telling").debug().channel();
    tx.send(Telling(told)).expect("the receiver is there");
    // Where values are not recorded nobody was told.
    println!("told {:?}", tells.try_recv().ok());
    let (tx, rx) = mpsc::named("broken").debug().channel();
    tx.send(Broken).expect("the receiver is there");
    let Broken = rx.recv().expect("a message");
}

fn waits() {
    let (tx, rx): (_, Receiver<u8>) = mpsc::named("waits").sync_channel(0);
    assert!(tx.try_send(10).is_err());
    let sender = spawn_blocked("sender", move || {
        tx.send(11).expect("somebody receives");
        tx
    });
    assert_eq!(rx.recv_timeout(Duration::from_secs(60)), Ok(11));
    let tx = sender.join().expect("it does not panic");
    drop(rx);
    assert!(tx.send(12).is_err());
}
