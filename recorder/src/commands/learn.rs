//! `recorder learn`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::{Error, Result};
use crate::build::cache_directory;
use crate::cli::LearnArgs;
use crate::course::{self, Unit, pages};
use crate::page::{self, Contents};
use crate::reading::Recording;
use crate::report::Report;
use crate::terminal::browser;
use crate::terminal::console::{self, Console};
use crate::timeline::Part;
use crate::workspace::relative;

const INDEX: &str = "index.html";

pub(super) fn learn(args: &LearnArgs, console: Console) -> Result<u8> {
    let units = course::units().context("the course is damaged")?;
    let lesson = args.lesson.as_deref().map(|wanted| lesson(&units, wanted)).transpose()?;
    if let Some(directory) = &args.output {
        let written = match lesson {
            Some(unit) => write(std::slice::from_ref(unit), directory)?,
            None => write_all(&units, directory)?,
        };
        for path in written {
            console.print(format_args!("wrote {}", relative(&path).display()));
        }
        return Ok(0);
    }
    let directory = directory()?;
    write_all(&units, &directory)?;
    let page = directory.join(lesson.map_or(INDEX, |unit| &unit.file));
    if args.no_browser {
        console::print(format_args!("open this in a browser: {}", page.display()));
        return Ok(0);
    }
    match browser::start(&page.to_string_lossy()) {
        Ok(()) => console.print(format_args!("opening {}", page.display())),
        Err(error) => console::error(format_args!(
            "cannot start a browser: {error:#}; open this in a browser: {}",
            page.display()
        )),
    }
    Ok(0)
}

fn lesson<'a>(units: &'a [Unit], wanted: &str) -> Result<&'a Unit> {
    course::find(units, wanted).ok_or_else(|| {
        Error::Usage(format!("there is no lesson {wanted}; these are:{}", course::listing(units)))
    })
}

/// Where the pages are kept: always at the same place, so that the browser finds what it has kept of
/// them.
fn directory() -> Result<PathBuf> {
    let cache = cache_directory().ok_or_else(|| {
        anyhow!("neither XDG_CACHE_HOME nor HOME says where to write the pages; use -o DIRECTORY")
    })?;
    Ok(cache.join("course"))
}

/// Writes the pages of all lessons and the index.
fn write_all(units: &[Unit], directory: &Path) -> Result<Vec<PathBuf>> {
    let mut written = write(units, directory)?;
    let entries: Vec<_> = units.iter().map(pages::Entry::of).collect();
    let document = pages::index(&entries, &course::further()).context("cannot encode the index")?;
    let index = directory.join(INDEX);
    write_file(&index, page::of_lessons("Threads and channels: the course", &document).as_bytes())?;
    written.insert(0, index);
    Ok(written)
}

/// Writes the pages of some lessons.
fn write(units: &[Unit], directory: &Path) -> Result<Vec<PathBuf>> {
    let cannot =
        || format!("cannot write the pages to {}; choose a directory with -o", directory.display());
    fs::create_dir_all(directory).with_context(cannot)?;
    // A page that is alone leads to no other.
    let course: Vec<_> = match units {
        [_] => Vec::new(),
        _ => units.iter().map(pages::Entry::of).collect(),
    };
    let pages = units.iter().map(|unit| {
        let path = directory.join(&unit.file);
        write_file(&path, &page_of(unit, &course)?)?;
        Ok(path)
    });
    pages.collect()
}

fn page_of(unit: &Unit, course: &[pages::Entry<'_>]) -> Result<Vec<u8>> {
    let runs = unit.changes.iter().map(|it| it.recording.map(embedded).transpose());
    let document = pages::lesson(unit, course, runs.collect::<Result<_>>()?)
        .context("cannot encode the lesson")?;
    let recording = Recording::from_bytes(unit.recording.to_vec())?;
    let report = Report::new(&recording)?;
    let contents = Contents { name: &unit.name, shows_source: false, lesson: Some(&document) };
    let mut page = Vec::new();
    let cannot = |error| Error::from(anyhow::Error::new(error).context("cannot make the page"));
    page::write(&mut page, &report, Part::default(), contents, cannot)?;
    Ok(page)
}

/// A run of a changed program, as the page reads it.
fn embedded(bytes: &[u8]) -> Result<serde_json::Value> {
    let recording = Recording::from_bytes(bytes.to_vec())?;
    Ok(page::embedded(&Report::new(&recording)?, "the changed program")?)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?)
}
