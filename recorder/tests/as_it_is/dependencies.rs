//! Dependencies that wait: their waits are shown as calls of the program.

use serde_json::Value;

use crate::command::{Ran, run};
use crate::project::Project;

/// A dependency with a queue of its own: a lock, a condition variable, and a thread.
const QUEUE: &str = r#"use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[derive(Default)]
pub struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    changed: Condvar,
    is_waited_for: AtomicBool,
}

impl<T> Queue<T> {
    pub fn push(&self, item: T) {
        self.items.lock().unwrap().push_back(item);
        self.changed.notify_one();
    }

    pub fn pop(&self) -> T {
        self.next()
    }

    fn next(&self) -> T {
        let mut items = self.items.lock().unwrap();
        loop {
            match items.pop_front() {
                Some(item) => return item,
                None => {
                    self.is_waited_for.store(true, Ordering::Relaxed);
                    items = self.changed.wait(items).unwrap();
                }
            }
        }
    }
}

/// A queue and a thread that answers. The thread waits for the first question.
pub fn echo() -> (Arc<Queue<u32>>, Arc<Queue<u32>>) {
    let (questions, answers) = (Arc::new(Queue::default()), Arc::new(Queue::default()));
    let both = (Arc::clone(&questions), Arc::clone(&answers));
    thread::spawn(move || loop {
        let question = both.0.pop();
        while !both.1.is_waited_for.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        both.1.push(question + 1);
    });
    while !questions.is_waited_for.load(Ordering::Relaxed) {
        thread::yield_now();
    }
    (questions, answers)
}
"#;

/// Asks once, and waits for two answers.
const MAIN: &str = r#"use std::sync::mpsc;

fn main() {
    let (questions, answers) = queue::echo(); // spawn
    let (tx, rx) = mpsc::channel();
    questions.push(1);
    tx.send(ask(&answers)).unwrap();
    println!("{}", rx.recv().unwrap());
    if std::env::args().len() == 1 {
        ask(&answers);
    }
}

fn ask(answers: &queue::Queue<u32>) -> u32 {
    answers.pop() // ask
}
"#;

/// A program whose dependency is where Cargo would put it.
fn project() -> Project {
    let mut project = Project::new();
    let folder = "cargo/registry/src/index/queue-1.2.3";
    let manifest = "[package]\nname = \"queue\"\nversion = \"1.2.3\"\nedition = \"2024\"\n";
    project.write(&format!("{folder}/Cargo.toml"), manifest);
    project.write(&format!("{folder}/src/lib.rs"), QUEUE);
    let manifest = format!(
        "[package]\nname = \"asks\"\nedition = \"2024\"\n[dependencies]\n\
         queue.path = \"../{folder}\"\n[workspace]\n[profile.release]\nstrip = true\n"
    );
    project.write("asks/Cargo.toml", &manifest);
    project.write("asks/src/main.rs", MAIN);
    project
}

/// Runs the recorder in the folder of the program.
fn run_in_asks(project: &Project, arguments: &[&str]) -> Ran {
    let mut command = project.recorder(arguments);
    command.current_dir(project.path("asks"));
    run(command)
}

/// The number of the line with this comment.
fn line(comment: &str) -> usize {
    MAIN.lines().position(|line| line.ends_with(comment)).unwrap() + 1
}

#[test]
fn a_wait_in_a_dependency_has_the_place_of_the_programs_call() {
    let project = project();
    let recorder = |arguments: &[&str]| run_in_asks(&project, arguments);
    // Of a release build only the lines are known, and the names of functions that are inlined.
    for (profile, function) in [(&[][..], "Queue::pop"), (&["--release"], "pop")] {
        let options =
            ["run", "asks", "-o", "../run.rec", "--on-deadlock", "kill", "--timeout", "60s"];
        let ran = recorder(&[&options[..], profile].concat()).expect_status(123);
        let asks = format!("{function} of queue (src/main.rs:{})", line("// ask"));
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&format!("deadlock: main waits in {asks}")), "{said}");
        // Found while it hangs, and again in the recording.
        assert_eq!(said.matches(&asks).count(), 2, "{said}");
        assert!(!said.contains("likely"), "{said}");

        let report = recorder(&["report", "../run.rec", "--json"]).expect_status(0);
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        let site = format!("src/main.rs:{}", line("// ask"));
        assert_eq!(report["findings"][0]["site"], site, "{report:#}");
        // The thread that the dependency has spawned is named after the call.
        let spawned = format!("thread 2 @ main.rs:{}", line("// spawn"));
        assert_eq!(report["threads"][1]["name"], spawned, "{report:#}");
    }
}

#[test]
fn dependencies_are_folded_in_pictures() {
    let project = project();
    let recorder = |arguments: &[&str]| run_in_asks(&project, arguments);
    recorder(&["run", "asks", "-o", "../run.rec", "-o", "../run.json", "--", "once"])
        .expect_status(0)
        .expect_stdout("2\n")
        .expect_stderr("slices of dependencies (--all shows them)");
    let names = |path: &str| {
        let trace: Value = serde_json::from_str(&project.read(path)).unwrap();
        let events = trace.as_array().unwrap().clone();
        let names = events.into_iter().filter(|event| event["ph"] == "X" || event["ph"] == "i");
        names.map(|event| event["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let folded = names("run.json");
    let has = |names: &[String], start: &str| names.iter().any(|name| name.starts_with(start));
    assert!(has(&folded, "Queue::pop of queue (waiting)"), "{folded:?}");
    for own in ["channel u32", "send u32", "recv u32"] {
        assert!(has(&folded, own), "{own}: {folded:?}");
    }
    for folded_away in ["lock", "unlock", "notify_one", "wait"] {
        assert!(!has(&folded, folded_away), "{folded_away}: {folded:?}");
    }

    recorder(&["export", "../run.rec", "--all", "-o", "../all.json"]).expect_status(0);
    let all = names("all.json");
    assert!(has(&all, "lock Mutex<VecDeque<u32>> @ queue lib.rs"), "{all:?}");
    assert!(has(&all, "notify_one"), "{all:?}");
    let show = |options: &[&str]| {
        recorder(&[&["show", "../run.rec"], options].concat()).expect_status(0).stdout
    };
    let (folded, all) = (show(&[]), show(&["--all"]));
    assert!(!folded.contains("Condvar"), "{folded}");
    assert!(all.contains("Condvar"), "{all}");
}
