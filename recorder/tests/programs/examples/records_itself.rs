//! `records_itself PATH`: records itself into that file.
//!
//! One thread sends 10 messages and receives 7 of them through the channel `own`. Prints
//! `done`. If the recording cannot start it says so on stderr and ends with status 3.

use std::path::PathBuf;
use std::process::ExitCode;

use instrumented::recording;
use instrumented::sync::mpsc;
use recorder_test_programs::argument;

fn main() -> ExitCode {
    let path: PathBuf = argument(1, "PATH");
    if let Err(error) = recording::start(&path) {
        eprintln!("cannot record into {}: {error}", path.display());
        return ExitCode::from(3);
    }
    let (tx, rx) = mpsc::named("own").channel();
    (0..10).for_each(|number| tx.send(number).expect("rx lives"));
    assert_eq!(rx.iter().take(7).count(), 7);
    println!("done");
    ExitCode::SUCCESS
}
