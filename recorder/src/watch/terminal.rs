//! Takes the terminal, and gives it back.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use terminal_size::{Height, Width, terminal_size_of};

/// Enters the other screen, hides the cursor, and does not break lines.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// How the terminal was before it was taken.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal on stdin and stdout, for keys and pictures. It is given back on drop, and before the
/// message of a panic.
#[derive(Debug)]
pub(super) struct Terminal(());

/// Whether stdin and stdout are a terminal.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Terminal {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let print = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                give_back();
                print(info);
            }));
        });
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let terminal = Terminal(());
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        terminal.write(ENTER)?;
        Ok(terminal)
    }

    /// Writes text with control sequences.
    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Its width and its height in characters.
    pub(super) fn size(&self) -> (usize, usize) {
        let size = terminal_size_of(io::stdout());
        size.map_or((80, 24), |(Width(width), Height(height))| (width.into(), height.into()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let mut stdout = io::stdout().lock();
    // A terminal that is gone needs nothing.
    let _ = stdout.write_all(LEAVE.as_bytes()).and_then(|()| stdout.flush());
    let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
}
