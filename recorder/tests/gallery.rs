//! What is kept: the gallery in `traces/gallery`, where the command must make the same of the
//! recordings as ever, and recordings of every version of the format.

#![allow(clippy::unwrap_used, reason = "in helpers, too, a failed unwrap is the failed assertion")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
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
fn the_gallery_is_reproduced_from_its_recordings() {
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

/// The names of the examples.
fn examples() -> BTreeSet<String> {
    let sources = names_in(&workspace().join("examples/src/bin"));
    sources.iter().map(|source| source.strip_suffix(".rs").unwrap().to_owned()).collect()
}

#[test]
fn every_example_is_in_the_gallery_and_on_its_page() {
    let endings = ["json", "pftrace", "png", "rec", "report.txt", "svg"];
    let files = |name: &String| endings.map(|ending| format!("{name}.{ending}"));
    let expected: BTreeSet<_> = examples().iter().flat_map(files).collect();
    let kept = names_in(&gallery());
    let differ: Vec<_> = kept.symmetric_difference(&expected).collect();
    assert!(differ.is_empty(), "missing, or too many: {differ:?}. Run `traces/make`");

    let page = fs::read_to_string(workspace().join("traces/README.md")).unwrap();
    for name in examples() {
        for link in [
            format!("\n![Timeline of {name}](gallery/{name}.png)\n"),
            format!("[Chart](gallery/{name}.svg)"),
            format!("[report](gallery/{name}.report.txt)"),
        ] {
            assert_eq!(page.matches(&link).count(), 1, "{link} is not on the page once");
        }
        let picture = fs::read(gallery().join(format!("{name}.png"))).unwrap();
        let [width, height] = size_of_png(&picture).unwrap_or_else(|| panic!("{name}.png"));
        assert!(width >= 1000 && height >= 200, "{name}.png is {width} x {height}");
    }
    let links = page.split("](gallery/").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.is_empty()) {
        assert!(kept.contains(link), "the page links to {link}, which does not exist");
    }
}

#[test]
fn lessons_quote_the_gallery() {
    let mut quotes = 0;
    for name in examples() {
        let lesson = workspace().join(format!("examples/course/{name}.md"));
        let lesson = fs::read_to_string(lesson).unwrap();
        let report = fs::read_to_string(gallery().join(format!("{name}.report.txt"))).unwrap();
        let mut show = Command::new(RECORDER);
        show.arg("show").arg(gallery().join(format!("{name}.rec"))).env("COLUMNS", "80");
        let shown = printed(&mut show);
        let shown = shown.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        for quote in lesson.split("\n```text\n").skip(1) {
            let quote = quote.split("\n```\n").next().unwrap();
            let quote = quote.strip_suffix(" …").unwrap_or(quote);
            assert!(report.contains(quote) || shown.contains(quote), "{name}: {quote}");
            quotes += 1;
        }
    }
    assert!(quotes >= 3);
}

/// The width and the height of a PNG, if it is a whole one.
fn size_of_png(bytes: &[u8]) -> Option<[u32; 2]> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    bytes.strip_suffix(b"\0\0\0\0IEND\xaeB`\x82")?;
    let (sizes, _) = rest.as_chunks();
    Some([u32::from_be_bytes(*sizes.first()?), u32::from_be_bytes(*sizes.get(1)?)])
}

/// The values of a field in the text form of a recording.
fn values_of<'a>(text: &'a str, field: &str) -> BTreeSet<&'a str> {
    let separator = format!(" {field}=\"");
    let rest = text.split(separator.as_str()).skip(1);
    rest.map(|rest| rest.split('"').next().unwrap_or_default()).collect()
}

#[test]
fn the_gallery_is_small_and_names_no_machine() {
    let sizes = names_in(&gallery()).into_iter().map(|name| {
        let size = fs::metadata(gallery().join(&name)).unwrap().len();
        assert!(size > 0, "{name} is empty");
        size
    });
    assert!(sizes.sum::<u64>() < 10 << 20);
    // All but the pictures is derived from the recordings.
    let directory = tempfile::tempdir().unwrap();
    for name in examples() {
        let text = directory.path().join(format!("{name}.txt"));
        let recording = gallery().join(format!("{name}.rec"));
        printed(Command::new(RECORDER).args(["export", "-q"]).arg(recording).arg("-o").arg(&text));
        let text = fs::read_to_string(&text).unwrap();
        let program = format!("target/release/{name}");
        assert_eq!(values_of(&text, "executable"), BTreeSet::from([&*program]));
        assert_eq!(values_of(&text, "arguments"), BTreeSet::from([&*program]));
        let source = format!("examples/src/bin/{name}.rs");
        assert_eq!(values_of(&text, "file"), BTreeSet::from([&*source]));
        let hosts: Vec<_> = text.lines().filter(|line| line.contains(" Host ")).collect();
        assert_eq!(hosts.len(), 1, "{name}: {hosts:?}");
        assert!(hosts[0].ends_with(" Host name=\"classroom\""), "{name}: {hosts:?}");
    }
}

#[test]
fn recordings_of_every_version_export_to_every_format() {
    let golden = workspace().join("format/tests/golden");
    let names = names_in(&golden);
    for version in 1..=format::VERSION {
        assert!(names.contains(&format!("version-{version}.rec")), "{version}");
    }
    let directory = tempfile::tempdir().unwrap();
    for name in &names {
        let export = |recording: &Path, ending: &str| {
            let file = directory.path().join(format!("{name}.{ending}"));
            printed(Command::new(RECORDER).arg("export").arg(recording).arg("-o").arg(&file));
            fs::read(&file).unwrap()
        };
        let recording = golden.join(name);
        let json = export(&recording, "json");
        let events: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
        assert!(events.iter().filter(|event| event["ph"] == "X").count() > 10, "{name}");
        let pftrace = export(&recording, "pftrace");
        assert!(pftrace.len() > 1000 && pftrace[0] == 0x0a, "{name}");
        assert_eq!(unpacked(&export(&recording, "json.gz")), json, "{name}");
        assert_eq!(unpacked(&export(&recording, "pftrace.gz")), pftrace, "{name}");
        let svg = String::from_utf8(export(&recording, "svg")).unwrap();
        let chart = roxmltree::Document::parse(&svg).unwrap();
        assert!(chart.descendants().any(|node| node.attribute("class") == Some("arrow")), "{name}");
        let mermaid = String::from_utf8(export(&recording, "mmd")).unwrap();
        assert!(mermaid.starts_with("sequenceDiagram\n") && mermaid.contains("->>"), "{name}");
        let text = export(&recording, "txt");
        export(&recording, "rec");
        let again = export(&directory.path().join(format!("{name}.rec")), "again.txt");
        assert_eq!(String::from_utf8(again), String::from_utf8(text), "{name}");
        for (view, expected) in [("report", "Threads"), ("show", "main")] {
            let text = printed(Command::new(RECORDER).arg(view).arg(&recording));
            assert!(text.lines().count() > 10 && text.contains(expected), "{view} {name}: {text}");
        }
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut unpacked).unwrap();
    unpacked
}
