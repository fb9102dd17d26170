//! The events of threads, locks and the other primitives, and their order.

use std::collections::HashMap;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Place, Running, run};
use crate::event_text::{Event, Text};
use crate::programs::program;

const COUNT: u64 = (1 << 40) - 1;

/// Records a test program and returns the event text.
fn record(place: &Place, arguments: &[&str], stdout: &str) -> Text {
    let mut command = place.recorder(&["record", "-o", "x.txt", "--"]);
    command.args(arguments);
    run(command).expect_status(0).expect_no_damage().expect_stdout(stdout);
    place.text("x.txt")
}

/// The names of the primitives, by their numbers.
fn primitives(text: &Text) -> HashMap<u64, String> {
    let events = text.events();
    let named = events.iter().filter(|event| event.name == "PrimitiveNamed");
    named.map(|event| (event.number("primitive"), event.text("name").to_owned())).collect()
}

/// The turn of an operation that acquires or releases a lock.
fn turn(event: &Event<'_>) -> u64 {
    let detail = event.number("detail");
    assert_eq!(detail >> 40, event.number("endpoint"), "{event:?}");
    detail & COUNT
}

/// The events of a thread: for each its name, its subject, and its turn or count.
fn story(text: &Text, thread: &str) -> Vec<String> {
    let primitives = primitives(text);
    let threads = text.threads();
    let mut story = Vec::new();
    for event in text.events() {
        if threads.get(&(event.process, event.thread)).is_none_or(|name| name != thread) {
            continue;
        }
        let on = |names: &HashMap<u64, String>| names[&event.number("endpoint")].clone();
        story.push(match event.name {
            "Clock" | "Site" | "PrimitiveSeen" | "PrimitiveNamed" => continue,
            "ThreadStarted" | "ThreadEnded" | "Paused" | "Resumed" => event.name.to_owned(),
            "Returned" => format!("Returned {}", event.number("panicked")),
            "Panicked" => format!("Panicked {}", event.text("message")),
            name if name.starts_with("Spawn") || name.starts_with("Join") || name == "Unpark" => {
                let number = event.number("endpoint");
                format!("{name} {}", threads[&(event.process, number)])
            }
            name if ["Scope", "Park", "Sleep", "Yield"].iter().any(|it| name.starts_with(it)) => {
                assert_eq!(event.number("endpoint"), 0);
                format!("{name} {}", event.number("detail"))
            }
            // Less than an hour.
            "CondvarWaitTimeoutBegin" if event.number("detail") > 3_000_000_000_000 => {
                format!("{} {}", event.name, on(&primitives))
            }
            name => format!("{name} {} {}", on(&primitives), event.number("detail") & COUNT),
        });
    }
    story
}

/// The story without the waits of joins: a thread may have ended before it is joined.
fn without_waits_of_joins(story: Vec<String>) -> Vec<String> {
    let lines = story.into_iter().filter(|line| !line.starts_with("JoinBegin "));
    lines.map(|line| line.replace("JoinEnd ", "Join ")).collect()
}

#[track_caller]
fn assert_story(text: &Text, thread: &str, expected: &[&str]) {
    assert_eq!(without_waits_of_joins(story(text, thread)), expected, "{thread}");
}

#[test]
fn threads_are_spawned_and_joined() {
    let place = Place::new();
    let text = record(&place, &[program("every_thread")], "done\n");
    assert_eq!(text.dropped(), 0);
    assert_story(
        &text,
        "main",
        &[
            "ThreadStarted",
            "Spawn early",
            "Join early",
            "Spawn late",
            "Join late",
            "Spawn parked",
            "Unpark parked",
            "Join parked",
            "Spawn unparks",
            "Join unparks",
            "ParkBegin 0",
            "ParkEnd 0",
            "ParkTimeoutBegin 2000000",
            "ParkTimeoutEnd 0",
            "SleepBegin 1000000",
            "SleepEnd 0",
            "YieldNow 0",
            "Spawn scoped",
            "ScopeBegin 0",
            "ScopeEnd 0",
            "Spawn ",
            "Join ",
            "Spawn unlucky",
            "Join unlucky",
            "ThreadEnded",
        ],
    );
    // One had ended, the other had not.
    let main = story(&text, "main");
    assert!(main.contains(&"Join early".to_owned()));
    assert!(main.contains(&"JoinBegin late".to_owned()));
    assert!(main.contains(&"JoinEnd late".to_owned()));
    for thread in ["early", "late", "scoped", ""] {
        assert_story(&text, thread, &["ThreadStarted", "Returned 0", "ThreadEnded"]);
    }
    assert_story(
        &text,
        "parked",
        &["ThreadStarted", "ParkBegin 0", "ParkEnd 0", "Returned 0", "ThreadEnded"],
    );
    assert_story(&text, "unparks", &["ThreadStarted", "Unpark main", "Returned 0", "ThreadEnded"]);
    assert_story(
        &text,
        "unlucky",
        &["ThreadStarted", "Panicked on purpose", "Returned 1", "ThreadEnded"],
    );
    // No thread does anything before it has started.
    let mut started = 0;
    for line in text.lines().filter(|line| !line.contains("Process")) {
        if let Some((Ok(time), event)) = line.split_once(' ').map(|(time, it)| (time.parse(), it)) {
            match event.starts_with("ThreadStarted") {
                true => started = time,
                false => assert!(started <= time || event.starts_with("Host"), "{line}"),
            }
        }
    }
    for place in text.places().iter().map(|(_, place)| place) {
        assert!(place.starts_with("recorder/tests/programs/examples/every_thread.rs:"), "{place}");
    }
}

#[test]
fn mutexes_and_rwlocks() {
    let place = Place::new();
    let text = record(&place, &[program("every_primitive")], "done\n");
    assert_eq!(text.dropped(), 0);
    let main = without_waits_of_joins(story(&text, "main"));
    let expected = [
        "ThreadStarted",
        "Lock mutex 1",
        "TryLockHeld mutex 0",
        "Spawn locks",
        "Unlock mutex 1",
        "Join locks",
        "TryLock mutex 3",
        "Unlock mutex 3",
        "Read rwlock 0",
        "TryRead rwlock 0",
        "TryWriteHeld rwlock 0",
        "Spawn writes",
        "ReadUnlock rwlock 0",
        "ReadUnlock rwlock 0",
        "Join writes",
        "Write rwlock 2",
        "TryReadHeld rwlock 0",
        "Spawn reads",
        "Downgrade rwlock 2",
        "Join reads",
        "ReadUnlock rwlock 2",
        "TryWrite rwlock 3",
        "WriteUnlock rwlock 3",
    ];
    assert_eq!(main[..expected.len()], expected);
    let others = [
        ("locks", ["LockBegin mutex 0", "LockEnd mutex 2", "Unlock mutex 2"]),
        ("writes", ["WriteBegin rwlock 0", "WriteEnd rwlock 1", "WriteUnlock rwlock 1"]),
        ("reads", ["ReadBegin rwlock 0", "ReadEnd rwlock 2", "ReadUnlock rwlock 2"]),
    ];
    for (thread, [begin, end, release]) in others {
        let expected = ["ThreadStarted", begin, end, release, "Returned 0", "ThreadEnded"];
        assert_story(&text, thread, &expected);
    }
    // A guard is released at the site that acquired it, as a destructor has no call site.
    for (event, place) in text.places() {
        assert!(place.starts_with("recorder/tests/programs/examples/every_primitive.rs:"));
        assert!(event.name != "PrimitiveSeen" || event.number("site") != 0);
    }
}

#[test]
fn condition_variables() {
    let place = Place::new();
    let text = record(&place, &[program("every_primitive")], "done\n");
    let main = without_waits_of_joins(story(&text, "main"));
    let begin = main.iter().position(|line| line == "Spawn waits").unwrap();
    let expected = [
        "Spawn waits",
        "Lock ready 2",
        "Unlock ready 2",
        "NotifyOne condvar 1",
        "Join waits",
        "Spawn waits a while",
        "Lock ready 5",
        "Unlock ready 5",
        "NotifyAll condvar 2",
        "Join waits a while",
        "Lock ready 7",
        "Unlock ready 7",
        "CondvarWaitTimeoutBegin condvar 2000000",
        "CondvarWaitTimeoutExpired condvar 0",
        "Lock ready 8",
        "Unlock ready 8",
    ];
    assert_eq!(main[begin..][..expected.len()], expected);
    assert_story(
        &text,
        "waits",
        &[
            "ThreadStarted",
            "Lock ready 1",
            "Unlock ready 1",
            "CondvarWaitBegin condvar 1",
            "CondvarWaitEnd condvar 1",
            "Lock ready 3",
            "Unlock ready 3",
            "Returned 0",
            "ThreadEnded",
        ],
    );
    assert_story(
        &text,
        "waits a while",
        &[
            "ThreadStarted",
            "Lock ready 4",
            "Unlock ready 4",
            "CondvarWaitTimeoutBegin condvar",
            "CondvarWaitTimeoutEnd condvar 2",
            "Lock ready 6",
            "Unlock ready 6",
            "Returned 0",
            "ThreadEnded",
        ],
    );
}

#[test]
fn barriers_and_once_cells() {
    let place = Place::new();
    let text = record(&place, &[program("every_primitive")], "done\n");
    let main = without_waits_of_joins(story(&text, "main"));
    let begin = main.iter().position(|line| line == "Spawn meets").unwrap();
    let expected = [
        "Spawn meets",
        "BarrierWaitBegin barrier 2",
        "BarrierWaitEnd barrier 1",
        "Join meets",
        "Spawn is told",
        "InitializeBegin once 0",
        "Initializer once 0",
        "InitializeEnd once 0",
        "Join is told",
        "InitializeBegin once_lock 0",
        "Initializer once_lock 0",
        "InitializeEnd once_lock 0",
        "InitializeBegin lazy_lock 0",
        "Initializer lazy_lock 0",
        "InitializeEnd lazy_lock 0",
        "InitializeBegin falls 0",
        "Initializer falls 0",
        "InitializeEnd falls 0",
        "InitializeBegin falls 0",
        "InitializeEnd falls 0",
        "ThreadEnded",
    ];
    assert_eq!(main[begin..], expected);
    let others = [
        ("meets", ["BarrierWaitBegin barrier 1", "BarrierWaitEnd barrier 0"]),
        ("is told", ["InitializeBegin once 0", "InitializeEnd once 0"]),
    ];
    for (thread, [begin, end]) in others {
        let expected = ["ThreadStarted", begin, end, "Returned 0", "ThreadEnded"];
        assert_story(&text, thread, &expected);
    }
}

#[test]
fn primitives_have_types_and_places() {
    let place = Place::new();
    let text = record(&place, &[program("every_primitive")], "done\n");
    let names = primitives(&text);
    let source = include_str!("../programs/examples/every_primitive.rs");
    let mut found = Vec::new();
    for (event, place) in text.places() {
        if event.name == "PrimitiveSeen" {
            let line: usize = place.split(':').nth(1).unwrap().parse().unwrap();
            let line = source.lines().nth(line - 1).unwrap();
            let name = names[&event.number("primitive")].clone();
            let (kind, size) = (event.number("kind"), event.number("size"));
            found.push((kind, size, event.text("value_type").to_owned(), line.trim(), name));
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|(kind, size, value, line, name)| (*kind, *size, &**value, *line, &**name))
        .collect();
    let falls =
        "static FALLS: LazyLock<u8> = LazyLock::new(|| resume_unwind(Box::new(\"on purpose\")));";
    let pair = "let pair = Arc::new((Mutex::new(false), Condvar::new()));";
    let expected = [
        (1, 0, "u8", "let mutex = Arc::new(Mutex::new(1_u8));", "mutex"),
        (2, 0, "u8", "let lock = Arc::new(RwLock::new(1_u8));", "rwlock"),
        (1, 0, "bool", pair, "ready"),
        (3, 0, "", pair, "condvar"),
        (4, 2, "", "let barrier = Arc::new(Barrier::new(2));", "barrier"),
        (5, 0, "", "static ONCE: Once = Once::new();", "once"),
        (6, 0, "u8", "let value = OnceLock::new();", "once_lock"),
        (7, 0, "u8", "static LAZY: LazyLock<u8> = LazyLock::new(|| 1);", "lazy_lock"),
        (7, 0, "u8", falls, "falls"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn turns_have_the_order_of_acquisition() {
    const THREADS: usize = 4;
    const TURNS: usize = 2_000;
    let place = Place::new();
    let mut command = place.recorder(&["record", "-o", "x.txt", "--", program("contends")]);
    command.args([THREADS.to_string(), TURNS.to_string()]);
    let ran = run(command).expect_status(0).expect_no_damage();
    let text = place.text("x.txt");
    assert_eq!(text.dropped(), 0);
    let (names, threads) = (primitives(&text), text.threads());
    let kinds = [
        ("mutex", ["Lock", "LockEnd"], "Unlock"),
        ("rwlock", ["Write", "WriteEnd"], "WriteUnlock"),
    ];
    for ((lock, acquired, release), order) in kinds.into_iter().zip(ran.stdout.lines()) {
        let mut turns = vec![None; THREADS * TURNS];
        let mut holds = HashMap::new();
        for event in text.events() {
            if acquired.contains(&event.name) {
                let thread = threads[&(event.process, event.thread)].clone();
                assert_eq!(turns[turn(&event) as usize - 1].replace(thread), None, "{event:?}");
                assert_eq!(holds.insert(event.thread, turn(&event)), None, "{event:?}");
                assert_eq!(names[&event.number("endpoint")], lock);
            } else if event.name == release {
                assert_eq!(holds.remove(&event.thread), Some(turn(&event)), "{event:?}");
            }
        }
        assert!(holds.is_empty());
        // The owners of the lock, as seen by the program: one after the other, without a gap.
        let turns: Vec<_> = turns.into_iter().flatten().collect();
        assert_eq!(turns.join(" "), order, "{lock}");
    }
    // A reader comes after its own last turn.
    let mut written = HashMap::new();
    for event in text.events() {
        match event.name {
            "WriteUnlock" => drop(written.insert(event.thread, turn(&event))),
            "Read" | "ReadEnd" => assert!(turn(&event) >= written[&event.thread], "{event:?}"),
            _ => {}
        }
    }
}

#[test]
fn a_killed_program_leaves_a_wait_for_a_lock() {
    let place = Place::new();
    let mut command = place.recorder(&["record", "-o", "x.txt", "--"]);
    command.args(["sh", "-c", "echo $$; exec \"$0\"", program("holds")]);
    let mut running = Running::start(command);
    let pid = Pid::from_raw(running.next_line().trim().parse().unwrap()).unwrap();
    running.wait_for("ready");
    kill_process(pid, Signal::KILL).unwrap();
    running.finish().expect_status(137).expect_no_damage();
    let text = place.text("x.txt");
    assert_eq!(story(&text, "stuck"), ["ThreadStarted", "LockBegin held 0"]);
    assert_eq!(story(&text, "main"), ["ThreadStarted", "Lock held 1", "Spawn stuck"]);
}

#[test]
fn an_allocator_that_takes_a_lock() {
    const THREADS: usize = 4;
    let place = Place::new();
    let stdout = format!("allocated {}\n", THREADS * 10_000);
    let mut command = place.recorder(&["record", "-o", "x.txt", "--"]);
    command.args([program("locks_in_allocator"), &THREADS.to_string()]);
    let ran = run(command).expect_status(0).expect_stdout(&stdout);
    assert!(!ran.stderr.contains("damaged"), "{ran:#?}");
    let text = place.text("x.txt");
    // Most events are recorded; those of allocations by the recording itself are counted.
    let locks = text.count(&["Lock", "LockEnd"]);
    assert!(locks > THREADS * 20_000, "{locks}");
    assert!(text.dropped() < 1_000, "{}", text.dropped());
    let mut turns: Vec<_> = text
        .events()
        .iter()
        .filter(|event| ["Lock", "LockEnd"].contains(&event.name))
        .map(turn)
        .collect();
    turns.sort_unstable();
    assert!(turns.iter().copied().eq(1..=locks as u64));
    assert_eq!(text.count(&["PrimitiveSeen"]), 1);
}

#[test]
fn an_allocator_that_takes_a_lock_without_a_recorder() {
    let place = Place::new();
    let mut command = place.command(program("locks_in_allocator"));
    command.arg("2");
    run(command).expect_status(0).expect_stdout("allocated 20000\n");
}

#[test]
fn a_forked_child_that_holds_a_lock() {
    let place = Place::new();
    let text = record(&place, &[program("forks_locked")], "child ended with 0\nparent done\n");
    assert_eq!(text.dropped(), 0);
    // The recording contains nothing of the child.
    let expected = [
        "ThreadStarted",
        "Lock mutex 1",
        "InitializeBegin once 0",
        "Initializer once 0",
        "InitializeEnd once 0",
        "Unlock mutex 1",
        "ScopeBegin 0",
        "ScopeEnd 0",
        "Lock mutex 2",
        "Unlock mutex 2",
        "ThreadEnded",
    ];
    assert_eq!(story(&text, "main"), expected);
    assert_eq!(text.threads().len(), 1);
    assert_eq!(text.count(&["Panicked"]), 0);
}

#[test]
fn a_pause_while_a_lock_is_held() {
    let place = Place::new();
    let text = record(&place, &[program("pauses_locked")], "done\n");
    let expected = [
        "ThreadStarted",
        "Paused",
        "Resumed",
        "Lock mutex 1",
        "Paused",
        "Resumed",
        "Lock mutex 2",
        "Unlock mutex 2",
        "ThreadEnded",
    ];
    assert_eq!(story(&text, "main"), expected);
    assert_story(&text, "made meanwhile", &["ThreadStarted", "Returned 0", "ThreadEnded"]);
}

/// The messages of all panics, thread by thread.
fn panics(text: &Text) -> Vec<String> {
    let events = text.events();
    let panics = events.iter().filter(|event| event.name == "Panicked");
    panics.map(|event| event.text("message").to_owned()).collect()
}

#[test]
fn panics_are_marked_and_printed_as_before() {
    for arguments in [&[][..], &["hook"]] {
        let place = Place::new();
        let mut plain = place.command(program("panics_everywhere"));
        plain.args(arguments).env("RUST_BACKTRACE", "0");
        let plain = run(plain).expect_status(0).expect_stdout("done\n");
        let mut command = place.recorder(&["record", "-o", "x.txt", "--"]);
        command.arg(program("panics_everywhere")).args(arguments).env("RUST_BACKTRACE", "0");
        let ran = run(command).expect_status(0).expect_no_damage().expect_stdout("done\n");

        // Except for the numbers of the threads, and the frames that std always prints for a panic
        // within another.
        let said = |stderr: &str| {
            let lines = stderr.lines().take_while(|line| !line.contains(" threads in "));
            let lines = lines.filter(|line| !line.starts_with(' '));
            lines.map(|line| line.replace(|c: char| c.is_ascii_digit(), "")).collect::<Vec<_>>()
        };
        assert_eq!(said(&ran.stderr), said(&plain.stderr));
        assert_eq!(ran.stderr.matches("hooked").count(), 7 * arguments.len());

        let text = place.text("x.txt");
        // A scope that unwinds has ended, too.
        assert_eq!((text.count(&["ScopeBegin"]), text.count(&["ScopeEnd"])), (1, 1));
        let mut panics = panics(&text);
        panics.sort_unstable();
        let expected =
            ["", "a scoped thread panicked", "formatted 7", "in main", "inner", "outer", "scoped"];
        assert_eq!(panics, expected);
        for event in text.events().iter().filter(|event| event.name == "Panicked") {
            let source = include_str!("../programs/examples/panics_everywhere.rs");
            let line = source.lines().nth(event.number("line") as usize - 1).unwrap();
            assert!(event.text("file").ends_with("examples/panics_everywhere.rs"), "{event:?}");
            let call = &line[event.number("column") as usize - 1..];
            assert!(["panic", "thread::scope("].iter().any(|it| call.starts_with(it)), "{call}");
        }
    }
}

#[test]
fn a_panic_that_ends_the_program() {
    let place = Place::new();
    let mut command = place.recorder(&["record", "-o", "x.txt", "--"]);
    command.args([program("panics_everywhere"), "abort"]);
    run(command).expect_status(134).expect_no_damage().expect_stderr("the last");
    let panics = panics(&place.text("x.txt"));
    assert!(panics.contains(&"the last".to_owned()), "{panics:?}");
    assert!(panics.contains(&"panic in a function that cannot unwind".to_owned()), "{panics:?}");
}
