use rustix::process::Signal;
use serde_json::Value;

use crate::command::{Place, Running, run};
use crate::programs::program;
use crate::{explore, explore_json, kinds};

#[test]
fn a_healthy_program_has_one_outcome() {
    let place = Place::new();
    let ran = explore(&place, &["--schedules", "100", "--fail-on", "any"], "healthy");
    let ran = ran.expect_status(0).expect_no_damage();
    assert!(ran.stdout.contains("100×  ended with status 0\n"), "{ran:#?}");
    assert!(ran.stdout.contains("No other outcome was found"), "{ran:#?}");
    let found = explore_json(&place, &["--schedules", "100"], "healthy");
    assert_eq!(kinds(&found), ["ok"]);
    let outcome = &found["outcomes"][0];
    assert_eq!(outcome["runs"], 100);
    assert_eq!(outcome["stdout"], "99\n");
    assert_eq!(found["threads"], 4);
    assert_eq!(found["uncontrolled"], 0);
    assert!(found["orders"].as_u64() > Some(10), "{found:#}");
    assert_eq!(
        place.names_in("target/recorder"),
        ["schedules-ok-1.rec", "schedules-ok-1.schedule"]
    );
}

#[test]
fn each_way_to_go_wrong_is_found() {
    for (way, kind, title) in [
        ("locks", "hang", "deadlock: "),
        ("loses", "loss", "lost-messages: "),
        ("panics", "panic", "panic: user panicked"),
        ("fails", "failure", "ended with status 3"),
        ("hides", "panic", "panic: main panicked at"),
    ] {
        let place = Place::new();
        let options = ["--schedules", "200", "--json", "--fail-on", kind];
        let ran = explore(&place, &options, way).expect_status(1);
        let ran = ran.expect_stderr(&format!("the outcome {kind}"));
        let found: Value = serde_json::from_str(&ran.stdout).unwrap();
        let outcomes = found["outcomes"].as_array().unwrap();
        let is_it =
            |it: &&Value| it["kind"] == kind && it["title"].as_str().unwrap().starts_with(title);
        let outcome = outcomes.iter().find(is_it);
        let outcome = outcome.unwrap_or_else(|| panic!("{way}: {found:#}"));
        assert!(kinds(&found).contains(&"ok"), "{way}: {found:#}");
        let name = outcome["shortest"]["run"].as_str().unwrap();
        assert!(name.starts_with(&format!("schedules-{kind}-")), "{way}: {name}");
        run(place.recorder(&["report", name])).expect_status(0).expect_no_damage();
    }
}

#[test]
fn outcomes_that_are_not_named_do_not_fail_the_command() {
    let options = ["--schedules", "200", "--fail-on", "hang,panic,failure,endless"];
    let ran = explore(&Place::new(), &options, "loses").expect_status(0);
    assert!(ran.stdout.contains("loss "), "{ran:#?}");
}

#[test]
fn a_run_that_goes_on_is_ended_after_its_steps() {
    let place = Place::new();
    let options = ["--schedules", "3", "--max-steps", "500"];
    let found = explore_json(&place, &options, "endless");
    assert_eq!(kinds(&found), ["endless"]);
    assert_eq!(found["outcomes"][0]["runs"], 3);
}

#[test]
fn threads_that_nobody_controls_are_noticed() {
    let found = explore_json(&Place::new(), &["--schedules", "20"], "foreign");
    assert_eq!(kinds(&found), ["ok"]);
    assert_eq!(found["uncontrolled"], found["schedules"], "{found:#}");
    for way in ["healthy", "announces"] {
        let found = explore_json(&Place::new(), &["--schedules", "20"], way);
        assert_eq!(kinds(&found), ["ok"]);
        assert_eq!(found["uncontrolled"], 0, "{found:#}");
    }
}

#[test]
fn time_is_real_while_an_unseen_thread_waits_for_a_time() {
    let place = Place::new();
    let found = explore_json(&place, &["--schedules", "10"], "sleeps");
    assert_eq!(kinds(&found), ["ok"], "{found:#}");
    let found = explore_json(&place, &["--schedules", "5", "--max-steps", "5000"], "polls");
    assert_eq!(kinds(&found), ["ok"], "{found:#}");
}

#[test]
fn an_hour_is_explored_at_once_while_an_unseen_thread_waits_for_others() {
    let found = explore_json(&Place::new(), &["--schedules", "10"], "reads");
    assert_eq!(kinds(&found), ["ok"], "{found:#}");
}

#[test]
fn a_program_that_waits_in_loops_comes_to_its_end() {
    let options = ["--schedules", "1", "--timeout", "40s"];
    let found = explore_json(&Place::new(), &options, "spins");
    assert_eq!(kinds(&found), ["ok"], "{found:#}");
}

#[test]
fn outputs_of_runs_that_end_well_are_told_apart() {
    let place = Place::new();
    let found = explore_json(&place, &["--schedules", "100"], "outputs");
    let outcomes = found["outcomes"].as_array().unwrap();
    let mut titles: Vec<_> = outcomes.iter().map(|it| it["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    let title = |line| format!("ended with status 0; prints {line:?}");
    assert_eq!(titles, [title("one two"), title("two one")]);
    let runs: u64 = outcomes.iter().map(|it| it["runs"].as_u64().unwrap()).sum();
    assert_eq!(runs, 100);
}

#[test]
fn a_seed_gives_the_same_runs_again() {
    let place = Place::new();
    let explore = |seed| {
        let options = ["--schedules", "60", "--jobs", "1", "--seed", seed];
        let mut found = explore_json(&place, &options, "locks");
        found["seconds"] = Value::Null;
        found
    };
    let first = explore("0");
    assert_eq!(explore("0"), first);
    assert_ne!(explore("1"), first);
}

#[test]
fn runs_of_the_last_exploration_are_replaced() {
    let place = Place::new();
    explore(&place, &["--schedules", "200"], "locks").expect_status(0);
    assert!(place.names_in("target/recorder").contains(&"schedules-hang-1.rec".to_owned()));
    explore(&place, &["--schedules", "10"], "healthy").expect_status(0);
    assert_eq!(
        place.names_in("target/recorder"),
        ["schedules-ok-1.rec", "schedules-ok-1.schedule"]
    );
}

#[test]
fn ctrl_c_ends_the_exploration_with_its_table() {
    let place = Place::new();
    let command =
        ["explore", "-v", "--for", "1h", "--schedules", "1M", "--", program("schedules"), "fails"];
    let mut running = Running::start(place.recorder(&command));
    // The first run is over.
    while !running.next_error_line().contains("collected") {}
    running.signal(Signal::INT);
    let ran = running.finish().expect_status(0);
    assert!(ran.stdout.contains(", interrupted)"), "{ran:#?}");
    assert!(ran.stdout.contains("ended with status"), "{ran:#?}");
    assert_eq!(place.names_in("temporary"), [""; 0]);
}

#[test]
fn programs_without_channels_or_threads_are_not_explored() {
    let place = Place::new();
    let ran = run(place.recorder(&["explore", "--", "true"]));
    ran.expect_status(1).expect_stderr("so its schedule cannot be controlled");
    let ran = run(place.recorder(&["explore", "--", "./not-there"]));
    ran.expect_status(1).expect_stderr("no such program");
    let ran = run(place.recorder(&["explore", "--fail-on", "dead", "--", "true"]));
    ran.expect_status(2).expect_stderr("no outcome is called \"dead\"");
}

#[test]
fn a_program_whose_allocator_takes_a_recorded_lock_is_not_controlled() {
    let place = Place::new();
    let command =
        ["explore", "--schedules", "3", "--json", "--", program("locks_in_allocator"), "3"];
    let ran = run(place.recorder(&command)).expect_status(0);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(kinds(&found), ["ok"], "{found:#}");
    assert_eq!(found["uncontrolled"], found["schedules"], "{found:#}");
}
