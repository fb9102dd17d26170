//! The recorder as the wrapper of the compiler and of `rustdoc`.
//!
//! Cargo starts it by a link, whose name says what it stands for; the plan lies beside the link.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use serde_json::Value;

use super::invocation::Invocation;
use super::not_recorded::{self, NotRecorded};
use super::{Plan, facade, own_path, write_whole};

/// The name of the link for `RUSTC_WRAPPER`.
pub(super) const RUSTC: &str = "recorded-rustc";
/// The name of the link for `RUSTDOC`.
pub(super) const RUSTDOC: &str = "recorded-rustdoc";
const PLAN: &str = "plan.json";

/// Makes a directory with the wrappers and their plan.
pub(super) fn install(directory: &Path, plan: &Plan) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_whole(&directory.join(PLAN), &serde_json::to_vec_pretty(plan)?)?;
    let own = own_path()?;
    for name in [RUSTC, RUSTDOC] {
        let link = directory.join(name);
        if fs::read_link(&link).ok().as_ref() != Some(&own) {
            let _ = fs::remove_file(&link);
            match symlink(&own, &link) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => linked?,
            }
        }
    }
    Ok(())
}

/// Carries out the call of a compiler if this process was started as one. Returns its exit status.
pub fn run_if_called() -> Option<ExitCode> {
    let mut arguments = env::args_os();
    let link = PathBuf::from(arguments.next()?);
    let is_rustdoc = match link.file_name()?.to_str()? {
        RUSTC => false,
        RUSTDOC => true,
        _ => return None,
    };
    let arguments: Vec<_> = arguments.collect();
    let result = read_plan(&link).and_then(|plan| match is_rustdoc {
        true => document(&plan, &arguments),
        false => compile(&plan, &arguments),
    });
    Some(result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "recorder: cannot compile: {error}");
        ExitCode::FAILURE
    }))
}

fn read_plan(link: &Path) -> io::Result<Plan> {
    let path = link.with_file_name(PLAN);
    let plan = serde_json::from_slice(&fs::read(&path)?).map_err(io::Error::from);
    plan.map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

/// How a crate is compiled.
enum Treatment<'a> {
    /// As it is: it is no part of the program.
    Alone,
    /// As it is, but the crates that it uses may be recorded.
    WithRecorded(&'a Path),
    Recorded(&'a Path),
}

impl Plan {
    fn treatment(&self, invocation: &Invocation) -> Treatment<'_> {
        let facade = invocation.target.as_ref().and_then(|target| self.facades.get(target));
        let (Some(facade), Some(_)) = (facade, &invocation.root) else { return Treatment::Alone };
        let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
        match self.crates.contain(&package) {
            true => Treatment::Recorded(facade),
            false => Treatment::WithRecorded(facade),
        }
    }
}

/// Calls the compiler. `arguments` begin with its name, possibly after that of another wrapper.
fn compile(plan: &Plan, arguments: &[OsString]) -> io::Result<ExitCode> {
    let names = arguments.iter().take_while(|argument| !is_option(argument)).count();
    let invocation = Invocation::parse(&arguments[names..]);
    let mut command: Vec<OsString> = Vec::new();
    command.extend(plan.wrapper.iter().map(OsString::from));
    command.extend_from_slice(arguments);
    match plan.treatment(&invocation) {
        Treatment::Alone => execute(&command),
        Treatment::WithRecorded(facade) => {
            command.extend(caller_options(&invocation));
            command.extend(facade::search_options(facade).map(OsString::from));
            execute(&command)
        }
        Treatment::Recorded(facade) => {
            command.extend(caller_options(&invocation));
            command.extend(facade::search_options(facade).map(OsString::from));
            let as_it_is = command.clone();
            command.extend(facade::options(facade).map(OsString::from));
            compile_recorded(plan, &invocation, &command, &as_it_is)
        }
    }
}

/// The options with which the callers of a dependency can be recorded, and found in the source; the
/// last one if the program's profile has no debug information.
pub(super) const OPTIONS: [&str; 3] =
    ["-Cforce-frame-pointers=yes", "-Cstrip=none", "-Cdebuginfo=line-tables-only"];

fn caller_options(invocation: &Invocation) -> impl Iterator<Item = OsString> {
    let count = if invocation.has_debug_information { 2 } else { 3 };
    OPTIONS.into_iter().take(count).map(OsString::from)
}

/// Calls `rustdoc`, which compiles the tests in the documentation of a crate.
fn document(plan: &Plan, arguments: &[OsString]) -> io::Result<ExitCode> {
    let invocation = Invocation::parse(arguments);
    let mut command = vec![plan.rustdoc.clone().into_os_string()];
    command.extend_from_slice(arguments);
    let facade = invocation.target.as_ref().and_then(|target| plan.facades.get(target));
    if let (Some(facade), Some(_)) = (facade, &invocation.root) {
        command.extend(facade::search_options(facade).map(OsString::from));
        let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
        if invocation.is_test && plan.crates.contain(&package) {
            command.extend(facade::options(facade).map(OsString::from));
        }
    }
    execute(&command)
}

fn is_option(argument: &OsStr) -> bool {
    argument.as_encoded_bytes().starts_with(b"-")
}

/// Becomes the compiler.
fn execute(command: &[OsString]) -> io::Result<ExitCode> {
    let [program, arguments @ ..] = command else { return Ok(ExitCode::FAILURE) };
    Err(Command::new(program).args(arguments).exec())
}

/// Compiles a crate so that it is recorded, or as it is if it does not compile that way.
fn compile_recorded(
    plan: &Plan,
    invocation: &Invocation,
    command: &[OsString],
    as_it_is: &[OsString],
) -> io::Result<ExitCode> {
    let metadata = invocation.metadata.as_deref().unwrap_or_default();
    let (status, messages) = try_to_compile(command)?;
    if status.success() {
        let _ = fs::remove_file(not_recorded::path(&plan.notes, metadata));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(messages) = messages {
        let (status_as_it_is, messages_as_it_is) = try_to_compile(as_it_is)?;
        if status_as_it_is.success() {
            let variable = |name| env::var(name).unwrap_or_default();
            let note = NotRecorded {
                package: format!(
                    "{} {}",
                    variable("CARGO_PKG_NAME"),
                    variable("CARGO_PKG_VERSION")
                ),
                name: invocation.crate_name.clone().unwrap_or_default(),
                reason: first_error(&messages).unwrap_or_default(),
                file: invocation.file(),
            };
            not_recorded::write(&plan.notes, metadata, &note)?;
            return Ok(ExitCode::SUCCESS);
        }
        drop(messages_as_it_is);
        // The crates that this one uses are recorded, so the first attempt says what is wrong.
        io::stderr().write_all(&messages)?;
    }
    Ok(exit_code(status))
}

/// Runs the compiler and passes on its messages from the first on that reports a finished file;
/// Cargo then starts to compile what depends on the crate. Returns the messages if there was none
/// and the compiler failed.
fn try_to_compile(command: &[OsString]) -> io::Result<(ExitStatus, Option<Vec<u8>>)> {
    let [program, arguments @ ..] = command else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut child = Command::new(program).args(arguments).stderr(Stdio::piped()).spawn()?;
    let mut held = Some(Vec::new());
    if let Some(stderr) = child.stderr.take() {
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            facade::rename_in_message(&mut line);
            match &mut held {
                Some(messages) => {
                    messages.extend_from_slice(&line);
                    if is_artifact(&line) {
                        io::stderr().write_all(messages)?;
                        held = None;
                    }
                }
                None => io::stderr().write_all(&line)?,
            }
            line.clear();
        }
    }
    let status = child.wait()?;
    if status.success()
        && let Some(messages) = held.take()
    {
        io::stderr().write_all(&messages)?;
    }
    Ok((status, held))
}

/// Whether a message says that a file of the crate is finished.
fn is_artifact(line: &[u8]) -> bool {
    line.starts_with(br#"{"$message_type":"artifact""#)
        // The list of sources comes first, also if the crate then does not compile.
        && !line.windows(br#""emit":"dep-info""#.len()).any(|part| part == br#""emit":"dep-info""#)
}

/// The compiler's first error, in one line.
fn first_error(messages: &[u8]) -> Option<String> {
    let messages = messages.split(|byte| *byte == b'\n');
    messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok()).find_map(|message| {
        let is_error = message["level"].as_str()?.starts_with("error");
        let code = message["code"]["code"].as_str().unwrap_or_default();
        let text = message["message"].as_str()?.lines().next()?;
        let place = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true);
        let place = place.map(|span| {
            let file = span["file_name"].as_str().unwrap_or_default();
            format!(" at {file}:{}", span["line_start"])
        });
        let space = if code.is_empty() { "" } else { " " };
        is_error.then(|| format!("{code}{space}{text}{}", place.unwrap_or_default()))
    })
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
