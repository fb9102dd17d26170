//! Uses channels in the destructors of thread-locals, of a thread and of the main thread.
//!
//! Each first uses one thread-local before its first channel operation and one after it:
//! in the destructor of one of them the library's own thread-locals are gone already.
//! Every destructor moves one message through a channel that it makes, `late`; the
//! thread's then send one each to `home`. Prints `received 2`, then `late in main` twice.

use std::cell::Cell;

use instrumented::sync::mpsc::{self, Sender};
use recorder_test_programs::spawn;

thread_local! {
    static EARLY: Cell<Option<Farewell>> = const { Cell::new(None) };
    static LATER: Cell<Option<Farewell>> = const { Cell::new(None) };
}

struct Farewell {
    home: Option<Sender<u32>>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let (tx, rx) = mpsc::named("late").channel();
        tx.clone().send(1).expect("rx lives");
        let message = rx.recv().expect("it was sent");
        match &self.home {
            Some(home) => home.send(message).expect("main lives"),
            None => println!("late in main"),
        }
    }
}

fn main() {
    EARLY.set(None);
    let (home, rx) = mpsc::named("home").channel();
    let thread = spawn("leaver", move || {
        // The first use decides: destructors run in the opposite order.
        EARLY.set(None);
        EARLY.set(Some(Farewell { home: Some(home.clone()) }));
        LATER.set(Some(Farewell { home: Some(home) }));
    });
    println!("received {}", rx.into_iter().sum::<u32>());
    thread.join().expect("the leaver does not panic");
    EARLY.set(Some(Farewell { home: None }));
    LATER.set(Some(Farewell { home: None }));
}
