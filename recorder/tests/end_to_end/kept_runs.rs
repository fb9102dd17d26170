//! Runs that are kept without `-o`, and commands that find them by name.

use std::fs;
use std::time::UNIX_EPOCH;

use crate::command::{Place, Ran, run};
use crate::programs::program;

/// Records a program that sends this number of messages.
fn count(place: &Place, messages: &str) -> Ran {
    run(place.recorder(&["record", program("count"), messages, "1"])).expect_status(0)
}

fn sent(place: &Place, name: &str) -> usize {
    run(place.recorder(&["export", "-q", name, "-o", "sent.txt"])).expect_status(0);
    place.text("sent.txt").sent()
}

#[test]
fn a_run_is_kept_outside_of_the_users_files() {
    let place = Place::new();
    let ran = count(&place, "3").expect_stdout("sent 3\nreceived 3\n");
    for extension in ["rec", "pftrace", "json"] {
        assert!(
            ran.stderr.contains(&format!("wrote target/recorder/count.{extension} (")),
            "{ran:#?}"
        );
    }
    assert_eq!(place.names(), ["target"]);
    assert_eq!(place.names_in("target/recorder"), ["count.json", "count.pftrace", "count.rec"]);
    // In a workspace, they are there from each of its folders.
    fs::write(place.path("Cargo.toml"), "[package]\nname = \"own\"\n").unwrap();
    fs::create_dir(place.path("src")).unwrap();
    fs::write(place.path("src/main.rs"), "fn main() {}").unwrap();
    let mut report = place.recorder(&["report", "count"]);
    report.current_dir(place.path("src")).env_remove("CARGO_TARGET_DIR");
    let report = run(report).expect_status(0);
    assert!(report.stdout.starts_with("no findings"), "{report:#?}");
}

#[test]
fn a_workspace_with_a_folder_traces_has_its_runs_there() {
    let place = Place::new();
    fs::create_dir_all(place.path("traces")).unwrap();
    fs::create_dir(place.path("src")).unwrap();
    fs::write(place.path("src/main.rs"), "fn main() {}").unwrap();
    fs::write(place.path("Cargo.toml"), "[package]\nname = \"own\"\n").unwrap();
    count(&place, "3").expect_stderr("wrote traces/count.rec (");
    assert_eq!(place.names_in("traces"), ["count.json", "count.pftrace", "count.rec"]);
    assert_eq!(sent(&place, "count"), 3);
}

#[test]
fn commands_take_the_name_of_a_run_or_the_newest() {
    let place = Place::new();
    count(&place, "3");
    run(place.recorder(&["record", program("exits"), "0"])).expect_status(0);
    fs::File::options()
        .append(true)
        .open(place.path("target/recorder/count.rec"))
        .unwrap()
        .set_modified(UNIX_EPOCH)
        .unwrap();
    assert_eq!(sent(&place, "count"), 3);
    let newest = run(place.recorder(&["show"])).expect_status(0);
    let named = run(place.recorder(&["show", "exits"])).expect_status(0);
    assert_eq!(newest.stdout, named.stdout);
    let other = run(place.recorder(&["show", "count"])).expect_status(0);
    assert_ne!(newest.stdout, other.stdout);

    // A folder or a program of this name is not meant, but a trace is: with the recording beside it.
    fs::create_dir(place.path("count")).unwrap();
    assert_eq!(sent(&place, "count"), 3);
    for trace in ["count.json", "count.pftrace"] {
        let trace = format!("target/recorder/{trace}");
        run(place.recorder(&["report", &trace]))
            .expect_status(0)
            .expect_stderr("reading target/recorder/count.rec");
    }
    run(place.recorder(&["report", "cuont"]))
        .expect_status(1)
        .expect_stderr("there is no file and no run \"cuont\"; did you mean \"count\"?")
        .expect_stderr("(runs in target/recorder: count, exits)");
}

#[test]
fn without_a_run_there_is_nothing_to_report() {
    let place = Place::new();
    for command in ["report", "show", "open", "diff"] {
        run(place.recorder(&[command]))
            .expect_status(1)
            .expect_stderr("there is no run in target/recorder; `recorder run NAME` makes one");
    }
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn the_last_two_runs_are_compared() {
    let place = Place::new();
    count(&place, "3");
    run(place.recorder(&["diff"])).expect_status(1).expect_stderr("there is only one run of count");
    count(&place, "5");
    count(&place, "7");
    for arguments in [&["diff"][..], &["diff", "count"], &["diff", "count.previous", "count"]] {
        let ran = run(place.recorder(arguments)).expect_status(0);
        let sent = ran.stdout.lines().find(|line| line.contains(" sent ")).unwrap();
        let numbers: Vec<_> = sent.split_whitespace().rev().take(4).collect();
        assert_eq!((numbers[3], numbers[2]), ("5", "7"), "{ran:#?}");
    }
    // A run that fails before it is written takes nothing away.
    run(place.recorder(&["record", "./count"])).expect_status(1);
    assert_eq!((sent(&place, "count.previous"), sent(&place, "count")), (5, 7));
}

#[test]
fn a_large_chrome_trace_is_written_only_on_request() {
    let place = Place::new();
    count(&place, "3");
    let large = count(&place, "200000").expect_stderr(
        "left out target/recorder/count.json, which would be larger than 20.0 MB; `recorder export \
         count -o target/recorder/count.json` writes it",
    );
    assert!(!large.stderr.contains("wrote target/recorder/count.json"), "{large:#?}");
    // Nor is that of the first run left beside the recording of the second.
    assert_eq!(
        place.names_in("target/recorder"),
        ["count.pftrace", "count.previous.rec", "count.rec"]
    );
    run(place.recorder(&["record", "-o", "count.json", program("count"), "200000", "1"]))
        .expect_status(0);
    assert!(place.bytes("count.json").len() > 20_000_000);
}

#[test]
fn a_process_that_goes_on_is_named() {
    let place = Place::new();
    let script = format!(
        "sleep 60 >/dev/null 2>&1 &\n\
         until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done\n\
         echo $!; exec {} 3 1",
        program("count")
    );
    let ran = run(place.recorder(&["record", "sh", "-c", &script])).expect_status(0);
    let pid = ran.stdout.lines().next().unwrap().to_owned();
    ran.expect_stderr(&format!("sleep goes on as process {pid}, and is no longer recorded"));
    let ran = count(&place, "3");
    assert!(!ran.stderr.contains("goes on"), "{ran:#?}");
}

#[test]
fn a_run_that_a_killed_recorder_has_left_is_named() {
    const DEAD: u64 = 1 << 22;
    let place = Place::new();
    let directory = place.path("temporary/recorder-left");
    fs::create_dir(&directory).unwrap();
    let words = [0, 0, 0, DEAD].map(u64::to_le_bytes).concat();
    fs::write(directory.join("control"), [words, vec![0; 4064]].concat()).unwrap();
    fs::write(directory.join("0.part"), vec![1; 1_000_000]).unwrap();
    let ran = count(&place, "3");
    assert!(!ran.stderr.contains("recorder-left"), "{ran:#?}");
    fs::write(directory.join("0.part"), vec![1; 110_000_000]).unwrap();
    count(&place, "3").expect_stderr("a recorder that was killed has left 110.0 MB in ");
}
