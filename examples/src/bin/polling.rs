//! `try_recv` and polling: look for a message, and do something else if there is none.
//!
//! The main thread draws the frames of a game. After each frame it receives all keys that
//! were pressed, but never waits for one. `try_recv` returns `Empty` if the channel is empty
//! but still connected, and `Disconnected` once the player has left.
//!
//! Look for: the main thread never waits. Instead there is a `try_recv (empty)` after every
//! frame, and a key stays in the channel until the frame is drawn: the time in flight is the
//! delay that the player notices.
//!
//! Think about: what does polling cost while no key is pressed? When should a thread poll,
//! and when should it wait?
//!
//! Change: remove the work from `draw_frame` and count the `try_recv` in the summary of
//! the timeline. Then replace `try_recv` with `recv`: what happens to the frames?

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc::{self, TryRecvError};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("keys").channel();

    let player = thread::Builder::new().name("player".into()).spawn(move || {
        for key in ["left", "jump", "right"] {
            // The pause between two keys.
            thread::sleep(Duration::from_millis(7));
            tx.send(key).expect("the game runs");
        }
    })?;

    'game: loop {
        loop {
            match rx.try_recv() {
                Ok(key) => println!("the player pressed {key}"),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => break 'game,
            }
        }
        draw_frame();
    }
    println!("the player has left");

    player.join().expect("the player does not panic");
    Ok(())
}

/// Stands for the other work of the main thread.
fn draw_frame() {
    work(Duration::from_millis(3));
}
