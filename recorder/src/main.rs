//! `recorder`: see [`recorder::cli`].
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use clap::{CommandFactory, Parser};
use recorder::analysis::Outsiders;
use recorder::chart::columns::{self, Columns};
use recorder::chart::{ChartBuilder, Limits};
use recorder::cli::{self, Cli, DetailOptions, Opening, Options, Running, Serving};
use recorder::control::Control;
use recorder::export::{self, Kind, OnlyPictures, Output, Prepared, Shown, Written};
use recorder::findings::Finding;
use recorder::load::{Damage, GivenTwice, Input, Recording};
use recorder::play::play;
use recorder::progress::Bar;
use recorder::report::Report;
use recorder::report::diff::Difference;
use recorder::report::json::Document;
use recorder::report::text::Headlines;
use recorder::run::{Care, Cut, Snapshots};
use recorder::selection::{NotThere, Selection, Wanted};
use recorder::session::{self, Collected, Keep, Session};
use recorder::summary::Summary;
use recorder::viewer::{self, Ended, Server, View};
use recorder::watch::{Interrupted, Watch};
use recorder::{diagnostics, report, run, workspace};

/// Wrong usage.
const USAGE: u8 = 2;
/// Failure of the recorder itself.
const FAILURE: u8 = 1;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = cli.check() {
        error.exit();
    }
    let telling = Telling { quiet: cli.telling.quiet, bar: has_bar(&cli.telling) };
    let status = diagnostics::start(&cli.telling)
        .and_then(|_diagnostics| execute(cli.command, telling))
        .unwrap_or_else(failure);
    ExitCode::from(status)
}

/// Says what went wrong; gives the exit status.
fn failure(error: anyhow::Error) -> u8 {
    if error.chain().any(is_broken_pipe) {
        // Whoever reads our stdout has read enough.
        return 0;
    }
    if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
        // In the midst of what does not matter.
        say(format_args!("recorder: {interrupted}"));
        return 128 + interrupted.signal;
    }
    say(format_args!("recorder: {error:#}"));
    let usage = error.is::<workspace::Unknown>()
        || error.is::<NotThere>()
        || error.is::<GivenTwice>()
        || error.is::<OnlyPictures>();
    if usage { USAGE } else { FAILURE }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = match (error.downcast_ref::<io::Error>(), error.downcast_ref::<serde_json::Error>())
    {
        (Some(error), _) => Some(error.kind()),
        (_, Some(error)) => error.io_error_kind(),
        (None, None) => None,
    };
    kind == Some(io::ErrorKind::BrokenPipe)
}

/// How much is said on stderr, beside errors.
#[derive(Clone, Copy)]
struct Telling {
    quiet: bool,
    /// Whether a bar shows how far the reading of a recording is.
    bar: bool,
}

impl Telling {
    /// Says it on stderr, if it may.
    fn say(self, line: impl Display) {
        if !self.quiet {
            say(line);
        }
    }

    /// Does something with a bar that shows how far it is.
    fn with_bar<T>(self, watch: &Watch, act: impl FnOnce() -> T) -> T {
        let _bar = self.bar.then(|| Bar::start(watch));
        act()
    }
}

fn has_bar(telling: &cli::Telling) -> bool {
    // It would stand between the lines that are told.
    io::stderr().is_terminal() && !telling.quiet && telling.verbose == 0
}

fn execute(command: cli::Command, telling: Telling) -> Result<u8> {
    match command {
        cli::Command::List { json } => list(json),
        cli::Command::Run { name, release, options, opening, args } => {
            let program = workspace::find(&workspace::programs()?, &name)?;
            let outputs = begin_outputs(options.outputs.clone(), &name)?;
            let mut command = Command::new(program.build(release, telling.quiet)?);
            command.args(args);
            record(command, &name, outputs, &options, options.values(cli::SHORT), &opening, telling)
        }
        cli::Command::Record { options, opening, command } => {
            let Some((program, args)) = command.split_first() else { return Ok(USAGE) };
            let name =
                Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
            let outputs = begin_outputs(options.outputs.clone(), &name)?;
            let mut command = Command::new(program);
            command.args(args);
            record(command, &name, outputs, &options, options.values(0), &opening, telling)
        }
        cli::Command::Pause(running) => control(&running, Control::pause),
        cli::Command::Resume(running) => control(&running, Control::resume),
        cli::Command::Keep(running) => control(&running, Control::keep),
        cli::Command::Export { recordings, outputs, chart, selection, detail, opening } => {
            let watch = Watch::default();
            watch.stop_at_signals()?;
            let outputs = export::prepare(&outputs.outputs)?;
            let recording = telling.with_bar(&watch, || open_recordings(&recordings, &watch))?;
            let wanted = selection.wanted();
            let selection = telling.with_bar(&watch, || Selection::new(&wanted, &recording))?;
            let (summary, written) = telling.with_bar(&watch, || {
                let traces = outputs.iter().any(|output| output.kind().is_trace());
                let findings =
                    if traces { findings(&recording, Outsiders::Unknown)? } else { Vec::new() };
                let selection = selection.as_ref();
                let shown = Shown { selection, max_events: detail.max_events };
                export::export(&recording, &findings, outputs, chart.style(), shown)
            })?;
            let reported = conclude(&recording, &summary, &[], &written, &opening, telling);
            say_too_large(&written, detail, telling);
            let opened = open_written(&written, &opening, &watch, telling);
            Ok(if reported == 0 { opened } else { reported })
        }
        cli::Command::Open { files, window, detail, serving } => {
            let watch = Watch::default();
            watch.stop_at_signals()?;
            open_in_viewer(&files, &window.wanted(), detail, &serving, &watch, telling)
        }
        cli::Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "recorder", &mut script);
            print(&script)
        }
        cli::Command::Man { directory: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            print(&page)
        }
        cli::Command::Man { directory: Some(directory) } => {
            let cannot = || format!("cannot write manual pages to {}", directory.display());
            fs::create_dir_all(&directory).with_context(cannot)?;
            clap_mangen::generate_to(Cli::command(), &directory).with_context(cannot)?;
            Ok(0)
        }
        cli::Command::Show { recordings, events, threads } => {
            show(&recordings, events, threads, telling)
        }
        cli::Command::Report { recordings, json, limits } => {
            say_report(&recordings, json, &limits.limits(), telling)
        }
        cli::Command::Diff { before, after, json } => {
            say_difference(&before, &after, json, telling)
        }
    }
}

fn findings(recording: &Recording, outsiders: Outsiders) -> Result<Vec<Finding>> {
    Ok(Report::new(recording, outsiders)?.findings)
}

fn say_report(
    paths: &[PathBuf],
    json: bool,
    limits: &report::limits::Limits,
    telling: Telling,
) -> Result<u8> {
    let watch = Watch::default();
    watch.stop_at_signals()?;
    let recording = telling.with_bar(&watch, || open_recordings(paths, &watch))?;
    let report = telling.with_bar(&watch, || Report::new(&recording, Outsiders::Unknown))?;
    if json {
        let mut text = serde_json::to_vec_pretty(&Document::new(&report))?;
        text.push(b'\n');
        print(&text)?;
    } else {
        write!(anstream::stdout(), "{report}").context("cannot write stdout")?;
    }
    let damaged = say_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        telling.say(alignment);
    }
    let exceeded = limits.exceeded(&report);
    for line in &exceeded {
        say(format_args!("recorder: {line}"));
    }
    Ok(if exceeded.is_empty() { damaged } else { FAILURE })
}

fn say_difference(before: &Path, after: &Path, json: bool, telling: Telling) -> Result<u8> {
    let watch = Watch::default();
    watch.stop_at_signals()?;
    let document = |path: &Path| -> Result<Document> {
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            return Document::parse(&text).with_context(|| path.display().to_string());
        }
        let recording = open_recordings(&[path], &watch)?;
        Ok(Document::new(&Report::new(&recording, Outsiders::Unknown)?))
    };
    let (before, after) = telling
        .with_bar(&watch, || Ok::<_, anyhow::Error>((document(before)?, document(after)?)))?;
    let difference = Difference::new(&before, &after);
    if !json {
        return print(difference.to_string().as_bytes());
    }
    let mut text = serde_json::to_vec_pretty(&difference)?;
    text.push(b'\n');
    print(&text)
}

fn show(paths: &[PathBuf], events: usize, threads: Option<usize>, telling: Telling) -> Result<u8> {
    /// Where there is no terminal.
    const WIDTH: usize = 80;
    let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
    let watch = Watch::default();
    watch.stop_at_signals()?;
    let recording = telling.with_bar(&watch, || open_recordings(paths, &watch))?;
    let threads = threads.unwrap_or_else(|| columns::most_threads(width));
    let mut summary = Summary::new(&recording);
    let mut chart = ChartBuilder::new(&recording, Limits { events, threads });
    telling.with_bar(&watch, || {
        play(&recording, &mut |item| {
            summary.item(item);
            chart.item(item);
            Ok(())
        })
    })?;
    write!(anstream::stdout(), "{}", Columns::new(&chart.finish(), width))?;
    Ok(conclude(&recording, &summary, &[], &[], &Opening::default(), telling))
}

fn print(bytes: &[u8]) -> Result<u8> {
    io::stdout().write_all(bytes).context("cannot write stdout")?;
    Ok(0)
}

fn control(running: &Running, act: fn(&Control) -> io::Result<()>) -> Result<u8> {
    act(&Control::find(running.pid)?)?;
    Ok(0)
}

fn list(json: bool) -> Result<u8> {
    let programs: Vec<_> =
        workspace::programs()?.into_iter().filter(|program| program.listed).collect();
    if json {
        let listings: Vec<_> = programs.iter().map(workspace::Program::listing).collect();
        let mut text = serde_json::to_vec_pretty(&listings)?;
        text.push(b'\n');
        return print(&text);
    }
    let width = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for program in &programs {
        text += format!("{:width$}  {}", program.name, program.summary()).trim_end();
        text += "\n";
    }
    if programs.is_empty() {
        say("recorder: no package of this workspace depends on `instrumented`");
    }
    print(text.as_bytes())
}

/// Opens recordings, several as one.
fn open_recordings(paths: &[impl AsRef<Path>], watch: &Watch) -> Result<Recording> {
    let paths = || paths.iter().map(AsRef::as_ref);
    let inputs = paths().map(|path: &Path| match path.is_dir() {
        true => session::recover(path).with_context(|| path.display().to_string()),
        false => Input::open(path),
    });
    Recording::together(inputs.collect::<Result<_>>()?, watch).map_err(|error| {
        let is_trace = |path: &&Path| viewer::is_trace(path).is_ok_and(|is_trace| is_trace);
        match paths().find(is_trace) {
            Some(path) if error.downcast_ref() == Some(&format::Error::NotARecording) => {
                let path = path.display();
                anyhow!(
                    "{path}: not a recording but a trace, which `recorder open {path}` shows (-o \
                     NAME.rec writes a recording)"
                )
            }
            _ => error,
        }
    })
}

/// Begins the files that were asked for, or those that are written if none was.
fn begin_outputs(mut outputs: Vec<Output>, name: &str) -> Result<Vec<Prepared>> {
    if outputs.is_empty() {
        fs::create_dir_all("traces").context("cannot make the directory traces")?;
        for ending in ["json", "pftrace"] {
            outputs.push(format!("traces/{name}.{ending}").parse()?);
        }
    }
    export::prepare(&outputs)
}

fn record(
    command: Command,
    name: &str,
    outputs: Vec<Prepared>,
    options: &Options,
    values: u64,
    opening: &Opening,
    telling: Telling,
) -> Result<u8> {
    let keep = options.keep();
    let first = outputs.first().map_or(Path::new(name), Prepared::path);
    let directory = match first.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut session = Session::new(keep, options.paused, values, directory)?;
    let snapshots = matches!(keep, Keep::LastFor(_) | Keep::LastBytes(_)).then(|| Snapshots {
        stem: first.with_extension(""),
        tell: if telling.quiet { say_why_not_kept } else { say_kept },
    });
    let care = Care {
        timeout: options.timeout,
        on_deadlock: options.on_deadlock,
        snapshots,
        say: |diagnosis| say(diagnosis),
    };
    let finished = run::run(command, &mut session, &care);
    let finished = finished.map_err(|error| {
        let missing =
            error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound);
        if missing { error.context("there is no such program") } else { error }
    })?;
    let status = finished.status();
    match finished.cut {
        Some(Cut::TimedOut) => {
            telling.say(format_args!("recorder: the timeout has ended {name}"));
        }
        Some(Cut::Deadlocked) => telling.say(format_args!("recorder: ended {name}, which hung")),
        None => {}
    }
    // What came while the program ran was meant for it.
    let watch = Watch::default();
    watch.stop_at_signals()?;
    let collected = telling.with_bar(&watch, || session.finish(&finished.ending, &watch));
    let Some(Collected { recording, trouble, full }) =
        collected.context("cannot collect the recording")?
    else {
        say(format_args!(
            "recorder: recorded nothing: {name} made no channel of `instrumented` that could be \
             recorded. Replace `use std::sync::mpsc` by `use instrumented::sync::mpsc` in its \
             source, and see that the feature `record` is on"
        ));
        return Ok(if status == 0 { FAILURE } else { status });
    };
    let trouble = trouble.or(finished.trouble);
    if let Some(trouble) = &trouble {
        say(format_args!("recorder: the recording is incomplete: {trouble:#}"));
    }
    if full {
        telling.say("recorder: the recording ended early: it has reached --max-size");
    }
    let findings = telling.with_bar(&watch, || findings(&recording, finished.outsiders))?;
    let (mut summary, written) = telling.with_bar(&watch, || {
        let shown = Shown { selection: None, max_events: options.detail.max_events };
        export::export(&recording, &findings, outputs, options.chart.style(), shown)
    })?;
    let hangs = findings.iter().filter(|finding| finding.code.is_hang());
    hangs.for_each(|finding| summary.leave_to_a_finding(&finding.threads));
    let reported = conclude(&recording, &summary, &findings, &written, opening, telling);
    say_too_large(&written, options.detail, telling);
    let opened = open_written(&written, opening, &watch, telling);
    Ok(match status {
        0 if trouble.is_some() => FAILURE,
        0 if reported == 0 => opened,
        0 => reported,
        status => status,
    })
}

fn say_kept(kept: Result<&Path, &anyhow::Error>) {
    match kept {
        Ok(path) => say(format_args!("recorder: kept {}", path.display())),
        Err(_) => say_why_not_kept(kept),
    }
}

fn say_why_not_kept(kept: Result<&Path, &anyhow::Error>) {
    if let Err(error) = kept {
        say(format_args!("recorder: {error:#}"));
    }
}

/// Says it on stderr. If nobody listens there, that is no failure.
fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Says what there was and what was written; gives the exit status.
fn conclude(
    recording: &Recording,
    summary: &Summary<'_>,
    findings: &[Finding],
    written: &[Written],
    opening: &Opening,
    telling: Telling,
) -> u8 {
    let status = say_damage(recording);
    telling.say(summary.to_string().trim_end());
    if !telling.quiet {
        let _ = write!(anstream::stderr(), "{}", Headlines(findings));
    }
    for Written { path, bytes, .. } in written {
        telling.say(format_args!("wrote {} ({})", path.display(), size(*bytes)));
    }
    if let Some(Written { path, .. }) = to_open(written).filter(|file| file.kind.is_trace())
        && !opening.open
    {
        telling.say(format_args!(
            "to look at it, run `recorder open {}`, or drop the file on \
             https://ui.perfetto.dev; it stays on your machine",
            path.display()
        ));
    }
    status
}

/// Says what to do about a trace that is more than a viewer opens well.
fn say_too_large(written: &[Written], detail: DetailOptions, telling: Telling) {
    let too_large = written.iter().find(|file| file.too_large);
    if let Some(file) = too_large.filter(|_| detail.max_events.is_none()) {
        telling.say(format_args!(
            "recorder: {} is more than the Perfetto UI opens well: --max-events 500000 shows the \
             whole run in less, and `recorder export` with --from and --to a part of it",
            file.path.display()
        ));
    }
}

/// Says what could not be read; gives the exit status.
fn say_damage(recording: &Recording) -> u8 {
    const SHOWN: usize = 10;
    for damage in recording.damage.iter().take(SHOWN) {
        say(format_args!("recorder: damaged: {damage}; the rest is there"));
    }
    if recording.damage.len() > SHOWN {
        let more = recording.damage.len() - SHOWN;
        say(format_args!("recorder: damaged in {more} more places"));
    }
    if recording.damage.iter().any(Damage::is_malformed) { FAILURE } else { 0 }
}

/// The file that is the best to look at.
fn to_open(written: &[Written]) -> Option<&Written> {
    [Kind::Perfetto, Kind::Chrome, Kind::Recording, Kind::Text]
        .into_iter()
        .find_map(|kind| written.iter().find(|file| file.kind == kind))
}

/// Opens what was written, if that is wanted; gives the exit status.
fn open_written(written: &[Written], opening: &Opening, watch: &Watch, telling: Telling) -> u8 {
    match to_open(written).filter(|_| opening.open) {
        Some(file) => {
            let (wanted, detail) = (Wanted::default(), DetailOptions::default());
            open_in_viewer(&[&file.path], &wanted, detail, &opening.serving, watch, telling)
                .unwrap_or_else(failure)
        }
        None => 0,
    }
}

fn open_in_viewer(
    paths: &[impl AsRef<Path>],
    wanted: &Wanted,
    detail: DetailOptions,
    serving: &Serving,
    watch: &Watch,
    telling: Telling,
) -> Result<u8> {
    if let [path] = paths {
        let path = path.as_ref();
        let cannot = || format!("cannot open {}", path.display());
        if path.is_file() && viewer::is_trace(path).with_context(cannot)? {
            if *wanted != Wanted::default() {
                say(format_args!(
                    "recorder: {} is a trace; what to look at first can be told of a recording \
                     (-o NAME.rec keeps one)",
                    path.display()
                ));
                return Ok(USAGE);
            }
            if detail.max_events.is_some() {
                say(format_args!(
                    "recorder: --max-events is for recordings, and {} is a trace already",
                    path.display()
                ));
                return Ok(USAGE);
            }
            let trace = File::open(path).with_context(cannot)?;
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            serve(trace, &name, None, serving, watch, telling)?;
            return Ok(0);
        }
    }
    let recording = telling.with_bar(watch, || open_recordings(paths, watch))?;
    let status = say_damage(&recording);
    if let Some(alignment) = &recording.alignment {
        telling.say(alignment);
    }
    let selection = telling.with_bar(watch, || Selection::new(wanted, &recording))?;
    let trace = telling.with_bar(watch, || {
        let findings = findings(&recording, Outsiders::Unknown)?;
        export::perfetto(&recording, &findings, detail.max_events)
    })?;
    trace.left_out.iter().for_each(|words| telling.say(words));
    let view = selection
        .and_then(|selection| View::new(selection.window(), trace.span, selection.finding()));
    let stems = paths.iter().map(|path| {
        let path = path.as_ref();
        path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy()
    });
    let name = format!("{}.pftrace", stems.collect::<Vec<_>>().join("_"));
    serve(trace.file, &name, view, serving, watch, telling)?;
    Ok(status)
}

/// Waits until the Perfetto UI has fetched the trace.
fn serve(
    trace: File,
    name: &str,
    view: Option<View>,
    serving: &Serving,
    watch: &Watch,
    telling: Telling,
) -> Result<()> {
    let page = serving.page();
    let server = Server::new(trace, name, view, &page, serving.port())?;
    telling.say(format_args!(
        "opening {name}: the browser loads {page} from the network, and that page fetches the \
         trace from this command; nothing leaves your machine"
    ));
    if serving.no_browser {
        say(format_args!("open this in a browser: {}", server.address()));
    } else if let Err(error) = viewer::start_browser(server.address()) {
        say(format_args!(
            "recorder: cannot start a browser: {error:#}; open this in one on this machine: {}",
            server.address()
        ));
    }
    let patience = serving.patience();
    match server.wait(patience, watch)? {
        Ended::Fetched => telling.say(format_args!("the Perfetto UI has {name}")),
        Ended::TimedOut => bail!(
            "{name} was not fetched within {}: if {page} cannot be loaded, give a Perfetto UI of \
             your own with --ui; if it was loaded, drop the file on it",
            humantime::format_duration(patience)
        ),
    }
    Ok(())
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
