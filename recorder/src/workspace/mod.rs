//! The programs of the current Cargo workspace.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use cargo_metadata::{Message, MetadataCommand, Package, PackageId, Target};
use serde::Serialize;
use tracing::info_span;

/// A binary or example of a workspace, as in `recorder list --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// `bin` or `example`.
    kind: &'static str,
    package: String,
    source: PathBuf,
    /// The first line of its documentation, or an empty string.
    pub summary: String,
    /// Whether it is listed: its package depends on `instrumented` and is not hidden.
    #[serde(skip)]
    pub listed: bool,
    /// Its position in the order that its package defines.
    #[serde(skip)]
    position: usize,
    #[serde(skip)]
    id: PackageId,
    /// The features that it requires.
    #[serde(skip)]
    features: Vec<String>,
}

impl Program {
    /// Builds the program and returns the path of its executable. Cargo prints to stderr; if
    /// `quiet`, only errors and warnings.
    ///
    /// # Errors
    /// Cargo cannot be run, or the program cannot be built.
    pub fn build(&self, release: bool, quiet: bool) -> Result<PathBuf> {
        let _span = info_span!("build", program = self.name, release).entered();
        let mut command = Command::new(cargo());
        command.args(["build", "--message-format=json-render-diagnostics", "--package"]);
        command.arg(&self.id.repr);
        command.args([&format!("--{}", self.kind), &self.name]);
        for feature in &self.features {
            command.args(["--features", feature]);
        }
        if release {
            command.arg("--release");
        }
        if quiet {
            command.arg("--quiet");
        }
        let mut cargo = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
        let mut executable = None;
        if let Some(stdout) = cargo.stdout.take() {
            for message in Message::parse_stream(BufReader::new(stdout)) {
                if let Message::CompilerArtifact(artifact) = message?
                    && artifact.target.name == self.name
                    && artifact.executable.is_some()
                {
                    executable = artifact.executable;
                }
            }
        }
        if !cargo.wait()?.success() {
            bail!("cannot build {}; see the messages of cargo above", self.name);
        }
        let executable: PathBuf =
            executable.with_context(|| format!("cargo built no executable {}", self.name))?.into();
        // Relative, as `cargo run` shows it: the path becomes the program's first argument.
        let relative = executable.strip_prefix(env::current_dir().unwrap_or_default());
        Ok(relative.map_or_else(|_| executable.clone(), |path| Path::new(".").join(path)))
    }
}

/// All programs of the current workspace, sorted by name.
///
/// The list `order` in `[package.metadata.recorder]` of a package moves its programs, in this
/// order, before all others.
///
/// # Errors
/// There is no workspace here, or Cargo cannot read it.
pub fn programs() -> Result<Vec<Program>> {
    let _span = info_span!("find programs").entered();
    let metadata = MetadataCommand::new().cargo_path(cargo()).no_deps().exec();
    let metadata = metadata.map_err(|error| {
        let reason = match error {
            cargo_metadata::Error::CargoMetadata { stderr } => stderr,
            other => other.to_string(),
        };
        anyhow!("{}", reason.trim().trim_start_matches("error: ")).context(
            "cannot read a Cargo workspace here; go to one, or use `recorder record -- COMMAND`",
        )
    })?;
    let mut programs: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| {
            let listed = is_listed(package);
            let targets =
                package.targets.iter().filter(|target| target.is_bin() || target.is_example());
            targets.map(move |target| Program {
                name: target.name.clone(),
                kind: if target.is_example() { "example" } else { "bin" },
                package: package.name.to_string(),
                source: target.src_path.clone().into(),
                summary: summary(target),
                listed,
                position: position(package, &target.name),
                id: package.id.clone(),
                features: target.required_features.clone(),
            })
        })
        .collect();
    programs
        .sort_by(|a, b| (a.position, &a.name, !a.listed).cmp(&(b.position, &b.name, !b.listed)));
    Ok(programs)
}

/// Finds the program with this name.
///
/// # Errors
/// There is none; the message contains the most similar name.
pub fn find<'a>(programs: &'a [Program], name: &str) -> Result<&'a Program, String> {
    const MIN_SIMILARITY: f64 = 0.7;
    programs.iter().find(|program| program.name == name).ok_or_else(|| {
        let most_similar = programs
            .iter()
            .filter(|program| program.listed)
            .map(|program| (strsim::jaro_winkler(&program.name, name), &program.name))
            .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = most_similar
            .map_or_else(String::new, |(_, similar)| format!("; did you mean {similar:?}?"));
        format!(
            "this workspace has no example or binary {name:?}{hint} (`recorder list` shows all \
             programs)"
        )
    })
}

/// The first line of a program's documentation, or an empty string.
fn summary(target: &Target) -> String {
    let source = fs::read_to_string(&target.src_path).unwrap_or_default();
    let line = source.lines().find_map(|line| line.strip_prefix("//!"));
    line.unwrap_or_default().trim().to_owned()
}

fn is_listed(package: &Package) -> bool {
    let uses = package.dependencies.iter().any(|dependency| dependency.name == "instrumented");
    uses && package.metadata["recorder"]["hidden"] != true
}

/// The position of a program in its package's order; programs that are not in it come last.
fn position(package: &Package, name: &str) -> usize {
    let order = package.metadata["recorder"]["order"].as_array();
    order.and_then(|order| order.iter().position(|named| named == name)).unwrap_or(usize::MAX)
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
