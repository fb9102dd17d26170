//! Wrong usage: status 2, and what would be right.

use crate::command::{Place, run};

#[test]
fn nothing_to_do() {
    for arguments in [&[][..], &["record"], &["record", "--"], &["run"], &["export", "x.rec"]] {
        let place = Place::new();
        let ran = run(place.recorder(arguments)).expect_status(2).expect_stdout("");
        assert!(ran.stderr.contains("Usage: recorder"), "{arguments:?}: {ran:#?}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn an_ending_that_says_nothing() {
    for name in ["x.xml", "x", ".json", "x.rec.gz"] {
        let place = Place::new();
        let ran = run(place.recorder(&["record", "-o", name, "--", "touch", "ran"]));
        let mut ran = ran.expect_status(2);
        for ending in [".json", ".pftrace", ".svg", ".mmd", ".rec", ".txt"] {
            ran = ran.expect_stderr(ending);
        }
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn a_timeout_that_is_none() {
    let place = Place::new();
    let arguments = ["record", "--timeout", "soon", "--", "touch", "ran"];
    run(place.recorder(&arguments)).expect_status(2).expect_stderr("soon");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn help_has_the_exit_statuses() {
    let ran = run(Place::new().recorder(&["--help"])).expect_status(0);
    for part in ["list", "run", "record", "export", "128 + N", "124"] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
}
