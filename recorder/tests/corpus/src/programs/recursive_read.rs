//! A thread reads a lock twice on one stack. Between the two a writer has come, which lets no reader in.
//!
//! With the argument `healed`: it reads it once at a time.
//!
//! After <https://github.com/zubanls/zuban/issues/314>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use std::time::Duration;

use instrumented::sync::{Arc, RwLock};
use instrumented::thread;

struct Workspaces(RwLock<Vec<String>>);

impl Workspaces {
    fn longest(&self) -> usize {
        self.0.read().unwrap().iter().map(String::len).max().unwrap_or(0) // HERE
    }

    fn print(&self, healed: bool) {
        let longest = if healed { self.longest() } else { 0 };
        let all = self.0.read().unwrap(); // HERE
        thread::sleep(Duration::from_millis(100));
        let longest = if healed { longest } else { self.longest() };
        for one in &*all {
            println!("{one:longest$}");
        }
    }
}

pub(crate) fn main() {
    let healed = std::env::args().any(|arg| arg == "healed");
    let all = Arc::new(Workspaces(RwLock::new(vec!["a".to_owned(), "bc".to_owned()])));
    let shared = all.clone();
    let printer = thread::spawn(move || shared.print(healed));
    thread::sleep(Duration::from_millis(50));
    all.0.write().unwrap().push("def".to_owned()); // HERE
    printer.join().unwrap();
}
