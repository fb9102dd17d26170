//! The crate that programs get under the name `std`, and its compilation.
//!
//! Its sources, and those of the library that records, are part of the recorder. Three calls of the
//! compiler make it: nothing is taken from a registry, and the program's lock file stays as it is.
//! Like std, it is optimized whatever the program's profile.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use include_dir::{Dir, include_dir};
use tracing::info_span;

use super::{Rustc, compiler, short_hash, text};

const VERSION: &str = env!("CARGO_PKG_VERSION");

static SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/std");

/// The facade's own name.
const CRATE: &str = "std_recorded";
/// The facade's file in its directory.
const LIBRARY: &str = "libstd_recorded.rlib";

/// The options that give a crate the facade in `directory` under the name `std`.
pub(super) fn options(directory: &Path) -> [String; 2] {
    ["--extern".to_owned(), format!("std={}", directory.join(LIBRARY).display())]
}

/// The options with which the compiler finds the crates below the facade.
pub(super) fn search_options(directory: &Path) -> [String; 2] {
    ["-L".to_owned(), format!("dependency={}", directory.display())]
}

/// Gives the facade the name `std` in a message of the compiler, as in the program's source.
pub(super) fn rename_in_message(message: &mut Vec<u8>) {
    let name = CRATE.as_bytes();
    while let Some(at) = message.windows(name.len()).position(|part| part == name) {
        message.splice(at..at + name.len(), *b"std");
    }
}

/// The crates that are compiled, each after those that it depends on.
const STEPS: [Step<'_>; 3] = [
    Step { name: "format", source: "format/lib.rs", externs: &[], cfgs: &[] },
    Step {
        name: "instrumented",
        source: "instrumented/lib.rs",
        externs: &["format"],
        cfgs: &["feature=\"record\"", "recorded_as_it_is"],
    },
    Step { name: CRATE, source: "facade.rs", externs: &["instrumented"], cfgs: &[] },
];

/// The options of each of them. A crate of the program may have the same name, so the metadata
/// differs.
const OPTIONS: &[&str] = &[
    "--edition=2024",
    "--crate-type=rlib",
    "--cap-lints=allow",
    "-Cmetadata=recorder",
    "-Copt-level=3",
    "-Ccodegen-units=4",
    "-Cforce-frame-pointers=yes",
];

/// The path of its sources in debug information: it stands for std, also for readers of places.
const SOURCE_PREFIX: &str = "/rustc/recorder/library";

/// A hash of all sources, and of how they and the program's crates are compiled.
pub(super) fn hash_of_sources() -> String {
    let mut files: Vec<_> = files(&SOURCES).collect();
    files.sort_unstable();
    short_hash(&(files, STEPS, OPTIONS, SOURCE_PREFIX, compiler::OPTIONS, VERSION))
}

fn files<'a>(directory: &'a Dir<'a>) -> Box<dyn Iterator<Item = (&'a Path, &'a [u8])> + 'a> {
    let here = directory.files().map(|file| (file.path(), file.contents()));
    Box::new(here.chain(directory.dirs().flat_map(files)))
}

/// Compiles the facade for `target` into `directory`, unless it is there. In a program that is
/// `scheduled`, time passes on the clock of the schedule.
///
/// # Errors
/// A file cannot be written, or the compiler fails.
pub(super) fn compile(
    rustc: &Rustc,
    target: &str,
    directory: &Path,
    scheduled: bool,
) -> Result<()> {
    if directory.join(LIBRARY).exists() {
        return Ok(());
    }
    let _span = info_span!("compile std", target).entered();
    let cannot = || format!("cannot write to {}", directory.display());
    let parent = directory.parent().unwrap_or(directory);
    fs::create_dir_all(parent).with_context(cannot)?;
    // Built beside it and renamed once it is complete: another recorder may do the same.
    let unfinished = tempfile::Builder::new().prefix("new-").tempdir_in(parent);
    let unfinished = unfinished.with_context(cannot)?;
    let sources = unfinished.path().join("src");
    fs::create_dir(&sources).and_then(|()| SOURCES.extract(&sources)).with_context(cannot)?;
    for step in STEPS {
        step.run(rustc, target, unfinished.path(), scheduled)?;
    }
    try_facade(rustc, target, unfinished.path())?;
    match fs::rename(unfinished.keep(), directory) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
        renamed => renamed.with_context(cannot),
    }
}

/// The compilation of one crate.
#[derive(Hash)]
struct Step<'a> {
    name: &'a str,
    source: &'a str,
    externs: &'a [&'a str],
    cfgs: &'a [&'a str],
}

impl Step<'_> {
    fn run(&self, rustc: &Rustc, target: &str, directory: &Path, scheduled: bool) -> Result<()> {
        let mut command = rustc.command();
        command.args(OPTIONS).args(["--crate-name", self.name, "--target", target]);
        let scheduled = scheduled.then_some(&"scheduled");
        command.args(self.cfgs.iter().chain(scheduled).flat_map(|cfg| ["--cfg", cfg]));
        command.arg("--out-dir").arg(directory).arg("-L").arg(directory);
        for name in self.externs {
            command.args(["--extern", name]);
        }
        command.arg(directory.join("src").join(self.source));
        let prefix = format!("{}={SOURCE_PREFIX}", directory.join("src").display());
        command.args(["--remap-path-prefix", &prefix]);
        run(command, &format!("cannot compile `{}` for {target}", self.name))
    }
}

/// Checks that the compiler gives the facade to a crate.
fn try_facade(rustc: &Rustc, target: &str, directory: &Path) -> Result<()> {
    let source: PathBuf = directory.join("src").join("check.rs");
    let text = "pub fn check(sender: ::std::sync::mpsc::Sender<u8>) -> impl Sized {\n\
                \x20   sender.send(vec![1].len() as u8).unwrap();\n\
                }\n";
    fs::write(&source, text).context("cannot write")?;
    let mut command = rustc.command();
    command.args(["--crate-type=rlib", "--emit=metadata", "--target", target]);
    command.arg("--out-dir").arg(directory.join("src")).arg(&source);
    command.args(options(directory)).args(search_options(directory));
    run(command, "this compiler cannot replace std; use the one of a release of Rust")
}

fn run(mut command: std::process::Command, failure: &str) -> Result<()> {
    let output = command.output().context("cannot run the compiler")?;
    if !output.status.success() {
        bail!("{failure}\n{}", text(&output.stderr).trim_end());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_contain_the_name_that_the_program_uses() {
        let mut message = b"expected `std_recorded::sync::Mutex<std_recorded::A>`\n".to_vec();
        rename_in_message(&mut message);
        assert_eq!(message, b"expected `std::sync::Mutex<std::A>`\n");
    }
}
