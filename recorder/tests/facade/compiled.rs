//! The facade, compiled from the sources that the recorder contains.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The options that give a crate the facade under the name `std_recorded` or `std`.
pub(crate) fn options(name: &str) -> [String; 4] {
    let directory = directory();
    let library = directory.join("libstd_recorded.rmeta");
    [
        "--extern".to_owned(),
        format!("{name}={}", library.display()),
        "-L".to_owned(),
        format!("dependency={}", directory.display()),
    ]
}

/// The directory with the facade, which the first call compiles.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(compile)
}

/// The facade's sources.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("std")
}

fn compile() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("facade");
    fs::create_dir_all(&directory).unwrap();
    for (name, source, options) in [
        ("format", "format/lib.rs", &[][..]),
        (
            "instrumented",
            "instrumented/lib.rs",
            &["--extern", "format", "--cfg", "feature=\"record\""],
        ),
        // With all that it can replace.
        ("std_recorded", "facade.rs", &["--extern", "instrumented", "--cfg", "scheduled"]),
    ] {
        let mut command = compiler("rustc");
        command.args(["--crate-type=rlib", "--emit=metadata", "--cap-lints=allow"]);
        command.args(["--crate-name", name]).args(options);
        command.arg("--out-dir").arg(&directory).arg("-L").arg(&directory);
        run(command.arg(sources().join(source)));
    }
    directory
}

/// A command that starts `rustc` or `rustdoc`.
pub(crate) fn compiler(name: &str) -> Command {
    let variable = name.to_ascii_uppercase();
    let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| name.into()));
    command.arg("--edition=2024");
    command
}

pub(crate) fn run(command: &mut Command) {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
}

pub(crate) fn temporary_directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Documents a crate that consists of `source`.
pub(crate) fn document(source: &str, options: &[String]) -> TempDir {
    let directory = temporary_directory();
    let path = directory.path().join("api.rs");
    fs::write(&path, source).unwrap();
    let mut command = compiler("rustdoc");
    command.args(options).arg("-o").arg(directory.path()).arg(path);
    run(&mut command);
    directory
}
