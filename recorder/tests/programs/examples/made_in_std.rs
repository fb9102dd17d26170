//! Has the standard library make locks and channels, and uses them. Each is used first in a line
//! that ends with its name in the test.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::iter::repeat_with;

use instrumented::sync::{Arc, Mutex, mpsc};

fn main() {
    let default = Arc::<Mutex<u8>>::default();
    let mapped: Vec<_> = [1_u16, 2].map(Mutex::new).into();
    let channels: Vec<_> = repeat_with(mpsc::channel::<u32>).take(2).collect();
    *default.lock().unwrap() = 1; // default
    for lock in &mapped {
        *lock.lock().unwrap() += 1; // mapped
    }
    for (sender, receiver) in &channels {
        sender.send(1).unwrap(); // channels
        assert_eq!(receiver.recv(), Ok(1));
    }
}
