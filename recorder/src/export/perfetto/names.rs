//! Texts, arguments and topics that come again.

use std::borrow::Cow;

use crate::export::templates::Word;
use crate::reading::catalog::Entities;
use crate::timeline::item::{Activity, Category, On, Slice, Total};

/// A text that is an argument's value, of those that come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Text {
    Label(On),
    Word(Word),
    /// What a callsite says it is of.
    Target(usize),
    /// Of a process, an endpoint.
    Endpoint(usize, u32),
    Site(usize),
}

impl Text {
    /// The arguments of a slice that are such texts.
    pub(super) fn of(slice: &Slice, entities: &Entities) -> impl Iterator<Item = (Argument, Text)> {
        let process = entities.threads[slice.thread].process;
        let endpoint = slice
            .endpoint
            .filter(|&endpoint| entities.endpoint_name(process, endpoint).is_some())
            .map(|endpoint| (Argument::Endpoint, Text::Endpoint(process, endpoint)));
        let label = |argument| slice.on.map(|on| (argument, Text::Label(on)));
        let word = |argument, word| Some((argument, Text::Word(Word(word))));
        let [on, of] = match slice.on {
            Some(On::Channel(_)) => [label(Argument::Channel), endpoint],
            Some(On::Primitive(primitive)) => {
                let kind = entities.primitives[primitive].kind;
                let kind = kind.and_then(|kind| word(Argument::Kind, kind.name()));
                [label(Argument::Primitive), kind]
            }
            Some(On::Callsite(callsite)) => [
                word(Argument::Level, entities.callsites[callsite].level),
                Some((Argument::Target, Text::Target(callsite))),
            ],
            Some(On::Thread(_)) => [label(Argument::Thread), None],
            None => [None, endpoint],
        };
        let operation = slice.called().and_then(|called| word(Argument::Operation, called));
        let site = slice.site.map(|site| (Argument::Site, Text::Site(site)));
        [on, of, operation, site].into_iter().flatten()
    }

    pub(super) fn words(self, entities: &Entities) -> Cow<'_, str> {
        match self {
            Text::Label(on) => on.label(entities).into(),
            Text::Word(Word(word)) => word.into(),
            Text::Target(callsite) => entities.callsites[callsite].target.as_str().into(),
            Text::Endpoint(process, endpoint) => {
                entities.endpoint_name(process, endpoint).unwrap_or_default().into()
            }
            Text::Site(site) => entities.sites[site].to_string().into(),
        }
    }
}

/// The arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Argument {
    Channel,
    Endpoint,
    Message,
    Value,
    Primitive,
    Kind,
    Thread,
    Level,
    Target,
    Fields,
    Text,
    Operation,
    Latency,
    Waited,
    Timeout,
    Turn,
    OthersWaited,
    Site,
    Advice,
    Sure,
    What,
    TotalMerged,
    TotalSends,
    TotalReceives,
    TotalWaits,
    TotalWaited,
    TotalLongestWait,
    TotalLatencyMin,
    TotalLatencyMean,
    TotalLatencyMax,
    TotalLatencySum,
    TotalHeld,
    TotalLongestHeld,
    TotalOthersWaited,
    TimeRunning,
    TimeSend,
    TimeRecv,
    TimeLock,
    TimeCondvar,
    TimeBarrier,
    TimeInitialize,
    TimeJoin,
    TimeScope,
    TimePark,
    TimeAsleep,
    TimeNotRecorded,
}

impl Argument {
    /// What is merged comes to so much.
    pub(super) fn of(total: Total) -> Self {
        match total {
            Total::Merged => Argument::TotalMerged,
            Total::Sends => Argument::TotalSends,
            Total::Receives => Argument::TotalReceives,
            Total::Waits => Argument::TotalWaits,
            Total::Waited => Argument::TotalWaited,
            Total::LongestWait => Argument::TotalLongestWait,
            Total::LatencyMin => Argument::TotalLatencyMin,
            Total::LatencyMean => Argument::TotalLatencyMean,
            Total::LatencyMax => Argument::TotalLatencyMax,
            Total::LatencySum => Argument::TotalLatencySum,
            Total::Held => Argument::TotalHeld,
            Total::LongestHeld => Argument::TotalLongestHeld,
            Total::OthersWaited => Argument::TotalOthersWaited,
        }
    }

    /// What is merged comes to so many nanoseconds of this.
    pub(super) fn time(activity: Activity) -> Self {
        match activity {
            Activity::Running => Argument::TimeRunning,
            Activity::Send => Argument::TimeSend,
            Activity::Recv => Argument::TimeRecv,
            Activity::Lock => Argument::TimeLock,
            Activity::Condvar => Argument::TimeCondvar,
            Activity::Barrier => Argument::TimeBarrier,
            Activity::Initialize => Argument::TimeInitialize,
            Activity::Join => Argument::TimeJoin,
            Activity::Scope => Argument::TimeScope,
            Activity::Park => Argument::TimePark,
            Activity::Asleep => Argument::TimeAsleep,
            Activity::NotRecorded => Argument::TimeNotRecorded,
        }
    }
}

/// The arguments' names, in their order.
pub(super) const ARGUMENTS: [&str; 46] = [
    "channel",
    "endpoint",
    "message",
    "value",
    "primitive",
    "kind",
    "thread",
    "level",
    "target",
    "fields",
    "text",
    "operation",
    "latency_ns",
    "waited_ns",
    "timeout_ns",
    "turn",
    "others_waited_ns",
    "site",
    "advice",
    "sure",
    "what",
    "merged",
    "sends",
    "receives",
    "waits",
    "all_waited_ns",
    "longest_wait_ns",
    "latency_min_ns",
    "latency_mean_ns",
    "latency_max_ns",
    "latency_sum_ns",
    "all_held_ns",
    "longest_held_ns",
    "all_others_waited_ns",
    "running_ns",
    "waiting_in_send_ns",
    "waiting_in_recv_ns",
    "waiting_in_lock_ns",
    "waiting_in_condvar_ns",
    "waiting_in_barrier_ns",
    "waiting_in_initialize_ns",
    "waiting_in_join_ns",
    "waiting_in_scope_ns",
    "waiting_in_park_ns",
    "asleep_ns",
    "not_recorded_ns",
];

/// What events are about: their categories.
#[derive(Clone, Copy, Debug)]
pub(super) enum Topic {
    Channel,
    Message,
    Primitive,
    Thread,
    Span,
    Log,
    Lock,
    Finding,
    State,
    Merged,
}

/// The topics' names, in their order.
pub(super) const TOPICS: [&str; 10] = [
    "channel",
    "message",
    "primitive",
    "thread",
    "span",
    "log",
    "lock",
    "finding",
    "state",
    "merged",
];

impl Topic {
    pub(super) fn of(category: Category) -> Self {
        match category {
            Category::Channel => Topic::Channel,
            Category::Primitive => Topic::Primitive,
            Category::Thread => Topic::Thread,
            Category::Span => Topic::Span,
            Category::Log => Topic::Log,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_have_their_names() {
        for total in Total::ALL {
            assert_eq!(ARGUMENTS[Argument::of(total) as usize], total.name());
        }
        for activity in Activity::ALL {
            let name = format!("{}_ns", activity.name().replace(' ', "_"));
            assert_eq!(ARGUMENTS[Argument::time(activity) as usize], name);
        }
    }
}
