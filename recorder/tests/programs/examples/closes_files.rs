//! `closes_files PATH`: closes every file that it has not opened, as a daemon does, opens
//! PATH for itself many times over, and goes on using a channel.
//!
//! Prints `received N`; nothing is ever written to PATH.
#![allow(unsafe_code)]

use std::fs::File;

use instrumented::sync::mpsc;
use recorder_test_programs::argument;

const MESSAGES: u32 = 50_000;

fn main() {
    let path: String = argument(1, "PATH");
    let (tx, rx) = mpsc::named("numbers").channel();
    for number in 3..100 {
        // SAFETY: none of these files belongs to a value that this program still uses.
        unsafe { libc::close(number) };
    }
    let options = File::options().read(true).write(true).create(true).truncate(false).clone();
    let files: Vec<_> =
        (3..100).map(|_| options.open(&path).expect("PATH can be opened")).collect();
    for number in 0..MESSAGES {
        tx.send(number).expect("the receiver lives");
    }
    drop(tx);
    println!("received {}", rx.iter().count());
    assert!(files.iter().all(|file| file.metadata().is_ok_and(|metadata| metadata.len() == 0)));
}
