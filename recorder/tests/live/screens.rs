use std::fs;
use std::path::Path;

use recorder::analysis::analyse;
use recorder::analysis::findings;
use recorder::live::Snapshot;
use recorder::live::figures::snapshot::{FindingRow, StateCount, ThreadRow};
use recorder::reading::{Nanos, Recording};
use recorder::watch::{self, KeyCode};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/screens"))
}

/// Compares a picture with the proofread one. After a change:
/// `UPDATE_SCREENS=1 cargo test -p chanscope --test live screens`
#[track_caller]
fn expect(name: &str, picture: &str) {
    let path = folder().join(name).with_extension("txt");
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        fs::write(&path, picture).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(picture == kept, "{name}: see the comment on this function\n{picture}");
}

/// The figures of a recording at a time, with all findings.
fn snapshot(name: &str, milliseconds: u64) -> Snapshot {
    let recording = Recording::open(&folder().join(name).with_extension("rec")).unwrap();
    let time = Nanos::new(milliseconds * 1_000_000);
    let snapshot = Snapshot::of_recording(&recording, time).unwrap();
    let findings = findings::find(&analyse(&recording).unwrap());
    let findings = findings.iter().map(FindingRow::of).collect();
    Snapshot { findings, command: name.to_owned(), ..snapshot }
}

/// The screen after these keys were pressed.
fn picture(snapshot: Snapshot, typed: &str, width: u16, height: u16) -> String {
    let keys = typed.chars().map(|key| match key {
        '\t' => KeyCode::Tab,
        '\r' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        '⇟' => KeyCode::PageDown,
        '⇲' => KeyCode::End,
        other => KeyCode::Char(other),
    });
    watch::picture(snapshot, keys, width, height)
}

#[track_caller]
fn expect_screen(name: &str, snapshot: Snapshot, typed: &str, width: u16, height: u16) {
    let picture = picture(snapshot, typed, width, height);
    assert!(picture.lines().all(|line| line.chars().count() <= width.into()), "{picture}");
    assert_eq!(picture.lines().count(), usize::from(height));
    expect(name, &picture);
}

#[test]
fn a_run_has_tables_of_threads_channels_and_findings() {
    expect_screen("pipeline", snapshot("pipeline", 10), "", 100, 24);
    expect_screen("deadlock", snapshot("deadlock", 10_000), "", 80, 24);
}

#[test]
fn narrow_and_low_terminals_show_what_matters_most() {
    expect_screen("pipeline-60x15", snapshot("pipeline", 10), "", 60, 15);
    expect_screen("deadlock-60x15", snapshot("deadlock", 10_000), "", 60, 15);
    // Nothing breaks where there is next to no room.
    for (width, height) in [(1, 1), (5, 2), (20, 3), (30, 5), (12, 40)] {
        for typed in ["", "\t", "\r", "\t\t\r"] {
            let picture = picture(snapshot("deadlock", 10_000), typed, width, height);
            assert_eq!(picture.lines().count(), usize::from(height));
        }
    }
}

#[test]
fn enter_shows_more_of_a_row() {
    expect_screen("thread", snapshot("pipeline", 10), "j\r", 80, 24);
    expect_screen("channel", snapshot("pipeline", 10), "\t\r", 80, 24);
    expect_screen("finding", snapshot("deadlock", 10_000), "\t\t\r", 80, 24);
    // And back.
    let before = picture(snapshot("pipeline", 10), "j", 80, 24);
    assert_eq!(picture(snapshot("pipeline", 10), "j\r\u{1b}", 80, 24), before);
}

#[test]
fn rows_are_sorted_by_any_column() {
    expect_screen("sorted", snapshot("pipeline", 10), "3\tsss", 100, 24);
    // And again as messages flow.
    let before = picture(snapshot("pipeline", 10), "\t", 80, 24);
    assert_eq!(picture(snapshot("pipeline", 10), "\t40", 80, 24), before);
}

#[test]
fn a_selected_row_stays_on_the_screen() {
    let mut snapshot = snapshot("pipeline", 10);
    let row = snapshot.threads[0].clone();
    let rows = (0..100).map(|index| {
        let name = format!("worker {index}");
        ThreadRow { index, name, ..row.clone() }
    });
    snapshot.threads = rows.collect();
    snapshot.thread_states = vec![StateCount { pid: row.pid, state: row.state, count: 100 }];
    let picture = |typed: &str| picture(snapshot.clone(), typed, 80, 24);
    let last = picture("⇲");
    assert!(last.contains("worker 99 ") && !last.contains("worker 0 "), "{last}");
    assert!(last.contains(" of 100"), "{last}");
    let up = picture("⇲kkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    assert!(up.contains("worker 69 ") && !up.contains("worker 99 "), "{up}");
    expect("many", &picture("⇟⇟"));
}

#[test]
fn details_that_do_not_fit_can_be_scrolled() {
    let picture = |typed| picture(snapshot("deadlock", 10_000), typed, 40, 9);
    let (start, end) = (picture("\t\t\r"), picture("\t\t\r⇟"));
    assert!(start.contains("anna waits") && !start.contains("instrumented::thread"), "{start}");
    assert!(!end.contains("anna waits") && end.contains("instrumented::thread"), "{end}");
}

#[test]
fn names_can_neither_control_the_terminal_nor_move_columns() {
    let mut snapshot = snapshot("pipeline", 10);
    let names = ["a\u{1b}[2Jb\n", "作業", "e\u{301}"];
    for (row, name) in snapshot.threads.iter_mut().zip(names) {
        row.name = name.to_owned();
    }
    let screen = picture(snapshot.clone(), "", 60, 15);
    let printed = watch::text(snapshot, 60);
    for picture in [screen, printed] {
        assert!(!picture.contains('\u{1b}'), "{picture:?}");
        let rows = picture.lines().filter(|line| line.contains('%'));
        let rows: Vec<_> = rows.map(|row| row.split("  ").next().unwrap()).collect();
        assert_eq!(rows, ["a[2Jb", "作業", "e\u{301}"], "{picture}");
    }
}

#[test]
fn all_rows_are_printed_once() {
    expect("once", &watch::text(snapshot("deadlock", 10_000).over_the_run(), 100));
}
