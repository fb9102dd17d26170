//! Polling with `try_recv`: look for a message, and do something else if there is none.
//!
//! The main thread draws the frames of a game. After each frame it receives the keys that were
//! pressed meanwhile, but never waits for one. `try_recv` returns `Empty` if the channel is empty
//! but still connected, and `Disconnected` once the player has left.
//!
//! Look for: main never waits. After each frame there is a `try_recv` that finds nothing, and a
//! key stays in the channel until the frame is drawn. That is the delay that the player notices.
//!
//! Questions and changes: examples/course/polling.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc::{self, TryRecvError};
use instrumented::thread;

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("keys").channel();

    let player = thread::Builder::new().name("player".into()).spawn(move || {
        for key in ["left", "jump", "right"] {
            // The pause between two keys.
            thread::sleep(Duration::from_millis(7));
            sender.send(key).expect("the game runs");
        }
    })?;

    let mut frames = 0;
    'game: loop {
        loop {
            match receiver.try_recv() {
                Ok(key) => println!("the player pressed {key}"),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => break 'game,
            }
        }
        draw_frame();
        frames += 1;
    }
    println!("the player has left after {frames} frames");

    player.join().expect("the player does not panic");
    Ok(())
}

/// Stands for the other work of the main thread.
fn draw_frame() {
    work(Duration::from_millis(3));
}
