//! Runs a program of the corpus: the one that the first argument names. Without one it lists all.
//!
//! They are one executable, which is compiled faster than one for each.

use std::env;
use std::process;

use programs::PROGRAMS;

mod programs;

fn main() {
    let Some(wanted) = env::args().nth(1) else {
        PROGRAMS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    match PROGRAMS.iter().find(|(name, _)| *name == wanted) {
        Some((_, main)) => main(),
        None => {
            eprintln!("there is no program {wanted}");
            process::exit(2);
        }
    }
}
