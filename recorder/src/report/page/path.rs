//! The critical path in the order of time.

use serde::Serialize;

use crate::analysis::Analysis;
use crate::analysis::critical_path::Segment;
use crate::analysis::path_pieces::Piece;
use crate::reading::catalog::Target;

/// A piece of the critical path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathPiece {
    /// The thread that the path is with; of a hand-over, the one that continues.
    pub thread: usize,
    /// Its start.
    pub from: u64,
    /// Its end.
    pub to: u64,
    /// `running`, `blocked`, `sleeping`, `waiting`, `paused` or `hand-over`.
    pub kind: &'static str,
    /// The piece in words: `worker runs`.
    pub text: String,
    /// The channel of a hand-over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
    /// The number of short segments of which it consists, if there are several. `kind` and `thread`
    /// are those of a segment that takes much of the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// The pieces of the critical path of a run.
pub(super) fn pieces(analysis: &Analysis<'_>) -> Vec<PathPiece> {
    let pieces = analysis.critical_path.pieces();
    pieces.iter().map(|piece| path_piece(analysis, piece)).collect()
}

fn path_piece(analysis: &Analysis<'_>, piece: &Piece) -> PathPiece {
    let name = |thread| analysis.name_of(Target::Thread(thread));
    let mut channel = None;
    let (kind, text) = match piece.segment {
        Segment::Running(thread) => ("running", format!("{} runs", name(thread))),
        Segment::Blocked(thread) => (
            "blocked",
            format!("{} is blocked elsewhere, such as in a file or a socket", name(thread)),
        ),
        Segment::Sleeping(thread) => ("sleeping", format!("{} sleeps", name(thread))),
        Segment::Waiting(thread) => (
            "waiting",
            format!("{} waits, until a timeout or for no recorded thread", name(thread)),
        ),
        Segment::Paused => ("paused", "the recording paused".to_owned()),
        Segment::HandOff(Some(Target::Thread(thread))) => {
            ("hand-over", format!("until {} starts, or its end is noticed", name(thread)))
        }
        Segment::HandOff(Some(target)) => {
            channel = match target {
                Target::Channel(channel) => Some(channel.into()),
                _ => None,
            };
            ("hand-over", format!("hand-over at {}", analysis.name_of(target)))
        }
        Segment::HandOff(None) => ("hand-over", "hand-over at a wake-up".to_owned()),
    };
    PathPiece {
        thread: piece.thread.into(),
        from: piece.from.get(),
        to: piece.to.get(),
        kind,
        text,
        channel,
        count: (piece.count > 1).then_some(piece.count),
    }
}
