//! Commands of Cargo: `recorder record -- cargo test` and others.

use crate::command::run;
use crate::project::{PROGRAM, Project, Recording};

/// The body of a test or benchmark, with `NAME` for the names of its thread and lines.
const BODY: &str = r#"
    let (tx, rx) = std::sync::mpsc::channel(); // NAME: channel
    let sender = std::thread::Builder::new().name("NAME".to_owned());
    let sender = sender.spawn(move || tx.send("NAME").unwrap()).unwrap(); // NAME: send
    assert_eq!(rx.recv(), Ok("NAME")); // NAME: receive
    sender.join().unwrap();
"#;

fn test(name: &str) -> String {
    format!("#[test]\nfn {name}() {{{}}}\n", BODY.replace("NAME", name))
}

/// A workspace with every kind of test in two packages.
fn tested() -> Project {
    let mut project = Project::new();
    let package = |name: &str, edition: &str| {
        format!(
            "[package]\nname = {name:?}\nedition = {edition:?}\n\
             [[bench]]\nname = \"speed_of_{name}\"\nharness = false\n"
        )
    };
    project
        .write("Cargo.toml", &(package("first", "2021") + "[workspace]\nmembers = [\"second\"]\n"));
    project.write("second/Cargo.toml", &package("second", "2024"));
    for (name, directory) in [("first", ""), ("second", "second/")] {
        let doc = BODY.replace("NAME", &format!("doc_{name}")).replace("\n    ", "\n/// ");
        let library = format!(
            "/// Is documented.\n///\n/// ```{doc}/// ```\npub fn documented() {{}}\n\n\
             #[cfg(test)]\n{}",
            test(&format!("unit_{name}"))
        );
        project.write(&format!("{directory}src/lib.rs"), &library);
        let integration = test(&format!("integration_{name}"));
        project.write(&format!("{directory}tests/all.rs"), &integration);
        let bench = format!("fn main() {{{}}}\n", BODY.replace("NAME", &format!("bench_{name}")));
        project.write(&format!("{directory}benches/speed_of_{name}.rs"), &bench);
    }
    project
}

/// Asserts that the test `name` was recorded from this file.
#[track_caller]
fn expect(recording: &Recording<'_>, path: &str, name: &str) {
    recording.expect("ChannelCreated", path, &format!("{name}: channel"));
    recording.expect("Send", path, &format!("{name}: send"));
    recording.expect("Recv", path, &format!("{name}: receive"));
    assert!(recording.threads().iter().any(|thread| thread == name), "{:?}", recording.threads());
    assert!(
        recording.values().iter().any(|value| value.contains(name)),
        "{:?}",
        recording.values()
    );
}

#[test]
fn all_kinds_of_tests() {
    let project = tested();
    let (ran, recording) = project.record_command(&["cargo", "test"]);
    for name in ["unit_first", "integration_first", "src/lib.rs - documented (line 3)"] {
        assert!(ran.stdout.contains(&format!("test {name} ... ok")), "{ran:#?}");
    }
    assert!(!ran.stderr.contains("warning"), "{ran:#?}");
    expect(&recording, "src/lib.rs", "unit_first");
    expect(&recording, "tests/all.rs", "integration_first");
    assert!(recording.threads().iter().any(|thread| thread == "doc_first"));
    // The line that rustdoc gives to the code is not always the right one.
    let is_doc = |line: u64| line > 1 && line < 8;
    let mut sites = recording.text.events();
    sites.retain(|event| event.name == "Site" && event.text("file") == "src/lib.rs");
    assert!(sites.iter().any(|event| is_doc(event.number("line"))), "{sites:#?}");
    // Neither another package nor the compiler, which uses threads and channels, too.
    assert!(!recording.threads().iter().any(|thread| thread.ends_with("second")));
    assert_eq!(recording.files(), ["src/lib.rs", "tests/all.rs"]);
    assert_eq!(project.names_in("target"), ["recorder"]);
}

#[test]
fn selected_tests() {
    let project = tested();
    for (arguments, path, name) in [
        (&["-p", "second", "--test", "all"][..], "second/tests/all.rs", "integration_second"),
        (&["--workspace", "--lib", "unit_second"], "second/src/lib.rs", "unit_second"),
        (&["--manifest-path", "second/Cargo.toml", "--lib"], "second/src/lib.rs", "unit_second"),
        (&["--release", "--test=all", "--", "--nocapture"], "tests/all.rs", "integration_first"),
        (&["--bench", "speed_of_first"], "benches/speed_of_first.rs", "bench_first"),
    ] {
        let command = [&["cargo", "test"], arguments].concat();
        let (ran, recording) = project.record_command(&command);
        expect(&recording, path, name);
        assert_eq!(recording.files(), [path], "{ran:#?}");
        assert_eq!(recording.processes(), 1);
    }
    let (_, recording) = project.record_command(&["cargo", "bench", "--workspace", "--bench", "*"]);
    expect(&recording, "benches/speed_of_first.rs", "bench_first");
    expect(&recording, "second/benches/speed_of_second.rs", "bench_second");
    assert_eq!(recording.processes(), 2);

    let arguments =
        ["record", "-o", "doc.txt", "--values", "--", "cargo", "test", "--doc", "-p", "second"];
    project.run(&arguments).expect_status(0).expect_no_damage();
    let threads = project.recording("doc.txt").threads();
    assert!(threads.iter().any(|thread| thread == "doc_second"), "{threads:?}");
}

#[test]
fn a_test_that_fails_has_the_status_of_cargo() {
    let mut project = tested();
    let fails =
        test("fails").replace("join().unwrap();", "join().unwrap();\n    assert_eq!(1, 2);");
    project.write("tests/fails.rs", &fails);
    let ran = project
        .run(&["record", "-o", "run.txt", "--values", "--", "cargo", "test", "--test", "fails"]);
    let ran = ran.expect_status(101);
    assert!(ran.stdout.contains("test fails ... FAILED"), "{ran:#?}");
    expect(&project.recording("run.txt"), "tests/fails.rs", "fails");
}

#[test]
fn programs_are_run_by_cargo() {
    let mut project = Project::with_program(
        "[package]\nname = \"own\"\nedition = \"2024\"\n[workspace]\nmembers = [\"other\"]\n",
    );
    project.write("other/Cargo.toml", "[package]\nname = \"other\"\nedition = \"2024\"\n");
    project.write(
        "other/src/main.rs",
        &PROGRAM.replace("sum.lock().unwrap());", "std::env::args().count());"),
    );
    project.write("other/examples/shown.rs", PROGRAM);
    for (arguments, path, stdout) in [
        (&["run", "--release", "--bin", "own"][..], "src/main.rs", "42\n"),
        (
            &["-q", "r", "-p", "other", "--bin", "other", "--", "--target-dir", "x"],
            "other/src/main.rs",
            "3\n",
        ),
        (
            &["run", "--manifest-path=other/Cargo.toml", "--example", "shown"],
            "other/examples/shown.rs",
            "42\n",
        ),
        // Not built beforehand, since it is not known what the argument means.
        (&["run", "-p", "other", "--bin", "other", "x"], "other/src/main.rs", "2\n"),
    ] {
        let (ran, recording) = project.record_command(&[&["cargo"], arguments].concat());
        assert_eq!(ran.stdout, stdout, "{ran:#?}");
        recording.expect_program(path);
        assert_eq!(recording.files(), [path]);
        assert_eq!(recording.processes(), 1);
    }
    // The build is no part of the recording: it was over before.
    project
        .run(&["record", "--", "cargo", "build", "--target-dir", "x"])
        .expect_status(2)
        .expect_stderr("remove --target-dir");
    assert_eq!(project.names_in("target"), ["recorder"]);
}

#[test]
fn from_a_directory_inside_of_a_package() {
    let project = tested();
    let mut recorder =
        project.recorder(&["record", "-o", "x.txt", "--values", "--", "cargo", "test", "--lib"]);
    recorder.current_dir(project.path("second/src"));
    run(recorder).expect_status(0).expect_no_damage();
    expect(&project.recording("second/src/x.txt"), "second/src/lib.rs", "unit_second");
    assert_eq!(project.names_in("target"), ["recorder"]);
    assert_eq!(project.names_in("second"), ["Cargo.toml", "benches", "src", "tests"]);
}

#[test]
fn another_toolchain() {
    let project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    let mut rustup = project.command("rustup");
    rustup.args(["run", "nightly", "rustc", "--version"]);
    let is_installed = rustup.output().is_ok_and(|output| output.status.success());
    if !is_installed {
        return;
    }
    let (_, recording) = project.record_command(&["cargo", "+nightly", "run"]);
    recording.expect_program("src/main.rs");
    assert_eq!(project.names_in("target"), ["recorder"]);
}
