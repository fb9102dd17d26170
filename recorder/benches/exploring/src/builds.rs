//! Builds the recorder and the programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// This package.
pub const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// The recorder's own workspace.
pub fn project() -> PathBuf {
    Path::new(PACKAGE).join("../../..")
}

/// The recorder that the environment names, or a new one.
pub fn recorder() -> Result<PathBuf> {
    match env::var_os("RECORDER") {
        Some(path) => Ok(path.into()),
        None => {
            let arguments = ["build", "--release", "--locked", "--package", "chanscope"];
            executable(cargo(&project()).args(arguments), "recorder")
        }
    }
}

/// The programs with std.
pub fn with_std() -> Result<PathBuf> {
    executable(cargo(Path::new(PACKAGE)).args(["build", "--bin", "programs"]), "programs")
}

/// The programs with shuttle.
pub fn with_shuttle() -> Result<PathBuf> {
    let target = target()?.join("shuttle");
    let mut command = cargo(Path::new(PACKAGE));
    command.args([
        "build",
        "--release",
        "--bin",
        "programs",
        "--features",
        "shuttle",
        "--target-dir",
    ]);
    executable(command.arg(target), "programs")
}

/// The programs by which the findings of reports are tested: the first argument names one. Without
/// arguments it lists them.
pub fn corpus() -> Result<PathBuf> {
    let mut command = cargo(&project());
    executable(
        command.args(["build", "--locked", "--package", "recorder-corpus"]),
        "recorder-corpus",
    )
}

/// The target directory of this package.
pub fn target() -> Result<PathBuf> {
    let mut command = cargo(Path::new(PACKAGE));
    let output = command.args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["target_directory"].as_str().context("no target directory")?.into())
}

fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(directory).stderr(Stdio::inherit());
    command
}

/// Builds, and returns the executable with this name.
fn executable(command: &mut Command, name: &str) -> Result<PathBuf> {
    let all = executables(command)?;
    let found = all.into_iter().find(|it| it.file_stem().is_some_and(|stem| stem == name));
    found.with_context(|| format!("{name} was not built"))
}

fn executables(command: &mut Command) -> Result<Vec<PathBuf>> {
    let output = command.arg("--message-format=json-render-diagnostics").output()?;
    ensure!(output.status.success(), "{command:?} failed");
    let messages = output.stdout.split(|&byte| byte == b'\n');
    let messages = messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    Ok(messages.filter_map(|it| Some(it["executable"].as_str()?.into())).collect())
}
