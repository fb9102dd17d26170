//! The attributes of events: arguments in a Chrome trace, debug annotations in a Perfetto trace.
//!
//! This is the one table of their names, and of the attributes that each item has.

use std::borrow::Cow;

use crate::reading::catalog::{CallsiteIndex, Catalog, EndpointIndex, PlaceIndex, Target};
use crate::timeline::item::{Activity, Category, HeldLock, Slice, Total};

macro_rules! attributes {
    ($($name:ident = $text:literal,)*) => {
        /// An attribute of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Attribute {
            $($name,)*
        }

        impl Attribute {
            /// All of them, in their order.
            pub(super) const ALL: &[Self] = &[$(Attribute::$name,)*];

            /// Its name in traces.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Attribute::$name => $text,)*
                }
            }

            /// Its name as a field of a JSON object that has others before: `,"channel":`.
            #[inline]
            pub(super) fn json_field(self) -> &'static str {
                match self {
                    $(Attribute::$name => concat!(",\"", $text, "\":"),)*
                }
            }
        }
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
    State = "state",
    // In the order of `Total`.
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
    // In the order of `Activity`.
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
    TimeBlockedElsewhere = "blocked_elsewhere_ns",
    TimeNotRecorded = "not_recorded_ns",
}

impl Attribute {
    /// The attribute for a total of merged slices.
    pub(super) fn of_total(total: Total) -> Self {
        Self::ALL[Attribute::TotalMerged as usize + total as usize]
    }

    /// The attribute for the time that merged states spend in an activity.
    pub(super) fn of_time(activity: Activity) -> Self {
        Self::ALL[Attribute::TimeRunning as usize + activity as usize]
    }
}

/// A text that many events have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Label {
    /// The label of a target.
    Target(Target),
    /// The name of an endpoint.
    Endpoint(EndpointIndex),
    /// The kind of a primitive, the level of a callsite, or the method that was called.
    Constant(&'static str),
    /// The part of the program that a callsite belongs to.
    CallsiteTarget(CallsiteIndex),
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
            Label::Constant(text) => text.into(),
            Label::CallsiteTarget(callsite) => catalog.callsites[callsite].target.as_str().into(),
            Label::Place(place) => catalog.places[place].to_string().into(),
        }
    }
}

/// The attributes that a slice shares with all others of its kind, target, endpoint and place.
pub(super) fn labels(slice: &Slice, catalog: &Catalog) -> impl Iterator<Item = (Attribute, Label)> {
    let endpoint = named_endpoint(slice, catalog);
    let endpoint = endpoint.map(|it| (Attribute::Endpoint, Label::Endpoint(it)));
    let target = |attribute| slice.target.map(|target| (attribute, Label::Target(target)));
    let (first, second) = match slice.target {
        None => (None, endpoint),
        Some(Target::Channel(_)) => (target(Attribute::Channel), endpoint),
        Some(Target::Thread(_)) => (target(Attribute::Thread), None),
        Some(Target::Primitive(primitive)) => {
            let kind = catalog.primitives[primitive].kind;
            let kind = kind.map(|kind| (Attribute::Kind, Label::Constant(kind.name())));
            (target(Attribute::Primitive), kind)
        }
        Some(Target::Callsite(callsite)) => {
            let level = catalog.callsites[callsite].level;
            let level = level.map(|level| (Attribute::Level, Label::Constant(level.name())));
            (level, Some((Attribute::Target, Label::CallsiteTarget(callsite))))
        }
    };
    let method = slice.kind.method();
    let operation = method.map(|method| (Attribute::Operation, Label::Constant(method)));
    let place = slice.place.map(|place| (Attribute::Place, Label::Place(place)));
    [first, second, operation, place].into_iter().flatten()
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
            let attribute = Attribute::of_time(activity);
            assert_eq!(format!("{attribute:?}"), format!("Time{activity:?}"));
            let (name, _) = activity.name().split_once(" (").unwrap_or((activity.name(), ""));
            assert_eq!(attribute.name(), format!("{}_ns", name.replace(' ', "_")));
        }
        for total in Total::ALL {
            assert_eq!(format!("{:?}", Attribute::of_total(total)), format!("Total{total:?}"));
        }
    }
}
