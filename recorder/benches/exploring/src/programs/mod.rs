//! Sick programs. Most have a bug that shows only in some orders of their threads.

mod applications;
mod atomics;
mod channels;
mod conditions;
mod endings;
mod locks;
mod once;
mod races;
mod stages;
mod stealing;
mod time;

/// A program.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    pub name: &'static str,
    pub origin: Origin,
    /// Runs it; with its fault removed if the argument is true.
    pub run: fn(bool),
    /// Whether it can run without its fault.
    pub has_healed_form: bool,
    /// Why shuttle cannot run it, or cannot find its bug.
    pub not_for_shuttle: Option<&'static str>,
}

/// Where the kind of a program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The kinds of the benchmarks that Thomson, Donaldson and Betts collected: *Concurrency Testing
    /// Using Schedule Bounding*, PPoPP 2014. The programs are written anew.
    Sctbench,
    /// What goes wrong with channels, locks and threads of std.
    Rust,
    /// The bug is in the order of accesses to atomics, which `recorder explore` does not control.
    Atomics,
}

impl Origin {
    pub const ALL: [Origin; 3] = [Origin::Sctbench, Origin::Rust, Origin::Atomics];
}

impl Program {
    const fn new(name: &'static str, origin: Origin, run: fn(bool)) -> Self {
        Program { name, origin, run, has_healed_form: false, not_for_shuttle: None }
    }

    const fn sctbench(name: &'static str, run: fn(bool)) -> Self {
        Program::new(name, Origin::Sctbench, run)
    }

    const fn rust(name: &'static str, run: fn(bool)) -> Self {
        Program::new(name, Origin::Rust, run)
    }

    const fn with_healed_form(self) -> Self {
        Program { has_healed_form: true, ..self }
    }

    const fn not_for_shuttle(self, reason: &'static str) -> Self {
        Program { not_for_shuttle: Some(reason), ..self }
    }
}

/// All programs.
pub fn all() -> impl Iterator<Item = &'static Program> {
    let groups: [&'static [Program]; 11] = [
        races::PROGRAMS,
        locks::PROGRAMS,
        stages::PROGRAMS,
        stealing::PROGRAMS,
        applications::PROGRAMS,
        conditions::PROGRAMS,
        channels::PROGRAMS,
        endings::PROGRAMS,
        once::PROGRAMS,
        time::PROGRAMS,
        atomics::PROGRAMS,
    ];
    groups.into_iter().flatten()
}
