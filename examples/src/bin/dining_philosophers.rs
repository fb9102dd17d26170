//! The dining philosophers, with messages: they do not grab forks, but ask a waiter.
//!
//! Five philosophers sit around a table with a fork between each two neighbours, and need both of
//! theirs to eat. If each took the left one first, all could starve with one fork in hand. Here
//! the forks are the data of one thread, the waiter (the main thread). A philosopher sends
//! `Hungry` and waits; the waiter serves as soon as both forks are free.
//!
//! Look for: neighbours never eat at the same time, but two philosophers do. A philosopher that
//! waits has sent a message to the waiter, and has no answer yet.
//!
//! Questions and a change: examples/course/dining_philosophers.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const SEATS: usize = 5;
const MEALS: usize = 3;

enum Call {
    Hungry(usize),
    Full(usize),
}

fn main() -> io::Result<()> {
    let (sender, receiver) = mpsc::named("calls").channel();
    let (mut plates, mut philosophers) = (Vec::new(), Vec::new());
    for (seat, name) in ["Arendt", "Beauvoir", "Cavell", "Diotima", "Epicurus"].iter().enumerate() {
        let (plate_sender, plate_receiver) = mpsc::named(&format!("plate of {name}")).channel();
        plates.push(plate_sender);
        let sender = sender.clone();
        let philosopher = thread::Builder::new().name((*name).into()).spawn(move || {
            for _ in 0..MEALS {
                // A philosopher that thinks is at rest; one that eats is busy.
                thread::sleep(Duration::from_millis(2 + seat as u64));
                sender.send(Call::Hungry(seat)).expect("the waiter runs");
                plate_receiver.recv().expect("the waiter serves all guests");
                work(Duration::from_millis(4));
                sender.send(Call::Full(seat)).expect("the waiter runs");
            }
        })?;
        philosophers.push(philosopher);
    }
    drop(sender);

    let (mut hungry, mut eating, mut meals) = (Vec::new(), [false; SEATS], 0);
    // Ends when all philosophers have dropped their senders.
    for call in receiver {
        match call {
            Call::Hungry(seat) => hungry.push(seat),
            Call::Full(seat) => eating[seat] = false,
        }
        hungry.retain(|&seat| {
            let neighbours = [(seat + 1) % SEATS, (seat + SEATS - 1) % SEATS];
            let must_wait = neighbours.iter().any(|&neighbour| eating[neighbour]);
            if !must_wait {
                eating[seat] = true;
                meals += 1;
                plates[seat].send("spaghetti").expect("a hungry guest waits");
            }
            must_wait
        });
    }
    println!("{meals} meals were served");

    for philosopher in philosophers {
        philosopher.join().expect("a philosopher does not panic");
    }
    Ok(())
}
