//! The command: its output, its exit status and its hints.

use std::fs;

use super::{Exercise, check};

const TWO_HINTS: &str = "title = \"say hello\"\ncommand = [\"echo\", \"good morning\"]\n\
    [run]\nprints = [\"hello\"]\n\
    [[hint]]\nwhen = \"ends\"\ntext = \"Not this one.\"\n\
    [[hint]]\nwhen = \"prints\"\ntext = \"Look at what it prints.\"\n\
    [[hint]]\ntext = \"Print hello.\"\n";

#[test]
fn a_fact_that_is_not_met_comes_with_what_happened_instead() {
    let exercise = Exercise::new(TWO_HINTS);
    let checked = exercise.check(&[]).expect_status(1);
    let expected = "  ✓ the program ends by itself\n  ✓ it ends without an error\n  \
                    ✗ it prints `hello`\n    it printed `good morning`\n  \
                    hint 1 of 2: recorder check . --hint\n";
    assert!(checked.stdout().ends_with(expected), "{checked:?}");
}

#[test]
fn hints_come_one_by_one() {
    let exercise = Exercise::new(TWO_HINTS);
    let checked = exercise.check(&["--hint"]).expect_status(2);
    assert!(checked.stderr().contains("`recorder check .` makes one"), "{checked:?}");
    exercise.check(&[]).expect_status(1);
    for hint in ["hint 1 of 2: Look at what it prints.\n", "hint 2 of 2: Print hello.\n"] {
        assert_eq!(exercise.check(&["--hint"]).expect_status(0).stdout(), hint);
        // Another run that lacks the same does not start again.
        exercise.check(&[]).expect_status(1);
    }
    let checked = exercise.check(&["--hint"]).expect_status(1);
    assert!(checked.stderr().contains("that was the last hint"), "{checked:?}");
    // After a run that lacks nothing there are no hints.
    let path = exercise.0.path().join("facts.toml");
    fs::write(&path, TWO_HINTS.replace("good morning", "hello")).unwrap();
    exercise.check(&["--runs", "1"]).expect_status(0);
    exercise.check(&["--hint"]).expect_status(2);
}

#[test]
fn a_program_that_takes_too_long_is_ended() {
    let exercise = Exercise::new(
        "title = \"x\"\ncommand = [\"sleep\", \"1000\"]\ntimeout = \"50ms\"\n[[hint]]\ntext = \"y\"",
    );
    let result = exercise.check(&["--json"]).expect_status(1).result();
    assert_eq!(result["facts"][0]["fact"], "ends");
    assert_eq!(result["facts"][0]["details"][0], "it was ended after 50ms");
    assert_eq!((&result["runs"], &result["hints"][0]), (&1.into(), &1.into()));
}

#[test]
fn all_runs_must_show_the_facts() {
    // The third time it fails.
    let counts = "echo . >>count; test $(wc -l <count) != 3";
    let facts = format!("title = \"x\"\ncommand = [\"sh\", \"-c\", \"{counts}\"]");
    let exercise = Exercise::new(&facts);
    let result = exercise.check(&["--json"]).expect_status(1).result();
    assert_eq!((&result["solved"], &result["runs"]), (&false.into(), &3.into()));
    let result = exercise.check(&["--json"]).expect_status(0).result();
    assert_eq!((&result["solved"], &result["runs"]), (&true.into(), &5.into()));
}

#[test]
fn a_program_that_does_not_compile_shows_the_error_of_the_compiler() {
    let place = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[package]\nname = \"moves\"\nedition = \"2024\"\n[workspace]\n");
    let facts = "title = \"moves\"\nprogram = \"moves\"\n[[hint]]\nwhen = \"E0382\"\ntext = \"y\"\n\
                 [[messages]]\nsent = 1";
    write("exercises/moves/facts.toml", facts);
    let program = "fn main() {\n    let (sender, _receiver) = std::sync::mpsc::channel();\n    \
                   let text = String::new();\n    sender.send(text).unwrap();\n    \
                   println!(\"{text}\");\n}\n";
    write("src/main.rs", program);
    let result = check(place.path(), "moves", &["--json"]).expect_status(1).result();
    assert_eq!(result["facts"][0]["fact"], "compiles");
    let error = "E0382: borrow of moved value: `text`; value borrowed here after move \
                 (src/main.rs:5)";
    assert_eq!(result["facts"][0]["details"][0], error);
    assert_eq!(result["hints"][0], 1);
    // The same with the error mended.
    write("src/main.rs", &program.replace("send(text)", "send(text.clone())"));
    let result = check(place.path(), "moves", &["--json"]).expect_status(0).result();
    assert_eq!(result["facts"][0]["text"], "1 message was sent");
}
