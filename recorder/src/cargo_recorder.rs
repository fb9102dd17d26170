//! `cargo recorder COMMAND`: runs the `recorder` that was installed with it.
#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::{env, io};

fn main() -> ExitCode {
    let Err(error) = become_recorder();
    eprintln!("cargo-recorder: cannot run recorder: {error}");
    ExitCode::FAILURE
}

fn become_recorder() -> io::Result<Infallible> {
    let recorder = env::current_exe()?.with_file_name("recorder");
    // Cargo passes the name of the command as the first argument.
    let mut arguments = env::args_os().skip(1).peekable();
    arguments.next_if(|first| first == "recorder");
    Err(Command::new(recorder).args(arguments).exec())
}
