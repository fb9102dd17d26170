//! A project straight from `cargo new`, and what is built again when.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::command::run;
use crate::project::{PROGRAM, Project};

/// All files below a directory, and when each was written.
fn files_below(directory: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                found.insert(entry.path(), entry.metadata().unwrap().modified().unwrap());
            }
        }
    }
    found
}

#[test]
fn a_new_project_is_recorded_without_a_change() {
    let mut project = Project::new();
    let mut cargo = project.command("cargo");
    cargo.args(["new", "first-steps", "--vcs", "none"]);
    run(cargo).expect_status(0);
    project.write("first-steps/src/main.rs", PROGRAM);
    let recorder = |arguments: &[&str]| {
        let mut command = project.recorder(arguments);
        command.current_dir(project.path("first-steps"));
        run(command)
    };
    let ran = recorder(&["run", "first-steps", "-o", "../run.txt"]);
    ran.expect_status(0)
        .expect_stdout("42\n")
        .expect_no_damage()
        .expect_stderr("2 threads")
        .expect_stderr("1 channel, 2 messages sent, 2 received");
    let files = project.names_in("first-steps");
    assert_eq!(files, ["Cargo.lock", "Cargo.toml", "src", "target"]);
    assert_eq!(project.names_in("first-steps/target"), ["recorder"]);
    assert_eq!(project.read("first-steps/Cargo.lock").matches("[[package]]").count(), 1);

    let recording = project.recording("run.txt");
    recording.expect_program_at("first-steps/src/main.rs", "src/main.rs");
    assert_eq!(recording.processes(), 1);
    recorder(&["list"]).expect_status(0).expect_stdout("first-steps\n");
}

#[test]
fn the_users_own_builds_stay_as_they_are() {
    let mut project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    let build = |arguments: &[&str]| {
        let mut cargo = project.command("cargo");
        cargo.arg("build").args(arguments);
        run(cargo).expect_status(0)
    };
    build(&[]);
    let before = files_below(&project.path("target/debug"));
    project.record("own", &[]).1.expect_program("src/main.rs");
    assert_eq!(files_below(&project.path("target/debug")), before);
    assert_eq!(project.names_in("target").iter().filter(|name| *name == "release").count(), 0);
    // Neither has the recorded build made the user's one stale, nor the other way round.
    assert!(!build(&[]).stderr.contains("Compiling"));
    build(&["--release"]);
    assert!(!project.record("own", &[]).0.stderr.contains("Compiling"));

    // The user's program is not recorded: it is another file.
    let program = project.path("target/debug/own");
    let program = program.to_str().unwrap();
    project.run(&["record", "-o", "x.txt", "--", program]).expect_status(1);
    project.write("target/debug/own", "not a program");
    project.record("own", &[]).1.expect_program("src/main.rs");
}

#[test]
fn only_what_has_changed_is_built_again() {
    let mut project = Project::new();
    project.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nresolver = \"3\"\n");
    for (name, dependency) in [("a", "b.path = \"../b\"\nc.path = \"../c\""), ("b", ""), ("c", "")]
    {
        let manifest = format!(
            "[package]\nname = {name:?}\nedition = \"2024\"\n[dependencies]\n{dependency}\n"
        );
        project.write(&format!("{name}/Cargo.toml"), &manifest);
    }
    let program = PROGRAM.replace("fn main() {", "fn main() {\n    b::f();\n    c::f();");
    project.write("a/src/main.rs", &program);
    project.write("b/src/lib.rs", "pub fn f() {}\n");
    let blocks = "pub fn f() {\n    let once = std::sync::OnceLock::new();\n    \
                  once.get_or_init(|| println!(\"first\")); // initialize\n}\n";
    project.write("c/src/lib.rs", blocks);
    let compiled = |stderr: &str| {
        let lines = stderr.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
        let mut names: Vec<_> = lines.map(|line| line[..1].to_owned()).collect();
        names.sort();
        names.concat()
    };
    let (ran, recording) = project.record("a", &[]);
    recording.expect("Initialize", "c/src/lib.rs", "initialize");
    assert_eq!((&*ran.stdout, &*compiled(&ran.stderr)), ("first\n42\n", "abc"));
    let (ran, recording) = project.record("a", &[]);
    recording.expect_program("a/src/main.rs");
    assert_eq!(compiled(&ran.stderr), "");

    project.write("a/src/main.rs", &program.replace("[40u8, 2]", "[2u8, 40]"));
    let (ran, recording) = project.record("a", &[]);
    recording.expect_program("a/src/main.rs");
    assert_eq!(compiled(&ran.stderr), "a");
    project.write("c/src/lib.rs", &blocks.replace("first", "second"));
    let (ran, recording) = project.record("a", &[]);
    recording.expect("Initialize", "c/src/lib.rs", "initialize");
    assert_eq!((&*ran.stdout, &*compiled(&ran.stderr)), ("second\n42\n", "ac"));
    // Another target of the same profile.
    project.write("a/examples/shown.rs", PROGRAM);
    let (ran, recording) = project.record("shown", &[]);
    recording.expect_program("a/examples/shown.rs");
    assert_eq!(compiled(&ran.stderr), "a");
}

#[test]
fn features_profiles_and_examples() {
    let mut project = Project::with_program(
        "[package]\nname = \"own\"\nedition = \"2024\"\n\n\
         [features]\nloud = []\nquiet = []\n\n\
         [[example]]\nname = \"with-feature\"\nrequired-features = [\"loud\", \"quiet\"]\n",
    );
    let prints = "    if cfg!(debug_assertions) { println!(\"debug\"); }\n    \
                  if cfg!(feature = \"loud\") { println!(\"loud\"); }\n    \
                  if cfg!(feature = \"quiet\") { println!(\"quiet\"); }\n";
    let program = PROGRAM.replace("fn main() {\n", &format!("fn main() {{\n{prints}"));
    project.write("src/main.rs", &program);
    project.write("examples/shown.rs", &program);
    project.write("examples/with-feature.rs", &program);
    for (name, file, options, stdout) in [
        ("own", "src/main.rs", &[][..], "debug\n42\n"),
        ("own", "src/main.rs", &["--release"], "42\n"),
        (
            "own",
            "src/main.rs",
            &["--release", "--offline", "--features", "loud,quiet"],
            "loud\nquiet\n42\n",
        ),
        ("shown", "examples/shown.rs", &["--features", "own/quiet"], "debug\nquiet\n42\n"),
        ("with-feature", "examples/with-feature.rs", &[], "debug\nloud\nquiet\n42\n"),
    ] {
        let (ran, recording) = project.record(name, options);
        ran.expect_stdout(stdout);
        recording.expect_program(file);
    }
    project
        .run(&["run", "own", "--features", "none"])
        .expect_status(1)
        .expect_stderr("recorder: the package 'own' does not contain this feature: none");
    project
        .run(&["run", "with-features"])
        .expect_status(2)
        .expect_stderr("did you mean \"with-feature\"?");
    assert_eq!(project.run(&["list"]).stdout, "own\nshown\nwith-feature\n");
}

#[test]
fn directories_with_unusual_names() {
    let mut project = Project::new();
    let directory = "größer als \"zwei\" 'Wörter'";
    let file = |path: &str| format!("{directory}/{path}");
    project.write(&file("Cargo.toml"), "[package]\nname = \"own\"\nedition = \"2024\"\n");
    project.write(&file("src/main.rs"), PROGRAM);
    let mut recorder = project.recorder(&["run", "own", "-o", "../run.txt"]);
    // Also that of what all programs share.
    recorder.current_dir(project.path(directory)).env("XDG_CACHE_HOME", project.path(directory));
    run(recorder).expect_status(0).expect_no_damage();
    project.recording("run.txt").expect_program_at(&file("src/main.rs"), "src/main.rs");
    assert_eq!(project.names_in(&file("recorder")).len(), 1);
}

#[test]
fn a_user_without_a_cache() {
    let mut project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    // What another version of the recorder has left is of no use.
    project.write("target/recorder/0123abcd/debug/own", "");
    project.write("target/recorder/0123abcd-std/x86_64/libformat.rlib", "");
    project.write("target/recorder/not-of-the-recorder", "");
    let mut recorder = project.recorder(&["run", "own", "-o", "run.txt"]);
    recorder.env("XDG_CACHE_HOME", "/dev/null");
    run(recorder).expect_status(0);
    project.recording("run.txt").expect_program("src/main.rs");
    let names = project.names_in("target/recorder");
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(
        (&*names[2], names[1].strip_suffix("-std")),
        ("not-of-the-recorder", Some(&*names[0]))
    );
}
