//! `panics_everywhere [hook] [abort]`: panics in the main thread, in one that std has made, in
//! a scoped one, within a panic's unwinding, and with what is no text; catches them all.
//!
//! With `hook` the program has a hook of its own before all that, which prints `hooked`. With
//! `abort` it panics once more where nothing may unwind. Prints `done` before that.

use std::env;
use std::panic::{self, catch_unwind, panic_any};

use instrumented::sync::mpsc;
use instrumented::thread;

fn main() {
    let told = |word: &str| env::args().any(|argument| argument == word);
    if told("hook") {
        panic::set_hook(Box::new(|panic| {
            eprintln!("hooked {:?}", panic.payload_as_str());
        }));
    }
    // Makes it be recorded.
    let (_tx, _rx) = mpsc::channel::<()>();
    assert!(catch_unwind(|| panic!("in main")).is_err());
    let number = 7;
    assert!(std::thread::spawn(move || panic!("formatted {number}")).join().is_err());
    assert!(catch_unwind(|| thread::scope(|scope| _ = scope.spawn(|| panic!("scoped")))).is_err());
    assert!(
        catch_unwind(|| {
            let _last = LastWords;
            panic!("outer");
        })
        .is_err()
    );
    assert!(catch_unwind(|| panic_any(5)).is_err());
    println!("done");
    if told("abort") {
        cannot_unwind();
    }
}

struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        assert!(catch_unwind(|| panic!("inner")).is_err());
    }
}

extern "C" fn cannot_unwind() {
    panic!("the last");
}
