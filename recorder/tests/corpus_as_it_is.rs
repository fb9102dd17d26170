//! The corpus with imports of std, recorded as it is.
//!
//! Nothing but imports and the names of channels differs, so that its findings have the same places.
#![forbid(unsafe_code)]

mod corpus_suite;

mod programs {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::OnceLock;

    use recorder::analysis::findings::Code;

    use super::corpus_suite::{self, Confidence};

    /// Programs with another first finding: the channel that is not recorded otherwise is std's.
    pub(crate) const FOUND_OTHERWISE: &[(&str, Code, Confidence)] =
        &[("foreign_wait", Code::Deadlock, Confidence::Certain)];

    /// Here waits of that kind would be recorded as sleep, and would be part of what is found.
    pub(crate) const JITTER: Option<&str> = None;

    /// The executable of the corpus, which runs the program that its first argument names.
    pub(crate) fn corpus() -> &'static Path {
        static CORPUS: OnceLock<PathBuf> = OnceLock::new();
        CORPUS.get_or_init(|| {
            let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-as-it-is");
            write_workspace(&workspace).expect("the workspace can be written");
            let mut programs = corpus_suite::build(
                Command::new(env!("CARGO_BIN_EXE_recorder"))
                    .args(["record", "-o"])
                    .arg(workspace.join("target/cargo.rec"))
                    .args(["--", env!("CARGO"), "build"])
                    // Its own target directory, and the facade in it, not where the user's lies.
                    .env_remove("CARGO_TARGET_DIR")
                    .env("XDG_CACHE_HOME", workspace.join("target"))
                    .env_remove("INSTRUMENTED_SESSION")
                    .current_dir(workspace),
            );
            programs.remove("recorder-corpus").expect("it is built")
        })
    }

    /// The package's path in the workspace, which the places in its findings have.
    const PACKAGE: &str = "recorder/tests/corpus";

    /// Makes a workspace of the corpus with other imports.
    fn write_workspace(workspace: &Path) -> std::io::Result<()> {
        let package = workspace.join(PACKAGE);
        fs::create_dir_all(workspace.join("target"))?;
        fs::create_dir_all(package.join("src/programs"))?;
        write(
            &workspace.join("Cargo.toml"),
            &format!("[workspace]\nresolver = \"3\"\nmembers = [\"{PACKAGE}\"]\n"),
        )?;
        write(
            &package.join("Cargo.toml"),
            "[package]\nname = \"recorder-corpus\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/src");
        for folder in ["", "programs"] {
            for entry in fs::read_dir(here.join(folder))? {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    let source = fs::read_to_string(entry.path())?;
                    let file = package.join("src").join(folder).join(entry.file_name());
                    write(&file, &as_it_is(&source))?;
                }
            }
        }
        Ok(())
    }

    /// A program of the corpus without `instrumented`, line by line.
    fn as_it_is(source: &str) -> String {
        let mut changed = source.replace("instrumented::", "std::");
        // `mpsc::named("jobs").channel()` becomes `mpsc::channel()`.
        while let Some((before, after)) = changed.split_once("mpsc::named(\"") {
            let (_, after) = after.split_once("\").").expect("the builder is used at once");
            changed = format!("{before}mpsc::{after}");
        }
        changed
    }

    /// Writes a file, unless it has this content, so that Cargo builds only what has changed.
    fn write(path: &Path, content: &str) -> std::io::Result<()> {
        if fs::read_to_string(path).is_ok_and(|existing| existing == content) {
            return Ok(());
        }
        fs::write(path, content)
    }
}
