//! The slow stage: how to find the bottleneck of a pipeline.
//!
//! Chairs are cut, painted and packed; painting takes four times as long as each of the
//! others. The belts in between have room for two chairs. Soon all stages are as slow as
//! `paint`: `cut` waits because its belt is full, and the main thread, which packs, because
//! its belt is empty.
//!
//! Look for: `send … (full)` before the slow stage, and `recv … (waiting)` behind it. The
//! bottleneck is the stage between the two, the one that never waits.
//!
//! Think about: what does the run gain if `cut` becomes twice as fast? And if `paint` does?
//!
//! Change: paint with two threads (see `fan_out`). Where is the bottleneck now? Do the
//! chairs still arrive in order?

use std::io;
use std::time::Duration;

use examples::work;
use instrumented::sync::mpsc;
use instrumented::thread;

const CHAIRS: u32 = 10;
const ROOM: usize = 2;
/// A minute of work, in this small workshop.
const MINUTE: Duration = Duration::from_millis(1);

fn main() -> io::Result<()> {
    let (cut_tx, cut) = mpsc::named("cut chairs").sync_channel(ROOM);
    let (painted_tx, painted) = mpsc::named("painted chairs").sync_channel(ROOM);

    let cutter = thread::Builder::new().name("cut".into()).spawn(move || {
        for chair in 1..=CHAIRS {
            work(MINUTE);
            cut_tx.send(chair).expect("paint receives");
        }
    })?;
    let painter = thread::Builder::new().name("paint".into()).spawn(move || {
        for chair in cut {
            work(4 * MINUTE);
            painted_tx.send(chair).expect("main receives");
        }
    })?;

    let mut packed = 0;
    for _chair in painted {
        work(MINUTE);
        packed += 1;
    }
    println!("{packed} chairs are packed");

    cutter.join().expect("cut does not panic");
    painter.join().expect("paint does not panic");
    Ok(())
}
