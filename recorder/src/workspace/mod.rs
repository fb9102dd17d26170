//! The programs of the current Cargo workspace.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package, PackageId, Target};
use clap::Args;
use serde::Serialize;
use tracing::info_span;

use crate::build::Build;
use crate::build::cargo::{self, Warnings};

pub mod compile;
pub(crate) mod runs;

/// The kind of a program that is an example.
const EXAMPLE: &str = "example";

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
    /// Whether it is listed: its package is not hidden.
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
    /// Whether its package has dependencies.
    #[serde(skip)]
    has_dependencies: bool,
}

impl Program {
    /// The packages and dependencies of the workspace, with the program's features.
    ///
    /// # Errors
    /// Cargo cannot resolve the dependencies.
    pub fn metadata(&self, options: &BuildOptions) -> Result<Metadata> {
        let mut command = MetadataCommand::new();
        command.cargo_path(cargo::program()).other_options(options.for_metadata());
        let features: Vec<_> = self.features.iter().chain(&options.features).cloned().collect();
        if !features.is_empty() {
            command.features(CargoOpt::SomeFeatures(features));
        }
        cargo::metadata(&command)
    }

    /// Whether the program depends on `instrumented`: it then records itself.
    pub fn depends_on_library(&self, metadata: &Metadata) -> bool {
        cargo::depends_on_library(metadata, [&self.id], self.kind == EXAMPLE)
    }

    /// Builds the program, recorded as it is if there is a `build` for that. Cargo prints to stderr;
    /// if `quiet`, only errors and warnings.
    ///
    /// # Errors
    /// Cargo cannot be run, or the program cannot be built.
    pub fn build(
        &self,
        build: Option<&Build>,
        options: &BuildOptions,
        quiet: bool,
    ) -> Result<Built> {
        let release = options.release;
        let _span = info_span!("build", program = self.name, release).entered();
        let mut command = Command::new(cargo::program());
        if let Some(build) = build {
            build.apply(&mut command);
        }
        command.args(["build", "--package", &self.id.repr]);
        command.args([&format!("--{}", self.kind), &self.name]);
        for feature in self.features.iter().chain(&options.features) {
            command.args(["--features", feature]);
        }
        if release {
            command.arg("--release");
        }
        if options.offline {
            command.arg("--offline");
        }
        if quiet {
            command.arg("--quiet");
        }
        let (status, artifacts) = cargo::build(command, Warnings::Printed)?;
        if !status.success() {
            bail!("cannot build {}; see the messages of cargo above", self.name);
        }
        let executable = artifacts
            .iter()
            .filter(|artifact| artifact.target.name == self.name)
            .find_map(|artifact| artifact.executable.clone())
            .with_context(|| format!("cargo built no executable {}", self.name))?;
        // Relative, as `cargo run` shows it: the path becomes the program's first argument.
        let relative = executable.strip_prefix(env::current_dir().unwrap_or_default());
        let relative = relative.map(|path| Path::new(".").join(path));
        Ok(Built {
            executable: relative.unwrap_or_else(|_| executable.into()),
            files: cargo::files(&artifacts),
        })
    }
}

/// A program that has been built.
#[derive(Debug)]
pub struct Built {
    /// Its executable, relative to the current directory if it is below it.
    pub executable: PathBuf,
    /// The files of all its crates.
    pub files: Vec<PathBuf>,
}

/// How a program is built.
#[derive(Args, Clone, Debug, Default)]
pub struct BuildOptions {
    /// Builds with optimizations. Example: recorder run pipeline --release
    #[arg(long)]
    pub release: bool,
    /// Enables these features of the program's package. Example: --features tls,log
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    pub features: Vec<String>,
    /// Builds without access to the network
    #[arg(long)]
    pub offline: bool,
}

impl BuildOptions {
    fn for_metadata(&self) -> Vec<String> {
        self.offline.then(|| "--offline".to_owned()).into_iter().collect()
    }
}

/// The Cargo workspace of the current directory.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its programs, sorted by name.
    ///
    /// The list `order` in `[package.metadata.recorder]` of a package moves its programs, in this
    /// order, before all others.
    pub programs: Vec<Program>,
    /// The directory of its manifest.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target_directory: PathBuf,
}

impl Workspace {
    /// Reads the workspace.
    ///
    /// # Errors
    /// There is no workspace here, or Cargo cannot read it.
    pub fn here() -> Result<Self> {
        let _span = info_span!("read workspace").entered();
        let mut command = MetadataCommand::new();
        let metadata = cargo::metadata(command.cargo_path(cargo::program()).no_deps()).context(
            "cannot read a Cargo workspace here; go to one, or use `recorder record COMMAND`",
        )?;
        Ok(Workspace {
            programs: programs(&metadata),
            root: metadata.workspace_root.into(),
            target_directory: metadata.target_directory.into(),
        })
    }

    /// Finds the program with this name; without one, the only binary or the only program.
    ///
    /// # Errors
    /// There is none, or there are several; the message lists the programs.
    pub fn find(&self, name: Option<&str>) -> Result<&Program, String> {
        let Some(name) = name else { return self.only() };
        let program = self.programs.iter().find(|program| program.name == name);
        program.ok_or_else(|| {
            let hint = suggest(name, self.listed().map(|program| &*program.name));
            match self.listing() {
                list if list.is_empty() => "this workspace has no binary or example".to_owned(),
                list => format!("this workspace has no program {name:?}{hint}\n{list}"),
            }
        })
    }

    fn only(&self) -> Result<&Program, String> {
        let binaries = self.listed().filter(|program| program.kind != EXAMPLE);
        let programs = [binaries.collect::<Vec<_>>(), self.listed().collect()];
        match programs.iter().find(|programs| !programs.is_empty()).map(Vec::as_slice) {
            Some([program]) => Ok(program),
            Some(_) => Err(format!("which program? Try `recorder run NAME`\n{}", self.listing())),
            None => Err("this workspace has no binary or example".to_owned()),
        }
    }

    /// The programs that are not hidden.
    pub fn listed(&self) -> impl Iterator<Item = &Program> {
        self.programs.iter().filter(|program| program.listed)
    }

    /// A line with name and summary for each program that is not hidden.
    pub fn listing(&self) -> String {
        let width = self.listed().map(|program| program.name.len()).max().unwrap_or(0);
        let line = |program: &Program| {
            format!("{:width$}  {}", program.name, program.summary).trim_end().to_owned()
        };
        self.listed().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn programs(metadata: &Metadata) -> Vec<Program> {
    let packages = metadata.workspace_packages().into_iter();
    let mut programs: Vec<_> = packages
        .flat_map(|package| {
            let listed = is_listed(package);
            let targets =
                package.targets.iter().filter(|target| target.is_bin() || target.is_example());
            targets.map(move |target| Program {
                name: target.name.clone(),
                kind: if target.is_example() { EXAMPLE } else { "bin" },
                package: package.name.to_string(),
                source: target.src_path.clone().into(),
                summary: summary(target),
                listed,
                position: position(package, &target.name),
                id: package.id.clone(),
                features: target.required_features.clone(),
                has_dependencies: !package.dependencies.is_empty(),
            })
        })
        .collect();
    programs
        .sort_by(|a, b| (a.position, &a.name, !a.listed).cmp(&(b.position, &b.name, !b.listed)));
    programs
}

/// A path as seen from the current directory.
pub(crate) fn relative(path: &Path) -> &Path {
    let current = env::current_dir().unwrap_or_default();
    path.strip_prefix(current).unwrap_or(path)
}

/// A question whether the most similar of these names was meant, or an empty string.
pub(crate) fn suggest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    const MIN_SIMILARITY: f64 = 0.7;
    let most_similar = names
        .map(|similar| (strsim::jaro_winkler(similar, name), similar))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    most_similar.map_or_else(String::new, |(_, similar)| format!("; did you mean {similar:?}?"))
}

/// The first line of a program's documentation, or an empty string.
fn summary(target: &Target) -> String {
    let source = fs::read_to_string(&target.src_path).unwrap_or_default();
    let line = source.lines().find_map(|line| line.strip_prefix("//!"));
    line.unwrap_or_default().trim().to_owned()
}

fn is_listed(package: &Package) -> bool {
    package.metadata["recorder"]["hidden"] != true
}

/// The position of a program in its package's order; programs that are not in it come last.
fn position(package: &Package, name: &str) -> usize {
    let order = package.metadata["recorder"]["order"].as_array();
    order.and_then(|order| order.iter().position(|named| named == name)).unwrap_or(usize::MAX)
}
