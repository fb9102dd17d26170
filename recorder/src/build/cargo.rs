//! Command lines of Cargo: what they build, and how to build it before they run it.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, anyhow};
use cargo_metadata::{
    Artifact, CargoOpt, DependencyKind, Message, Metadata, MetadataCommand, PackageId,
};

/// Options whose value is the next argument.
const WITH_VALUE: &[&str] = &[
    "--bench",
    "--bin",
    "--color",
    "--config",
    "--example",
    "--exclude",
    "--features",
    "--jobs",
    "--lockfile-path",
    "--manifest-path",
    "--message-format",
    "--package",
    "--profile",
    "--target",
    "--test",
    "-C",
    "-F",
    "-Z",
    "-j",
    "-p",
];

/// A command line that begins with Cargo's name.
#[derive(Debug, Default)]
pub struct CargoCommand {
    program: OsString,
    /// The toolchain in `cargo +nightly …`.
    pub toolchain: Option<String>,
    subcommand: String,
    /// Everything after the subcommand and before `--`.
    options: Vec<OsString>,
    /// The targets that it names.
    pub targets: Vec<String>,
    /// Whether it names a target directory.
    pub names_target_directory: bool,
    /// Whether it builds nothing but the tests in the documentation, or names a format of messages.
    cannot_be_built_first: bool,
    manifest: Option<String>,
    /// The packages that it names.
    packages: Vec<String>,
    whole_workspace: bool,
    names_example: bool,
    features: Vec<String>,
    all_features: bool,
    no_default_features: bool,
    /// Options about the network and the lock file.
    lock_options: Vec<String>,
    /// Arguments that are neither options nor values of options that are known: `cargo test` takes
    /// the tests whose names contain one of them.
    pub other_arguments: Vec<String>,
}

impl CargoCommand {
    /// Parses a command line. Returns `None` if it does not start Cargo.
    pub fn parse(command: &[OsString]) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        if Path::new(program).file_stem()? != "cargo" {
            return None;
        }
        let mut parsed = CargoCommand { program: program.clone(), ..CargoCommand::default() };
        let mut arguments = arguments.iter().peekable();
        if let Some(first) = arguments.peek()
            && let Some(toolchain) = first.to_string_lossy().strip_prefix('+')
        {
            parsed.toolchain = Some(toolchain.to_owned());
            arguments.next();
        }
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            if text == "--" {
                break;
            }
            if !text.starts_with('-') && parsed.subcommand.is_empty() {
                parsed.subcommand = text.into_owned();
                continue;
            }
            parsed.options.push(argument.clone());
            let (option, value) = match text.split_once('=') {
                Some((option, value)) => (option.to_owned(), value.to_owned()),
                None if WITH_VALUE.contains(&text.as_ref()) || text == "--target-dir" => {
                    let value = arguments.next().cloned().unwrap_or_default();
                    parsed.options.push(value.clone());
                    (text.into_owned(), value.to_string_lossy().into_owned())
                }
                None => (text.into_owned(), String::new()),
            };
            parsed.add(&option, value);
        }
        Some(parsed)
    }

    fn add(&mut self, option: &str, value: String) {
        match option {
            "--target" => self.targets.push(value),
            "--target-dir" => self.names_target_directory = true,
            "--doc" | "--message-format" => self.cannot_be_built_first = true,
            "--package" | "-p" => self.packages.push(value),
            "--workspace" | "--all" => self.whole_workspace = true,
            "--example" => self.names_example = true,
            "--manifest-path" => self.manifest = Some(value),
            "--features" | "-F" => self.features.push(value),
            "--all-features" => self.all_features = true,
            "--no-default-features" => self.no_default_features = true,
            "--offline" | "--locked" | "--frozen" => self.lock_options.push(option.to_owned()),
            _ if !option.starts_with('-') => self.other_arguments.push(option.to_owned()),
            _ => {}
        }
    }

    /// The command that builds what this one runs. Returns `None` if there is none.
    pub fn build_command(&self) -> Option<Command> {
        if self.cannot_be_built_first {
            return None;
        }
        let mut command = Command::new(&self.program);
        command.args(self.toolchain.iter().map(|toolchain| format!("+{toolchain}")));
        match self.subcommand.as_str() {
            "test" | "t" | "bench" => {
                command.arg(&self.subcommand).args(&self.options);
                // Cargo refuses the option if it is there twice.
                if !self.options.iter().any(|option| option == "--no-run") {
                    command.arg("--no-run");
                }
            }
            "run" | "r" if self.other_arguments.is_empty() => {
                command.arg("build").args(&self.options);
            }
            _ => return None,
        }
        Some(command)
    }

    /// Whether it runs tests.
    pub fn is_test(&self) -> bool {
        matches!(self.subcommand.as_str(), "test" | "t")
    }

    /// Whether a package that the command selects depends on `instrumented`: it then records itself.
    pub fn depends_on_library(&self, metadata: &Metadata) -> bool {
        let is_program = matches!(self.subcommand.as_str(), "run" | "r") && !self.names_example;
        depends_on_library(metadata, selected_packages(self, metadata), !is_program)
    }

    /// The packages and dependencies of the workspace that the command is about.
    ///
    /// # Errors
    /// There is no workspace, or Cargo cannot read it.
    pub fn metadata(&self) -> Result<Metadata> {
        let mut command = MetadataCommand::new();
        command.cargo_path(&self.program);
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        if let Some(manifest) = &self.manifest {
            command.manifest_path(manifest);
        }
        if self.all_features {
            command.features(CargoOpt::AllFeatures);
        }
        if self.no_default_features {
            command.features(CargoOpt::NoDefaultFeatures);
        }
        if !self.features.is_empty() {
            command.features(CargoOpt::SomeFeatures(self.features.clone()));
        }
        command.other_options(self.lock_options.clone());
        metadata(&command)
    }
}

/// The packages of the workspace that a command selects.
fn selected_packages<'a>(command: &CargoCommand, metadata: &'a Metadata) -> Vec<&'a PackageId> {
    let members = || metadata.workspace_packages().into_iter();
    if command.whole_workspace {
        return members().map(|package| &package.id).collect();
    }
    let named = members().filter(|package| {
        command.packages.iter().any(|name| package.name == *name || package.id.repr == *name)
    });
    let named: Vec<_> = named.map(|package| &package.id).collect();
    if !command.packages.is_empty() {
        // All that a pattern might match.
        let all_are_known = named.len() == command.packages.len();
        return if all_are_known { named } else { metadata.workspace_members.iter().collect() };
    }
    // That of the current directory, unless it is the root of the workspace.
    let current = metadata.root_package().filter(|package| {
        package.manifest_path.parent() != Some(metadata.workspace_root.as_path())
    });
    match current {
        Some(package) => vec![&package.id],
        None if metadata.workspace_default_members.is_available() => {
            metadata.workspace_default_members.iter().collect()
        }
        None => metadata.workspace_members.iter().collect(),
    }
}

/// Runs `cargo metadata`.
pub(crate) fn metadata(command: &MetadataCommand) -> Result<Metadata> {
    command.exec().map_err(|error| {
        let reason = match error {
            cargo_metadata::Error::CargoMetadata { stderr } => stderr,
            other => other.to_string(),
        };
        anyhow!("{}", reason.trim().trim_start_matches("error: "))
    })
}

/// Whether a build prints the compiler's warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// Yes.
    Printed,
    /// Only if it fails: the command that follows prints them.
    PrintedByNext,
}

/// Runs a command of Cargo that builds something. Returns its status and what it has built, also if
/// that was there already. Cargo prints to stderr.
///
/// # Errors
/// Cargo cannot be run, or its messages cannot be read.
pub(crate) fn build(
    mut command: Command,
    warnings: Warnings,
) -> Result<(ExitStatus, Vec<Artifact>)> {
    command.args(match warnings {
        Warnings::Printed => ["--message-format=json-render-diagnostics"],
        Warnings::PrintedByNext => ["--message-format=json-diagnostic-rendered-ansi"],
    });
    let mut cargo = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let mut artifacts = Vec::new();
    let mut held = String::new();
    if let Some(stdout) = cargo.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            match message? {
                Message::CompilerArtifact(artifact) => artifacts.push(artifact),
                Message::CompilerMessage(diagnostic) => {
                    held += diagnostic.message.rendered.as_deref().unwrap_or_default();
                }
                _ => {}
            }
        }
    }
    let status = cargo.wait()?;
    // Not before Cargo has ended: its own lines would stand among these.
    if !status.success() {
        let _ = write!(anstream::stderr(), "{held}");
    }
    Ok((status, artifacts))
}

/// The files of artifacts.
pub(crate) fn files(artifacts: &[Artifact]) -> Vec<PathBuf> {
    let files = artifacts.iter().flat_map(|artifact| &artifact.filenames);
    files.map(|file| file.clone().into()).collect()
}

/// The package of the library `instrumented`, whatever name a dependency gives it.
const LIBRARY_PACKAGE: &str = "chanscope-instrumented";

/// Whether one of these packages depends on `instrumented`, perhaps `with_tests`: it then records
/// itself.
pub(crate) fn depends_on_library<'a>(
    metadata: &'a Metadata,
    packages: impl IntoIterator<Item = &'a PackageId>,
    with_tests: bool,
) -> bool {
    let Some(resolve) = &metadata.resolve else { return false };
    let library = |id: &PackageId| {
        metadata.packages.iter().any(|package| package.id == *id && package.name == LIBRARY_PACKAGE)
    };
    let mut seen = HashSet::new();
    let mut open: Vec<_> = packages.into_iter().map(|id| (id, with_tests)).collect();
    while let Some((id, with_tests)) = open.pop() {
        if !seen.insert((id, with_tests)) {
            continue;
        }
        if library(id) {
            return true;
        }
        let dependencies = resolve.nodes.iter().filter(|node| node.id == *id);
        let used = dependencies.flat_map(|node| &node.deps).filter(|dependency| {
            dependency.dep_kinds.iter().any(|of| match of.kind {
                DependencyKind::Build => false,
                DependencyKind::Development => with_tests,
                _ => true,
            })
        });
        open.extend(used.map(|dependency| (&dependency.pkg, false)));
    }
    false
}

/// The Cargo to run.
pub(crate) fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<CargoCommand> {
        CargoCommand::parse(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    fn built(line: &str) -> Option<String> {
        let command = parse(line)?.build_command()?;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        Some(words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn only_cargo_is_parsed() {
        assert!(parse("make test").is_none());
        assert!(parse("/usr/bin/cargo test").is_some());
        let command = parse("cargo +nightly -q test --target a --target=b -F x,y -- --target c");
        let command = command.unwrap();
        assert_eq!(command.toolchain.as_deref(), Some("nightly"));
        assert_eq!(command.targets, ["a", "b"]);
        assert_eq!(command.features, ["x,y"]);
        assert!(!command.names_target_directory);
        assert!(parse("cargo run --target-dir x").unwrap().names_target_directory);
    }

    #[test]
    fn commands_that_run_something_are_built_first() {
        let test = built("cargo test --release name -- --nocapture");
        assert_eq!(test.as_deref(), Some("cargo test --release name --no-run"));
        assert_eq!(built("cargo test --no-run").as_deref(), Some("cargo test --no-run"));
        let run = built("cargo +stable run -p a --bin b -- c");
        assert_eq!(run.as_deref(), Some("cargo +stable build -p a --bin b"));
        assert_eq!(built("cargo run argument"), None);
        assert_eq!(built("cargo nextest run"), None);
        assert_eq!(built("cargo test --doc"), None);
        assert_eq!(built("cargo bench --message-format json"), None);
    }
}
