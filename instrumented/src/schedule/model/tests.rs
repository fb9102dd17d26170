use format::OperationKind as Kind;

use super::*;

/// A model with the threads 1 to 3, and with the channel 1 of endpoints 1 and 2.
fn model(bound: u64) -> Model {
    let mut model = Model::new(0);
    (1..=3).for_each(|thread| model.add_thread(thread));
    model.observe(&Event::ChannelCreated {
        channel: 1,
        sender: 1,
        receiver: 2,
        site: 0,
        bound,
        message_type: "",
        name: "",
    });
    model
}

fn ready(model: &Model) -> Vec<u32> {
    model.candidates().ready
}

const MESSAGE: u64 = MessageId::new(1, 1).0;

#[test]
fn a_receiver_waits_for_a_message_or_the_end_of_the_senders() {
    let mut model = model(format::UNBOUNDED);
    assert_eq!(model.begin_wait(2, Kind::RecvBegin, 2, 0), Blocking::UntilChosen);
    assert_eq!(ready(&model), [1, 3]);
    model.complete(1, Kind::Send, 1, MESSAGE);
    assert_eq!(ready(&model), [1, 2, 3]);
    assert!(!model.go_on(2));
    model.complete(2, Kind::RecvEnd, 2, MESSAGE);

    model.begin_wait(2, Kind::RecvBegin, 2, 0);
    model.observe(&Event::SenderCloned { sender: 3, from: 1, site: 0 });
    model.observe(&Event::SenderDropped { endpoint: 1 });
    assert_eq!(ready(&model), [1, 3]);
    model.observe(&Event::SenderDropped { endpoint: 3 });
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn a_sender_waits_for_room_or_the_end_of_the_receiver() {
    let mut model = model(1);
    model.complete(1, Kind::Send, 1, MESSAGE);
    model.begin_wait(1, Kind::SendBegin, 1, MESSAGE);
    assert_eq!(ready(&model), [2, 3]);
    model.complete(2, Kind::TryRecv, 2, MESSAGE);
    assert_eq!(ready(&model), [1, 2, 3]);
    model.go_on(1);
    model.complete(1, Kind::SendEnd, 1, MESSAGE);
    model.begin_wait(1, Kind::SendBegin, 1, MESSAGE);
    model.observe(&Event::ReceiverDropped { endpoint: 2 });
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn both_ends_of_a_rendezvous_meet_in_their_operations() {
    let mut model = model(0);
    assert_eq!(model.begin_wait(1, Kind::SendBegin, 1, MESSAGE), Blocking::InOperation);
    assert_eq!(ready(&model), [2, 3]);
    model.complete(2, Kind::Recv, 2, MESSAGE);
    assert_eq!(ready(&model), [1, 2, 3]);
    // The end of the send is not the meeting with the next receive.
    model.begin_wait(2, Kind::RecvBegin, 2, 0);
    model.complete(1, Kind::SendEnd, 1, MESSAGE);
    assert_eq!(ready(&model), [1, 3]);
    model.complete(1, Kind::TrySend, 1, MESSAGE);
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn nobody_reads_while_a_writer_waits() {
    let mut model = model(0);
    model.complete(1, Kind::Read, 5, 0);
    model.complete(2, Kind::Read, 5, 0);
    assert_eq!(model.begin_wait(3, Kind::WriteBegin, 5, 0), Blocking::InOperation);
    model.begin_wait(2, Kind::ReadBegin, 5, 0);
    model.complete(1, Kind::ReadUnlock, 5, 0);
    assert_eq!(ready(&model), [1]);
    model.go_on(2);
    model.complete(2, Kind::ReadUnlock, 5, 0);
    model.begin_wait(2, Kind::ReadBegin, 5, 0);
    assert_eq!(ready(&model), [1, 3]);
    model.complete(3, Kind::WriteEnd, 5, 0);
    model.complete(3, Kind::WriteUnlock, 5, 0);
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn writers_take_the_lock_in_turn() {
    let mut model = model(0);
    model.complete(1, Kind::Read, 5, 0);
    model.begin_wait(3, Kind::WriteBegin, 5, 0);
    model.begin_wait(2, Kind::WriteBegin, 5, 0);
    assert!(!model.is_lock_in_transit(1));
    model.complete(1, Kind::ReadUnlock, 5, 0);
    assert_eq!(ready(&model), [1, 3]);
    assert!(model.is_lock_in_transit(1) && !model.is_lock_in_transit(3));
    model.complete(3, Kind::WriteEnd, 5, 0);
    model.set_ready(3);
    assert!(!model.is_lock_in_transit(1));
    model.begin_wait(1, Kind::ReadBegin, 5, 0);
    model.complete(3, Kind::WriteUnlock, 5, 0);
    assert_eq!(ready(&model), [2, 3]);
    model.complete(2, Kind::WriteEnd, 5, 0);
    model.complete(2, Kind::WriteUnlock, 5, 0);
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn one_notification_is_for_any_waiting_thread_but_only_one() {
    let mut model = model(0);
    model.begin_condvar_wait(2, 7, 8, None);
    model.begin_condvar_wait(3, 7, 8, None);
    model.complete(1, Kind::NotifyOne, 7, 1);
    assert_eq!(ready(&model), [1, 2, 3]);
    model.complete(1, Kind::Lock, 8, 0);
    assert_eq!(ready(&model), [1]);
    model.complete(1, Kind::Unlock, 8, 0);
    assert!(!model.go_on(3));
    assert_eq!(ready(&model), [1, 3]);
    // A wait that begins later is not notified.
    model.begin_condvar_wait(3, 7, 8, None);
    assert_eq!(ready(&model), [1]);
    model.complete(1, Kind::NotifyAll, 7, 2);
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn time_passes_when_a_thread_is_chosen_early() {
    let mut model = model(0);
    model.begin_wait(2, Kind::SleepBegin, 0, 5_000);
    model.begin_wait(3, Kind::ParkTimeoutBegin, 0, 9_000);
    assert_eq!(ready(&model), [1]);
    assert_eq!(model.candidates().expiring, [2, 3]);
    assert!(model.go_on(3));
    assert_eq!(ready(&model), [1, 2, 3]);
    assert_eq!(model.advance_clock(0), 9_000);
    model.begin_wait(3, Kind::ParkTimeoutBegin, 0, u64::MAX);
    assert_eq!(model.candidates().expiring, []);
}

#[test]
fn a_barrier_releases_all_threads_with_the_last() {
    let mut model = model(0);
    let kind = PrimitiveKind::Barrier as u32;
    let (site, value_type) = (0, "");
    model.observe(&Event::PrimitiveSeen { primitive: 4, kind, site, size: 3, value_type });
    assert_eq!(model.arrive(1, 4), Blocking::UntilChosen);
    assert_eq!(model.arrive(3, 4), Blocking::UntilChosen);
    assert_eq!(ready(&model), [2]);
    assert_eq!(model.arrive(2, 4), Blocking::No);
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn a_wait_for_an_initialiser_can_begin_before_it() {
    let mut model = model(0);
    model.begin_initializer_wait(2, 4);
    assert_eq!(ready(&model), [1, 3]);
    assert_eq!(model.begin_wait(1, Kind::InitializeBegin, 4, 0), Blocking::No);
    model.complete(1, Kind::Initializer, 4, 0);
    assert_eq!(model.begin_wait(3, Kind::InitializeBegin, 4, 0), Blocking::UntilChosen);
    assert_eq!(ready(&model), [1]);
    model.complete(1, Kind::InitializeEnd, 4, 0);
    assert_eq!(ready(&model), [1, 2, 3]);
}

#[test]
fn joins_and_scopes_wait_for_the_end_of_threads() {
    let mut model = model(0);
    model.add_scoped_thread(3, 0x1000);
    model.begin_scope_wait(1, 0x1000);
    model.begin_wait(2, Kind::JoinBegin, 3, 0);
    assert_eq!(ready(&model), [3]);
    model.end_thread(3);
    assert_eq!(ready(&model), [1, 2]);
}
