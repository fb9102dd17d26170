//! The way of the items of a timeline to the exporters: selected, and downsampled for traces.

use std::io;

use tracing::info_span;

use super::{Error, Exporter};
use crate::analysis::findings::Finding;
use crate::analysis::findings::words::counted;
use crate::reading::{Nanos, Recording};
use crate::timeline::builder::{self, MAX_LANES};
use crate::timeline::downsample::Downsampler;
use crate::timeline::item::Item;
use crate::timeline::select::{Filter, Selection};

/// The way of the items of a run to the exporters.
pub(super) struct Pipeline<'a> {
    pub(super) recording: &'a Recording,
    /// The part of the run that is shown; `None` if that is all of it.
    pub(super) selection: Option<&'a Selection>,
    /// Maximum number of events of a trace.
    pub(super) max_events: Option<u64>,
    /// Exporters of all selected items.
    pub(super) charts: Vec<Sink<'a>>,
    /// Exporters of no more items than `max_events`.
    pub(super) traces: Vec<Sink<'a>>,
}

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

impl Pipeline<'_> {
    /// Passes all items to the exporters, and finishes those.
    pub(super) fn run(mut self, findings: &[Finding]) -> Result<Passed, Error> {
        let (recording, selection) = (self.recording, self.selection);
        let extent = (Nanos::MAX, Nanos::ZERO);
        let mut passed = Passed { events: 0, extent, left_out: Vec::new() };
        if self.charts.is_empty() && self.traces.is_empty() {
            return Ok(passed);
        }
        let mut downsampler = match (self.max_events, self.traces.is_empty()) {
            (Some(max_events), false) => {
                let _span = info_span!("choose", events = max_events).entered();
                Downsampler::new(max_events, &recording.catalog, findings, &|sink| {
                    recording.begin("choosing");
                    select(recording, selection, |_| (), sink).map(drop)
                })?
            }
            _ => None,
        };
        let (charts, traces) = (&mut self.charts, &mut self.traces);
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
            select(recording, selection, count_hidden, &mut |item| {
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
        passed.left_out.extend([hidden, left_out, merged].into_iter().flatten());
        self.charts.into_iter().chain(self.traces).try_for_each(Sink::finish)?;
        Ok(passed)
    }
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

/// Passes the selected items of a recording to `sink`, and all of them to `observe`. Returns a
/// description of those that are not selected.
fn select(
    recording: &Recording,
    selection: Option<&Selection>,
    mut observe: impl FnMut(&Item),
    sink: &mut dyn FnMut(&Item) -> Result<(), Error>,
) -> Result<Option<String>, Error> {
    let Some(selection) = selection else {
        builder::build(recording, |item| {
            observe(item);
            sink(item)
        })?;
        return Ok(None);
    };
    let mut filter = Filter::new(selection, &recording.catalog);
    builder::build(recording, |item| {
        observe(item);
        filter.item(item, sink)
    })?;
    filter.finish(sink)
}
