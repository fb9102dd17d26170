//! The user's configuration of Cargo: wrappers, targets, flags, profiles, toolchains.

use crate::command::{Ran, run};
use crate::project::{PROGRAM, Project, Recording};

const MANIFEST: &str = "[package]\nname = \"own\"\nedition = \"2024\"\n";

/// A wrapper that writes the names of the crates that it compiles to a file.
const WRAPPER: &str = r#"#!/bin/sh
while [ "$1" = --label ]; do shift; done
previous=
for argument; do
    [ "$previous" = --crate-name ] && echo "$argument" >>"$(dirname "$0")/NAME.log"
    previous=$argument
done
exec "$@"
"#;

/// A program that depends on a package of another workspace.
fn project() -> Project {
    let mut project = Project::with_program(MANIFEST);
    project.write(
        "Cargo.toml",
        &format!(
            "{MANIFEST}[workspace]\nexclude = [\"other\"]\n[dependencies]\nother.path = \"other\"\n"
        ),
    );
    project.write(
        "other/Cargo.toml",
        "[package]\nname = \"other\"\nedition = \"2024\"\n[workspace]\n",
    );
    project.write("other/src/lib.rs", "pub fn f() {}\n");
    for name in ["wrapper", "workspace_wrapper"] {
        project.write_script(&format!("tools/{name}"), &WRAPPER.replace("NAME", name));
    }
    project
}

/// Records the program with variables in the environment.
#[track_caller]
fn record_with<'a>(project: &'a Project, variables: &[(&str, &str)]) -> (Ran, Recording<'a>) {
    let mut recorder = project.recorder(&["run", "own", "-o", "run.txt"]);
    recorder.envs(variables.iter().copied());
    let ran = run(recorder).expect_status(0).expect_no_damage();
    let recording = project.recording("run.txt");
    recording.expect_program("src/main.rs");
    (ran, recording)
}

/// The crates that a wrapper has compiled, sorted.
#[track_caller]
fn compiled_by(project: &Project, wrapper: &str) -> Vec<String> {
    let log = project.read(&format!("tools/{wrapper}.log"));
    let mut names: Vec<_> = log.lines().filter(|name| *name != "___").map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn wrappers_in_the_configuration_are_called() {
    let mut project = project();
    project.write(
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = \"tools/wrapper\"\nrustc-workspace-wrapper = \"tools/workspace_wrapper\"\n",
    );
    record_with(&project, &[]);
    assert_eq!(compiled_by(&project, "wrapper"), ["other", "own"]);
    assert_eq!(compiled_by(&project, "workspace_wrapper"), ["own"]);
}

#[test]
fn wrappers_in_the_environment_are_called() {
    let project = project();
    let path = |name: &str| project.path("tools").join(name).to_str().unwrap().to_owned();
    let (wrapper, workspace_wrapper) = (path("wrapper"), path("workspace_wrapper"));
    record_with(
        &project,
        &[("RUSTC_WRAPPER", &wrapper), ("RUSTC_WORKSPACE_WRAPPER", &workspace_wrapper)],
    );
    assert_eq!(compiled_by(&project, "wrapper"), ["other", "own"]);
    assert_eq!(compiled_by(&project, "workspace_wrapper"), ["own"]);
    // An empty one is none.
    record_with(&project, &[("RUSTC_WRAPPER", "")]);
}

#[test]
fn the_compiler_and_the_documentation_tool_may_be_others() {
    let mut project = project();
    for (name, program) in [("compiler", "rustc"), ("documenter", "rustdoc")] {
        let script = WRAPPER.replace("NAME", name).replace("exec ", &format!("exec {program} "));
        project.write_script(&format!("tools/{name}"), &script);
    }
    project.write(
        ".cargo/config.toml",
        "[build]\nrustc = \"tools/compiler\"\nrustdoc = \"tools/documenter\"\n",
    );
    record_with(&project, &[]);
    let compiled = compiled_by(&project, "compiler");
    assert!(compiled.contains(&"own".to_owned()) && compiled.contains(&"other".to_owned()));

    project.write(
        "src/lib.rs",
        "//! ```\n//! let (tx, rx) = std::sync::mpsc::channel();\n//! tx.send(7u8).unwrap(); // send\n\
         //! assert_eq!(rx.recv(), Ok(7));\n//! ```\n",
    );
    let (_, recording) = project.record_command(&["cargo", "test", "--doc"]);
    assert_eq!(recording.values(), ["7"]);
    assert_eq!(compiled_by(&project, "documenter"), ["own"]);
}

#[test]
fn target_and_target_directory() {
    let mut project = project();
    let host = run({
        let mut rustc = project.command("rustc");
        rustc.arg("-vV");
        rustc
    });
    let host = host.stdout.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
    for targets in [format!("{host:?}"), format!("[{host:?}]")] {
        let config = format!("[build]\ntarget = {targets}\ntarget-dir = \"elsewhere\"\n");
        project.write(".cargo/config.toml", &config);
        let (ran, _) = record_with(&project, &[]);
        ran.expect_stderr(
            "building with recorded channels, locks and threads in elsewhere/recorder",
        );
        let (_, recording) = project.record_command(&["cargo", "run"]);
        recording.expect_program("src/main.rs");
    }
    assert_eq!(project.names_in("elsewhere"), ["recorder"]);
    project.write(".cargo/config.toml", "");
    let (_, recording) = project.record_command(&["cargo", "run", "--target", &host]);
    recording.expect_program("src/main.rs");
    let directory = project.path("by-variable");
    record_with(&project, &[("CARGO_TARGET_DIR", directory.to_str().unwrap())]);
    assert_eq!(project.names_in("by-variable"), ["recorder"]);
}

#[test]
fn flags_variables_and_aliases() {
    let mut project = project();
    let prints = "    if cfg!(loud) { println!(\"{}\", env!(\"LOUD\")); }\n";
    let program = PROGRAM.replace("fn main() {\n", &format!("fn main() {{\n{prints}"));
    project.write("src/main.rs", &format!("#![allow(unexpected_cfgs)]\n{program}"));
    project.write(
        ".cargo/config.toml",
        "[build]\nrustflags = [\"--cfg\", \"loud\"]\n[env]\nLOUD = \"very loud\"\n\
         [alias]\ngo = [\"run\", \"--bin\", \"own\"]\n",
    );
    record_with(&project, &[]).0.expect_stdout("very loud\n42\n");
    let (ran, recording) = project.record_command(&["cargo", "go"]);
    ran.expect_stdout("very loud\n42\n");
    recording.expect_program("src/main.rs");
    for flags in ["--cfg loud -D warnings", "-C prefer-dynamic=no -C target-cpu=native --cfg=loud"]
    {
        record_with(&project, &[("RUSTFLAGS", flags)]).0.expect_stdout("very loud\n42\n");
    }
    record_with(&project, &[("RUSTFLAGS", "-D warnings")]).0.expect_stdout("42\n");
}

#[test]
fn profiles() {
    let mut project = project();
    project.write(
        "Cargo.toml",
        &(project.read("Cargo.toml")
            + "[profile.dev]\npanic = \"abort\"\n\
               [profile.release]\nlto = \"fat\"\npanic = \"abort\"\ncodegen-units = 1\nstrip = true\n\
               [profile.thin]\ninherits = \"release\"\nlto = \"thin\"\npanic = \"unwind\"\n\
               [profile.off]\ninherits = \"dev\"\nlto = \"off\"\npanic = \"unwind\"\nincremental = true\n"),
    );
    record_with(&project, &[]);
    project.record("own", &["--release"]).1.expect_program("src/main.rs");
    for profile in ["thin", "off"] {
        let (_, recording) = project.record_command(&["cargo", "run", "--profile", profile]);
        recording.expect_program("src/main.rs");
    }
    // A panic ends the program as without the recorder.
    project.write("src/main.rs", &PROGRAM.replace("println!", "panic!"));
    let ran = project.run(&["run", "own", "-o", "run.txt"]).expect_status(128 + 6);
    ran.expect_stderr("panicked at src/main.rs:");
    project.recording("run.txt").expect_program("src/main.rs");
}

#[test]
fn shared_libraries() {
    let mut project = project();
    project.write(
        "other/Cargo.toml",
        "[package]\nname = \"other\"\nedition = \"2024\"\n[workspace]\n[lib]\ncrate-type = [\"dylib\"]\n",
    );
    project.write(
        "other/src/lib.rs",
        "use std::sync::mpsc;\npub fn channel() -> (mpsc::Sender<u8>, mpsc::Receiver<u8>) {\n    \
         mpsc::channel() // channel\n}\n",
    );
    let program = PROGRAM.replace("mpsc::channel(); // channel", "other::channel();");
    project.write("src/main.rs", &program.replace("use std::sync::mpsc;\n", ""));
    let (_, recording) = project.record_command(&["cargo", "run"]);
    recording.expect("ChannelCreated", "other/src/lib.rs", "channel");
    recording.expect("Send", "src/main.rs", "send");
    assert_eq!(
        (recording.values(), recording.processes()),
        (vec!["2".to_owned(), "40".to_owned()], 1)
    );
}
