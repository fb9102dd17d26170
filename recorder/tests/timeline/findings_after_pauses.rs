//! What the report does not say, since it may have changed while the recording paused.

use crate::findings::{codes, headline, is_certain, is_certain_if_observed};

const PAUSE: &str = "30 Paused\n31 Resumed\n";

/// Something is found in this, but for the pause.
#[track_caller]
fn hides(code: &str, paused: &str) {
    assert_eq!(codes(&paused.replace(PAUSE, "")), [code]);
    assert_eq!(codes(paused), [""; 0], "{paused}");
    // That it has paused is known from the end of that alone.
    assert_eq!(codes(&paused.replace("30 Paused", "")), [""; 0], "{paused}");
}

/// Two threads that take two locks, each in its own order.
const CIRCLE: &str = "thread 1 main
     0 mutex a 1
     0 mutex b 2
     1 Spawn 2
     10 Lock 1 @1.1
     60 LockBegin 2
     thread 2 worker
     50 Lock 2 @2.1
     70 LockBegin 1";

#[test]
fn a_held_lock_may_have_been_released() {
    hides("deadlock", &CIRCLE.replace("60 Lock", &format!("{PAUSE}60 Lock")));
    // It was taken while the recording paused; its release then is not recorded.
    let meanwhile = "9 LockBegin 1\n20 Paused\n25 LockEnd 1 @1.1\n31 Resumed\n";
    assert_eq!(codes(&CIRCLE.replace("10 Lock 1 @1.1\n", meanwhile)), [""; 0]);
    // What is taken later is known, also by the thread that held it.
    let again = CIRCLE.replace("60 Lock", &format!("{PAUSE}40 Lock 1 @1.2\n60 Lock"));
    assert_eq!(codes(&again), ["deadlock"]);
    assert!(is_certain_if_observed(&again, true));
    // Of another process nothing has changed.
    let other = format!("{CIRCLE}\nblock process=1 thread=1 sequence=0 dropped=0\n{PAUSE}");
    assert!(is_certain_if_observed(&other, true));
}

#[test]
fn a_lock_held_across_a_pause_is_held_until_its_release() {
    let held = |text: &str| {
        let recording = crate::shorthand::recording(text);
        let analysis = recorder::analysis::analyse(&recording);
        analysis.expect("it can be read").stats.primitives.raw[0].held.get()
    };
    let text = format!("thread 1 main\n0 mutex a 1\n10 Lock 1 @1.1\n{PAUSE}50 Unlock 1 @1.1");
    assert_eq!(held(&text), 40);
    // That it was not is known from the next turn, and not when it was let go.
    let again = text.replace("50 Unlock 1 @1.1", "40 Lock 1 @1.5\n50 Unlock 1 @1.5");
    assert_eq!(held(&again), 10);
}

#[test]
fn a_reader_may_have_released_its_lock() {
    let sick = "thread 1 main
         0 rwlock a 1
         1 Spawn 2
         10 Read 1 @1.0
         50 JoinBegin 2
         thread 2 worker
         60 WriteBegin 1";
    hides("deadlock", &sick.replace("50 Join", &format!("{PAUSE}50 Join")));
    // It reads again, and has let that go.
    let again = format!("{PAUSE}40 Read 1 @1.0\n45 ReadUnlock 1 @1.0\n50 Join");
    assert_eq!(codes(&sick.replace("50 Join", &again)), [""; 0]);
    // Who writes says that nobody reads, who reads that nobody writes.
    let written = sick.replace("50 Join", "40 Write 1 @1.1\n45 WriteUnlock 1 @1.1\n50 Join");
    assert_eq!(codes(&written), [""; 0]);
    let wrote = sick.replace("10 Read 1 @1.0", "10 Write 1 @1.1");
    assert_eq!(codes(&wrote), ["deadlock"]);
    let read = wrote.replace("50 Join", "40 Read 1 @1.1\n45 ReadUnlock 1 @1.1\n50 Join");
    assert_eq!(codes(&read), [""; 0]);
}

#[test]
fn an_initialiser_may_have_finished() {
    let sick = "thread 1 main
         0 once a 1
         1 Spawn 2
         10 InitializeBegin 1
         11 Initializer 1
         50 JoinBegin 2
         thread 2 worker
         60 InitializeBegin 1";
    hides("deadlock", &sick.replace("50 Join", &format!("{PAUSE}50 Join")));
}

#[test]
fn an_endpoint_may_be_with_another_thread() {
    // A worker that has nothing to do with it is free, and may have got it.
    let sender = "thread 1 main
         0 channel jobs 1 2
         1 Spawn 2
         20 Send 1 @1.1
         50 Recv 2 @1.1
         60 RecvBegin 2
         thread 2 worker
         5 TryRecvEmpty 4";
    hides("forgotten-sender", &sender.replace("50 Recv", &format!("{PAUSE}50 Recv")));
    let receiver = "thread 1 main
         0 channel jobs 1 2 bound=1
         1 Spawn 2
         20 TryRecvEmpty 2
         50 Send 1 @1.1
         60 SendBegin 1 @1.2
         thread 2 worker
         5 TryRecvEmpty 4";
    hides("deadlock", &receiver.replace("50 Send", &format!("{PAUSE}50 Send")));
}

#[test]
fn the_holder_and_last_user_of_an_endpoint_are_not_reported() {
    let send = "thread 1 main
         0 channel jobs 1 2 bound=1
         20 TryRecvEmpty 2
         50 Send 1 @1.1
         60 SendBegin 1 @1.2";
    assert!(headline(send).contains("; its receiver is with itself"), "{}", headline(send));
    // A receive that began in the pause may have made room.
    let paused = headline(&send.replace("50 Send", &format!("{PAUSE}50 Send")));
    assert!(!paused.starts_with("deadlock"), "{paused}");
    let recv = "thread 1 main
         0 channel jobs 1 2
         20 Send 1 @1.1
         50 Recv 2 @1.1
         60 RecvBegin 2";
    let gave = recv.replace("50 Recv", "25 mutex a 3\n25 Unlock 3 @3.1\n50 Recv");
    assert!(headline(&gave).contains("alive, last used by main"), "{}", headline(&gave));
    let paused = headline(&recv.replace("50 Recv", &format!("{PAUSE}50 Recv")));
    assert!(paused.contains("is still alive, and no thread is left to use it"), "{paused}");
}

#[test]
fn a_scope_may_have_threads_whose_spawn_is_not_recorded() {
    let sick = format!(
        "thread 1 main
         0 channel jobs 1 2
         1 Spawn 2
         {PAUSE}33 Send 1 @1.1
         50 ScopeBegin 0
         thread 2 worker
         34 Recv 2 @1.1
         40 RecvBegin 2
         thread 3 other
         30 TryRecvEmpty 4"
    );
    hides("deadlock", &sick);
}

#[test]
fn messages_stranded_by_a_panic_may_have_been_received() {
    let panics = "thread 1 main
         0 channel jobs 1 2
         1 Spawn 2
         10 Send 1 @1.1
         thread 2 worker
         50 Panicked line=7 column=1 file=\"src/main.rs\" message=\"no number\"
         51 ReceiverDropped endpoint=2
         52 Returned panicked=1
         53 ThreadEnded";
    assert!(headline(panics).contains("stranded 1 message in"), "{}", headline(panics));
    for pause in ["30 Paused\n50 Pan", "30 Paused\n31 Resumed\n50 Pan"] {
        let paused = headline(&panics.replace("50 Pan", pause));
        assert!(paused.starts_with("panic: ") && !paused.contains("stranded"), "{paused}");
    }
}

#[test]
fn a_panic_may_have_been_caught() {
    let panics = "thread 1 main
         20 Panicked line=7 column=1 file=\"src/main.rs\" message=\"no number\"
         32 YieldNow 0";
    let pause = |text: &str| text.replace("32 Yie", &format!("{PAUSE}32 Yie"));
    assert!(is_certain(panics));
    assert!(!is_certain(&pause(panics)));
    let ended = panics.replace("32 Yield", "40 Returned panicked=1\n41 Yield");
    assert!(is_certain(&ended.replace("40 Ret", &format!("{PAUSE}40 Ret"))));
}

#[test]
fn a_thread_with_dropped_events_may_have_released_its_locks() {
    let sick = "thread 1 main
         0 mutex a 1
         20 LockBegin 1
         block process=0 thread=2 sequence=0 dropped=0
         10 Lock 1 @1.1
         15 ThreadEnded";
    assert_eq!(codes(sick), ["deadlock"]);
    assert_eq!(
        codes(&sick.replace("thread=2 sequence=0 dropped=0", "thread=2 sequence=0 dropped=1")),
        [""; 0]
    );
}
