//! Compiles several programs at once, and keeps the compiler's first error in each.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use cargo_metadata::{Message, PackageId};

use super::{BuildOptions, Program, Workspace};
use crate::build::{Build, Crates, Request, cargo};

/// The first error of the compiler in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// Its code, if it has one: `E0382`.
    pub code: Option<String>,
    /// The error, and the note at its place.
    pub message: String,
    /// Its place: `src/main.rs:14`.
    pub place: Option<String>,
}

impl CompileError {
    fn new(diagnostic: &Diagnostic) -> Self {
        let primary = diagnostic.spans.iter().find(|span| span.is_primary);
        // Of some errors, the note repeats the message.
        let label = primary
            .and_then(|span| span.label.as_deref())
            .filter(|label| *label != diagnostic.message);
        let label = label.map_or(String::new(), |label| format!("; {label}"));
        CompileError {
            code: diagnostic.code.as_ref().map(|code| code.code.clone()),
            message: format!("{}{label}", diagnostic.message),
            place: primary.map(|span| format!("{}:{}", span.file_name, span.line_start)),
        }
    }
}

/// The executable of a program, or why it does not compile.
pub type Compiled = Result<PathBuf, CompileError>;

impl Workspace {
    /// Compiles programs, recorded as they are if they do not depend on `instrumented`. The results
    /// have their order.
    ///
    /// # Errors
    /// Cargo cannot be run, or fails for another reason than the programs.
    pub fn compile(&self, programs: &[&Program]) -> Result<Vec<Compiled>> {
        let [plain, recorded] = split(programs)?;
        let mut compiled = HashMap::new();
        if !plain.is_empty() {
            compile(&plain, None, &mut compiled)?;
        }
        if !recorded.is_empty() {
            let build = Build::prepare(&Request {
                target_directory: &self.target_directory,
                toolchain: None,
                targets: Vec::new(),
                crates: Crates::default(),
                scheduled: false,
            })?;
            compile(&recorded, Some(&build), &mut compiled)?;
        }
        let result = |program: &&Program| {
            let result = compiled.remove(&(program.id.clone(), program.name.clone()));
            result.with_context(|| format!("cargo built no executable {}", program.name))
        };
        programs.iter().map(result).collect()
    }
}

/// Divides programs into those that depend on `instrumented` and the others.
fn split<'a>(programs: &[&'a Program]) -> Result<[Vec<&'a Program>; 2]> {
    let mut depends: HashMap<(&PackageId, &[String], &str), bool> = HashMap::new();
    let mut parts = [Vec::new(), Vec::new()];
    for &program in programs {
        let key = (&program.id, &program.features[..], program.kind);
        let depends = match depends.get(&key) {
            Some(&depends) => depends,
            // Cargo would need the dependencies of the whole workspace to answer.
            None if !program.has_dependencies => false,
            None => {
                let metadata = program.metadata(&BuildOptions::default())?;
                *depends.entry(key).or_insert(program.depends_on_library(&metadata))
            }
        };
        parts[usize::from(!depends)].push(program);
    }
    Ok(parts)
}

/// By the package and the name of a program.
type Results = HashMap<(PackageId, String), Compiled>;

/// Runs Cargo once, and adds the result of each program.
fn compile(programs: &[&Program], build: Option<&Build>, results: &mut Results) -> Result<()> {
    let mut command = Command::new(cargo::program());
    if let Some(build) = build {
        build.apply(&mut command);
    }
    command.args(["build", "--keep-going", "--quiet", "--message-format=json"]);
    for program in programs {
        command.args(["--package", &program.id.repr]);
        command.args([&format!("--{}", program.kind), &program.name]);
        for feature in &program.features {
            command.args(["--features", &format!("{}/{feature}", program.package)]);
        }
    }
    // Cargo's own errors repeat those of the compiler.
    let mut errors = tempfile::tempfile()?;
    command.stdout(Stdio::piped()).stderr(errors.try_clone()?);
    let mut cargo = command.spawn().context("cannot run cargo")?;
    let mut other_error = None;
    let stdout = cargo.stdout.take().context("cargo has no stdout")?;
    for message in Message::parse_stream(BufReader::new(stdout)) {
        match message? {
            Message::CompilerArtifact(artifact) => {
                if let Some(executable) = artifact.executable {
                    results
                        .insert((artifact.package_id, artifact.target.name), Ok(executable.into()));
                }
            }
            Message::CompilerMessage(message)
                if message.message.level == DiagnosticLevel::Error =>
            {
                let target = (message.package_id, message.target.name);
                let error = CompileError::new(&message.message);
                let is_program =
                    programs.iter().any(|it| (&it.id, &it.name) == (&target.0, &target.1));
                match is_program {
                    true => _ = results.entry(target).or_insert(Err(error)),
                    false => _ = other_error.get_or_insert(error),
                }
            }
            _ => {}
        }
    }
    let status = cargo.wait()?;
    // One in a library that they use.
    if let Some(error) = other_error {
        for program in programs {
            let target = (program.id.clone(), program.name.clone());
            results.entry(target).or_insert_with(|| Err(error.clone()));
        }
    }
    let is_known =
        |program: &&Program| results.contains_key(&(program.id.clone(), program.name.clone()));
    if !status.success() && !programs.iter().all(is_known) {
        let mut text = String::new();
        errors.rewind()?;
        errors.read_to_string(&mut text)?;
        bail!("{}", text.trim().trim_start_matches("error: "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An error of the compiler with a note at its place.
    fn diagnostic(message: &str, label: &str) -> Diagnostic {
        let span = json!({
            "file_name": "src/main.rs", "byte_start": 0, "byte_end": 1, "line_start": 14,
            "line_end": 14, "column_start": 1, "column_end": 2, "is_primary": true, "text": [],
            "label": label, "suggested_replacement": null, "suggestion_applicability": null,
            "expansion": null,
        });
        serde_json::from_value(json!({
            "message": message, "code": { "code": "E0277", "explanation": null },
            "level": "error", "spans": [span], "children": [], "rendered": null,
        }))
        .unwrap()
    }

    #[test]
    fn a_note_that_repeats_the_message_is_left_out() {
        let message = |label| CompileError::new(&diagnostic("it cannot be shared", label)).message;
        assert_eq!(message("it cannot be shared"), "it cannot be shared");
        assert_eq!(message("not here"), "it cannot be shared; not here");
    }
}
