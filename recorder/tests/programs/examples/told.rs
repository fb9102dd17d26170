//! Does what the lines on stdin tell, and says `done` after each:
//!
//! - `open NAME` makes a channel, `pass NAME N` sends and receives N messages on it;
//! - `spin` passes messages on a channel `spin` for at least 5 ms;
//! - `pause`, `resume` and `keep` are the library's functions of these names;
//! - `abort` ends it, `limit BYTES` allows it so much more memory than it has, and `files`
//!   opens as many files as it may.
//!
//! The messages' values are checked.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead};
use std::process;
use std::time::{Duration, Instant};

use instrumented::recording;
use instrumented::sync::mpsc::{self, Receiver, Sender};
use recorder_test_programs::limit_memory;

type Ends = (Sender<u64>, Receiver<u64>);

fn main() -> io::Result<()> {
    let mut channels: HashMap<String, Ends> = HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["open", name] => {
                channels.insert(name.to_owned(), mpsc::named(name).channel());
            }
            ["pass", name, messages] => {
                let messages = messages.parse().expect("how many messages");
                pass(&channels[name], messages);
            }
            ["spin"] => {
                let spin = mpsc::named("spin").channel();
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(5) {
                    pass(&spin, 100);
                }
            }
            ["pause"] => recording::pause(),
            ["resume"] => recording::resume(),
            ["keep"] => recording::keep(),
            ["abort"] => process::abort(),
            ["files"] => {
                while let Ok(file) = File::open("/dev/null") {
                    std::mem::forget(file);
                }
            }
            ["limit", bytes] => limit_memory(bytes.parse().expect("how many bytes")),
            _ => panic!("nobody knows what {line:?} tells"),
        }
        println!("done");
    }
    Ok(())
}

fn pass((tx, rx): &Ends, messages: u64) {
    for number in 0..messages {
        tx.send(number).expect("the receiver lives");
        assert_eq!(rx.recv(), Ok(number));
    }
}
