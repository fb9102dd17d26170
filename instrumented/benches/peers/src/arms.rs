//! What is compared, and how much of the work each gets.

use std::path::Path;

use anyhow::Result;

use crate::peers::{
    Chrome, Drained, Fastrace, Fmt, Hotpath, Left, NotRecorded, Peer, Perfetto, Puffin,
    SelfRecorded, Std, Tracy,
};
use crate::work::{self, Measured, Work};

pub struct Arm {
    /// How the bench calls it, also on the command line of its children.
    pub name: &'static str,
    /// What it does for each operation, for the reader of the table.
    pub what: &'static str,
    /// The package whose version is shown.
    pub package: Option<&'static str>,
    /// Started by `recorder record`.
    pub drained: bool,
    /// How many thousand messages a process sends: fewer where they take long.
    pub batches: u64,
    pub measure: fn(&Path, Work, u64) -> Result<Measured>,
    pub work_for_ever: fn(&Path) -> Result<()>,
    pub left: fn(&Path, &Path) -> Result<Left>,
}

impl Arm {
    const fn of<P: Peer>(name: &'static str, batches: u64, what: &'static str) -> Arm {
        Arm {
            name,
            what,
            package: None,
            drained: false,
            batches,
            measure: work::measure::<P>,
            work_for_ever: work::work_for_ever::<P>,
            left: P::left,
        }
    }

    const fn package(self, package: &'static str) -> Arm {
        Arm { package: Some(package), ..self }
    }
}

/// The arm that the others are divided by.
pub const OURS: &str = "instrumented, recorder";

pub const ARMS: &[Arm] = &[
    Arm {
        drained: true,
        ..Arm::of::<Drained>(OURS, 1000, "under `recorder record`, which moves full blocks away")
    },
    Arm::of::<SelfRecorded>(
        "instrumented, itself",
        1000,
        "`recording::start`: the program writes full blocks itself",
    ),
    Arm::of::<NotRecorded>("instrumented, off", 1000, "nobody records"),
    Arm::of::<Hotpath>("hotpath", 300, "`channel!`: counters, delays and a short log; no record of every operation")
        .package("hotpath"),
    Arm::of::<Tracy>("tracy", 300, "zone with the number as its value; no server attached: kept in memory, never sent")
        .package("tracy-client"),
    Arm::of::<Perfetto>("perfetto-recorder", 100, "span with channel and number, feature `fastant`; kept in memory, written at the end")
        .package("perfetto-recorder"),
    Arm::of::<Puffin>("puffin", 200, "scope with the channel, a frame for each thousand operations or messages; a thread writes packed frames")
        .package("puffin"),
    Arm::of::<Fastrace>("fastrace", 100, "local span with channel and number, a root for each thousand; the reporter writes one line each")
        .package("fastrace"),
    Arm::of::<Fmt>("tracing fmt", 30, "event with channel and number, non-blocking writer that loses nothing")
        .package("tracing-subscriber"),
    Arm::of::<Chrome>("tracing-chrome", 15, "span with channel and number").package("tracing-chrome"),
    Arm::of::<Std>("std", 1000, "std against itself: what the bench cannot tell from nothing"),
];

pub fn arm(name: &str) -> Option<&'static Arm> {
    ARMS.iter().find(|arm| arm.name == name)
}
