//! `--only`, `--without`, and programs that depend on `instrumented`.

use std::fs;
use std::path::Path;

use crate::command::run;
use crate::project::{PROGRAM, Project, Recording};

/// A program that runs a copy of [`PROGRAM`] in each of two packages, and one itself.
fn three_packages() -> Project {
    let mut project = Project::new();
    let package = |name: &str| format!("[package]\nname = {name:?}\nedition = \"2024\"\n");
    project.write(
        "Cargo.toml",
        &(package("own")
            + "[dependencies]\nin-workspace.path = \"in-workspace\"\noutside_of_it.path = \"outside\"\n\
               [workspace]\nexclude = [\"outside\"]\n"),
    );
    project.write("in-workspace/Cargo.toml", &package("in-workspace"));
    project.write("outside/Cargo.toml", &(package("outside_of_it") + "[workspace]\n"));
    let library = PROGRAM.replace("fn main", "pub fn run");
    project.write("in-workspace/src/lib.rs", &library);
    project.write("outside/src/lib.rs", &library);
    let calls = "fn main() {\n    in_workspace::run();\n    outside_of_it::run();\n";
    project.write("src/main.rs", &PROGRAM.replace("fn main() {\n", calls));
    project
}

#[test]
fn packages_are_selected() {
    let project = three_packages();
    let (own, inside, outside) = ("src/main.rs", "in-workspace/src/lib.rs", "outside/src/lib.rs");
    for (options, files) in [
        (&[][..], &[inside, outside, own][..]),
        (&["--only", "own"], &[own]),
        // Cargo takes `-` for `_`, too.
        (&["--only", "in_workspace,outside-of-it"], &[inside, outside]),
        (&["--only", "own", "--only", "in-workspace"], &[inside, own]),
        (&["--without", "outside_of_it"], &[inside, own]),
        (&["--only", "own,in-workspace", "--without", "own"], &[inside]),
        // Each selection is a build of its own.
        (&[], &[inside, outside, own]),
    ] {
        let (ran, recording) = project.record("own", options);
        assert_eq!(ran.stdout, "42\n".repeat(3));
        let found: Vec<_> =
            recording.files().iter().map(|file| file.trim_start_matches('/').to_owned()).collect();
        let found: Vec<_> = found
            .iter()
            .map(|file| files.iter().find(|expected| file.ends_with(*expected)).unwrap())
            .collect();
        assert_eq!(found, files.iter().collect::<Vec<_>>(), "{options:?}");
    }
    let arguments = [
        "record",
        "-o",
        "run.txt",
        "--without",
        "own,in-workspace,outside_of_it",
        "--",
        "cargo",
        "run",
    ];
    project
        .run(&arguments)
        .expect_status(1)
        .expect_stdout(&"42\n".repeat(3))
        .expect_stderr("recorder: recorded nothing: no program that cargo ran used a channel");
}

#[test]
fn a_channel_may_go_through_a_package_that_is_not_recorded() {
    let mut project = three_packages();
    project.write(
        "outside/src/lib.rs",
        "use std::sync::mpsc;\n\npub fn run() {}\n\n\
         pub fn pass<T>(x: T) -> T { x }\n\n\
         pub fn send(tx: &mpsc::Sender<u8>) { let _ = tx.send(1); }\n",
    );
    let program = PROGRAM.replace("mpsc::channel();", "outside_of_it::pass(mpsc::channel());");
    project.write("src/main.rs", &program);
    let (_, recording) = project.record("own", &["--without", "outside_of_it"]);
    recording.expect_program("src/main.rs");

    // As it is then with all types of std: it compiles, but not recorded.
    project
        .write("src/main.rs", &PROGRAM.replace("tx.send(i).unwrap()", "outside_of_it::send(&tx)"));
    let (_, recording) = project.record("own", &[]);
    assert_eq!(recording.values(), ["1", "1"]);
    let ran = project.run(&["run", "own", "--without", "outside_of_it"]).expect_status(1);
    ran.expect_stdout("2\n")
        .expect_stderr("recorder: not recorded: the crate own of own 0.0.0")
        .expect_stderr("recorder: recorded nothing: own used no channel, lock or thread of std");
}

#[test]
fn a_package_that_does_not_exist_is_reported() {
    let project = three_packages();
    let ran = project.run(&["run", "own", "--only", "in-workspac"]).expect_status(2);
    ran.expect_stderr("a package \"in-workspac\"; did you mean \"in-workspace\"?");
    let arguments = ["record", "--without", "else", "--", "cargo", "test"];
    project.run(&arguments).expect_status(2).expect_stderr("a package \"else\"");
    project
        .run(&["record", "--only", "own", "--", "true"])
        .expect_status(2)
        .expect_stderr("--only and --without are for programs that `recorder run`");
    assert_eq!(project.names_in("target/recorder"), [""; 0]);
}

/// A workspace with a program that records itself with the library, and one that does not.
fn with_library() -> Project {
    let mut project = Project::new();
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../instrumented");
    let library = library.canonicalize().unwrap();
    project.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"recorded\", \"plain\"]\nresolver = \"3\"\n",
    );
    for (name, section) in [("recorded", "dependencies"), ("plain", "build-dependencies")] {
        let manifest = format!(
            "[package]\nname = {name:?}\nedition = \"2024\"\n[{section}]\n\
             instrumented = {{ package = \"chanscope-instrumented\", path = {library:?} }}\n"
        );
        project.write(&format!("{name}/Cargo.toml"), &manifest);
    }
    let uses_library = PROGRAM.replace("use std::", "use instrumented::");
    project.write("recorded/src/main.rs", &uses_library);
    project.write("plain/src/main.rs", PROGRAM);
    fs::copy(library.join("../Cargo.lock"), project.path("Cargo.lock")).unwrap();
    project
}

#[test]
fn a_program_that_depends_on_the_library_is_recorded_once() {
    let project = with_library();
    let (ran, recording) = project.record("recorded", &[]);
    assert!(!ran.stderr.contains("building with recorded"), "{ran:#?}");
    recording.expect_program("recorded/src/main.rs");
    assert_eq!(recording.processes(), 1);
    assert_eq!(recording.text.count(&["ChannelCreated"]), 1);
    assert!(!project.path("target/recorder").exists());

    let (ran, recording) = project.record_command(&["cargo", "run", "-p", "recorded"]);
    assert!(!ran.stderr.contains("building with recorded"), "{ran:#?}");
    recording.expect_program("recorded/src/main.rs");
    assert_eq!((recording.processes(), recording.text.count(&["ChannelCreated"])), (1, 1));
    assert!(!project.path("target/recorder").exists());

    let ran = project.run(&["run", "recorded", "--only", "recorded"]).expect_status(2);
    ran.expect_stderr("--only and --without are for programs");
}

#[test]
fn the_library_is_recognised_under_another_name() {
    let mut project = with_library();
    let manifest = project.read("recorded/Cargo.toml").replace("instrumented = {", "channels = {");
    project.write("recorded/Cargo.toml", &manifest);
    project.write("recorded/src/main.rs", &PROGRAM.replace("use std::", "use channels::"));
    let (ran, recording) = project.record("recorded", &[]);
    assert!(!ran.stderr.contains("building with recorded"), "{ran:#?}");
    assert_eq!(recording.text.count(&["ChannelCreated"]), 1);
}

#[test]
fn a_program_without_the_library_in_the_same_workspace_is_recorded_as_it_is() {
    let project = with_library();
    let expect = |recording: &Recording<'_>| {
        recording.expect_program("plain/src/main.rs");
        assert_eq!((recording.processes(), recording.text.count(&["ChannelCreated"])), (1, 1));
    };
    // Its build script might use the library; the program does not.
    let (ran, recording) = project.record("plain", &[]);
    ran.expect_stderr("building with recorded channels, locks and threads in target/recorder");
    expect(&recording);
    expect(&project.record_command(&["cargo", "run", "-p", "plain"]).1);
    expect(&project.record_command(&["cargo", "run", "--manifest-path", "plain/Cargo.toml"]).1);
    let mut recorder = project.recorder(&["record", "-o", "../run.txt", "--values", "--"]);
    recorder.args(["cargo", "run", "--quiet"]).current_dir(project.path("plain"));
    run(recorder).expect_status(0);
    expect(&project.recording("run.txt"));
    // For a command about both, the library decides.
    let ran = project.run(&["record", "--", "cargo", "test", "--workspace"]).expect_status(1);
    assert!(!ran.stderr.contains("building with recorded"), "{ran:#?}");
    ran.expect_stderr("`use instrumented::sync`");
}

#[test]
fn tests_and_features_may_depend_on_the_library() {
    let mut project = with_library();
    let manifest = project.read("plain/Cargo.toml");
    let tests = manifest.replace("[build-dependencies]", "[dev-dependencies]");
    project.write("plain/Cargo.toml", &tests);
    project.write("plain/examples/shown.rs", &PROGRAM.replace("use std::", "use instrumented::"));
    project.record("plain", &[]).1.expect_program("plain/src/main.rs");
    let arguments = ["cargo", "run", "-p", "plain", "--example", "shown"];
    for (ran, recording) in [project.record("shown", &[]), project.record_command(&arguments)] {
        assert!(!ran.stderr.contains("building with recorded"), "{ran:#?}");
        recording.expect_program("plain/examples/shown.rs");
        assert_eq!(recording.text.count(&["ChannelCreated"]), 1);
    }

    let optional = manifest.replace("[build-dependencies]", "[dependencies]");
    let optional = optional.replace(" }", ", optional = true }")
        + "\n[[bin]]\nname = \"with-library\"\n\
           required-features = [\"instrumented\"]\n";
    project.write("plain/Cargo.toml", &optional);
    project.write("plain/src/bin/with-library.rs", &project.read("recorded/src/main.rs"));
    project.write("plain/examples/shown.rs", PROGRAM);
    let (ran, recording) = project.record("with-library", &[]);
    assert!(!ran.stderr.contains("building with recorded"), "{ran:#?}");
    recording.expect_program("plain/src/bin/with-library.rs");
    assert_eq!(recording.text.count(&["ChannelCreated"]), 1);
    let (ran, recording) = project.record("shown", &[]);
    ran.expect_stderr("building with recorded");
    recording.expect_program("plain/examples/shown.rs");
}

#[test]
fn the_message_about_an_empty_recording_names_the_way_out() {
    let mut project = with_library();
    for name in ["recorded", "plain"] {
        project.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
    }
    project
        .run(&["run", "plain"])
        .expect_status(1)
        .expect_stderr("recorder: recorded nothing: plain used no channel, lock or thread of std");
    project
        .run(&["run", "recorded"])
        .expect_status(1)
        .expect_stderr("recorder: recorded nothing: recorded used no channel, lock or thread of `instrumented`")
        .expect_stderr("`use instrumented::sync`");
    let mut cargo = project.command("cargo");
    cargo.args(["build", "-p", "plain"]);
    run(cargo).expect_status(0);
    project
        .run(&["record", "--", "target/debug/plain"])
        .expect_status(1)
        .expect_stderr("it was not built to be recorded")
        .expect_stderr("`recorder run NAME` or `recorder record -- cargo run`");
}
