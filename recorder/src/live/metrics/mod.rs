//! The figures of a run as [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/),
//! for Prometheus and its like.
//!
//! The number of series is limited, however many threads and channels a program makes: threads of the
//! same name count as one, and above a maximum number of names and of channels, the others are added
//! up under the name `other`.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};
use tracing::debug;

use super::Hub;
use super::figures::snapshot::{ChannelRow, ChannelTotals, MAX_NAMES, Snapshot, StateCount};
use crate::http::{Request, Response, server};

mod family;

use family::{Families, Kind, Labels};

/// Starts to serve the figures of a run at `/metrics`. Returns the address.
///
/// # Errors
/// The address cannot be used.
pub fn serve(hub: Hub, address: SocketAddr) -> Result<SocketAddr> {
    let cannot = || format!("cannot serve metrics at {address}");
    let listener = TcpListener::bind(address).with_context(cannot)?;
    let address = listener.local_addr().with_context(cannot)?;
    hub.follow_always();
    let respond = move |request: &Request| respond(&hub, address, request);
    server::start(listener, respond).with_context(cannot)?;
    Ok(address)
}

fn respond(hub: &Hub, address: SocketAddr, request: &Request) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let names = [address.to_string(), format!("localhost:{}", address.port())];
    // An address that other machines can reach has names that are not known here.
    let is_local = address.ip().is_loopback();
    if is_local && !names.iter().any(|name| request.is_from(name)) {
        return Response::refusal("403 Forbidden");
    }
    if request.path() != "/metrics" {
        return Response::refusal("404 Not Found");
    }
    match hub.figures() {
        Ok(snapshot) => Response::ok(OPEN_METRICS, text(&snapshot).into_bytes()),
        Err(error) => {
            debug!(%error, "no metrics");
            Response::refusal("503 Service Unavailable")
        }
    }
}

/// The figures as OpenMetrics text.
pub fn text(snapshot: &Snapshot) -> String {
    let mut families = Families::default();
    run(snapshot, &mut families);
    threads(snapshot, &mut families);
    channels(snapshot, &mut families);
    families.text()
}

fn run(snapshot: &Snapshot, families: &mut Families) {
    let labels = Labels::new(&[("command", &snapshot.command)]);
    families.family("run", Kind::Info, "The program that is recorded").add(&labels, 1.0);
    let none = Labels::default();
    families
        .seconds("recorded_seconds", Kind::Gauge, "How long the program has been recorded")
        .add(&none, seconds(snapshot.time_ns));
    let behind = snapshot.recorded_ns.saturating_sub(snapshot.time_ns);
    families
        .seconds("behind_seconds", Kind::Gauge, "How old these metrics are while they catch up")
        .add(&none, seconds(behind));
    families
        .family("recording_paused", Kind::Gauge, "Whether the recording pauses")
        .add(&none, f64::from(u8::from(snapshot.paused)));
    families
        .family("events_dropped", Kind::Counter, "Events that could not be recorded")
        .add(&none, snapshot.dropped as f64);
    let mut codes: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for finding in &snapshot.findings {
        *codes.entry((&finding.code, &finding.severity)).or_default() += 1;
    }
    let help = "What is wrong so far: see docs/findings.md";
    for ((code, severity), count) in codes {
        let labels = Labels::new(&[("code", code), ("severity", severity)]);
        families.family("findings", Kind::Gauge, help).add(&labels, count as f64);
    }
}

/// The label for what has no series of its own.
const OTHER: &str = "other";

fn threads(snapshot: &Snapshot, families: &mut Families) {
    for StateCount { pid, state, count } in &snapshot.thread_states {
        let labels = Labels::new(&[("state", state.verb())]).and(&in_process(snapshot, *pid));
        families.family("threads", Kind::Gauge, "Threads by state").add(&labels, *count as f64);
    }
    for total in &snapshot.thread_totals {
        let name = total.name.as_deref().unwrap_or(OTHER);
        let labels = Labels::new(&[("thread", name)]).and(&in_process(snapshot, total.pid));
        families
            .family("thread_events", Kind::Counter, "Recorded events")
            .add(&labels, total.events as f64);
        families
            .seconds("thread_wait_seconds", Kind::Counter, "Time waited, sleep not included")
            .add(&labels, seconds(total.waited_ns));
        families
            .seconds(
                "thread_present_wait_seconds",
                Kind::Gauge,
                "Length of the longest present wait",
            )
            .add_maximum(&labels, seconds(total.longest_present_wait_ns));
    }
}

fn in_process(snapshot: &Snapshot, pid: u32) -> Labels {
    let process = snapshot.processes.iter().find(|process| process.pid == pid);
    let name = process.map_or("", |process| &*process.name);
    Labels::new(&[("process", name), ("pid", &pid.to_string())])
}

fn channels(snapshot: &Snapshot, families: &mut Families) {
    for row in &snapshot.channels {
        let has_series = row.index < MAX_NAMES;
        let channel = if has_series { &*row.label } else { OTHER };
        let labels = Labels::new(&[("channel", channel)]).and(&in_process(snapshot, row.pid));
        let ChannelRow { pid, sent, received, depth, refused, .. } = *row;
        channel_totals(&ChannelTotals { pid, sent, received, depth, refused }, &labels, families);
        let mut gauge = |name, help, value: u64| {
            families.family(name, Kind::Gauge, help).add(&labels, value as f64);
        };
        gauge("channel_senders", "Senders that have not been dropped", row.senders);
        gauge("channel_receivers", "Receivers that have not been dropped", row.receivers);
        if let Some(bound) = row.bound.filter(|_| has_series) {
            gauge("channel_bound", "How many messages a bounded channel holds", bound);
        }
        for (side, threads) in [("send", &row.waiting_senders), ("recv", &row.waiting_receivers)] {
            let labels = labels.clone().and(&Labels::new(&[("side", side)]));
            families
                .family("channel_waiting_threads", Kind::Gauge, "Threads that wait for a channel")
                .add(&labels, threads.len() as f64);
        }
        let age = row.oldest_ns.unwrap_or(0);
        families
            .seconds("channel_oldest_message_seconds", Kind::Gauge, "Age of the oldest message")
            .add_maximum(&labels, seconds(age));
        if has_series {
            latency(row, &labels, families);
        }
    }
    for totals in &snapshot.other_channels {
        let labels = Labels::new(&[("channel", OTHER)]).and(&in_process(snapshot, totals.pid));
        channel_totals(totals, &labels, families);
    }
}

/// What is known of every channel.
fn channel_totals(totals: &ChannelTotals, labels: &Labels, families: &mut Families) {
    let mut counter = |name, help, count: u64| {
        families.family(name, Kind::Counter, help).add(labels, count as f64);
    };
    counter("channel_messages_sent", "Messages sent", totals.sent);
    counter("channel_messages_received", "Messages received", totals.received);
    let refused = "Attempts that found no room or no message";
    counter("channel_attempts_refused", refused, totals.refused);
    let depth = "Messages sent and not yet received";
    families.family("channel_depth", Kind::Gauge, depth).add(labels, totals.depth as f64);
}

fn latency(row: &ChannelRow, labels: &Labels, families: &mut Families) {
    let Some(latency) = &row.latency else { return };
    let help = "From the start of a send to the end of its receive; quantiles are over the run";
    let summary = families.seconds("channel_latency_seconds", Kind::Summary, help);
    let quantiles = [("0.5", latency.p50_ns), ("0.9", latency.p90_ns), ("0.99", latency.p99_ns)];
    for (quantile, ns) in quantiles {
        let labels = labels.clone().and(&Labels::new(&[("quantile", quantile)]));
        summary.add(&labels, seconds(ns));
    }
    summary.add_part("_sum", labels, seconds(latency.total_ns));
    summary.add_part("_count", labels, latency.count as f64);
    let help = "The longest latency over the run";
    families
        .seconds("channel_latency_max_seconds", Kind::Gauge, help)
        .add(labels, seconds(latency.max_ns));
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
