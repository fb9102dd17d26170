//! What teachers write.

use std::fs;

use super::{Exercise, check};

#[test]
fn a_mistake_in_a_file_is_reported_with_its_line() {
    for (facts, expected) in [
        ("title = \"x\"\n[run]\nrecieved = 3\n", "./facts.toml:3: unknown field `recieved`"),
        (
            "title = \"x\"\n[[messages]]\nsent = \"3\"\n",
            "./facts.toml:3: invalid type: string \"3\"",
        ),
        ("title = \"x\n", "./facts.toml:1: "),
        ("timeout = \"1s\"\n", "./facts.toml:1: missing field `title`"),
    ] {
        let checked = Exercise::new(facts).check(&[]).expect_status(2);
        assert!(checked.stderr().starts_with(&format!("recorder: {expected}")), "{checked:?}");
        assert!(checked.stderr().contains("docs/exercises.md describes this file"), "{checked:?}");
    }
}

#[test]
fn the_path_of_an_exercise_is_its_directory_or_its_file() {
    let exercise = Exercise::new("title = \"true\"\ncommand = [\"true\"]\n");
    for path in [".", "facts.toml"] {
        check(exercise.0.path(), path, &["--runs", "1"]).expect_status(0);
    }
    let checked = check(exercise.0.path(), "elsewhere", &[]).expect_status(2);
    assert!(checked.stderr().contains("there are no exercises here"), "{checked:?}");
}

#[test]
fn the_exercises_of_a_workspace_have_numbers_and_names() {
    let place = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[package]\nname = \"course\"\nedition = \"2024\"\n[workspace]\n");
    write("src/lib.rs", "");
    write("exercises/01_echo/facts.toml", "title = \"echo\"\ncommand = [\"true\"]");
    write("exercises/02_false/facts.toml", "title = \"no\"\ncommand = [\"false\"]");
    for argument in ["1", "01", "echo", "01_echo", "exercises/01_echo"] {
        let checked = check(place.path(), argument, &["--runs", "1"]).expect_status(0);
        assert!(checked.stdout().starts_with("exercise 1: echo\n"), "{checked:?}");
    }
    let solved = check(place.path(), "1", &["--runs", "1"]).stdout();
    assert!(solved.ends_with("next: recorder check 2\n"), "{solved}");
    let checked = check(place.path(), "ecko", &[]).expect_status(2);
    let expected = "there is no exercise \"ecko\"; did you mean \"echo\"?\n01_echo\n02_false";
    assert!(checked.stderr().contains(expected), "{checked:?}");
    // All of them, a line each.
    let all = check(place.path(), "--runs=1", &[]).expect_status(1).stdout();
    let expected = " 1 ✓ echo\n 2 ✗ no (not met: it ends without an error)\n1 of 2 solved\n";
    assert_eq!(all, expected);
}
