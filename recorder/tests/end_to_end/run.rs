//! `recorder list` and `recorder run`, in this workspace and in a user's project.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};

use crate::command::{Place, run};
use crate::programs::{target, workspace};

/// `recorder ARGUMENTS` in this workspace, with the target directory of the tests.
fn recorder_here(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.recorder(arguments);
    command.current_dir(workspace()).env("CARGO_TARGET_DIR", target());
    command
}

#[test]
fn list_shows_the_examples_and_nothing_hidden() {
    let place = Place::new();
    let ran = run(recorder_here(&place, &["list"])).expect_status(0);
    let listed: BTreeMap<_, _> = ran
        .stdout
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, summary)| (name.to_owned(), summary.trim_start().to_owned()))
        .collect();

    let examples = fs::read_dir(workspace().join("examples/src/bin")).unwrap();
    let expected: BTreeMap<_, _> = examples
        .map(|entry| {
            let path = entry.unwrap().path();
            let source = fs::read_to_string(&path).unwrap();
            let summary = source.lines().next().unwrap().strip_prefix("//! ").unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            (name.to_owned(), summary.to_owned())
        })
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(listed, expected);
    // Not in alphabetical order, but in that of their package.
    let mut names = ran.stdout.lines().map(|line| line.split(' ').next().unwrap());
    assert_eq!(names.next(), Some("two_workers"));
    assert_eq!(names.next(), Some("hello_channel"));
    assert_eq!(names.next_back(), Some("with_tracing"));
    assert_eq!(ran.stderr, "");
}

#[test]
fn an_example_is_built_and_recorded() {
    let place = Place::new();
    let output = place.path("hello.json");
    let ran = run(recorder_here(&place, &["run", "hello_channel", "-o", output.to_str().unwrap()]));
    let ran = ran.expect_status(0).expect_no_damage();
    assert!(!ran.stdout.is_empty());
    // The output of Cargo is not that of the program.
    assert!(!ran.stdout.contains("Finished"), "{ran:#?}");
    let ran = ran.expect_stderr("1 channel, 1 message sent, 1 received");
    ran.expect_stderr(&format!("wrote {}", output.display()));
    assert_eq!(place.names(), ["hello.json"]);
    assert!(place.json("hello.json").iter().any(|event| event["args"]["name"] == "hello_channel"));
}

#[test]
fn arguments_after_two_dashes_are_passed_to_the_program() {
    let place = Place::new();
    let output = place.path("count.txt");
    // It is hidden, but can be run.
    let arguments = ["run", "count", "-o", output.to_str().unwrap(), "--", "5", "2"];
    run(recorder_here(&place, &arguments)).expect_status(0).expect_stdout("sent 10\nreceived 10\n");
    assert_eq!(place.text("count.txt").sent(), 10);
}

#[test]
fn a_similar_name_is_suggested_for_a_wrong_one() {
    let place = Place::new();
    run(recorder_here(&place, &["run", "pipelin"]))
        .expect_status(2)
        .expect_stdout("")
        .expect_stderr("\"pipelin\"; did you mean \"pipeline\"?")
        .expect_stderr("\nhello_channel  ");
    let ran = run(recorder_here(&place, &["run", "xyz"])).expect_status(2);
    assert!(!ran.stderr.contains("did you mean"), "{ran:#?}");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn cargo_runs_the_recorder_as_a_command_of_its_own() {
    let place = Place::new();
    let directory = Path::new(env!("CARGO_BIN_EXE_cargo-recorder")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = [directory.to_owned()].into_iter().chain(env::split_paths(&path));
    let path = env::join_paths(path).unwrap();
    for arguments in [&["list", "--json"][..], &["run", "pipelin"]] {
        let expected = run(recorder_here(&place, arguments));
        let mut cargo = place.command("cargo");
        cargo.arg("recorder").args(arguments).current_dir(workspace()).env("PATH", &path);
        let ran = run(cargo).expect_status(expected.status.code().unwrap());
        assert_eq!((ran.stdout, ran.stderr), (expected.stdout, expected.stderr));
    }
}

#[test]
fn no_workspace() {
    let place = Place::new();
    for arguments in [&["list"][..], &["run", "pipeline"]] {
        run(place.recorder(arguments))
            .expect_status(1)
            .expect_stderr("recorder: cannot read a Cargo workspace here");
    }
    assert_eq!(place.names(), [""; 0]);
}

/// A project that depends on `instrumented` by its path, with a binary and an example.
fn own_project() -> Place {
    let place = Place::new();
    let manifest = format!(
        "[package]\nname = \"own\"\nedition = \"2024\"\n\n[dependencies]\n\
         instrumented = {{ package = \"chanscope-instrumented\", path = {:?} }}\n\n[workspace]\n",
        workspace().join("instrumented")
    );
    let program = |doc: &str| {
        format!(
            "//! {doc}\nuse instrumented::sync::mpsc;\n\nfn main() {{\n    \
             let (tx, rx) = mpsc::named(\"parcels\").channel();\n    \
             for argument in std::env::args().skip(1) {{ tx.send(argument).unwrap(); }}\n    \
             drop(tx);\n    for parcel in rx {{ println!(\"{{parcel}}\"); }}\n}}\n"
        )
    };
    for directory in ["src", "examples"] {
        fs::create_dir(place.path(directory)).unwrap();
    }
    fs::write(place.path("Cargo.toml"), manifest).unwrap();
    fs::write(place.path("src/main.rs"), program("Delivers its arguments.")).unwrap();
    fs::write(place.path("examples/shown.rs"), program("An example.")).unwrap();
    fs::copy(workspace().join("Cargo.lock"), place.path("Cargo.lock")).unwrap();
    place
}

#[test]
fn a_users_project() {
    let place = own_project();
    let recorder = |arguments: &[&str]| {
        let mut command = place.recorder(arguments);
        // Dependencies are built once, not for every run of this test.
        command
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", target().join("tmp/own-project"));
        run(command)
    };
    recorder(&["list"])
        .expect_status(0)
        .expect_stdout("own    Delivers its arguments.\nshown  An example.\n");
    let listed = recorder(&["list", "--json"]).expect_status(0).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let listing = |name: &str, kind: &str, source: &str, summary: &str| {
        let source = place.path("").canonicalize().unwrap().join(source);
        json!({"name": name, "kind": kind, "package": "own", "source": source, "summary": summary})
    };
    assert_eq!(
        listed,
        json!([
            listing("own", "bin", "src/main.rs", "Delivers its arguments."),
            listing("shown", "example", "examples/shown.rs", "An example."),
        ])
    );

    recorder(&["run", "own", "--", "one", "two", "--three"])
        .expect_status(0)
        .expect_stdout("one\ntwo\n--three\n")
        .expect_no_damage()
        .expect_stderr("1 channel, 3 messages sent, 3 received")
        .expect_stderr("to look at it, run `recorder view own` (browser)");
    recorder(&["run", "shown", "-o", "shown.txt", "--", "four"]).expect_status(0);

    recorder(&["export", "own", "-o", "own.json"]).expect_status(0);
    let trace = place.json("own.json");
    assert!(trace.iter().any(|event| event["name"] == "send parcels"));
    assert_eq!(place.text("shown.txt").sent(), 1);
}

#[test]
fn a_program_that_cannot_be_built() {
    let place = own_project();
    fs::write(place.path("examples/shown.rs"), "//! Broken.\nfn main() { wrong }\n").unwrap();
    let mut command = place.recorder(&["run", "shown", "-o", "x.json"]);
    command
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TARGET_DIR", target().join("tmp/own-project"));
    run(command)
        .expect_status(1)
        .expect_stderr("cannot find value `wrong`")
        .expect_stderr("recorder: cannot build shown; see the messages of cargo above");
    assert!(!place.names().iter().any(|name| name == "x.json" || name.starts_with('.')));
}
