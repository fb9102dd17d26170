use recorder::analysis::findings::{Certainty, Code, Finding};
use recorder::report::Report;

use crate::shorthand::recording;

/// What is predicted, not counting what happened.
fn predicted(shorthand: &str) -> Vec<Finding> {
    let recording = recording(shorthand);
    let findings = Report::with_predictions(&recording).expect("it can be read").findings;
    findings.into_iter().filter(|it| it.code == Code::PossibleDeadlock).collect()
}

/// Acquires a lock at a line, in a turn, or releases it.
fn lock(time: u64, what: &str, lock: u64, turn: u64, line: u32) -> String {
    format!("{time} {what} endpoint={lock} site={} detail={}\n", line / 10, lock << 40 | turn)
}

/// The start of a thread, with places at the lines 10, 20, 30 and so on.
fn thread(number: u32, name: &str) -> String {
    let sites = (1..=6)
        .map(|site| format!("0 Site site={site} line={site}0 column=1 file=\"src/main.rs\"\n"));
    format!("thread {number} {name}\n{}", sites.collect::<String>())
}

/// `main` takes `a` and `b`, and `clerk` takes `b` and `a` later. Between them they do something else.
fn opposite(main_after: &str, clerk_before: &str) -> String {
    [
        &thread(1, "main"),
        "0 mutex a 1\n0 mutex b 2\n0 channel done 1 2\n",
        "5 Spawn endpoint=2 site=1 detail=0\n",
        &lock(10, "Lock", 1, 1, 20),
        &lock(11, "Lock", 2, 1, 30),
        &lock(12, "Unlock", 2, 1, 30),
        &lock(13, "Unlock", 1, 1, 20),
        main_after,
        &thread(2, "clerk"),
        clerk_before,
        &lock(50, "Lock", 2, 2, 40),
        &lock(51, "Lock", 1, 2, 50),
        &lock(52, "Unlock", 1, 2, 50),
        &lock(53, "Unlock", 2, 2, 40),
    ]
    .concat()
}

#[test]
fn a_prediction_names_both_places_and_the_order() {
    let found = predicted(&opposite("", ""));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].headline(),
        "possible-deadlock: main locks \"a\" (src/main.rs:20) and then \"b\" (:30); clerk locks \"b\" \
         (src/main.rs:40) and then \"a\" (:50). Acquire the locks in the same order everywhere. \
         `recorder explore --confirm RUN` tries whether it can happen."
    );
    assert_eq!(
        found[0].chain,
        [
            "it happens if clerk locks \"b\" after main has locked \"a\" and before main asks for \"b\""
        ]
    );
    assert_eq!(found[0].certainty, Certainty::Possible);
}

#[test]
fn a_message_keeps_the_order() {
    let message = 1_u64 << 40 | 1;
    let send = format!("20 Send endpoint=1 site=6 detail={message}\n");
    let receive = format!("30 Recv endpoint=2 site=6 detail={message}\n");
    assert_eq!(predicted(&opposite(&send, &receive)).len(), 0);
    // One that comes before the locks does not.
    let early = opposite("", &receive).replace("10 Lock", &format!("{send}10 Lock"));
    assert_eq!(predicted(&early.replace("20 Send", "9 Send")).len(), 1);
}

#[test]
fn nothing_is_predicted_if_events_are_missing() {
    let text = crate::shorthand::text(&opposite("", ""));
    let lacking = text.replacen("dropped=0", "dropped=1", 1);
    for (text, count) in [(text, 1), (lacking, 0)] {
        let bytes = format::text::parse(&text).expect("it is a recording's");
        let recording = recorder::reading::Recording::from_bytes(bytes).expect("it can be read");
        let findings = Report::with_predictions(&recording).expect("it can be read").findings;
        let possible = findings.iter().filter(|it| it.code == Code::PossibleDeadlock);
        assert_eq!(possible.count(), count);
    }
}

#[test]
fn a_hang_that_happened_is_not_possible_but_certain() {
    // After the locks of the good order, both threads hang in the other.
    let more = [
        lock(60, "Lock", 1, 3, 20),
        lock(70, "LockBegin", 2, 0, 30).replace(&format!("detail={}", 2_u64 << 40), "detail=0"),
    ];
    let text = opposite(&more.concat(), "")
        + &lock(61, "Lock", 2, 3, 40)
        + &lock(71, "LockBegin", 1, 0, 50).replace(&format!("detail={}", 1_u64 << 40), "detail=0");
    assert_eq!(predicted(&text).len(), 0);
    assert_eq!(crate::findings::codes(&text), ["deadlock"]);
}

/// `main` and `clerk` send on `jobs`, with room for this many messages; `worker` reports twice before
/// it receives, and `main` receives the reports.
fn full(room: u64) -> String {
    let message = |thread: u64, number: u64| thread << 40 | number;
    let operation = |time: u64, what: &str, endpoint: u64, line: u32, message: u64| {
        format!("{time} {what} endpoint={endpoint} site={} detail={message}\n", line / 10)
    };
    [
        &thread(1, "main"),
        &format!("0 channel jobs 1 2 bound={room}\n0 channel reports 3 4 bound=1\n"),
        "1 SenderCloned sender=5 from=1 site=1\n",
        "2 Spawn endpoint=2 site=1 detail=0\n",
        "3 Spawn endpoint=3 site=1 detail=0\n",
        &operation(10, "Send", 1, 20, message(1, 1)),
        &operation(30, "Recv", 4, 30, message(2, 1)),
        &operation(40, "Recv", 4, 30, message(2, 2)),
        &thread(2, "worker"),
        &operation(20, "Send", 3, 40, message(2, 1)),
        &operation(31, "Send", 3, 40, message(2, 2)),
        &operation(50, "Recv", 2, 50, message(1, 1)),
        &operation(70, "Recv", 2, 50, message(3, 1)),
        &thread(3, "clerk"),
        &operation(60, "Send", 5, 60, message(3, 1)),
    ]
    .concat()
}

#[test]
fn full_channels_are_named_with_who_fills_them() {
    let found = predicted(&full(1));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].headline(),
        "possible-deadlock: main sends on \"jobs\" (src/main.rs:20), which is full then; worker sends \
         on \"reports\" (src/main.rs:40), which is full then. Let worker receive from \"jobs\" before \
         it sends on \"reports\", or give \"jobs\" room for all messages that can be sent before. \
         `recorder explore --confirm RUN` tries whether it can happen."
    );
    assert_eq!(
        found[0].chain,
        ["it happens if clerk fills \"jobs\" before main sends on it at src/main.rs:20"]
    );
    assert_eq!(predicted(&full(2)).len(), 0);
}
