//! `try_recv` and polling: look for a message, and do something else if there is none.
//!
//! The main thread draws the frames of a game. After each it asks whether a key was
//! pressed, and takes all keys that are there; it never waits for one. `try_recv` says
//! `Empty` while more can come, and `Disconnected` when the player has left.
//!
//! Look for: the main thread has no wait at all. Instead there is a `try_recv (empty)`
//! after every frame, and a key lies in the channel until the frame is drawn: its flight
//! is the delay that the player feels.
//!
//! Think about: what does polling cost while nobody presses a key? Who should poll, and
//! who should wait?
//!
//! Change: take the sleep out of `draw_frame` and count the `try_recv` in the summary of
//! the timeline. Then replace `try_recv` by `recv`: what happens to the frames?

use std::io;
use std::time::Duration;

use instrumented::sync::mpsc::{self, TryRecvError};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (tx, rx) = mpsc::named("keys").channel();

    let player = thread::Builder::new().name("player".into()).spawn(move || {
        for key in ["left", "jump", "right"] {
            // Only shows time: nobody presses keys without a pause.
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

/// Only shows time: this is what the main thread has to do anyway.
fn draw_frame() {
    thread::sleep(Duration::from_millis(3));
}
