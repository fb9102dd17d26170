//! A method that holds a lock uses what is locked.

use instrumented::sync::Mutex;
use recorder_corpus::jitter;

struct Account(Mutex<i32>);

impl Account {
    fn balance(&self) -> i32 {
        *self.0.lock().expect("nobody has panicked")
    }

    fn double(&self) {
        let mut balance = self.0.lock().expect("nobody has panicked");
        jitter();
        *balance += *balance;
    }
}

pub(crate) fn main() {
    let account = Account(Mutex::new(5));
    account.double();
    println!("{}", account.balance());
}
