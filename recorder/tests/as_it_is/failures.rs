//! Crates and compilers that cannot be recorded, and crates with errors.

use crate::command::run;
use crate::project::{PROGRAM, Project};

/// A crate that depends on how large std's own `Mutex` is.
const EXACT: &str = "use std::sync::Mutex;\n\n\
    const _: () = assert!(size_of::<Mutex<u8>>() == 8 || size_of::<Mutex<u8>>() == 5);\n\n\
    static TOTAL: Mutex<u8> = Mutex::new(42);\n\n\
    pub fn total() -> u8 {\n    *TOTAL.lock().unwrap()\n}\n";

/// A workspace with two programs, of which one uses a crate that cannot be recorded.
fn exact() -> Project {
    let mut project = Project::new();
    project.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"own\", \"exact-size\"]\nresolver = \"3\"\n",
    );
    project.write(
        "own/Cargo.toml",
        "[package]\nname = \"own\"\nedition = \"2024\"\n[dependencies]\nexact-size.path = \"../exact-size\"\n",
    );
    let program = PROGRAM.replace(
        "println!(\"{}\", sum.lock().unwrap());",
        "println!(\"{}\", exact_size::total());",
    );
    project.write("own/src/main.rs", &program);
    project.write(
        "exact-size/Cargo.toml",
        "[package]\nname = \"exact-size\"\nversion = \"1.2.3\"\nedition = \"2024\"\n",
    );
    project.write("exact-size/src/lib.rs", EXACT);
    project
}

#[test]
fn a_crate_that_does_not_compile_with_recorded_types_is_built_as_it_is() {
    let mut project = exact();
    let note = "recorder: not recorded: the crate exact_size of exact-size 1.2.3";
    let reason = "exact-size/src/lib.rs:3";
    for command in [
        &["run", "own", "-o", "run.txt"][..],
        // It is not forgotten if nothing is compiled.
        &["run", "own", "-o", "run.txt"],
        &["record", "-o", "run.txt", "--values", "--", "cargo", "run", "-p", "own"],
    ] {
        let ran = project.run(command).expect_status(0).expect_stdout("42\n");
        let lines: Vec<_> =
            ran.stderr.lines().filter(|line| line.contains("not recorded")).collect();
        assert_eq!(lines.len(), 1, "{ran:#?}");
        assert!(lines[0].starts_with(note) && lines[0].contains(reason), "{ran:#?}");
        assert!(!ran.stderr.contains("warning") && !ran.stderr.contains("error:"), "{ran:#?}");
        let recording = project.recording("run.txt");
        assert_eq!(recording.files(), ["own/src/main.rs"]);
        assert_eq!(recording.count("Send", "own/src/main.rs", "send"), 2);
    }
    // Of nothing that it does not use.
    project.write("own/examples/shown.rs", PROGRAM);
    project.write("exact-size/src/lib.rs", &EXACT.replace("const _", "// const _"));
    let (ran, recording) = project.record("own", &[]);
    assert!(!ran.stderr.contains("not recorded"), "{ran:#?}");
    assert_eq!(recording.files(), ["exact-size/src/lib.rs", "own/src/main.rs"]);
}

#[test]
fn a_note_is_about_the_program_that_runs() {
    let mut project = exact();
    project.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"own\", \"exact-size\", \"other\"]\nresolver = \"3\"\n",
    );
    project.write("other/Cargo.toml", "[package]\nname = \"other\"\nedition = \"2024\"\n");
    project.write("other/src/main.rs", PROGRAM);
    project.run(&["run", "own"]).expect_status(0).expect_stderr("not recorded");
    let (ran, recording) = project.record("other", &[]);
    assert!(!ran.stderr.contains("not recorded"), "{ran:#?}");
    recording.expect_program("other/src/main.rs");
}

#[test]
fn an_error_of_the_user_is_shown_once() {
    let mut project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    project.write("src/lib.rs", "pub fn f() {}\n");
    project.run(&["run", "own", "-o", "run.txt"]).expect_status(0);
    let wrong =
        PROGRAM.replace("tx.send(i)", "tx.sned(i)").replace("let sum", "let unused = 1; let sum");
    project.write("src/main.rs", &wrong);
    for (command, status) in [
        (&["run", "own", "-o", "x.txt"][..], 1),
        (&["record", "-o", "x.txt", "--", "cargo", "test"], 101),
        (&["record", "-o", "x.txt", "--", "cargo", "run"], 101),
    ] {
        let ran = project.run(command).expect_status(status);
        let count = |part| ran.stderr.matches(part).count();
        let method = if command.contains(&"test") { 1..=2 } else { 1..=1 };
        assert!(method.contains(&count("error[E0599]: no method named `sned` found")), "{ran:#?}");
        assert!(ran.stderr.contains("--> src/main.rs:"), "{ran:#?}");
        assert!(!ran.stderr.contains("not recorded"), "{ran:#?}");
        assert!(!ran.stderr.contains("std_recorded"), "{ran:#?}");
        assert_eq!(
            project.names_in("."),
            ["Cargo.lock", "Cargo.toml", "run.txt", "src", "target", "temporary"]
        );
    }
    project.write("src/main.rs", PROGRAM);
    project.record("own", &[]).1.expect_program("src/main.rs");
}

#[test]
fn warnings_are_shown_once() {
    let project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    let mut project = project;
    project.write("src/main.rs", &PROGRAM.replace("fn main() {", "fn unused() {}\nfn main() {"));
    // Again if nothing is compiled, as Cargo does.
    for _ in 0..2 {
        let (ran, recording) = project.record("own", &[]);
        let count = ran.stderr.matches("function `unused` is never used").count();
        assert_eq!(count, 1, "{ran:#?}");
        recording.expect_program("src/main.rs");
        let (ran, recording) = project.record_command(&["cargo", "run"]);
        assert_eq!(ran.stderr.matches("function `unused` is never used").count(), 1, "{ran:#?}");
        recording.expect_program("src/main.rs");
    }
}

#[test]
fn a_compiler_that_is_too_old_is_reported_before_anything_is_built() {
    let mut project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    let script = "#!/bin/sh\n\
        case \"$*\" in\n\
        -vV) rustc -vV | sed 's/^release: .*/release: 1.83.0/; s/^rustc [0-9.]*/rustc 1.83.0/' ;;\n\
        *) exec rustc \"$@\" ;;\nesac\n";
    project.write_script("old-rustc", script);
    project.write(".cargo/config.toml", "[build]\nrustc = \"./old-rustc\"\n");
    for command in [&["run", "own"][..], &["record", "--", "cargo", "test"]] {
        let ran = project.run(command).expect_status(1);
        assert!(!ran.stderr.contains("Compiling"), "{ran:#?}");
        let ran = ran.expect_stderr("rustc 1.83.0").expect_stderr("1.95 or newer");
        ran.expect_stderr("rustup update");
        assert_eq!(project.names_in("target/recorder"), [""; 0]);
    }
    // A program that was built elsewhere can still be recorded, though nothing is.
    project.run(&["record", "--", "true"]).expect_status(1).expect_stderr("recorded nothing");
}

#[test]
fn a_compiler_or_a_target_that_is_not_there() {
    let project = Project::with_program("[package]\nname = \"own\"\nedition = \"2024\"\n");
    let mut recorder = project.recorder(&["run", "own"]);
    recorder.env("RUSTC", "./no-compiler");
    run(recorder).expect_status(1).expect_stderr("no-compiler");
    let target = "riscv32imc-unknown-none-elf";
    project
        .run(&["record", "--", "cargo", "run", "--target", target])
        .expect_status(1)
        .expect_stderr(&format!("cannot compile `format` for {target}"));
}
