//! The way of the items of a timeline to the exporters: selected, and downsampled for traces.

use std::io;

use tracing::info_span;

use super::{Error, Exporter, Options};
use crate::analysis::findings::Finding;
use crate::analysis::findings::words::counted;
use crate::reading::{Nanos, Recording};
use crate::timeline::builder::MAX_LANES;
use crate::timeline::downsample::Downsampler;
use crate::timeline::item::Item;
use crate::timeline::pass;

/// An exporter, and how its errors are reported.
pub(super) struct Sink<'a> {
    pub(super) exporter: Box<dyn Exporter + 'a>,
    pub(super) error: Box<dyn Fn(io::Error) -> Error + 'a>,
}

/// A description of the items that the exporters were given.
pub(super) struct Passed {
    /// How many items the traces have.
    pub(super) events: u64,
    /// The time of the first and the last slice of the traces. Nothing is before the one, and nothing
    /// that has length is after the other.
    pub(super) extent: (Nanos, Nanos),
    /// Sentences about items that are not shown.
    pub(super) left_out: Vec<String>,
}

/// Passes the selected items of a run to `charts`, and no more than the maximum of a trace to
/// `traces`; then finishes all of them.
pub(super) fn run(
    recording: &Recording,
    findings: &[Finding],
    options: Options<'_>,
    mut charts: Vec<Sink<'_>>,
    mut traces: Vec<Sink<'_>>,
) -> Result<Passed, Error> {
    let Options { part, max_events, .. } = options;
    let extent = (Nanos::MAX, Nanos::ZERO);
    let mut passed = Passed { events: 0, extent, left_out: Vec::new() };
    if charts.is_empty() && traces.is_empty() {
        return Ok(passed);
    }
    let mut downsampler = match (max_events, traces.is_empty()) {
        (Some(max_events), false) => {
            let _span = info_span!("choose", events = max_events).entered();
            Downsampler::new(max_events, &recording.catalog, findings, &|sink| {
                recording.begin("choosing");
                pass::<Error>(recording, part, |_| (), sink).map(drop)
            })?
        }
        _ => None,
    };
    let mut trace = |item: &Item| {
        passed.events += 1;
        if let Item::Slice(slice) = item {
            let (first, last) = passed.extent;
            let end = slice.end.unwrap_or(slice.begin);
            passed.extent = (first.min(slice.begin), last.max(end));
        }
        traces.iter_mut().try_for_each(|sink| sink.item(item))
    };
    let mut hidden = 0;
    let count_hidden = |item: &Item| {
        hidden += u64::from(matches!(item, Item::Flight(flight) if flight.lane.is_none()));
    };
    recording.begin("exporting");
    let left_out = info_span!("replay").in_scope(|| {
        pass(recording, part, count_hidden, &mut |item| {
            charts.iter_mut().try_for_each(|sink| sink.item(item))?;
            match &mut downsampler {
                Some(downsampler) => downsampler.item(item, &mut trace),
                None => trace(item),
            }
        })
    })?;
    let merged = downsampler.map(|downsampler| downsampler.finish(&mut trace)).transpose()?;
    let hidden = (hidden > 0).then(|| {
        let hidden = counted(hidden, "message");
        format!("{hidden} not drawn in flight: more than {MAX_LANES} at a time in a channel")
    });
    passed.left_out.extend(hidden.into_iter().chain(left_out).chain(merged));
    charts.into_iter().chain(traces).try_for_each(Sink::finish)?;
    Ok(passed)
}

impl Sink<'_> {
    #[inline]
    fn item(&mut self, item: &Item) -> Result<(), Error> {
        self.exporter.item(item).map_err(|error| (self.error)(error))
    }

    fn finish(self) -> Result<(), Error> {
        self.exporter.finish().map_err(self.error)
    }
}
