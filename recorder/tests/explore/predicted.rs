use serde_json::Value;

use crate::command::{Place, run};
use crate::programs::program;

/// The predictions from the run of `could_hang` in which each thread goes on for as long as it can,
/// after `explore --confirm` has tried them.
fn confirm(place: &Place, way: &str) -> Value {
    let program = program("could_hang");
    let first = ["explore", "--schedules", "1", "--", program, way];
    run(place.recorder(&first)).expect_status(0);
    let confirm = ["explore", "--confirm", "could_hang-ok-1", "--for", "60s", "--json"];
    let ran = run(place.recorder(&confirm)).expect_status(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn what_is_predicted_from_a_good_run_is_confirmed() {
    let with_locks =
        ["locks", "reads", "philosophers", "round_table", "joins", "receives", "sends"];
    for way in
        with_locks.into_iter().chain(["notifies", "exchanges", "starts", "results", "retries"])
    {
        let place = Place::new();
        let found = confirm(&place, way);
        let predictions = found["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), 1, "{way}: {found:#}");
        assert_eq!(predictions[0]["confirmed"], true, "{way}: {found:#}");
        assert_eq!(predictions[0]["run"], "could_hang-hang-1", "{way}: {found:#}");
        // Steered, and not by chance.
        assert_eq!(found["schedules"], 2, "{way}: {found:#}");
        let replayed = run(place.recorder(&["replay", "could_hang-hang-1"])).expect_status(0);
        let happened = "the same happened as in could_hang-hang-1";
        assert!(replayed.stderr.contains(happened), "{way}: {replayed:#?}");
    }
}

#[test]
fn what_is_predicted_from_a_recorded_run_is_confirmed() {
    let (place, program) = (Place::new(), program("could_hang"));
    let record = ["record", "--on-deadlock", "kill", "-o", "run.rec", "--", program, "pauses"];
    // On a busy machine it may hang at once.
    let ended_well = (0..20).any(|_| run(place.recorder(&record)).status.success());
    assert!(ended_well, "it hangs again and again");
    let ran = run(place.recorder(&["report", "run.rec"])).expect_status(0);
    let report = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let source = "recorder/tests/programs/examples/could_hang.rs";
    let lines = include_str!("../programs/examples/could_hang.rs").lines();
    let line = |mark: &str| 1 + lines.clone().position(|it| it.ends_with(mark)).unwrap();
    let (main, worker) = (line("// MAIN SENDS"), line("// WORKER SENDS"));
    for part in [
        &format!("possible-deadlock: main sends on \"jobs\" ({source}:{main}), which is full then"),
        &format!("worker sends on \"reports\" ({source}:{worker}), which is full then"),
        &format!("it happens if client fills \"jobs\" before main sends on it at {source}:{main}"),
    ] {
        assert!(report.contains(part.as_str()), "{part}: {report}");
    }
    let confirm = ["explore", "--confirm", "run.rec", "--fail-on", "hang", "--", program, "pauses"];
    let ran = run(place.recorder(&confirm)).expect_status(1);
    assert!(
        ran.stdout.contains("1 of 1 possible deadlock from run confirmed, in 2 schedules"),
        "{ran:#?}"
    );
}

#[test]
fn nothing_is_predicted_if_no_order_hangs() {
    let with_locks = ["guarded", "shared", "messages", "joined", "answered"];
    let with_channels = ["roomy", "drained", "helped", "tried", "replies"];
    for way in with_locks.into_iter().chain(with_channels) {
        let found = confirm(&Place::new(), way);
        assert_eq!(found["predictions"], Value::Array(Vec::new()), "{way}: {found:#}");
        assert_eq!(found["schedules"], 0, "{way}: {found:#}");
    }
}

#[test]
fn a_prediction_is_a_note_that_can_be_switched_off() {
    let place = Place::new();
    let found = confirm(&place, "locks");
    let what = found["predictions"][0]["what"].as_str().unwrap();
    for part in ["main locks ", "; clerk locks ", " and then "] {
        assert!(what.contains(part), "{what}");
    }
    let report = |options: &[&str]| {
        let command = [&["report", "could_hang-ok-1"], options].concat();
        run(place.recorder(&command))
    };
    let ran = report(&[]).expect_status(0);
    assert!(ran.stdout.contains("possible-deadlock, possible"), "{ran:#?}");
    let ran = report(&["--no-predictions"]).expect_status(0);
    assert!(!ran.stdout.contains("possible-deadlock"), "{ran:#?}");
    report(&["--fail-on", "any"]).expect_status(0);
    report(&["--fail-on", "possible-deadlock"]).expect_status(1);
    // The run that hung has the certain finding, and no other word for it.
    let ran = run(place.recorder(&["report", "could_hang-hang-1"])).expect_status(0);
    assert!(ran.stdout.contains("deadlock, certain"), "{ran:#?}");
    assert!(!ran.stdout.contains("possible-deadlock"), "{ran:#?}");
}

#[test]
fn what_is_not_confirmed_stays_possible() {
    let place = Place::new();
    confirm(&place, "locks");
    let (program, options) = (program("could_hang"), ["--schedules", "20", "--fail-on", "hang"]);
    let command = |way| {
        let start = ["explore", "--confirm", "could_hang-ok-1"];
        run(place.recorder(&[&start[..], &options, &["--", program, way]].concat()))
    };
    // Another way, in which nothing hangs.
    let ran = command("guarded").expect_status(0);
    assert!(ran.stdout.contains("0 of 1 possible deadlock"), "{ran:#?}");
    assert!(ran.stdout.contains("not confirmed in 20 schedules: it stays possible"), "{ran:#?}");
    command("locks").expect_status(1);
}
