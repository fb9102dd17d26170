//! An actor: a thread that owns its state, and messages that change the state.
//!
//! Only the thread `account` has access to the balance. Other threads send messages to the
//! account, which handles one after the other. So it needs no lock, and nothing can come between
//! "is there enough?" and "withdraw it". Four customers withdraw money at the same time.
//!
//! Look for: all arrows lead into `account`, which handles each message between two calls of
//! `recv`. Customers wait for their reply.
//!
//! Questions and a change: examples/course/actor.md

use std::io;

use instrumented::sync::mpsc::{self, Receiver, Sender};
use instrumented::thread;

/// A request to an account.
enum Request {
    Deposit(i64),
    /// The reply is whether there was enough money.
    Withdraw(i64, Sender<bool>),
    Balance(Sender<i64>),
}

/// Runs an account until all senders of requests are dropped.
fn keep_account(receiver: Receiver<Request>) {
    let mut balance = 0;
    for request in receiver {
        // A reply fails if the customer does not wait for it, which does not matter.
        match request {
            Request::Deposit(amount) => balance += amount,
            Request::Withdraw(amount, reply) => {
                let enough = balance >= amount;
                if enough {
                    balance -= amount;
                }
                let _ = reply.send(enough);
            }
            Request::Balance(reply) => drop(reply.send(balance)),
        }
    }
}

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("requests").channel();
    let account = thread::Builder::new().name("account".into()).spawn(|| keep_account(receiver))?;
    sender.send(Request::Deposit(100)).expect("the account is open");

    let mut customers = Vec::new();
    for name in ["anna", "ben", "carla", "david"] {
        let sender = sender.clone();
        let customer = thread::Builder::new().name(name.into()).spawn(move || {
            let (reply, receiver) = mpsc::named(&format!("to {name}")).channel();
            sender.send(Request::Withdraw(30, reply)).expect("the account is open");
            receiver.recv().expect("the account replies")
        })?;
        customers.push(customer);
    }
    let paid = customers.into_iter().map(|customer| customer.join().expect("no customer panics"));
    println!("{} of 4 customers got their 30", paid.filter(|&enough| enough).count());

    let (reply, receiver) = mpsc::named("to main").channel();
    sender.send(Request::Balance(reply)).expect("the account is open");
    println!("{} are left", receiver.recv().expect("the account replies"));

    drop(sender);
    account.join().expect("the account does not panic");
    Ok(())
}
