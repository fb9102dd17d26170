//! Moves one message, writes `err` to stderr, and copies stdin to stdout.

use std::io::{self, Write};

use instrumented::sync::mpsc;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::channel();
    tx.send("err").expect("rx lives");
    eprintln!("{}", rx.recv().expect("it was sent"));
    let mut stdout = io::stdout().lock();
    io::copy(&mut io::stdin().lock(), &mut stdout)?;
    stdout.flush()
}
