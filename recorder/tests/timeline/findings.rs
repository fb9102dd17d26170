use std::fmt::Write;

use recorder::analysis::findings::{Certainty, Finding};
use recorder::reading::Recording;
use recorder::report::Report;

use crate::shorthand::{observed, recording, text};

fn found_in(recording: &Recording) -> Vec<Finding> {
    Report::new(recording).expect("the recording can be read").findings
}

/// What is found, except that the recording ends while the program runs.
pub(crate) fn codes(shorthand: &str) -> Vec<&'static str> {
    let findings = found_in(&recording(shorthand));
    let codes = findings.iter().map(|finding| finding.code.name());
    codes.filter(|code| *code != "unfinished").collect()
}

pub(crate) fn headline(shorthand: &str) -> String {
    let findings = found_in(&recording(shorthand));
    findings.first().map_or("nothing".to_owned(), Finding::headline)
}

/// How the first finding came about.
fn chain(shorthand: &str) -> Vec<String> {
    found_in(&recording(shorthand)).first().map_or(Vec::new(), |finding| finding.chain.clone())
}

/// Whether the first finding is certain. The threads of the program were not observed.
pub(crate) fn is_certain(shorthand: &str) -> bool {
    found_in(&recording(shorthand))[0].certainty == Certainty::Certain
}

/// Whether the first finding is certain. The threads of the program were observed at the end, and
/// one of them is not recorded if `has_unrecorded`.
pub(crate) fn is_certain_if_observed(shorthand: &str, has_unrecorded: bool) -> bool {
    let recording = observed(&text(shorthand), has_unrecorded);
    found_in(&recording)[0].certainty == Certainty::Certain
}

/// Places with these numbers, for the thread whose block this is in.
fn sites(count: u32) -> String {
    let lines = (1..=count)
        .map(|site| format!("0 Site site={site} line={}0 column=1 file=\"src/main.rs\"\n", site));
    lines.collect()
}

const MUTEXES: &str = "0 PrimitiveSeen primitive=1 kind=1 site=0 size=0 value_type=\"\"
     0 PrimitiveNamed primitive=1 name=\"a\"
     0 PrimitiveSeen primitive=2 kind=1 site=0 size=0 value_type=\"\"
     0 PrimitiveNamed primitive=2 name=\"b\"";

#[test]
fn a_sender_kept_by_the_receiving_thread_is_reported() {
    let sick = format!(
        "thread 1 main
         {}0 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=18446744073709551615 \
         message_type=\"i32\" name=\"results\"
         10 SenderCloned sender=3 from=1 site=2
         20 Spawn endpoint=2 site=2 detail=0
         30 RecvBegin endpoint=2 site=3 detail=0
         60 RecvEnd endpoint=2 site=3 detail=2199023255553
         70 RecvBegin endpoint=2 site=3 detail=0
         thread 2 worker
         50 Send 3 @2.1
         55 SenderDropped endpoint=3
         56 Returned panicked=0
         57 ThreadEnded",
        sites(3)
    );
    assert_eq!(
        headline(&sick),
        "forgotten-sender: main waits in recv on \"results\" (src/main.rs:30): the Sender made at \
         src/main.rs:10 is still alive, held by main itself. Drop it before this recv."
    );
    assert!(!is_certain(&sick));
    assert!(!is_certain_if_observed(&sick, true));
    assert!(is_certain_if_observed(&sick, false));
    let healed = sick.replace("30 RecvBegin", "25 SenderDropped endpoint=1\n30 RecvBegin");
    assert_eq!(codes(&healed), [""; 0]);
    // The worker may still send.
    let early = sick.replace("57 ThreadEnded", "");
    assert_eq!(codes(&early.replace("55 SenderDropped endpoint=3\n", "")), [""; 0]);
}

/// The client keeps a sender for the answers, and sends a clone of it with each request. The server
/// answers the first request and drops the sender of the second.
fn client_and_server() -> String {
    format!(
        "thread 1 client
         {}0 ChannelCreated channel=1 sender=1 receiver=2 site=1 bound=18446744073709551615 \
         message_type=\"Request\" name=\"requests\"
         1 ChannelCreated channel=2 sender=3 receiver=4 site=2 bound=18446744073709551615 \
         message_type=\"i32\" name=\"answers\"
         2 Spawn endpoint=2 site=2 detail=0
         10 SenderCloned sender=5 from=3 site=3
         11 Send 1 @1.1
         20 RecvBegin 4
         30 RecvEnd 4 @2.1
         40 SenderCloned sender=6 from=3 site=3
         41 Send 1 @1.2
         50 RecvBegin endpoint=4 site=4 detail=0
         thread 2 server
         5 RecvBegin 2
         12 RecvEnd 2 @1.1
         25 Send 5 @2.1
         26 SenderDropped endpoint=5
         42 Recv 2 @1.2
         45 SenderDropped endpoint=6
         60 RecvBegin 2",
        sites(4)
    )
}

#[test]
fn a_request_that_is_dropped_without_an_answer_is_the_reason_for_a_wait() {
    let sick = client_and_server();
    assert_eq!(
        headline(&sick),
        "forgotten-sender: client waits in recv on \"answers\" (src/main.rs:40): server dropped the \
         Sender in message 2 of \"requests\" without an answer, and client itself holds another. \
         Answer every request in server. Without a Sender of its own, client would get an error \
         here instead."
    );
    // Both were answered, and the client waits for a third answer: then its own sender is to blame.
    let answered = sick.replace("45 SenderDropped", "43 Send 6 @2.2\n45 SenderDropped");
    let answered =
        answered.replace("50 RecvBegin endpoint=4", "49 Recv 4 @2.2\n50 RecvBegin endpoint=4");
    let end = "is still alive, held by client itself. Drop it before this recv.";
    assert!(headline(&answered).ends_with(end), "{}", headline(&answered));
    // A sender that the client dropped itself went nowhere.
    let own = sick.replace("41 Send 1 @1.2", "").replace("42 Recv 2 @1.2", "");
    let own = own.replace("45 SenderDropped endpoint=6", "");
    let own = own.replace("50 RecvBegin", "45 SenderDropped endpoint=6\n50 RecvBegin");
    assert!(headline(&own).ends_with(end), "{}", headline(&own));
}

#[test]
fn a_request_whose_sender_is_kept_is_the_reason_for_a_wait() {
    let kept = client_and_server().replace("45 SenderDropped endpoint=6", "");
    assert_eq!(
        headline(&kept),
        "forgotten-sender: client waits in recv on \"answers\" (src/main.rs:40): the Sender cloned at \
         src/main.rs:30 went with message 2 of \"requests\" to server, which has kept it. Answer \
         every request."
    );
}

#[test]
fn pauses_and_missing_events_suppress_findings() {
    let sick = "thread 1 main
         0 channel jobs 1 2
         10 RecvBegin 2";
    assert_eq!(codes(sick), ["forgotten-sender"]);
    assert_eq!(codes(&format!("{sick}\n20 Paused")), [""; 0]);
    // It may have been over by then, and its end is not recorded.
    assert_eq!(codes(&format!("{sick}\n20 Paused\n30 Resumed")), [""; 0]);
    let later = sick.replace("10 RecvBegin", "5 Paused\n6 Resumed\n10 RecvBegin");
    assert_eq!(codes(&later), ["forgotten-sender"]);
    let lacking = format!(
        "block process=0 thread=1 sequence=0 dropped=7\n0 ThreadStarted os_id=101 name=\"main\"\n\
         {}",
        sick.split_once('\n').expect("there are lines").1
    );
    assert_eq!(codes(&lacking), [""; 0]);
}

#[test]
fn a_wait_at_the_return_of_main_is_not_a_hang() {
    let waits = "thread 1 main
         0 channel jobs 1 2
         5 Spawn 2
         90 Returned panicked=0
         99 ThreadEnded
         thread 2 logger
         10 RecvBegin 2";
    assert_eq!(codes(waits), [""; 0]);
    // Unless it is main that waits.
    assert_eq!(
        codes(&waits.replace("90 Returned panicked=0\n         99 ThreadEnded", "90 JoinBegin 2")),
        ["deadlock"]
    );
}

#[test]
fn a_lock_order_cycle_is_a_deadlock() {
    let sick = format!(
        "thread 1 main
         {MUTEXES}
         1 Spawn 2
         10 Lock 1 @1.1
         30 LockBegin 2
         thread 2 worker
         20 Lock 2 @2.1
         40 LockBegin 1"
    );
    assert_eq!(
        headline(&sick),
        "deadlock: main waits in lock on \"b\", held by worker. Take these locks in the same order \
         everywhere."
    );
    assert_eq!(chain(&sick), ["worker waits in lock on \"a\", held by main"]);
    // Whoever else there is, and however the process ends.
    assert!(is_certain_if_observed(&sick, true));
    let running = format!("{sick}\nthread 3 other\n35 Lock 3 @3.1");
    assert!(is_certain_if_observed(&running, true));
    let healed = sick.replace("40 LockBegin 1", "25 Unlock 2 @2.1");
    assert_eq!(codes(&healed), [""; 0]);
}

#[test]
fn a_join_cycle_is_a_deadlock() {
    let sick = "thread 1 main
         0 channel jobs 1 2
         5 Spawn 2
         10 Send 1 @1.1
         40 JoinBegin 2
         thread 2 worker
         20 Recv 2 @1.1
         30 RecvBegin 2";
    let headline = headline(sick);
    assert!(headline.starts_with("deadlock: worker waits in recv on \"jobs\""), "{headline}");
    assert!(headline.contains("held by main. Drop the Sender"), "{headline}");
    assert_eq!(chain(sick), ["main waits in join of worker"]);
    let healed = sick.replace("40 JoinBegin", "35 SenderDropped endpoint=1\n40 JoinBegin");
    assert_eq!(codes(&healed), [""; 0]);
}

#[test]
fn two_full_channels_are_a_deadlock() {
    let sick = "thread 1 main
         0 channel left 1 2 bound=1
         1 channel right 3 4 bound=1
         5 Spawn 2
         10 Send 1 @1.1
         12 SendBegin 1 @1.2
         thread 2 worker
         11 Send 3 @2.1
         13 SendBegin 3 @2.2";
    let headline = headline(sick);
    assert!(headline.contains("main waits in send on \"left\", which is full"), "{headline}");
    assert!(chain(sick)[0].starts_with("worker waits in send on \"right\", which is full"));
    assert_eq!(codes(&sick.replace("bound=1", "bound=2")), [""; 0]);
}

#[test]
fn a_pending_wake_up_is_not_a_hang() {
    for way in [
        // The message is in the queue, the last sender is dropped, the receiver is dropped.
        "10 RecvBegin 2\nthread 2 other\n20 Send 1 @2.1",
        "10 RecvBegin 2\nthread 2 other\n20 SenderDropped endpoint=1",
    ] {
        assert_eq!(codes(&format!("thread 1 main\n0 channel jobs 1 2\n{way}")), [""; 0], "{way}");
    }
    let unlocked = format!(
        "thread 1 main\n{MUTEXES}\n10 Lock 1 @1.1\n30 Unlock 1 @1.1\n40 ThreadEnded\n\
         thread 2 worker\n20 LockBegin 1"
    );
    assert_eq!(codes(&unlocked), [""; 0]);
    for other in [
        "20 ParkBegin 0\nthread 3 waker\n30 Unpark 2",
        "20 JoinBegin 3\nthread 3 over\n30 ThreadEnded",
    ] {
        assert_eq!(codes(&format!("thread 2 main\n{other}")), [""; 0], "{other}");
    }
}

#[test]
fn lost_messages_are_reported() {
    let sick = "thread 1 main
         0 channel jobs 1 2
         10 Send 1 @1.1
         11 Send 1 @1.2
         12 SenderDropped endpoint=1
         20 Recv 2 @1.1
         30 ReceiverDropped endpoint=2
         40 ThreadEnded";
    assert_eq!(
        headline(sick),
        "lost-messages: 1 of 2 sent to \"jobs\" was still queued when main dropped its receiver; \
         it had received 1. Receive until no message is left, or let the senders stop first."
    );
    assert_eq!(
        codes(&sick.replace("30 Rec", "25 Recv endpoint=2 site=0 detail=1099511627778\n30 Rec")),
        [""; 0]
    );
    let at_exit = sick.replace("30 ReceiverDropped endpoint=2\n", "");
    assert_eq!(codes(&at_exit), ["lost-messages"]);
    // In a rendezvous it was handed over.
    assert_eq!(codes(&at_exit.replace("jobs 1 2", "jobs 1 2 bound=0")), [""; 0]);
    // If somebody ends the program while it works, there is nothing to say.
    assert_eq!(codes(&at_exit.replace("40 ThreadEnded", "")), [""; 0]);
    // While the recording paused they may have been received.
    assert_eq!(codes(&sick.replace("30 Rec", "24 Paused\n25 Resumed\n30 Rec")), [""; 0]);
}

#[test]
fn disconnected_sends_are_reported() {
    let sick = "thread 1 main
         0 channel jobs 1 2
         5 ReceiverDropped endpoint=2
         10 SendDisconnected 1
         11 SendDisconnected 1";
    assert_eq!(codes(sick), ["disconnected-send"]);
    // One is how a sender is told to stop, unless it panics then.
    let once = sick.replace("11 SendDisconnected 1", "");
    assert_eq!(codes(&once), [""; 0]);
    let panics = once
        + "\n12 Panicked line=1 column=1 file=\"src/main.rs\" message=\"gone: SendError { .. }\"\n13 \
                         ThreadEnded";
    assert_eq!(codes(&panics), ["panic"]);
    let headline = headline(&panics);
    assert!(headline.contains("main had dropped the Receiver of \"jobs\"."), "{headline}");
}

#[test]
fn an_uncaught_panic_is_reported() {
    let sick = "thread 1 main
         0 channel jobs 1 2
         1 Spawn 2
         2 Send 1 @1.1
         3 Send 1 @1.2
         4 SenderDropped endpoint=1
         50 Join 2
         60 ThreadEnded
         thread 2 worker
         10 Recv 2 @1.1
         20 Panicked line=7 column=1 file=\"src/main.rs\" message=\"no number\"
         21 ReceiverDropped endpoint=2
         22 Returned panicked=1
         23 ThreadEnded";
    assert_eq!(
        headline(sick),
        "panic: worker panicked (src/main.rs:7): \"no number\". It stranded 1 message in \
         \"jobs\". Let it return an error instead of panicking."
    );
    assert_eq!(codes(&sick.replace("panicked=1", "panicked=0")), ["lost-messages"]);
}

/// A producer that sends every so many milliseconds, and a consumer that takes so long.
fn stages(bound: &str, messages: u64, [sends, receives]: [u64; 2]) -> String {
    const MS: u64 = 1_000_000;
    let mut producer = String::new();
    let mut consumer = String::new();
    let (mut sent, mut received) = (MS, MS);
    let room = bound.strip_prefix("bound=").map_or(u64::MAX, |n| n.parse().expect("a bound"));
    // When each message was received: a send waits for the one that makes room for it.
    let mut times = Vec::new();
    for number in 1..=messages {
        sent += sends * MS;
        let free =
            number.checked_sub(room.saturating_add(1)).and_then(|first| times.get(first as usize));
        match free {
            Some(&free) if free > sent => {
                writeln!(producer, "{sent} SendBegin 1 @1.{number}").expect("a string");
                sent = free + 1_000;
                writeln!(producer, "{sent} SendEnd 1 @1.{number}").expect("a string");
            }
            _ => writeln!(producer, "{sent} Send 1 @1.{number}").expect("a string"),
        }
        received += receives * MS;
        if received < sent {
            writeln!(consumer, "{received} RecvBegin 2").expect("a string");
            received = sent + 1_000;
            writeln!(consumer, "{received} RecvEnd 2 @1.{number}").expect("a string");
        } else {
            writeln!(consumer, "{received} Recv 2 @1.{number}").expect("a string");
        }
        times.push(received);
    }
    format!(
        "thread 1 producer\n0 channel jobs 1 2 {bound}\n1 Spawn 2\n{producer}{} SenderDropped \
         endpoint=1\nthread 2 consumer\n{consumer}{} ReceiverDropped endpoint=2",
        sent + 1_000,
        received + 10_000
    )
    .replace(" 2 \n", " 2\n")
}

#[test]
fn a_growing_queue_is_reported() {
    assert_eq!(codes(&stages("", 200, [1, 3])), ["growing-queue"]);
    // Receives may be missing.
    let lossy =
        stages("", 200, [1, 3]) + "\nblock process=0 thread=3 sequence=0 dropped=1\n5 YieldNow 0";
    assert_eq!(codes(&lossy), [""; 0]);
    // A consumer that keeps up, too few messages, a burst.
    assert_eq!(codes(&stages("", 200, [3, 3])), [""; 0]);
    assert_eq!(codes(&stages("", 30, [4, 8])), [""; 0]);
    assert_eq!(codes(&stages("", 200, [0, 3])), [""; 0]);
}

#[test]
fn backpressure_is_reported() {
    assert_eq!(codes(&stages("bound=4", 100, [1, 4])), ["backpressure"]);
    assert_eq!(codes(&stages("bound=4", 100, [4, 4])), [""; 0]);
    assert_eq!(codes(&stages("bound=4", 20, [1, 4])), [""; 0]);
}

#[test]
fn a_starved_receiver_is_reported() {
    assert_eq!(codes(&stages("", 60, [5, 0])), ["starved-receiver"]);
    assert_eq!(codes(&stages("", 60, [5, 4])), [""; 0]);
    assert_eq!(codes(&stages("", 20, [5, 0])), [""; 0]);
}

/// A thread that looks so many times, every so many nanoseconds.
fn looks(count: u64, every: u64, how: [&str; 2]) -> String {
    let mut text = "thread 1 main\n0 channel jobs 1 2\n".to_owned();
    for look in 1..=count {
        let time = look * every;
        for (what, after) in how.into_iter().zip([0, every - every / 10]) {
            if !what.is_empty() {
                writeln!(text, "{} {what}", time + after).expect("a string");
            }
        }
    }
    text
}

#[test]
fn busy_polling_is_reported() {
    assert_eq!(codes(&looks(5_000, 2_000, ["TryRecvEmpty 2", ""])), ["busy-polling"]);
    // Every frame, or a few times.
    assert_eq!(codes(&looks(5_000, 16_000_000, ["TryRecvEmpty 2", ""])), [""; 0]);
    assert_eq!(codes(&looks(100, 2_000, ["TryRecvEmpty 2", ""])), [""; 0]);
}

#[test]
fn expired_timeouts_are_reported() {
    let waits = ["RecvTimeoutBegin 2 5000000", "RecvTimeoutExpired 2"];
    assert_eq!(codes(&looks(60, 5_000_000, waits)), ["expired-timeouts"]);
    assert_eq!(codes(&looks(10, 5_000_000, waits)), [""; 0]);
}

#[test]
fn ping_pong_is_reported() {
    // 0 asks, 1 answers: so long to wake up, and so long to work.
    let ping_pong = |wake: u64, work: u64| {
        let mut main =
            "thread 1 main\n0 channel ask 1 2\n1 channel answer 3 4\n2 Spawn 2\n".to_owned();
        let mut worker = "thread 2 worker\n100 RecvBegin 2\n".to_owned();
        let mut time = 1_000;
        for number in 1..=1_000_u64 {
            writeln!(main, "{time} Send 1 @1.{number}\n{} RecvBegin 4", time + 10)
                .expect("a string");
            time += wake;
            writeln!(worker, "{time} RecvEnd 2 @1.{number}").expect("a string");
            time += work;
            writeln!(worker, "{time} Send 3 @2.{number}\n{} RecvBegin 2", time + 10)
                .expect("a string");
            time += wake;
            writeln!(main, "{time} RecvEnd 4 @2.{number}").expect("a string");
            time += work;
        }
        format!(
            "{main}{time} SenderDropped endpoint=1\n{worker}{} RecvEndDisconnected 2",
            time + 50
        )
    };
    assert_eq!(codes(&ping_pong(20_000, 2_000)), ["ping-pong"]);
    assert_eq!(codes(&ping_pong(20_000, 300_000)), [""; 0]);
}

/// Workers that take turns at a lock: each works so long in it, and so long out of it.
fn pool(held: u64, free: u64) -> String {
    const MS: u64 = 1_000_000;
    let mut threads = ["worker 1", "worker 2"].map(|name| {
        let number = &name[7..];
        format!("block process=0 thread={number} sequence=0 dropped=0\n0 ThreadStarted os_id=1{number} name=\"{name}\"\n")
    });
    threads[0] += MUTEXES;
    threads[0] += "\n0 Spawn 2\n";
    let mut ready = [MS, MS];
    let mut unlocked = 0;
    for turn in 1..=60 {
        let who = turn as usize % 2;
        let begun = ready[who];
        let locked = begun.max(unlocked + 1_000);
        let text = &mut threads[who];
        if locked > begun {
            writeln!(text, "{begun} LockBegin 1\n{locked} LockEnd 1 @1.{turn}").expect("a string");
        } else {
            writeln!(text, "{locked} Lock 1 @1.{turn}").expect("a string");
        }
        unlocked = locked + held * MS;
        writeln!(text, "{unlocked} Unlock 1 @1.{turn}").expect("a string");
        ready[who] = unlocked + free * MS + 1_000;
    }
    threads.concat()
}

#[test]
fn serialised_workers_are_reported() {
    assert_eq!(codes(&pool(5, 0)), ["serialised-workers"]);
    assert_eq!(codes(&pool(1, 5)), [""; 0]);
}

#[test]
fn an_unfair_sender_is_reported() {
    const MS: u64 = 1_000_000;
    let channel = |loud: u64, soft: u64| {
        let mut texts = [
            "thread 1 loud\n0 channel events 1 9 bound=2\n1 SenderCloned sender=2 from=1 site=0\n2 Spawn 2\n3 Spawn 3\n"
                .to_owned(),
            "thread 2 soft\n".to_owned(),
            "thread 3 main\n".to_owned(),
        ];
        let mut time = MS;
        let mut counts = [0, 0];
        let mut ends = [MS, MS];
        while counts[0] < loud || counts[1] < soft {
            for (who, most) in [loud, soft].into_iter().enumerate() {
                if counts[who] == most {
                    continue;
                }
                counts[who] += 1;
                time += MS;
                let message = format!("{} @{}.{}", who + 1, who + 1, counts[who]);
                writeln!(
                    texts[who],
                    "{} SendBegin {message}\n{time} SendEnd {message}",
                    ends[who] + 10
                )
                .expect("a string");
                writeln!(texts[2], "{} Recv 9 @{}.{}", time + 100, who + 1, counts[who])
                    .expect("a string");
                ends[who] = time;
            }
        }
        texts.concat()
    };
    assert_eq!(codes(&channel(300, 20)), ["unfair-senders", "backpressure"]);
    assert_eq!(codes(&channel(100, 100)), ["backpressure"]);
}

#[test]
fn an_unused_channel_is_reported() {
    let sick = "thread 1 main
         0 channel errors 1 2
         10 SenderDropped endpoint=1
         11 ReceiverDropped endpoint=2";
    assert_eq!(
        headline(sick),
        "unused-endpoint: no thread sent or received on \"errors\", which main made. Use it, or \
         remove it."
    );
    assert_eq!(codes(&sick.replace("11 Rec", "11 RecvDisconnected 2\n12 Rec")), [""; 0]);
    // What is not over may still come to be used.
    assert_eq!(codes(&sick.replace("11 ReceiverDropped endpoint=2", "")), [""; 0]);
}
