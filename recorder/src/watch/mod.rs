//! `recorder watch`: the figures of a run, in tables that change while it goes on.
//!
//! `board` is what is shown, and `draw` makes lines of it. Only `terminal` and this file touch the
//! terminal.

use std::env;
use std::io::{self, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGWINCH;
use signal_hook::iterator::Signals;

use crate::live::Snapshot;
use crate::live::protocol::Answer;
use crate::terminal::cancel::Interrupted;
use crate::terminal::signals;

mod amounts;
mod board;
mod details;
mod draw;
mod keys;
mod screen;
mod table;
mod terminal;

use board::{Board, Next};
use keys::Key;
use terminal::Terminal;

/// Something that changes what is shown.
#[derive(Debug)]
enum Event {
    Figures(Box<Snapshot>),
    /// No more figures come, because of this error if there is one.
    NoMore(Option<String>),
    Keys(Vec<Key>),
    /// The terminal has another size.
    Resized,
    Signal(u8),
}

/// Whether the tables can be shown: stdin and stdout are a terminal.
pub fn has_terminal() -> bool {
    terminal::is_there()
}

/// All tables as text, in lines of up to this width.
pub fn text(snapshot: Snapshot, width: usize) -> String {
    let lines = draw::everything(&Board::new(snapshot), width);
    lines.iter().map(|line| line.text() + "\n").collect()
}

/// What a terminal of this size shows, without its colours, after these bytes were typed.
pub fn picture(snapshot: Snapshot, typed: &[u8], width: usize, height: usize) -> String {
    let mut board = Board::new(snapshot);
    for key in keys::keys(typed) {
        board.press(key);
    }
    let lines = draw::screen(&mut board, width, height);
    lines.iter().map(|line| line.text() + "\n").collect()
}

/// Shows figures in the terminal until the user quits: `first`, and then those that come from a
/// recorder, if there is one.
///
/// # Errors
/// The terminal fails. [`Interrupted`] is the error of a signal that ends this process.
pub fn show(first: Snapshot, figures: Option<BufReader<UnixStream>>) -> anyhow::Result<()> {
    let (sender, events) = mpsc::channel();
    // Signals first: none may find the terminal taken and end this process.
    let mut watched = Signals::new(signals::terminating().chain([SIGWINCH]))?;
    let for_signals = sender.clone();
    thread::spawn(move || {
        let events = watched.forever().map(|signal| match signal {
            SIGWINCH => Event::Resized,
            other => Event::Signal(other as u8),
        });
        send_all(events, &for_signals);
    });
    let terminal = Terminal::take()?;
    if let Some(figures) = figures {
        let sender = sender.clone();
        thread::spawn(move || receive(figures, &sender));
    }
    thread::spawn(move || read_keys(&sender));
    run(&terminal, Board::new(first), &events)
}

fn run(terminal: &Terminal, mut board: Board, events: &Receiver<Event>) -> anyhow::Result<()> {
    let has_colours = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut shown = Vec::new();
    loop {
        let (width, height) = terminal.size();
        let lines = draw::screen(&mut board, width, height);
        terminal.write(&screen::changes(&shown, &lines, has_colours))?;
        shown = lines;
        // The threads that send live as long as this process.
        let Ok(event) = events.recv() else { return Ok(()) };
        for event in [event].into_iter().chain(events.try_iter()) {
            match event {
                Event::Figures(snapshot) => board.update(*snapshot),
                Event::NoMore(error) => board.end(error),
                Event::Keys(keys) => {
                    if keys.into_iter().any(|key| board.press(key) == Next::Quit) {
                        return Ok(());
                    }
                }
                Event::Resized => shown.clear(),
                Event::Signal(signal) => return Err(Interrupted { signal }.into()),
            }
        }
        if shown.is_empty() {
            terminal.write("\x1b[2J")?;
        }
    }
}

fn send_all(events: impl Iterator<Item = Event>, sender: &Sender<Event>) {
    for event in events {
        if sender.send(event).is_err() {
            return;
        }
    }
}

/// Passes on the figures that a recorder sends.
fn receive(mut figures: BufReader<UnixStream>, sender: &Sender<Event>) {
    loop {
        let event = match Answer::read(&mut figures) {
            Ok(Some(Answer::Figures(snapshot))) => Event::Figures(snapshot),
            Ok(Some(Answer::Error(error))) => Event::NoMore(Some(error)),
            Ok(Some(Answer::Address(_)) | None) => Event::NoMore(None),
            Err(error) => Event::NoMore(Some(error.to_string())),
        };
        let is_last = matches!(event, Event::NoMore(_));
        if sender.send(event).is_err() || is_last {
            return;
        }
    }
}

/// Passes on the keys that are pressed.
fn read_keys(sender: &Sender<Event>) {
    let mut stdin = io::stdin().lock();
    let mut bytes = [0; 256];
    let mut length = 0;
    while let Ok(count @ 1..) = stdin.read(&mut bytes[length..]) {
        length += count;
        // The rest of a sequence comes at once, also through a slow connection.
        if length < bytes.len() && keys::is_incomplete(&bytes[..length]) && more_comes() {
            continue;
        }
        let keys = keys::keys(&bytes[..length]);
        length = 0;
        if sender.send(Event::Keys(keys)).is_err() {
            return;
        }
    }
}

fn more_comes() -> bool {
    let timeout = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    let stdin = io::stdin();
    poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)).is_ok_and(|ready| ready > 0)
}
