//! What is kept: the gallery in `traces/gallery`, where the command must make the same of the
//! recordings as ever, and recordings of every version of the format.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const RECORDER: &str = env!("CARGO_BIN_EXE_recorder");

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn gallery() -> PathBuf {
    workspace().join("traces/gallery")
}

/// The names of what is in a directory.
fn names_in(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Runs a command, which must succeed, and returns what it prints.
#[track_caller]
fn printed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_kept_follows_from_the_recordings() {
    let (kept, derived) = (gallery(), tempfile::tempdir().unwrap());
    let mut expected = names_in(&kept);
    expected.retain(|name| !name.ends_with(".png"));
    for name in expected.iter().filter(|name| name.ends_with(".rec")) {
        fs::copy(kept.join(name), derived.path().join(name)).unwrap();
    }
    let mut command = Command::new(workspace().join("traces/make"));
    printed(command.arg("derive").env("RECORDER", RECORDER).env("GALLERY", derived.path()));

    assert_eq!(names_in(derived.path()), expected);
    let content = |directory: &Path, name: &String| fs::read(directory.join(name)).unwrap();
    expected.retain(|name| content(&kept, name) != content(derived.path(), name));
    assert!(
        expected.is_empty(),
        "other than before: {expected:?}. If that is as it should be, run `traces/make derive` and \
         look at what has changed"
    );
}

#[test]
fn every_example_is_there_and_shown() {
    let sources = names_in(&workspace().join("examples/src/bin"));
    let examples = sources.iter().map(|source| source.strip_suffix(".rs").unwrap());
    let endings = ["json", "pftrace", "png", "rec", "report.txt", "svg"];
    let files = examples.flat_map(|name| endings.map(|ending| format!("{name}.{ending}")));
    let (kept, expected) = (names_in(&gallery()), files.collect::<BTreeSet<_>>());
    let differ: Vec<_> = kept.symmetric_difference(&expected).collect();
    assert!(differ.is_empty(), "missing, or too many: {differ:?}. Run `traces/make`");

    let page = fs::read_to_string(workspace().join("traces/README.md")).unwrap();
    for picture in kept.iter().filter(|name| name.ends_with(".png")) {
        assert!(page.contains(&format!("](gallery/{picture})")), "{picture}");
    }
}

#[test]
fn it_is_small_and_names_no_machine() {
    let names = names_in(&gallery());
    let sizes = names.iter().map(|name| fs::metadata(gallery().join(name)).unwrap().len());
    assert!(sizes.sum::<u64>() < 10 << 20);
    for name in names.iter().filter(|name| name.ends_with(".json")) {
        let trace = fs::read_to_string(gallery().join(name)).unwrap();
        assert!(trace.contains("\"target/release/") && trace.contains("host classroom"), "{name}");
    }
}

#[test]
fn recordings_of_every_version_give_everything() {
    let golden = workspace().join("format/tests/golden");
    let names = names_in(&golden);
    for version in 1..=format::VERSION {
        assert!(names.contains(&format!("version-{version}.rec")), "{version}");
    }
    let directory = tempfile::tempdir().unwrap();
    for name in &names {
        let recording = golden.join(name);
        for ending in ["json", "json.gz", "pftrace", "pftrace.gz", "svg", "mmd", "rec", "txt"] {
            let file = directory.path().join(format!("{name}.{ending}"));
            let mut command = Command::new(RECORDER);
            printed(command.arg("export").arg(&recording).arg("-o").arg(&file));
            assert!(fs::metadata(&file).unwrap().len() > 100, "{}", file.display());
        }
        for view in ["report", "show"] {
            let text = printed(Command::new(RECORDER).arg(view).arg(&recording));
            assert!(text.lines().count() > 10, "{view} {name}: {text}");
        }
    }
}
