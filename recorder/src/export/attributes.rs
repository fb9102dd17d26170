//! The attributes of events: arguments in a Chrome trace, debug annotations in a Perfetto trace.
//!
//! This is the one table of their names, and of the attributes that each item has.

use std::borrow::Cow;

use format::{Call, PrimitiveKind};

use crate::reading::catalog::{CallsiteIndex, Catalog, EndpointIndex, Level, PlaceIndex, Target};
use crate::timeline::item::{Activity, Category, HeldLock, Slice, Total, method};

macro_rules! attributes {
    ($($name:ident = $text:literal,)*) => {
        /// An attribute of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Attribute {
            $($name,)*
        }

        /// The names of the attributes, in the order of [`Attribute`].
        pub(super) const NAMES: &[&str] = &[$($text,)*];

        /// The names as fields of a JSON object that has others before: `,"channel":`.
        const JSON_FIELDS: &[&str] = &[$(concat!(",\"", $text, "\":"),)*];
    };
}

attributes! {
    Channel = "channel",
    Endpoint = "endpoint",
    Message = "message",
    Value = "value",
    Primitive = "primitive",
    Kind = "kind",
    Thread = "thread",
    Level = "level",
    Target = "target",
    Fields = "fields",
    Text = "text",
    Operation = "operation",
    Latency = "latency_ns",
    Waited = "waited_ns",
    Timeout = "timeout_ns",
    Turn = "turn",
    OthersWaited = "others_waited_ns",
    Place = "site",
    Advice = "advice",
    Certainty = "certainty",
    Contents = "what",
    TotalMerged = "merged",
    TotalSends = "sends",
    TotalReceives = "receives",
    TotalWaits = "waits",
    TotalWaited = "all_waited_ns",
    TotalLongestWait = "longest_wait_ns",
    TotalLatencyMin = "latency_min_ns",
    TotalLatencyMean = "latency_mean_ns",
    TotalLatencyMax = "latency_max_ns",
    TotalLatencySum = "latency_sum_ns",
    TotalHeld = "all_held_ns",
    TotalLongestHeld = "longest_held_ns",
    TotalOthersWaited = "all_others_waited_ns",
    TimeRunning = "running_ns",
    TimeSend = "waiting_in_send_ns",
    TimeRecv = "waiting_in_recv_ns",
    TimeLock = "waiting_in_lock_ns",
    TimeCondvar = "waiting_in_condvar_ns",
    TimeBarrier = "waiting_in_barrier_ns",
    TimeInitialize = "waiting_in_initialize_ns",
    TimeJoin = "waiting_in_join_ns",
    TimeScope = "waiting_in_scope_ns",
    TimePark = "waiting_in_park_ns",
    TimeAsleep = "asleep_ns",
    TimeNotRecorded = "not_recorded_ns",
}

impl Attribute {
    /// Its name in traces.
    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// Its name as a field of a JSON object that has others before: `,"channel":`.
    #[inline]
    pub(super) fn json_field(self) -> &'static str {
        JSON_FIELDS[self as usize]
    }

    /// The attribute for a total of merged slices.
    pub(super) fn of_total(total: Total) -> Self {
        match total {
            Total::Merged => Attribute::TotalMerged,
            Total::Sends => Attribute::TotalSends,
            Total::Receives => Attribute::TotalReceives,
            Total::Waits => Attribute::TotalWaits,
            Total::Waited => Attribute::TotalWaited,
            Total::LongestWait => Attribute::TotalLongestWait,
            Total::LatencyMin => Attribute::TotalLatencyMin,
            Total::LatencyMean => Attribute::TotalLatencyMean,
            Total::LatencyMax => Attribute::TotalLatencyMax,
            Total::LatencySum => Attribute::TotalLatencySum,
            Total::Held => Attribute::TotalHeld,
            Total::LongestHeld => Attribute::TotalLongestHeld,
            Total::OthersWaited => Attribute::TotalOthersWaited,
        }
    }

    /// The attribute for the time that merged states spend in an activity.
    pub(super) fn of_time(activity: Activity) -> Self {
        match activity {
            Activity::Running => Attribute::TimeRunning,
            Activity::Send => Attribute::TimeSend,
            Activity::Recv => Attribute::TimeRecv,
            Activity::Lock => Attribute::TimeLock,
            Activity::Condvar => Attribute::TimeCondvar,
            Activity::Barrier => Attribute::TimeBarrier,
            Activity::Initialize => Attribute::TimeInitialize,
            Activity::Join => Attribute::TimeJoin,
            Activity::Scope => Attribute::TimeScope,
            Activity::Park => Attribute::TimePark,
            Activity::Asleep => Attribute::TimeAsleep,
            Activity::NotRecorded => Attribute::TimeNotRecorded,
        }
    }
}

/// A text that many events have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Label {
    /// The label of a target.
    Target(Target),
    /// The name of an endpoint.
    Endpoint(EndpointIndex),
    /// The kind of a primitive.
    Kind(PrimitiveKind),
    /// The level of a callsite.
    Level(Level),
    /// The part of the program that a callsite belongs to.
    CallsiteTarget(CallsiteIndex),
    /// The method that was called.
    Method(Call),
    /// A place in the source.
    Place(PlaceIndex),
}

impl Label {
    pub(super) fn text(self, catalog: &Catalog) -> Cow<'_, str> {
        match self {
            Label::Target(target) => catalog.label(target).into(),
            Label::Endpoint(endpoint) => {
                catalog.endpoints[endpoint].name.as_deref().unwrap_or_default().into()
            }
            Label::Kind(kind) => kind.name().into(),
            Label::Level(level) => level.name().into(),
            Label::CallsiteTarget(callsite) => catalog.callsites[callsite].target.as_str().into(),
            Label::Method(call) => method(call).into(),
            Label::Place(place) => catalog.places[place].to_string().into(),
        }
    }
}

/// The attributes that a slice shares with all others of its kind, target, endpoint and place.
pub(super) fn labels(slice: &Slice, catalog: &Catalog) -> impl Iterator<Item = (Attribute, Label)> {
    let target = slice.target.map(Label::Target);
    let endpoint = named_endpoint(slice, catalog).map(Label::Endpoint);
    let (attribute, target, second) = match slice.target {
        Some(Target::Channel(_)) => {
            (Attribute::Channel, target, endpoint.map(|it| (Attribute::Endpoint, it)))
        }
        Some(Target::Primitive(primitive)) => {
            let kind = catalog.primitives[primitive].kind.map(Label::Kind);
            (Attribute::Primitive, target, kind.map(|kind| (Attribute::Kind, kind)))
        }
        Some(Target::Callsite(callsite)) => {
            let level = catalog.callsites[callsite].level.map(Label::Level);
            let target = Label::CallsiteTarget(callsite);
            (Attribute::Level, level, Some((Attribute::Target, target)))
        }
        Some(Target::Thread(_)) => (Attribute::Thread, target, None),
        None => (Attribute::Channel, None, endpoint.map(|it| (Attribute::Endpoint, it))),
    };
    let target = target.map(|target| (attribute, target));
    let call = slice.kind.call().filter(|_| slice.kind.method().is_some());
    let operation = call.map(|call| (Attribute::Operation, Label::Method(call)));
    let place = slice.place.map(|place| (Attribute::Place, Label::Place(place)));
    [target, second, operation, place].into_iter().flatten()
}

/// The endpoint of a slice, if it has a name.
#[inline]
pub(super) fn named_endpoint(slice: &Slice, catalog: &Catalog) -> Option<EndpointIndex> {
    slice.endpoint.filter(|&endpoint| catalog.endpoints[endpoint].name.is_some())
}

/// Passes on the attributes of a slice that are numbers.
#[inline(always)]
pub(super) fn numbers(slice: &Slice, mut add: impl FnMut(Attribute, u64)) {
    if let Some(message) = slice.message {
        add(Attribute::Message, message.get());
    }
    if let Some(latency) = slice.latency {
        add(Attribute::Latency, latency.get());
    }
    if let Some(waited) = slice.waited {
        add(Attribute::Waited, waited.get());
    }
    if let Some(timeout) = slice.timeout {
        add(Attribute::Timeout, timeout.get());
    }
}

/// The attribute of a slice that is a text of its own.
#[inline]
pub(super) fn text(slice: &Slice) -> Option<(Attribute, &str)> {
    let text = slice.text.as_deref()?;
    let attribute = match slice.category() {
        Category::Channel => Attribute::Value,
        Category::Span => Attribute::Fields,
        Category::Primitive | Category::Thread | Category::Log => Attribute::Text,
    };
    Some((attribute, text))
}

/// The labels and the numbers of a lock that is held.
pub(super) fn of_hold(
    hold: &HeldLock,
) -> (impl Iterator<Item = (Attribute, Label)>, [(Attribute, u64); 2]) {
    let labels = [
        Some((Attribute::Primitive, Label::Target(Target::Primitive(hold.primitive)))),
        Some((Attribute::Thread, Label::Target(Target::Thread(hold.thread)))),
        hold.place.map(|place| (Attribute::Place, Label::Place(place))),
    ];
    let numbers =
        [(Attribute::Turn, hold.turn), (Attribute::OthersWaited, hold.others_waited.get())];
    (labels.into_iter().flatten(), numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_and_times_have_attributes_of_their_names() {
        for activity in Activity::ALL {
            let name = format!("{}_ns", activity.name().replace(' ', "_"));
            assert_eq!(Attribute::of_time(activity).name(), name);
        }
        let totals = Total::ALL.map(|total| Attribute::of_total(total).name());
        assert_eq!(totals, NAMES[Attribute::TotalMerged as usize..][..totals.len()]);
    }
}
