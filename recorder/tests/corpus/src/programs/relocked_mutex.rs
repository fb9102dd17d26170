//! A method that holds a lock calls another that takes the same one.
//!
//! Heals it: the part that needs the lock takes what is locked, not the lock.

use instrumented::sync::Mutex;
use recorder_corpus::jitter;

struct Account(Mutex<i32>);

impl Account {
    fn balance(&self) -> i32 {
        *self.0.lock().expect("nobody has panicked") // HERE
    }

    fn double(&self) {
        let mut balance = self.0.lock().expect("nobody has panicked");
        jitter();
        *balance += self.balance();
    }
}

pub(crate) fn main() {
    let account = Account(Mutex::new(5));
    account.double();
    println!("{}", account.balance());
}
