//! An actor: a thread that owns its state, and messages that change the state.
//!
//! Only the thread `account` has access to the balance. Other threads send messages to the
//! account, which handles one after the other. So it needs no lock, and "if there is enough,
//! withdraw it" cannot be interrupted. Four customers withdraw money at the same time.
//!
//! Look for: all arrows lead into `account`, which handles each message between two calls of
//! `recv`. Customers that ask for a reply wait for it.
//!
//! Think about: with an `Arc<Mutex<i64>>`, what would a customer have to do to withdraw
//! money, and what could go wrong?
//!
//! Change: add a message `Close`, after which the account ends. What happens to customers
//! that arrive later?

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
fn keep_account(requests: Receiver<Request>) {
    let mut balance = 0;
    for request in requests {
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
    let (requests, inbox) = mpsc::named("requests").channel();
    let account = thread::Builder::new().name("account".into()).spawn(|| keep_account(inbox))?;
    requests.send(Request::Deposit(100)).expect("the account is open");

    let mut customers = Vec::new();
    for name in ["customer 1", "customer 2", "customer 3", "customer 4"] {
        let requests = requests.clone();
        let customer = thread::Builder::new().name(name.into()).spawn(move || {
            let (reply, enough) = mpsc::named(&format!("to {name}")).channel();
            requests.send(Request::Withdraw(30, reply)).expect("the account is open");
            enough.recv().expect("the account replies")
        })?;
        customers.push(customer);
    }
    let paid = customers.into_iter().map(|customer| customer.join().expect("no customer panics"));
    println!("{} of 4 customers got their 30", paid.filter(|&enough| enough).count());

    let (reply, balance) = mpsc::named("to main").channel();
    requests.send(Request::Balance(reply)).expect("the account is open");
    println!("{} are left", balance.recv().expect("the account replies"));

    drop(requests);
    account.join().expect("the account does not panic");
    Ok(())
}
