use proptest::prelude::*;
use recorder::reading::Recording;
use recorder_simulator::{
    Features, Simulated, as_flight_recordings, programs, with_dropped_records, with_gaps,
};

/// Programs that use channels and nothing else.
pub(crate) fn channel_programs() -> impl Strategy<Value = Simulated> {
    programs(Features::CHANNELS)
}

/// The same, with recordings that may lack anything.
pub(crate) fn incomplete_channel_programs() -> impl Strategy<Value = Simulated> {
    incomplete(channel_programs)
}

/// The same, with recordings that may pause and may lack anything.
pub(crate) fn interrupted_channel_programs() -> impl Strategy<Value = Simulated> {
    incomplete(|| programs(Features { pauses: true, ..Features::CHANNELS }))
}

/// Programs whose threads wait for each other in every way but for messages.
pub(crate) fn lock_programs() -> impl Strategy<Value = Simulated> {
    programs(Features::LOCKS)
}

/// Programs with everything in them, whose recordings are whole.
pub(crate) fn unpaused_programs() -> impl Strategy<Value = Simulated> {
    prop_oneof![channel_programs(), lock_programs(), programs(Features::UNPAUSED)]
}

/// Programs with everything in them, whose recordings may pause and are otherwise whole.
pub(crate) fn whole_programs() -> impl Strategy<Value = Simulated> {
    prop_oneof![channel_programs(), lock_programs(), programs(Features::ALL)]
}

/// Programs with everything in them, with recordings that may pause and may lack anything.
pub(crate) fn all_programs() -> impl Strategy<Value = Simulated> {
    incomplete(whole_programs)
}

fn incomplete<S: Strategy<Value = Simulated>>(
    programs: impl Fn() -> S,
) -> impl Strategy<Value = Simulated> {
    prop_oneof![
        programs(),
        with_gaps(programs()),
        with_dropped_records(programs()),
        as_flight_recordings(programs()),
    ]
}

/// A recording that is read.
pub(crate) fn read(simulated: &Simulated) -> Recording {
    Recording::from_bytes(simulated.bytes()).expect("the recording can be read")
}
