//! The programs of the Cargo workspace that we are in.

use std::ffi::OsString;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt};

use anyhow::{Context, Result, anyhow, bail};
use cargo_metadata::{Message, MetadataCommand, Package, PackageId, Target, TargetKind};
use serde::Serialize;
use tracing::info_span;

/// A binary or example of a workspace.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Whether it is to be listed: its package uses `instrumented`, and does not hide.
    pub listed: bool,
    /// Its place in the order that its package wants to be listed in.
    place: usize,
    package: String,
    id: PackageId,
    source: PathBuf,
    is_example: bool,
    /// Without these it is not built.
    features: Vec<String>,
}

/// What `recorder list --json` says of a program.
#[derive(Clone, Debug, Serialize)]
pub struct Listing<'a> {
    name: &'a str,
    kind: &'static str,
    package: &'a str,
    source: &'a Path,
    summary: String,
}

impl Program {
    /// The first line of its documentation, or nothing.
    pub fn summary(&self) -> String {
        let source = fs::read_to_string(&self.source).unwrap_or_default();
        let line = source.lines().find_map(|line| line.strip_prefix("//!"));
        line.unwrap_or_default().trim().to_owned()
    }

    /// All that is known of it without building it.
    pub fn listing(&self) -> Listing<'_> {
        Listing {
            name: &self.name,
            kind: if self.is_example { "example" } else { "bin" },
            package: &self.package,
            source: &self.source,
            summary: self.summary(),
        }
    }

    /// Builds it; gives the path of the executable. What Cargo has to say goes to stderr, if
    /// it is `quiet` only what is wrong.
    ///
    /// # Errors
    /// Cargo cannot be run, or the program cannot be built.
    pub fn build(&self, release: bool, quiet: bool) -> Result<PathBuf> {
        let _span = info_span!("build", program = self.name, release).entered();
        let mut command = Command::new(cargo());
        command.args(["build", "--message-format=json-render-diagnostics", "--package"]);
        command.arg(&self.id.repr);
        command.args([if self.is_example { "--example" } else { "--bin" }, &self.name]);
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
            bail!("cannot build {}; see what cargo says above", self.name);
        }
        let executable =
            executable.with_context(|| format!("cargo built no executable {}", self.name))?;
        let executable = executable.into_std_path_buf();
        // As a person would type it, and as `cargo run` shows it.
        let here = env::current_dir().unwrap_or_default();
        Ok(match executable.strip_prefix(here) {
            Ok(near) => Path::new(".").join(near),
            Err(_) => executable,
        })
    }
}

/// All programs of the workspace that we are in, by name.
///
/// A package can have them in another order, and before those of others: the list `order` in
/// its `[package.metadata.recorder]`.
///
/// # Errors
/// We are in no workspace, or Cargo cannot read it.
pub fn programs() -> Result<Vec<Program>> {
    let _span = info_span!("find programs").entered();
    let metadata = MetadataCommand::new().cargo_path(cargo()).no_deps().exec();
    let metadata = metadata.map_err(|error| {
        let why = match error {
            cargo_metadata::Error::CargoMetadata { stderr } => stderr,
            other => other.to_string(),
        };
        anyhow!("{}", why.trim().trim_start_matches("error: ")).context(
            "cannot read a Cargo workspace here; go to one, or use `recorder record -- COMMAND`",
        )
    })?;
    let mut programs: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| {
            let listed = is_listed(package);
            let targets = package.targets.iter().filter(|target| is_program(target));
            targets.map(move |target| Program {
                name: target.name.clone(),
                listed,
                place: place(package, &target.name),
                package: package.name.to_string(),
                id: package.id.clone(),
                source: target.src_path.clone().into(),
                is_example: target.kind.contains(&TargetKind::Example),
                features: target.required_features.clone(),
            })
        })
        .collect();
    programs.sort_by(|a, b| (a.place, &a.name, !a.listed).cmp(&(b.place, &b.name, !b.listed)));
    Ok(programs)
}

/// There is no program of this name.
#[derive(Debug)]
pub struct Unknown {
    name: String,
    nearest: Option<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this workspace has no example or binary {:?}", self.name)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean {nearest:?}?")?;
        }
        write!(f, " (`recorder list` shows what can be run)")
    }
}

impl std::error::Error for Unknown {}

/// The program with this name.
///
/// # Errors
/// [`Unknown`], with the name that is most like it.
pub fn find(programs: &[Program], name: &str) -> Result<Program, Unknown> {
    /// From here on two names are alike.
    const ALIKE: f64 = 0.7;
    programs.iter().find(|program| program.name == name).cloned().ok_or_else(|| {
        let nearest = programs
            .iter()
            .filter(|program| program.listed)
            .map(|program| (strsim::jaro_winkler(&program.name, name), &program.name))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Unknown { name: name.to_owned(), nearest: nearest.map(|(_, name)| name.clone()) }
    })
}

fn is_program(target: &Target) -> bool {
    target.kind.iter().any(|kind| matches!(kind, TargetKind::Bin | TargetKind::Example))
}

fn is_listed(package: &Package) -> bool {
    let uses = package.dependencies.iter().any(|dependency| dependency.name == "instrumented");
    uses && package.metadata["recorder"]["hidden"] != true
}

/// Where a package's own order has this program; those that it does not have come last.
fn place(package: &Package, name: &str) -> usize {
    let order = package.metadata["recorder"]["order"].as_array();
    order.and_then(|order| order.iter().position(|named| named == name)).unwrap_or(usize::MAX)
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
