//! `main` waits for a message of a thread that is not recorded, and that waits for ever.

use instrumented::sync::mpsc;

fn main() {
    let (tx, rx) = mpsc::named("from a stranger").channel::<()>();
    // std's own thread: it does nothing that is recorded.
    let stranger = std::thread::spawn(move || {
        let _held = tx;
        loop {
            std::thread::park();
        }
    });
    println!("{:?}", rx.recv());
    stranger.join().expect("it does not panic");
}
