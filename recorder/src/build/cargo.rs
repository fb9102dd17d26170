//! Command lines of Cargo: what they build, and how to build it before they run it.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use anyhow::{Result, anyhow};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, PackageId};

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
    manifest: Option<String>,
    features: Vec<String>,
    all_features: bool,
    no_default_features: bool,
    /// Options about the network and the lock file.
    lock_options: Vec<String>,
    /// Whether an argument is neither an option nor the value of one that is known.
    has_other_arguments: bool,
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
            "--manifest-path" => self.manifest = Some(value),
            "--features" | "-F" => self.features.push(value),
            "--all-features" => self.all_features = true,
            "--no-default-features" => self.no_default_features = true,
            "--offline" | "--locked" | "--frozen" => self.lock_options.push(option.to_owned()),
            _ if !option.starts_with('-') => self.has_other_arguments = true,
            _ => {}
        }
    }

    /// The command that builds what this one runs. Returns `None` if that is not known.
    pub fn build_command(&self) -> Option<Command> {
        let mut command = Command::new(&self.program);
        command.args(self.toolchain.iter().map(|toolchain| format!("+{toolchain}")));
        match self.subcommand.as_str() {
            "test" | "t" | "bench" => {
                command.arg(&self.subcommand).args(&self.options).arg("--no-run");
            }
            "run" | "r" if !self.has_other_arguments => {
                command.arg("build").args(&self.options);
            }
            _ => return None,
        }
        Some(command)
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

/// Whether one of these packages depends on `instrumented`: it then records itself.
pub(crate) fn depends_on_library<'a>(
    metadata: &'a Metadata,
    packages: impl IntoIterator<Item = &'a PackageId>,
) -> bool {
    let Some(resolve) = &metadata.resolve else { return false };
    let library = |id: &PackageId| {
        metadata.packages.iter().any(|package| package.id == *id && package.name == "instrumented")
    };
    let mut seen = HashSet::new();
    let mut open: Vec<_> = packages.into_iter().collect();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        if library(id) {
            return true;
        }
        open.extend(
            resolve.nodes.iter().filter(|node| node.id == *id).flat_map(|node| &node.dependencies),
        );
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
        let run = built("cargo +stable run -p a --bin b -- c");
        assert_eq!(run.as_deref(), Some("cargo +stable build -p a --bin b"));
        assert_eq!(built("cargo run argument"), None);
        assert_eq!(built("cargo nextest run"), None);
    }
}
