//! Makes a chart of its events.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::belts::belts;
use super::builder::{Event, Role};
use super::chart::{
    Anchor, ArrowEnd, ArrowStart, Cause, CauseArrow, Chart, EventMark, LeftOut, LifeBar, LossPlace,
    Toward, WaitBar, WaitsForArrow,
};
use super::lives::LifeStep;
use super::names::Names;
use super::rows::Rows;
use crate::analysis::findings::Finding;
use crate::reading::Nanos;
use crate::reading::catalog::{Catalog, ChannelIndex, ThreadIndex};
use crate::timeline::item::SliceKind;

/// What became of a message whose send is in the chart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    /// When it was lost, if it was.
    pub(super) lost: Option<Nanos>,
    /// The thread that received it.
    pub(super) receiver: Option<ThreadIndex>,
}

/// All that a chart is made of.
pub(super) struct Assembly<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) findings: &'a [Finding],
    /// The thread of each lifeline.
    pub(super) lifelines: Vec<ThreadIndex>,
    /// Number of threads that are left out.
    pub(super) hidden_threads: usize,
    /// Number of threads without an event that are left out.
    pub(super) idle_threads: usize,
    /// In the order in which they begin.
    pub(super) events: Vec<Event>,
    /// The end of the last of the first events, after which some are left out.
    pub(super) head_end: Option<Nanos>,
    /// Number of events that are left out.
    pub(super) left_out: usize,
    /// A description of the part of the run that was selected.
    pub(super) selection: Option<String>,
    /// The messages whose sends are in the chart, by their flows.
    pub(super) sent: FxHashMap<u64, Sent>,
    /// The threads that used the receivers of the channels last.
    pub(super) receivers: FxHashMap<ChannelIndex, ThreadIndex>,
}

impl<'a> Assembly<'a> {
    pub(super) fn chart(self) -> Chart<'a> {
        let lifeline_of: FxHashMap<_, _> =
            self.lifelines.iter().enumerate().map(|(index, &thread)| (thread, index)).collect();
        let mut rows = Rows::new(self.catalog, &lifeline_of, &self.events);
        let left_out_row = rows
            .times
            .partition_point(|&time| self.head_end.is_some_and(|head_end| time <= head_end));
        let losses = self.losses(&mut rows, &lifeline_of);
        let channels = self.events.iter().filter_map(|event| event.slice.channel());
        let mut channels: Vec<_> = channels.collect::<FxHashSet<_>>().into_iter().collect();
        channels.sort_by_key(|&channel| self.catalog.flow_order.channel_rank(channel));
        let names = Names { catalog: self.catalog, has_several_channels: channels.len() > 1 };
        let left_out = LeftOut {
            events: self.left_out,
            row: left_out_row,
            threads: self.hidden_threads,
            idle_threads: self.idle_threads,
            selection: self.selection.clone(),
        };
        let mut chart = Chart {
            catalog: self.catalog,
            belts: belts(self.catalog, &channels, &self.events, &rows, &losses),
            channels,
            jumps: rows.jumps((self.left_out > 0).then_some(left_out_row)),
            messages: Vec::new(),
            causes: Vec::new(),
            lives: Vec::new(),
            waits: Vec::new(),
            marks: Vec::new(),
            waits_for: self.waits_for(&lifeline_of),
            left_out,
            rows: Vec::new(),
            lifelines: Vec::new(),
        };
        self.add_events(&mut chart, &rows, &losses, names);
        self.add_disconnects(&mut chart, &rows);
        self.add_lives(&mut chart, &rows);
        chart.rows = rows.times;
        chart.lifelines = self.lifelines;
        chart
    }

    fn add_events(
        &self,
        chart: &mut Chart<'a>,
        rows: &Rows,
        losses: &FxHashMap<u64, LossPlace>,
        names: Names<'_>,
    ) {
        // The indices in `chart.messages` of the messages whose sends are in the chart.
        let mut sent = FxHashMap::default();
        for (index, (event, &at)) in self.events.iter().zip(&rows.anchors).enumerate() {
            let slice = &event.slice;
            match event.role {
                Role::Send { flow } => {
                    let known = self.sent.get(&flow).copied().unwrap_or_default();
                    let to = match known.lost {
                        Some(_) => ArrowEnd::Lost(losses.get(&flow).copied()),
                        None => ArrowEnd::NotShown(self.toward(slice.thread, known.receiver)),
                    };
                    sent.insert(flow, chart.messages.len());
                    chart.messages.push(names.message_arrow(event, ArrowStart::Sent(at), to));
                }
                Role::Receive { flow } => {
                    let to = ArrowEnd::Received(at);
                    if let Some(&index) = sent.get(&flow) {
                        let arrow = &mut chart.messages[index];
                        arrow.to = to;
                        arrow.details += &format!("; {}", names.details(event));
                    } else {
                        let sender = event.by.map(|(sender, _)| sender);
                        let from = match self.toward(slice.thread, sender) {
                            // As if it came from before the chart.
                            Toward::Right if sender.is_none() => Toward::Left,
                            side => side,
                        };
                        let from = ArrowStart::NotShown(from);
                        chart.messages.push(names.message_arrow(event, from, to));
                    }
                }
                Role::Wait(kind) => chart.waits.push(WaitBar {
                    begin: at,
                    end: slice.end.map(|end| rows.wait_end(&self.events, index, end)),
                    kind,
                    name: names.wait_name(slice),
                    details: names.details(event),
                    length: names.length(slice),
                }),
                Role::Mark => chart.marks.push(EventMark {
                    at,
                    name: names.mark_name(slice),
                    details: names.details(event),
                }),
            }
        }
    }

    /// The side of a thread on which another is, which may be left out.
    fn toward(&self, thread: ThreadIndex, other: Option<ThreadIndex>) -> Toward {
        let rank = |thread| self.catalog.flow_order.thread_rank(thread);
        match other {
            Some(other) if rank(other) < rank(thread) => Toward::Left,
            _ => Toward::Right,
        }
    }

    /// Where messages are lost, by their flows. If they are lost at the end of the run, that gets a
    /// row.
    fn losses(
        &self,
        rows: &mut Rows,
        lifelines: &FxHashMap<ThreadIndex, usize>,
    ) -> FxHashMap<u64, LossPlace> {
        // The last drop of a receiver of each channel.
        let drops = self.events.iter().zip(&rows.anchors);
        let drops = drops.filter(|(event, _)| event.slice.kind == SliceKind::ReceiverDropped);
        let drops: FxHashMap<_, _> =
            drops.filter_map(|(event, &at)| Some((event.slice.channel()?, at))).collect();
        let mut losses = FxHashMap::default();
        let mut end_row = None;
        let mut places = Vec::new();
        for (event, &at) in self.events.iter().zip(&rows.anchors) {
            let Role::Send { flow } = event.role else { continue };
            let lost = self.sent.get(&flow).and_then(|sent| sent.lost);
            let (Some(lost), Some(channel)) = (lost, event.slice.channel()) else { continue };
            places.push((flow, channel, at, lost));
        }
        for (flow, channel, sent, lost) in places {
            let drop = drops.get(&channel);
            let process = self.catalog.channels[channel].process;
            let end = self.catalog.processes[process].recorded_until;
            if let Some(&at) = drop.filter(|at| at.row > sent.row && at.time <= lost) {
                losses.insert(flow, LossPlace::Dropped(at));
            } else if drop.is_none() && lost >= end {
                let row = *end_row.get_or_insert_with(|| rows.add_end(self.catalog.end));
                let receiver = self.receivers.get(&channel);
                let lifeline = receiver.and_then(|receiver| lifelines.get(receiver)).copied();
                losses.insert(flow, LossPlace::RunEnded { lifeline, row, time: rows.times[row] });
            }
        }
        losses
    }

    /// Adds an arrow from the last drop of a sender to the first receive of each thread that failed
    /// for it.
    fn add_disconnects(&self, chart: &mut Chart<'a>, rows: &Rows) {
        let drops: FxHashMap<_, _> = self
            .events
            .iter()
            .zip(&rows.anchors)
            .filter(|(event, _)| event.slice.kind == SliceKind::SenderDropped)
            .map(|(Event { slice, .. }, &at)| ((slice.channel(), slice.thread, slice.begin), at))
            .collect();
        let mut noticed = FxHashSet::default();
        for (event, &to) in self.events.iter().zip(&rows.anchors) {
            let (Role::Mark, Some((thread, time))) = (event.role, event.by) else { continue };
            let channel = event.slice.channel();
            let Some(&from) = drops.get(&(channel, thread, time)) else { continue };
            if from.row < to.row
                && from.lifeline != to.lifeline
                && noticed.insert((channel, to.lifeline))
            {
                let name = channel.map_or("", |it| &self.catalog.channels[it].label);
                let by = &self.catalog.threads[thread].name;
                let details = format!("{by} dropped the last sender of {name}");
                chart.causes.push(CauseArrow { cause: Cause::Disconnect, from, to, details });
            }
        }
    }

    /// Adds the bars of the threads whose start is in the chart, with an arrow from the spawn to the
    /// start and one from the end to the join.
    fn add_lives(&self, chart: &mut Chart<'a>, rows: &Rows) {
        let mut lives: BTreeMap<ThreadIndex, [Option<Anchor>; 4]> = BTreeMap::new();
        for (event, &at) in self.events.iter().zip(&rows.anchors) {
            let slice = &event.slice;
            // A join that did not wait is no consequence of the end.
            let step = LifeStep::of(slice);
            if let Some((thread, step)) =
                step.filter(|(_, step)| *step != LifeStep::Join || slice.waited.is_some())
            {
                lives.entry(thread).or_default()[step as usize].get_or_insert(at);
            }
        }
        for (thread, [spawn, start, end, join]) in lives {
            let name = &self.catalog.threads[thread].name;
            let arrows = [(spawn, start, "is spawned"), (end, join, "has ended")];
            for (from, to, what) in arrows {
                let (Some(from), Some(to)) = (from, to) else { continue };
                if from.row < to.row && from.lifeline != to.lifeline {
                    let details = format!("{name} {what}");
                    chart.causes.push(CauseArrow { cause: Cause::Life, from, to, details });
                }
            }
            chart.lives.extend(start.map(|begin| LifeBar { begin, end }));
        }
    }

    fn waits_for(&self, lifelines: &FxHashMap<ThreadIndex, usize>) -> Vec<WaitsForArrow> {
        let all = self.findings.iter().flat_map(|finding| &finding.waits_for);
        all.filter_map(|wait| {
            let (from, to) = (*lifelines.get(&wait.waiting)?, *lifelines.get(&wait.other)?);
            Some(WaitsForArrow { from, to, is_known: wait.is_known })
        })
        .collect()
    }
}
