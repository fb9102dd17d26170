//! The slow stage: how to find the bottleneck of a pipeline.
//!
//! Anna cuts chairs, Ben paints them, and the main thread packs them. Painting takes four times
//! as long as cutting or packing, and each belt has room for two chairs. Soon all three are as
//! slow as Ben: Anna because her belt is full, main because its belt is empty.
//!
//! Look for: a blocked `send` before the slow stage and a waiting `recv` behind it. The
//! bottleneck is between the two, and hardly ever waits.
//!
//! Questions and changes: examples/course/slow_stage.md

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const ROOM: usize = 2;
/// A minute of work, in this small workshop.
const MINUTE: Duration = Duration::from_millis(1);

fn main() -> io::Result<()> {
    let (cut_sender, cut_receiver) = mpsc::named("cut chairs").sync_channel(ROOM);
    let (painted_sender, painted_receiver) = mpsc::named("painted chairs").sync_channel(ROOM);

    let anna = thread::Builder::new().name("anna".into()).spawn(move || {
        for chair in 'A'..='J' {
            work(MINUTE);
            cut_sender.send(chair).expect("ben receives");
        }
    })?;
    let ben = thread::Builder::new().name("ben".into()).spawn(move || {
        for chair in cut_receiver {
            work(4 * MINUTE);
            painted_sender.send(chair).expect("main receives");
        }
    })?;

    let mut packed = String::new();
    for chair in painted_receiver {
        work(MINUTE);
        packed.push(chair);
    }
    println!("packed {packed}");

    anna.join().expect("anna does not panic");
    ben.join().expect("ben does not panic");
    Ok(())
}
