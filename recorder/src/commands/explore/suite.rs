//! The tests of a suite, each as a program of its own: `recorder explore -- cargo test`.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use cargo_metadata::Artifact;

use crate::analysis::findings::words::counted;
use crate::build::cargo::{self, CargoCommand, Warnings};
use crate::cli::ExploreArgs;
use crate::commands::record::{note_not_recorded, prepare_cargo};
use crate::commands::{Error, Result};
use crate::explore::launch::Launch;
use crate::terminal::console::Console;

/// A test.
#[derive(Debug)]
pub(super) struct Test {
    /// Its name, with the name of its executable if there are several.
    pub(super) name: String,
    /// How to run it alone.
    pub(super) launch: Launch,
}

/// Builds the tests that a command of Cargo runs, and lists them.
pub(super) fn tests(
    command: &CargoCommand,
    args: &ExploreArgs,
    console: Console,
) -> Result<Vec<Test>> {
    let Some(mut first) = command.build_command().filter(|_| command.is_test()) else {
        return Err(Error::Usage(
            "of Cargo's commands, only `cargo test` can be explored, and not the tests in \
             documentation; `recorder explore NAME` explores a program of the workspace"
                .to_owned(),
        ));
    };
    let build = prepare_cargo(command, args.crates.crates(), "these tests", true, console)?;
    if let Some(build) = &build {
        build.apply(&mut first);
    }
    let (status, artifacts) = cargo::build(first, Warnings::Printed)?;
    if !status.success() {
        return Err(
            anyhow::anyhow!("cannot build the tests; see the messages of cargo above").into()
        );
    }
    if let Some(build) = &build {
        note_not_recorded(&build.not_recorded(Some(&cargo::files(&artifacts))), console);
    }
    // After `--`, the arguments are those of the tests.
    let own =
        args.args.iter().position(|word| word == "--").map_or(&[][..], |at| &args.args[at + 1..]);
    let executables: Vec<_> = artifacts.iter().filter(|artifact| artifact.profile.test).collect();
    let mut tests = Vec::new();
    for artifact in &executables {
        let Some(executable) = &artifact.executable else { continue };
        let executable = executable.as_std_path();
        let names = match list(executable, artifact, &command.other_arguments, own) {
            Ok(names) => names,
            Err(error) => {
                console.note(format_args!("{}: {error:#}", artifact.target.name));
                continue;
            }
        };
        for name in names {
            let prefix = match executables.len() {
                1 => String::new(),
                _ => format!("{}::", artifact.target.name),
            };
            let launch = launch(executable, artifact, &name, own);
            tests.push(Test { name: prefix + &name, launch });
        }
    }
    console.note(format_args!("exploring {}", counted(tests.len() as u64, "test")));
    Ok(tests)
}

/// The names of the tests in an executable.
fn list(
    executable: &Path,
    artifact: &Artifact,
    filters: &[String],
    own: &[OsString],
) -> anyhow::Result<Vec<String>> {
    let mut command = Command::new(executable);
    command.args(own).args(filters).args(["--list", "--format", "terse"]);
    if let Some(directory) = artifact.manifest_path.parent() {
        command.current_dir(directory);
    }
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().context("cannot list its tests")?;
    if !output.status.success() {
        bail!("does not list its tests: it has a harness of its own");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

fn launch(executable: &Path, artifact: &Artifact, name: &str, own: &[OsString]) -> Launch {
    let words = [executable.as_os_str(), name.as_ref()].into_iter().map(OsString::from);
    let options = ["--exact", "--nocapture", "--test-threads=1"].map(OsString::from);
    let words: Vec<_> = words.chain(own.iter().cloned()).chain(options).collect();
    let mut launch = Launch::new(None, &words);
    if let Some(directory) = artifact.manifest_path.parent() {
        launch.directory = directory.into();
    }
    launch.is_test = true;
    launch
}
