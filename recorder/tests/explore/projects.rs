use crate::command::words;
use crate::project::Project;

const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2024\"\n";

/// Two threads take two locks in opposite orders, and `main` only once it has sent an order.
const SHOP: &str = r#"use std::sync::{Arc, Mutex, mpsc};
use std::thread;

fn main() {
    let stock = Arc::new(Mutex::new(9));
    let ledger = Arc::new(Mutex::new(0));
    let (orders, received) = mpsc::channel();
    let clerk = thread::Builder::new().name("clerk".to_owned());
    let clerk = clerk.spawn({
        let (stock, ledger) = (stock.clone(), ledger.clone());
        move || {
            for order in received {
                let mut ledger = ledger.lock().unwrap();
                *ledger += order;
                *stock.lock().unwrap() -= order;
            }
        }
    });
    orders.send(3).unwrap();
    let left = {
        let stock = stock.lock().unwrap();
        *stock + *ledger.lock().unwrap()
    };
    drop(orders);
    clerk.unwrap().join().unwrap();
    println!("{left}");
}
"#;

#[test]
fn a_run_of_a_changed_program_happens_again_up_to_the_change() {
    let mut project = Project::with_program(MANIFEST);
    project.write("src/main.rs", SHOP);
    let ran = project.run(&["explore", "--schedules", "200"]).expect_status(0);
    assert!(words(&ran.stdout).contains("(src/main.rs:22), held by clerk"), "{ran:#?}");
    project.run(&["replay", "shop-hang-1"]).expect_status(0);

    // More is printed, and lines move.
    let with_print = SHOP.replace("    orders.send", "    println!(\"open\");\n    orders.send");
    project.write("src/main.rs", &with_print);
    let ran = project.run(&["replay", "shop-hang-1"]).expect_status(0).expect_stdout("open\n");
    ran.expect_stderr("(src/main.rs:23), held by clerk");

    // Healed: `main` holds one lock at a time.
    let healed =
        "let left = *stock.lock().unwrap();\n    let left = left + *ledger.lock().unwrap();";
    let (start, rest) = SHOP.split_once("let left = {").unwrap();
    let (_, end) = rest.split_once("};").unwrap();
    project.write("src/main.rs", &[start, healed, end].concat());
    let ran = project.run(&["replay", "shop-hang-1"]).expect_status(1);
    ran.expect_stderr(
        "not as in shop-hang-1: at operation 7, main was to wait to lock \"Mutex<i32> @ main.rs:6\" at \
         src/main.rs:22; it unlocks \"Mutex<i32> @ main.rs:5\" at src/main.rs:20",
    );
}

const LIBRARY: &str = r#"
#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn waits_for_the_answer() {
        let (answer, answers) = mpsc::channel();
        let worker = thread::spawn(move || answer.send(7).unwrap());
        assert_eq!(answers.recv(), Ok(7));
        worker.join().unwrap();
    }

    #[test]
    fn hopes_for_the_answer() {
        let (answer, answers) = mpsc::channel();
        let worker = thread::spawn(move || answer.send(7));
        thread::sleep(Duration::from_millis(20));
        assert_eq!(answers.try_recv(), Ok(7));
        let _ = worker.join().unwrap();
    }

    #[test]
    fn adds() {
        assert_eq!(1 + 1, 2);
    }

    #[test]
    #[should_panic]
    fn is_meant_to_panic() {
        let (answer, answers) = mpsc::channel::<i32>();
        thread::spawn(move || drop(answer));
        answers.recv().unwrap();
    }
}
"#;

#[test]
fn each_test_of_a_suite_is_explored_by_itself() {
    let mut project = Project::new();
    project.write("Cargo.toml", MANIFEST);
    project.write("src/lib.rs", LIBRARY);
    let explore = ["explore", "--schedules", "100", "--fail-on", "panic", "--", "cargo", "test"];
    let ran = project.run(&explore).expect_status(1).expect_stderr("exploring 4 tests");
    let has = |line: &str| assert!(ran.stdout.contains(line), "{line}: {ran:#?}");
    has("tests::waits_for_the_answer: 100 runs in ");
    has("tests::is_meant_to_panic: 100 runs in ");
    has("tests::adds: no channel, lock or thread to control\n");
    has("100 schedules of tests::hopes_for_the_answer in ");
    has("panic: tests::hopes_for_the_answer panicked (src/lib.rs:21): ");
    let name = "tests-hopes_for_the_answer-panic-1";
    has(&format!("\nrecorder replay {name}\n"));
    project.run(&["replay", name]).expect_status(0).expect_stderr("the same happened");

    let ran = project.run(&["explore", "-q", "--schedules", "20", "--", "cargo", "test", "waits"]);
    let ran = ran.expect_status(0);
    assert!(ran.stdout.starts_with("tests::waits_for_the_answer: 20 runs"), "{ran:#?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:#?}");
}

#[test]
fn other_commands_of_cargo_are_not_explored() {
    let project = Project::with_program(MANIFEST);
    let ran = project.run(&["explore", "--", "cargo", "run"]).expect_status(2);
    ran.expect_stderr("only `cargo test` can be explored");
}
