//! Waits in std's operation, which end with the operation of another thread.
//!
//! At a rendezvous channel, both ends have to meet in their operations. A thread that waits to write
//! keeps others from reading. What such a thread waits for happens in the step of another thread: after
//! that it can go on. That it goes on is a step without an effect.

use super::access::{Access, Kind, Object};
use super::search::Step;

/// What a thread waits for in std's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// The other end of a rendezvous channel.
    Partner,
    /// The lock with this number, to write.
    Lock(u32),
}

/// Adds the accesses of these waits to steps: `begun` has the steps that begin one, in order.
pub(super) fn add_meetings(steps: &mut [Step], begun: &[(u64, Meeting)]) {
    let mut begun = begun.iter().copied().peekable();
    let mut waiting: Vec<(u32, Meeting)> = Vec::new();
    let mut returning: Vec<u32> = Vec::new();
    for index in 0..steps.len() {
        let Step { candidates, thread, .. } = steps[index];
        let can_go_on = |waiting: &(u32, Meeting)| candidates >> waiting.0 & 1 != 0;
        let over: Vec<_> = waiting.extract_if(.., |it| can_go_on(it)).collect();
        for (waiter, meeting) in over {
            // The step before has ended the wait.
            let Some(partner) = index.checked_sub(1) else { continue };
            steps[partner].accesses.extend(meeting.end(waiter));
            returning.push(waiter);
        }
        if returning.extract_if(.., |it| *it == thread).next().is_some() {
            let object = Object::Meeting(thread);
            steps[index].accesses.push(Access { object, kind: Kind::End });
        }
        if let Some((_, meeting)) = begun.next_if(|(step, _)| *step == index as u64) {
            steps[index].accesses.extend(meeting.begin(thread));
            waiting.push((thread, meeting));
        }
    }
}

impl Meeting {
    fn begin(self, thread: u32) -> Vec<Access> {
        let on = |object, kind| Access { object, kind };
        let meeting = Object::Meeting(thread);
        match self {
            Meeting::Partner => vec![on(meeting, Kind::Start)],
            Meeting::Lock(lock) => {
                vec![on(Object::Primitive(lock), Kind::Announce), on(meeting, Kind::Wait)]
            }
        }
    }

    /// In the step of the partner.
    fn end(self, thread: u32) -> Vec<Access> {
        let on = |object, kind| Access { object, kind };
        let meeting = Object::Meeting(thread);
        let mut accesses = match self {
            Meeting::Partner => vec![on(meeting, Kind::Start)],
            // Who comes first makes a difference: to threads that want to read.
            Meeting::Lock(lock) => {
                vec![on(Object::Primitive(lock), Kind::Acquire), on(meeting, Kind::Notify)]
            }
        };
        accesses.push(on(meeting, Kind::End));
        accesses
    }
}
