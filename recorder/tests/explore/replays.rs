use crate::command::{Place, run};
use crate::explore;
use crate::programs::program;

/// A place in which the deadlock of `schedules locks` was found.
fn with_deadlock() -> Place {
    let place = Place::new();
    explore(&place, &["--schedules", "100"], "locks").expect_status(0);
    place
}

#[test]
fn a_deadlock_happens_again_each_time() {
    let place = with_deadlock();
    for _ in 0..20 {
        let ran = run(place.recorder(&["replay", "schedules-hang-1"])).expect_status(0);
        let ran = ran.expect_stderr("the same happened as in schedules-hang-1, in");
        ran.expect_stderr("deadlock: ");
    }
}

#[test]
fn what_the_program_prints_is_shown() {
    let place = with_deadlock();
    run(place.recorder(&["replay", "schedules-ok-1"])).expect_status(0).expect_stdout("7\n");
}

#[test]
fn another_command_can_start_the_program() {
    let place = with_deadlock();
    let shell = format!("echo start; exec {} locks", program("schedules"));
    let command = ["replay", "schedules-ok-1", "--", "sh", "-c", &shell];
    let ran = run(place.recorder(&command)).expect_status(0).expect_stdout("start\n7\n");
    ran.expect_stderr("the same happened as in schedules-ok-1");
}

#[test]
fn the_first_difference_of_a_changed_program_is_named() {
    let place = with_deadlock();
    let command = ["replay", "schedules-ok-1", "--", program("schedules"), "locks", "changed"];
    let ran = run(place.recorder(&command)).expect_status(1);
    let ran = ran.expect_stderr("not as in schedules-ok-1: at operation ");
    let lock = |words| format!("\"Mutex<i32> @ schedules.rs:{}\"", line(words));
    let at = format!("at recorder/tests/programs/examples/schedules.rs:{}", line("last.lock()"));
    let (stock, ledger) = (lock("let stock = Arc::new"), lock("let ledger = Arc::new"));
    ran.expect_stderr(&format!("main was to lock {stock} {at}; it locks {ledger} {at}"));
}

/// The line of the program `schedules` that contains these words.
fn line(words: &str) -> usize {
    let source = include_str!("../programs/examples/schedules.rs");
    1 + source.lines().position(|line| line.contains(words)).unwrap()
}

#[test]
fn an_ordinary_run_happens_again_as_far_as_its_recording_determines_it() {
    let place = Place::new();
    let command = [program("schedules"), "outputs"];
    for _ in 0..10 {
        let ran = run(place.recorder(&[&["record"][..], &command].concat())).expect_status(0);
        let printed = ran.stdout;
        let ran = run(place.recorder(&[&["replay", "schedules", "--"][..], &command].concat()));
        let ran = ran.expect_status(0).expect_stdout(&printed);
        ran.expect_stderr("the same happened as in schedules, in ");
    }
    let ran = run(place.recorder(&["replay", "schedules-replayed"])).expect_status(0);
    ran.expect_stderr("the same happened as in schedules-replayed, in ");
    run(place.recorder(&["replay", "schedules-replayed", "--shrink"])).expect_status(0);
}

#[test]
fn the_first_difference_from_an_ordinary_run_is_named() {
    let place = Place::new();
    run(place.recorder(&["record", program("schedules"), "healthy"])).expect_status(0);
    let command = ["replay", "schedules", "--", program("schedules"), "outputs"];
    let ran = run(place.recorder(&command)).expect_status(1);
    ran.expect_stderr("not as in schedules: at operation ");
}

#[test]
fn a_recording_does_not_say_how_to_start_its_program() {
    let place = Place::new();
    run(place.recorder(&["record", program("schedules"), "healthy"])).expect_status(0);
    let ran = run(place.recorder(&["replay", "schedules"])).expect_status(2);
    ran.expect_stderr("`recorder replay schedules -- COMMAND` starts it");
    let ran = run(place.recorder(&["replay", "schedules", "--shrink"])).expect_status(2);
    ran.expect_stderr("was not recorded by `recorder explore`");
}

#[test]
fn a_shrunk_schedule_has_only_the_switches_that_matter() {
    let place = Place::new();
    explore(&place, &["--schedules", "100", "--strategy", "random"], "locks").expect_status(0);
    let ran = run(place.recorder(&["replay", "schedules-hang-1", "--shrink"])).expect_status(0);
    // The buyer must go on while main holds the ledger, and main waits for the stock by itself.
    let marked: Vec<_> = ran.stdout.lines().filter(|line| line.contains('▶')).collect();
    assert!(matches!(marked[..], [line] if line.contains("buyer")), "{ran:#?}");
    assert!(ran.stdout.lines().count() <= 20, "{ran:#?}");
    let ran = ran.expect_stderr("1 switch of ").expect_stderr("kept as schedules-hang-1-shrunk");
    let name = "schedules-hang-1-shrunk";
    assert!(ran.stdout.starts_with("deadlock: "), "{ran:#?}");
    run(place.recorder(&["replay", name])).expect_status(0).expect_stderr("deadlock: ");
    run(place.recorder(&["report", name])).expect_status(0).expect_no_damage();
}
