//! Builds programs so that their channels, locks and threads are recorded, without a change to
//! their source.
//!
//! The compiler's option `--extern std=FILE` gives a crate another crate under the name `std`: the
//! facade. Cargo builds the program with the recorder as the [wrapper](compiler) of the compiler,
//! which adds that option for each crate; one that is `no_std` does not use it. Build scripts and procedural macros run
//! during the build and are left alone; Cargo distinguishes them by the option `--target`.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};
use tracing::info_span;

pub mod cargo;
pub mod compiler;
mod facade;
mod invocation;
mod not_recorded;

pub use not_recorded::NotRecorded;

/// The oldest compiler that compiles the facade.
const MIN_RUSTC: (u32, u32) = (1, 95);

/// Which crates are recorded.
#[derive(Clone, Debug, Default, Deserialize, Hash, PartialEq, Serialize)]
pub struct Crates {
    /// Only these packages, unless empty.
    pub only: Vec<String>,
    /// None of these packages.
    pub without: Vec<String>,
}

impl Crates {
    /// Whether the crates of this package are recorded.
    pub fn contain(&self, package: &str) -> bool {
        let names = |packages: &[String]| packages.iter().any(|name| same_name(name, package));
        (self.only.is_empty() || names(&self.only)) && !names(&self.without)
    }
}

/// Whether two names are those of the same package: Cargo takes `-` for `_` in many places.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.replace('-', "_") == b.replace('-', "_")
}

/// What the wrapper of the compiler has to know. It reads it from a file beside its own.
#[derive(Debug, Deserialize, Hash, Serialize)]
struct Plan {
    /// The directory of the facade for each target.
    facades: BTreeMap<String, PathBuf>,
    crates: Crates,
    /// The wrapper that the user's configuration names.
    wrapper: Option<PathBuf>,
    /// The user's `rustdoc`.
    rustdoc: PathBuf,
    /// The directory of the notes on crates that could not be recorded.
    notes: PathBuf,
}

/// A build in which crates are recorded.
#[derive(Debug)]
pub struct Build {
    /// Cargo's target directory.
    directory: PathBuf,
    /// The directory of the wrappers and their plan.
    wrappers: PathBuf,
    /// The target to build for, unless the user's configuration names one.
    target: Option<String>,
    notes: PathBuf,
}

/// What a build is for.
#[derive(Debug)]
pub struct Request<'a> {
    /// Cargo's target directory of the workspace.
    pub target_directory: &'a Path,
    /// The toolchain named on Cargo's command line, as in `cargo +nightly`.
    pub toolchain: Option<&'a str>,
    /// The targets named on Cargo's command line.
    pub targets: Vec<String>,
    /// Which crates are recorded.
    pub crates: Crates,
    /// Whether time passes for the program on the clock of its schedule, which will be controlled.
    pub scheduled: bool,
}

impl Build {
    /// Compiles the facade for the compiler and the targets of the current directory, unless that
    /// has been done, and prepares the wrappers.
    ///
    /// # Errors
    /// The compiler cannot be run, is too old, or cannot compile the facade; the configuration of
    /// Cargo or a file cannot be read or written.
    pub fn prepare(request: &Request<'_>) -> Result<Build> {
        let _span = info_span!("prepare build").entered();
        let config = cargo_config2::Config::load().context("cannot read Cargo's configuration")?;
        let rustc = Rustc::find(&config, request.toolchain)?;
        let configured: Vec<String> =
            config.build.target.iter().flatten().map(|target| target.triple().to_owned()).collect();
        let (targets, target) = match (&request.targets[..], &configured[..]) {
            ([], []) => (vec![rustc.host.clone()], Some(rustc.host.clone())),
            ([], configured) => (configured.to_vec(), None),
            (named, _) => (named.to_vec(), None),
        };

        let root = request.target_directory.join("recorder");
        let sources = facade::hash_of_sources();
        remove_other_versions(&root, &sources);
        let cache = cache_directory().filter(|directory| fs::create_dir_all(directory).is_ok());
        let std_root = cache.unwrap_or_else(|| root.clone());
        let mut selection = match request.crates == Crates::default() {
            true => String::new(),
            false => format!("-{}", short_hash(&request.crates)),
        };
        let std = if request.scheduled { "std-scheduled" } else { "std" };
        if request.scheduled {
            selection += "-scheduled";
        }
        let directory = root.join(format!("{sources}{selection}"));
        let mut facades = BTreeMap::new();
        for target in targets {
            let at = std_root.join(format!("{sources}-{std}")).join(rustc.key(&target));
            facade::compile(&rustc, &target, &at, request.scheduled)?;
            facades.insert(target, at);
        }
        let notes = directory.join("not-recorded");
        let plan = Plan {
            facades,
            crates: request.crates.clone(),
            wrapper: config.build.rustc_wrapper.clone(),
            rustdoc: config.build.rustdoc.clone().unwrap_or_else(|| "rustdoc".into()),
            notes: notes.clone(),
        };
        let wrappers = directory.join("wrappers").join(short_hash(&plan));
        compiler::install(&wrappers, &plan)
            .with_context(|| format!("cannot write to {}", wrappers.display()))?;
        Ok(Build { directory, wrappers, target, notes })
    }

    /// Makes a command that runs Cargo build this way.
    pub fn apply(&self, command: &mut Command) {
        command.env("CARGO_TARGET_DIR", &self.directory);
        command.env("RUSTC_WRAPPER", self.wrappers.join(compiler::RUSTC));
        command.env("RUSTDOC", self.wrappers.join(compiler::RUSTDOC));
        if let Some(target) = &self.target {
            command.env("CARGO_BUILD_TARGET", target);
        }
    }

    /// The crates in the files that Cargo has built that could not be recorded, sorted by name; if
    /// the files are not known, all crates ever built that could not be recorded.
    pub fn not_recorded(&self, built: Option<&[PathBuf]>) -> Vec<NotRecorded> {
        not_recorded::read(&self.notes, built)
    }
}

/// The user's compiler.
#[derive(Debug)]
struct Rustc {
    program: PathBuf,
    toolchain: Option<String>,
    /// What it says of itself.
    version: String,
    host: String,
}

impl Rustc {
    fn find(config: &cargo_config2::Config, toolchain: Option<&str>) -> Result<Self> {
        let program = config.build.rustc.clone().unwrap_or_else(|| "rustc".into());
        let toolchain = toolchain.map(str::to_owned);
        let mut rustc = Rustc { program, toolchain, version: String::new(), host: String::new() };
        let mut command = rustc.command();
        let output = command.arg("-vV").output();
        let output = output.with_context(|| format!("cannot run {}", rustc.program.display()))?;
        if !output.status.success() {
            bail!("{} fails: {}", rustc.program.display(), text(&output.stderr).trim());
        }
        rustc.version = text(&output.stdout);
        let field = |name| rustc.version.lines().find_map(|line| line.strip_prefix(name));
        let release = field("release: ").unwrap_or_default();
        if parse_version(release).is_none_or(|version| version < MIN_RUSTC) {
            let (major, minor) = MIN_RUSTC;
            bail!(
                "rustc {release} is too old to record a program without changes to its source; \
                 that requires {major}.{minor} or newer. Run `rustup update`, or choose a newer \
                 toolchain, for example with `rustup override set stable`"
            );
        }
        rustc.host = field("host: ").context("rustc names no host")?.to_owned();
        Ok(rustc)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command
    }

    /// The name of the facade's directory for a target.
    fn key(&self, target: &str) -> String {
        format!("{target}-{}", short_hash(&self.version))
    }
}

fn parse_version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The directory in which files are kept for all programs of the user.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
    Some(cache.join("recorder"))
}

/// Removes what other versions of the recorder have built: it would never be used again.
fn remove_other_versions(root: &Path, sources: &str) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_build = |name: &str| {
            let hash = name.split('-').next().unwrap_or_default();
            hash.len() == sources.len() && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if name.to_str().is_some_and(|name| is_build(name) && !name.starts_with(sources)) {
            // If another process still uses it, it stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Eight hexadecimal digits that depend on `value`.
fn short_hash(value: &impl Hash) -> String {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    let hash = hasher.finish();
    format!("{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

/// Writes a file under another name first, so that nobody reads half of it.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut unfinished = OsString::from(path);
    unfinished.push(format!(".{}", std::process::id()));
    fs::write(&unfinished, content)?;
    fs::rename(&unfinished, path)
}

/// The path of this program, for links to it.
fn own_path() -> io::Result<PathBuf> {
    env::current_exe()
}
