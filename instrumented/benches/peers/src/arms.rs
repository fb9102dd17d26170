//! The arms of the comparison, and the amount of work of each.

use std::path::Path;

use anyhow::Result;

use crate::peers::{
    Chrome, Drained, Fastrace, Fmt, Hotpath, NotRecorded, Peer, Perfetto, Puffin, Readable,
    SelfRecorded, Std, Tracy,
};
use crate::work::{self, Measured, Work};

/// A tool in one configuration.
pub struct Arm {
    /// The name in the table and on the command line of child processes.
    pub name: &'static str,
    /// What the tool does for each operation, for the table.
    pub description: &'static str,
    /// The package whose version the table contains.
    pub package: Option<&'static str>,
    /// Whether the process is started by `recorder record`.
    pub drained: bool,
    /// Thousands of messages that a process sends: fewer for slow tools.
    pub batches: u64,
    pub measure: fn(&Path, Work, u64) -> Result<Measured>,
    pub work_until_killed: fn(&Path) -> Result<()>,
    pub readable: fn(&Path, &Path) -> Result<Readable>,
}

impl Arm {
    const fn of<P: Peer>(name: &'static str, batches: u64, description: &'static str) -> Arm {
        Arm {
            name,
            description,
            package: None,
            drained: false,
            batches,
            measure: work::measure::<P>,
            work_until_killed: work::work_until_killed::<P>,
            readable: P::readable,
        }
    }

    const fn package(self, package: &'static str) -> Arm {
        Arm { package: Some(package), ..self }
    }
}

/// The arm that the others are compared with.
pub const BASELINE: &str = "instrumented, recorder";

pub const ARMS: &[Arm] = &[
    Arm {
        drained: true,
        ..Arm::of::<Drained>(BASELINE, 1000, "under `recorder record`, which moves full blocks away")
    },
    Arm::of::<SelfRecorded>(
        "instrumented, itself",
        1000,
        "`recording::start`: the program writes full blocks itself",
    ),
    Arm::of::<NotRecorded>("instrumented, off", 1000, "not recorded"),
    Arm::of::<Hotpath>("hotpath", 300, "`channel!`: counters, delays and a short log; no record of every operation")
        .package("hotpath"),
    Arm::of::<Tracy>("tracy", 300, "zone with the number as its value; no server attached: kept in memory, never sent")
        .package("tracy-client"),
    Arm::of::<Perfetto>("perfetto-recorder", 100, "span with channel and number, feature `fastant`; kept in memory, written at the end")
        .package("perfetto-recorder"),
    Arm::of::<Puffin>("puffin", 200, "scope with the channel, a frame per thousand operations or messages; a thread writes packed frames")
        .package("puffin"),
    Arm::of::<Fastrace>("fastrace", 100, "local span with channel and number, a root per thousand; the reporter writes one line each")
        .package("fastrace"),
    Arm::of::<Fmt>("tracing fmt", 30, "event with channel and number, non-blocking writer that loses nothing")
        .package("tracing-subscriber"),
    Arm::of::<Chrome>("tracing-chrome", 15, "span with channel and number").package("tracing-chrome"),
    Arm::of::<Std>("std", 1000, "std compared with itself: the error of the measurement"),
];

pub fn arm(name: &str) -> Option<&'static Arm> {
    ARMS.iter().find(|arm| arm.name == name)
}
