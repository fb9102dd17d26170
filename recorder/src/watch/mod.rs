//! `recorder watch`: the figures of a run, in tables that change while it goes on.
//!
//! `board` is what is shown and how keys change it, and `draw` draws it. Only this file touches the
//! terminal.

use std::io::{self, BufReader, IsTerminal};
use std::iter;
use std::mem;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use ratatui::DefaultTerminal;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, KeyEvent, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::iterator::Signals;

use crate::live::Snapshot;
use crate::live::protocol::Answer;
use crate::terminal::cancel::Interrupted;
use crate::terminal::signals;

mod amounts;
mod board;
mod details;
mod draw;
mod rows;
mod style;
mod table;
mod tables;

pub use ratatui::crossterm::event::KeyCode;

use board::{Board, Next};

/// Something that changes what is shown.
#[derive(Debug)]
enum Event {
    Figures(Box<Snapshot>),
    /// No more figures come, because of this error if there is one.
    NoMore(Option<String>),
    /// A key, or another size of the terminal.
    Terminal(event::Event),
    Signal(u8),
}

/// Whether the tables can be shown: stdin and stdout are a terminal.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// All tables as text, in lines of up to this width.
pub fn text(snapshot: Snapshot, width: usize) -> String {
    /// No table needs more.
    const MAX_WIDTH: usize = 300;
    draw::everything(&Board::new(snapshot), width.min(MAX_WIDTH) as u16)
}

/// What a terminal of this size shows, without its colours, after these keys were pressed.
pub fn picture(
    snapshot: Snapshot,
    keys: impl IntoIterator<Item = KeyCode>,
    width: u16,
    height: u16,
) -> String {
    let mut board = Board::new(snapshot);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    for key in keys {
        // What is on the screen can depend on what was there before.
        let Ok(_) = terminal.draw(|frame| draw::screen(&mut board, frame));
        board.press(key);
    }
    let Ok(_) = terminal.draw(|frame| draw::screen(&mut board, frame));
    draw::plain(terminal.backend().buffer())
}

/// Shows figures in the terminal until the user quits: `first`, and then those that come from a
/// recorder, if there is one.
///
/// # Errors
/// The terminal fails. [`Interrupted`] is the error of a signal that ends this process.
pub fn show(first: Snapshot, figures: Option<BufReader<UnixStream>>) -> anyhow::Result<()> {
    let (sender, events) = mpsc::channel();
    // Signals first: none may find the terminal taken and end this process.
    let mut watched = Signals::new(signals::terminating())?;
    let for_signals = sender.clone();
    thread::spawn(move || {
        send_all(watched.forever().map(|signal| Event::Signal(signal as u8)), &for_signals);
    });
    if let Some(figures) = figures {
        let sender = sender.clone();
        thread::spawn(move || receive(figures, &sender));
    }
    // A panic gives the terminal back, too.
    let result = ratatui::try_init().map_err(Into::into).and_then(|mut terminal| {
        let read = iter::from_fn(|| event::read().ok());
        thread::spawn(move || send_all(read.map(Event::Terminal), &sender));
        let result = run(&mut terminal, Board::new(first), &events);
        // A terminal that is gone needs nothing, and has no place for a message about it.
        if terminal.show_cursor().is_err() {
            mem::forget(terminal);
        }
        result
    });
    let _ = ratatui::try_restore();
    result
}

fn run(
    terminal: &mut DefaultTerminal,
    mut board: Board,
    events: &Receiver<Event>,
) -> anyhow::Result<()> {
    loop {
        terminal.draw(|frame| draw::screen(&mut board, frame))?;
        // The threads that send live as long as this process.
        let Ok(event) = events.recv() else { return Ok(()) };
        for event in iter::once(event).chain(events.try_iter()) {
            match event {
                Event::Figures(snapshot) => board.update(*snapshot),
                Event::NoMore(error) => board.end(error),
                Event::Terminal(event::Event::Key(key)) => match key {
                    KeyEvent {
                        code: KeyCode::Char('c'), modifiers: KeyModifiers::CONTROL, ..
                    } => {
                        return Ok(());
                    }
                    KeyEvent {
                        code: KeyCode::Char('z'), modifiers: KeyModifiers::CONTROL, ..
                    } => {
                        stop(terminal)?;
                    }
                    KeyEvent { code, .. } => {
                        if board.press(code) == Next::Quit {
                            return Ok(());
                        }
                    }
                },
                // It is drawn anew.
                Event::Terminal(_) => {}
                Event::Signal(signal) => return Err(Interrupted { signal }.into()),
            }
        }
    }
}

/// Gives the terminal to the shell until the user continues this job.
fn stop(terminal: &mut DefaultTerminal) -> io::Result<()> {
    terminal.show_cursor()?;
    ratatui::try_restore()?;
    kill_current_process_group(Signal::TSTP)?;
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)?;
    // Nothing of the picture is left.
    terminal.resize(terminal.size()?.into())
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
