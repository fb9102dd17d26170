//! Runs one of the programs.
//!
//! `programs NAME [healed]` runs it once. Built with the feature `shuttle`,
//! `programs NAME SCHEDULER SEED ITERATIONS` prints the first of so many iterations that fails.

use std::env;

use exploring::programs::{self, Program};

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let program = arguments
        .first()
        .and_then(|name| programs::all().find(|program| program.name == *name))
        .expect("the first argument names a program");
    run(program, &arguments[1..]);
}

#[cfg(not(feature = "shuttle"))]
fn run(program: &Program, arguments: &[&str]) {
    (program.run)(arguments == ["healed"]);
}

#[cfg(feature = "shuttle")]
fn run(program: &'static Program, arguments: &[&str]) {
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};

    let &[scheduler, seed, iterations] = arguments else {
        panic!("usage: programs NAME SCHEDULER SEED ITERATIONS")
    };
    let seed = seed.parse().expect("a seed");
    let iterations = iterations.parse().expect("a number of iterations");
    let scheduler: Box<dyn Scheduler + Send> = match scheduler {
        "random" => Box::new(RandomScheduler::new_from_seed(seed, iterations)),
        "pct" => Box::new(PctScheduler::new_from_seed(seed, 3, iterations)),
        "urw" => Box::new(UrwRandomScheduler::new_from_seed(seed, iterations)),
        other => panic!("`{other}` is neither `random`, `pct` nor `urw`"),
    };
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    let iteration = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = iteration.clone();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(scheduler, config).run(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            (program.run)(false);
        });
    }));
    match result {
        Ok(()) => println!("none"),
        Err(_) => println!("{}", iteration.load(Ordering::Relaxed)),
    }
}
